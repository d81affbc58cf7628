package dev.holdfast.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.cluster.Cluster;
import dev.holdfast.cluster.FewRetries;
import dev.holdfast.cluster.Follower;
import dev.holdfast.cluster.WatchedKind;
import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.Documents;
import dev.holdfast.disruption.budget.Neighbourhood;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.policy.HardeningPolicy;
import io.fabric8.kubernetes.api.model.APIGroup;
import io.fabric8.kubernetes.api.model.APIResource;
import io.fabric8.kubernetes.api.model.APIResourceList;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jboss.logging.Logger;

/** Fills the neighbourhoods from a cluster, and says what has to be looked at. Thread-safe. */
final class ClusterWatch implements Follower, AutoCloseable {
  private static final Logger LOG = Logger.getLogger(ClusterWatch.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** After which a kind that the API server did not know is looked for again. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(60);

  private static final ResourceDefinitionContext BUDGETS =
      kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");
  private static final ResourceDefinitionContext AUTOSCALERS =
      kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");
  private static final ResourceDefinitionContext SCALED_OBJECTS =
      kind("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects");

  /** The taints by which Cluster Autoscaler and Karpenter, which do not cordon, begin a drain. */
  private static final Set<String> DRAINED =
      Set.of("ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted", "karpenter.sh/disruption");

  private final Cluster cluster;
  private final KubernetesClient client;
  private final Neighbourhoods neighbourhoods;
  private final Map<String, Map<String, String>> labels = new ConcurrentHashMap<>();
  private final Set<String> leaving = ConcurrentHashMap.newKeySet();
  private final Set<String> terminating = ConcurrentHashMap.newKeySet();
  private final Map<String, WatchedKind<?>> watched = new ConcurrentHashMap<>();
  private final Map<String, WatchedKind<?>> chosen = new ConcurrentHashMap<>();
  private final Set<String> withoutScale = ConcurrentHashMap.newKeySet();
  private volatile Changes changes = new Changes() {};

  /** Is told what has changed. */
  interface Changes {
    /** These workloads have to be looked at. */
    default void workloads(Collection<Key> keys) {}

    /** All workloads of a namespace have to be looked at. */
    default void namespace(String namespace) {}

    /**
     * Which pods there are has to be asked: somebody else's budget is new or selects others than
     * before, or among the pods of one of ours is a stranger's.
     */
    default void podsUnclear(String namespace) {}

    /** A node begins to be drained, or is cordoned. */
    default void drainBegins() {}
  }

  ClusterWatch(Cluster cluster, KubernetesClient client, Neighbourhoods neighbourhoods) {
    this.cluster = cluster;
    this.client = FewRetries.of(client);
    this.neighbourhoods = neighbourhoods;
  }

  private static ResourceDefinitionContext kind(
      String group, String version, String kind, String plural) {
    return new ResourceDefinitionContext.Builder()
        .withGroup(group)
        .withVersion(version)
        .withKind(kind)
        .withPlural(plural)
        .withNamespaced(true)
        .build();
  }

  void tell(Changes listener) {
    changes = listener;
  }

  /** Follows workloads, budgets and autoscalers; to be called before the cluster is started. */
  void start() {
    cluster.tell(this);
    follow(
        BUDGETS,
        "no disruption budget is made",
        (neighbourhood, object) -> put(neighbourhood, object),
        Neighbourhood::removeBudget);
    follow(
        AUTOSCALERS,
        "no disruption budget is made",
        (neighbourhood, object) -> neighbourhood.put(Documents.autoscaler(object)),
        (neighbourhood, name) -> neighbourhood.removeAutoscaler("HorizontalPodAutoscaler", name));
  }

  /** Also follows what only the controller needs. */
  void startForController() {
    follow(
        SCALED_OBJECTS,
        "no autoscaler of KEDA counts",
        (neighbourhood, object) -> neighbourhood.put(Documents.scaledObject(object)),
        (neighbourhood, name) -> neighbourhood.removeAutoscaler("ScaledObject", name));
  }

  private void follow(
      ResourceDefinitionContext kind,
      String without,
      BiFunction<Neighbourhood, JsonNode, Set<Key>> put,
      BiFunction<Neighbourhood, String, Set<Key>> remove) {
    watched.put(kind.getPlural(), watch(kind.getPlural(), kind, without, put, remove));
  }

  private WatchedKind<GenericKubernetesResource> watch(
      String name,
      ResourceDefinitionContext kind,
      String without,
      BiFunction<Neighbourhood, JsonNode, Set<Key>> put,
      BiFunction<Neighbourhood, String, Set<Key>> remove) {
    return cluster.follow(
        name,
        without,
        () -> client.genericKubernetesResources(kind).inAnyNamespace(),
        (String key, GenericKubernetesResource resource) -> {
          JsonNode object = JSON.valueToTree(resource);
          resource.getAdditionalProperties().clear();
          with(key, neighbourhood -> put.apply(neighbourhood, object));
        },
        key ->
            with(
                key,
                neighbourhood -> remove.apply(neighbourhood, key.substring(key.indexOf('/') + 1))),
        LOOK_AGAIN);
  }

  private void with(String key, Function<Neighbourhood, Set<Key>> change) {
    String namespace = key.substring(0, Math.max(0, key.indexOf('/')));
    changes.workloads(neighbourhoods.with(namespace, change));
  }

  private Set<Key> put(Neighbourhood neighbourhood, JsonNode object) {
    Budget budget = Documents.budget(object, "");
    Optional<Budget> before = neighbourhood.budget(budget.name());
    boolean selectsOthers = before.filter(it -> it.selector().equals(budget.selector())).isEmpty();
    boolean beginsToFail = budget.isFailing() && before.filter(Budget::isFailing).isEmpty();
    Set<Key> affected = neighbourhood.put(budget);
    if (neighbourhood.isOurs(budget) ? beginsToFail : selectsOthers) {
      changes.podsUnclear(budget.namespace());
    }
    return affected;
  }

  // --- what the cluster follows anyway

  @Override
  public void put(HasMetadata object) {
    if (object instanceof Namespace namespace) {
      put(namespace);
      return;
    }
    if (object instanceof Node node) {
      put(node);
      return;
    }
    TypedWorkloads.of(object)
        .ifPresent(
            workload ->
                changes.workloads(
                    neighbourhoods.with(workload.key().namespace(), all -> all.put(workload))));
  }

  private void put(Namespace namespace) {
    String name = namespace.getMetadata().getName();
    Map<String, String> now = Documents.copy(namespace.getMetadata().getLabels());
    boolean ends = namespace.getMetadata().getDeletionTimestamp() != null;
    boolean same = now.equals(labels.put(name, now));
    boolean sameEnd = ends ? !terminating.add(name) : !terminating.remove(name);
    if (!same || !sameEnd) {
      changes.namespace(name);
    }
  }

  private void put(Node node) {
    String name = node.getMetadata().getName();
    if (!isLeaving(node.getSpec())) {
      leaving.remove(name);
    } else if (leaving.add(name)) {
      changes.drainBegins();
    }
  }

  private static boolean isLeaving(NodeSpec spec) {
    return spec != null
        && (Boolean.TRUE.equals(spec.getUnschedulable())
            || spec.getTaints().stream().anyMatch(taint -> DRAINED.contains(taint.getKey())));
  }

  @Override
  public void remove(String kind, String namespace, String name) {
    if (kind.equals("Node")) {
      leaving.remove(name);
      return;
    }
    if (kind.equals("Namespace")) {
      labels.remove(name);
      terminating.remove(name);
      neighbourhoods.forget(name);
      return;
    }
    Key key = new Key(namespace, Workload.APPS, kind, name);
    changes.workloads(neighbourhoods.with(namespace, all -> all.remove(key)));
  }

  // --- kinds that policies name

  /** The kinds that policies name, but for those that are followed anyway. */
  static Set<String> named(Collection<HardeningPolicy> policies) {
    Set<String> kinds = new TreeSet<>();
    for (HardeningPolicy policy : policies) {
      kinds.addAll(policy.rules().disruptionBudget().kinds());
    }
    kinds.removeIf(kind -> kind.startsWith(Workload.APPS + "/"));
    return kinds;
  }

  /**
   * Follows just these kinds, each {@code GROUP/KIND}; one that is not served is looked for again.
   */
  void follow(Set<String> kinds) {
    for (String kind : kinds) {
      if (!chosen.containsKey(kind)) {
        find(kind).ifPresent(context -> chosen.put(kind, watchWorkloads(context)));
      }
    }
    chosen
        .entrySet()
        .removeIf(
            entry -> {
              boolean needless = !kinds.contains(entry.getKey());
              if (needless) {
                entry.getValue().close();
                neighbourhoods.forEach(all -> forget(all, entry.getKey()));
              }
              return needless;
            });
  }

  private void forget(Neighbourhood neighbourhood, String groupKind) {
    List<Key> keys =
        neighbourhood.workloads().stream()
            .map(Workload::key)
            .filter(key -> key.groupKind().equals(groupKind))
            .toList();
    keys.forEach(key -> changes.workloads(neighbourhood.remove(key)));
  }

  /** The kinds that are followed now of those that policies name. */
  Set<String> chosen() {
    return Set.copyOf(chosen.keySet());
  }

  private WatchedKind<GenericKubernetesResource> watchWorkloads(ResourceDefinitionContext kind) {
    return watch(
        // another group may have the same plural, as OpenKruise has statefulsets
        kind.getPlural() + "." + kind.getGroup(),
        kind,
        "they get no disruption budget",
        (neighbourhood, object) -> neighbourhood.put(Documents.workload(object, "")),
        (neighbourhood, name) ->
            neighbourhood.workloads().stream()
                .map(Workload::key)
                .filter(
                    key ->
                        key.name().equals(name)
                            && key.kind().equals(kind.getKind())
                            && key.group().equals(kind.getGroup()))
                .findFirst()
                .map(neighbourhood::remove)
                .orElse(Set.of()));
  }

  private Optional<ResourceDefinitionContext> find(String groupKind) {
    int slash = groupKind.indexOf('/');
    String kind = groupKind.substring(slash + 1);
    try {
      APIGroup group = client.getApiGroup(groupKind.substring(0, slash));
      if (group == null || group.getPreferredVersion() == null) {
        return Optional.empty();
      }
      String version = group.getPreferredVersion().getGroupVersion();
      APIResourceList resources = client.getApiResources(version);
      if (resources == null) {
        return Optional.empty();
      }
      for (APIResource resource : resources.getResources()) {
        if (resource.getKind().equals(kind) && !resource.getName().contains("/")) {
          if (hasScale(resources, resource)) {
            return Optional.of(ResourceDefinitionContext.fromApiResource(version, resource));
          }
          if (withoutScale.add(groupKind)) {
            LOG.warnf(
                "disruption: %s has no subresource scale, by which the disruption controller counts:"
                    + " no workload of the kind gets a budget",
                groupKind);
          }
        }
      }
    } catch (KubernetesClientException e) {
      LOG.debugf(e, "%s cannot be looked for", groupKind);
    }
    return Optional.empty();
  }

  private static boolean hasScale(APIResourceList all, APIResource resource) {
    String scale = resource.getName() + "/scale";
    return all.getResources().stream().anyMatch(one -> one.getName().equals(scale));
  }

  // --- what is known

  Map<String, String> labels(String namespace) {
    return labels.getOrDefault(namespace, Map.of());
  }

  /** The names of the nodes that are being drained, or are cordoned. */
  Set<String> leavingNodes() {
    return Set.copyOf(leaving);
  }

  boolean isTerminating(String namespace) {
    return terminating.contains(namespace);
  }

  /** Whether all has been listed that can be; before, nothing may be decided. */
  boolean isSynced() {
    boolean policiesRefused =
        cluster
            .problems()
            .getOrDefault("hardeningpolicies", "")
            .startsWith(WatchedKind.NOT_PERMITTED);
    return cluster.isSynced()
        && !policiesRefused
        && watched.get(BUDGETS.getPlural()).state() == WatchedKind.State.SYNCED
        && watched.values().stream().allMatch(ClusterWatch::isSettled)
        && chosen.values().stream().allMatch(ClusterWatch::isSettled);
  }

  private static boolean isSettled(WatchedKind<?> kind) {
    return kind.state() != WatchedKind.State.STARTING;
  }

  /** Whether nothing is missing, nor out of date, that could speak against a new budget. */
  boolean isComplete() {
    Map<String, String> missing = cluster.problems();
    // Neither decides about budgets.
    missing.remove("services");
    missing.remove("nodes");
    missing.remove("hardeningpolicies");
    problems().forEach(missing::put);
    chosen.values().forEach(kind -> missing.remove(kind.plural()));
    if (watched.containsKey(SCALED_OBJECTS.getPlural())
        && watched.get(SCALED_OBJECTS.getPlural()).state() == WatchedKind.State.UNKNOWN) {
      missing.remove(SCALED_OBJECTS.getPlural());
    }
    return missing.isEmpty();
  }

  /** What is wrong with the kinds that are followed for budgets alone, by their plural names. */
  Map<String, String> problems() {
    Map<String, String> problems = new LinkedHashMap<>();
    for (Map<String, WatchedKind<?>> kinds : List.of(watched, chosen)) {
      for (WatchedKind<?> kind : kinds.values()) {
        if (!kind.problem().isEmpty()) {
          problems.put(kind.plural(), kind.problem());
        }
      }
    }
    return problems;
  }

  /** The plural names of the kinds that are always followed. */
  Set<String> kinds() {
    return Set.copyOf(watched.keySet());
  }

  @Override
  public void close() {
    watched.values().forEach(WatchedKind::close);
    chosen.values().forEach(WatchedKind::close);
  }
}
