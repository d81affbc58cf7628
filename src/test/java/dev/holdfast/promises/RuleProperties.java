package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.Severity;
import dev.holdfast.oracle.StrictJsonPatch;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.RuleSettings;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * What each rule does is within its settings and its pod: the words of the design, said again in
 * arithmetic. Each property tries 600 pods.
 */
class RuleProperties {
  private static final Set<String> LABELS_OF_ONE_REVISION_OR_POD =
      Set.of(
          "pod-template-hash",
          "controller-revision-hash",
          "pod-template-generation",
          "rollouts-pod-template-hash",
          "controller.kubernetes.io/hash",
          "statefulset.kubernetes.io/pod-name",
          "apps.kubernetes.io/pod-index");

  @Property
  void the_pause_is_what_the_policy_says_and_a_shells_only_if_it_may(
      @ForAll(supplier = Cases.Any.class) Case given) {
    Case c = given.withPolicies(spec -> spec.put("overrides", "Denied"));
    Outcome outcome = c.harden();
    for (Edit edit : edits(outcome, RuleName.PRE_STOP)) {
      RuleSettings.PreStop settings = settings(c, outcome).preStop();
      if (settings.strategy() == RuleSettings.Strategy.SLEEP) {
        assertThat(Reading.pause(edit.value(), -1)).isEqualTo(settings.sleepSeconds());
      }
      if (!edit.value().has("sleep")) {
        assertThat(settings.shell()).isEqualTo(RuleSettings.Shell.ALLOWED);
        assertThat(c.facts().everywhereAtLeast(30)).isFalse();
      }
    }
  }

  @Property
  void every_app_container_gets_a_pause_where_it_can(
      @ForAll(supplier = Cases.Valid.class) Case given) {
    Case c = plain(given, RuleName.PRE_STOP, RuleName.TERMINATION_GRACE);
    Outcome outcome = c.harden();
    Assume.that(outcome.mode() == Mode.ENFORCE);
    HardeningPolicy policy = c.policyOf(outcome).orElseThrow();
    RuleSettings.PreStop settings = policy.rules().preStop();
    Assume.that(
        c.facts().everywhereAtLeast(30)
            && settings.strategy() == RuleSettings.Strategy.SLEEP
            && settings.applyTo() == RuleSettings.ApplyTo.EVERY);
    ObjectNode patched = c.patched(outcome);
    for (JsonNode container : patched.path("spec").path("containers")) {
      if (!Reading.isSidecar(container, policy)) {
        boolean hasHook = Reading.isPresent(container.path("lifecycle").path("preStop"));
        boolean fits =
            Reading.grace(c.pod()) > 0
                && settings.sleepSeconds()
                    < Math.max(
                        Reading.grace(c.pod()), policy.rules().terminationGrace().maximumSeconds());
        assertThat(hasHook || !fits).as(container.path("name").asText()).isTrue();
      }
    }
  }

  @Property
  void the_grace_period_is_the_longest_pause_and_the_shutdown_time_within_the_maximum(
      @ForAll(supplier = Cases.Valid.class) Case given) {
    Case c = plain(given, RuleName.PRE_STOP, RuleName.TERMINATION_GRACE);
    // Before, the API server drops sleeps that do not fit.
    Assume.that(c.minor() >= 30);
    Outcome outcome = c.harden();
    Assume.that(outcome.mode() == Mode.ENFORCE);
    HardeningPolicy policy = c.policyOf(outcome).orElseThrow();
    ObjectNode patched = c.patched(outcome);
    long before = Reading.grace(c.pod());
    long after = Reading.grace(patched);
    long pause = 0;
    for (JsonNode container : patched.path("spec").path("containers")) {
      JsonNode hook = container.path("lifecycle").path("preStop");
      if (!Reading.isSidecar(container, policy) && Reading.isPresent(hook)) {
        pause = Math.max(pause, Reading.pause(hook, policy.rules().preStop().sleepSeconds()));
      }
    }
    RuleSettings.TerminationGrace settings = policy.rules().terminationGrace();
    long needed = saturated(pause, settings.shutdownSeconds());
    long expected = Math.max(before, Math.min(needed, settings.maximumSeconds()));
    assertThat(after).isEqualTo(before <= 0 ? before : expected);
  }

