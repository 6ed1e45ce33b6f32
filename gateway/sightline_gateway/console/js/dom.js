/** The few DOM helpers the elements share. Text always goes in as text, never as markup. */

/**
 * @param {ParentNode} root
 * @param {string} hook  the part's data attribute, without "data-"
 * @returns {any} the part; missing markup is a mistake of ours, so it throws
 */
export function part(root, hook) {
  const found = root.querySelector(`[data-${hook}]`);
  if (!found) throw new Error(`no [data-${hook}] in <${root instanceof Element ? root.localName : "template"}>`);
  return found;
}

/** @param {string} id of a <template> @returns {DocumentFragment} a fresh copy of its content */
export function stamp(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {DocumentFragment} */ (template.content.cloneNode(true));
}

/** Sets text only when it differs, so that nothing is laid out for nothing. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} use an SVG <use> @param {string} name a symbol of icons.svg */
export const setIcon = (use, name) => use.setAttribute("href", `console/icons.svg#${name}`);

/**
 * @param {import("./types.js").Prediction[]} predictions
 * @param {(share: number) => string} percent
 * @returns {DocumentFragment} one row per label: name, bar, share
 */
export function barRows(predictions, percent) {
  const rows = document.createDocumentFragment();
  for (const { label, probability } of predictions) {
    const row = stamp("bar-template");
    part(row, "label").textContent = label;
    part(row, "label").title = label;
    part(row, "fill").style.transform = `scaleX(${probability})`;
    part(row, "value").textContent = percent(probability);
    rows.append(row);
  }
  return rows;
}
