package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.PodView;
import dev.holdfast.policy.LabelSelector;
import dev.holdfast.policy.PodOverrides;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A pod as one of several replicas: whether it is one, and how the others are selected. What
 * anti-affinity and topology spread have in common.
 */
final class Replication {
  private static final String TEMPLATE_HASH = "pod-template-hash";

  /** Labels that differ between the revisions of a workload, or between its pods. */
  private static final Set<String> OF_ONE_REVISION =
      Set.of(
          TEMPLATE_HASH,
          "controller-revision-hash",
          "pod-template-generation",
          "rollouts-pod-template-hash",
          "controller.kubernetes.io/hash",
          "statefulset.kubernetes.io/pod-name",
          "apps.kubernetes.io/pod-index");

  /** Kinds whose pods are not replicas that could spread: one a node, or run to completion. */
  private static final Set<String> NOT_REPLICATED = Set.of("DaemonSet", "Job", "CronJob", "Node");

  private Replication() {}

  /** Whether the scheduler is free to spread this pod, and the user has not said how. */
  static boolean mayBeSpread(Situation situation) {
    PodView pod = situation.pod();
    Optional<String> owner = pod.controllerKind();
    if (owner.isEmpty()) {
      owner = situation.facts().workload().map(Workload::kind);
    }
    return owner.isPresent()
        && !owner.get().equals("Pod")
        && !NOT_REPLICATED.contains(owner.get())
        && !pod.runsToCompletion()
        && !pod.isPinned()
        && !pod.hasPodAntiAffinity()
        && !pod.hasTopologySpreadConstraints();
  }

  /**
   * A {@code labelSelector} for the pod's replicas of every revision: the workload's own, else the
   * pod's labels.
   *
   * @return empty, with a finding, if no label is left; an empty selector would match all pods
   */
  static Optional<ObjectNode> selector(Situation situation, Verdict verdict) {
    Optional<LabelSelector> own = situation.facts().workload().flatMap(Workload::selector);
    Map<String, String> labels = new HashMap<>();
    own.map(LabelSelector::matchLabels)
        .orElseGet(situation.pod()::labels)
        .forEach(
            (label, value) -> {
              if (!isOfOneRevision(label)) {
                labels.put(label, value);
              }
            });
    List<LabelSelector.Requirement> requirements = new ArrayList<>(0);
    for (LabelSelector.Requirement requirement :
        own.map(LabelSelector::matchExpressions).orElse(List.of())) {
      if (!isOfOneRevision(requirement.key())) {
        requirements.add(requirement);
      }
    }
    if (labels.isEmpty() && requirements.isEmpty()) {
      verdict.find(
          Severity.INFO,
          "no-labels",
          "/metadata/labels",
          "the replicas are not spread: no label tells them from other pods");
      return Optional.empty();
    }
    return Optional.of(new LabelSelector(labels, requirements).document());
  }

  private static boolean isOfOneRevision(String label) {
    return OF_ONE_REVISION.contains(label) || label.startsWith(PodOverrides.PREFIX);
  }

  /** Lets replicas of the old revision not count during a roll-out, where the pod has its label. */
  static void putMatchLabelKeys(ObjectNode term, Situation situation) {
    if (situation.pod().labels().containsKey(TEMPLATE_HASH)) {
      term.putArray("matchLabelKeys").add(TEMPLATE_HASH);
    }
  }
}
