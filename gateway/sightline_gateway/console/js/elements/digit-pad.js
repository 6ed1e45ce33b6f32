/**
 * <digit-pad>: draws a digit by mouse, finger, pen or keyboard. Fires "drawing" with detail {png: Blob}
 * on the button, and by itself a moment after the pen lifts. Show what became of it with `show`.
 */
import { barRows, part, setText } from "../dom.js";
import { bigPercent, percent } from "../format.js";
import { Ink } from "../ink.js";
import { KeyboardPen } from "../keyboard-pen.js";

/** @typedef {import("../upload-queue.js").Item} Item */
/** @typedef {import("../ink.js").Point} Point */

/** Time (ms) to lift the pen between the strokes of a 4 or a 7. */
const PAUSE = 800;

export class DigitPadElement extends HTMLElement {
  /** @type {Ink | null} */
  #ink = null;
  /** @type {Point | null} */
  #last = null;
  #timer = 0;

  connectedCallback() {
    const canvas = this.querySelector("canvas");
    if (!canvas) throw new Error("<digit-pad> needs a <canvas>");
    this.#ink = new Ink(canvas);
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.#up());
    new KeyboardPen(canvas, {
      draw: (from, to) => this.#draw(from, to),
      submit: () => this.#submit(),
      clear: () => this.#clear(),
    });
    part(this, "classify").addEventListener("click", () => this.#submit());
    part(this, "clear").addEventListener("click", () => this.#clear());
  }

  /** Shows how the drawing fares. @param {Item} item */
  show(item) {
    const best = item.result?.predictions[0];
    this.dataset.state = best ? "answered" : item.problem || item.result?.error ? "trouble" : "asking";
    if (best) {
      setText(part(this, "digit"), best.label);
      setText(part(this, "sure"), `${bigPercent(best.probability)} sure`);
      part(this, "bars").replaceChildren(barRows(item.result?.predictions.slice(1, 4) ?? [], percent));
      return;
    }
    setText(part(this, "digit"), "?");
    setText(part(this, "sure"), wordsFor(item));
    part(this, "bars").replaceChildren();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    const canvas = /** @type {HTMLCanvasElement} */ (event.currentTarget);
    canvas.setPointerCapture(event.pointerId);
    if (this.dataset.state === "answered" || this.dataset.state === "trouble") this.#clear(); // a new digit begins
    this.#last = where(canvas, event);
    this.#draw(this.#last, this.#last);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#last) return;
    const canvas = /** @type {HTMLCanvasElement} */ (event.currentTarget);
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const each of coalesced.length ? coalesced : [event]) {
      const point = where(canvas, each);
      this.#draw(this.#last, point);
      this.#last = point;
    }
  }

  #up() {
    if (!this.#last) return;
    this.#last = null;
    this.#timer = window.setTimeout(() => this.#submit(), PAUSE);
  }

  /** @param {Point} from @param {Point} to */
  #draw(from, to) {
    clearTimeout(this.#timer);
    this.#ink?.stroke(from, to);
    this.#enable(true);
  }

  async #submit() {
    clearTimeout(this.#timer);
    if (!this.#ink || this.#ink.empty) return;
    this.dispatchEvent(new CustomEvent("drawing", { detail: { png: await this.#ink.toPng() } }));
  }

  #clear() {
    clearTimeout(this.#timer);
    this.#ink?.clear();
    delete this.dataset.state;
    setText(part(this, "digit"), "?");
    setText(part(this, "sure"), "Draw, and the answer appears here");
    part(this, "bars").replaceChildren();
    this.#enable(false);
  }

  /** @param {boolean} inked */
  #enable(inked) {
    part(this, "hint").hidden = inked;
    part(this, "classify").disabled = part(this, "clear").disabled = !inked;
  }
}

/** @param {HTMLCanvasElement} canvas @param {PointerEvent} event @returns {Point} in the canvas's own pixels */
function where(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * canvas.width,
    y: ((event.clientY - box.top) / box.height) * canvas.height,
  };
}

/** @param {Item} item @returns {string} */
function wordsFor(item) {
  if (item.problem) return item.problem.detail;
  if (item.result?.error) return item.result.error.detail;
  return item.slow ? "Still waiting. Is the classifier running?" : "Reading…";
}
