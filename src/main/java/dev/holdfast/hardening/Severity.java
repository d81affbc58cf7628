package dev.holdfast.hardening;

/** How much a finding matters. Ordered. */
public enum Severity {
  /** Advice: nothing is wrong. */
  INFO,
  /** Something that was asked for or needed is not done, or can do harm. */
  WARNING,
  /** Holdfast itself failed: a rule threw, or made something that the API server would refuse. */
  ERROR
}
