package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code deploy/webhooks.yaml} makes the API server decide by itself: a Holdfast that is down
 * costs nothing where it has no business.
 */
class RegistrationE2E {
  private static final String NAMESPACE = ApiServer.unique("registered");
  private static final String OFF = ApiServer.unique("registered-off");

  @TempDir static Path folder;
  private static ApiServer api;
  private static RunningHoldfast holdfast;
  private static Registration registration;
  private double before;

  @BeforeAll
  static void install() throws Exception {
    api = ApiServer.connect();
    api.installCustomResource();
    Account.install(api);
    api.policy("default", "profile: minimal").object();
    api.namespace(NAMESPACE, Map.of());
    api.namespace(OFF, Map.of("holdfast.dev/mode", "off"));
    api.awaitServiceAccounts(List.of(NAMESPACE, OFF, Account.NAMESPACE));
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
      List.of(NAMESPACE, OFF).forEach(api::deleteNamespace);
      api.deletePolicies();
      api.close();
    }
    if (holdfast != null) {
      holdfast.close();
    }
  }

  @BeforeEach
  void count() {
    before = holdfast.reviews();
  }

  private double reviews() {
    return holdfast.reviews() - before;
  }

  /** Pods of which the API server asks nobody. */
  static Stream<ObjectNode> excluded() {
    ObjectNode mirror = ApiServer.pod(NAMESPACE, "mirror");
    mirror.withObject("/metadata/annotations").put("kubernetes.io/config.mirror", "hash");
    mirror.withObject("/spec").put("nodeName", "some-node");
    ObjectNode off = ApiServer.pod(NAMESPACE, "off");
    off.withObject("/metadata/labels").put("holdfast.dev/mode", "off");
    return Stream.concat(
        Stream.of("kube-system", "kube-public", "kube-node-lease", Account.NAMESPACE)
            .map(RegistrationE2E::restricted),
        Stream.of(mirror, off));
  }

  /** One that Pod Security lets into every namespace. */
  private static ObjectNode restricted(String namespace) {
    ObjectNode pod = ApiServer.pod(namespace, "excluded");
    pod.withObject("/spec")
        .set(
            "securityContext",
            ApiServer.tree(
                "{runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}"));
    ((ObjectNode) pod.at("/spec/containers/0"))
        .set(
            "securityContext",
            ApiServer.tree("{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"));
    return pod;
  }

  @ParameterizedTest
  @MethodSource("excluded")
  void nobody_is_asked_about_what_is_excluded(ObjectNode pod) {
    JsonNode created = api.dryRun(pod).object();

    assertThat(reviews()).isZero();
    assertThat(ApiServer.pauseOf(created)).isZero();
  }

  /** The counter-check: else nothing above would mean anything. */
  @Test
  void one_question_is_asked_about_any_other_pod() {
    JsonNode created = api.dryRun(ApiServer.pod(NAMESPACE, "other")).object();

    assertThat(reviews()).isEqualTo(1);
    assertThat(ApiServer.pauseOf(created)).isEqualTo(10);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Off", "OFF"})
  void the_word_for_off_may_be_written_in_capitals(String word) {
    ObjectNode pod = ApiServer.pod(NAMESPACE, "off");
    pod.withObject("/metadata/labels").put("holdfast.dev/mode", word);

    assertThat(ApiServer.pauseOf(api.dryRun(pod).object())).isZero();
  }

  @Test
  void a_pod_overrides_the_mode_of_its_namespace() {
    assertThat(api.pauseNow(OFF)).isZero();

    ObjectNode pod = ApiServer.pod(OFF, "on");
    pod.withObject("/metadata/labels").put("holdfast.dev/mode", "enforce");
    assertThat(ApiServer.pauseOf(api.dryRun(pod).object())).isEqualTo(10);
  }

  @Test
  void nobody_is_asked_about_changes_of_pods_nor_their_end() {
    ObjectNode pod = ApiServer.pod(NAMESPACE, "changes");
    api.create(pod).object();
    assertThat(reviews()).isEqualTo(1);

    api.patch(ApiServer.path(pod), "{metadata: {labels: {a: b}}}").object();
    api.patch(ApiServer.path(pod) + "/status", "{status: {message: m}}").object();
    api.delete(ApiServer.path(pod) + "?gracePeriodSeconds=0").object();
    assertThat(reviews()).isEqualTo(1);
  }

  @Test
  void it_is_registered_as_promised() {
    String group = "/apis/admissionregistration.k8s.io/v1/";
    JsonNode mutating =
        api.get(group + "mutatingwebhookconfigurations/holdfast").object().at("/webhooks/0");
    JsonNode validating =
        api.get(group + "validatingwebhookconfigurations/holdfast").object().at("/webhooks/0");

    for (JsonNode webhook : List.of(mutating, validating)) {
      assertThat(webhook.path("failurePolicy").asText()).isEqualTo("Ignore");
      assertThat(webhook.path("sideEffects").asText()).isEqualTo("None");
      assertThat(webhook.path("timeoutSeconds").asInt()).isEqualTo(2);
    }
    assertThat(mutating.path("reinvocationPolicy").asText()).isEqualTo("IfNeeded");
    assertThat(mutating.path("rules")).hasSize(1);
    assertThat(mutating.at("/rules/0/operations")).hasSize(1);
    assertThat(mutating.at("/rules/0/operations/0").asText()).isEqualTo("CREATE");
    assertThat(mutating.at("/rules/0/resources")).hasSize(1);
    assertThat(mutating.at("/rules/0/resources/0").asText()).isEqualTo("pods");
  }

  /** Where it has business, the same registration would now refuse pods. */
  @Test
  void what_is_excluded_needs_no_holdfast() throws Exception {
    Registration failing = Registration.of(api, holdfast).failurePolicy("Fail").apply(NAMESPACE);
    holdfast.kill();
    try {
      assertThat(api.dryRun(ApiServer.pod(NAMESPACE, "refused")).code()).isEqualTo(500);
      assertThat(excluded()).allMatch(pod -> api.dryRun(pod).isAccepted());
    } finally {
      holdfast.start();
      failing.close();
      registration.apply(NAMESPACE);
    }
  }
}
