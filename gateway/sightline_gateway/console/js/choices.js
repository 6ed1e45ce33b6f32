/** What a reload remembers. Where a browser blocks storage, already the mention of it throws: then nothing is remembered. */

/** @param {string} key @returns {string} empty when nothing was chosen */
export function recall(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} key @param {string} value */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // blocked or full: the choice holds as long as the page does
  }
}
