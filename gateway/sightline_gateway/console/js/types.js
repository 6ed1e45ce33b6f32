/**
 * The documents the gateway sends, as this page reads them. Times are Unix milliseconds.
 *
 * @typedef {{index: number, label: string, probability: number}} Prediction
 * @typedef {{code: string, detail: string}} ErrorInfo
 * @typedef {{queue: number, decode: number, inference: number}} Timing  milliseconds
 *
 * @typedef {object} Result
 * @property {string} id
 * @property {"classified" | "failed"} status
 * @property {{name: string, version: string | null}} model
 * @property {string | null} precision  f32, bf16 or int8
 * @property {string | null} engine  onednn or bigdl
 * @property {string | null} [trace_id]  32 hexadecimal digits
 * @property {Prediction[]} predictions  best first, at most five
 * @property {string | null} stream
 * @property {string | null} name  file or frame name
 * @property {string} source  http, tcp, udp or device
 * @property {number} accepted_at
 * @property {number} classified_at
 * @property {Timing} timing_ms
 * @property {ErrorInfo | null} error
 * @property {string | null} [trace_id]  of its OpenTelemetry trace
 *
 * @typedef {{id: string, status: "pending", name: string | null}} Pending
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {string} version
 * @property {number} labels  how many there are
 * @property {{channels: number, height: number, width: number}} input
 * @property {string} licence
 * @property {Record<string, number>} metrics
 * @property {boolean} default
 */
export {};
