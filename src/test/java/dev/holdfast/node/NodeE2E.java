package dev.holdfast.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The life of one release on a real node, from the chart and the image of this build: in the order
 * of the tests. Its failure policy is Fail, and pods are created all the time, so that a single
 * missed call is seen. docs/development.md says how to run it.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class NodeE2E {
  private static final String LOAD = "load";
  private static final String APP = "app";

  /**
   * Less on a machine that cannot do more beside a rollout: whoever waits for it, waits for that.
   */
  private static final int PODS_PER_SECOND = Integer.getInteger("holdfast.pods-per-second", 50);

  private static final Duration PATIENCE = Duration.ofMinutes(8);

  @TempDir private static Path folder;
  private static KubernetesClient client;

  @BeforeAll
  static void connect() {
    assertThat(System.getenv("KUBECONFIG"))
        .as("KUBECONFIG must name a cluster; src/test/cluster/node-up.sh brings one up")
        .isNotBlank();
    // longer than the API server waits for the webhook: its word shall be heard, not our impatience
    Config config = Config.autoConfigure(null);
    config.setRequestTimeout(60_000);
    config.setRequestRetryBackoffLimit(0);
    client = new KubernetesClientBuilder().withConfig(config).build();
    // a kubelet reports its images every few seconds
    await("src/test/cluster/image-import.sh target/images/holdfast.tar makes the image known")
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                client.nodes().list().getItems().stream()
                    .flatMap(node -> node.getStatus().getImages().stream())
                    .anyMatch(image -> image.getNames().contains(Release.IMAGE)));
    for (String namespace : List.of(LOAD, APP)) {
      client
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
          .serverSideApply();
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  client.serviceAccounts().inNamespace(namespace).withName("default").get()
                      != null);
    }
  }

  @AfterAll
  static void leaveNothing() {
    Release.uninstall();
    for (String namespace : List.of(LOAD, APP, Release.NAMESPACE)) {
      client.namespaces().withName(namespace).delete();
    }
    client
        .apiextensions()
        .v1()
        .customResourceDefinitions()
        .withName("hardeningpolicies.holdfast.dev")
        .delete();
    client.close();
  }

  @Test
  @Order(1)
  void an_install_hardens_its_first_pod_within_seconds() throws Exception {
    long began = System.nanoTime();
    Release.previous(folder).install(Map.of());
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .ignoreExceptionsMatching(KubernetesClientException.class::isInstance)
        .until(
            () ->
                PodLoad.isHardened(
                    client
                        .pods()
                        .inNamespace(LOAD)
                        .resource(PodLoad.pod("first"))
                        .dryRun(true)
                        .create()));
    double seconds = (System.nanoTime() - began) / 1e9;
    System.out.printf("install to the first hardened pod: %.1f s%n", seconds);
    // the figure is 20 s on a quiet machine: docs/benchmarks.md
    assertThat(seconds).isLessThan(120);
    ready("holdfast-webhook");
    ready("holdfast-controller");
  }

  @Test
  @Order(2)
  void pods_of_a_deployment_are_hardened_and_run() {
    client
        .load(
            new ByteArrayInputStream(
                """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: web}
                spec:
                  replicas: 2
                  selector: {matchLabels: {app: web}}
                  template:
                    metadata: {labels: {app: web}}
                    spec:
                      containers:
                        - name: web
                          image: test.local/busybox:1
                          command: [sh, -c, 'mkdir /tmp/w; echo hello >/tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w']
                          ports: [{containerPort: 8080}]
                          livenessProbe: {httpGet: {path: /, port: 8080}}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: web}
                spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
                """
                    .getBytes(StandardCharsets.UTF_8)))
        .inNamespace(APP)
        .serverSideApply();
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(pods("web"))
                    .hasSize(2)
                    .allSatisfy(
                        pod -> {
                          assertThat(pod.getStatus().getConditions())
                              .anyMatch(
                                  condition ->
                                      condition.getType().equals("Ready")
                                          && condition.getStatus().equals("True"));
                          assertThat(PodLoad.isHardened(pod)).isTrue();
                          assertThat(
                                  pod.getMetadata().getAnnotations().get("holdfast.dev/hardened"))
                              .contains("pre-stop", "termination-grace", "startup-probe");
                          assertThat(pod.getSpec().getTerminationGracePeriodSeconds())
                              .isEqualTo(40);
                        }));
  }

  @Test
  @Order(3)
  void a_rolling_restart_refuses_no_pod() {
    try (PodLoad load = PodLoad.start(client, LOAD, PODS_PER_SECOND)) {
      Set<String> before = names(holdfast("webhook"));
      client
          .apps()
          .deployments()
          .inNamespace(Release.NAMESPACE)
          .withName("holdfast-webhook")
          .rolling()
          .restart();
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(names(holdfast("webhook")))
                      .hasSize(2)
                      .doesNotContainAnyElementsOf(before));
      ready("holdfast-webhook");
      load.goOnFor(PODS_PER_SECOND);
      load.hardenedAll("rolling restart");
    }
  }

  @Test
  @Order(4)
  void an_upgrade_from_the_chart_before_refuses_no_pod() {
    try (PodLoad load = PodLoad.start(client, LOAD, PODS_PER_SECOND)) {
      Set<String> before = names(holdfast("webhook"));
      Release.current()
          .upgrade(
              Map.of(
                  "webhook.podAnnotations.upgraded",
                  "yes",
                  "certificates.leafLifetime",
                  "30s",
                  "certificates.caLifetime",
                  "90s"));
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(names(holdfast("webhook")))
                      .hasSize(2)
                      .doesNotContainAnyElementsOf(before));
      load.goOnFor(PODS_PER_SECOND);
      load.hardenedAll("upgrade");
    }
  }

  /** The upgrade has shortened the lives of certificate and CA to 30 and 90 seconds. */
  @Test
  @Order(5)
  void a_rotation_of_certificate_and_ca_refuses_no_pod() {
    Set<String> certificates = new HashSet<>();
    Set<String> authorities = new HashSet<>();
    try (PodLoad load = PodLoad.start(client, LOAD, PODS_PER_SECOND)) {
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                Secret secret = tlsSecret();
                certificates.add(secret.getData().get("tls.crt"));
                authorities.add(secret.getData().get("ca.crt"));
                assertThat(certificates).hasSizeGreaterThan(3);
                assertThat(authorities).hasSizeGreaterThan(2);
              });
      load.hardenedAll("rotation");
    }
  }

  @Test
  @Order(6)
  void it_starts_from_nothing() {
    scale(0);
    await().atMost(PATIENCE).until(() -> holdfast("webhook").isEmpty());
    assertThatThrownBy(
            () -> client.pods().inNamespace(LOAD).resource(PodLoad.pod("orphan")).create())
        .as("with the failure policy Fail, nobody else starts while Holdfast is away")
        .hasMessageContaining("pods.holdfast.dev");

    scale(2);

    ready("holdfast-webhook");
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsMatching(KubernetesClientException.class::isInstance)
        .until(
            () ->
                PodLoad.isHardened(
                    client
                        .pods()
                        .inNamespace(LOAD)
                        .resource(PodLoad.pod("again"))
                        .dryRun(true)
                        .create()));
  }

  @Test
  @Order(7)
  void an_uninstall_refuses_no_pod() {
    try (PodLoad load = PodLoad.start(client, LOAD, PODS_PER_SECOND)) {
      Release.uninstall();
      load.goOnFor(PODS_PER_SECOND);
      load.refusedNone("uninstall");
    }
    assertThat(
            client
                .admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName("holdfast")
                .get())
        .isNull();
  }

  private static void scale(int replicas) {
    client
        .apps()
        .deployments()
        .inNamespace(Release.NAMESPACE)
        .withName("holdfast-webhook")
        .scale(replicas);
  }

  private static void ready(String name) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              Deployment deployment =
                  client.apps().deployments().inNamespace(Release.NAMESPACE).withName(name).get();
              assertThat(deployment.getStatus().getObservedGeneration())
                  .isEqualTo(deployment.getMetadata().getGeneration());
              assertThat(deployment.getStatus().getUpdatedReplicas())
                  .isEqualTo(deployment.getSpec().getReplicas());
              assertThat(deployment.getStatus().getAvailableReplicas())
                  .isEqualTo(deployment.getSpec().getReplicas());
            });
  }

  private static Secret tlsSecret() {
    return client.secrets().inNamespace(Release.NAMESPACE).list().getItems().stream()
        .filter(secret -> "kubernetes.io/tls".equals(secret.getType()))
        .filter(secret -> secret.getData().containsKey("tls.crt"))
        .findFirst()
        .orElseThrow();
  }

  private static List<Pod> pods(String app) {
    return client.pods().inNamespace(APP).withLabel("app", app).list().getItems();
  }

  private static List<Pod> holdfast(String component) {
    return client
        .pods()
        .inNamespace(Release.NAMESPACE)
        .withLabel("app.kubernetes.io/component", component)
        .list()
        .getItems();
  }

  private static Set<String> names(List<Pod> pods) {
    Set<String> names = new HashSet<>();
    pods.forEach(pod -> names.add(pod.getMetadata().getName()));
    return names;
  }
}
