package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.oracle.PodValidation;
import dev.holdfast.oracle.TypedPod;
import dev.holdfast.policy.RuleName;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Promise 1, first, do no harm: whatever comes in, what goes out applies and is a pod that the API
 * server takes. Each property tries 600 pods; {@code -Djqwik.tries.default=100000} digs deeper.
 */
class NoHarmProperties {
  @Property
  void a_valid_pod_stays_valid(@ForAll(supplier = Cases.Valid.class) Case c) {
    assertThat(PodValidation.errors(c.patched(c.harden()), c.minor())).isEmpty();
  }

  @Property
  void nothing_new_is_wrong_with_an_invalid_pod(@ForAll(supplier = Cases.Any.class) Case c) {
    assertThatNoErrorIsNew(c);
  }

  @Property
  void nothing_new_is_wrong_with_garbage(@ForAll(supplier = Cases.Garbage.class) Case c) {
    assertThatNoErrorIsNew(c);
  }

  @Property
  void what_a_typed_model_reads_it_reads_afterwards(@ForAll(supplier = Cases.Any.class) Case c) {
    Assume.that(TypedPod.error(c.pod()).isEmpty());
    assertThat(TypedPod.error(c.patched(c.harden()))).isEmpty();
  }

  @Property
  void the_patch_applies_and_is_all_that_the_edits_say(@ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    c.patched(outcome);
    assertThat(outcome.patch().isEmpty()).isEqualTo(outcome.edits().isEmpty());
  }

  @Property
  void never_throws_and_never_changes_the_tree_it_is_given(
      @ForAll(supplier = Cases.Garbage.class) Case c) {
    String before = c.pod().toString();
    Outcome outcome = c.harden();
    assertThat(c.pod().toString()).isEqualTo(before);
    assertThat(outcome.findings())
        .noneMatch(
            finding -> finding.reason().equals("failed") || finding.reason().equals("threw"));
  }

  @Property
  void sleeps_natively_only_where_api_server_and_kubelets_can(
      @ForAll(supplier = Cases.Any.class) Case c) {
    for (Edit edit : c.harden().edits()) {
      if (edit.rule() == RuleName.PRE_STOP && edit.value().has("sleep")) {
        assertThat(c.facts().apiServer().minor()).isGreaterThanOrEqualTo(30);
        assertThat(c.facts().oldestKubelet().minor()).isGreaterThanOrEqualTo(30);
      }
    }
  }

  @Property
  void a_pause_ends_before_the_grace_period_does(@ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    long grace = Reading.grace(c.patched(outcome));
    for (Edit edit : outcome.edits()) {
      if (edit.rule() == RuleName.PRE_STOP) {
        assertThat(Reading.pause(edit.value(), -1)).isPositive().isLessThan(grace);
      }
    }
  }

  @Property
  void a_grace_period_of_zero_or_less_stays_and_gets_no_pause(
      @ForAll(supplier = Cases.Any.class) Case given) {
    Case c =
        given.with(
            document ->
                spec(document).put("terminationGracePeriodSeconds", -(document.size() % 3)));
    assertThat(c.harden().edits())
        .noneMatch(
            edit -> edit.rule() == RuleName.PRE_STOP || edit.rule() == RuleName.TERMINATION_GRACE);
  }

  private static void assertThatNoErrorIsNew(Case c) {
    assertThat(kinds(PodValidation.errors(c.pod(), c.minor())))
        .containsAll(kinds(PodValidation.errors(c.patched(c.harden()), c.minor())));
  }

  /** A bad probe or label may be copied to another place: that is one error more, not a new one. */
  private static Set<String> kinds(List<String> errors) {
    Set<String> kinds = new LinkedHashSet<>();
    for (String error : errors) {
      kinds.add(
          error
              .replaceFirst("(liveness|readiness|startup)P", "p")
              .replaceFirst(".*(no label value|no qualified name)", "$1"));
    }
    return kinds;
  }

  private static ObjectNode spec(ObjectNode document) {
    JsonNode pod = document.get("pod");
    return pod.path("spec").isObject()
        ? (ObjectNode) pod.get("spec")
        : ((ObjectNode) pod).putObject("spec");
  }
}