  @Property
  void the_grace_period_is_never_raised_beyond_the_maximum(
      @ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    for (Edit edit : edits(outcome, RuleName.TERMINATION_GRACE)) {
      assertThat(edit.value().longValue())
          .isGreaterThan(Reading.grace(c.pod()))
          .isLessThanOrEqualTo(settings(c, outcome).terminationGrace().maximumSeconds());
    }
  }

  @Property
  void a_liveness_probe_is_never_added(@ForAll(supplier = Cases.Any.class) Case c) {
    JsonNode before = c.pod().path("spec");
    JsonNode after = c.patched(c.harden()).path("spec");
    for (String kind : List.of("containers", "initContainers")) {
      for (int i = 0; i < before.path(kind).size(); i++) {
        assertThat(Reading.isPresent(after.path(kind).path(i).path("livenessProbe")))
            .isEqualTo(Reading.isPresent(before.path(kind).path(i).path("livenessProbe")));
      }
    }
  }

  @Property
  void pods_that_run_to_completion_get_no_probes(
      @ForAll(supplier = Cases.Any.class) Case given, @ForAll boolean never) {
    Assume.that(given.pod().path("spec").isObject());
    Case c =
        given.with(
            document ->
                document
                    .withObject("/pod/spec")
                    .put("restartPolicy", never ? "Never" : "OnFailure"));
    assertThat(edits(c.harden(), RuleName.STARTUP_PROBE)).isEmpty();
    assertThat(edits(c.harden(), RuleName.READINESS_PROBE)).isEmpty();
  }

  @Property
  void a_startup_probe_asks_what_another_probe_asks_and_allows_at_least_as_long(
      @ForAll(supplier = Cases.Any.class) Case given) {
    Case c = given.withPolicies(spec -> spec.put("overrides", "Denied"));
    Outcome outcome = c.harden();
    ObjectNode patched = c.patched(outcome);
    for (Edit edit : edits(outcome, RuleName.STARTUP_PROBE)) {
      RuleSettings.StartupProbe settings = settings(c, outcome).startupProbe();
      JsonNode container = containerOf(patched, edit);
      JsonNode liveness = containerOf(c.pod(), edit).path("livenessProbe");
      boolean fromLiveness = Reading.handler(liveness).equals(Reading.handler(edit.value()));
      boolean fromReadiness =
          settings.from().contains(RuleSettings.Source.READINESS)
              && Reading.handler(container.path("readinessProbe"))
                  .equals(Reading.handler(edit.value()));
      assertThat(fromLiveness || fromReadiness).isTrue();
      long allowed =
          Reading.number(edit.value(), "periodSeconds")
              * Reading.number(edit.value(), "failureThreshold");
      assertThat(allowed).isGreaterThanOrEqualTo(settings.budgetSeconds());
      if (Reading.isPresent(liveness) && fromLiveness) {
        assertThat(allowed)
            .isGreaterThanOrEqualTo(
                Reading.number(liveness, "initialDelaySeconds")
                    + Reading.number(liveness, "periodSeconds")
                        * Reading.number(liveness, "failureThreshold"));
      }
      assertThat(edit.value().has("initialDelaySeconds")).isFalse();
      assertThat(Reading.number(edit.value(), "successThreshold")).isEqualTo(1);
      assertThatTimeoutIsGood(c, outcome, edit.value());
    }
  }

  @Property
  void a_readiness_probe_fails_before_liveness_does(@ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    for (Edit edit : edits(outcome, RuleName.READINESS_PROBE)) {
      JsonNode liveness = containerOf(c.pod(), edit).path("livenessProbe");
      assertThat(edit.value().has("terminationGracePeriodSeconds")).isFalse();
      if (Reading.handler(liveness).equals(Reading.handler(edit.value()))
          && !Reading.hasOurWords(c.pod())) {
        assertThat(Reading.number(edit.value(), "failureThreshold"))
            .isLessThan(Reading.number(liveness, "failureThreshold"));
        if (Reading.number(liveness, "timeoutSeconds")
            <= Reading.number(liveness, "periodSeconds")) {
          assertThat(secondsToVerdict(edit.value()))
              .isLessThanOrEqualTo(secondsToVerdict(liveness));
        }
      }
      assertThatTimeoutIsGood(c, outcome, edit.value());
    }
  }

