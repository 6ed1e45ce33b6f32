/** Draws by keyboard: arrows move the pen, Space puts it down or lifts it, Enter submits, Delete clears. */

/** @typedef {import("./ink.js").Point} Point */

/** One press moves the pen by this share of the board. */
const STEP = 0.04;
/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class KeyboardPen {
  #down = false;
  /** @type {Point} */
  #at;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{draw: (from: Point, to: Point) => void, submit: () => void, clear: () => void}} actions
   */
  constructor(canvas, actions) {
    this.canvas = canvas;
    this.actions = actions;
    this.#at = this.#start();
    this.cursor = document.createElement("span");
    this.cursor.className = "pen";
    this.cursor.hidden = true;
    canvas.after(this.cursor);
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#show(false));
  }

  /** @returns {Point} above the middle, where most digits begin */
  #start() {
    return { x: this.canvas.width * 0.4, y: this.canvas.height * 0.2 };
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.#obey(event.key)) return;
    event.preventDefault();
    this.#show(true);
  }

  /** @param {string} key @returns {boolean} whether the key meant something */
  #obey(key) {
    if (key in MOVES) this.#move(...MOVES[key]);
    else if (key === " ") this.#toggle();
    else if (key === "Enter") this.#submit();
    else if (key === "Delete" || key === "Backspace") this.#clear();
    else return false;
    return true;
  }

  /** @param {number} dx @param {number} dy */
  #move(dx, dy) {
    const { width, height } = this.canvas;
    const from = this.#at;
    this.#at = { x: within(from.x + dx * STEP * width, width), y: within(from.y + dy * STEP * height, height) };
    if (this.#down) this.actions.draw(from, this.#at);
  }

  #toggle() {
    this.#down = !this.#down;
    if (this.#down) this.actions.draw(this.#at, this.#at);
  }

  #submit() {
    this.#down = false;
    this.actions.submit();
  }

  #clear() {
    this.#down = false;
    this.#at = this.#start();
    this.actions.clear();
  }

  /** @param {boolean} visible */
  #show(visible) {
    this.cursor.hidden = !visible;
    this.cursor.classList.toggle("down", this.#down);
    this.cursor.style.left = `${(this.#at.x / this.canvas.width) * 100}%`;
    this.cursor.style.top = `${(this.#at.y / this.canvas.height) * 100}%`;
  }
}

/** @param {number} value @param {number} size */
const within = (value, size) => Math.min(size, Math.max(0, value));
