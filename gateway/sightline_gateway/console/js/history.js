/** Results of before the page was opened, for charts that reach back further than the page has been open. */
import { listResults } from "./api.js";
import { Problem } from "./problem.js";

/** Pages of the gateway's listing, the largest that it gives: a busy hour would take hundreds. */
const PAGES = 4;
const PAGE = 500;

/**
 * @param {number} since Unix ms
 * @param {number} until Unix ms
 * @returns {Promise<{results: import("./types.js").Result[], since: number}>} newest first; since: complete from then on
 */
export async function pastResults(since, until) {
  const results = [];
  /** @type {string | null} */
  let cursor = null;
  for (let page = 0; page < PAGES; page += 1) {
    const query = new URLSearchParams({ since: String(since), until: String(until), limit: String(PAGE), top: "1" });
    if (cursor) query.set("cursor", cursor);
    const answer = await listResults(query).catch((error) => {
      if (error instanceof Problem) return null;
      throw error;
    });
    if (!answer) break;
    results.push(...answer.results);
    cursor = answer.next;
    if (!cursor) return { results, since };
  }
  return { results, since: results.at(-1)?.classified_at ?? until };
}
