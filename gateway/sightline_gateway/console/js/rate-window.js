/** Counts per label over a sliding window of equal slots. Pure: the caller says what time it is. */
export class RateWindow {
  /** @type {Map<number, Map<string, number>>} slot since the epoch -> label -> count */
  #slots = new Map();

  /** @param {number} [step] seconds of a slot @param {number} [length] slots that are kept */
  constructor(step = 1, length = 60) {
    this.step = step;
    this.length = length;
  }

  /** Length of the window in seconds. */
  get span() {
    return this.step * this.length;
  }

  /** @param {number} at Unix ms @param {string} label @param {number} now Unix ms */
  add(at, label, now) {
    const slot = this.#slot(Math.min(at, now)); // a clock ahead of ours must not count in the future
    if (slot <= this.#slot(now) - this.length) return;
    const labels = this.#slots.get(slot) ?? new Map();
    labels.set(label, (labels.get(label) ?? 0) + 1);
    this.#slots.set(slot, labels);
    this.#prune(now);
  }

  /** @param {number} now Unix ms @param {string} [label] only this one @returns {number[]} per slot, oldest first */
  counts(now, label) {
    const first = this.#slot(now) - this.length + 1;
    return Array.from({ length: this.length }, (_, i) => {
      const labels = this.#slots.get(first + i);
      return label === undefined ? sum(labels) : (labels?.get(label) ?? 0);
    });
  }

  /** @param {number} now Unix ms @returns {[label: string, count: number][]} most frequent first */
  labels(now) {
    this.#prune(now);
    /** @type {Map<string, number>} */
    const totals = new Map();
    for (const labels of this.#slots.values()) {
      for (const [label, count] of labels) totals.set(label, (totals.get(label) ?? 0) + count);
    }
    return [...totals].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  }

  /** @param {number} now Unix ms @param {number} index of `counts` @returns {number} when the slot began, Unix ms */
  beginning(now, index) {
    return (this.#slot(now) - this.length + 1 + index) * this.step * 1000;
  }

  /** @param {number} at Unix ms */
  #slot(at) {
    return Math.floor(at / 1000 / this.step);
  }

  /** @param {number} now */
  #prune(now) {
    const oldest = this.#slot(now) - this.length;
    for (const slot of this.#slots.keys()) if (slot <= oldest) this.#slots.delete(slot);
  }
}

/** @param {Map<string, number> | undefined} counts */
function sum(counts) {
  let total = 0;
  for (const count of counts?.values() ?? []) total += count;
  return total;
}
