/**
 * <image-drop>: photos by drop (anywhere on the page, folders too), paste, file or folder chooser, or camera.
 * Fires "images" with detail {photos: Photo[], note: string}; the note says what was left out, if anything.
 */
import { part, setText } from "../dom.js";
import { filesOf, folderFiles, looseFiles } from "../dropped.js";
import { count } from "../format.js";

/** @typedef {import("../dropped.js").Gathered} Gathered */

export class ImageDropElement extends HTMLElement {
  #leave = new AbortController();
  /** Nested dragenter events without their dragleave yet. */
  #depth = 0;

  connectedCallback() {
    this.#leave = new AbortController();
    this.#wire("choose", "files", looseFiles);
    this.#wire("choose-folder", "folder", folderFiles);
    this.#wire("take", "camera", looseFiles);
    // Browsers on phones know the attribute or not; where they do not, the chooser would take single files.
    part(this, "choose-folder").hidden = !("webkitdirectory" in HTMLInputElement.prototype);
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

  /** @param {string} button @param {string} input @param {(files: File[]) => Gathered} gather */
  #wire(button, input, gather) {
    /** @type {HTMLInputElement} */
    const chooser = part(this, input);
    const options = { signal: this.#leave.signal };
    part(this, button).addEventListener("click", () => chooser.click(), options);
    const taken = () => {
      this.#give(gather([...(chooser.files ?? [])]));
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
    const files = [...(event.clipboardData?.files ?? [])];
    this.#give(looseFiles(files.filter((file) => file.type.startsWith("image/"))));
  }

  /** @param {number} depth */
  #show(depth) {
    this.#depth = Math.max(0, depth);
    part(document, "veil").hidden = this.#depth === 0;
  }

  /** @param {Gathered} gathered */
  #give(gathered) {
    const { photos } = gathered;
    const note = noteOf(gathered);
    setText(part(this, "note"), note);
    part(this, "note").hidden = !note;
    if (photos.length || note) this.dispatchEvent(new CustomEvent("images", { detail: { photos, note } }));
  }
}

/** @param {Gathered} gathered @returns {string} empty when there is nothing to say */
function noteOf({ photos, others, unread, cut, folder }) {
  const place = folder ?? "the folders";
  if (cut && photos.length === 0) return `No photos among the first ${count(others + unread)} files of ${place}.`;
  if (cut) return `Took the first ${count(photos.length)}: there is more in ${place}.`;
  const said = unread ? `Could not read ${count(unread)} ${unread === 1 ? "file or folder" : "files or folders"}.` : "";
  if (folder !== null && photos.length === 0 && !unread) return `No photos in ${place}: JPEG, PNG, WebP, GIF and BMP are taken.`;
  const left = `Left out ${count(others)} ${others === 1 ? "file that is no photo" : "files that are no photos"}.`;
  return [said, others ? left : ""].filter(Boolean).join(" ");
}
