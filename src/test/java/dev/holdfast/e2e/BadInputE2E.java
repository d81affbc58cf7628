package dev.holdfast.e2e;

import static dev.holdfast.e2e.ApiServer.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.e2e.ApiServer.Answer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clusters hold odd things: what they lead to is defined, and never a pod that is refused. */
class BadInputE2E {
  private static final String NAMESPACE = ApiServer.unique("odd");
  private static final String CROWDED = ApiServer.unique("odd-crowded");
  private static final String SERVICES = "/api/v1/namespaces/" + NAMESPACE + "/services";
  private static final int MANY = 2_000;
  private static final int THREADS = 8;

  @TempDir static Path folder;
  private static ApiServer api;
  private static RunningHoldfast holdfast;
  private static Registration registration;

  @BeforeAll
  static void install() throws Exception {
    api = ApiServer.connect();
    api.installCustomResource();
    api.policy("default", "profile: standard").object();
    api.namespace(NAMESPACE, Map.of());
    api.namespace(CROWDED, Map.of());
    api.awaitServiceAccounts(List.of(NAMESPACE, CROWDED));
    holdfast = new RunningHoldfast(folder);
    holdfast.start();
    registration = Registration.of(api, holdfast).apply(NAMESPACE);
  }

  @AfterAll
  static void uninstall() {
    if (registration != null) {
      registration.close();
    }
    if (api != null) {
      List.of(NAMESPACE, CROWDED).forEach(api::deleteNamespace);
      api.deletePolicies();
      api.close();
    }
    if (holdfast != null) {
      holdfast.close();
    }
  }

  @BeforeEach
  void noServices() {
    api.delete(SERVICES);
    await().atMost(SOON).until(() -> probe(NAMESPACE).isMissingNode());
  }

  @AfterEach
  void nothing_has_failed() {
    assertThat(holdfast.metric("holdfast_reviews_total{outcome=\"failed\"}")).isZero();
    assertThat(holdfast.metric("holdfast_reviews_total{outcome=\"refused\"}")).isZero();
    assertThat(holdfast.log()).doesNotContain("ERROR");
  }

  private static ObjectNode service(String namespace, String name, String spec) {
    return ApiServer.tree(
        "{apiVersion: v1, kind: Service, metadata: {name: "
            + name
            + ", namespace: "
            + namespace
            + "}, spec: {"
            + spec
            + "}}");
  }

  /** The readiness probe that a pod would get now; it declares the ports http 8080, other 9090. */
  private static JsonNode probe(String namespace) {
    ObjectNode pod = ApiServer.pod(namespace, "now");
    ((ObjectNode) pod.at("/spec/containers/0"))
        .set(
            "ports",
            ApiServer.tree(
                    "{ports: [{name: http, containerPort: 8080}, {name: other, containerPort:"
                        + " 9090}]}")
                .get("ports"));
    return api.dryRun(pod).object().at("/spec/containers/0/readinessProbe");
  }

  /** By name or by number: both lead there. */
  private static void awaitHttpPort(String namespace) {
    await().atMost(SOON).until(() -> List.of("http", "8080").contains(portOf(probe(namespace))));
  }

  private static String portOf(JsonNode probe) {
    return probe.at("/tcpSocket/port").asText();
  }

