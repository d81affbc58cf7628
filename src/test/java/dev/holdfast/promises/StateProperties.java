package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.oracle.Defaults;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Promise 4, decide from state: a second look finds nothing to do, and no marker decides anything.
 * Each property tries 600 pods.
 */
class StateProperties {
  @Property
  void a_second_run_finds_nothing_to_do(@ForAll(supplier = Cases.Any.class) Case c) {
    assertThatNothingIsLeft(c, c.harden(), c.patched(c.harden()));
  }

  @Property
  void a_second_run_on_garbage_finds_nothing_to_do(@ForAll(supplier = Cases.Garbage.class) Case c) {
    assertThatNothingIsLeft(c, c.harden(), c.patched(c.harden()));
  }

  @Property
  void a_run_after_the_api_server_filled_in_its_defaults_finds_nothing_to_do(
      @ForAll(supplier = Cases.Valid.class) Case c) {
    Outcome again = c.withPod(Defaults.of(c.patched(c.harden()))).harden();
    assertThat(again.patch()).isEmpty();
  }

  @Property
  void a_manifest_and_the_pod_of_it_get_the_same(@ForAll(supplier = Cases.Valid.class) Case c) {
    Case defaulted = c.withPod(Defaults.of(c.pod()));
    ObjectNode first = defaulted.patched(defaulted.harden());
    ObjectNode last = Defaults.of(c.patched(c.harden()));
    assertThat(Defaults.of(first)).isEqualTo(last);
  }

  @Property
  void what_the_hardened_annotation_says_decides_nothing(
      @ForAll(supplier = Cases.Any.class) Case given) {
    Case c = given.withAnnotation("holdfast.dev/hardened", "");
    Case copied =
        given.withAnnotation("holdfast.dev/hardened", "pre-stop,termination-grace,startup-probe");
    assertThat(Case.texts(copied.harden().edits())).isEqualTo(Case.texts(c.harden().edits()));
    assertThat(Case.codes(copied.harden().findings())).isEqualTo(Case.codes(c.harden().findings()));
  }

  @Property
  void the_same_question_gets_the_same_answer(@ForAll(supplier = Cases.Any.class) Case c) {
    assertThat(Case.of(c.toString()).harden()).isEqualTo(c.harden());
  }

  private static void assertThatNothingIsLeft(Case c, Outcome first, ObjectNode patched) {
    Assume.that(initContainersHaveNames(c));
    Outcome second = c.withPod(patched).harden();
    assertThat(second.patch()).isEmpty();
    assertThat(second.edits()).isEmpty();
    assertThat(second.mode()).isEqualTo(first.mode());
    assertThat(second.rules()).isEqualTo(first.rules());
    assertThat(Case.texts(second.auditEdits())).isEqualTo(Case.texts(first.auditEdits()));
    assertThat(Case.codes(second.findings())).isEqualTo(Case.codes(first.findings()));
  }

  /** No pod has others; what is read of them depends on what else the pod says. */
  private static boolean initContainersHaveNames(Case c) {
    JsonNode containers = c.pod().path("spec").path("initContainers");
    for (JsonNode container : containers) {
      if (!container.path("name").isTextual()) {
        return false;
      }
    }
    return containers.isMissingNode() || containers.isNull() || containers.isArray();
  }
}
