/**
 * <live-strip>: results and labels over the last minute, ten minutes or hour. Feed it with `add`.
 *
 * Events: "narrow" (detail: part of a Filter; bubbles) when a label is chosen, "far" once a longer span than a minute is
 * shown: then `addPast` may bring what was before the page.
 */
import { bars, gaps, gathered, line } from "../chart.js";
import { keep, recall } from "../choices.js";
import { part, setText, stamp } from "../dom.js";
import { count, rate, shortLabel } from "../format.js";
import { RateWindow } from "../rate-window.js";

/** @typedef {import("../types.js").Result} Result */

/** The headline number is the mean over this many seconds: short enough to follow, long enough to read. */
const RECENT = 5;
/** Labels shown; the rest is summed up. */
const TOP_LABELS = 5;
const VIEW = { width: 300, height: 56 };
const ROW = { width: 60, height: 14 };
/** Slots of the window that share a point of a label's line. */
const GATHERED = 3;
/** Not the label of any model: labels have no control characters. */
const FAILED = "\u0001failed";
/** What the spans are called, by their seconds. */
const SPANS = {
  60: { ago: "60 s ago", words: "in the last minute" },
  600: { ago: "10 min ago", words: "in the last 10 minutes" },
  3600: { ago: "1 h ago", words: "in the last hour" },
};
const CHOSEN = "sightline.span"; // the key of the choice that a reload remembers

export class LiveStripElement extends HTMLElement {
  #windows = [new RateWindow(1), new RateWindow(10), new RateWindow(60)];
  /** The one that is shown. */
  #window = this.#windows[0];
  /** The longer windows know all from here on, in Unix ms. */
  #since = Date.now();
  #timer = 0;

