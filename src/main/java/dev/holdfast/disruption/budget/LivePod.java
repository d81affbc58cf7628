package dev.holdfast.disruption.budget;

import java.util.Map;

/**
 * What counts of pods, also of those that have ended: those with the same labels and the same
 * controller are one. Immutable.
 *
 * @param ownerKind "" if nothing controls it
 * @param ownerUid "" if nothing controls it
 */
public record LivePod(String ownerKind, String ownerUid, Map<String, String> labels) {
  public LivePod {
    labels = Map.copyOf(labels);
  }
}
