package dev.holdfast.disruption.budget;

import static dev.holdfast.disruption.budget.Village.NOW;
import static dev.holdfast.disruption.budget.Village.budget;
import static dev.holdfast.disruption.budget.Village.deployment;
import static dev.holdfast.disruption.budget.Village.replicaSet;
import static dev.holdfast.disruption.budget.Village.yaml;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Finding;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.PodOverrides;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets which budget, and who gets none. The table of docs/rules/disruption-budget.md. */
class DeciderTest {
  private final Village village = new Village();

  private static List<String> codes(Decision decision) {
    return decision.findings().stream().map(Finding::reason).collect(Collectors.toList());
  }

  private static ObjectNode annotated(ObjectNode object, String value) {
    object
        .withObject("/metadata/annotations")
        .put(PodOverrides.PREFIX + "disruption-budget", value);
    return object;
  }

  private static ObjectNode templateAnnotated(ObjectNode object, String key, String value) {
    object.withObject("/spec/template/metadata/annotations").put(PodOverrides.PREFIX + key, value);
    return object;
  }

  @Test
  void a_deployment_of_two_gets_a_budget() {
    Decision decision = village.decide(village.put(deployment("web", 2)));

    assertThat(decision.reason()).isEqualTo(Reason.PROTECTED);
    assertThat(decision.apply().orElseThrow().document(true))
        .isEqualTo(
            yaml(
                """
                apiVersion: policy/v1
                kind: PodDisruptionBudget
                metadata:
                  name: web-deployment-holdfast
                  namespace: shop
                  labels: {app.kubernetes.io/managed-by: holdfast}
                  ownerReferences:
                    - {apiVersion: apps/v1, kind: Deployment, name: web, uid: uid-web, controller: true, blockOwnerDeletion: false}
                spec:
                  maxUnavailable: 1
                  selector: {matchLabels: {app: web}}
                  unhealthyPodEvictionPolicy: AlwaysAllow
                """));
  }

  @Test
  void a_stateful_set_keeps_members_that_are_not_ready() {
    ObjectNode object = deployment("db", 3);
    object.put("kind", "StatefulSet");

    Proposal budget = village.decide(village.put(object)).apply().orElseThrow();

    assertThat(budget.unhealthyPodEvictionPolicy()).contains("IfHealthyBudget");
    assertThat(budget.name()).isEqualTo("db-statefulset-holdfast");
  }

  @Test
  void an_old_api_server_is_not_asked_for_what_it_does_not_know() {
    village.unhealthyPolicyKnown = false;

    Decision decision = village.decide(village.put(deployment("web", 2)));

    assertThat(decision.apply().orElseThrow().document(true).at("/spec"))
        .isEqualTo(yaml("{maxUnavailable: 1, selector: {matchLabels: {app: web}}}"));
  }

  @ParameterizedTest
  @CsvSource({"0, TOO_FEW_REPLICAS", "1, TOO_FEW_REPLICAS", "2, PROTECTED", "50, PROTECTED"})
  void the_floor_is_the_replicas(int replicas, Reason reason) {
    assertThat(village.decide(village.put(deployment("web", replicas))).reason()).isEqualTo(reason);
  }

  @Test
  void one_replica_is_the_default() {
    ObjectNode object = deployment("web", 2);
    object.withObject("/spec").remove("replicas");

    assertThat(village.decide(village.put(object)).floor()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    // replicas, minimum of an autoscaler, floor
    "5, 1, 1",
    "5, 2, 2",
    "1, 3, 3",
    "0, 3, 0",
    "5, 0, 0",
  })
  void an_autoscaler_sets_the_floor_unless_there_are_no_replicas(
      int replicas, int minimum, int floor) {
    village.neighbourhood.put(
        new Autoscaler("HorizontalPodAutoscaler", "web", "apps", "Deployment", "web", minimum));

    assertThat(village.decide(village.put(deployment("web", replicas))).floor()).isEqualTo(floor);
  }

