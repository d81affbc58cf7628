package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.e2e.Load.Creation;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods are created all the time, whatever becomes of Holdfast meanwhile. */
@SuppressWarnings("try") // what is registered counts, not the object
class AvailabilityE2E {
  private static final String NAMESPACE = ApiServer.unique("availability");
  private static final String SYSTEM = "holdfast-system";

  /** The name that the certificate of the tests is for. */
  private static final String SERVICE = "holdfast";

  @TempDir Path folder;
  private ApiServer api;
  private final List<RunningHoldfast> processes = new ArrayList<>();

  /** Only then: a name is not to be had again until all in it is gone. */
  @AfterAll
  static void deleteNamespace() {
    try (ApiServer api = ApiServer.connect()) {
      api.deleteNamespace(NAMESPACE);
    }
  }

  @BeforeEach
  void install() throws IOException {
    api = ApiServer.connect();
    api.installCustomResource();
    Account.install(api);
    api.policy("default", "profile: minimal").object();
    api.namespace(NAMESPACE, Map.of());
    api.awaitServiceAccounts(List.of(NAMESPACE));
  }

  @AfterEach
  void uninstall() {
    processes.forEach(RunningHoldfast::close);
    api.delete("/api/v1/namespaces/" + SYSTEM + "/services/" + SERVICE);
    api.deletePolicies();
    api.close();
  }

  private RunningHoldfast replica() throws IOException {
    RunningHoldfast replica = new RunningHoldfast(folder).role("webhook");
    processes.add(replica);
    return replica;
  }

  private Load load() {
    return new Load(api, number -> ApiServer.pod(NAMESPACE, "load-" + number));
  }

  private static void awaitMore(Load load, int creations) {
    int before = load.size();
    await().atMost(Duration.ofSeconds(60)).until(() -> load.size() >= before + creations);
  }

  private static void assertAllAccepted(List<Creation> creations) {
    assertThat(creations)
        .filteredOn(creation -> !creation.answer().isAccepted())
        .extracting(creation -> creation.answer().body())
        .isEmpty();
  }

  private static long hardened(List<Creation> creations) {
    return creations.stream()
        .filter(creation -> ApiServer.pauseOf(creation.answer().body()) == 10)
        .count();
  }

  @Test
  void every_pod_is_admitted_while_it_is_killed() throws Exception {
    RunningHoldfast holdfast = replica();
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE);
        Load load = load()) {
      awaitMore(load, 200);
      holdfast.kill();
      awaitMore(load, 100);
      holdfast.start();
      awaitMore(load, 200);
      await().atMost(Duration.ofSeconds(10)).until(() -> api.pauseNow(NAMESPACE) == 10);

      List<Creation> creations = load.stop();
      assertAllAccepted(creations);
      assertThat(hardened(creations)).isBetween(200L, creations.size() - 50L);
    }
  }

  @Test
  void every_pod_is_admitted_while_it_is_told_to_stop() throws Exception {
    RunningHoldfast holdfast = replica().with("QUARKUS_SHUTDOWN_DELAY", "2S");
    holdfast.start();
    try (Registration registration = Registration.of(api, holdfast).apply(NAMESPACE);
        Load load = load()) {
      awaitMore(load, 200);
      long told = System.nanoTime();
      holdfast.terminate();
      assertThat(holdfast.exitCode()).isZero();
      awaitMore(load, 50);

      List<Creation> creations = load.stop();
      assertAllAccepted(creations);
      // It serves on for the delay. By URL the API server speaks HTTP/2, and its client loses
      // some of what it sends in the moment in which it is asked to leave; behind a Service it
      // loses nothing.
      List<Creation> during =
          creations.stream()
              .filter(
                  creation ->
                      creation.began() > told
                          && creation.ended() < told + Duration.ofSeconds(2).toNanos())
              .toList();
      assertThat(hardened(during)).isGreaterThan(during.size() / 2L);
    }
  }

  /** With {@code failurePolicy: Fail} each call that fails would be a pod that is refused. */
  @Test
  void a_rolling_restart_of_two_replicas_refuses_no_pod() throws Exception {
    List<RunningHoldfast> old = List.of(asDelivered(), asDelivered());
    try (Balancer balancer = new Balancer()) {
      for (RunningHoldfast replica : old) {
        replica.start();
        balancer.add(replica.port());
      }
      service();
      try (Registration registration =
              Registration.of(api, old.get(0))
                  .service(SYSTEM, SERVICE, balancer.port())
                  .failurePolicy("Fail")
                  .apply(NAMESPACE);
          Load load = load()) {
        awaitMore(load, 200);
        for (RunningHoldfast replica : old) {
          RunningHoldfast next = asDelivered();
          next.start();
          balancer.add(next.port());
          replica.terminate();
          // As an EndpointSlice does: only then nothing new comes, and what is open stays open.
          await().until(() -> !replica.isReady());
          balancer.remove(replica.port());
          assertThat(replica.exitCode()).isZero();
          awaitMore(load, 200);
        }

        List<Creation> creations = load.stop();
        assertAllAccepted(creations);
        assertThat(hardened(creations)).isEqualTo(creations.size());
        // The API server keeps one connection or two, which one of the new ones may have alone.
        assertThat(processes.get(2).reviews() + processes.get(3).reviews()).isPositive();
      }
    }
  }

  private RunningHoldfast asDelivered() throws IOException {
    return replica().with("QUARKUS_SHUTDOWN_DELAY", "5S");
  }

  /** An API server calls a Service over HTTP/1.1; without a node, this is how it finds one here. */
  private void service() {
    api.apply(
            "{apiVersion: v1, kind: Service, metadata: {name: "
                + SERVICE
                + ", namespace: "
                + SYSTEM
                + "}, spec: {type: ExternalName, externalName: 127.0.0.1}}")
        .object();
  }
}
