package dev.holdfast.hardening;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.policy.RuleName;

/**
 * One change that a rule makes: an RFC 6902 operation with its explanation.
 *
 * @param rule the rule that wants it
 * @param op {@code add} or {@code replace}; nothing is ever removed
 * @param path JSON pointer into the pod, to the field that the rule sets
 * @param value what the field is set to
 * @param reason one sentence for people, without line breaks
 */
public record Edit(RuleName rule, Op op, String path, JsonNode value, String reason) {

  /** The RFC 6902 operations that Holdfast uses. */
  public enum Op {
    ADD("add"),
    REPLACE("replace");

    private final String word;

    Op(String word) {
      this.word = word;
    }

    /** The word as RFC 6902 spells it. */
    public String word() {
      return word;
    }
  }
}
