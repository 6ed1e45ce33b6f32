/** <live-strip>: results per second and labels over the last minute. Feed it with `add`. */
import { part, setText } from "../dom.js";
import { count, rate, shortLabel } from "../format.js";
import { MinuteWindow } from "../minute-window.js";

/** The headline number is the mean over this many seconds: short enough to follow, long enough to read. */
const RECENT = 5;
/** Labels shown; the rest is summed up. */
const TOP_LABELS = 5;
const VIEW = { width: 300, height: 56 };
const FAILED = "failed";

export class LiveStripElement extends HTMLElement {
  #window = new MinuteWindow();
  #timer = 0;
  /** @type {SVGRectElement[]} */
  #bars = [];

  connectedCallback() {
    this.#bars = drawBars(part(this, "spark"), this.#window.span);
    this.#timer = window.setInterval(() => this.#render(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  /** @param {import("../types.js").Result} result @param {number} at Unix ms */
  add(result, at) {
    const best = result.predictions[0];
    this.#window.add(at, best ? shortLabel(best.label) : FAILED, Date.now());
  }

  #render() {
    const now = Date.now();
    const perSecond = this.#window.perSecond(now);
    const past = perSecond.slice(-RECENT - 1, -1); // the running second is not over yet
    const total = perSecond.reduce((sum, each) => sum + each, 0);
    const peak = Math.max(...perSecond);
    this.toggleAttribute("data-idle", total === 0);
    setText(part(this, "rate"), rate(past.reduce((sum, each) => sum + each, 0) / RECENT));
    setText(part(this, "detail"), total ? `${count(total)} in the last minute, peak ${count(peak)}/s` : "nothing in the last minute");
    scaleBars(this.#bars, perSecond, peak);
    this.#showLabels(this.#window.labels(now), total);
  }

  /** @param {[string, number][]} labels @param {number} total */
  #showLabels(labels, total) {
    const shown = labels.slice(0, TOP_LABELS);
    const rest = labels.slice(TOP_LABELS).reduce((sum, [, n]) => sum + n, 0);
    if (rest) shown.push([`${count(labels.length - TOP_LABELS)} more`, rest]);
    const list = part(this, "counts");
    while (list.children.length > shown.length) list.lastElementChild.remove();
    shown.forEach(([label, n], i) => showCount(list.children[i] ?? list.appendChild(countRow()), label, n, n / total));
    part(this, "no-counts").hidden = shown.length > 0;
  }
}

/** @param {SVGElement} svg @param {number} howMany @returns {SVGRectElement[]} */
function drawBars(svg, howMany) {
  const step = VIEW.width / howMany;
  const bars = Array.from({ length: howMany }, (_, i) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    bar.setAttribute("x", String(i * step));
    bar.setAttribute("width", String(step * 0.62));
    return bar;
  });
  svg.replaceChildren(...bars);
  return bars;
}

/** @param {SVGRectElement[]} bars @param {number[]} values @param {number} peak */
function scaleBars(bars, values, peak) {
  bars.forEach((bar, i) => {
    const height = values[i] ? Math.max(3, (values[i] / peak) * VIEW.height) : 1.5; // a hairline where nothing came
    bar.setAttribute("y", String(VIEW.height - height));
    bar.setAttribute("height", String(height));
    bar.classList.toggle("idle", !values[i]);
  });
}

function countRow() {
  const row = document.createElement("li");
  row.append(document.createElement("span"), document.createElement("b"));
  return row;
}

/** @param {HTMLElement} row @param {string} label @param {number} n @param {number} share 0..1 */
function showCount(row, label, n, share) {
  setText(row.children[0], label);
  setText(row.children[1], count(n));
  row.title = label;
  row.classList.toggle("bad", label === FAILED);
  row.style.setProperty("--share", String(share));
}
