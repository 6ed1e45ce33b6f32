/**
 * <image-detail>: one image large, with all that its result says. Open it with `show`; the arrow keys go to the cards
 * beside it. Fires "save" (detail {result, card: this}) for the image's file.
 */
import { address, readPicture } from "../api.js";
import { barRows, part, setText } from "../dom.js";
import { bigPercent, duration, modelText, percent, shortLabel } from "../format.js";
import { GONE, Problem } from "../problem.js";

/**
 * @typedef {import("./result-card.js").ResultCardElement} Card
 * @typedef {import("../types.js").Result} Result
 */

/** What is looked at for this long (ms) is worth a whole image: who leafs through with the arrow keys asks for few. */
const PAUSE = 200;

export class ImageDetailElement extends HTMLElement {
  /** @type {import("../thumbnails.js").ThumbnailStore | null} */
  thumbnails = null;
  /** @type {Card | null} */
  #card = null;
  /** Of the picture that is shown. */
  #url = "";
  /** Ends with the look at a card: what is on its way for it is given up. */
  #look = new AbortController();

  connectedCallback() {
    const dialog = part(this, "dialog");
    dialog.addEventListener("close", () => this.#closed());
    dialog.addEventListener("click", (/** @type {Event} */ event) => {
      if (event.target === dialog) dialog.close(); // beside the box
    });
    dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "ArrowLeft") this.#step("previousElementSibling");
      if (event.key === "ArrowRight") this.#step("nextElementSibling");
    });
    part(this, "before").addEventListener("click", () => this.#step("previousElementSibling"));
    part(this, "after").addEventListener("click", () => this.#step("nextElementSibling"));
    part(this, "close").addEventListener("click", () => dialog.close());
    part(this, "save").addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("save", { detail: { result: this.#card?.result, card: this } }));
    });
  }

  /** @param {Card} card one of the wall */
  show(card) {
    const { result } = card;
    if (!result) return;
    this.#card = card;
    this.saving = "";
    this.#showAnswer(result);
    part(this, "facts").replaceChildren(...facts(result).flatMap(fact));
    part(this, "json").href = address(`v1/images/${encodeURIComponent(result.id)}`);
    part(this, "before").disabled = !card.previousElementSibling;
    part(this, "after").disabled = !card.nextElementSibling;
    this.#look.abort();
    this.#look = new AbortController();
    void this.#showPicture(result, this.#look.signal);
    const dialog = part(this, "dialog");
    if (!dialog.open) dialog.showModal();
  }

  /** Says how the saving of the file goes. @param {string} words */
  set saving(words) {
    setText(part(this, "saving"), words);
  }

  /** @param {Result} result */
  #showAnswer({ predictions, error }) {
    const [best] = predictions;
    this.dataset.status = best ? "classified" : "failed";
    setText(part(this, "label"), best ? shortLabel(best.label) : "Not classified");
    setText(part(this, "sure"), best ? bigPercent(best.probability) : (error?.code ?? ""));
    part(this, "bars").replaceChildren(barRows(predictions, percent));
    setText(part(this, "trouble"), best ? "" : (error?.detail ?? "The classifier gave no reason."));
  }

  /** The thumbnail at once, the image itself when it is there. @param {Result} result @param {AbortSignal} signal */
  async #showPicture({ id, name }, signal) {
    this.#put(this.thumbnails?.get(id) ?? "", name ?? "The image");
    setText(part(this, "none"), "Reading it back …");
    this.#release();
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (signal.aborted) return;
    try {
      const file = await readPicture(id, "original", signal);
      if (signal.aborted) return;
      this.#release();
      this.#url = URL.createObjectURL(file);
      this.#put(this.#url, name ?? "The image");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (signal.aborted) return;
      setText(part(this, "none"), error.status === GONE ? "Kafka no longer has this image" : error.detail); // the thumbnail stays
    }
  }

  /** @param {string} url empty: nothing to show @param {string} name */
  #put(url, name) {
    const picture = part(this, "picture");
    picture.hidden = !url;
    if (url) picture.src = url;
    else picture.removeAttribute("src");
    picture.alt = name;
    part(this, "none").hidden = Boolean(url);
  }

  /** @param {"previousElementSibling" | "nextElementSibling"} side */
  #step(side) {
    const card = this.#card?.[side];
    if (card) this.show(/** @type {Card} */ (card));
  }

  #closed() {
    this.#card?.querySelector("button")?.focus(); // where the reader is now, not where the dialog was opened
    this.#card = null;
    this.#look.abort();
    this.#put("", "");
    this.#release();
  }

  #release() {
    URL.revokeObjectURL(this.#url);
    this.#url = "";
  }
}

/** @param {Result} result @returns {[string, string][]} what is known, with its name */
function facts(result) {
  const { id, name, stream, source, accepted_at, classified_at, timing_ms, trace_id } = result;
  const { queue, decode, inference } = timing_ms;
  const took = `${duration(classified_at - accepted_at)}: queue ${duration(queue)}, decode ${duration(decode)}, inference ${duration(inference)}`;
  /** @type {[string, string][]} */
  const known = [
    ["Name", name ?? "unnamed"],
    ["From", stream ? `${stream}, over ${source}` : source],
    ["Model", modelText(result)],
    ["Classified", new Date(classified_at).toLocaleString()],
    ["Took", took],
    ["Id", id],
  ];
  return trace_id ? [...known, ["Trace", trace_id]] : known;
}

/** @param {[string, string]} fact @returns {HTMLElement[]} */
function fact([name, value]) {
  const [term, text] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = name;
  text.textContent = value;
  return [term, text];
}
