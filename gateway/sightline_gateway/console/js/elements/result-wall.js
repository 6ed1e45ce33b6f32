/**
 * <result-wall>: the newest results as cards, newest first. Feed it with `add`.
 * New cards wait while it is paused, or while somebody has scrolled down to read.
 */
import { part, setIcon, setText } from "../dom.js";
import { count } from "../format.js";
import { ResultCardElement } from "./result-card.js";

/** @typedef {import("../types.js").Result} Result */

/** Cards in the document; more would make scrolling and memory heavy on a phone. */
const MOST_CARDS = 200;
/** Cards are added in rounds of this many ms, so that thousands of results a second do not freeze the page. */
const ROUND = 200;
/** Most cards added in a round: at a higher rate nobody can read them, and the live strip still counts all. */
const PER_ROUND = 24;
/** Relative times are brought up to date this often, in ms. */
const TICK = 5000;
/** Scrolled this far into the wall (px) means reading: nothing may move. */
const READING = 160;

export class ResultWallElement extends HTMLElement {
  /** @type {import("../thumbnails.js").ThumbnailStore | null} */
  thumbnails = null;
  /** @type {{result: Result, live: boolean}[]} newest last */
  #waiting = [];
  #paused = false;
  #total = 0;
  /** @type {number[]} */
  #timers = [];

  connectedCallback() {
    part(this, "pause").addEventListener("click", () => this.#pause(!this.#paused));
    part(this, "newer").addEventListener("click", () => this.#showNewer());
    this.#timers = [
      window.setInterval(() => this.#round(), ROUND),
      window.setInterval(() => this.#tick(), TICK),
    ];
  }

  disconnectedCallback() {
    this.#timers.forEach(clearInterval);
  }

  /** @param {Result} result @param {boolean} live  false for those of before the page was opened */
  add(result, live) {
    this.#total += 1;
    this.#waiting.push({ result, live });
    if (this.#waiting.length > MOST_CARDS) this.#waiting.shift();
  }

  /** Call when it is known that nothing has come so far. */
  settle() {
    part(this, "empty").hidden = this.#total > 0;
  }

  /** @param {string} id of an image whose thumbnail has just arrived */
  showThumbnail(id) {
    for (const card of this.querySelectorAll(`result-card[data-id="${CSS.escape(id)}"]`)) {
      this.#dress(/** @type {ResultCardElement} */ (card), id);
    }
  }

  #round() {
    const held = this.#paused || this.#reading();
    const newer = part(this, "newer");
    newer.hidden = !held || this.#waiting.length === 0;
    if (!newer.hidden) setText(newer, `↑ ${count(this.#waiting.length)} newer`);
    if (held || this.#waiting.length === 0) return;
    this.#show(this.#next());
  }

  /** @returns {Result[]} newest last; of a flood only the newest, and all that this page sent */
  #next() {
    const batch = this.#waiting;
    this.#waiting = [];
    const flood = batch.length - PER_ROUND;
    const kept = batch.filter(({ result, live }, i) => i >= flood || !live || this.thumbnails?.get(result.id));
    return kept.map(({ result }) => result);
  }

  /** @param {Result[]} results newest last */
  #show(results) {
    const cards = part(this, "cards");
    cards.prepend(...results.map((result) => this.#card(result)).reverse());
    while (cards.children.length > MOST_CARDS) cards.lastElementChild.remove();
    part(this, "empty").hidden = true;
    part(this, "pause").hidden = false;
    setText(part(this, "total"), `${count(this.#total)} ${this.#total === 1 ? "image" : "images"}`);
  }

  /** @param {Result} result */
  #card(result) {
    const card = new ResultCardElement();
    card.result = result;
    this.#dress(card, result.id);
    return card;
  }

  /** @param {ResultCardElement} card @param {string} id */
  #dress(card, id) {
    const url = this.thumbnails?.get(id);
    if (url) card.thumbnail = url;
  }

  #tick() {
    const now = Date.now();
    for (const card of part(this, "cards").children) card.tick(now);
  }

  /** @returns {boolean} whether the wall's top is out of sight above */
  #reading() {
    return part(this, "cards").getBoundingClientRect().top < -READING;
  }

  #showNewer() {
    this.#pause(false);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
  }

  /** @param {boolean} paused */
  #pause(paused) {
    this.#paused = paused;
    part(this, "pause").setAttribute("aria-pressed", String(paused));
    setText(part(this, "pause-text"), paused ? "Resume" : "Pause");
    setIcon(part(this, "pause-icon"), paused ? "play" : "pause");
  }
}
