package dev.holdfast.hardening;

import dev.holdfast.policy.RuleName;
import java.util.Optional;

/**
 * Something to tell that is not a change.
 *
 * @param rule the rule that found it; empty for what concerns the pod's labels and annotations
 * @param severity how much it matters
 * @param reason a short stable code in kebab-case, for example {@code no-native-sleep}
 * @param path JSON pointer into the pod to what it is about; "" for the pod as a whole
 * @param message one sentence for people, without line breaks
 */
public record Finding(
    Optional<RuleName> rule, Severity severity, String reason, String path, String message) {

  /** {@code rule:reason}, as in audit annotations; {@code pod:reason} where no rule found it. */
  public String code() {
    return (rule.isPresent() ? rule.get().id() : "pod") + ":" + reason;
  }
}
