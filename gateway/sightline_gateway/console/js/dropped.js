/**
 * The files of a drop, a paste or a chooser, folders opened.
 *
 * @typedef {{file: File, name: string}} Photo  name: with the path inside its folder
 * @typedef {{photos: Photo[], others: number, cut: boolean, folder: string | null}} Gathered
 *   others: files of folders that are no images; cut: there were more than are taken at once
 */

/** More than this at once is surely a mistake (a home folder). */
const MOST_FILES = 5000;
const IMAGE_NAME = /\.(jpe?g|jfif|png|webp|gif|bmp)$/i;
/** Natural order: photo 2 before photo 10. */
const { compare } = new Intl.Collator(undefined, { numeric: true });

/**
 * @param {DataTransfer | null} transfer
 * @returns {Promise<Gathered>} loose files all, of folders the images
 */
export async function filesOf(transfer) {
  const entries = [...(transfer?.items ?? [])].map((item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const loose = [...(transfer?.files ?? [])]; // both lists empty themselves once the event is over
  const folders = entries.filter((entry) => entry?.isDirectory);
  if (folders.length === 0) return looseFiles(loose);
  const walk = new Walk();
  for (const entry of entries) if (entry) await walk.visit(entry, null);
  return walk.gathered(folders.length === 1 ? (folders[0]?.name ?? null) : null);
}

/** @param {File[]} files chosen one by one: what is no image comes back with the gateway's reason */
export function looseFiles(files) {
  const photos = files.slice(0, MOST_FILES).map((file) => ({ file, name: file.name }));
  return { photos, others: 0, cut: files.length > MOST_FILES, folder: null };
}

/** @param {File[]} files of a folder's chooser, in folders below it, too @returns {Gathered} */
export function folderFiles(files) {
  const walk = new Walk();
  for (const file of files) {
    const [, ...path] = file.webkitRelativePath.split("/");
    if (!path.some(hidden)) walk.take(file, path.join("/"));
  }
  return walk.gathered(files[0]?.webkitRelativePath.split("/")[0] ?? null);
}

/** What a walk through folders found. */
class Walk {
  /** @type {Photo[]} */
  #photos = [];
  #others = 0;

  /** @param {FileSystemEntry} entry @param {string | null} path where it lies in the dropped folder; null: it was dropped */
  async visit(entry, path) {
    if (this.#full || hidden(entry.name)) return;
    if (entry.isFile) {
      this.take(await opened(/** @type {FileSystemFileEntry} */ (entry)), `${path ?? ""}${entry.name}`);
      return;
    }
    const inside = path === null ? "" : `${path}${entry.name}/`;
    for await (const child of children(/** @type {FileSystemDirectoryEntry} */ (entry))) await this.visit(child, inside);
  }

  /** @param {File} file @param {string} name */
  take(file, name) {
    if (!IMAGE_NAME.test(file.name) && !file.type.startsWith("image/")) this.#others += 1;
    else this.#photos.push({ file, name });
  }

  /** One more than is taken, so that it is known that there are more. */
  get #full() {
    return this.#photos.length > MOST_FILES;
  }

  /** @param {string | null} folder @returns {Gathered} */
  gathered(folder) {
    const photos = this.#photos.sort((a, b) => compare(a.name, b.name));
    return { photos: photos.slice(0, MOST_FILES), others: this.#others, cut: photos.length > MOST_FILES, folder };
  }
}

/** @param {string} name */
const hidden = (name) => name.startsWith(".");

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const opened = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** @param {FileSystemDirectoryEntry} entry */
async function* children(entry) {
  const reader = entry.createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most 100 a call
    if (some.length === 0) return;
    yield* some;
  }
}
