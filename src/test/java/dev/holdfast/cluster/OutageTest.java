package dev.holdfast.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The API server goes away for a while: it is told, and what changed meanwhile is made up for. */
class OutageTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Logger LOGGER = Logger.getLogger("dev.holdfast.cluster");

  private final MockApiServer api = new MockApiServer();
  private final CutLine line = new CutLine(api.server().getPort());
  private final KubernetesClient client =
      new KubernetesClientBuilder()
          .withConfig(
              new ConfigBuilder()
                  .withMasterUrl("http://127.0.0.1:" + line.port())
                  .withRequestTimeout(1_000)
                  .build())
          .build();
  private final Cluster cluster =
      new Cluster(client, Duration.ofMillis(200), Duration.ofSeconds(30));
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          lines.add(record.getLevel() + " " + record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void start() {
    LOGGER.addHandler(handler);
    api.create("{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {a: b}}}");
    cluster.start();
    await().until(cluster::isSynced);
    assertThat(labels()).isEqualTo(Map.of("a", "b"));
    lines.clear();
  }

  @AfterEach
  void stop() throws IOException {
    LOGGER.removeHandler(handler);
    cluster.close();
    client.close();
    line.close();
    api.close();
  }

  private Map<String, String> labels() {
    return cluster.facts("shop", JsonNodeFactory.instance.objectNode()).namespaceLabels();
  }

  private void label(String value) {
    api.client()
        .namespaces()
        .withName("shop")
        .edit(
            namespace -> {
              namespace.getMetadata().setLabels(Map.of("a", value));
              return namespace;
            });
  }

  private long said(String part) {
    return lines.stream().filter(said -> said.contains(part)).count();
  }

  @Test
  void each_outage_is_told_once_by_the_log_and_of_each_kind_by_health() {
    for (int outage = 1; outage <= 2; outage++) {
      line.cut();
      await()
          .atMost(PATIENCE)
          .until(() -> cluster.problems().keySet().containsAll(cluster.kinds()));
      assertThat(cluster.isSynced()).as("what is known serves").isTrue();
      assertThat(labels()).isNotEmpty();
      label("during-" + outage);

      line.mend();
      int number = outage;
      await().atMost(PATIENCE).until(() -> said("is followed again") == number);
      assertThat(cluster.problems()).isEmpty();
      assertThat(labels()).isEqualTo(Map.of("a", "during-" + outage));
      label("after-" + outage);
      await().atMost(PATIENCE).until(() -> labels().equals(Map.of("a", "after-" + number)));

      assertThat(said("WARN")).as("%s", lines).isEqualTo(outage);
      assertThat(said("the cluster is not followed for the moment")).isEqualTo(outage);
    }
  }

  @Test
  void a_connection_that_has_died_in_silence_is_replaced() {
    line.goSilent();
    label("c");

    await().atMost(PATIENCE).until(() -> labels().equals(Map.of("a", "c")));
    await().atMost(PATIENCE).until(() -> said("is followed again") == 1);
    assertThat(said("the cluster is not followed for the moment")).isEqualTo(1);
    assertThat(cluster.problems()).isEmpty();
  }

  @Test
  void a_start_without_an_api_server_is_made_up_for_at_once() {
    line.cut();
    try (Cluster other = new Cluster(client, Duration.ofMillis(200), Duration.ofHours(1))) {
      other.start();
      await().atMost(PATIENCE).until(() -> other.problems().containsKey("nodes"));

      line.mend();

      await().atMost(Duration.ofSeconds(5)).until(other::isSynced);
    }
  }

  @Test
  void closing_says_nothing_of_kinds_that_were_not_known_yet() {
    Cluster other = new Cluster(client, Duration.ofMillis(200), Duration.ofSeconds(30));
    other.start();

    other.close();

    assertThat(said("WARN")).as("%s", lines).isZero();
  }

  @Test
  void a_refusal_that_passes_does_not_stop_what_is_followed() {
    AtomicInteger refused = new AtomicInteger();
    api.server()
        .expect()
        .get()
        .withPath("/api/v1/namespaces?limit=1")
        .andReply(
            403,
            request -> {
              refused.incrementAndGet();
              return Map.of("kind", "Status", "apiVersion", "v1", "code", 403);
            })
        .times(2);
    await().atMost(PATIENCE).until(() -> refused.get() == 2);
    label("c");

    await().atMost(Duration.ofSeconds(2)).until(() -> labels().equals(Map.of("a", "c")));
    assertThat(cluster.problems()).isEmpty();
    assertThat(said("INFO") + said("WARN")).as("%s", lines).isZero();
  }

  @Test
  void a_refusal_that_stays_is_told() {
    for (String limit : List.of("1", "500")) {
      api.server()
          .expect()
          .get()
          .withPath("/api/v1/namespaces?limit=" + limit)
          .andReturn(403, Map.of("kind", "Status", "apiVersion", "v1", "code", 403))
          .always();
    }

    await().atMost(PATIENCE).until(() -> said("namespaces cannot be read") == 1);
    assertThat(cluster.problems()).containsEntry("namespaces", "not permitted (403)");
    assertThat(labels()).as("what is known serves").isEqualTo(Map.of("a", "b"));
  }

  @Test
  void a_kind_that_is_not_served_has_no_line_of_its_own_in_an_outage() {
    assertThat(cluster.problems()).isEmpty();
    for (String limit : List.of("1", "500")) {
      refusePolicies(limit);
    }
    await()
        .atMost(PATIENCE)
        .until(() -> cluster.problems().containsValue("not served (404)") && said("WARN") > 0);
    await().atMost(PATIENCE).until(() -> cluster.policies().isEmpty());
    lines.clear();

    line.cut();
    await().atMost(PATIENCE).until(() -> cluster.problems().keySet().containsAll(cluster.kinds()));
    line.mend();
    await().atMost(PATIENCE).until(() -> said("is followed again") == 1);
    await().atMost(PATIENCE).until(() -> cluster.problems().size() == 1);

    assertThat(said("hardeningpolicies cannot be read")).as("%s", lines).isZero();
  }

  private void refusePolicies(String limit) {
    api.server()
        .expect()
        .get()
        .withPath("/apis/holdfast.dev/v1alpha1/hardeningpolicies?limit=" + limit)
        .andReturn(404, Map.of("kind", "Status", "apiVersion", "v1", "code", 404))
        .always();
  }
}
