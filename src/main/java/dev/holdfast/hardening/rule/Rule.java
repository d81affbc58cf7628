package dev.holdfast.hardening.rule;

import dev.holdfast.policy.RuleName;
import java.util.List;

/**
 * One thing that Holdfast does for a pod. Rules are stateless and pure: they read the pod as the
 * rules before left it, and say what should change. What they throw costs them all their edits, and
 * nobody else anything.
 */
public interface Rule {

  /** The rule's name. */
  RuleName name();

  /**
   * The fields that this rule, and no other, writes: JSON pointers with {@code *} for an index. A
   * rule that only reports has none.
   */
  List<String> writes();

  /**
   * Says what the pod needs.
   *
   * @param situation the pod and all that is known about it
   * @param verdict takes edits and findings
   */
  void apply(Situation situation, Verdict verdict);
}
