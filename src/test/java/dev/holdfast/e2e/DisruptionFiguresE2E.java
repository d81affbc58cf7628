package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ListMeta;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * What disruption budgets cost in a large cluster; docs/benchmarks.md says how to run it. The
 * Deployments are paused, so that no pods are made: what is measured is Holdfast. With {@code
 * -Dholdfast.figures.replicas=N}, each has so many pods.
 */
@EnabledIfSystemProperty(named = "holdfast.figures", matches = "\\d+")
class DisruptionFiguresE2E {
  private static final int WORKLOADS = Integer.getInteger("holdfast.figures", 0);
  private static final int REPLICAS = Integer.getInteger("holdfast.figures.replicas", 0);
  private static final int NAMESPACES = 100;
  private static final int CHANGES = Math.min(500, WORKLOADS / 4);
  private static final int PAUSED_REPLICAS = 3;
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final String PREFIX = "holdfast-figures-";

  @TempDir Path folder;

  @Test
  void many_workloads() throws Exception {
    Config config = new ConfigBuilder(Config.autoConfigure(null)).build();
    try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build();
        RunningHoldfast holdfast =
            new RunningHoldfast(folder)
                .role("controller")
                // what the image has
                .with("MALLOC_ARENA_MAX", "2")
                .with(
                    "JAVA_TOOL_OPTIONS",
                    "-XX:Flags=" + Path.of("src/images/jvm.flags").toAbsolutePath())
                .with("HOLDFAST_DISRUPTION_CALM", "1s")
                .with("HOLDFAST_DISRUPTION_RESYNC_PERIOD", "10s")) {
      client
          .resource(Files.readString(Path.of("deploy/crd/hardeningpolicies.holdfast.dev.yaml")))
          .forceConflicts()
          .serverSideApply();
      client
          .resource(Files.readString(Path.of("deploy/default/policy.yaml")))
          .forceConflicts()
          .serverSideApply();
      client
          .resource(Files.readString(Path.of("deploy/default/namespace.yaml")))
          .forceConflicts()
          .serverSideApply();
      long began = System.nanoTime();
      inParallel(client, WORKLOADS);
      if (REPLICAS > 0) {
        await()
            .atMost(LONG)
            .pollInterval(Duration.ofSeconds(5))
            .until(() -> pods(client) >= (long) WORKLOADS * REPLICAS);
      }
      System.out.printf(
          "%d Deployments and %d pods made in %d s%n",
          WORKLOADS, WORKLOADS * REPLICAS, seconds(began));

      began = System.nanoTime();
      holdfast.launch();
      await().atMost(LONG).until(holdfast::isReady);
      await().atMost(LONG).until(() -> holdfast.log().contains("looks after budgets"));
      long ready = seconds(began);
      await().atMost(LONG).until(() -> applied(holdfast) >= WORKLOADS);
      System.out.printf(
          "first pass: %d s from the start of the process, of which %d s until it looks after"
              + " budgets%n",
          seconds(began), ready);
      System.out.println("RSS " + rss(holdfast));

      awaitQuiet(holdfast);
      Handled before = Handled.by(holdfast);
      for (int i = 0; i < CHANGES; i++) {
        client.apps().deployments().inNamespace(namespace(i)).withName("web-" + i).scale(1);
      }
      await().atMost(LONG).until(() -> deleted(holdfast) >= CHANGES);
      System.out.println(
          CHANGES + " Deployments scaled to one: " + Handled.by(holdfast).since(before));

      double writes = holdfast.sum("holdfast_disruption_writes_total");
      await().pollDelay(Duration.ofSeconds(60)).atMost(LONG).until(() -> true);
      assertThat(holdfast.sum("holdfast_disruption_writes_total"))
          .as("writes during six passes over everything")
          .isEqualTo(writes);
      System.out.println("no write in six passes; RSS " + rss(holdfast));
    } finally {
      try (KubernetesClient client = new KubernetesClientBuilder().build()) {
        for (int i = 0; i < NAMESPACES; i++) {
          client.namespaces().withName(PREFIX + i).delete();
        }
      }
    }
  }

  private static long pods(KubernetesClient client) {
    ListMeta list =
        client
            .pods()
            .inAnyNamespace()
            .list(new ListOptionsBuilder().withLimit(1L).build())
            .getMetadata();
    return list.getRemainingItemCount() == null ? 1 : list.getRemainingItemCount() + 1;
  }

  private static String namespace(int workload) {
    return PREFIX + workload % NAMESPACES;
  }

  private static void inParallel(KubernetesClient client, int count) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(16);
    for (int i = 0; i < NAMESPACES; i++) {
      String name = PREFIX + i;
      client
          .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
          .serverSideApply();
    }
    for (int i = 0; i < count; i++) {
      String document =
          """
          ---
          {apiVersion: apps/v1, kind: Deployment, metadata: {name: web-%d, namespace: %s},
           spec: {paused: %b, replicas: %d, selector: {matchLabels: {app: web-%d, team: shop}},
             template: {metadata: {labels: {app: web-%d, team: shop, tier: frontend}},
               spec: {containers: [{name: app, image: "registry.example/app:1", ports: [{containerPort: 8080}]}]}}}}
          """
              .formatted(
                  i, namespace(i), REPLICAS == 0, REPLICAS == 0 ? PAUSED_REPLICAS : REPLICAS, i, i);
      threads.execute(() -> client.resource(document).serverSideApply());
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(
            client
                .apps()
                .deployments()
                .inNamespace(PREFIX + 0)
                .list(new ListOptionsBuilder().build())
                .getItems())
        .hasSize(count / NAMESPACES);
  }

  /** The disruption controller counts for each new budget, of which Holdfast is told. */
  private static void awaitQuiet(RunningHoldfast holdfast) throws InterruptedException {
    double last = -1;
    for (double now = 0; now != last; now = Handled.by(holdfast).all()) {
      last = now;
      TimeUnit.SECONDS.sleep(5);
    }
  }

  private static double applied(RunningHoldfast holdfast) {
    return holdfast.sum("holdfast_disruption_writes_total{operation=\"apply\",result=\"success\"");
  }

  private static double deleted(RunningHoldfast holdfast) {
    return holdfast.sum("holdfast_disruption_writes_total{operation=\"delete\",result=\"success\"");
  }

  private record Handled(double all, double within100ms) {
    static Handled by(RunningHoldfast holdfast) {
      return new Handled(count(holdfast, "+Inf"), count(holdfast, "0.1"));
    }

    private static double count(RunningHoldfast holdfast, String bucket) {
      return holdfast.sum(
          "holdfast_disruption_handling_duration_seconds_bucket{le=\"" + bucket + "\"");
    }

    Handled since(Handled before) {
      return new Handled(all - before.all, within100ms - before.within100ms);
    }

    @Override
    public String toString() {
      return "%.0f of %.0f events handled within 100 ms (%.2f %%)"
          .formatted(within100ms, all, 100 * within100ms / all);
    }
  }

  private static String rss(RunningHoldfast holdfast) throws Exception {
    return Files.readAllLines(Path.of("/proc/" + holdfast.pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS") || line.startsWith("VmHWM"))
        .map(line -> line.replaceAll("\\s+", " "))
        .toList()
        .toString();
  }

  private static long seconds(long since) {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
  }
}
