package dev.holdfast.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.Set;

/**
 * A pod as the disruption controller and a drain see it. Immutable.
 *
 * @param node "" while it has none
 * @param isReady whether its condition {@code Ready} is true
 * @param isStarting whether it is not ready, and nothing is known that keeps it from it: it has a
 *     node, and none of its containers waits for another try
 */
record RunningPod(String node, boolean isReady, boolean isStarting) {
  private static final Set<String> ENDED = Set.of("Succeeded", "Failed");
  private static final Set<String> ON_THE_WAY = Set.of("ContainerCreating", "PodInitializing");

  /** Reads a pod; empty if it has ended or is being deleted, as no eviction waits for it then. */
  static Optional<RunningPod> read(JsonNode pod) {
    if (!pod.at("/metadata/deletionTimestamp").asText().isEmpty()
        || ENDED.contains(pod.at("/status/phase").asText())) {
      return Optional.empty();
    }
    boolean ready = false;
    for (JsonNode condition : pod.at("/status/conditions")) {
      ready |=
          condition.path("type").asText().equals("Ready")
              && condition.path("status").asText().equals("True");
    }
    String node = pod.at("/spec/nodeName").asText();
    boolean stopped =
        waits(pod.at("/status/containerStatuses"))
            || waits(pod.at("/status/initContainerStatuses"));
    return Optional.of(new RunningPod(node, ready, !ready && !node.isEmpty() && !stopped));
  }

  /** Whether a container waits for anything but its first start, such as after a crash. */
  private static boolean waits(JsonNode containers) {
    for (JsonNode container : containers) {
      String reason = container.at("/state/waiting/reason").asText();
      if (!reason.isEmpty() && !ON_THE_WAY.contains(reason)) {
        return true;
      }
    }
    return false;
  }
}
