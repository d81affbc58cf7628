package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Through a real API server, which is the judge of everything: the one of {@code KUBECONFIG}, on
 * this machine, as it must reach us at 127.0.0.1.
 */
class ClusterE2E {
  /** A change of a label, policy, Service or node counts within two seconds. */
  private static final Duration SOON = Duration.ofSeconds(2);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String NAMESPACE = "holdfast-e2e";
  private static final String BARE = "holdfast-e2e-bare";

  @TempDir static Path folder;
  private static KubernetesClient client;
  private static RunningHoldfast holdfast;

  @BeforeAll
  static void install() throws Exception {
    assertThat(System.getenv("KUBECONFIG"))
        .as("KUBECONFIG must name a cluster; src/test/cluster brings one up")
        .isNotBlank();
    client = new KubernetesClientBuilder().build();
    apply(Files.readString(Path.of("deploy/crd/hardeningpolicies.holdfast.dev.yaml")));
    apply(Files.readString(Path.of("deploy/default/namespace.yaml")));
    for (String namespace : List.of(NAMESPACE, BARE)) {
      client
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
          .serverSideApply();
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  client.serviceAccounts().inNamespace(namespace).withName("default").get()
                      != null);
    }
    holdfast = new RunningHoldfast(folder);
    holdfast.start();
    for (String document :
        Files.readString(Path.of("deploy/webhooks.yaml"))
            .replace("URL", holdfast.url())
            .replaceAll("caBundle: CA", "caBundle: " + holdfast.caBundle())
            .replace("holdfast-system]", "holdfast-system, " + BARE + "]")
            .split("(?m)^---\n")) {
      apply(document);
    }
    policy("default", "profile: standard");
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> pauseOf(dryRun(NAMESPACE, pod("first", Map.of()))) == 10);
  }

  @AfterAll
  static void uninstall() {
    if (client != null) {
      client
          .admissionRegistration()
          .v1()
          .mutatingWebhookConfigurations()
          .withName("holdfast")
          .delete();
      client
          .admissionRegistration()
          .v1()
          .validatingWebhookConfigurations()
          .withName("holdfast")
          .delete();
      client.namespaces().withName(NAMESPACE).delete();
      client.namespaces().withName(BARE).delete();
      client.close();
    }
    if (holdfast != null) {
      holdfast.close();
    }
  }

  @BeforeEach
  @AfterEach
  void reset() {
    labels(Map.of());
    policy("default", "profile: standard");
    await().until(() -> pauseOf(dryRun(NAMESPACE, pod("reset", Map.of()))) == 10);
  }

  private static void apply(String document) {
    client.resource("---\n" + document).forceConflicts().serverSideApply();
  }

  private static void policy(String name, String spec) {
    apply(
        "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: {name: "
            + name
            + "}\nspec: {"
            + spec
            + "}\n");
  }

  private static void labels(Map<String, String> labels) {
    client
        .namespaces()
        .withName(NAMESPACE)
        .edit(
            namespace -> {
              Map<String, String> all = namespace.getMetadata().getLabels();
              all.keySet().removeIf(key -> key.startsWith("holdfast.dev/"));
              all.putAll(labels);
              return namespace;
            });
  }

  private static String pod(String name, Map<String, String> labels) {
    StringBuilder text = new StringBuilder("{'a': 'b'");
    labels.forEach((key, value) -> text.append(", '" + key + "': '" + value + "'"));
    return "{'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': '"
        + name
        + "', 'labels': "
        + text
        + "}}, 'spec': {'containers': [{'name': 'a', 'image': 'i'}]}}";
  }

  private static JsonNode dryRun(String namespace, String pod) {
    try {
      HasMetadata created =
          client.resource(pod.replace('\'', '"')).inNamespace(namespace).dryRun(true).create();
      return JSON.valueToTree(created);
    } catch (RuntimeException e) {
      throw new IllegalStateException(pod, e);
    }
  }

  private static int pauseOf(JsonNode pod) {
    return pod.at("/spec/containers/0/lifecycle/preStop/sleep/seconds").asInt();
  }

  private static void awaitPause(int seconds, Map<String, String> podLabels) {
    await().atMost(SOON).until(() -> pauseOf(dryRun(NAMESPACE, pod("p", podLabels))) == seconds);
  }

  @Test
  void a_namespace_switches_it_off_and_a_pod_of_it_on_again() {
    labels(Map.of("holdfast.dev/mode", "off"));

    awaitPause(0, Map.of());
    awaitPause(10, Map.of("holdfast.dev/mode", "enforce"));
  }

  @Test
  void a_pod_switches_it_off() {
    awaitPause(0, Map.of("holdfast.dev/mode", "off"));
  }

  @Test
  void opt_in_leaves_out_who_has_not_asked() {
    policy("default", "profile: standard, scope: OptIn");
    awaitPause(0, Map.of());

    labels(Map.of("holdfast.dev/mode", "enforce"));
    awaitPause(10, Map.of());
  }

  @Test
  void a_change_of_a_policy_counts_soon_and_a_bad_one_is_refused() {
    policy("default", "profile: standard, rules: {preStop: {sleepSeconds: 7}}");
    awaitPause(7, Map.of());

    assertThatThrownBy(() -> policy("default", "rules: {terminationGrace: {shutdownSeconds: 700}}"))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("shutdownSeconds must not exceed maximumSeconds");
    awaitPause(7, Map.of());
  }

  @Test
  void the_status_of_a_policy_says_that_it_serves() {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> {
              GenericKubernetesResource policy =
                  client
                      .genericKubernetesResources("holdfast.dev/v1alpha1", "HardeningPolicy")
                      .withName("default")
                      .get();
              JsonNode status = JSON.valueToTree(policy.getAdditionalProperties().get("status"));
              assertThat(status.at("/conditions/0/reason").asText()).isEqualTo("Accepted");
              assertThat(status.path("observedGeneration").asLong())
                  .isEqualTo(policy.getMetadata().getGeneration());
            });
  }

  @Test
  void an_old_kubelet_has_no_native_sleep() {
    var node =
        new NodeBuilder()
            .withNewMetadata()
            .withName("holdfast-e2e-old")
            .endMetadata()
            .withNewStatus()
            .withNewNodeInfo()
            .withKubeletVersion("v1.29.6")
            .withArchitecture("amd64")
            .withOperatingSystem("linux")
            .withBootID("x")
            .withContainerRuntimeVersion("x")
            .withKernelVersion("x")
            .withKubeProxyVersion("x")
            .withMachineID("x")
            .withOsImage("x")
            .withSystemUUID("x")
            .endNodeInfo()
            .endStatus()
            .build();
    client.resource(node).create();
    try {
      // the node controller taints it meanwhile, and a conflict is the answer to an edit then
      await()
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptionsMatching(FakeKubelets::isConflict)
          .untilAsserted(() -> client.resource(node).updateStatus());
      awaitPause(0, Map.of());
    } finally {
      client.nodes().withName("holdfast-e2e-old").delete();
    }
    awaitPause(10, Map.of());
  }

  @Test
  void a_service_is_evidence_for_a_readiness_probe() {
    apply(
        "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: "
            + NAMESPACE
            + "}, spec: {selector: {a: b}, ports: [{port: 80, targetPort: 8080}]}}");
    try {
      await()
          .atMost(SOON)
          .until(
              () ->
                  dryRun(NAMESPACE, pod("p", Map.of()))
                          .at("/spec/containers/0/readinessProbe/tcpSocket/port")
                          .asInt()
                      == 8080);
    } finally {
      client.services().inNamespace(NAMESPACE).withName("web").delete();
    }
  }

  static Stream<Path> goldenPods() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/test/resources/golden"))) {
      return files.filter(file -> file.endsWith("pod.yaml")).sorted().toList().stream();
    }
  }

  /** Promise 1: whatever the API server accepts without us, it accepts with us. */
  @ParameterizedTest
  @MethodSource("goldenPods")
  void a_pod_that_is_accepted_without_holdfast_is_accepted_with_it(Path file) throws IOException {
    ObjectNode pod = (ObjectNode) YAML.readTree(Files.readString(file));
    pod.withObject("/metadata").remove(List.of("namespace", "uid"));
    if (!pod.path("metadata").has("name") && !pod.path("metadata").has("generateName")) {
      pod.withObject("/metadata").put("name", "golden");
    }
    if (!isAccepted(BARE, pod)) {
      return;
    }
    for (String profile : List.of("standard", "full")) {
      policy("default", "profile: " + profile);
      assertThatCode(() -> dryRun(NAMESPACE, pod.toString().replace('\'', ' ')))
          .as(profile)
          .doesNotThrowAnyException();
    }
  }

  private static boolean isAccepted(String namespace, ObjectNode pod) {
    try {
      dryRun(namespace, pod.toString().replace('\'', ' '));
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  @Test
  void pods_start_while_holdfast_is_away() throws Exception {
    holdfast.kill();
    try {
      for (int i = 0; i < 10; i++) {
        Pod created =
            (Pod)
                client
                    .resource(pod("away-" + i, Map.of()).replace('\'', '"'))
                    .inNamespace(NAMESPACE)
                    .create();
        assertThat(created.getSpec().getContainers().get(0).getLifecycle()).isNull();
      }
    } finally {
      holdfast.start();
    }
  }
}
