package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.RuleName;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * What people say about modes, rules, containers and namespaces counts. Each property tries 600
 * pods.
 */
class ModeProperties {
  @Property
  void audit_computes_what_enforce_does_and_changes_nothing(
      @ForAll(supplier = Cases.Any.class) Case given) {
    Case c = given.withPolicies(ModeProperties::leaveAllModesToThePod);
    Outcome enforced = c.withLabel("holdfast.dev/mode", "enforce").harden();
    Outcome audited = c.withLabel("holdfast.dev/mode", "audit").harden();
    assertThat(audited.edits()).isEmpty();
    assertThat(audited.patch()).isEmpty();
    assertThat(Case.texts(audited.auditEdits())).isEqualTo(Case.texts(enforced.edits()));
    assertThat(Case.codes(audited.findings())).isEqualTo(Case.codes(enforced.findings()));
    Set<RuleName> rules = EnumSet.noneOf(RuleName.class);
    enforced.edits().forEach(edit -> rules.add(edit.rule()));
    assertThat(audited.rules()).isEqualTo(rules);
  }

  @Property
  void a_policy_in_audit_says_what_the_same_one_in_enforce_does(
      @ForAll(supplier = Cases.Any.class) Case given) {
    Case c =
        given
            .withPolicies(ModeProperties::leaveAllModesToThePod)
            .with(document -> labels(document).remove("holdfast.dev/mode"))
            .with(document -> document.remove("namespaceLabels"));
    Outcome enforced = c.withPolicies(spec -> spec.put("mode", "Enforce")).harden();
    Outcome audited = c.withPolicies(spec -> spec.put("mode", "Audit")).harden();
    assertThat(audited.patch()).isEmpty();
    assertThat(Case.texts(audited.auditEdits())).isEqualTo(Case.texts(enforced.edits()));
    assertThat(Case.codes(audited.findings())).isEqualTo(Case.codes(enforced.findings()));
  }

  @Property
  void a_rule_in_audit_changes_nothing_and_says_what_it_would(
      @ForAll(supplier = Cases.Any.class) Case given, @ForAll RuleName rule) {
    Case c = given.withPolicies(ModeProperties::leaveAllModesToThePod);
    Outcome enforced = c.harden();
    Outcome audited =
        c.withPolicies(spec -> Policies.rule(spec, rule).put("mode", "Audit")).harden();
    assertThat(audited.edits()).noneMatch(edit -> edit.rule() == rule);
    if (enforced.mode() == Mode.ENFORCE
        && enforced.edits().stream().anyMatch(edit -> edit.rule() == rule)) {
      assertThat(only(rule, audited.auditEdits())).isEqualTo(only(rule, enforced.edits()));
    }
  }

  @Property
  void off_by_policy_label_of_pod_or_label_of_namespace_means_no_change(
      @ForAll(supplier = Cases.Any.class) Case c) {
    Case counting = c.withPolicies(spec -> spec.put("overrides", "Allowed"));
    assertThatNothingHappens(counting.withLabel("holdfast.dev/mode", " Off"));
    Case unlabelled = c.with(document -> labels(document).remove("holdfast.dev/mode"));
    assertThatNothingHappens(
        unlabelled.with(
            document -> document.withObject("/namespaceLabels").put("holdfast.dev/mode", "off")));
    assertThatNothingHappens(
        unlabelled
            .with(document -> document.remove("namespaceLabels"))
            .withPolicies(spec -> spec.put("mode", "Off")));
  }

  @Property
  void a_rule_that_is_off_does_and_says_nothing(
      @ForAll(supplier = Cases.Any.class) Case given, @ForAll RuleName rule) {
    Case c =
        given.withPolicies(
            spec -> {
              spec.put("overrides", "Allowed");
              Policies.rule(spec, rule).put("mode", "Off");
            });
    assertThatRuleIsSilent(c.harden(), rule);
  }

  @Property
  void the_skip_annotation_leaves_out_that_rule_and_no_other(
      @ForAll(supplier = Cases.Any.class) Case given, @ForAll RuleName rule) {
    Case c = given.withPolicies(spec -> spec.put("overrides", "Allowed"));
    Outcome all = c.withAnnotation("holdfast.dev/skip", "").harden();
    Outcome skipped = c.withAnnotation("holdfast.dev/skip", rule.id()).harden();
    assertThatRuleIsSilent(skipped, rule);
    Set<RuleName> leftOut = EnumSet.of(rule);
    leftOut.addAll(affectedBy(rule));
    assertThat(Case.texts(skipped.edits(), leftOut)).isEqualTo(Case.texts(all.edits(), leftOut));
    assertThat(Case.texts(skipped.auditEdits(), leftOut))
        .isEqualTo(Case.texts(all.auditEdits(), leftOut));
  }

  @Property
  void denied_overrides_make_labels_and_annotations_of_the_pod_count_for_nothing(
      @ForAll(supplier = Cases.Valid.class) Case given) {
    Case c = given.withPolicies(spec -> spec.put("overrides", "Denied").remove("podSelector"));
    Case bare =
        c.with(
            document -> {
              withoutOurs(labels(document));
              withoutOurs(map(document, "annotations"));
            });
    // Neither a finding of an ignored word nor the union in `hardened` is a decision.
    assertThat(Case.texts(c.harden().edits())).isEqualTo(Case.texts(bare.harden().edits()));
  }

