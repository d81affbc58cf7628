package dev.holdfast.disruption.budget;

import dev.holdfast.policy.LabelSelector;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A workload, as far as a disruption budget depends on it. Immutable.
 *
 * @param apiVersion for example {@code apps/v1}
 * @param uid tells it from an older object of the same name; "" in a file
 * @param created its creation timestamp
 * @param terminating whether it has a deletion timestamp
 * @param replicas {@code spec.replicas}, 1 where it is not set
 * @param selector {@code spec.selector}; empty if there is none, or none that selects anything
 * @param labels its own labels that are ours
 * @param annotations its own annotations that are ours
 * @param templateLabels all labels of its pod template
 * @param templateAnnotations the annotations of its pod template that are ours
 * @param critical whether its pods are of one of the system's own priority classes
 * @param owner the object that controls it
 */
public record Workload(
    Key key,
    String apiVersion,
    String uid,
    Instant created,
    boolean terminating,
    int replicas,
    Optional<LabelSelector> selector,
    Map<String, String> labels,
    Map<String, String> annotations,
    Map<String, String> templateLabels,
    Map<String, String> templateAnnotations,
    boolean critical,
    Optional<Owner> owner) {

  /** The group of Deployments, StatefulSets and ReplicaSets. */
  public static final String APPS = "apps";

  private static final String POD_NAME = "statefulset.kubernetes.io/pod-name";
  private static final Set<String> HASHES =
      Set.of("controller-revision-hash", "pod-template-hash", "rollouts-pod-template-hash");

  private static final Map<String, Set<String>> ADDED_LABELS =
      Map.of(
          "Deployment", Set.of("pod-template-hash"),
          "ReplicaSet", Set.of(),
          "StatefulSet",
              Set.of("apps.kubernetes.io/pod-index", "controller-revision-hash", POD_NAME));

  /** For kinds of others, of which it is not known. */
  static final Set<String> ALL_ADDED_LABELS =
      Stream.concat(
              Stream.of("rollouts-pod-template-hash"),
              ADDED_LABELS.values().stream().flatMap(Set::stream))
          .collect(Collectors.toUnmodifiableSet());

  public Workload {
    selector = selector.filter(one -> !one.equals(LabelSelector.EVERYTHING));
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    templateLabels = Map.copyOf(templateLabels);
    templateAnnotations = Map.copyOf(templateAnnotations);
  }

  /** What a workload is found by. */
  public record Key(String namespace, String group, String kind, String name) {
    /** For messages, for example {@code Deployment shop/web}. */
    @Override
    public String toString() {
      return kind + " " + namespace + "/" + name;
    }

    /** For messages within the namespace, for example {@code Deployment web}. */
    public String shortName() {
      return kind + " " + name;
    }

    /** Whether this is a kind that is looked after without being named in a policy. */
    public boolean isBuiltIn() {
      return group.equals(APPS);
    }

    /** As a policy's {@code kinds} name it, for example {@code argoproj.io/Rollout}. */
    public String groupKind() {
      return group + "/" + kind;
    }
  }

  /** The object that a {@code controller: true} owner reference names. */
  public record Owner(String group, String kind, String name, String uid) {
    /** Of an owner reference's {@code apiVersion}. */
    public static String group(String apiVersion) {
      int slash = apiVersion.indexOf('/');
      return slash < 0 ? "" : apiVersion.substring(0, slash);
    }
  }

  /** Whether this is a kind that is looked after without being named in a policy. */
  public boolean isBuiltIn() {
    return key.isBuiltIn();
  }

  /**
   * Labels that its controller puts on each pod beside those of the template: what a selector asks
   * of them, some pod may have.
   */
  Set<String> addedLabels() {
    return ADDED_LABELS.getOrDefault(key.kind(), ALL_ADDED_LABELS);
  }

  /**
   * Whether what a selector asks of such labels can be true of a pod of this workload. Of one that
   * asks for a hash alone, only pods tell.
   */
  boolean mayBeGiven(LabelSelector selector) {
    if (!selector.equals(LabelSelector.EVERYTHING)
        && selector.without(HASHES).equals(LabelSelector.EVERYTHING)) {
      return false;
    }
    String pod = selector.matchLabels().get(POD_NAME);
    return pod == null || pod.startsWith(key.name() + "-");
  }

  /** Whether this is a ReplicaSet of a Deployment and the like: no workload of its own. */
  public boolean isPartOfAnother() {
    return key.kind().equals("ReplicaSet") && owner.isPresent();
  }
}