  @Property
  void no_probe_asks_a_mesh_or_a_port_without_tcp(@ForAll(supplier = Cases.Any.class) Case given) {
    Case c = given.withPolicies(spec -> spec.put("overrides", "Denied"));
    Outcome outcome = c.harden();
    List<Edit> edits = new ArrayList<>(edits(outcome, RuleName.STARTUP_PROBE));
    edits.addAll(edits(outcome, RuleName.READINESS_PROBE));
    for (Edit edit : edits) {
      JsonNode container = containerOf(c.pod(), edit);
      for (String kind : List.of("httpGet", "tcpSocket")) {
        JsonNode port = edit.value().path(kind).path("port");
        assertThat(edit.value().path(kind).path("path").asText()).doesNotStartWith("/app-health/");
        assertThat(port.asText()).isNotIn("15020", "15021");
        JsonNode asked = Reading.handler(edit.value());
        boolean derivedFromServiceOrPort =
            !Reading.handler(container.path("livenessProbe")).equals(asked)
                && !Reading.handler(container.path("readinessProbe")).equals(asked);
        if (derivedFromServiceOrPort) {
          for (JsonNode declared : container.path("ports")) {
            if (declared.path("name").equals(port) || declared.path("containerPort").equals(port)) {
              assertThat(declared.path("name").asText(""))
                  .doesNotMatch("(.*-)?(metrics|admin|debug|jmx|prometheus)");
            }
          }
        }
      }
    }
  }

  @Property
  void a_timeout_is_raised_to_the_minimum_or_the_period(
      @ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    for (Edit edit : edits(outcome, RuleName.PROBE_TIMEOUT)) {
      String pointer = edit.path().substring(0, edit.path().lastIndexOf('/'));
      JsonNode probe = StrictJsonPatch.at(c.pod(), pointer);
      long minimum = settings(c, outcome).probeTimeout().minimumSeconds();
      assertThat(edit.value().longValue())
          .isGreaterThan(Reading.number(probe, "timeoutSeconds"))
          .isEqualTo(Math.min(minimum, Reading.number(probe, "periodSeconds")));
    }
  }

  @Property
  void replicas_keep_apart_only_where_they_are_replicas_and_nobody_said_otherwise(
      @ForAll(supplier = Cases.Any.class) Case c) {
    Assume.that(workloadIsOfPod(c));
    Outcome outcome = c.harden();
    boolean apart = !edits(outcome, RuleName.ANTI_AFFINITY).isEmpty();
    boolean spread = !edits(outcome, RuleName.TOPOLOGY_SPREAD).isEmpty();
    if (!apart && !spread) {
      return;
    }
    JsonNode spec = c.pod().path("spec");
    assertThat(apart && spread).isFalse();
    assertThat(Reading.labels(c.pod())).isNotEmpty();
    String owner = Reading.controller(c.pod()).path("kind").asText();
    assertThat(Reading.controller(c.pod()).isObject() || c.facts().workload().isPresent()).isTrue();
    assertThat(owner).isNotIn("Job", "DaemonSet", "Node");
    assertThat(spec.path("nodeName").asText("")).isEmpty();
    assertThat(spec.path("nodeSelector").has("kubernetes.io/hostname")).isFalse();
    JsonNode others = spec.path("affinity").path("podAntiAffinity");
    others.forEach(terms -> assertThat(terms).isEmpty());
    assertThat(spec.path("topologySpreadConstraints")).isEmpty();
  }

  @Property
  void selectors_of_replicas_match_the_pod_and_outlive_a_revision(
      @ForAll(supplier = Cases.Any.class) Case c) {
    Assume.that(workloadIsOfPod(c));
    Outcome outcome = c.harden();
    for (Edit edit : outcome.edits()) {
      if (edit.rule() == RuleName.ANTI_AFFINITY || edit.rule() == RuleName.TOPOLOGY_SPREAD) {
        Set<JsonNode> terms = new LinkedHashSet<>(edit.value().findParents("topologyKey"));
        assertThat(terms).isNotEmpty();
        for (JsonNode term : terms) {
          assertThatTermIsGood(c, outcome, edit.rule(), term);
        }
        assertThat(
                edit.value().has("requiredDuringSchedulingIgnoredDuringExecution")
                    && Reading.annotation(c.pod(), "anti-affinity").isEmpty()
                    && settings(c, outcome).antiAffinity().strength()
                        == RuleSettings.Strength.PREFERRED)
            .isFalse();
      }
    }
  }

