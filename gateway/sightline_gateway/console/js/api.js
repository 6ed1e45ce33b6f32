/**
 * The gateway's HTTP API. Every address is relative to the page, so the console also works under a path prefix.
 *
 * @typedef {import("./types.js").Result} Result
 * @typedef {import("./types.js").Pending} Pending
 * @typedef {import("./types.js").Model} Model
 */
import { noAnswer, Problem, problemFrom } from "./problem.js";

/** What the gateway takes as a name; file systems allow no more either. */
const MOST_NAME_BYTES = 255;

/** Fires "key-needed" when the gateway wants to know who calls. */
export const access = new EventTarget();

/** @param {string} path @returns {URL} */
export const address = (path) => new URL(path, document.baseURI);

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
async function getJson(path) {
  const response = await get(path, "application/json");
  return response.json().catch(() => null);
}

/**
 * @param {string} path @param {string} accept @param {AbortSignal} [signal]
 * @returns {Promise<Response>} a good one; throws a Problem otherwise
 */
async function get(path, accept, signal) {
  const response = await fetch(address(path), { headers: { Accept: accept }, signal }).catch(() => {
    throw noAnswer();
  });
  if (response.ok) return response;
  throw refusal(response.status, await response.json().catch(() => null), response.headers.get("Retry-After"));
}

/** @param {number} status @param {unknown} body @param {string | null} retryAfter @returns {Problem} */
function refusal(status, body, retryAfter) {
  if (status === 401) access.dispatchEvent(new CustomEvent("key-needed"));
  return problemFrom(status, body, retryAfter);
}

/** Trades a key for a cookie: an EventSource sends no headers. @param {string} key */
export async function signIn(key) {
  const headers = { Authorization: `Bearer ${headerText(key)}` };
  const response = await fetch(address("v1/session"), { method: "POST", headers }).catch(() => {
    throw noAnswer();
  });
  if (!response.ok) throw problemFrom(response.status, await response.json().catch(() => null), null);
}

/** @returns {Promise<Model[]>} */
export const listModels = async () => (await getJson("v1/models")).models;

/**
 * @param {URLSearchParams} query  filters, limit and cursor of the listing
 * @returns {Promise<{results: Result[], next: string | null}>} newest first; next: the cursor of the page after
 */
export async function listResults(query) {
  const { images, next } = await getJson(`v1/images?${query}`);
  return { results: images, next };
}

/** @param {string} id @returns {Promise<Result | Pending>} */
export const findImage = (id) => getJson(`v1/images/${encodeURIComponent(id)}`);

/**
 * @param {string} id @param {"thumbnail" | "original"} kind @param {AbortSignal} [signal] gives up; that is a Problem, too
 * @returns {Promise<Blob>} as the gateway reads it back
 */
export async function readPicture(id, kind, signal) {
  const response = await get(`v1/images/${encodeURIComponent(id)}/${kind}`, "image/*, application/problem+json", signal);
  return response.blob().catch(() => {
    throw noAnswer();
  });
}

/**
 * @typedef {object} Upload
 * @property {Blob} body
 * @property {string} name
 * @property {string} model  empty for the gateway's default
 * @property {string} key  the Idempotency-Key: sending twice under one key counts once
 * @property {number} [wait]  seconds to wait for the result
 * @property {(fraction: number) => void} [onProgress]
 */

/**
 * Sends one image as a raw body. XMLHttpRequest, because fetch reports no upload progress.
 *
 * @param {Upload} upload
 * @returns {Promise<Result | Pending>}
 */
export function sendImage(upload) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", uploadAddress(upload.model));
    setHeaders(request, upload);
    request.upload.onprogress = (event) => upload.onProgress?.(event.total ? event.loaded / event.total : 0);
    request.onerror = () => reject(noAnswer());
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status < 300 && body) resolve(body);
      else reject(refusal(request.status, body, request.getResponseHeader("Retry-After")));
    };
    request.send(upload.body);
  });
}

/** @param {string} model @returns {URL} */
function uploadAddress(model) {
  const url = address("v1/images");
  if (model) url.searchParams.set("model", model);
  return url;
}

/** @param {XMLHttpRequest} request @param {Upload} upload */
function setHeaders(request, upload) {
  request.setRequestHeader("Content-Type", upload.body.type || "application/octet-stream");
  request.setRequestHeader("X-Image-Name", headerText(upload.name));
  request.setRequestHeader("Idempotency-Key", upload.key);
  if (upload.wait) request.setRequestHeader("Prefer", `wait=${upload.wait}`);
}

/**
 * A file name as the gateway takes it: printable, not empty, within the bytes of a file name. Screenshots on a Mac have a
 * narrow no-break space in theirs.
 *
 * @param {string} name @returns {string} UTF-8 with one character per byte, since headers are bytes
 */
export function headerText(name) {
  const tidy = name.replace(/[\p{C}\p{Z}]+/gu, " ").trim() || "unnamed";
  let bytes = new TextEncoder().encode(tidy);
  for (let end = tidy.length; bytes.length > MOST_NAME_BYTES; end -= 1) {
    bytes = new TextEncoder().encode(tidy.slice(0, end).replace(/[\ud800-\udbff]$/, ""));
  }
  return String.fromCharCode(...bytes);
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's HTML page: the status alone speaks
  }
}
