package dev.holdfast.cluster;

import dev.holdfast.policy.PolicySet;

/** The policies that serve now, wherever they are from. Thread-safe. */
public interface ServingPolicies {

  /** All of them; the same object as long as none changes. */
  PolicySet serving();
}
