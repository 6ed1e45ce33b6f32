package io.sightline.engine.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SpanSenderTest {
  private static final Traceparent PARENT =
      Traceparent.parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

  private final List<byte[]> bodies = Collections.synchronizedList(new ArrayList<>());
  private final List<String> headers = Collections.synchronizedList(new ArrayList<>());
  private volatile int status = 200;
  private HttpServer server;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/traces", this::take);
    server.start();
  }

  @AfterEach
  void close() {
    server.stop(0);
  }

  private void take(HttpExchange exchange) throws IOException {
    bodies.add(exchange.getRequestBody().readAllBytes());
    headers.add(exchange.getRequestHeaders().getFirst("Authorization"));
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  /** Without the thread that sends now and then: it cuts what waits into requests as it comes. */
  private SpanSender sender() {
    return new SpanSender(options(), Duration.ofMinutes(1));
  }

  private TraceOptions options() {
    String endpoint = "http://127.0.0.1:" + server.getAddress().getPort() + "/v1/traces";
    return new TraceOptions(endpoint, Map.of("Authorization", "Bearer secret"), Map.of("service.name", "eyes"));
  }

  private static Span span(String error) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("text", "a \"b\"");
    attributes.put("whole", 7L);
    attributes.put("part", 0.5);
    Traceparent place = new Traceparent(PARENT.traceId(), "00f067aa0ba902b7", "01");
    return new Span(place, PARENT.spanId(), "process images", 1_795_323_600_123_456_789L, 2, attributes, error);
  }

  private JsonNode sent(int request) throws IOException {
    return new ObjectMapper().readTree(bodies.get(request)).path("resourceSpans").path(0);
  }

  @Test
  void sendsSpansAsOtlpHasThem() throws IOException {
    SpanSender sender = sender();
    sender.send(span(null));
    sender.send(span("no such model"));
    sender.flush();

    assertEquals(List.of("Bearer secret"), headers);
    assertEquals(
        "{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"eyes\"}}]}",
        sent(0).path("resource").toString());
    JsonNode spans = sent(0).path("scopeSpans").path(0).path("spans");
    String common =
        "{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"00f067aa0ba902b7\","
            + "\"parentSpanId\":\"b7ad6b7169203331\",\"name\":\"process images\",\"kind\":5,"
            + "\"startTimeUnixNano\":\"1795323600123456789\",\"endTimeUnixNano\":\"2\",\"attributes\":["
            + "{\"key\":\"text\",\"value\":{\"stringValue\":\"a \\\"b\\\"\"}},"
            + "{\"key\":\"whole\",\"value\":{\"intValue\":\"7\"}},"
            + "{\"key\":\"part\",\"value\":{\"doubleValue\":0.5}}]";
    assertEquals(common + "}", spans.path(0).toString());
    assertEquals(common + ",\"status\":{\"code\":2,\"message\":\"no such model\"}}", spans.path(1).toString());
  }

  @Test
  void sendsMoreThanARequestHolds() throws IOException {
    SpanSender sender = sender();
    for (int i = 0; i < 600; i++) {
      sender.send(span(null));
    }
    sender.flush();

    int spans = 0;
    for (int i = 0; i < bodies.size(); i++) {
      spans += sent(i).path("scopeSpans").path(0).path("spans").size();
    }
    assertEquals(600, spans);
    assertTrue(bodies.size() >= 2);
  }

  /** Spans of a time without a collector are lost, and nothing else: no caller waits and none sees an error. */
  @Test
  void goesOnAfterACollectorThatRefused() throws IOException {
    SpanSender sender = sender();
    status = 503;
    for (int i = 0; i < 10_000; i++) {
      sender.send(span(null));
    }
    sender.flush();
    status = 200;
    sender.flush();
    int before = bodies.size();
    sender.send(span(null));
    sender.flush();

    assertEquals(before + 1, bodies.size());
    assertEquals(1, sent(before).path("scopeSpans").path(0).path("spans").size());
  }

  /** What throws out of a scheduled task ends it: a single span of which nothing can be written ended all, silently. */
  @Test
  void goesOnAfterASpanThatCannotBeWritten() throws Exception {
    SpanSender sender = SpanSender.of(options());
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("nothing", null);
    sender.send(new Span(PARENT, PARENT.spanId(), "process images", 1, 2, attributes, null));
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (bodies.isEmpty()) {
      assertTrue(System.nanoTime() < end, "the sender's own thread has ended");
      sender.send(span(null));
      Thread.sleep(20);
    }
  }

  @Test
  void goesOnWithoutACollector() {
    for (String endpoint : List.of("http://127.0.0.1:1/v1/traces", "no URL", "ftp://here/v1/traces")) {
      SpanSender sender = SpanSender.of(new TraceOptions(endpoint, Map.of(), Map.of()));
      sender.send(span(null));
      sender.flush();
    }
  }
}
