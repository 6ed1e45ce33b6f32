/** <upload-tray>: one row per upload, from queued to its result. Fires "retry" with the Item as detail. */
import { part, setText, stamp } from "../dom.js";
import { bigPercent, shortLabel } from "../format.js";

/** @typedef {import("../upload-queue.js").Item} Item */

/** Finished rows beyond this many leave the tray; the wall still has their results. */
const MOST_ROWS = 40;

export class UploadTrayElement extends HTMLElement {
  /** @type {Map<Item, HTMLElement>} */
  #rows = new Map();

  connectedCallback() {
    part(this, "clear").addEventListener("click", () => this.#clear());
  }

  /** Shows what is new about the item. @param {Item} item @param {string | null} thumbnail an object URL */
  update(item, thumbnail) {
    const row = this.#rows.get(item) ?? this.#add(item);
    row.dataset.state = item.result?.status === "failed" ? "refused" : item.state;
    setText(part(row, "state"), stateWords(item));
    showPicture(part(row, "thumb"), thumbnail);
    showProgress(part(row, "progress"), item);
    showTrouble(part(row, "trouble"), item);
    part(row, "retry").hidden = !(item.state === "refused" && item.problem?.repeatable);
    this.#summarise();
  }

  /** @param {Item} item */
  #add(item) {
    const row = /** @type {HTMLElement} */ (stamp("upload-template").firstElementChild);
    part(row, "name").textContent = item.name;
    part(row, "name").title = item.name;
    part(row, "progress").setAttribute("aria-label", `Sending ${item.name}`);
    part(row, "retry").addEventListener("click", () => this.dispatchEvent(new CustomEvent("retry", { detail: item })));
    part(this, "rows").prepend(row);
    this.#rows.set(item, row);
    this.#trim();
    return row;
  }

  #trim() {
    for (const item of this.#rows.keys()) {
      if (this.#rows.size <= MOST_ROWS) return;
      if (item.finished) this.#remove(item);
    }
  }

  #clear() {
    for (const item of [...this.#rows.keys()]) if (item.finished) this.#remove(item);
    this.#summarise();
  }

  /** @param {Item} item */
  #remove(item) {
    this.#rows.get(item)?.remove();
    this.#rows.delete(item);
  }

  #summarise() {
    const items = [...this.#rows.keys()];
    const finished = items.filter((item) => item.finished).length;
    this.hidden = items.length === 0;
    part(this, "clear").hidden = finished === 0;
    setText(part(this, "summary"), finished < items.length ? `${finished} of ${items.length} done` : outcome(items));
  }
}

/** @param {Item[]} items all finished @returns {string} */
function outcome(items) {
  const good = items.filter((item) => item.result?.status === "classified").length;
  return good === items.length ? `${good} classified` : `${good} classified, ${items.length - good} not`;
}

/** @param {Item} item @returns {string} */
function stateWords({ state, result, slow, sent, problem }) {
  if (state === "queued") return "queued";
  if (state === "sending") return sent >= 1 ? "storing" : "sending";
  if (state === "pausing") return `trying again in ${problem?.retryAfter ?? 2} s`;
  if (state === "waiting") return slow ? "still waiting" : "classifying";
  const best = result?.predictions[0];
  return best ? `${shortLabel(best.label)} ${bigPercent(best.probability)}` : "not classified";
}

/** @param {HTMLElement} box @param {string | null} url */
function showPicture(box, url) {
  if (!url || box.querySelector("img")) return;
  const image = new Image();
  image.src = url;
  image.alt = "";
  box.replaceChildren(image);
}

/** @param {HTMLProgressElement} bar @param {Item} item */
function showProgress(bar, item) {
  bar.hidden = item.finished;
  if (item.state === "sending" && item.sent < 1) bar.value = item.sent;
  else if (item.state === "queued") bar.value = 0;
  else bar.removeAttribute("value"); // the waiting is somebody else's: no share to show
}

/** @param {HTMLElement} line @param {Item} item */
function showTrouble(line, { problem, result, slow, state }) {
  const late = "Safe in Kafka, but there is no result yet. Is the classifier running? The result will appear here when it comes.";
  const text = problem?.detail ?? result?.error?.detail ?? (slow && state === "waiting" ? late : "");
  setText(line, text);
  line.hidden = !text;
}
