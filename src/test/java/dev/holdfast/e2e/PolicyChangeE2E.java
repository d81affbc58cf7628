package dev.holdfast.e2e;

import static dev.holdfast.e2e.ApiServer.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.e2e.ApiServer.Answer;
import dev.holdfast.e2e.Load.Creation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Policies change while pods are created in a loop: each pod gets one policy whole, the old one or
 * the new one, and the new one from two seconds after the change on.
 */
class PolicyChangeE2E {
  private static final String NAMESPACE = ApiServer.unique("change");
  private static final String CRD =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/hardeningpolicies.holdfast.dev";
  private static final String POLICIES = "/apis/holdfast.dev/v1alpha1/hardeningpolicies/";

  /** What a pod got is told by two of its fields; no two of these agree in either. */
  private static final int NONE = 0;

  private static final int FIRST_PAUSE = 10;
  private static final int FIRST_GRACE = 110;
  private static final int GRACE_STEP = 3;

  /** What a pod has that no policy was applied to. */
  private static final int DEFAULT_GRACE = 30;

  private static final int UNKNOWN = -1;

  @TempDir static Path folder;
  private static ApiServer api;
  private static RunningHoldfast holdfast;
  private static Registration registration;
  private final List<Change> changes = new ArrayList<>();

  /** From when on which version may, and from when on it must be there; nanoTime. */
  private record Change(int version, long sent, long returned) {}

