/**
 * <image-drop>: photos by drop (anywhere on the page), paste, file chooser or camera.
 * Fires "images" with detail {files: File[]}.
 */
import { part } from "../dom.js";
import { filesOf } from "../dropped.js";

export class ImageDropElement extends HTMLElement {
  #leave = new AbortController();
  /** Nested dragenter events without their dragleave yet. */
  #depth = 0;

  connectedCallback() {
    this.#leave = new AbortController();
    this.#wire("choose", "files");
    this.#wire("take", "camera");
    const options = { signal: this.#leave.signal };
    document.addEventListener("dragenter", (event) => this.#over(event, 1), options);
    document.addEventListener("dragleave", (event) => this.#over(event, -1), options);
    document.addEventListener("dragover", (event) => event.preventDefault(), options);
    document.addEventListener("drop", (event) => void this.#dropped(event), options);
    document.addEventListener("paste", (event) => void this.#pasted(event), options);
  }

  disconnectedCallback() {
    this.#leave.abort();
  }

  /** @param {string} button @param {string} input */
  #wire(button, input) {
    /** @type {HTMLInputElement} */
    const chooser = part(this, input);
    const options = { signal: this.#leave.signal };
    part(this, button).addEventListener("click", () => chooser.click(), options);
    const taken = () => {
      this.#give([...(chooser.files ?? [])]);
      chooser.value = ""; // the same file again is a change, too
    };
    chooser.addEventListener("change", taken, options);
  }

  /** @param {DragEvent} event @param {1 | -1} step */
  #over(event, step) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#show(this.#depth + step);
  }

  /** @param {DragEvent} event */
  async #dropped(event) {
    event.preventDefault();
    this.#show(0);
    this.#give(await filesOf(event.dataTransfer));
  }

  /** @param {ClipboardEvent} event */
  async #pasted(event) {
    const files = await filesOf(event.clipboardData);
    this.#give(files.filter((file) => file.type.startsWith("image/")));
  }

  /** @param {number} depth */
  #show(depth) {
    this.#depth = Math.max(0, depth);
    part(document, "veil").hidden = this.#depth === 0;
  }

  /** @param {File[]} files */
  #give(files) {
    if (files.length) this.dispatchEvent(new CustomEvent("images", { detail: { files } }));
  }
}
