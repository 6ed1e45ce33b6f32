/** <result-filter>: chooses which results are shown. Fires "filter" with the Filter as detail. */
import { part } from "../dom.js";
import { ANY, isAny } from "../filter.js";
import { shortLabel } from "../format.js";

/**
 * @typedef {import("../filter.js").Filter} Filter
 * @typedef {import("../types.js").Result} Result
 */

/** Typing pauses this long (ms) before the gateway is asked. */
const PAUSE = 400;
/** Names offered of each kind: a stream name per frame would fill the memory of the tab. */
const MOST_NAMES = 1000;

export class ResultFilterElement extends HTMLElement {
  #streams = new Names();
  #labels = new Names();
  #models = new Names();
  #timer = 0;
  #said = JSON.stringify(ANY);

  connectedCallback() {
    this.addEventListener("change", () => this.#say());
    this.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#say(), PAUSE);
    });
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !isAny(this.value)) this.#reset();
    });
    part(this, "reset").addEventListener("click", () => this.#reset());
    part(this, "stream").addEventListener("focus", () => this.#streams.offer(part(this, "streams"), String));
    part(this, "label").addEventListener("focus", () => this.#labels.offer(part(this, "labels"), shortLabel));
  }

  /** @returns {Filter} */
  get value() {
    const status = /** @type {HTMLInputElement | null} */ (this.querySelector("[name=status]:checked"));
    const [model, stream, label] = ["model", "stream", "label"].map((hook) => part(this, hook).value.trim());
    return { status: status?.value ?? "", model, stream, label };
  }

  /** Shows the choice without firing. @param {Filter} filter */
  set value(filter) {
    for (const choice of this.querySelectorAll("[name=status]")) {
      const radio = /** @type {HTMLInputElement} */ (choice);
      radio.checked = radio.value === filter.status;
    }
    if (filter.model) this.#knowModel(filter.model);
    part(this, "model").value = filter.model;
    part(this, "stream").value = filter.stream;
    part(this, "label").value = filter.label;
    this.#said = JSON.stringify(filter);
    this.#mark();
  }

  /** Narrows the choice further, as a click on a name does. @param {Partial<Filter>} more */
  narrow(more) {
    this.value = { ...this.value, ...more };
    this.dispatchEvent(new CustomEvent("filter", { detail: this.value }));
  }

  /** Installed models, and those of results, are offered. @param {import("../types.js").Model[]} models */
  set models(models) {
    for (const { name } of models) this.#knowModel(name);
    for (const { name, version } of models) {
      if (models.some((other) => other.name === name && other.version !== version)) this.#knowModel(`${name}@${version}`);
    }
  }

  /** Learns the names that a result has. @param {Result} result */
  learn({ stream, model, predictions }) {
    if (stream) this.#streams.add(stream);
    if (predictions[0]) this.#labels.add(predictions[0].label);
    this.#knowModel(model.name);
  }

  /** @param {string} name */
  #knowModel(name) {
    if (this.#models.add(name)) part(this, "model").append(new Option(name));
  }

  #reset() {
    this.value = ANY;
    this.dispatchEvent(new CustomEvent("filter", { detail: this.value }));
  }

  #say() {
    clearTimeout(this.#timer);
    const now = JSON.stringify(this.value);
    if (now === this.#said) return; // "change" follows "input"
    this.#said = now;
    this.#mark();
    this.dispatchEvent(new CustomEvent("filter", { detail: this.value }));
  }

  #mark() {
    const { value } = this;
    part(this, "reset").hidden = isAny(value);
    for (const hook of ["model", "stream", "label"]) part(this, hook).parentElement.toggleAttribute("data-set", part(this, hook).value !== "");
  }
}

/** Names seen so far, offered below a field once somebody comes to it. */
class Names {
  /** @type {Set<string>} */
  #names = new Set();

  /** @param {string} name @returns {boolean} whether it is new */
  add(name) {
    if (this.#names.has(name) || this.#names.size >= MOST_NAMES) return false;
    this.#names.add(name);
    return true;
  }

  /** @param {HTMLDataListElement} list @param {(name: string) => string} shown */
  offer(list, shown) {
    const sorted = [...this.#names].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    list.replaceChildren(...sorted.map((name) => new Option(shown(name), name)));
  }
}
