package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.IntNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.RuleName;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WarningsTest {
  private static Outcome outcome(Mode mode, List<Edit> auditEdits, List<Finding> findings) {
    return new Outcome(mode, "p", "", List.of(), auditEdits, findings, List.of(), Set.of());
  }

  private static Finding finding(Severity severity, String message) {
    return new Finding(Optional.of(RuleName.PRE_STOP), severity, "x", "", message);
  }

  @Test
  void enforce_tells_warnings_and_errors_but_no_advice() {
    assertThat(
            Warnings.of(
                outcome(
                    Mode.ENFORCE,
                    List.of(),
                    List.of(
                        finding(Severity.INFO, "advice"),
                        finding(Severity.WARNING, "warning"),
                        finding(Severity.ERROR, "error")))))
        .containsExactly("holdfast: pre-stop: warning", "holdfast: pre-stop: error");
  }

  @Test
  void audit_tells_everything() {
    assertThat(
            Warnings.of(outcome(Mode.AUDIT, List.of(), List.of(finding(Severity.INFO, "advice")))))
        .containsExactly("holdfast: pre-stop: advice");
  }

  @Test
  void every_line_is_printable_ascii_of_at_most_120_characters() {
    String line =
        Warnings.of(
                outcome(
                    Mode.ENFORCE,
                    List.of(),
                    List.of(finding(Severity.ERROR, "ä\n\u0000\uD83D\uDE00" + "x".repeat(500)))))
            .get(0);
    assertThat(line).hasSize(120).matches("[ -~]*").endsWith("...");
  }

  @Test
  void a_long_reason_gives_way_to_the_link() {
    Edit edit =
        new Edit(
            RuleName.TERMINATION_GRACE,
            Edit.Op.ADD,
            "/spec/terminationGracePeriodSeconds",
            IntNode.valueOf(1),
            "r".repeat(200));
    assertThat(Warnings.of(outcome(Mode.AUDIT, List.of(edit), List.of())).get(0))
        .hasSize(120)
        .startsWith("holdfast: would set /spec/terminationGracePeriodSeconds: r")
        .endsWith("... holdfast.dev/rules/termination-grace");
  }

  @Test
  void a_short_reason_leaves_room_for_the_whole_link() {
    Edit edit = new Edit(RuleName.PRE_STOP, Edit.Op.ADD, "/a", IntNode.valueOf(1), "r");
    assertThat(Warnings.of(outcome(Mode.AUDIT, List.of(edit), List.of())).get(0))
        .isEqualTo("holdfast: would set /a: r https://holdfast.dev/rules/pre-stop");
  }

  @Test
  void at_most_twenty_lines() {
    assertThat(
            Warnings.of(
                outcome(
                    Mode.ENFORCE,
                    List.of(),
                    Collections.nCopies(20, finding(Severity.ERROR, "e")))))
        .hasSize(20)
        .allMatch(line -> line.endsWith(": e"));
    assertThat(
            Warnings.of(
                outcome(
                    Mode.ENFORCE,
                    List.of(),
                    Collections.nCopies(50, finding(Severity.ERROR, "e")))))
        .hasSize(20)
        .endsWith("holdfast: and 31 more");
  }
}
