/** <model-switch>: chooses among the installed models. Fires "model" with the chosen reference as detail. */
import { keep, recall } from "../choices.js";
import { part } from "../dom.js";
import { count, percent } from "../format.js";

/** @typedef {import("../types.js").Model} Model */

const CHOSEN = "sightline.model"; // the key of the choice that a reload remembers

export class ModelSwitchElement extends HTMLElement {
  /** @type {Model[]} */
  #models = [];

  connectedCallback() {
    this.#select.addEventListener("change", () => {
      keep(CHOSEN, this.value);
      this.#chosen();
    });
  }

  /** @returns {HTMLSelectElement} */
  get #select() {
    return part(this, "select");
  }

  /** @returns {string} NAME or NAME@VERSION; empty means the gateway's default */
  get value() {
    return this.#select.value;
  }

  /**
   * Offers these, the default first. What was chosen stays chosen; without a choice it is one that takes colour
   * photos, for a model of grey digits names every photo a digit.
   * @param {Model[]} models
   */
  set models(models) {
    this.#models = [...models].sort((a, b) => Number(b.default) - Number(a.default) || a.name.localeCompare(b.name));
    const options = this.#models.map((model) => new Option(model.name, this.#reference(model)));
    if (options.length) this.#select.replaceChildren(...options);
    const before = recall(CHOSEN);
    const chosen = options.find((option) => option.value === before);
    const photos = this.#models.find((model) => model.input.channels === 3);
    if (chosen) this.#select.value = chosen.value;
    else if (photos) this.#select.value = this.#reference(photos);
    this.#chosen();
  }

  /** The version is only said where one name has several. @param {Model} model */
  #reference(model) {
    const alone = this.#models.filter((other) => other.name === model.name).length === 1;
    return alone ? model.name : `${model.name}@${model.version}`;
  }

  #chosen() {
    const note = document.getElementById("model-note");
    const model = this.#models.find((each) => this.#reference(each) === this.value);
    if (note) {
      note.textContent = model ? describe(model) : "No model is installed yet, so images will wait for one.";
      note.hidden = false;
    }
    this.dispatchEvent(new CustomEvent("model", { detail: this.value }));
  }
}

/** @param {Model} model @returns {string} */
function describe({ labels, input, metrics }) {
  const colour = input.channels === 1 ? "grey" : "colour";
  const facts = [`${count(labels)} labels`, `${input.width} × ${input.height} ${colour}`];
  if (metrics?.top1) facts.push(`right ${percent(metrics.top1)} of the time`);
  return facts.join(" · ");
}
