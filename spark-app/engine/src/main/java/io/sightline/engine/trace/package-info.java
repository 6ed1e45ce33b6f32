/** Traces across processes: W3C trace context, and spans sent by OTLP over HTTP. Off unless told where. */
package io.sightline.engine.trace;
