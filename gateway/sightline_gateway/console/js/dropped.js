/** What a drop or a paste holds, folders opened. */

/** More than this from one drop is surely a mistake (a home folder), and would sit in the queue for an hour. */
const MOST_FILES = 500;

/**
 * @param {DataTransfer | null} transfer
 * @returns {Promise<File[]>}
 */
export async function filesOf(transfer) {
  const entries = [...(transfer?.items ?? [])].map((item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const loose = [...(transfer?.files ?? [])]; // both lists empty themselves once the event is over
  if (!entries.some((entry) => entry?.isDirectory)) return loose.slice(0, MOST_FILES);
  /** @type {File[]} */
  const files = [];
  for (const entry of entries) if (entry) await collect(entry, files);
  return files;
}

/** @param {FileSystemEntry} entry @param {File[]} files grows */
async function collect(entry, files) {
  if (files.length >= MOST_FILES || entry.name.startsWith(".")) return;
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)));
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most 100 a call
    if (some.length === 0) return;
    for (const child of some) await collect(child, files);
  }
}
