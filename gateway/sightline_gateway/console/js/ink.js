/** The drawing surface: white strokes on black, and a tidy picture of them. */

/** Stroke width as a share of the board: about what a marker gives on a note. */
const PEN = 0.085;
/** The digit's longer side as a share of the sent picture, as in the training pictures. */
const FILL = 0.76;
/** Side of the sent picture in pixels: ten times the model's input, so that its own resizing sees clean edges. */
const SENT_SIDE = 280;

/** @typedef {{x: number, y: number}} Point */

export class Ink {
  #empty = true;

  /** @param {HTMLCanvasElement} canvas square */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    this.clear();
  }

  get empty() {
    return this.#empty;
  }

  clear() {
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.#empty = true;
  }

  /** Draws from one point to the next; the same point twice makes a dot. @param {Point} from @param {Point} to */
  stroke(from, to) {
    const { context } = this;
    context.strokeStyle = "#fff";
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = this.canvas.width * PEN;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    this.#empty = false;
  }

  /** @returns {Promise<Blob>} a square PNG with the digit in its middle, at the size the model learned */
  toPng() {
    const box = this.#bounds();
    const scale = (SENT_SIDE * FILL) / Math.max(box.width, box.height);
    const sent = document.createElement("canvas");
    sent.width = sent.height = SENT_SIDE;
    const context = /** @type {CanvasRenderingContext2D} */ (sent.getContext("2d"));
    context.fillStyle = "#000";
    context.fillRect(0, 0, SENT_SIDE, SENT_SIDE);
    context.imageSmoothingQuality = "high";
    const [width, height] = [box.width * scale, box.height * scale];
    const [left, top] = [(SENT_SIDE - width) / 2, (SENT_SIDE - height) / 2];
    context.drawImage(this.canvas, box.left, box.top, box.width, box.height, left, top, width, height);
    return new Promise((resolve, reject) => {
      sent.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the canvas gave no PNG"))), "image/png");
    });
  }

  /** The smallest box that holds all ink; the whole board when there is none. */
  #bounds() {
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    let [left, top, right, bottom] = [width, height, -1, -1];
    for (let i = 0, pixel = 0; i < data.length; i += 4, pixel += 1) {
      if (data[i] < 32) continue; // ground, or the faint rim of a stroke
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    if (right < 0) return { left: 0, top: 0, width, height };
    return { left, top, width: right - left + 1, height: bottom - top + 1 };
  }
}