  @BeforeAll
  static void install() throws Exception {
    api = ApiServer.connect();
    api.installCustomResource();
    // The Lease needs the namespace: without one nobody leads, and no status is written.
    Account.install(api);
    api.policy("start", "profile: minimal").object();
    api.namespace(NAMESPACE, Map.of());
    api.awaitServiceAccounts(List.of(NAMESPACE));
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
      api.deleteNamespace(NAMESPACE);
      api.deletePolicies();
      api.close();
    }
    if (holdfast != null) {
      holdfast.close();
    }
  }

  @BeforeEach
  void noPolicy() {
    api.installCustomResource();
    api.namespace(NAMESPACE, Map.of());
    await().until(() -> api.pauseNow(NAMESPACE) == 0);
    changes.clear();
    changes.add(new Change(NONE, Long.MIN_VALUE, Long.MIN_VALUE));
  }

  @AfterEach
  void theCustomResourceAsItWas() {
    api.installCustomResource();
  }

  private static String spec(int version) {
    int pause = FIRST_PAUSE + version;
    int shutdown = FIRST_GRACE + GRACE_STEP * version - pause;
    return "profile: minimal, rules: {preStop: {sleepSeconds: "
        + pause
        + "}, terminationGrace: {shutdownSeconds: "
        + shutdown
        + "}}";
  }

  /** Which version's fields a pod has, all of them; UNKNOWN if it is a mix. */
  private static int versionOf(JsonNode pod) {
    int pause = ApiServer.pauseOf(pod);
    int grace = pod.at("/spec/terminationGracePeriodSeconds").asInt();
    if (pause == 0) {
      return grace == DEFAULT_GRACE ? NONE : UNKNOWN;
    }
    int version = pause - FIRST_PAUSE;
    return grace == FIRST_GRACE + GRACE_STEP * version ? version : UNKNOWN;
  }

  private void change(int version, Supplier<Answer> write) {
    long sent = System.nanoTime();
    assertThat(write.get().isAccepted()).isTrue();
    changes.add(new Change(version, sent, System.nanoTime()));
  }

  private static Load load() {
    return new Load(api, number -> ApiServer.pod(NAMESPACE, "load-" + number));
  }

  private static void awaitVersion(int version) {
    await()
        .atMost(SOON)
        .until(() -> versionOf(api.dryRun(ApiServer.pod(NAMESPACE, "now")).body()) == version);
  }

  /** Long enough that the next change does not hide what this one has done. */
  private static void createSomePods(Load load) {
    int before = load.size();
    await().atMost(Duration.ofSeconds(30)).until(() -> load.size() > before + 50);
  }

  private void assertOldOrNew(List<Creation> creations) {
    assertThat(creations).hasSizeGreaterThan(100);
    List<String> wrong = new ArrayList<>();
    for (Creation creation : creations) {
      int version = versionOf(creation.answer().body());
      if (!creation.answer().isAccepted() || !mayBe(version, creation)) {
        wrong.add(
            "version %d: %s".formatted(version, creation.answer().body().path("spec").toString()));
      }
    }
    assertThat(wrong).as("of %d pods", creations.size()).isEmpty();
  }

  private boolean mayBe(int version, Creation creation) {
    for (int i = 0; i < changes.size(); i++) {
      boolean begun = changes.get(i).sent() <= creation.ended();
      boolean over =
          i + 1 < changes.size()
              && changes.get(i + 1).returned() + SOON.toNanos() < creation.began();
      if (changes.get(i).version() == version && begun && !over) {
        return true;
      }
    }
    return false;
  }

  @Test
  void a_policy_is_created_and_changed_and_deleted() throws Exception {
    try (Load load = load()) {
      createSomePods(load);
      for (int version = 1; version <= 8; version++) {
        String spec = spec(version);
        change(version, () -> api.policy("changing", spec));
        awaitVersion(version);
        createSomePods(load);
      }
      change(NONE, () -> api.delete(POLICIES + "changing"));
      awaitVersion(NONE);
      createSomePods(load);

      assertOldOrNew(load.stop());
    }
  }

  @Test
  void changes_in_quick_succession_end_with_the_last() throws Exception {
    try (Load load = load()) {
      createSomePods(load);
      for (int version = 1; version <= 40; version++) {
        String spec = spec(version);
        change(version, () -> api.policy("changing", spec));
      }
      awaitVersion(40);
      createSomePods(load);

      assertOldOrNew(load.stop());
    }
  }

  @Test
  void one_policy_serves_while_a_better_one_comes_and_goes() throws Exception {
    api.policy("base", spec(1)).object();
    awaitVersion(1);
    changes.clear();
    changes.add(new Change(1, Long.MIN_VALUE, Long.MIN_VALUE));
    try (Load load = load()) {
      createSomePods(load);
      for (int i = 0; i < 5; i++) {
        change(2, () -> api.policy("better", spec(2) + ", priority: 10"));
        awaitVersion(2);
        createSomePods(load);
        change(1, () -> api.delete(POLICIES + "better"));
        awaitVersion(1);
        createSomePods(load);
      }

      assertOldOrNew(load.stop());
    }
  }

  @Test
  void a_namespace_changes_its_policy() throws Exception {
    String selectsNothing = ", namespaceSelector: {matchLabels: {nobody: has}}";
    api.policy("one", spec(1) + selectsNothing).object();
    api.policy("two", spec(2) + selectsNothing).object();
    try (Load load = load()) {
      createSomePods(load);
      for (int i = 0; i < 3; i++) {
        change(1, () -> label("policy: one"));
        awaitVersion(1);
        createSomePods(load);
        change(2, () -> label("policy: two"));
        awaitVersion(2);
        createSomePods(load);
        change(NONE, () -> label("mode: 'off'"));
        awaitVersion(NONE);
        change(2, () -> label("mode: null"));
        awaitVersion(2);
      }

      assertOldOrNew(load.stop());
    }
  }

  private static Answer label(String label) {
    return api.patch(
        "/api/v1/namespaces/" + NAMESPACE, "{metadata: {labels: {holdfast.dev/" + label + "}}}");
  }

  /** As an older custom resource might let it in, or a write to etcd. */
  @Test
  void a_bad_policy_that_gets_in_leaves_the_last_good_one_serving() throws Exception {
    api.policy("bad", spec(1)).object();
    awaitVersion(1);
    changes.clear();
    changes.add(new Change(1, Long.MIN_VALUE, Long.MIN_VALUE));
    try (Load load = load()) {
      createSomePods(load);
      api.patch(
              CRD,
              "{spec: {versions: [{name: v1alpha1, served: true, storage: true, subresources:"
                  + " {status: {}}, schema: {openAPIV3Schema: {type: object,"
                  + " x-kubernetes-preserve-unknown-fields: true}}}]}}")
          .object();
      String bad =
          "{spec: {profile: minimal, rules: {preStop: {sleepSeconds: 99}, terminationGrace:"
              + " {shutdownSeconds: 700}}}}";
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> api.patch(POLICIES + "bad", bad).isAccepted());
      await().atMost(SOON).until(() -> holdfast.metric("holdfast_policies_invalid") == 1);
      createSomePods(load);
      await()
          // by the leader, which may have to wait until the Lease of one that was killed runs out
          .atMost(Duration.ofSeconds(40))
          .untilAsserted(
              () -> {
                JsonNode policy = api.get(POLICIES + "bad").body();
                JsonNode ready = policy.at("/status/conditions/0");
                assertThat(ready.path("status").asText()).isEqualTo("False");
                assertThat(ready.path("reason").asText()).isEqualTo("Invalid");
                assertThat(ready.path("message").asText()).contains("shutdownSeconds");
                assertThat(policy.at("/status/observedGeneration").asLong())
                    .isEqualTo(policy.at("/metadata/generation").asLong());
              });

      change(2, () -> api.patch(POLICIES + "bad", "{spec: {" + spec(2) + "}}"));
      awaitVersion(2);
      assertThat(holdfast.metric("holdfast_policies_invalid")).isZero();
      createSomePods(load);
      assertOldOrNew(load.stop());
    }

    api.patch(POLICIES + "bad", "{spec: {mode: Sometimes}}").object();
    await().atMost(SOON).until(() -> holdfast.metric("holdfast_policies_invalid") == 1);
    awaitVersion(2);
    holdfast.kill();
    holdfast.start();
    // Nothing is left of the good one: it counts as absent.
    await()
        .atMost(Duration.ofSeconds(10))
        .until(
            () ->
                api.dryRun(ApiServer.pod(NAMESPACE, "now")).isAccepted() && holdfast.reviews() > 0);
    awaitVersion(NONE);
    assertThat(holdfast.metric("holdfast_policies_invalid")).isEqualTo(1);
  }
}
