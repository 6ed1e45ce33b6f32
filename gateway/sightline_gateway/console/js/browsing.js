/**
 * What the wall shows: live results that match the filter, and the gateway's older ones below them.
 *
 * @typedef {import("./filter.js").Filter} Filter
 * @typedef {import("./types.js").Result} Result
 */
import { listResults } from "./api.js";
import { ANY, isAny, matches, toQuery } from "./filter.js";
import { Problem } from "./problem.js";

/** Results of a page of the gateway's listing. */
const PAGE = 60;
/** Pages read for one press of the button: one may hold nothing but what is shown already. */
const PAGES = 5;

export class Browsing {
  /** @type {Filter} */
  #filter = ANY;
  /** Where the listing goes on below the oldest card: a cursor, or a time; null: nothing older. */
  /** @type {Record<string, string> | null} */
  #below = null;
  /** Counts the choices, so that an answer to an earlier one is not shown. */
  #round = 0;
  #filled = false;

  /** @param {import("./elements/result-wall.js").ResultWallElement} wall @param {Filter} filter */
  constructor(wall, filter) {
    this.wall = wall;
    this.#filter = filter;
    wall.clear(!isAny(filter));
    wall.addEventListener("older", () => void this.#older());
    wall.addEventListener("trimmed", () => this.#goesOn({ until: String(wall.oldest + 1) }));
  }

  /** @param {Result} result @param {boolean} live */
  heard(result, live) {
    if (matches(this.#filter, result)) this.wall.add(result, live);
  }

  /** The newest results of all have been heard, also after a reconnect. @param {string | null} next their cursor */
  filled(next) {
    if (!isAny(this.#filter)) void this.apply(this.#filter); // the newest that match may be older
    else {
      if (!this.#filled) this.#goesOn(next === null ? null : { cursor: next });
      this.wall.settle();
    }
    this.#filled = true;
  }

  /** Shows what matches and nothing else. @param {Filter} filter */
  async apply(filter) {
    this.#filter = filter;
    this.#round += 1;
    this.wall.clear(!isAny(filter));
    await this.#read({});
  }

  async #older() {
    for (let page = 0; page < PAGES && this.#below; page += 1) {
      if (await this.#read(this.#below)) return;
    }
  }

  /** @param {Record<string, string>} place @returns {Promise<boolean>} whether there is something to see */
  async #read(place) {
    const round = this.#round;
    const query = { ...Object.fromEntries(toQuery(this.#filter)), limit: String(PAGE), ...place };
    const page = await listResults(new URLSearchParams(query)).catch((error) => {
      if (error instanceof Problem) return error;
      throw error;
    });
    if (round !== this.#round) return true; // another choice was made meanwhile
    if (page instanceof Problem) {
      this.wall.complain(page.detail);
      return true;
    }
    this.#goesOn(page.next === null ? null : { cursor: page.next });
    const fresh = this.wall.append(page.results);
    this.wall.settle();
    return fresh > 0;
  }

  /** @param {Record<string, string> | null} below */
  #goesOn(below) {
    this.#below = below;
    this.wall.more = below !== null;
  }
}
