/**
 * Sends images a few at a time and follows each to its result.
 *
 * Events: "change" (detail: the Item). An item goes queued → sending → waiting → done, or ends as refused or stopped.
 *
 * @typedef {import("./types.js").Result} Result
 * @typedef {"queued" | "sending" | "pausing" | "waiting" | "done" | "refused" | "stopped"} State
 */
import { findImage, sendImage } from "./api.js";
import { Problem } from "./problem.js";
import { shrink } from "./thumbnails.js";

/** Browsers open six connections to a host; one is the event stream's, two stay free for the rest of the page. */
const AT_ONCE = 3;
/** How often a refusal that may pass (503) is tried again before a person has to decide. */
const ATTEMPTS = 6;
/** Longest obeyed Retry-After, in seconds. */
const LONGEST_PAUSE = 30;
/** Missed results are asked for this often (ms), this many per round. */
const POLL = { every: 2500, atOnce: 4 };
/** After this long without a result the page says so (ms). */
const SLOW = 20_000;

export class Item {
  /** @type {State} */
  state = "queued";
  /** Share sent, 0..1. */
  sent = 0;
  attempts = 0;
  slow = false;
  /** @type {string | null} */
  id = null;
  /** @type {Result | null} */
  result = null;
  /** @type {Problem | null} */
  problem = null;
  /** @type {Blob | null} */
  thumbnail = null;
  waitingSince = 0;

  /** @param {Blob} body @param {string} name @param {{model: string, wait?: number}} options */
  constructor(body, name, { model, wait }) {
    this.body = body;
    this.name = name;
    this.model = model;
    this.wait = wait;
    this.key = newKey();
  }

  get finished() {
    return this.state === "done" || this.state === "refused" || this.state === "stopped";
  }
}

export class UploadQueue extends EventTarget {
  /** @type {Item[]} */
  #queued = [];
  /** @type {Set<Item>} */
  #waiting = new Set();
  /** Those that a busy gateway put off, with their timers. @type {Map<Item, number>} */
  #pausing = new Map();
  #sending = 0;

  /** @param {import("./result-feed.js").ResultFeed} feed @param {import("./thumbnails.js").ThumbnailStore} thumbnails */
  constructor(feed, thumbnails) {
    super();
    this.feed = feed;
    this.thumbnails = thumbnails;
    feed.addEventListener("result", (event) => this.#heard(/** @type {CustomEvent} */ (event).detail.result));
    setInterval(() => void this.#poll(), POLL.every);
  }

  /** @param {Blob} body @param {string} name @param {{model: string, wait?: number}} options @returns {Item} */
  add(body, name, options) {
    const item = new Item(body, name, options);
    this.#queue(item);
    return item;
  }

  /** Drops what has not begun; what is on its way goes on. Drawings stay: somebody waits for each. */
  stop() {
    const dropped = [...this.#queued, ...this.#pausing.keys()].filter((item) => !item.wait);
    this.#queued = this.#queued.filter((item) => item.wait);
    for (const item of dropped) {
      clearTimeout(this.#pausing.get(item));
      this.#pausing.delete(item);
      item.state = "stopped";
      this.#change(item);
    }
  }

  /** @param {Item} item one that was refused */
  retry(item) {
    item.attempts = 0;
    item.problem = null;
    this.#queue(item);
  }

  /** A drawing goes before a folder's photos. @param {Item} item */
  #queue(item) {
    item.state = "queued";
    item.sent = 0;
    if (item.wait) this.#queued.unshift(item);
    else this.#queued.push(item);
    this.#change(item);
    this.#next();
  }

  #next() {
    while (this.#sending < AT_ONCE) {
      const item = this.#queued.shift();
      if (!item) return;
      this.#sending += 1;
      void this.#send(item).finally(() => {
        this.#sending -= 1;
        this.#next();
      });
    }
  }

  /** @param {Item} item */
  async #send(item) {
    item.state = "sending";
    item.attempts += 1;
    this.#change(item);
    item.thumbnail ??= await shrink(item.body);
    try {
      const answer = await sendImage({ ...item, wait: item.wait, onProgress: (sent) => this.#progress(item, sent) });
      this.#accepted(item, answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#refused(item, error);
    }
  }

  /** @param {Item} item @param {number} sent */
  #progress(item, sent) {
    item.sent = sent;
    this.#change(item);
  }

  /** @param {Item} item @param {Result | import("./types.js").Pending} answer */
  #accepted(item, answer) {
    item.id = answer.id;
    item.state = "waiting";
    item.waitingSince = Date.now();
    if (item.thumbnail) this.thumbnails.put(answer.id, item.thumbnail);
    item.thumbnail = null; // the store keeps it under its budget; thousands of items would not
    if (answer.status !== "pending") this.feed.ingest(/** @type {Result} */ (answer), true);
    const known = this.feed.find(answer.id); // the stream may have been faster than this answer
    if (known) return this.#settle(item, known);
    this.#waiting.add(item);
    this.#change(item);
  }

  /** @param {Item} item @param {Problem} problem */
  #refused(item, problem) {
    item.problem = problem;
    if (problem.temporary && item.attempts < ATTEMPTS) {
      item.state = "pausing";
      this.#pause(item, 1000 * Math.min(problem.retryAfter ?? 2, LONGEST_PAUSE));
    } else item.state = "refused";
    this.#change(item);
  }

  /** @param {Item} item @param {number} ms */
  #pause(item, ms) {
    const again = () => {
      this.#pausing.delete(item);
      this.#queue(item);
    };
    this.#pausing.set(item, window.setTimeout(again, ms));
  }

  /** @param {Result} result */
  #heard(result) {
    for (const item of this.#waiting) if (item.id === result.id) this.#settle(item, result);
  }

  /** @param {Item} item @param {Result} result */
  #settle(item, result) {
    this.#waiting.delete(item);
    item.result = result;
    item.problem = null;
    item.state = "done";
    this.#change(item);
  }

  /** Asks for results that the stream did not bring: it may be down, or they came while it was. */
  async #poll() {
    const late = [...this.#waiting].filter((item) => Date.now() - item.waitingSince > POLL.every).slice(0, POLL.atOnce);
    for (const item of late) {
      this.#waiting.delete(item);
      this.#waiting.add(item); // to the end: the next round asks for others
      const answer = await findImage(item.id ?? "").catch(() => null); // asked again in the next round
      if (answer && answer.status !== "pending") this.feed.ingest(/** @type {Result} */ (answer), true);
      else this.#slow(item);
    }
  }

  /** @param {Item} item */
  #slow(item) {
    if (item.slow || Date.now() - item.waitingSince < SLOW) return;
    item.slow = true;
    this.#change(item);
  }

  /** @param {Item} item */
  #change(item) {
    this.dispatchEvent(new CustomEvent("change", { detail: item }));
  }
}

/** crypto.randomUUID needs HTTPS or localhost; a phone on the local network has neither. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
