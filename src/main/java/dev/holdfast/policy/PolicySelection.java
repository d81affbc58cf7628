package dev.holdfast.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which policy a pod falls under, and in which mode (design: pod label &gt; namespace label &gt;
 * policy).
 *
 * @param policy the policy that applies; empty if none does
 * @param mode the pod's mode; {@link Mode#OFF} if no policy applies
 * @param why one sentence that says which label or setting decided
 * @param problems labels that are not followed, and a policy that does not exist
 */
public record PolicySelection(
    Optional<HardeningPolicy> policy, Mode mode, String why, List<PodOverrides.Problem> problems) {

  /** The label that switches Holdfast on a Namespace or a Pod. */
  public static final String MODE_LABEL = PodOverrides.PREFIX + "mode";

  /** The label by which a Namespace names its policy. */
  public static final String POLICY_LABEL = PodOverrides.PREFIX + "policy";

  /**
   * Chooses.
   *
   * @param policies all policies there are
   * @param namespace the namespace's name
   * @param namespaceLabels the namespace's labels, empty where not known
   * @param podLabels the pod's labels
   */
  public static PolicySelection choose(
      List<HardeningPolicy> policies,
      String namespace,
      Map<String, String> namespaceLabels,
      Map<String, String> podLabels) {
    List<PodOverrides.Problem> problems = new ArrayList<>(0);
    Optional<HardeningPolicy> named = named(policies, namespaceLabels, problems);
    if (named.isPresent() && !named.get().podSelector().matches(podLabels)) {
      return off(
          Optional.empty(),
          "policy " + named.get().name() + ", which the namespace names, does not select the pod",
          problems);
    }
    Optional<HardeningPolicy> chosen =
        named.isPresent() ? named : matching(policies, namespaceLabels, podLabels);
    if (chosen.isEmpty()) {
      return off(chosen, "no policy matches", problems);
    }
    HardeningPolicy policy = chosen.get();
    if (policy.excludes(namespace)) {
      return off(chosen, "policy " + policy.name() + " excludes namespace " + namespace, problems);
    }
    Optional<Mode> ofNamespace = mode(namespaceLabels, problems);
    Optional<Mode> ofPod = Optional.empty();
    if (podLabels.containsKey(MODE_LABEL)) {
      if (policy.overrides() == HardeningPolicy.Overrides.DENIED) {
        problems.add(
            new PodOverrides.Problem(
                MODE_LABEL,
                podLabels.get(MODE_LABEL),
                "overrides-denied",
                "the policy denies overrides"));
      } else {
        ofPod = mode(podLabels, problems);
      }
    }
    if (policy.scope() == HardeningPolicy.Scope.OPT_IN) {
      return optIn(policy, ofNamespace, ofPod, problems);
    }
    if (ofPod.isPresent()) {
      return new PolicySelection(chosen, ofPod.get(), "the pod's mode label decides", problems);
    }
    if (ofNamespace.isPresent()) {
      return new PolicySelection(
          chosen, ofNamespace.get(), "the namespace's mode label decides", problems);
    }
    return new PolicySelection(
        chosen, policy.mode(), "policy " + policy.name() + " decides", problems);
  }

  /**
   * Whether a policy is for pods of a namespace, or for those of them that its {@code podSelector}
   * selects: the namespace takes part, and no other policy is for all of its pods.
   *
   * @param policies all policies there are
   * @param namespace the namespace's name
   * @param labels the namespace's labels
   */
  public static boolean isFor(
      HardeningPolicy policy,
      List<HardeningPolicy> policies,
      String namespace,
      Map<String, String> labels) {
    List<PodOverrides.Problem> ignored = new ArrayList<>(0);
    Optional<HardeningPolicy> named = named(policies, labels, ignored);
    boolean chosen =
        named.isPresent()
            ? named.get().name().equals(policy.name())
            : policy.namespaceSelector().matches(labels)
                && policies.stream().noneMatch(other -> leavesNothing(other, policy, labels));
    Mode unlabelled = policy.scope() == HardeningPolicy.Scope.OPT_IN ? Mode.OFF : Mode.ENFORCE;
    return chosen
        && mode(labels, ignored).orElse(unlabelled) != Mode.OFF
        && !policy.excludes(namespace);
  }

  private static boolean leavesNothing(
      HardeningPolicy other, HardeningPolicy policy, Map<String, String> labels) {
    return other.podSelector().equals(LabelSelector.EVERYTHING)
        && other.namespaceSelector().matches(labels)
        && comesBefore(other, policy);
  }

  /** The namespace decides whether it takes part; a pod can only lower what it decided. */
  private static PolicySelection optIn(
      HardeningPolicy policy,
      Optional<Mode> ofNamespace,
      Optional<Mode> ofPod,
      List<PodOverrides.Problem> problems) {
    Optional<HardeningPolicy> chosen = Optional.of(policy);
    if (ofNamespace.isEmpty() || ofNamespace.get() == Mode.OFF) {
      return off(
          chosen,
          "policy " + policy.name() + " is for namespaces that opt in, and this one does not",
          problems);
    }
    Mode lowered = ofNamespace.get().atMost(ofPod.orElse(Mode.ENFORCE));
    return new PolicySelection(
        chosen,
        lowered,
        lowered == ofNamespace.get()
            ? "the namespace's mode label decides"
            : "the pod's mode label lowers the namespace's",
        problems);
  }

  private static Optional<HardeningPolicy> named(
      List<HardeningPolicy> policies,
      Map<String, String> namespaceLabels,
      List<PodOverrides.Problem> problems) {
    String name = namespaceLabels.get(POLICY_LABEL);
    if (name == null) {
      return Optional.empty();
    }
    for (HardeningPolicy policy : policies) {
      if (policy.name().equals(name.trim())) {
        return Optional.of(policy);
      }
    }
    problems.add(
        new PodOverrides.Problem(
            POLICY_LABEL, name, "unknown-policy", "no usable policy has this name"));
    return Optional.empty();
  }

  private static Optional<HardeningPolicy> matching(
      List<HardeningPolicy> policies,
      Map<String, String> namespaceLabels,
      Map<String, String> podLabels) {
    HardeningPolicy best = null;
    for (HardeningPolicy policy : policies) {
      if (policy.namespaceSelector().matches(namespaceLabels)
          && policy.podSelector().matches(podLabels)
          && (best == null || comesBefore(policy, best))) {
        best = policy;
      }
    }
    return Optional.ofNullable(best);
  }

  private static boolean comesBefore(HardeningPolicy one, HardeningPolicy other) {
    return one.priority() != other.priority()
        ? one.priority() > other.priority()
        : one.name().compareTo(other.name()) < 0;
  }

  private static Optional<Mode> mode(
      Map<String, String> labels, List<PodOverrides.Problem> problems) {
    String value = labels.get(MODE_LABEL);
    if (value == null) {
      return Optional.empty();
    }
    Optional<Mode> mode = Mode.of(value);
    if (mode.isEmpty()) {
      problems.add(
          new PodOverrides.Problem(
              MODE_LABEL, value, "unreadable-label", "expected enforce, audit or off"));
    }
    return mode;
  }

  private static PolicySelection off(
      Optional<HardeningPolicy> policy, String why, List<PodOverrides.Problem> problems) {
    return new PolicySelection(policy, Mode.OFF, why, problems);
  }
}
