package io.sightline.engine.trace;

import java.util.Map;

/**
 * A piece of work that is over.
 *
 * @param place its own place in the trace
 * @param parent the id of the span that it belongs below
 * @param begun Unix time in nanoseconds
 * @param ended Unix time in nanoseconds
 * @param attributes strings, longs and doubles by name
 * @param error why it failed, or null
 */
public record Span(
    Traceparent place,
    String parent,
    String name,
    long begun,
    long ended,
    Map<String, Object> attributes,
    String error) {}
