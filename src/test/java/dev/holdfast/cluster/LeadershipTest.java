package dev.holdfast.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeadershipTest {
  private final AtomicInteger tried = new AtomicInteger();
  private final ScheduledExecutorService elections = Executors.newSingleThreadScheduledExecutor();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** Answers are withheld while it is closed. */
  private volatile CountDownLatch answers = new CountDownLatch(0);

  private volatile byte[] lease;
  private HttpServer server;
  private KubernetesClient client;

  /** An API server without a Lease, and a client that times out when it creates it first. */
  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
    client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder()
                    .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .withHttpClientBuilderConsumer(
                http -> http.addOrReplaceInterceptor("times-out", new TimesOut()))
            .build();
  }

  @AfterEach
  void stop() {
    answers.countDown();
    client.close();
    server.stop(0);
    threads.shutdownNow();
    elections.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    try {
      answers.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (exchange.getRequestMethod().equals("GET")) {
      if (lease == null) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      body = lease;
    } else {
      lease = body;
    }
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(
        exchange.getRequestMethod().equals("POST") ? 201 : 200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /** What the client throws when its event loop is too busy to see the time-out itself. */
  private final class TimesOut implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      if (request.method().equals("POST") && tried.incrementAndGet() == 1) {
        throw new KubernetesClientException(null, new TimeoutException());
      }
    }
  }

  @Test
  void leads_although_a_request_timed_out_without_a_word() {
    try (Leadership leadership = new Leadership(client, "holdfast-system", "me", elections)) {
      leadership.start();
      await().atMost(Duration.ofSeconds(30)).until(leadership::isLeading);
      assertThat(tried).hasValueGreaterThan(1);
    }
  }

  @Test
  void leads_no_more_once_the_last_renewal_is_too_old_although_a_call_hangs() {
    Duration deadline = Duration.ofSeconds(2);
    try (Leadership leadership = new Leadership(client, "ns", "me", deadline, elections)) {
      leadership.start();
      await().atMost(Duration.ofSeconds(30)).until(leadership::isLeading);

      answers = new CountDownLatch(1);
      await().atMost(deadline.plusMillis(500)).until(() -> !leadership.isLeading());

      answers.countDown();
      await().atMost(Duration.ofSeconds(30)).until(leadership::isLeading);
    }
  }

  @Test
  void closing_does_not_wait_for_an_api_server_that_does_not_answer() {
    Leadership leadership = new Leadership(client, "ns", "me", elections);
    leadership.start();
    await().atMost(Duration.ofSeconds(30)).until(leadership::isLeading);
    answers = new CountDownLatch(1);

    assertTimeout(Duration.ofSeconds(4), leadership::close);

    assertThat(leadership.isLeading()).isFalse();
  }
}
