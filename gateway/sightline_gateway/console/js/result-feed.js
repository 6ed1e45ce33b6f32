/**
 * Every result this page hears of, each once: the recent ones first, then live ones from the event stream.
 *
 * Events: "result" (detail {result, live}), "state" (detail "connecting" | "live" | "reconnecting"), and "filled" once
 * the results of before are in (detail {next: cursor of those before them, or null}).
 *
 * @typedef {import("./types.js").Result} Result
 */
import { address, listResults } from "./api.js";
import { resultKey } from "./filter.js";
import { Problem } from "./problem.js";

/** How many results to ask for when the page opens and after a broken connection. */
const FILL = 60;
/** How many results are remembered to tell repeats; a repeat older than this would be shown again. */
const REMEMBERED = 2000;
/** First and longest pause before a closed stream is opened anew, in ms. */
const PAUSE = { first: 1000, longest: 15_000 };

export class ResultFeed extends EventTarget {
  /** @type {Map<string, Result>} */
  #seen = new Map();
  /** @type {Map<string, Result>} by image id */
  #byId = new Map();
  #pause = PAUSE.first;
  /** @type {EventSource | null} */
  #source = null;

  /** Opens the stream; from then on it reopens by itself. */
  start() {
    this.#source?.close();
    const source = new EventSource(address("v1/results/stream"));
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#broke(source);
    source.addEventListener("result", (event) => this.ingest(JSON.parse(event.data), true));
  }

  /**
   * The one door for results, whatever brought them. A repeat is ignored.
   *
   * @param {Result} result
   * @param {boolean} live  false for those of before the page was opened
   */
  ingest(result, live) {
    const key = resultKey(result);
    if (this.#seen.has(key)) return;
    remember(this.#seen, key, result);
    remember(this.#byId, result.id, result);
    this.dispatchEvent(new CustomEvent("result", { detail: { result, live } }));
  }

  /** @param {string} id @returns {Result | undefined} */
  find(id) {
    return this.#byId.get(id);
  }

  #opened() {
    this.#pause = PAUSE.first;
    this.#say("live");
    void this.#fill(); // also after a reconnect: closes the gap when the stream could not resume
  }

  async #fill() {
    const before = this.#seen.size > 0;
    const query = new URLSearchParams({ limit: String(FILL) });
    const { results, next } = await listResults(query).catch((error) => {
      if (error instanceof Problem) return { results: [], next: null }; // the stream is up, so live results still come
      throw error;
    });
    for (const result of results.reverse()) this.ingest(result, before);
    this.dispatchEvent(new CustomEvent("filled", { detail: { next } }));
  }

  /** The browser retries a dropped connection itself, but not an answer such as 502. @param {EventSource} source */
  #broke(source) {
    this.#say("reconnecting");
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => this.start(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, PAUSE.longest);
  }

  /** @param {"live" | "reconnecting"} state */
  #say(state) {
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}

/** @param {Map<string, Result>} map @param {string} key @param {Result} result */
function remember(map, key, result) {
  map.set(key, result);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value ?? key);
}
