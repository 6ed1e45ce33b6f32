/** The status of what is no longer kept. */
export const GONE = 410;

/** A request that did not succeed, in words fit for a person. */
export class Problem extends Error {
  /**
   * @param {{code: string, detail: string, status?: number, retryAfter?: number | null}} what
   *   `status` is 0 when no answer came; `retryAfter` is in seconds.
   */
  constructor({ code, detail, status = 0, retryAfter = null }) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether the gateway said that the same request may succeed a little later. */
  get temporary() {
    return this.status === 503 || this.status === 429;
  }

  /** Whether sending the same bytes once more makes sense at all. */
  get repeatable() {
    return this.status === 0 || this.status === 408 || this.status >= 500 || this.status === 429;
  }
}

/**
 * Reads an RFC 9457 problem document; anything else (a proxy's page, an empty body) becomes a plain sentence.
 *
 * @param {number} status
 * @param {unknown} body  the parsed JSON, or null
 * @param {string | null} retryAfter  the header, in seconds
 * @returns {Problem}
 */
export function problemFrom(status, body, retryAfter) {
  const document = /** @type {{code?: string, detail?: string, title?: string}} */ (body ?? {});
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  return new Problem({
    code: document.code ?? `http-${status}`,
    detail: document.detail ?? document.title ?? `The gateway answered with status ${status} and no explanation.`,
    status,
    retryAfter: Number.isFinite(seconds) ? seconds : null,
  });
}

/** @returns {Problem} for a request that got no answer */
export function noAnswer() {
  return new Problem({
    code: "no-answer",
    detail: "The connection to the gateway broke before it answered. Sending again is safe: it will not count twice.",
  });
}
