package dev.holdfast.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.TestClock;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is written into policies, and how often. */
class PolicyStatusTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML = new YAMLMapper();
  private static final String POLICY =
      "{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy,"
          + " metadata: {name: %s, uid: u, generation: 1}, spec: %s}";

  private final MockApiServer api = new MockApiServer();
  private final KubernetesClient client = api.client();
  private final Cluster cluster = new Cluster(client, Duration.ofMillis(50), Duration.ofMillis(50));
  private final TestClock clock = new TestClock(Instant.parse("2026-01-01T00:00:00Z"));
  private boolean leading = true;
  private final Queue<String> sent = new ConcurrentLinkedQueue<>();
  private final PolicyStatus status =
      new PolicyStatus(client, cluster, "holdfast-system", clock, () -> leading);

  @AfterEach
  void stopServer() {
    cluster.close();
    api.close();
  }

  private void start() {
    cluster.start();
    await().until(cluster::isSynced);
  }

  /** Answers each PATCH of a policy's status, and keeps what it says. */
  private void answerPatches(String name, int code, String answer) {
    api.server()
        .expect()
        .patch()
        .withPath(
            "/apis/holdfast.dev/v1alpha1/hardeningpolicies/"
                + name
                + "/status?fieldManager=holdfast-policy-status&force=true")
        .andReply(
            code,
            request -> {
              sent.add(request.getBody().readUtf8());
              return answer;
            })
        .always();
  }

  /** What has been sent since the last call: the body of each PATCH. */
  private List<JsonNode> patches() throws IOException {
    List<JsonNode> patches = new ArrayList<>();
    String body = sent.poll();
    while (body != null) {
      patches.add(YAML.readTree(body));
      body = sent.poll();
    }
    return patches;
  }

  /** Lets a policy come with a status, as it does after a PATCH. */
  private void store(String name, JsonNode status) {
    GenericKubernetesResource object =
        client.genericKubernetesResources(ClusterPolicies.RESOURCE).withName(name).get();
    object.setAdditionalProperty("status", JSON.convertValue(status, Map.class));
    cluster.policyObjects().put(name, object);
  }

  @Test
  void a_status_that_stands_is_not_written_again() throws Exception {
    api.createPolicy(POLICY.formatted("p", "{profile: minimal}"));
    answerPatches("p", 200, "{}");
    start();
    status.write();
    List<JsonNode> written = patches();
    assertThat(written).hasSize(1);
    assertThat(written.get(0).at("/status/conditions/0/reason").textValue()).isEqualTo("Accepted");

    store("p", written.get(0).get("status"));
    status.write();
    status.write();

    assertThat(patches()).isEmpty();
  }

  @Test
  void what_others_write_into_a_status_is_theirs() throws Exception {
    api.createPolicy(POLICY.formatted("p", "{profile: minimal}"));
    answerPatches("p", 200, "{}");
    start();
    status.write();
    JsonNode found = patches().get(0).get("status");
    store(
        "p",
        JSON.readTree(
            """
            {"observedGeneration": 1, "namespaces": 0, "seenBy": "others", "conditions": [
              {"type": "Synced", "status": "True", "reason": "Pushed"}, %s]}
            """
                .formatted(found.at("/conditions/0"))));
    status.write();
    assertThat(patches()).isEmpty();

    clock.advance(Duration.ofSeconds(1));
    api.create("{kind: Namespace, apiVersion: v1, metadata: {name: shop}}");
    await().until(() -> cluster.namespaces().containsKey("shop"));
    status.write();
    assertThat(patches()).hasSize(1);
  }

  @Test
  void whoever_leads_no_more_writes_nothing() throws Exception {
    api.createPolicy(POLICY.formatted("p", "{profile: minimal}"));
    answerPatches("p", 200, "{}");
    start();
    leading = false;
    status.write();

    assertThat(patches()).isEmpty();
  }

  @Test
  void a_status_that_is_refused_is_tried_again_more_and_more_seldom() throws Exception {
    api.createPolicy(POLICY.formatted("p", "{profile: minimal}"));
    answerPatches(
        "p",
        403,
        "{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"code\": 403, \"message\": \"not for you\"}");
    start();

    List<Integer> tried = new ArrayList<>();
    for (int second = 0; second < 200; second++) {
      status.write();
      if (!patches().isEmpty()) {
        tried.add(second);
      }
      clock.advance(Duration.ofSeconds(1));
    }

    assertThat(tried).containsExactly(0, 1, 3, 7, 15, 31, 63, 123, 183);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nobody else's        | {}                                        | {priority: 1, namespaceSelector: {matchLabels: {team: b}}} | 1
          wins by priority     | {priority: 2}                             | {priority: 1} | 1
          loses by priority    | {priority: 1}                             | {priority: 2} | 0
          some pods are left   | {priority: 1}                             | {priority: 2, podSelector: {matchLabels: {tier: web}}} | 1
          has some of the pods | {priority: 2, podSelector: {matchLabels: {tier: web}}} | {priority: 1} | 1
          excludes it          | {excludeNamespaces: [shop]}               | {priority: -1} | 0
          others'              | {namespaceSelector: {matchLabels: {team: b}}} | {} | 0
          nobody opts in       | {scope: OptIn}                            | {priority: -1} | 0
          """)
  void counts_the_namespaces_whose_pods_can_fall_under_it(
      String name, String spec, String othersSpec, int expected) throws Exception {
    api.createPolicy(POLICY.formatted("p", spec));
    api.createPolicy(POLICY.formatted("q", othersSpec));
    api.create("{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {team: a}}}");
    api.create("{kind: Namespace, apiVersion: v1, metadata: {name: holdfast-system}}");
    api.create("{kind: Namespace, apiVersion: v1, metadata: {name: kube-system}}");
    api.create(
        "{kind: Namespace, apiVersion: v1,"
            + " metadata: {name: off, labels: {team: a, holdfast.dev/mode: 'off'}}}");
    api.create(
        "{kind: Namespace, apiVersion: v1,"
            + " metadata: {name: named, labels: {team: a, holdfast.dev/policy: q,"
            + " holdfast.dev/mode: audit}}}");
    answerPatches("p", 200, "{}");
    start();
    await().until(() -> cluster.namespaces().size() == 5);
    status.write();

    assertThat(patches().get(0).at("/status/namespaces").intValue()).isEqualTo(expected);
  }
}
