package dev.holdfast.promises;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.oracle.StrictJsonPatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Promise 8 as far as the engine keeps it: every change and every finding says what, where and why.
 * Each property tries 600 pods.
 */
class ExplainedProperties {
  private static final Pattern CONTAINER = Pattern.compile("/spec/(initC|c)ontainers/\\d+");

  @Property
  void every_edit_points_at_what_it_says_and_says_why(@ForAll(supplier = Cases.Any.class) Case c) {
    Outcome outcome = c.harden();
    JsonNode patched = c.patched(outcome);
    for (Edit edit : outcome.edits()) {
      assertThat(StrictJsonPatch.at(patched, edit.path())).as(edit.path()).isEqualTo(edit.value());
      assertThat(outcome.rules()).contains(edit.rule());
      assertThatIsOneLine(edit.reason());
    }
    for (Edit edit : outcome.auditEdits()) {
      assertThatIsOneLine(edit.reason());
    }
  }

  @Property
  void every_finding_is_about_a_field_of_the_pod_and_a_container_that_it_has(
      @ForAll(supplier = Cases.Valid.class) Case c) {
    for (Finding finding : c.harden().findings()) {
      assertThat(finding.path()).matches("|/(metadata|spec)(/.*)?");
      Matcher container = CONTAINER.matcher(finding.path());
      if (container.lookingAt()) {
        assertThat(StrictJsonPatch.at(c.pod(), container.group()).isObject())
            .as(finding.path())
            .isTrue();
      }
    }
  }

  @Property
  void every_finding_says_on_one_line_what_it_found(
      @ForAll(supplier = Cases.Garbage.class) Case c) {
    Outcome outcome = c.harden();
    for (Finding finding : outcome.findings()) {
      assertThat(finding.reason()).matches("[a-z0-9]+(-[a-z0-9]+)*");
      assertThatIsOneLine(finding.message());
      // Throws unless it is a JSON pointer, whether anything is there or not.
      StrictJsonPatch.at(c.pod(), finding.path());
    }
    assertThatIsOneLine(outcome.why());
  }

  private static void assertThatIsOneLine(String text) {
    assertThat(text).isNotBlank();
    assertThat(
            text.codePoints()
                .noneMatch(
                    point ->
                        Character.getType(point) == Character.CONTROL
                            || point == '\u2028'
                            || point == '\u2029'))
        .as(text)
        .isTrue();
  }
}
