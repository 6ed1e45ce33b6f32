/**
 * Thumbnails from the gateway, for cards that somebody sees: it reads each image back from Kafka, so none is asked for
 * that a fast stream pushes past.
 */
import { readPicture } from "./api.js";
import { Problem } from "./problem.js";

/** Requests at a time: a browser has six connections to a host, and uploads and the event stream come first. */
const AT_ONCE = 2;
/** What has been in sight for this long (ms) is worth a request. */
const LINGER = 300;
/** A gateway that cannot answer now is asked again after this many seconds, unless it names another time, and so often. */
const AGAIN = { after: 10, times: 3 };

/** @typedef {import("./elements/result-card.js").ResultCardElement} Card */

export class PictureLoader {
  /** Cards in sight that lack a picture. @type {Set<Card>} */
  #wanted = new Set();
  /** @type {WeakMap<Card, number>} */
  #tries = new WeakMap();
  #loading = 0;
  #timer = 0;
  #observer = new IntersectionObserver((entries) => this.#seen(entries));

  /** @param {import("./thumbnails.js").ThumbnailStore} store takes what comes, and tells the wall */
  constructor(store) {
    this.store = store;
  }

  /** @param {Card} card */
  watch(card) {
    this.#observer.observe(card);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = /** @type {Card} */ (target);
      if (isIntersecting) this.#wanted.add(card);
      else this.#wanted.delete(card);
      if (!card.isConnected) this.#observer.unobserve(card);
    }
    this.#timer ||= window.setTimeout(() => {
      this.#timer = 0;
      this.#next();
    }, LINGER);
  }

  #next() {
    while (this.#loading < AT_ONCE) {
      const card = inReadingOrder(this.#wanted)[0];
      if (!card) return;
      this.#wanted.delete(card);
      this.#observer.unobserve(card);
      const id = card.result?.id;
      if (!id || this.store.get(id)) continue;
      this.#loading += 1;
      void this.#load(card, id).finally(() => {
        this.#loading -= 1;
        this.#next();
      });
    }
  }

  /** @param {Card} card @param {string} id */
  async #load(card, id) {
    try {
      this.store.put(id, await readPicture(id, "thumbnail"));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.repeatable) this.#later(card, error.retryAfter ?? AGAIN.after);
    }
  }

  /** @param {Card} card @param {number} seconds */
  #later(card, seconds) {
    const tries = (this.#tries.get(card) ?? 0) + 1;
    this.#tries.set(card, tries);
    if (tries >= AGAIN.times) return;
    setTimeout(() => {
      if (card.isConnected) this.watch(card);
    }, seconds * 1000);
  }
}

/** @param {Set<Card>} cards @returns {Card[]} as they stand on the page */
function inReadingOrder(cards) {
  const before = (/** @type {Card} */ a, /** @type {Card} */ b) =>
    a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
  return [...cards].filter((card) => card.isConnected).sort(before);
}