  @Property
  void every_probe_of_an_app_gets_the_minimal_time_to_answer(
      @ForAll(supplier = Cases.Valid.class) Case given) {
    Case c = plain(given, RuleName.PROBE_TIMEOUT);
    Outcome outcome = c.harden();
    Assume.that(outcome.mode() == Mode.ENFORCE);
    HardeningPolicy policy = c.policyOf(outcome).orElseThrow();
    int minimum = policy.rules().probeTimeout().minimumSeconds();
    for (JsonNode container : c.patched(outcome).path("spec").path("containers")) {
      for (String field : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
        JsonNode probe = container.path(field);
        // Who wrote more than the default of 1 s has thought of it.
        if (Reading.isPresent(probe)
            && !Reading.isSidecar(container, policy)
            && Reading.number(probe, "timeoutSeconds") == 1) {
          assertThat(Math.min(minimum, Reading.number(probe, "periodSeconds")))
              .as("%s of %s", field, container.path("name"))
              .isLessThanOrEqualTo(1);
        }
      }
    }
  }

  @Property
  void a_liveness_probe_leads_to_the_other_two(@ForAll(supplier = Cases.Valid.class) Case given) {
    Case c =
        plain(given, RuleName.STARTUP_PROBE, RuleName.READINESS_PROBE)
            .withPolicies(
                spec -> {
                  Policies.rule(spec, RuleName.STARTUP_PROBE).remove("from");
                  Policies.rule(spec, RuleName.READINESS_PROBE).remove("evidence");
                });
    Outcome outcome = c.harden();
    Assume.that(outcome.mode() == Mode.ENFORCE);
    JsonNode before = c.pod().path("spec");
    Assume.that(before.path("restartPolicy").asText("Always").matches("Always|"));
    HardeningPolicy policy = c.policyOf(outcome).orElseThrow();
    JsonNode plainTarget = Dice.read("{'httpGet':{'path':'/healthz','port':8080}}");
    JsonNode after = c.patched(outcome).path("spec").path("containers");
    boolean inMesh = false;
    for (JsonNode container : before.path("containers")) {
      inMesh |= Reading.KNOWN_SIDECARS.contains(container.path("name").asText());
    }
    Assume.that(!inMesh);
    for (int i = 0; i < after.size(); i++) {
      JsonNode container = before.path("containers").path(i);
      JsonNode liveness = container.path("livenessProbe");
      if (Reading.handler(liveness).equals(plainTarget)
          && !container.has("restartPolicy")
          && !Reading.isSidecar(container, policy)
          && Reading.number(liveness, "periodSeconds") < 1_000
          && Reading.number(liveness, "timeoutSeconds") < 1_000
          && Reading.number(liveness, "failureThreshold") < 1_000) {
        assertThat(Reading.isPresent(after.path(i).path("startupProbe"))).isTrue();
        if (Reading.number(liveness, "failureThreshold") > 1) {
          assertThat(Reading.isPresent(after.path(i).path("readinessProbe"))).isTrue();
        }
      }
    }
  }

  @Property
  void replicas_are_kept_apart_where_nothing_speaks_against_it(
      @ForAll(supplier = Cases.Valid.class) Case given) {
    Case c =
        plain(given, RuleName.ANTI_AFFINITY)
            .withPolicies(spec -> Policies.rule(spec, RuleName.TOPOLOGY_SPREAD).put("mode", "Off"))
            .with(
                document -> {
                  document.remove("workload");
                  ObjectNode spec = document.withObject("/pod/spec");
                  spec.remove(
                      List.of("affinity", "topologySpreadConstraints", "nodeName", "nodeSelector"));
                  spec.remove("restartPolicy");
                  ObjectNode metadata = document.withObject("/pod").withObject("/metadata");
                  metadata.withObject("/labels").put("app", "web");
                  metadata.set(
                      "ownerReferences",
                      Dice.read(
                          "[{'apiVersion':'apps/v1','kind':'ReplicaSet','name':'w','uid':'1',"
                              + "'controller':true}]"));
                });
    Outcome outcome = c.harden();
    Assume.that(outcome.mode() == Mode.ENFORCE);
    assertThat(edits(outcome, RuleName.ANTI_AFFINITY)).hasSize(1);
  }

