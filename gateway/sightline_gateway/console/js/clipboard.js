/**
 * @param {string} text
 * @returns {Promise<boolean>} whether the text is on the clipboard now
 */
export async function copyText(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => copyBySelection(text), // permission refused
    );
  }
  return copyBySelection(text); // plain HTTP from another machine has no Clipboard API
}

/** @param {string} text */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.className = "sr";
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
