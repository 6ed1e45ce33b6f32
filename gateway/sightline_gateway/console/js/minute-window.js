/** Counts per second and per label over a sliding window. Pure: the caller says what time it is. */
export class MinuteWindow {
  /** @type {Map<number, Map<string, number>>} second since the epoch -> label -> count */
  #seconds = new Map();

  /** @param {number} [span] seconds that are kept */
  constructor(span = 60) {
    this.span = span;
  }

  /** @param {number} at Unix ms @param {string} label @param {number} now Unix ms */
  add(at, label, now) {
    const second = Math.floor(Math.min(at, now) / 1000); // a clock ahead of ours must not count in the future
    if (second <= this.#oldest(now)) return;
    const labels = this.#seconds.get(second) ?? new Map();
    labels.set(label, (labels.get(label) ?? 0) + 1);
    this.#seconds.set(second, labels);
    this.#prune(now);
  }

  /** @param {number} now Unix ms @returns {number[]} results in each second, oldest first */
  perSecond(now) {
    const last = Math.floor(now / 1000);
    return Array.from({ length: this.span }, (_, i) => sum(this.#seconds.get(last - this.span + 1 + i)));
  }

  /** @param {number} now Unix ms @returns {[label: string, count: number][]} most frequent first */
  labels(now) {
    this.#prune(now);
    /** @type {Map<string, number>} */
    const totals = new Map();
    for (const labels of this.#seconds.values()) {
      for (const [label, count] of labels) totals.set(label, (totals.get(label) ?? 0) + count);
    }
    return [...totals].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  }

  /** @param {number} now */
  #oldest(now) {
    return Math.floor(now / 1000) - this.span;
  }

  /** @param {number} now */
  #prune(now) {
    for (const second of this.#seconds.keys()) {
      if (second <= this.#oldest(now)) this.#seconds.delete(second);
    }
  }
}

/** @param {Map<string, number> | undefined} counts */
function sum(counts) {
  let total = 0;
  for (const count of counts?.values() ?? []) total += count;
  return total;
}
