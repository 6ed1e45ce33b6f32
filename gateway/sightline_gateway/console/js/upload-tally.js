/** Counts what became of the uploads, however many: only those that may be tried again are kept. */

/**
 * @typedef {import("./upload-queue.js").Item} Item
 * @typedef {"open" | "classified" | "failed" | "stopped"} Outcome
 */

/** A pace over less than this (ms) or fewer images is noise. */
const PACE = { after: 2000, images: 10 };

export class UploadTally {
  /** @type {Record<Outcome, number>} */
  counts = { open: 0, classified: 0, failed: 0, stopped: 0 };
  /** Those that another try may help. @type {Set<Item>} */
  repeatable = new Set();
  /** @type {WeakMap<Item, Outcome>} */
  #known = new WeakMap();
  #began = { at: 0, finished: 0 };

  get total() {
    const { open, classified, failed, stopped } = this.counts;
    return open + classified + failed + stopped;
  }

  get finished() {
    return this.total - this.counts.open;
  }

  /** @param {Item} item @param {number} now Unix ms */
  update(item, now) {
    const outcome = outcomeOf(item);
    const before = this.#known.get(item);
    if (outcome === before) return;
    if (outcome === "open" && this.counts.open === 0) this.#began = { at: now, finished: this.finished };
    if (before) this.counts[before] -= 1;
    this.counts[outcome] += 1;
    this.#known.set(item, outcome);
    if (item.state === "refused" && item.problem?.repeatable) this.repeatable.add(item);
    else this.repeatable.delete(item);
  }

  /** Forgets what is finished. */
  clear() {
    this.counts = { open: this.counts.open, classified: 0, failed: 0, stopped: 0 };
    this.#began.finished = 0;
    this.repeatable.clear();
  }

  /** @param {number} now Unix ms @returns {{perSecond: number, left: number} | null} left in ms; null when too early */
  pace(now) {
    const [done, spent] = [this.finished - this.#began.finished, now - this.#began.at];
    if (this.counts.open === 0 || this.total < PACE.images || done <= 0 || spent < PACE.after) return null;
    return { perSecond: (done / spent) * 1000, left: (this.counts.open / done) * spent };
  }
}

/** @param {Item} item @returns {Outcome} */
function outcomeOf({ state, result }) {
  if (state === "stopped") return "stopped";
  if (state === "refused") return "failed";
  if (state === "done") return result?.status === "classified" ? "classified" : "failed";
  return "open";
}
