package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.RuleName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What one rule says about one pod: its edits and findings, in order. */
public final class Verdict {
  private final RuleName rule;
  private final List<Edit> edits = new ArrayList<>(4);
  private final List<Finding> findings = new ArrayList<>(0);

  /** An empty one for a rule. */
  public Verdict(RuleName rule) {
    this.rule = rule;
  }

  /** Sets a field that is absent. */
  void add(String path, JsonNode value, String reason) {
    edits.add(new Edit(rule, Edit.Op.ADD, path, value, reason));
  }

  /** Raises a field that is there. */
  void replace(String path, JsonNode value, String reason) {
    edits.add(new Edit(rule, Edit.Op.REPLACE, path, value, reason));
  }

  /** Tells something that is not a change; see {@link Finding}. */
  void find(Severity severity, String reason, String path, String message) {
    findings.add(new Finding(Optional.of(rule), severity, reason, path, message));
  }

  /** The edits so far. */
  public List<Edit> edits() {
    return edits;
  }

  /** The findings so far. */
  public List<Finding> findings() {
    return findings;
  }
}