  @Property
  void excluded_containers_are_left_alone(@ForAll(supplier = Cases.Any.class) Case given) {
    JsonNode containers = given.pod().path("spec").path("containers");
    Set<String> names = new TreeSet<>();
    containers.forEach(
        container -> {
          if (container.path("name").asText().matches("[a-z0-9-]+")) {
            names.add(container.path("name").asText());
          }
        });
    String excluded = names.isEmpty() ? "nobody" : names.iterator().next();
    Case c =
        given
            .withPolicies(spec -> spec.put("overrides", "Allowed"))
            .withAnnotation("holdfast.dev/exclude-containers", " " + excluded + ",, nobody");
    JsonNode after = c.patched(c.harden()).path("spec").path("containers");
    for (int i = 0; i < containers.size(); i++) {
      if (containers.path(i).path("name").asText().equals(excluded)) {
        assertThat(after.path(i)).isEqualTo(containers.path(i));
      }
    }
  }

  @Property
  void sidecars_plain_init_containers_and_ephemeral_ones_are_left_alone(
      @ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    Optional<HardeningPolicy> policy = c.policyOf(outcome);
    if (policy.isEmpty()) {
      assertThat(outcome.edits()).isEmpty();
      return;
    }
    JsonNode before = c.pod().path("spec");
    JsonNode after = c.patched(outcome).path("spec");
    for (String kind : List.of("containers", "initContainers")) {
      for (int i = 0; i < before.path(kind).size(); i++) {
        JsonNode container = before.path(kind).path(i);
        boolean plainInit =
            kind.equals("initContainers")
                && !container.path("restartPolicy").asText().equals("Always");
        if (plainInit || Reading.isSidecar(container, policy.get())) {
          assertThat(after.path(kind).path(i)).isEqualTo(container);
        }
      }
    }
    assertThat(after.path("ephemeralContainers")).isEqualTo(before.path("ephemeralContainers"));
  }

  @Property
  void pods_of_the_system_are_left_alone(@ForAll(supplier = Cases.Any.class) Case c) {
    for (String namespace :
        List.of("kube-system", "kube-public", "kube-node-lease", Case.OWN_NAMESPACE)) {
      assertThatNothingHappens(c.with(document -> document.put("namespace", namespace)));
    }
    assertThatNothingHappens(c.withAnnotation("kubernetes.io/config.mirror", "abc"));
    if (c.pod().path("spec").isObject()) {
      for (String critical : List.of("system-node-critical", "system-cluster-critical")) {
        assertThatNothingHappens(
            c.with(
                document -> document.withObject("/pod/spec").put("priorityClassName", critical)));
      }
    }
    assertThatNothingHappens(
        c.with(document -> document.put("namespace", "shop"))
            .withPolicies(spec -> spec.putArray("excludeNamespaces").add("shop")));
  }

  @Property
  void opt_in_touches_only_namespaces_that_ask_for_it(@ForAll(supplier = Cases.Any.class) Case c) {
    Case optIn =
        c.withPolicies(spec -> spec.put("scope", "OptIn"))
            .with(document -> document.withObject("/namespaceLabels").remove("holdfast.dev/mode"));
    assertThatNothingHappens(optIn.withLabel("holdfast.dev/mode", "enforce"));
  }

  private static void assertThatNothingHappens(Case c) {
    Outcome outcome = c.harden();
    assertThat(outcome.mode()).isEqualTo(Mode.OFF);
    assertThat(outcome.patch()).isEmpty();
    assertThat(outcome.edits()).isEmpty();
    assertThat(outcome.auditEdits()).isEmpty();
  }

  private static void assertThatRuleIsSilent(Outcome outcome, RuleName rule) {
    assertThat(outcome.edits()).noneMatch(edit -> edit.rule() == rule);
    assertThat(outcome.auditEdits()).noneMatch(edit -> edit.rule() == rule);
    assertThat(outcome.findings())
        .noneMatch(finding -> finding.rule().filter(rule::equals).isPresent());
  }

  /** The rules that the design makes depend on another. */
  private static Set<RuleName> affectedBy(RuleName rule) {
    return switch (rule) {
      // The one is the sum of the other, which must fit.
      case PRE_STOP, TERMINATION_GRACE -> EnumSet.of(RuleName.PRE_STOP, RuleName.TERMINATION_GRACE);
      // A startup probe may come from a readiness probe that is added.
      case READINESS_PROBE -> EnumSet.of(RuleName.STARTUP_PROBE);
      // Never both on one pod.
      case ANTI_AFFINITY -> EnumSet.of(RuleName.TOPOLOGY_SPREAD);
      case TOPOLOGY_SPREAD -> EnumSet.of(RuleName.ANTI_AFFINITY);
      default -> EnumSet.noneOf(RuleName.class);
    };
  }

  private static List<String> only(RuleName rule, List<Edit> edits) {
    return Case.texts(edits, EnumSet.complementOf(EnumSet.of(rule)));
  }

  private static void leaveAllModesToThePod(ObjectNode spec) {
    spec.put("overrides", "Allowed").remove(List.of("scope", "podSelector"));
    spec.path("rules").forEach(rule -> ((ObjectNode) rule).remove("mode"));
  }

  private static void withoutOurs(ObjectNode map) {
    Set<String> ours = new TreeSet<>();
    map.fieldNames()
        .forEachRemaining(
            key -> {
              if (key.startsWith("holdfast.dev/")) {
                ours.add(key);
              }
            });
    map.remove(ours);
  }

  private static ObjectNode labels(ObjectNode document) {
    return map(document, "labels");
  }

  /** The pod's labels or annotations to change; nothing to speak of if it has none. */
  private static ObjectNode map(ObjectNode document, String field) {
    return document.path("pod").path("metadata").path(field) instanceof ObjectNode map
        ? map
        : Dice.object();
  }
}