  connectedCallback() {
    this.#timer = window.setInterval(() => this.#render(), 1000);
    part(this, "spans").addEventListener("change", (/** @type {Event} */ event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      keep(CHOSEN, value);
      this.#choose(Number(value));
    });
    const board = part(this, "board");
    board.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#point(event, board));
    board.addEventListener("pointerleave", () => setText(part(this, "at"), ""));
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  /** Shows the span that was chosen last time. Call once there are listeners. */
  restore() {
    const chosen = this.querySelector(`[name=span][value="${CSS.escape(recall(CHOSEN))}"]`);
    if (chosen instanceof HTMLInputElement && !chosen.checked) {
      chosen.checked = true;
      this.#choose(Number(chosen.value));
    }
  }

  /** @param {Result} result @param {number} at Unix ms @param {boolean} [live] others only count in the minute */
  add(result, at, live = true) {
    for (const each of live ? this.#windows : this.#windows.slice(0, 1)) each.add(at, labelOf(result), Date.now());
  }

  /** Counts results of before the page in the longer spans. @param {Result[]} results @param {number} since all from then on */
  addPast(results, since) {
    for (const result of results) {
      for (const each of this.#windows.slice(1)) each.add(result.classified_at, labelOf(result), Date.now());
    }
    this.#since = since;
    this.#render();
  }

  /** @param {number} seconds */
  #choose(seconds) {
    this.#window = this.#windows.find((each) => each.span === seconds) ?? this.#windows[0];
    if (this.#window !== this.#windows[0]) this.dispatchEvent(new CustomEvent("far"));
    this.#render();
  }

  #render() {
    const now = Date.now();
    const counts = this.#window.counts(now);
    const total = counts.reduce((sum, each) => sum + each, 0);
    this.toggleAttribute("data-idle", total === 0);
    this.#showRate(now);
    this.#showSpan(now, counts, total);
    this.#draw(counts, this.#window.counts(now, FAILED));
    this.#showLabels(now, total);
  }

  /** @param {number} now */
  #showRate(now) {
    const past = this.#windows[0].counts(now).slice(-RECENT - 1, -1); // the running second is not over yet
    setText(part(this, "rate"), rate(past.reduce((sum, each) => sum + each, 0) / RECENT));
  }

  /** @param {number} now @param {number[]} counts @param {number} total */
  #showSpan(now, counts, total) {
    const { ago, words } = SPANS[/** @type {keyof typeof SPANS} */ (this.#window.span)];
    const whole = this.#window === this.#windows[0] || this.#since <= now - this.#window.span * 1000;
    const when = whole ? words : `since ${clock(this.#since, this.#window.step)}`;
    const peak = `peak ${rate(Math.max(...counts) / this.#window.step)}/s`;
    setText(part(this, "detail"), total ? `${count(total)} ${when}, ${peak}` : `nothing ${when}`);
    setText(part(this, "ago"), ago);
    part(this, "spark").setAttribute("aria-label", `Results ${words}: ${count(total)}, ${peak}`);
  }

  /** @param {number[]} counts @param {number[]} failed */
  #draw(counts, failed) {
    const peak = Math.max(...counts);
    part(this, "gaps").setAttribute("d", gaps(counts, VIEW));
    part(this, "bars").setAttribute("d", bars(counts, peak, VIEW));
    part(this, "failed").setAttribute("d", bars(failed, peak, VIEW));
  }

  /** @param {number} now @param {number} total */
  #showLabels(now, total) {
    const labels = this.#window.labels(now);
    const list = part(this, "counts");
    const shown = labels.slice(0, TOP_LABELS);
    const rest = labels.slice(TOP_LABELS).reduce((sum, [, n]) => sum + n, 0);
    while (list.children.length > shown.length + Number(rest > 0)) list.lastElementChild.remove();
    const row = (/** @type {number} */ i) => list.children[i] ?? list.appendChild(this.#row());
    shown.forEach(([label, n], i) => {
      showCount(row(i), { ...naming(label), label, n, share: n / total });
      showLine(row(i), gathered(this.#window.counts(now, label), GATHERED));
    });
    if (rest) {
      const words = `${count(labels.length - TOP_LABELS)} more`;
      showCount(row(shown.length), { words, title: "", label: "", n: rest, share: rest / total });
      showLine(row(shown.length), []);
    }
    part(this, "no-counts").hidden = shown.length > 0;
  }

  #row() {
    const row = /** @type {HTMLElement} */ (stamp("count-template").firstElementChild);
    part(row, "label").addEventListener("click", () => {
      const { label } = row.dataset;
      const detail = label === FAILED ? { status: "failed", label: "" } : { status: "", label };
      this.dispatchEvent(new CustomEvent("narrow", { detail, bubbles: true }));
    });
    return row;
  }

  /** Says what is under the pointer. @param {PointerEvent} event @param {Element} board */
  #point(event, board) {
    const now = Date.now();
    const box = board.getBoundingClientRect();
    const index = Math.min(this.#window.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * this.#window.length)));
    const [all, failed] = [this.#window.counts(now)[index], this.#window.counts(now, FAILED)[index]];
    const words = `${count(all)} ${all === 1 ? "result" : "results"}${failed ? `, ${count(failed)} failed` : ""}`;
    setText(part(this, "at"), `${clock(this.#window.beginning(now, index), this.#window.step)} · ${words}`);
  }
}

/** @param {Result} result */
const labelOf = (result) => result.predictions[0]?.label ?? FAILED;

/** @param {number} at Unix ms @param {number} step seconds: what is finer is not said */
function clock(at, step) {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: step < 60 ? "2-digit" : undefined });
}

/** @param {string} label */
const naming = (label) =>
  label === FAILED
    ? { words: "failed", title: "Show the images that failed" }
    : { words: shortLabel(label), title: `Show only ${label}` };

/** @param {HTMLElement} row @param {{words: string, title: string, label: string, n: number, share: number}} what */
function showCount(row, { words, title, label, n, share }) {
  const button = part(row, "label");
  row.dataset.label = label;
  row.classList.toggle("bad", label === FAILED);
  row.style.setProperty("--share", String(share));
  button.disabled = !label; // the sum of the rest is no filter
  button.title = title;
  setText(button, words);
  setText(part(row, "count"), count(n));
}

/** @param {HTMLElement} row @param {number[]} values */
function showLine(row, values) {
  part(row, "line").setAttribute("d", values.length ? line(values, Math.max(...values), ROW) : "");
}
