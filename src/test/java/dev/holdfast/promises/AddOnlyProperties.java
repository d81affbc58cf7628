package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.oracle.StrictJsonPatch;
import dev.holdfast.policy.RuleName;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Promises 2 and 3: absent things are added, too-small times are raised; whatever else was there,
 * known or not, stands as it stood. Each property tries 600 pods.
 */
class AddOnlyProperties {
  private static final Pattern RAISED =
      Pattern.compile(
          "/spec/terminationGracePeriodSeconds"
              + "|/spec/(containers|initContainers)/\\d+/(liveness|readiness|startup)Probe/timeoutSeconds");
  private static final String HARDENED = "/metadata/annotations/holdfast.dev~1hardened";

  /** The fields that the design gives to each rule. */
  private static final Map<RuleName, Pattern> FIELDS = new EnumMap<>(RuleName.class);

  static {
    String container = "/spec/(containers|initContainers)/\\d+/";
    FIELDS.put(RuleName.PRE_STOP, Pattern.compile("/spec/containers/\\d+/lifecycle/preStop"));
    FIELDS.put(RuleName.TERMINATION_GRACE, Pattern.compile("/spec/terminationGracePeriodSeconds"));
    FIELDS.put(RuleName.READINESS_PROBE, Pattern.compile(container + "readinessProbe"));
    FIELDS.put(RuleName.STARTUP_PROBE, Pattern.compile(container + "startupProbe"));
    FIELDS.put(
        RuleName.PROBE_TIMEOUT,
        Pattern.compile(container + "(liveness|readiness|startup)Probe/timeoutSeconds"));
    FIELDS.put(
        RuleName.ANTI_AFFINITY,
        Pattern.compile(
            "/spec/affinity/podAntiAffinity(/(preferred|required)"
                + "DuringSchedulingIgnoredDuringExecution)?"));
    FIELDS.put(RuleName.TOPOLOGY_SPREAD, Pattern.compile("/spec/topologySpreadConstraints"));
  }

  @Property
  void keeps_what_was_there_but_for_times_that_it_raises(
      @ForAll(supplier = Cases.Any.class) Case c) {
    List<String> lost = new ArrayList<>();
    compare(c.pod(), c.patched(c.harden()), "", lost);
    assertThat(lost).isEmpty();
  }

  @Property
  void keeps_what_was_there_of_garbage(@ForAll(supplier = Cases.Garbage.class) Case c) {
    List<String> lost = new ArrayList<>();
    compare(c.pod(), c.patched(c.harden()), "", lost);
    assertThat(lost).isEmpty();
  }

  @Property
  void keeps_every_other_byte_and_the_order_of_fields(@ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    assertThat(original(c.pod(), c.patched(outcome), "").toString()).isEqualTo(c.pod().toString());
  }

  @Property
  void replaces_only_times_its_own_annotation_and_what_is_empty(
      @ForAll(supplier = Cases.Any.class) Case c) {
    for (PatchOperation operation : c.harden().patch()) {
      JsonNode before = StrictJsonPatch.at(c.pod(), operation.path());
      boolean mayOverwrite =
          before.isMissingNode()
              || before.isNull()
              || (before.isContainerNode() && before.isEmpty())
              || operation.path().equals(HARDENED)
              || RAISED.matcher(operation.path()).matches();
      assertThat(mayOverwrite).as("%s over %s", operation, before).isTrue();
    }
  }

  @Property
  void a_rule_changes_no_fields_but_its_own(@ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    List<Edit> edits = new ArrayList<>(outcome.edits());
    edits.addAll(outcome.auditEdits());
    for (Edit edit : edits) {
      assertThat(FIELDS).containsKey(edit.rule());
      assertThat(edit.path()).matches(FIELDS.get(edit.rule()));
    }
  }

  @Property
  void its_own_annotation_is_never_the_only_change_and_only_grows(
      @ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    String before = Reading.annotation(c.pod(), "hardened");
    String after = Reading.annotation(c.patched(outcome), "hardened");
    if (outcome.edits().isEmpty()) {
      assertThat(after).isEqualTo(before);
      return;
    }
    List<String> expected = new ArrayList<>();
    for (RuleName rule : RuleName.values()) {
      if (List.of(before.split(",")).stream()
              .anyMatch(name -> RuleName.of(name).filter(rule::equals).isPresent())
          || outcome.edits().stream().anyMatch(edit -> edit.rule() == rule)) {
        expected.add(rule.id());
      }
    }
    assertThat(after.split(",")).containsExactlyInAnyOrderElementsOf(expected);
  }

  private static void compare(JsonNode before, JsonNode after, String path, List<String> lost) {
    if (before.isNull() || path.equals(HARDENED)) {
      return;
    }
    if (RAISED.matcher(path).matches() && before.isNumber()) {
      if (!after.isNumber() || after.decimalValue().compareTo(before.decimalValue()) < 0) {
        lost.add(path + " lowered from " + before + " to " + after);
      }
      return;
    }
    if (before.isObject() && after.isObject()) {
      before
          .properties()
          .forEach(
              member ->
                  compare(
                      member.getValue(),
                      after.path(member.getKey()),
                      path + "/" + member.getKey().replace("~", "~0").replace("/", "~1"),
                      lost));
      return;
    }
    if (before.isArray() && after.isArray() && before.size() <= after.size()) {
      for (int i = 0; i < before.size(); i++) {
        compare(before.get(i), after.get(i), path + "/" + i, lost);
      }
      return;
    }
    if (!before.equals(after)) {
      lost.add(path + " was " + before + " and is " + after);
    }
  }

  /** What was there, read from what is there now: the fields of the original in today's order. */
  static JsonNode original(JsonNode before, JsonNode after, String path) {
    if (before.isNull() || path.equals(HARDENED) || RAISED.matcher(path).matches()) {
      return before;
    }
    if (before.isObject() && after.isObject()) {
      var rebuilt = Dice.object();
      after
          .properties()
          .forEach(
              member -> {
                if (before.has(member.getKey())) {
                  String key = member.getKey().replace("~", "~0").replace("/", "~1");
                  rebuilt.set(
                      member.getKey(),
                      original(before.get(member.getKey()), member.getValue(), path + "/" + key));
                }
              });
      return rebuilt;
    }
    if (before.isArray() && after.isArray()) {
      var rebuilt = Dice.NODES.arrayNode();
      for (int i = 0; i < before.size(); i++) {
        rebuilt.add(original(before.get(i), after.path(i), path + "/" + i));
      }
      return rebuilt;
    }
    return after;
  }
}
