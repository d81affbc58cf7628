package dev.holdfast.policy;

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
    throw new UnsupportedOperationException(namespace + policies + namespaceLabels + podLabels);
  }
}