  @Property
  void no_rule_needs_the_safety_check_for_a_valid_pod(
      @ForAll(supplier = Cases.Valid.class) Case c) {
    assertThat(c.harden().findings()).noneMatch(finding -> finding.severity() == Severity.ERROR);
  }

  private static void assertThatTermIsGood(Case c, Outcome outcome, RuleName rule, JsonNode term) {
    Map<String, String> labels = Reading.labels(c.pod());
    LabelSelector selector = LabelSelector.read(term.path("labelSelector")).orElseThrow();
    assertThat(selector).isNotEqualTo(LabelSelector.EVERYTHING);
    assertThat(selector.matches(labels)).isTrue();
    Set<String> keys = new LinkedHashSet<>(selector.matchLabels().keySet());
    selector.matchExpressions().forEach(expression -> keys.add(expression.key()));
    assertThat(keys)
        .doesNotContainAnyElementsOf(LABELS_OF_ONE_REVISION_OR_POD)
        .noneMatch(key -> key.startsWith("holdfast.dev/"));
    for (JsonNode key : term.path("matchLabelKeys")) {
      assertThat(labels).containsKey(key.asText());
      assertThat(c.minor()).isGreaterThanOrEqualTo(rule == RuleName.ANTI_AFFINITY ? 31 : 27);
    }
    RuleSettings settings = settings(c, outcome);
    assertThat(
            rule == RuleName.ANTI_AFFINITY
                ? settings.antiAffinity().topologyKeys()
                : settings.topologySpread().topologyKeys())
        .contains(term.path("topologyKey").asText());
    if (rule == RuleName.TOPOLOGY_SPREAD) {
      assertThat(term.path("maxSkew").intValue()).isEqualTo(settings.topologySpread().maxSkew());
      assertThat(term.path("whenUnsatisfiable").asText())
          .isEqualTo(settings.topologySpread().whenUnsatisfiable().word());
    }
  }

  private static void assertThatTimeoutIsGood(Case c, Outcome outcome, JsonNode probe) {
    long timeout = Reading.number(probe, "timeoutSeconds");
    long period = Reading.number(probe, "periodSeconds");
    assertThat(timeout).isLessThanOrEqualTo(period);
    HardeningPolicy policy = c.policyOf(outcome).orElseThrow();
    boolean on =
        policy.ruleMode(RuleName.PROBE_TIMEOUT).isEmpty()
            && policy.profile().includes(RuleName.PROBE_TIMEOUT)
            && !Reading.hasOurWords(c.pod());
    if (on) {
      assertThat(timeout)
          .isGreaterThanOrEqualTo(Math.min(period, policy.rules().probeTimeout().minimumSeconds()));
    }
  }

  /** Without words of ours on the pod or its namespace, and with these rules enforced. */
  private static Case plain(Case given, RuleName... rules) {
    Assume.that(!Reading.hasOurWords(given.pod()));
    return given
        .with(document -> document.remove("namespaceLabels"))
        .withPolicies(
            spec -> {
              for (RuleName rule : rules) {
                Policies.rule(spec, rule).put("mode", "Enforce");
              }
            });
  }

  private static List<Edit> edits(Outcome outcome, RuleName rule) {
    return outcome.edits().stream().filter(edit -> edit.rule() == rule).toList();
  }

  private static RuleSettings settings(Case c, Outcome outcome) {
    return c.policyOf(outcome).orElseThrow().rules();
  }

  /**
   * The container that an edit is in: {@code /spec/containers/0} of {@code /spec/containers/0/…}.
   */
  private static JsonNode containerOf(JsonNode pod, Edit edit) {
    String[] steps = edit.path().split("/");
    return pod.path("spec").path(steps[2]).path(Integer.parseInt(steps[3]));
  }

  /** From the first failure to the one that counts, if probes fail at once. */
  private static long secondsToVerdict(JsonNode probe) {
    return Reading.number(probe, "periodSeconds") * (Reading.number(probe, "failureThreshold") - 1);
  }

  /** A workload's selector matches the labels of its pods: the API server sees to that. */
  private static boolean workloadIsOfPod(Case c) {
    return c.facts()
        .workload()
        .flatMap(ClusterFacts.Workload::selector)
        .map(selector -> selector.matches(Reading.labels(c.pod())))
        .orElse(true);
  }

  private static long saturated(long pause, long shutdown) {
    return pause > Long.MAX_VALUE - shutdown ? Long.MAX_VALUE : pause + shutdown;
  }
}
