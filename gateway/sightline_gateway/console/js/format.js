/** Numbers, times and names as people read them. Pure functions. */

const wholePercent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const finePercent = new Intl.NumberFormat(undefined, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const oneDigit = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat();

/** @param {number} share 0..1 @returns {string} never "100%" or "0%" for what is not quite that */
export function percent(share) {
  if (share > 0.9994 && share < 1) return `>${finePercent.format(0.999)}`;
  if (share > 0 && share < 0.0005) return `<${finePercent.format(0.001)}`;
  return finePercent.format(share);
}

/** @param {number} share 0..1 @returns {string} for large type; falls back to a decimal at the edges */
export const bigPercent = (share) => (share < 0.095 || share > 0.994 ? percent(share) : wholePercent.format(share));

/** @param {number} count */
export const count = (count) => whole.format(count);

/** @param {number} perSecond */
export const rate = (perSecond) => (perSecond >= 100 ? whole.format(Math.round(perSecond)) : oneDigit.format(perSecond));

/** @param {number} ms a duration @returns {string} */
export function duration(ms) {
  const span = Math.max(0, ms);
  if (span < 1000) return `${Math.round(span)} ms`;
  if (span < 60_000) return `${oneDigit.format(span / 1000)} s`;
  if (span < 3_600_000) return `${Math.round(span / 60_000)} min`;
  return `${oneDigit.format(span / 3_600_000)} h`;
}

/** @param {number} at Unix ms @param {number} now Unix ms @returns {string} */
export function ago(at, now) {
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(at).toLocaleDateString();
}

/** ImageNet labels list synonyms after commas: the first is enough for a heading. @param {string} label */
export const shortLabel = (label) => label.split(",", 1)[0].trim();

/** @param {import("./types.js").Result} result @returns {string} the model and, where the result says so, how it computes */
export function modelText({ model, precision, engine }) {
  const version = model.version ? ` version ${model.version}` : "";
  const how = [precision, engine === "onednn" ? null : engine].filter(Boolean).join(" on ");
  return `${model.name}${version}${how && `, ${how}`}`;
}

/** @param {import("./types.js").Result} result @returns {string} what happened, in one spoken line */
export function spoken(result) {
  const name = result.name ?? "image";
  const best = result.predictions[0];
  if (!best) return `${name} could not be classified: ${result.error?.detail ?? "no reason given"}`;
  return `${name}: ${shortLabel(best.label)}, ${bigPercent(best.probability)}`;
}