  /** Shows that what was written before it has arrived, and changes nothing that is looked at. */
  private static void awaitArrival() {
    api.namespace(NAMESPACE, Map.of("holdfast.dev/mode", "off"));
    await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 0);
    api.patch("/api/v1/namespaces/" + NAMESPACE, "{metadata: {labels: {holdfast.dev/mode: null}}}")
        .object();
    await().atMost(SOON).until(() -> api.pauseNow(NAMESPACE) == 10);
  }

  @Test
  void thousands_of_services_select_one_pod() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    for (int i = 0; i < MANY; i++) {
      // An address takes the API server most of the time, so only every fourth gets one.
      String headless = i % 4 == 0 ? "" : ", clusterIP: None";
      ObjectNode service =
          service(
              CROWDED,
              "many-" + i,
              "selector: {app: web}, ports: [{port: 80, targetPort: 8080}]" + headless);
      threads.submit(() -> api.create(service).object());
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(2, TimeUnit.MINUTES)).isTrue();
    awaitHttpPort(CROWDED);

    long began = System.nanoTime();
    for (int i = 0; i < 20; i++) {
      assertThat(probe(CROWDED).isObject()).isTrue();
    }
    Duration each = Duration.ofNanos((System.nanoTime() - began) / 20);
    System.out.printf("%d ms a pod that %d Services select%n", each.toMillis(), MANY);
    // The API server waits for two seconds.
    assertThat(each).isLessThan(Duration.ofMillis(500));

    // One that leads elsewhere, among all of them.
    api.create(
            service(
                CROWDED,
                "stranger",
                "selector: {app: web}, ports: [{port: 80, targetPort: other}]"))
        .object();
    await().atMost(SOON).until(() -> probe(CROWDED).isMissingNode());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Its endpoints are somebody's own.
        "ports: [{port: 80, targetPort: 8080}]",
        // A name that no container has: its endpoints lack this pod.
        "selector: {app: web}, ports: [{port: 80, targetPort: nobody}]",
        "selector: {app: web}, clusterIP: None",
        "selector: {app: web}, clusterIP: None, ports: [{port: 80, targetPort: 8080}]",
        "selector: {app: web}, type: ExternalName, externalName: example.org, ports: [{port: 80,"
            + " targetPort: 8080}]",
        "selector: {app: web}, publishNotReadyAddresses: true, ports: [{port: 80, targetPort:"
            + " 8080}]",
        "selector: {app: web}, ports: [{port: 80, targetPort: 8080, protocol: UDP}]",
        "selector: {app: other}, ports: [{port: 80, targetPort: 8080}]",
        "selector: {app: web, more: than}, ports: [{port: 80, targetPort: 8080}]"
      })
  void a_service_that_says_nothing_is_no_evidence(String spec) {
    api.create(service(NAMESPACE, "odd", spec)).object();
    awaitArrival();

    assertThat(probe(NAMESPACE).isMissingNode()).isTrue();
  }

  @Test
  void a_service_that_says_nothing_does_not_hide_one_that_does() {
    api.create(service(NAMESPACE, "endpoints", "ports: [{port: 80, targetPort: 7000}]")).object();
    api.create(
            service(
                NAMESPACE,
                "alias",
                "selector: {app: web}, type: ExternalName, externalName: example.org"))
        .object();
    api.create(
            service(
                NAMESPACE,
                "web",
                "selector: {app: web}, ports: [{name: a, port: 80, targetPort: http}, {name: b,"
                    + " port: 81, targetPort: 9090, protocol: UDP}]"))
        .object();

    awaitHttpPort(NAMESPACE);
  }

  @Test
  void services_that_lead_to_different_ports_are_no_evidence() {
    ObjectNode web =
        service(NAMESPACE, "web", "selector: {app: web}, ports: [{port: 80, targetPort: 8080}]");
    api.create(web).object();
    awaitHttpPort(NAMESPACE);
    ObjectNode other =
        service(NAMESPACE, "other", "selector: {app: web}, ports: [{port: 80, targetPort: other}]");
    api.create(other).object();
    await().atMost(SOON).until(() -> probe(NAMESPACE).isMissingNode());

    api.delete(ApiServer.path(other)).object();
    awaitHttpPort(NAMESPACE);
    api.patch(ApiServer.path(web), "{spec: {type: ExternalName, externalName: example.org}}")
        .object();
    await().atMost(SOON).until(() -> probe(NAMESPACE).isMissingNode());
  }

  private static ObjectNode replicaSet(String name) {
    return ApiServer.tree(
        "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: "
            + name
            + ", namespace: "
            + NAMESPACE
            + "}, spec: {replicas: 0, selector: {matchLabels: {of: "
            + name
            + "}}, template: {metadata: {labels: {of: "
            + name
            + "}}, spec: {containers: [{name: a, image: i}]}}}}");
  }

  private static ObjectNode owner(JsonNode owner) {
    ObjectNode reference =
        ApiServer.tree("{apiVersion: apps/v1, kind: ReplicaSet, controller: true}");
    reference.put("name", owner.at("/metadata/name").asText());
    reference.put("uid", owner.at("/metadata/uid").asText());
    return reference;
  }

  private static ObjectNode podOf(JsonNode owner) {
    ObjectNode pod = ApiServer.pod(NAMESPACE, "owned");
    pod.withObject("/metadata").putArray("ownerReferences").add(owner(owner));
    return pod;
  }

  private static JsonNode selectorOf(JsonNode pod) {
    return pod.at(
        "/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0"
            + "/podAffinityTerm/labelSelector");
  }

  @Test
  void owners_may_own_each_other() {
    ObjectNode first = api.create(replicaSet("first")).object();
    ObjectNode second = replicaSet("second");
    second.withObject("/metadata").putArray("ownerReferences").add(owner(first));
    ObjectNode madeSecond = api.create(second).object();
    api.patch(ApiServer.path(first), "{metadata: {ownerReferences: [" + owner(madeSecond) + "]}}")
        .object();
    awaitArrival();

    for (ObjectNode each : List.of(first, madeSecond)) {
      JsonNode pod = api.dryRun(podOf(each)).object();
      assertThat(ApiServer.pauseOf(pod)).isEqualTo(10);
      assertThat(selectorOf(pod).isObject()).isTrue();
    }
  }

  @Test
  void an_owner_may_own_itself() {
    ObjectNode own = api.create(replicaSet("own")).object();
    api.patch(ApiServer.path(own), "{metadata: {ownerReferences: [" + owner(own) + "]}}").object();
    awaitArrival();

    assertThat(selectorOf(api.dryRun(podOf(own)).object()).at("/matchLabels/of").asText())
        .isEqualTo("own");
  }

  @Test
  void an_owner_that_is_not_there_leaves_the_labels_of_the_pod() {
    ObjectNode missing = replicaSet("missing");
    missing.withObject("/metadata").put("uid", "4a1b2c3d-0000-4000-8000-000000000009");

    assertThat(selectorOf(api.dryRun(podOf(missing)).object()).at("/matchLabels/app").asText())
        .isEqualTo("web");
  }

  /** The name is used again: it is another object. */
  @Test
  void an_owner_of_another_uid_is_not_the_owner() {
    api.create(replicaSet("again")).object();
    awaitArrival();
    ObjectNode earlier = replicaSet("again");
    earlier.withObject("/metadata").put("uid", "4a1b2c3d-0000-4000-8000-000000000009");

    assertThat(selectorOf(api.dryRun(podOf(earlier)).object()).at("/matchLabels/app").asText())
        .isEqualTo("web");
  }

  @Test
  void a_namespace_is_deleted_and_made_again() {
    String name = ApiServer.unique("odd-again");
    api.namespace(name, Map.of("holdfast.dev/mode", "off"));
    api.awaitServiceAccounts(List.of(name));
    await().atMost(SOON).until(() -> api.pauseNow(name) == 0);
    // Something that holds it back.
    api.create(
            ApiServer.tree(
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: "
                    + name
                    + ", finalizers: [holdfast.dev/e2e]}}"))
        .object();
    api.delete("/api/v1/namespaces/" + name);

    // The API server's own refusal, not one of ours.
    Answer refused = api.create(ApiServer.pod(name, "late"));
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.body().path("message").asText()).contains("being terminated");

    api.patch("/api/v1/namespaces/" + name + "/configmaps/held", "{metadata: {finalizers: null}}");
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> api.get("/api/v1/namespaces/" + name).code() == 404);
    assertThat(api.create(ApiServer.pod(name, "nowhere")).code()).isEqualTo(404);

    api.namespace(name, Map.of());
    api.awaitServiceAccounts(List.of(name));
    await().atMost(SOON).until(() -> api.pauseNow(name) == 10);
    api.deleteNamespace(name);
  }

  /** Both in one call of kubectl: the watch has not brought the namespace yet. */
  @Test
  void the_labels_of_a_new_namespace_count_for_its_first_pod() {
    for (int i = 0; i < 20; i++) {
      String name = ApiServer.unique("odd-new-" + i);
      api.namespace(name, Map.of("holdfast.dev/mode", "off"));
      // Nobody waits for its controller either.
      api.create(
          ApiServer.tree(
              "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: "
                  + name
                  + "}}"));

      JsonNode pod = api.dryRun(ApiServer.pod(name, "first")).object();

      assertThat(ApiServer.pauseOf(pod)).isZero();
      api.deleteNamespace(name);
    }
  }
}
