package io.sightline.engine.trace;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Map;

/**
 * Where spans go.
 *
 * @param endpoint the collector's URL for traces, for example {@code http://collector:4318/v1/traces}
 * @param headers sent with each request; may hold credentials
 * @param resource what the process is: {@code service.name} and the like
 */
public record TraceOptions(
    @JsonProperty(value = "endpoint", required = true) String endpoint,
    @JsonProperty(value = "headers", required = true) Map<String, String> headers,
    @JsonProperty(value = "resource", required = true) Map<String, String> resource)
    implements Serializable {

  @Override
  public String toString() {
    return "TraceOptions[" + endpoint + "]"; // without the headers' credentials
  }
}
