/** Traces across processes: W3C trace context, and spans sent to a collector by OTLP over HTTP. Off unless told where. */
package io.sightline.engine.trace;
