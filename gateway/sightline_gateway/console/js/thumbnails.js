/**
 * Small pictures of what this page sent and saw, under a budget: the oldest go first, and their object URLs are revoked.
 * An <img> that already shows one keeps it.
 */

/** Longest side in pixels: sharp at twice the size it is shown at. */
const SIDE = 360;
/** About 400 thumbnails; without a budget a long afternoon of photos would fill the tab's memory. */
const BUDGET_BYTES = 12 * 1024 * 1024;

export class ThumbnailStore extends EventTarget {
  /** @type {Map<string, {url: string, bytes: number}>} image id -> picture, oldest first */
  #pictures = new Map();
  #bytes = 0;

  /** @param {number} [budget] bytes */
  constructor(budget = BUDGET_BYTES) {
    super();
    this.budget = budget;
  }

  /** @param {string} id @returns {string | null} an object URL */
  get(id) {
    return this.#pictures.get(id)?.url ?? null;
  }

  /**
   * Files the picture under the image's id and says so with a "thumbnail" event.
   *
   * @param {string} id @param {Blob} picture
   */
  put(id, picture) {
    this.#drop(id);
    this.#pictures.set(id, { url: URL.createObjectURL(picture), bytes: picture.size });
    this.#bytes += picture.size;
    for (const oldest of this.#pictures.keys()) {
      if (this.#bytes <= this.budget) break;
      this.#drop(oldest);
    }
    this.dispatchEvent(new CustomEvent("thumbnail", { detail: id }));
  }

  /** @param {string} id */
  #drop(id) {
    const picture = this.#pictures.get(id);
    if (!picture) return;
    URL.revokeObjectURL(picture.url);
    this.#bytes -= picture.bytes;
    this.#pictures.delete(id);
  }
}

/**
 * @param {Blob} image
 * @returns {Promise<Blob | null>} a small copy; null when the browser cannot decode the image
 */
export async function shrink(image) {
  const bitmap = await createImageBitmap(image).catch(() => null);
  if (!bitmap) return null;
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.8));
}
