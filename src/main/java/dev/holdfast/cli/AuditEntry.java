package dev.holdfast.cli;

import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.RuleName;
import dev.holdfast.yaml.Position;
import java.util.Locale;
import java.util.Optional;

/**
 * One line of an audit.
 *
 * @param rule empty for what concerns the pod's labels and annotations
 * @param reason a finding's reason, or {@link #WOULD_CHANGE}
 * @param path JSON pointer into the pod
 */
record AuditEntry(
    HardenedPod pod,
    Optional<RuleName> rule,
    Severity severity,
    String reason,
    String path,
    String message) {
  /** The reason of a change that hardening would make. */
  static final String WOULD_CHANGE = "would-change";

  private static final String ANNOTATIONS = "https://holdfast.dev/reference/annotations";

  /** {@code rule:reason}. */
  String code() {
    return ruleId() + ":" + reason;
  }

  /** The rule's name; {@code pod} where no rule found it. */
  String ruleId() {
    return rule.map(RuleName::id).orElse("pod");
  }

  String severityWord() {
    return severity.name().toLowerCase(Locale.ROOT);
  }

  Position position() {
    return pod.position(path);
  }

  /** JSON pointer into the document. */
  String pointer() {
    return pod.place().pointer(path);
  }

  String documentation() {
    return rule.map(RuleName::documentation).orElse(ANNOTATIONS);
  }
}
