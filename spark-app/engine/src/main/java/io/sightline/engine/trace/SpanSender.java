package io.sightline.engine.trace;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends spans to a collector from a thread of its own. Classifying never waits for it: spans that a slow or absent
 * collector leaves no room for are dropped, and the log says how many.
 */
public final class SpanSender {
  private static final Logger LOG = LoggerFactory.getLogger(SpanSender.class);
  private static final Map<TraceOptions, SpanSender> SHARED = new ConcurrentHashMap<>();

  /** Some 2 MB; fewer are dropped at the first pause of a collector, more only hold memory while it is away. */
  private static final int ROOM = 4096;

  /** Some 300 kB a request; collectors refuse requests of more than 4 MB by default. */
  private static final int MOST_A_REQUEST = 512;

  /** How late a span is seen at most; more often costs requests of a handful of spans. */
  private static final Duration EVERY = Duration.ofSeconds(1);

  /** A collector that takes longer is as good as absent; the JVM's end waits this long for the last request. */
  private static final Duration LIMIT = Duration.ofSeconds(3);

  private final TraceOptions options;
  private final BlockingQueue<Span> waiting = new ArrayBlockingQueue<>(ROOM);
  private final AtomicLong dropped = new AtomicLong();
  private final Duration limit;
  private final HttpClient client;
  private boolean failing;

  /**
   * One that sends when it is told to.
   *
   * @param limit how long a request may take
   */
  SpanSender(TraceOptions options, Duration limit) {
    this.options = options;
    this.limit = limit;
    this.client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(limit).build();
  }

  /** The sender of these options, one per JVM; sends by itself. */
  public static SpanSender of(TraceOptions options) {
    return SHARED.computeIfAbsent(options, SpanSender::start);
  }

  private static SpanSender start(TraceOptions options) {
    SpanSender sender = new SpanSender(options, LIMIT);
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread made = new Thread(task, "spans");
              made.setDaemon(true);
              return made;
            });
    thread.scheduleWithFixedDelay(sender::flush, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
    Runtime.getRuntime().addShutdownHook(new Thread(sender::flush, "last spans"));
    return sender;
  }

  /** Hands {@code span} over; returns at once. */
  public void send(Span span) {
    if (!waiting.offer(span)) {
      dropped.incrementAndGet();
    }
  }

  /** Sends all that waits; returns at the first request that fails, whose spans are lost. */
  synchronized void flush() {
    List<Span> next = new ArrayList<>();
    while (waiting.drainTo(next, MOST_A_REQUEST) > 0) {
      String trouble = post(next);
      report(trouble, next.size());
      if (trouble != null) {
        return;
      }
      next.clear();
    }
  }

  /** Null when the collector took it, else why not. */
  private String post(List<Span> spans) {
    try {
      byte[] body = OtlpJson.write(options.resource(), spans);
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(options.endpoint()))
              .timeout(limit)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofByteArray(body));
      options.headers().forEach(request::setHeader);
      int status = client.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
      return status / 100 == 2 ? null : "it answered " + status;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } catch (IOException | RuntimeException e) {
      // No connection; a URL or header that HTTP does not allow; a span that cannot be written. A scheduled task that
      // throws is never run again, and nobody hears of it.
      return e.toString();
    }
  }

  /** Says once that spans are lost, and once that they are no more. */
  private void report(String trouble, int spans) {
    if (trouble != null) {
      dropped.addAndGet(spans);
      if (!failing) {
        LOG.warn("Spans are lost on their way to the collector at {}: {}", options.endpoint(), trouble);
      }
    } else {
      long lost = dropped.getAndSet(0);
      if (lost > 0) {
        LOG.warn("{} spans were lost", lost);
      }
    }
    failing = trouble != null;
  }
}
