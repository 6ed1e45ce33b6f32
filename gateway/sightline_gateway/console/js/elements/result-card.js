/**
 * <result-card>: one result. Set `result`, then `thumbnail` when there is one; call `tick` now and then.
 * Fires "narrow" (detail: part of a Filter) for the stream's name, "look" (detail: the card) for its picture, and "save"
 * (detail {result, card}) for the image's file; all bubble.
 */
import { barRows, part, setIcon, setText, stamp } from "../dom.js";
import { ago, bigPercent, duration, modelText, percent, shortLabel } from "../format.js";

/** @typedef {import("../types.js").Result} Result */

const ICONS = { http: "http", tcp: "wire", udp: "wire", device: "device" };

export class ResultCardElement extends HTMLElement {
  /** @type {Result | null} */
  #result = null;

  /** @param {Result} result */
  set result(result) {
    this.#result = result;
    this.replaceChildren(stamp("card-template"));
    this.setAttribute("role", "listitem");
    this.dataset.id = result.id;
    this.dataset.status = result.status;
    setIcon(part(this, "source-icon"), ICONS[/** @type {keyof typeof ICONS} */ (result.source)] ?? "image");
    if (result.status === "classified") this.#showLabels(result.predictions);
    else this.#showTrouble(result);
    this.#showMeta(result);
    part(this, "look").setAttribute("aria-label", `Look at ${result.name ?? "the image"}`);
    part(this, "look").addEventListener("click", () => this.#fire("look", this));
    this.tick(Date.now());
  }

  /** @returns {Result | null} */
  get result() {
    return this.#result;
  }

  /** Unix ms; 0 without a result. */
  get classifiedAt() {
    return this.#result?.classified_at ?? 0;
  }

  /** @param {string} url an object URL */
  set thumbnail(url) {
    const image = new Image();
    image.src = url;
    image.alt = `Thumbnail of ${this.#result?.name ?? "the image"}`;
    const box = part(this, "thumb");
    box.classList.remove("viewfinder");
    box.querySelector("svg, img")?.replaceWith(image);
  }

  /** Says how the saving of the file goes. @param {string} words */
  set saving(words) {
    setText(part(this, "saving"), words);
  }

  /** Brings the relative time up to date. @param {number} now Unix ms */
  tick(now) {
    setText(part(this, "time"), ago(this.#result?.classified_at ?? now, now));
  }

  /** @param {import("../types.js").Prediction[]} predictions best first */
  #showLabels(predictions) {
    const [best] = predictions;
    if (!best) return;
    part(this, "label").textContent = shortLabel(best.label);
    part(this, "label").title = best.label;
    part(this, "sure").textContent = bigPercent(best.probability);
    part(this, "bars").append(barRows(predictions, percent));
  }

  /** @param {Result} result */
  #showTrouble({ error }) {
    part(this, "label").textContent = "Not classified";
    part(this, "sure").textContent = error?.code ?? "";
    part(this, "bars").hidden = true;
    part(this, "trouble").textContent = error?.detail ?? "The classifier gave no reason.";
    part(this, "trouble").hidden = false;
    part(this, "keep").hidden = false;
    part(this, "save").addEventListener("click", () => this.#fire("save", { result: this.#result, card: this }));
  }

  /** @param {Result} result */
  #showMeta(result) {
    const { source, stream, name, accepted_at, classified_at, timing_ms } = result;
    part(this, "source").textContent = source;
    part(this, "origin").textContent = stream ?? "";
    part(this, "origin").title = `Show only ${stream}`;
    part(this, "origin").addEventListener("click", () => this.#fire("narrow", { stream }));
    part(this, "name").textContent = name ?? "unnamed";
    part(this, "name").title = `${name ?? "unnamed"}, by ${modelText(result)}`;
    const latency = part(this, "latency");
    latency.textContent = duration(classified_at - accepted_at);
    latency.title = `queue ${timing_ms.queue} ms, decode ${timing_ms.decode} ms, inference ${timing_ms.inference} ms`;
    part(this, "time").dateTime = new Date(classified_at).toISOString();
    part(this, "time").title = new Date(classified_at).toLocaleString();
  }

  /** @param {string} name @param {object} detail */
  #fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}