  @Test
  void of_two_autoscalers_the_smaller_minimum_counts() {
    village.neighbourhood.put(new Autoscaler("ScaledObject", "a", "apps", "Deployment", "web", 1));
    village.neighbourhood.put(
        new Autoscaler("HorizontalPodAutoscaler", "a", "apps", "Deployment", "web", 4));
    Workload web = village.put(deployment("web", 4));
    assertThat(village.decide(web).floor()).isEqualTo(1);

    village.neighbourhood.removeAutoscaler("ScaledObject", "a");
    assertThat(village.decide(web).floor()).isEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource({"apps, StatefulSet, web", "argoproj.io, Deployment, web", "apps, Deployment, other"})
  void an_autoscaler_of_something_else_does_not_count(String group, String kind, String name) {
    village.neighbourhood.put(new Autoscaler("HorizontalPodAutoscaler", "a", group, kind, name, 1));

    assertThat(village.decide(village.put(deployment("web", 3))).floor()).isEqualTo(3);
  }

  @Test
  void autoscalers_are_read_with_their_defaults() {
    assertThat(
            Documents.autoscaler(
                yaml(
                    "{metadata: {name: a}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}")))
        .isEqualTo(new Autoscaler("HorizontalPodAutoscaler", "a", "apps", "Deployment", "web", 1));
    assertThat(
            Documents.scaledObject(
                yaml("{metadata: {name: a}, spec: {scaleTargetRef: {name: web}}}")))
        .isEqualTo(new Autoscaler("ScaledObject", "a", "apps", "Deployment", "web", 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"paused-replicas: '1'", "paused: 'true'"})
  void an_autoscaler_that_is_paused_leaves_what_is_set(String annotation) {
    String scaled =
        "{metadata: {name: a, annotations: {autoscaling.keda.sh/%s}},"
            + " spec: {scaleTargetRef: {name: web}, minReplicaCount: 3}}";
    village.neighbourhood.put(Documents.scaledObject(yaml(scaled.formatted(annotation))));

    assertThat(village.decide(village.put(deployment("web", 1))).floor()).isEqualTo(1);
    village.neighbourhood.put(Documents.scaledObject(yaml(scaled.formatted("paused: 'false'"))));
    assertThat(village.decide(village.put(deployment("web", 1))).floor()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{maxUnavailable: 1, selector: {matchLabels: {app: web}}}",
        "{minAvailable: 1, selector: {}}",
        "{minAvailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: [x, web]}]}}",
        "{minAvailable: 1, selector: {matchExpressions: [{key: app, operator: Exists}]}}",
        "{minAvailable: 1, selector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}",
        "{minAvailable: 1, selector: {matchExpressions: [{key: app, operator: NotIn, values: [x]}]}}"
      })
  void a_users_budget_is_the_only_one(String spec) {
    Workload web = village.put(deployment("web", 3));
    village.reconcile(web);
    village.put(budget("theirs", spec));

    Decision decision = village.reconcile(web);

    assertThat(decision.reason()).isEqualTo(Reason.USERS_BUDGET);
    assertThat(decision.withdraw())
        .extracting(Budget::name)
        .containsExactly("web-deployment-holdfast");
    assertThat(decision.detail()).contains("theirs");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{maxUnavailable: 1, selector: {matchLabels: {app: web, tier: x}}}",
        "{minAvailable: 1}",
        "{minAvailable: 1, selector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}"
      })
  void a_users_budget_that_selects_none_of_its_pods_does_not_matter(String spec) {
    village.put(budget("theirs", spec));

    assertThat(village.decide(village.put(deployment("web", 3))).reason())
        .isEqualTo(Reason.PROTECTED);
  }

  /** Such as its second pod will have, whether there is one now or not. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          StatefulSet | apps.kubernetes.io/pod-index: '1'            | USERS_BUDGET
          StatefulSet | statefulset.kubernetes.io/pod-name: web-1    | USERS_BUDGET
          StatefulSet | controller-revision-hash: web-6c8f           | USERS_BUDGET
          Deployment  | pod-template-hash: 6c8f                      | USERS_BUDGET
          Rollout     | rollouts-pod-template-hash: 6c8f             | USERS_BUDGET
          Deployment  | apps.kubernetes.io/pod-index: '1'            | PROTECTED
          StatefulSet | pod-template-hash: 6c8f                      | PROTECTED
          """)
  void a_users_budget_may_ask_for_labels_that_controllers_add(
      String kind, String label, Reason expected) {
    village.policy("{rules: {disruptionBudget: {kinds: [argoproj.io/Rollout]}}}");
    ObjectNode object = deployment("web", 2);
    object.put("kind", kind);
    if (kind.equals("Rollout")) {
      object.put("apiVersion", "argoproj.io/v1alpha1");
    }
    Workload web = village.put(object);
    assertThat(village.reconcile(web).reason()).isEqualTo(Reason.PROTECTED);

    Budget theirs =
        budget("theirs", "{minAvailable: 1, selector: {matchLabels: {app: web, " + label + "}}}");
    assertThat(village.neighbourhood.put(theirs)).contains(web.key());

    assertThat(village.reconcile(web).reason()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {statefulset.kubernetes.io/pod-name: web-0} | USERS_BUDGET
          {statefulset.kubernetes.io/pod-name: db-0}  | PROTECTED
          {apps.kubernetes.io/pod-index: '0'}         | USERS_BUDGET
          {controller-revision-hash: web-6c8f}        | PROTECTED
          """)
  void a_users_budget_may_ask_for_nothing_but_labels_that_controllers_add(
      String labels, Reason expected) {
    ObjectNode object = deployment("web", 2);
    object.put("kind", "StatefulSet");
    village.put(budget("theirs", "{minAvailable: 1, selector: {matchLabels: " + labels + "}}"));

    assertThat(village.decide(village.put(object)).reason()).isEqualTo(expected);
  }

  @Test
  void a_users_budget_that_selects_running_pods_only_counts_too() {
    village.put(budget("theirs", "{minAvailable: 1, selector: {matchLabels: {mesh: 'on'}}}"));
    village.put(replicaSet("rs", "web"));
    village.neighbourhood.setPods(
        List.of(new LivePod("ReplicaSet", "uid-rs", Map.of("app", "web", "mesh", "on"))));

    assertThat(village.decide(village.put(deployment("web", 3))).reason())
        .isEqualTo(Reason.USERS_BUDGET);
  }

  @Test
  void the_label_alone_makes_a_budget_a_users() {
    Workload web = village.put(deployment("web", 3));
    Budget copied =
        Documents.budget(
            yaml(
                "{metadata: {name: web-deployment-holdfast, labels: {app.kubernetes.io/managed-by: holdfast}},"
                    + " spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}}"),
            "shop");
    village.put(copied);

    Decision decision = village.decide(web);

    assertThat(decision.reason()).isEqualTo(Reason.USERS_BUDGET);
    assertThat(decision.withdraw()).isEmpty();
  }

  @Test
  void a_budget_of_our_name_that_selects_others_is_not_touched_and_ours_gets_another_name() {
    Workload web = village.put(deployment("web", 3));
    village.put(
        budget("web-deployment-holdfast", "{minAvailable: 1, selector: {matchLabels: {a: b}}}"));

    Proposal budget = village.decide(web).apply().orElseThrow();

    assertThat(budget.name()).matches("web-[0-9a-f]{10}-holdfast");
    village.put(budget(budget.name(), "{minAvailable: 1, selector: {matchLabels: {a: b}}}"));
    Decision none = village.decide(web);
    assertThat(none.reason()).isEqualTo(Reason.NAME_TAKEN);
    assertThat(codes(none)).containsExactly("name-taken");
    assertThat(none.apply()).isEmpty();
  }

  @Test
  void an_edit_of_ours_is_put_right() {
    Workload web = village.put(deployment("web", 3));
    village.reconcile(web);
    Budget ours = village.neighbourhood.budgets().iterator().next();
    village.put(edited(ours, "{maxUnavailable: 2, selector: {matchLabels: {app: web}}}"));

    Decision decision = village.reconcile(web);

    assertThat(decision.apply()).isPresent();
    assertThat(decision.withdraw()).isEmpty();
    assertThat(village.decide(web).apply()).isEmpty();
  }

  @Test
  void an_edit_that_cannot_be_applied_away_makes_it_anew() {
    Workload web = village.put(deployment("web", 3));
    village.reconcile(web);
    Budget ours = village.neighbourhood.budgets().iterator().next();
    village.put(edited(ours, "{minAvailable: 3, selector: {matchLabels: {app: web}}}"));

    assertThat(village.reconcile(web).withdraw()).hasSize(1);
    assertThat(village.reconcile(web).apply()).isPresent();
  }

  private static Budget edited(Budget ours, String spec) {
    Budget other = budget(ours.name(), spec);
    return new Budget(
        "shop",
        ours.name(),
        "u",
        "2",
        other.selector(),
        other.amount(),
        "AlwaysAllow",
        true,
        true,
        ours.owner(),
        ours.status());
  }

  @Test
  void of_two_of_ours_one_goes() {
    Workload web = village.put(deployment("web", 3));
    Proposal budget = village.reconcile(web).apply().orElseThrow();
    Budget ours = budget.pending();
    village.put(
        new Budget(
            "shop",
            "a-copy",
            "x",
            "1",
            ours.selector(),
            ours.amount(),
            "AlwaysAllow",
            true,
            true,
            ours.owner(),
            ours.status()));

    Decision decision = village.decide(web);

    assertThat(decision.reason()).isEqualTo(Reason.PROTECTED);
    assertThat(decision.withdraw()).extracting(Budget::name).containsExactly("a-copy");
  }

  @Test
  void who_selects_anothers_pods_gets_none_and_the_other_does() {
    Workload stable = village.put(deployment("x", 3));
    village.reconcile(stable);
    ObjectNode object = deployment("x", 3);
    object.withObject("/metadata").put("name", "canary").put("uid", "uid-canary");
    object.withObject("/spec/selector/matchLabels").put("track", "canary");
    object.withObject("/spec/template/metadata/labels").put("track", "canary");
    Workload canary = village.put(object);

    Decision waiting = village.reconcile(canary);
    Decision withdrawn = village.reconcile(stable);
    Decision given = village.reconcile(canary);

    assertThat(waiting.reason()).isEqualTo(Reason.WAITING);
    assertThat(withdrawn.reason()).isEqualTo(Reason.SELECTS_OTHERS);
    assertThat(codes(withdrawn)).containsExactly("selects-others");
    assertThat(withdrawn.detail()).contains("Deployment canary");
    assertThat(given.apply()).isPresent();
  }

  @Test
  void of_two_with_the_same_selector_neither_gets_one() {
    Workload one = village.put(deployment("x", 3));
    ObjectNode object = deployment("x", 3);
    object.withObject("/metadata").put("name", "y").put("uid", "uid-y");
    Workload other = village.put(object);

    assertThat(village.decide(one).reason()).isEqualTo(Reason.SELECTS_OTHERS);
    assertThat(village.decide(other).reason()).isEqualTo(Reason.SELECTS_OTHERS);
  }

  @Test
  void running_pods_of_others_count_whatever_controls_them() {
    Workload web = village.put(deployment("web", 3));
    village.neighbourhood.setPods(
        List.of(new LivePod("DaemonSet", "ds", Map.of("app", "web", "x", "y"))));

    assertThat(village.decide(web).reason()).isEqualTo(Reason.SELECTS_OTHERS);
    assertThat(village.decide(web).detail()).contains("a DaemonSet");
  }

  @Test
  void of_two_budgets_of_ours_on_a_pod_that_is_nobodys_one_goes() {
    Workload one = village.put(deployment("one", 3));
    ObjectNode object = deployment("two", 3);
    object.withObject("/spec").set("selector", yaml("{matchLabels: {tier: two}}"));
    object.withObject("/spec/template/metadata/labels").put("tier", "two");
    Workload two = village.put(object);
    village.reconcile(one);
    village.reconcile(two);
    village.neighbourhood.setPods(
        List.of(new LivePod("", "", Map.of("app", "one", "tier", "two"))));

    assertThat(village.reconcile(one).withdraw()).isEmpty();
    assertThat(village.reconcile(two).withdraw()).hasSize(1);
    assertThat(village.reconcile(two).reason()).isEqualTo(Reason.WAITING);
    village.neighbourhood.setPods(List.of());
    assertThat(village.reconcile(two).apply()).isPresent();
  }

  @Test
  void a_replica_set_that_its_deployment_left_behind_is_a_workload() {
    ObjectNode object = replicaSet("rs", "web");
    village.put(object);
    village.neighbourhood.setPods(
        List.of(new LivePod("ReplicaSet", "uid-rs", Map.of("app", "web"))));
    object.withObject("/metadata").remove("ownerReferences");

    assertThat(village.decide(village.put(object)).reason()).isEqualTo(Reason.PROTECTED);
  }

  @Test
  void replica_sets_that_are_gone_leave_nothing_behind() {
    Workload part = Documents.workload(replicaSet("rs", "web"), "shop");
    village.neighbourhood.put(part);
    assertThat(village.neighbourhood.isEmpty()).isFalse();

    village.neighbourhood.remove(part.key());

    assertThat(village.neighbourhood.isEmpty()).isTrue();
  }

  @Test
  void its_own_pods_and_bare_ones_are_not_others() {
    Workload web = village.put(deployment("web", 3));
    village.put(replicaSet("rs", "web"));
    village.neighbourhood.setPods(
        List.of(
            new LivePod("ReplicaSet", "uid-rs", Map.of("app", "web", "pod-template-hash", "1")),
            new LivePod("ReplicaSet", "not known yet", Map.of("app", "web")),
            new LivePod("", "", Map.of("app", "web"))));

    assertThat(village.decide(web).reason()).isEqualTo(Reason.PROTECTED);
  }

  @ParameterizedTest
  @CsvSource({
    "maxUnavailable=2, 3, maxUnavailable: 2",
    "minAvailable=2, 3, minAvailable: 2",
    "25%, 3, maxUnavailable: 25%",
    "2, 3, maxUnavailable: 2",
    "' MinAvailable=50% ', 3, minAvailable: 50%",
    "minAvailable=50%, 2, minAvailable: 50%"
  })
  void the_annotation_says_how_much(String value, int replicas, String amount) {
    Decision decision = village.decide(village.put(annotated(deployment("web", replicas), value)));

    assertThat(decision.apply().orElseThrow().amount()).hasToString(amount);
    assertThat(decision.findings()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "maxUnavailable=0, 3",
    "0, 3",
    "0%, 3",
    "minAvailable=3, 3",
    "minAvailable=5, 3",
    "minAvailable=100%, 3",
    "minAvailable=67%, 3",
    "minAvailable=51%, 2"
  })
  void a_value_that_would_forbid_every_eviction_is_refused(String value, int replicas) {
    Decision decision = village.decide(village.put(annotated(deployment("web", replicas), value)));

    assertThat(decision.apply().orElseThrow().amount()).hasToString("maxUnavailable: 1");
    assertThat(codes(decision)).containsExactly("refused-value");
  }

  @Test
  void a_refused_value_is_judged_anew_when_the_floor_changes() {
    village.reconcile(village.put(annotated(deployment("web", 3), "minAvailable=3")));

    Workload more = village.put(annotated(deployment("web", 4), "minAvailable=3"));

    // maxUnavailable cannot be applied away
    assertThat(village.reconcile(more).withdraw()).hasSize(1);
    assertThat(village.reconcile(more).apply().orElseThrow().amount())
        .hasToString("minAvailable: 3");
  }

  @Test
  void the_policy_says_how_much_and_a_refused_value_falls_back_to_it() {
    village.policy("{rules: {disruptionBudget: {maxUnavailable: 10%}}}");

    assertThat(village.decide(village.put(deployment("a", 30))).apply().orElseThrow().amount())
        .hasToString("maxUnavailable: 10%");
    assertThat(
            village
                .decide(village.put(annotated(deployment("b", 30), "0")))
                .apply()
                .orElseThrow()
                .amount())
        .hasToString("maxUnavailable: 10%");
  }

  @Test
  void a_value_is_judged_by_what_an_autoscaler_has_to_begin_with() {
    village.neighbourhood.put(
        new Autoscaler("ScaledObject", "web", "apps", "Deployment", "web", 3));

    Decision decision =
        village.decide(village.put(annotated(deployment("web", 1), "minAvailable=1")));

    assertThat(decision.apply().orElseThrow().amount()).hasToString("maxUnavailable: 1");
    assertThat(codes(decision)).containsExactly("refused-value");
    assertThat(
            village
                .decide(village.put(annotated(deployment("web", 3), "minAvailable=1")))
                .apply()
                .orElseThrow()
                .amount())
        .hasToString("minAvailable: 1");
  }

  @Test
  void the_workloads_own_annotation_wins_unless_nobody_can_read_it() {
    ObjectNode object =
        templateAnnotated(annotated(deployment("web", 9), "2"), "disruption-budget", "3");
    assertThat(village.decide(village.put(object)).apply().orElseThrow().amount())
        .hasToString("maxUnavailable: 2");

    ObjectNode unreadable =
        templateAnnotated(annotated(deployment("x", 9), "some"), "disruption-budget", "3");
    Decision decision = village.decide(village.put(unreadable));
    assertThat(decision.apply().orElseThrow().amount()).hasToString("maxUnavailable: 3");
    assertThat(codes(decision)).containsExactly("unreadable-annotation");
  }

  @ParameterizedTest
  @ValueSource(strings = {"some", "maxUnavailable", "101%", "-1", "1.5", "maxUnavailable=1=2", ""})
  void a_value_that_nobody_can_read_is_told_and_the_policys_applies(String value) {
    Decision decision = village.decide(village.put(annotated(deployment("web", 3), value)));

    assertThat(decision.apply().orElseThrow().amount()).hasToString("maxUnavailable: 1");
    assertThat(codes(decision)).containsExactly("unreadable-annotation");
  }

  @Test
  void the_annotation_switches_it_off_and_on() {
    assertThat(village.decide(village.put(annotated(deployment("a", 3), "off"))).reason())
        .isEqualTo(Reason.SKIPPED);
    village.policy("{profile: minimal}");
    assertThat(village.decide(village.put(deployment("b", 3))).reason()).isEqualTo(Reason.OFF);
    assertThat(village.decide(village.put(annotated(deployment("c", 3), "1"))).reason())
        .isEqualTo(Reason.PROTECTED);
    village.policy("{profile: minimal, rules: {disruptionBudget: {mode: Off}}}");
    assertThat(village.decide(village.put(annotated(deployment("d", 3), "1"))).reason())
        .isEqualTo(Reason.OFF);
  }

  @Test
  void skip_counts_on_the_template_and_on_the_workload() {
    ObjectNode own = deployment("a", 3);
    own.withObject("/metadata/annotations").put("holdfast.dev/skip", "disruption-budget");
    ObjectNode ofTemplate =
        templateAnnotated(deployment("b", 3), "skip", "pre-stop, disruption-budget");

    assertThat(village.decide(village.put(own)).reason()).isEqualTo(Reason.SKIPPED);
    assertThat(village.decide(village.put(ofTemplate)).reason()).isEqualTo(Reason.SKIPPED);
  }

  @Test
  void a_policy_that_denies_overrides_ignores_annotations() {
    village.policy("{overrides: Denied}");

    Decision decision = village.decide(village.put(annotated(deployment("a", 3), "off")));

    assertThat(decision.reason()).isEqualTo(Reason.PROTECTED);
    assertThat(codes(decision)).containsExactly("overrides-denied");
  }

  @ParameterizedTest
  @CsvSource({
    // template, workload, namespace, what becomes of it
    "off, enforce, enforce, OFF",
    "enforce, off, off, PROTECTED",
    ", off, enforce, OFF",
    ", enforce, off, PROTECTED",
    "bogus, off, enforce, OFF",
    ", , off, OFF",
    ", , audit, AUDITED",
    "audit, , , AUDITED",
    ", , , PROTECTED"
  })
  void the_templates_label_wins_over_the_workloads_that_over_the_namespaces(
      String template, String own, String namespace, Reason reason) {
    ObjectNode object = deployment("web", 3);
    if (template != null) {
      object.withObject("/spec/template/metadata/labels").put("holdfast.dev/mode", template);
    }
    if (own != null) {
      object.withObject("/metadata/labels").put("holdfast.dev/mode", own);
    }
    village.namespaceLabels = namespace == null ? Map.of() : Map.of("holdfast.dev/mode", namespace);

    assertThat(village.decide(village.put(object)).reason()).isEqualTo(reason);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{mode: Off}",
        "{mode: Audit}",
        "{rules: {disruptionBudget: {mode: Audit}}}",
        "{rules: {disruptionBudget: {mode: Off}}}",
        "{excludeNamespaces: [shop]}",
        "{scope: OptIn}",
        "{podSelector: {matchLabels: {other: pods}}}"
      })
  void ours_goes_at_once_when_it_is_switched_off(String policy) {
    Workload web = village.put(deployment("web", 3));
    village.reconcile(web);
    village.policy(policy);

    Decision decision = village.reconcile(web);

    assertThat(decision.withdraw()).hasSize(1);
    assertThat(decision.apply()).isEmpty();
  }

  @Test
  void audit_tells_what_it_would_do() {
    village.policy("{mode: Audit}");

    Decision decision = village.decide(village.put(deployment("web", 3)));

    assertThat(decision.reason()).isEqualTo(Reason.AUDITED);
    assertThat(decision.budget()).isPresent();
    assertThat(codes(decision)).containsExactly("would-create");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kube-system", "kube-public", "kube-node-lease", "holdfast-system"})
  void some_namespaces_get_none(String namespace) {
    ObjectNode object = deployment("web", 3);
    object.withObject("/metadata").put("namespace", namespace);
    Workload workload = Documents.workload(object, "");

    assertThat(Ruling.of(workload, village.policies, "holdfast-system", Map.of()).reason())
        .isEqualTo(Reason.EXCLUDED);
  }

  @Test
  void pods_of_the_systems_priority_classes_get_none() {
    ObjectNode object = deployment("web", 3);
    object.withObject("/spec/template/spec").put("priorityClassName", "system-node-critical");

    assertThat(village.decide(village.put(object)).reason()).isEqualTo(Reason.EXCLUDED);
  }

  private static ObjectNode owned(String apiVersion, String kind) {
    ObjectNode object = deployment("web", 3);
    object
        .withObject("/metadata")
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", apiVersion)
        .put("kind", kind)
        .put("name", "owner")
        .put("uid", "o")
        .put("controller", true);
    return object;
  }

  @Test
  void what_an_operator_controls_is_the_operators() {
    assertThat(village.decide(village.put(owned("kafka.strimzi.io/v1", "Kafka"))).reason())
        .isEqualTo(Reason.OWNED);
    assertThat(village.decide(village.put(owned("v1", "ConfigMap"))).reason())
        .isEqualTo(Reason.OWNED);

    village.policy("{rules: {disruptionBudget: {ownedWorkloads: Include}}}");
    assertThat(village.decide(village.put(owned("kafka.strimzi.io/v1", "Kafka"))).reason())
        .isEqualTo(Reason.PROTECTED);
  }

  @Test
  void other_kinds_have_to_be_named() {
    ObjectNode object = deployment("web", 3);
    object.put("apiVersion", "argoproj.io/v1alpha1").put("kind", "Rollout");
    assertThat(village.decide(village.put(object)).reason()).isEqualTo(Reason.KIND_NOT_CHOSEN);

    village.policy("{rules: {disruptionBudget: {kinds: [argoproj.io/Rollout]}}}");
    Decision decision = village.decide(village.put(object));
    assertThat(decision.reason()).isEqualTo(Reason.PROTECTED);
    assertThat(
            decision
                .apply()
                .orElseThrow()
                .document(true)
                .at("/metadata/ownerReferences/0/apiVersion")
                .asText())
        .isEqualTo("argoproj.io/v1alpha1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "null", "3"})
  void a_workload_without_a_selector_gets_none(String selector) {
    ObjectNode object = deployment("web", 3);
    object.withObject("/spec").set("selector", yaml(selector));

    assertThat(village.decide(village.put(object)).reason()).isEqualTo(Reason.NO_SELECTOR);
  }

  @Test
  void what_is_being_deleted_is_left_alone() {
    Workload web = village.put(deployment("web", 3));
    village.reconcile(web);
    ObjectNode object = deployment("web", 0);
    object.withObject("/metadata").put("deletionTimestamp", "2026-11-25T11:59:00Z");

    Decision deleted = village.decide(village.put(object));
    village.terminating = true;
    Decision inTerminating = village.decide(village.put(deployment("web", 0)));

    for (Decision decision : List.of(deleted, inTerminating)) {
      assertThat(decision.reason()).isEqualTo(Reason.TERMINATING);
      assertThat(decision.withdraw()).isEmpty();
      assertThat(decision.apply()).isEmpty();
    }
  }

  @Test
  void one_that_a_drain_waits_for_in_vain_gives_way() {
    Workload web = village.put(deployment("web", 3));
    village.reconcile(web);
    village.givesWay = true;

    Decision decision = village.decide(web);

    assertThat(decision.reason()).isEqualTo(Reason.GIVES_WAY);
    assertThat(decision.withdraw()).hasSize(1);
    assertThat(decision.apply()).isEmpty();
    assertThat(decision.findings()).extracting(Finding::reason).containsExactly("gives-way");
  }

  // --- calm

  private Workload young(int replicas, int seconds) {
    ObjectNode object = deployment("web", replicas);
    object.withObject("/metadata").put("creationTimestamp", NOW.minusSeconds(seconds).toString());
    return village.put(object);
  }

  @Test
  void a_new_workload_gets_its_budget_after_thirty_seconds() {
    Decision decision = village.decide(young(3, 10));

    assertThat(decision.reason()).isEqualTo(Reason.CALMING);
    assertThat(decision.apply()).isEmpty();
    assertThat(decision.again()).contains(NOW.plusSeconds(20));
    village.now = NOW.plusSeconds(20);
    assertThat(village.decide(young(3, 10)).apply()).isPresent();
  }

  @Test
  void a_clock_that_is_behind_does_not_make_it_wait_longer() {
    assertThat(village.decide(young(3, -600)).again()).contains(NOW.plusSeconds(30));
  }

  @Test
  void a_floor_that_falls_withdraws_at_once_and_one_that_rises_waits() {
    village.reconcile(village.put(deployment("web", 3)));
    assertThat(village.reconcile(village.put(deployment("web", 1))).withdraw()).hasSize(1);

    village.now = NOW.plusSeconds(100);
    Decision risen = village.reconcile(village.put(deployment("web", 3)));
    assertThat(risen.reason()).isEqualTo(Reason.CALMING);
    assertThat(risen.again()).contains(NOW.plusSeconds(130));
    village.now = NOW.plusSeconds(130);
    assertThat(village.reconcile(village.put(deployment("web", 3))).apply()).isPresent();
  }

  @Test
  void a_users_budget_that_goes_starts_the_clock() {
    Workload web = village.put(deployment("web", 3));
    village.put(budget("theirs", "{minAvailable: 1, selector: {}}"));
    village.reconcile(web);
    village.neighbourhood.removeBudget("theirs");

    assertThat(village.reconcile(web).again()).contains(NOW.plusSeconds(30));
  }

  @Test
  void another_number_of_replicas_and_an_overlap_do_not_restart_the_clock() {
    village.decide(village.put(deployment("web", 3)));
    ObjectNode twin = deployment("web", 3);
    twin.withObject("/metadata").put("name", "twin").put("uid", "uid-twin");
    Workload other = village.put(twin);
    assertThat(village.decide(village.put(deployment("web", 4))).reason())
        .isEqualTo(Reason.SELECTS_OTHERS);

    village.neighbourhood.remove(other.key());

    assertThat(village.decide(village.put(deployment("web", 4))).apply()).isPresent();
  }

  @Test
  void a_new_workload_of_an_old_name_has_a_clock_of_its_own() {
    village.decide(village.put(deployment("web", 1)));
    ObjectNode object = deployment("web", 3);
    object
        .withObject("/metadata")
        .put("uid", "another")
        .put("creationTimestamp", NOW.minus(Duration.ofDays(1)).toString());

    assertThat(village.decide(village.put(object)).apply()).isPresent();
  }

  @Test
  void a_budget_that_is_there_stays_whatever_the_clock_says() {
    Workload young = young(3, 1);
    village.put(
        new Proposal(
                "web-deployment-holdfast",
                young,
                young.selector().orElseThrow(),
                BudgetAmount.read("1").orElseThrow(),
                Optional.of("AlwaysAllow"))
            .pending());

    Decision decision = village.decide(young);

    assertThat(decision.reason()).isEqualTo(Reason.PROTECTED);
    assertThat(decision.apply()).isEmpty();
    assertThat(decision.withdraw()).isEmpty();
  }

  // --- names

  @Test
  void a_long_name_is_cut_and_told_apart_by_a_hash() {
    String name = "a".repeat(240) + ".-".repeat(6) + "b";
    String one = village.decide(village.put(deployment(name, 3))).apply().orElseThrow().name();
    String other =
        village.decide(village.put(deployment(name + "c", 3))).apply().orElseThrow().name();

    assertThat(one).hasSizeLessThanOrEqualTo(253).matches("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");
    assertThat(one).doesNotContain(".-", "-.").isNotEqualTo(other);
  }

  @Test
  void workloads_of_two_kinds_with_one_name_have_budgets_of_two_names() {
    ObjectNode rollout = deployment("web", 3);
    rollout.put("apiVersion", "argoproj.io/v1alpha1");
    village.policy("{rules: {disruptionBudget: {kinds: [argoproj.io/Deployment]}}}");

    assertThat(BudgetNames.of(Documents.workload(rollout, "shop").key()))
        .doesNotContainAnyElementsOf(
            BudgetNames.of(Documents.workload(deployment("web", 3), "shop").key()));
  }
}
