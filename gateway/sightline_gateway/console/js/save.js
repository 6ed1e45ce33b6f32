/** Keeps an image's file, as the gateway reads it back from Kafka. */
import { readPicture } from "./api.js";
import { GONE, Problem } from "./problem.js";

/** The browser has taken the file over long before this (ms). */
const TAKEN = 60_000;

/** @param {import("./types.js").Result} result @param {(words: string) => void} say how it goes */
export async function saveImage(result, say) {
  say("Reading it back …");
  try {
    offer(await readPicture(result.id, "original"), fileName(result));
    say("");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(error.status === GONE ? "Kafka no longer has it." : error.detail);
  }
}

/** @param {Blob} blob @param {string} name */
function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), TAKEN);
}

/** The last part of the name it came with: folders are not made anew. @param {import("./types.js").Result} result */
const fileName = ({ name, id }) => name?.split("/").at(-1) || id;
