/**
 * Which results to show, in the meaning of the gateway's listing: a field that is empty asks for nothing. Pure.
 *
 * @typedef {import("./types.js").Result} Result
 * @typedef {{status: string, model: string, stream: string, label: string}} Filter
 *   status: classified or failed; model: NAME or NAME@VERSION; label: the most probable one, whole
 */

/** @type {(keyof Filter)[]} */
const FIELDS = ["status", "model", "stream", "label"];
const STATUSES = ["classified", "failed"];

/** @type {Readonly<Filter>} */
export const ANY = Object.freeze({ status: "", model: "", stream: "", label: "" });

/** @param {Filter} filter */
export const isAny = (filter) => FIELDS.every((field) => !filter[field]);

/** @param {Filter} filter @param {Result} result */
export function matches({ status, model, stream, label }, result) {
  return (
    (!status || status === result.status) &&
    (!model || model === result.model.name || model === `${result.model.name}@${result.model.version}`) &&
    (!stream || stream === result.stream) &&
    (!label || label === result.predictions[0]?.label)
  );
}

/** @param {Filter} filter @returns {URLSearchParams} what is asked for */
export function toQuery(filter) {
  return new URLSearchParams(FIELDS.filter((field) => filter[field]).map((field) => [field, filter[field]]));
}

/** @param {string} search a page's address after the "?" @returns {Filter} */
export function fromQuery(search) {
  const query = new URLSearchParams(search);
  const filter = { ...ANY };
  for (const field of FIELDS) filter[field] = query.get(field) ?? "";
  if (!STATUSES.includes(filter.status)) filter.status = "";
  return filter;
}

/** One result: an image may have several, by several models. @param {Result} result */
export const resultKey = ({ id, model }) => `${id} ${model.name}@${model.version}`;
