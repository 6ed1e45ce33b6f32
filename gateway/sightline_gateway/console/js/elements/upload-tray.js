/**
 * <upload-tray>: how the uploads fare as a whole, and a row for each of the latest.
 *
 * Events: "retry" (detail: an Item), "stop", and "finished" (detail: the outcome in words) after many.
 */
import { part, setText, stamp } from "../dom.js";
import { bigPercent, count, duration, rate, shortLabel } from "../format.js";
import { UploadTally } from "../upload-tally.js";

/** @typedef {import("../upload-queue.js").Item} Item */

/** More rows are of no use to anybody; the numbers count all, and the wall has the results. */
const MOST_ROWS = 40;
/** Whose row goes first when there is no room: what failed stays longest. */
const EXPENDABLE = ["done", "stopped", "queued", "waiting", "refused", "pausing", "sending"];
/** From this many on the whole is shown as one bar. */
const MANY = 5;

export class UploadTrayElement extends HTMLElement {
  /** @type {Map<Item, HTMLElement>} */
  #rows = new Map();
  #tally = new UploadTally();
  #frame = 0;
  #running = false;

  /** Whether there are too many to speak of each. */
  get many() {
    return this.#tally.total >= MANY;
  }

  connectedCallback() {
    part(this, "clear").addEventListener("click", () => this.#clear());
    part(this, "stop").addEventListener("click", () => this.dispatchEvent(new CustomEvent("stop")));
    part(this, "again").addEventListener("click", () => [...this.#tally.repeatable].forEach((item) => this.#retry(item)));
  }

  /** Shows what is new about the item. @param {Item} item @param {string | null} thumbnail an object URL */
  update(item, thumbnail) {
    this.#tally.update(item, Date.now());
    const row = this.#rows.get(item) ?? this.#add(item);
    if (row) this.#show(row, item, thumbnail);
    this.#frame ||= requestAnimationFrame(() => this.#summarise()); // thousands of changes, one layout
  }

  /** @param {HTMLElement} row @param {Item} item @param {string | null} thumbnail */
  #show(row, item, thumbnail) {
    row.dataset.state = item.result?.status === "failed" ? "refused" : item.state;
    setText(part(row, "state"), stateWords(item));
    showPicture(part(row, "thumb"), thumbnail);
    showProgress(part(row, "progress"), item);
    showTrouble(part(row, "trouble"), item);
    part(row, "retry").hidden = !(item.state === "refused" && item.problem?.repeatable);
  }

  /** @param {Item} item @returns {HTMLElement | null} null when there is no room for one that waits or was stopped */
  #add(item) {
    if (this.#rows.size >= MOST_ROWS && ["queued", "stopped"].includes(item.state)) return null;
    this.#makeRoom();
    const row = /** @type {HTMLElement} */ (stamp("upload-template").firstElementChild);
    part(row, "name").textContent = item.name;
    part(row, "name").title = item.name;
    part(row, "progress").setAttribute("aria-label", `Sending ${item.name}`);
    part(row, "retry").addEventListener("click", () => this.#retry(item));
    part(this, "rows").prepend(row);
    this.#rows.set(item, row);
    return row;
  }

  #makeRoom() {
    if (this.#rows.size < MOST_ROWS) return;
    const items = [...this.#rows.keys()]; // oldest first
    for (const state of EXPENDABLE) {
      const leaver = items.find((item) => item.state === state);
      if (leaver) return this.#remove(leaver);
    }
  }

  /** @param {Item} item */
  #retry(item) {
    this.dispatchEvent(new CustomEvent("retry", { detail: item }));
  }

  #clear() {
    for (const item of [...this.#rows.keys()]) if (item.finished) this.#remove(item);
    this.#tally.clear();
    this.#summarise();
  }

  /** @param {Item} item */
  #remove(item) {
    this.#rows.get(item)?.remove();
    this.#rows.delete(item);
  }

  #summarise() {
    this.#frame = 0;
    const { counts, total, finished, repeatable } = this.#tally;
    const running = counts.open > 0;
    if (this.#running && !running && this.many) this.dispatchEvent(new CustomEvent("finished", { detail: outcome(counts) }));
    this.#running = running;
    this.hidden = total === 0;
    setText(part(this, "summary"), running ? `${count(finished)} of ${count(total)} done` : outcome(counts));
    part(this, "stop").hidden = !running || !this.many;
    part(this, "again").hidden = running || repeatable.size < 2;
    part(this, "clear").hidden = finished === 0 || !part(this, "stop").hidden;
    this.#showWhole(running && this.many, finished / Math.max(1, total));
  }

  /** @param {boolean} visible @param {number} share */
  #showWhole(visible, share) {
    const pace = visible ? this.#tally.pace(Date.now()) : null;
    part(this, "whole").hidden = !visible;
    part(this, "whole").value = share;
    part(this, "pace").hidden = pace === null;
    if (pace) setText(part(this, "pace"), `${rate(pace.perSecond)}/s, about ${duration(Math.ceil(pace.left / 1000) * 1000)} left`);
  }
}

/** @param {UploadTally["counts"]} counts none open @returns {string} */
function outcome({ classified, failed, stopped }) {
  const parts = [`${count(classified)} classified`];
  if (failed) parts.push(`${count(failed)} not`);
  if (stopped) parts.push(`${count(stopped)} not sent`);
  return parts.join(", ");
}

/** @param {Item} item @returns {string} */
function stateWords({ state, result, slow, sent, problem }) {
  if (state === "queued") return "queued";
  if (state === "sending") return sent >= 1 ? "storing" : "sending";
  if (state === "pausing") return `trying again in ${problem?.retryAfter ?? 2} s`;
  if (state === "waiting") return slow ? "still waiting" : "classifying";
  if (state === "stopped") return "not sent";
  const best = result?.predictions[0];
  return best ? `${shortLabel(best.label)} ${bigPercent(best.probability)}` : "not classified";
}

/** @param {HTMLElement} box @param {string | null} url */
function showPicture(box, url) {
  if (!url || box.querySelector("img")) return;
  const image = new Image();
  image.src = url;
  image.alt = "";
  box.replaceChildren(image);
}

/** @param {HTMLProgressElement} bar @param {Item} item */
function showProgress(bar, item) {
  bar.hidden = item.finished;
  if (item.state === "sending" && item.sent < 1) bar.value = item.sent;
  else if (item.state === "queued") bar.value = 0;
  else bar.removeAttribute("value"); // the waiting is somebody else's: no share to show
}

/** @param {HTMLElement} line @param {Item} item */
function showTrouble(line, { problem, result, slow, state }) {
  const late = "Safe in Kafka, but there is no result yet. Is the classifier running? The result will appear here when it comes.";
  const refused = state === "stopped" ? "" : problem?.detail;
  const text = refused ?? result?.error?.detail ?? (slow && state === "waiting" ? late : "");
  setText(line, text);
  line.hidden = !text;
}
