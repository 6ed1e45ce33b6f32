/**
 * <result-wall>: the newest results as cards, newest first. Feed it with `add`, and from below with `append`.
 * New cards wait while it is paused, or while somebody has scrolled down to read.
 *
 * Events: "older" when the button below the cards is pressed, "trimmed" when the oldest cards made room for new ones.
 */
import { part, setIcon, setText } from "../dom.js";
import { resultKey } from "../filter.js";
import { count } from "../format.js";
import { ResultCardElement } from "./result-card.js";

/** @typedef {import("../types.js").Result} Result */

/** Cards in the document; more would make scrolling and memory heavy on a phone. */
const MOST_CARDS = 200;
/** Cards of somebody who asks for older ones again and again. The rest is better read from an export. */
const MOST_READ = 1000;
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
  /** Brings what the store lacks. @type {import("../picture-loader.js").PictureLoader | null} */
  pictures = null;
  /** @type {{result: Result, live: boolean}[]} newest last */
  #waiting = [];
  /** Results that have a card or wait for one, by their key. @type {Set<string>} */
  #known = new Set();
  #paused = false;
  #filtered = false;
  #more = false;
  #total = 0;
  #room = MOST_CARDS;
  /** @type {number[]} */
  #timers = [];

  connectedCallback() {
    part(this, "pause").addEventListener("click", () => this.#pause(!this.#paused));
    part(this, "newer").addEventListener("click", () => this.#showNewer());
    part(this, "older").addEventListener("click", () => this.dispatchEvent(new CustomEvent("older")));
    this.#timers = [
      window.setInterval(() => this.#round(), ROUND),
      window.setInterval(() => this.#tick(), TICK),
    ];
  }

  disconnectedCallback() {
    this.#timers.forEach(clearInterval);
  }

  /** Whether there are older results than those shown. @param {boolean} more */
  set more(more) {
    this.#more = more;
    part(this, "older").hidden = !more || this.#cards.length === 0 || this.#cards.length >= MOST_READ;
    this.#count();
  }

  /** When the oldest of the cards was classified, in Unix ms; now without cards. */
  get oldest() {
    return this.#cards[this.#cards.length - 1]?.classifiedAt ?? Date.now();
  }

  /** @param {Result} result @param {boolean} live  false for those of before the page was opened */
  add(result, live) {
    if (!this.#learn(result)) return;
    this.#waiting.push({ result, live });
    if (this.#waiting.length > MOST_CARDS) this.#forget(this.#waiting.shift()?.result);
  }

  /** Puts older results below all cards. @param {Result[]} results newest first @returns {number} how many are new */
  append(results) {
    const fresh = results.filter((result) => this.#learn(result));
    part(this, "cards").append(...fresh.map((result) => this.#card(result)));
    this.#room = Math.max(MOST_CARDS, this.#cards.length);
    this.#settled();
    return fresh.length;
  }

  /** Begins anew. @param {boolean} filtered whether only some results will come */
  clear(filtered) {
    this.#filtered = filtered;
    this.#waiting = [];
    this.#known.clear();
    this.#total = 0;
    this.#room = MOST_CARDS;
    part(this, "cards").replaceChildren();
    for (const hook of ["nothing", "empty"]) part(this, hook).hidden = true;
    this.more = false;
  }

  /** Call when it is known that nothing has come so far. */
  settle() {
    const none = this.#total === 0;
    part(this, "empty").hidden = this.#filtered || !none;
    part(this, "nothing").hidden = !this.#filtered || !none;
    setText(part(this, "nothing"), "No result matches so far. New ones that do appear here.");
  }

  /** Older results could not be read. @param {string} detail */
  complain(detail) {
    part(this, "nothing").hidden = false;
    setText(part(this, "nothing"), detail);
  }

  /** @param {string} id of an image whose thumbnail has just arrived */
  showThumbnail(id) {
    for (const card of this.querySelectorAll(`result-card[data-id="${CSS.escape(id)}"]`)) {
      this.#dress(/** @type {ResultCardElement} */ (card), id);
    }
  }

  /** @returns {HTMLCollectionOf<ResultCardElement>} */
  get #cards() {
    return part(this, "cards").children;
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
    /** @type {Result[][]} */
    const [kept, passed] = [[], []];
    batch.forEach(({ result, live }, i) => {
      (i >= flood || !live || this.thumbnails?.get(result.id) ? kept : passed).push(result);
    });
    passed.forEach((result) => this.#forget(result));
    return kept;
  }

  /** @param {Result[]} results newest last */
  #show(results) {
    part(this, "cards").prepend(...results.map((result) => this.#card(result)).reverse());
    this.#trim();
    this.#settled();
  }

  #trim() {
    if (this.#cards.length <= this.#room) return;
    this.#room = MOST_CARDS; // whoever asked for older ones is back at the top
    while (this.#cards.length > this.#room) {
      const last = this.#cards[this.#cards.length - 1];
      this.#forget(last.result);
      last.remove();
    }
    this.dispatchEvent(new CustomEvent("trimmed"));
  }

  #settled() {
    if (this.#cards.length === 0) return;
    for (const hook of ["nothing", "empty"]) part(this, hook).hidden = true;
    part(this, "pause").hidden = false;
    this.more = this.#more;
  }

  #count() {
    const [number, one] = [`${count(this.#total)}${this.#filtered && this.#more ? "+" : ""}`, this.#total === 1];
    const words = this.#filtered ? `${number} matching` : `${number} ${one ? "image" : "images"}`;
    setText(part(this, "total"), this.#total ? words : "");
  }

  /** @param {Result} result @returns {boolean} whether it is new */
  #learn(result) {
    const key = resultKey(result);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    this.#total += 1;
    return true;
  }

  /** @param {Result | null | undefined} result that has no card any more */
  #forget(result) {
    if (result) this.#known.delete(resultKey(result));
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
    else this.pictures?.watch(card);
  }

  #tick() {
    const now = Date.now();
    for (const card of this.#cards) card.tick(now);
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
