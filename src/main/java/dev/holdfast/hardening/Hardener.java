package dev.holdfast.hardening;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.HardeningPolicy;
import java.util.List;

/** The engine: a pure function of pod, policies and facts. Thread-safe and without state. */
public final class Hardener {

  private final List<HardeningPolicy> policies;
  private final String ownNamespace;

  /**
   * @param policies all policies that may apply
   * @param ownNamespace the namespace that Holdfast itself runs in, whose pods are never touched
   */
  public Hardener(List<HardeningPolicy> policies, String ownNamespace) {
    this.policies = List.copyOf(policies);
    this.ownNamespace = ownNamespace;
  }

  /**
   * Decides what a pod needs. Never throws, whatever the tree holds; never changes the tree.
   *
   * @param pod a Pod, or a pod template ({@code metadata} and {@code spec})
   * @param namespace the namespace that the pod is or will be in
   * @param facts what is known of the place it will run
   */
  public Outcome harden(ObjectNode pod, String namespace, ClusterFacts facts) {
    throw new UnsupportedOperationException(ownNamespace + policies + pod + namespace + facts);
  }
}
