/** Small charts as SVG path data. Pure. */

/** @typedef {{width: number, height: number}} Size in units of the viewBox */

/** A bar's share of its place; the rest is air. */
const BAR = 0.62;
/** The least height of a bar that is not zero. */
const LEAST = 3;
/** The hairline where nothing came. */
const HAIRLINE = 1.5;

/** @param {number[]} values @param {number} peak the value of full height @param {Size} size */
export const bars = (values, peak, size) =>
  drawn(values, size, (value) => (value ? Math.max(LEAST, (value / peak) * size.height) : 0));

/** Hairlines where there are no bars. @param {number[]} values @param {Size} size */
export const gaps = (values, size) => drawn(values, size, (value) => (value ? 0 : HAIRLINE));

/** @param {number[]} values @param {number} peak @param {Size} size @returns {string} a line over all values */
export function line(values, peak, { width, height }) {
  const step = width / Math.max(1, values.length - 1);
  const points = values.map((value, i) => `${short(i * step)} ${short(height - (peak ? (value / peak) * height : 0))}`);
  return `M${points.join("L")}`;
}

/** Neighbours summed up, so that a short line stays readable. @param {number[]} values @param {number} howMany */
export function gathered(values, howMany) {
  const sums = [];
  for (let i = 0; i < values.length; i += howMany) sums.push(values.slice(i, i + howMany).reduce((sum, each) => sum + each, 0));
  return sums;
}

/** @param {number[]} values @param {Size} size @param {(value: number) => number} heightOf @returns {string} */
function drawn(values, { width, height }, heightOf) {
  const step = width / values.length;
  const boxes = values.map((value, i) => {
    const tall = short(heightOf(value));
    return tall ? `M${short(i * step)} ${height}h${short(step * BAR)}v${-tall}h${-short(step * BAR)}z` : "";
  });
  return boxes.join("");
}

/** @param {number} value */
const short = (value) => Math.round(value * 10) / 10;
