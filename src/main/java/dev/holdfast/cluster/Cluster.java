package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.ClusterState.Controller;
import dev.holdfast.cluster.ClusterState.Key;
import dev.holdfast.cluster.ClusterState.Reference;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.ClusterFacts.Service;
import dev.holdfast.hardening.ClusterFacts.ServicePort;
import dev.holdfast.hardening.ClusterFacts.Workload;
import dev.holdfast.hardening.KubernetesVersion;
import dev.holdfast.policy.PolicySet;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.VersionInfo;
import io.fabric8.kubernetes.client.dsl.Informable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * A live cluster: follows what reviews need to know, and nothing else. Only reads. Thread-safe.
 *
 * <p>Secrets, ConfigMaps and pods are never read.
 */
public final class Cluster implements ClusterView, AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Cluster.class);

  /** Calls at the same time: one that gets no answer blocks its thread until it times out. */
  private static final int CALLS = 4;

  /** Nothing is ready before the version is known. */
  private static final Duration FIRST_VERSION_RETRY = Duration.ofSeconds(1);

  /** Look-ups of namespaces at the same time; more wait for their turn. */
  private static final int LOOK_UPS = 4;

  private final KubernetesClient client;
  private final Duration versionPeriod;
  private final ClusterState state = new ClusterState();
  private final ClusterPolicies policies = new ClusterPolicies();
  private final Outage outage = new Outage();
  private final ScheduledExecutorService executor =
      Executors.newScheduledThreadPool(CALLS, daemons("cluster"));
  private final ExecutorService lookUpThreads =
      Executors.newFixedThreadPool(LOOK_UPS, daemons("namespace-look-up"));
  private final NamespaceLookUp lookUps;
  private final WatchedKind<Node> nodes;
  private final WatchedKind<GenericKubernetesResource> policyWatch;
  private final List<WatchedKind<?>> kinds = new ArrayList<>();
  private final List<Follower> followers = new CopyOnWriteArrayList<>();
  private final AtomicBoolean told = new AtomicBoolean();
  private volatile boolean started;
  private volatile boolean closed;
  private volatile long startNanos;

  /**
   * @param given closed by the caller
   * @param retryPeriod after which a kind that is refused or unknown is tried again
   * @param versionPeriod how often the API server's version is asked for
   */
  public Cluster(KubernetesClient given, Duration retryPeriod, Duration versionPeriod) {
    client = FewRetries.of(given);
    this.versionPeriod = versionPeriod;
    lookUps = new NamespaceLookUp(client, lookUpThreads);
    kinds.add(
        new WatchedKind<>(
            "namespaces",
            "each is asked for when a pod comes",
            () -> client.namespaces(),
            () ->
                new FactStore<Namespace>(
                    (key, namespace) -> {
                      state.putNamespace(key, orEmpty(labels(namespace)));
                      followers.forEach(follower -> follower.put(namespace));
                    },
                    key -> {
                      state.removeNamespace(key);
                      followers.forEach(follower -> follower.remove("Namespace", "", key));
                    }),
            retryPeriod,
            executor,
            outage,
            this::tellOnceSynced));
    kinds.add(
        new WatchedKind<>(
            "services",
            "no probe is derived from them",
            () -> client.services().inAnyNamespace(),
            () -> new FactStore<>(this::putService, this::removeService),
            retryPeriod,
            executor,
            outage,
            this::tellOnceSynced));
    nodes =
        new WatchedKind<>(
            "nodes",
            "nothing is used that only newer kubelets know",
            () -> client.nodes(),
            () -> new FactStore<>(this::putNode, this::removeNode),
            retryPeriod,
            executor,
            outage,
            this::tellOnceSynced);
    kinds.add(nodes);
    kinds.add(
        new WatchedKind<>(
            "replicasets",
            "their pods are taken by their own labels",
            () -> client.apps().replicaSets().inAnyNamespace(),
            () -> new FactStore<>(this::putReplicaSet, remover("ReplicaSet")),
            retryPeriod,
            executor,
            outage,
            this::tellOnceSynced));
    kinds.add(
        new WatchedKind<>(
            "deployments",
            "their pods are taken by those of the ReplicaSet",
            () -> client.apps().deployments().inAnyNamespace(),
            () -> new FactStore<>(this::putDeployment, remover("Deployment")),
            retryPeriod,
            executor,
            outage,
            this::tellOnceSynced));
    kinds.add(
        new WatchedKind<>(
            "statefulsets",
            "their pods are taken by their own labels",
            () -> client.apps().statefulSets().inAnyNamespace(),
            () -> new FactStore<>(this::putStatefulSet, remover("StatefulSet")),
            retryPeriod,
            executor,
            outage,
            this::tellOnceSynced));
    policyWatch =
        new WatchedKind<>(
            "hardeningpolicies",
            "the built-in policy serves unless they are there and refused",
            () -> client.genericKubernetesResources(ClusterPolicies.RESOURCE),
            () ->
                new FactStore<>(
                    (key, policy) -> {
                      policies.put(key, policy);
                      policy.getAdditionalProperties().clear();
                    },
                    policies::remove),
            retryPeriod,
            executor,
            outage,
            this::tellOnceSynced);
    kinds.add(policyWatch);
  }

  /** Tells of namespaces and workloads as they come; to be called before the start. */
  public void tell(Follower follower) {
    followers.add(follower);
  }

  /**
   * Follows one more kind, from now on. Whether it can be read does not count for {@link
   * #isSynced()}.
   *
   * @param plural as in RBAC rules, for logs
   * @param without what is done while the kind cannot be read, for logs
   * @param changed is given each object and its key, {@code namespace/name}; may empty it
   * @param removed is given the key of an object that is gone
   * @param retryPeriod after which it is tried again if it is refused or unknown
   */
  public <T extends HasMetadata> WatchedKind<T> follow(
      String plural,
      String without,
      Supplier<Informable<T>> resources,
      BiConsumer<String, T> changed,
      Consumer<String> removed,
      Duration retryPeriod) {
    WatchedKind<T> kind =
        new WatchedKind<>(
            plural,
            without,
            resources,
            () -> new FactStore<>(changed, removed),
            retryPeriod,
            executor,
            outage,
            () -> {});
    kind.start();
    return kind;
  }

  /** The API server's version; unknown before it was asked. */
  public KubernetesVersion apiServer() {
    return state.apiServer();
  }

  /** Begins to follow; returns at once. */
  public void start() {
    startNanos = System.nanoTime();
    started = true;
    executor.execute(this::readVersion);
    for (WatchedKind<?> kind : kinds) {
      kind.start();
    }
  }

  /** Whether everything is known that can be known: no answer before is better than a guess. */
  public boolean isSynced() {
    return started
        && state.knowsApiServer()
        && kinds.stream().noneMatch(kind -> kind.state() == WatchedKind.State.STARTING);
  }

  private void tellOnceSynced() {
    if (isSynced() && told.compareAndSet(false, true)) {
      StringJoiner known = new StringJoiner(", ");
      for (WatchedKind<?> kind : kinds) {
        known.add(kind.size() + " " + kind.plural());
      }
      LOG.infof(
          "the cluster is known after %d ms: %s",
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos), known);
    }
  }

  /** What is wrong, by the plural name of the kind; empty if nothing is. */
  public Map<String, String> problems() {
    Map<String, String> problems = new LinkedHashMap<>();
    for (WatchedKind<?> kind : kinds) {
      if (!kind.problem().isEmpty()) {
        problems.put(kind.plural(), kind.problem());
      }
    }
    return problems;
  }

  /** Where outages are told, for whoever follows more of the same cluster. */
  Outage outage() {
    return outage;
  }

  /** The plural names of all kinds that are followed. */
  public List<String> kinds() {
    return kinds.stream().map(WatchedKind::plural).toList();
  }

  /**
   * The policies that there are; empty where the API server does not know the custom resource, so
   * that others have to.
   */
  public Optional<PolicySet> policies() {
    return policyWatch.state() == WatchedKind.State.UNKNOWN
        ? Optional.empty()
        : Optional.of(policies.known());
  }

  /** The policies as objects, bad ones included. */
  public ClusterPolicies policyObjects() {
    return policies;
  }

  /** The labels of every namespace that is known, by name; a view. */
  public Map<String, Map<String, String>> namespaces() {
    return state.namespaces();
  }

  @Override
  public ClusterFacts facts(String namespace, ObjectNode pod) {
    boolean nodesKnown = nodes.state() == WatchedKind.State.SYNCED;
    return state.facts(namespace, lookUps.found(namespace), nodesKnown, pod);
  }

  @Override
  public Optional<CompletionStage<Void>> lookUp(String namespace) {
    return namespace.isEmpty() || state.knowsNamespace(namespace)
        ? Optional.empty()
        : lookUps.of(namespace).map(stage -> stage);
  }

  private void readVersion() {
    try {
      askVersion();
    } finally {
      Duration pause = state.knowsApiServer() ? versionPeriod : FIRST_VERSION_RETRY;
      if (!closed) {
        executor.schedule(this::readVersion, pause.toMillis(), TimeUnit.MILLISECONDS);
      }
    }
  }

  private void askVersion() {
    try {
      VersionInfo version = client.getKubernetesVersion();
      Optional<KubernetesVersion> read =
          version == null ? Optional.empty() : KubernetesVersion.of(version.getGitVersion());
      if (read.isPresent()) {
        if (!state.knowsApiServer()) {
          LOG.infof("the API server is %s", read.get());
        }
        state.setApiServer(read.get());
        tellOnceSynced();
      }
    } catch (RuntimeException e) {
      LOG.debugf(e, "the API server's version cannot be read: %s", e);
    }
  }

  private void putService(String key, io.fabric8.kubernetes.api.model.Service service) {
    var spec = service.getSpec();
    boolean selects =
        spec != null
            && spec.getSelector() != null
            && !spec.getSelector().isEmpty()
            // An alias of a name in DNS; its selector means nothing.
            && !"ExternalName".equals(spec.getType());
    if (!selects) {
      removeService(key);
    } else {
      List<ServicePort> ports = new ArrayList<>();
      for (var port : spec.getPorts()) {
        ports.add(
            new ServicePort(
                port.getName() == null ? "" : port.getName(),
                port.getProtocol() == null ? "TCP" : port.getProtocol(),
                targetPort(port)));
      }
      state.putService(
          service.getMetadata().getNamespace(),
          new Service(
              service.getMetadata().getName(),
              spec.getSelector(),
              "None".equals(spec.getClusterIP()),
              Boolean.TRUE.equals(spec.getPublishNotReadyAddresses()),
              ports));
    }
    service.setSpec(null);
    service.setStatus(null);
  }

  private static String targetPort(io.fabric8.kubernetes.api.model.ServicePort port) {
    var target = port.getTargetPort();
    if (target == null || target.getValue() == null) {
      return String.valueOf(port.getPort());
    }
    return String.valueOf(target.getValue());
  }

  private void removeService(String key) {
    int slash = key.indexOf('/');
    state.removeService(key.substring(0, slash), key.substring(slash + 1));
  }

  private void putNode(String name, Node node) {
    var status = node.getStatus();
    String version =
        status == null || status.getNodeInfo() == null
            ? null
            : status.getNodeInfo().getKubeletVersion();
    state.putNode(name, version == null ? Optional.empty() : KubernetesVersion.of(version));
    followers.forEach(follower -> follower.put(node));
    node.setSpec(null);
    node.setStatus(null);
  }

  private void removeNode(String name) {
    state.removeNode(name);
    followers.forEach(follower -> follower.remove("Node", "", name));
  }

  private void putDeployment(String key, Deployment deployment) {
    var spec = deployment.getSpec();
    putController("Deployment", deployment, spec.getSelector(), spec.getReplicas());
    followers.forEach(follower -> follower.put(deployment));
    deployment.setSpec(null);
    deployment.setStatus(null);
  }

  private void putReplicaSet(String key, ReplicaSet replicaSet) {
    var spec = replicaSet.getSpec();
    putController("ReplicaSet", replicaSet, spec.getSelector(), spec.getReplicas());
    followers.forEach(follower -> follower.put(replicaSet));
    replicaSet.setSpec(null);
    replicaSet.setStatus(null);
  }

  private void putStatefulSet(String key, StatefulSet statefulSet) {
    var spec = statefulSet.getSpec();
    putController("StatefulSet", statefulSet, spec.getSelector(), spec.getReplicas());
    followers.forEach(follower -> follower.put(statefulSet));
    statefulSet.setSpec(null);
    statefulSet.setStatus(null);
  }

  private void putController(
      String kind,
      HasMetadata object,
      io.fabric8.kubernetes.api.model.LabelSelector selector,
      Integer replicas) {
    ObjectMeta metadata = object.getMetadata();
    Optional<Reference> owner = Optional.empty();
    for (OwnerReference reference : metadata.getOwnerReferences()) {
      if (Boolean.TRUE.equals(reference.getController())) {
        owner =
            Optional.of(
                new Reference(reference.getKind(), reference.getName(), reference.getUid()));
      }
    }
    state.putController(
        new Key(metadata.getNamespace(), kind, metadata.getName()),
        new Controller(
            metadata.getUid(),
            new Workload(
                kind,
                metadata.getName(),
                Selectors.of(selector),
                Optional.of(replicas == null ? 1 : replicas)),
            owner));
  }

  private Consumer<String> remover(String kind) {
    return key -> {
      int slash = key.indexOf('/');
      String namespace = key.substring(0, slash);
      String name = key.substring(slash + 1);
      state.removeController(new Key(namespace, kind, name));
      followers.forEach(follower -> follower.remove(kind, namespace, name));
    };
  }

  private static Map<String, String> labels(HasMetadata object) {
    return object.getMetadata().getLabels();
  }

  private static Map<String, String> orEmpty(Map<String, String> map) {
    return map == null ? Map.of() : map;
  }

  static ThreadFactory daemons(String name) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  @Override
  public void close() {
    closed = true;
    kinds.forEach(WatchedKind::close);
    executor.shutdownNow();
    lookUpThreads.shutdownNow();
  }
}
