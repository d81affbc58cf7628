package dev.holdfast.policy;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What Holdfast does to which pods: one {@code HardeningPolicy} of {@code holdfast.dev/v1alpha1},
 * complete, as the profile's values stand wherever the policy itself says nothing. Immutable.
 *
 * @param name {@code metadata.name}
 * @param profile the starting point of the rules
 * @param mode the mode where neither namespace nor pod has a label of its own
 * @param scope which namespaces count
 * @param priority the higher wins where several policies select a pod
 * @param namespaceSelector which namespaces' labels this policy is for; an empty one matches all
 * @param podSelector which pods' labels this policy is for; an empty one matches all
 * @param excludeNamespaces namespaces left alone, besides {@link #ALWAYS_EXCLUDED}
 * @param overrides whether labels and annotations of pods count
 * @param sidecars names of containers left alone, besides the known ones
 * @param rules the settings of every rule
 * @param ruleModes the modes that the policy itself, not its profile, gives to rules
 */
public record HardeningPolicy(
    String name,
    Profile profile,
    Mode mode,
    Scope scope,
    int priority,
    LabelSelector namespaceSelector,
    LabelSelector podSelector,
    Set<String> excludeNamespaces,
    Overrides overrides,
    Set<String> sidecars,
    RuleSettings rules,
    Map<RuleName, Mode> ruleModes) {

  /** Namespaces of the control plane, which no policy can count in. */
  public static final Set<String> ALWAYS_EXCLUDED =
      Set.of("kube-system", "kube-public", "kube-node-lease");

  public HardeningPolicy {
    excludeNamespaces = Set.copyOf(excludeNamespaces);
    sidecars = Set.copyOf(sidecars);
    ruleModes = Map.copyOf(ruleModes);
  }

  /**
   * The mode that the policy itself writes for a rule; empty where it leaves that to its profile.
   */
  public Optional<Mode> ruleMode(RuleName rule) {
    return Optional.ofNullable(ruleModes.get(rule));
  }

  /** Whether pods of this namespace are left alone whatever their labels say. */
  public boolean excludes(String namespace) {
    return ALWAYS_EXCLUDED.contains(namespace) || excludeNamespaces.contains(namespace);
  }

  /** Which namespaces a policy is for. */
  public enum Scope {
    /** Every namespace that is not excluded. */
    @JsonProperty("Cluster")
    CLUSTER,
    /**
     * Only namespaces whose {@code holdfast.dev/mode} label says {@code enforce} or {@code audit}.
     */
    @JsonProperty("OptIn")
    OPT_IN
  }

  /** Whether pods may choose for themselves. */
  public enum Overrides {
    @JsonProperty("Allowed")
    ALLOWED,
    @JsonProperty("Denied")
    DENIED
  }
}
