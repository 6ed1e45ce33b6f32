/**
 * The files of a drop, a paste or a chooser, folders opened.
 *
 * @typedef {{file: File, name: string}} Photo  name: with the path inside its folder
 * @typedef {{photos: Photo[], others: number, unread: number, cut: boolean, folder: string | null}} Gathered
 *   others: files of folders that are no images; unread: files and folders that the browser could not open;
 *   cut: there was more than is taken, or looked at, at once
 */

/** More than this at once is surely a mistake (a home folder). */
const MOST_FILES = 5000;
/** Files and folders that a walk looks at: a home folder without photos has millions, and the page would wait for all. */
const MOST_VISITS = 50_000;
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
  return { photos, others: 0, unread: 0, cut: files.length > MOST_FILES, folder: null };
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

/** A file or folder that is gone meanwhile, or not ours to read: the others are wanted all the same. */
class Unreadable extends Error {}

/** What a walk through folders found. */
class Walk {
  /** @type {Photo[]} */
  #photos = [];
  #others = 0;
  #unread = 0;
  #visits = 0;

  /** @param {FileSystemEntry} entry @param {string | null} path where it lies in the dropped folder; null: it was dropped */
  async visit(entry, path) {
    if (this.#full) return;
    this.#visits += 1;
    if (hidden(entry.name)) return;
    try {
      if (entry.isFile) await this.#open(/** @type {FileSystemFileEntry} */ (entry), path ?? "");
      else await this.#enter(/** @type {FileSystemDirectoryEntry} */ (entry), path === null ? "" : `${path}${entry.name}/`);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#unread += 1;
    }
  }

  /** @param {FileSystemFileEntry} entry @param {string} inside */
  async #open(entry, inside) {
    this.take(await opened(entry), `${inside}${entry.name}`);
  }

  /** @param {FileSystemDirectoryEntry} entry @param {string} inside */
  async #enter(entry, inside) {
    for await (const child of children(entry)) {
      if (this.#full) return;
      await this.visit(child, inside);
    }
  }

  /** @param {File} file @param {string} name */
  take(file, name) {
    if (!IMAGE_NAME.test(file.name) && !file.type.startsWith("image/")) this.#others += 1;
    else this.#photos.push({ file, name });
  }

  /** One more than is taken, so that it is known that there are more. */
  get #full() {
    return this.#photos.length > MOST_FILES || this.#visits > MOST_VISITS;
  }

  /** @param {string | null} folder @returns {Gathered} */
  gathered(folder) {
    const photos = this.#photos.sort((a, b) => compare(a.name, b.name));
    const [others, unread, cut] = [this.#others, this.#unread, this.#full];
    return { photos: photos.slice(0, MOST_FILES), others, unread, cut, folder };
  }
}

/** @param {string} name */
const hidden = (name) => name.startsWith(".");

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const opened = (entry) => new Promise((resolve, reject) => entry.file(resolve, () => reject(new Unreadable())));

/** @param {FileSystemDirectoryEntry} entry */
async function* children(entry) {
  const reader = entry.createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, () => reject(new Unreadable())); // at most 100 a call
    });
    if (some.length === 0) return;
    yield* some;
  }
}
