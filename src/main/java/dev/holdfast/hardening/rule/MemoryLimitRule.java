package dev.holdfast.hardening.rule;

import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Quantity;
import dev.holdfast.policy.RuleName;
import java.util.List;
import java.util.Optional;

/**
 * Reports app containers whose memory is not bounded, or not guaranteed up to its bound.
 *
 * <p>Finds: no memory limit, neither the container's nor the pod's; a request below the limit. <br>
 * Never: sets anything. Only the owner knows how much the app needs. <br>
 * Why: when a node runs out of memory, the kernel and the kubelet kill first what uses more than it
 * requested, without a grace period. <br>
 * Source: Kubernetes, "Node-pressure Eviction", "Resource Management for Pods and Containers".
 */
final class MemoryLimitRule implements Rule {
  @Override
  public RuleName name() {
    return RuleName.MEMORY_LIMIT;
  }

  @Override
  public List<String> writes() {
    return List.of();
  }

  @Override
  public void apply(Situation situation, Verdict verdict) {
    boolean podLimit = situation.pod().resource("limits", "memory").isPresent();
    for (Container container : situation.pod().apps()) {
      Optional<Quantity> limit = container.resource("limits", "memory");
      Optional<Quantity> request = container.resource("requests", "memory");
      if (limit.isEmpty()) {
        if (!podLimit) {
          verdict.find(
              Severity.INFO,
              "no-limit",
              container.pointer(),
              "the container has no memory limit: it can take the memory of its neighbours");
        }
      } else if (request.isPresent() && !request.equals(limit)) {
        verdict.find(
            Severity.INFO,
            "request-below-limit",
            container.pointer() + "/resources",
            "memory between request and limit is not guaranteed: what uses it is killed first");
      }
    }
  }
}
