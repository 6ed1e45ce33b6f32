/** Speaks to screen readers through one polite live region, a few words at a time. */

/** Messages within this time (ms) become one, so that a burst of results does not drown the reader. */
const GATHER = 600;
/** More than this many at once are only counted. */
const MOST = 3;

export class Announcer {
  /** @type {string[]} */
  #messages = [];
  #timer = 0;

  /** @param {Element} region */
  constructor(region) {
    this.region = region;
  }

  /** @param {string} message */
  say(message) {
    this.#messages.push(message);
    this.#timer ||= window.setTimeout(() => this.#speak(), GATHER);
  }

  #speak() {
    const more = this.#messages.length - MOST;
    const shown = this.#messages.slice(0, MOST);
    if (more > 0) shown.push(`and ${more} more`);
    this.region.textContent = shown.join(". ");
    this.#messages = [];
    this.#timer = 0;
  }
}
