package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.IntNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.RuleName;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReviewMetricsTest {
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final ReviewMetrics metrics = new ReviewMetrics(meters);

  private static final Edit EDIT =
      new Edit(RuleName.PRE_STOP, Edit.Op.ADD, "/a", IntNode.valueOf(1), "r");
  private static final PatchOperation OPERATION =
      new PatchOperation(Edit.Op.ADD, "/a", IntNode.valueOf(1));

  private void review(
      Mode mode, List<Edit> edits, List<Edit> auditEdits, List<Finding> findings, boolean patch) {
    metrics.reviewed(
        "u",
        "shop",
        new Outcome(
            mode,
            "p",
            "",
            edits,
            auditEdits,
            findings,
            patch ? List.of(OPERATION) : List.of(),
            Set.of()),
        1000);
  }

  private static Finding finding(Severity severity, String reason) {
    return new Finding(Optional.empty(), severity, reason, "", "message");
  }

  private double reviews(String outcome) {
    return meters.get("holdfast.reviews").tag("outcome", outcome).counter().count();
  }

  @Test
  void counts_reviews_by_what_became_of_them() {
    review(Mode.ENFORCE, List.of(EDIT), List.of(), List.of(), true);
    review(Mode.ENFORCE, List.of(), List.of(), List.of(), false);
    review(Mode.AUDIT, List.of(), List.of(EDIT), List.of(), false);
    review(Mode.OFF, List.of(), List.of(), List.of(), false);
    metrics.passedOver();
    metrics.refused();
    metrics.failed("u", "shop", new IllegalStateException());
    for (ReviewMetrics.Result result : ReviewMetrics.Result.values()) {
      assertThat(reviews(result.name().toLowerCase(Locale.ROOT))).as(result.name()).isOne();
    }
    assertThat(meters.get("holdfast.review.duration").timer().count()).isEqualTo(4);
  }

  @Test
  void a_pod_left_alone_because_the_engine_failed_counts_as_a_failure() {
    review(Mode.OFF, List.of(), List.of(), List.of(finding(Severity.ERROR, "failed")), false);
    assertThat(reviews("failed")).isOne();
    assertThat(reviews("left_alone")).isZero();
  }

  @Test
  void counts_edits_by_rule_and_mode_and_findings_by_reason() {
    review(
        Mode.ENFORCE,
        List.of(EDIT),
        List.of(EDIT, EDIT),
        List.of(finding(Severity.INFO, "odd")),
        true);
    assertThat(meters.get("holdfast.edits").tags("rule", "pre-stop", "mode", "enforce").counter())
        .satisfies(counter -> assertThat(counter.count()).isOne());
    assertThat(meters.get("holdfast.edits").tags("rule", "pre-stop", "mode", "audit").counter())
        .satisfies(counter -> assertThat(counter.count()).isEqualTo(2));
    assertThat(meters.get("holdfast.findings").tags("rule", "pod", "reason", "odd").counter())
        .satisfies(counter -> assertThat(counter.count()).isOne());
  }

  @Test
  void each_outcome_is_on_the_page_about_configuration() throws IOException {
    String page = Files.readString(Path.of("docs/reference/configuration.md"));
    for (ReviewMetrics.Result result : ReviewMetrics.Result.values()) {
      assertThat(page).contains("`" + result.name().toLowerCase(Locale.ROOT) + "`");
    }
  }
}
