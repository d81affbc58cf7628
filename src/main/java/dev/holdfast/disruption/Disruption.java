package dev.holdfast.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.cluster.Cluster;
import dev.holdfast.cluster.ClusterConnection;
import dev.holdfast.cluster.Duty;
import dev.holdfast.cluster.Role;
import dev.holdfast.cluster.ServingPolicies;
import dev.holdfast.disruption.budget.BudgetAdvice;
import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.hardening.Finding;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicySet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Disruption budgets in this process: what is known for them, and in a controller the work. */
@Singleton
public class Disruption implements Duty {
  private static final Logger LOG = Logger.getLogger(Disruption.class);

  /** Before the cluster is started, so that nothing is missed. */
  private static final int FIRST = 1;

  /** Enough to keep the API server busy, and few enough that it does not notice. */
  private static final int WORKERS = 4;

  private static final Duration LOOK = Duration.ofMillis(200);
  private static final Duration LOOK_AT_POLICIES = Duration.ofSeconds(1);
  private static final Duration LOOK_FOR_KINDS = Duration.ofSeconds(60);
  private static final Duration ADVISE = Duration.ofSeconds(30);
  private static final Duration LIST_AGAIN = Duration.ofSeconds(10);
  private static final String PODS = "pods";
  private static final long STOP_MILLISECONDS = 2_000;

  private final Role role;
  private final String ownNamespace;
  private final Optional<Cluster> cluster;
  private final Instance<KubernetesClient> clients;
  private final DisruptionConfig config;
  private final ServingPolicies policies;
  private final MeterRegistry meters;
  private final Clock clock = Clock.systemUTC();
  private final Neighbourhoods neighbourhoods = new Neighbourhoods();
  private final Advisor advisor;
  private final List<Thread> threads = new ArrayList<>();
  private volatile ClusterWatch watch;
  private volatile BudgetController controller;
  private volatile boolean ended;

  /** Why pods could not be listed last; "" if they could. */
  private volatile String podsProblem = "";

  Disruption(
      @ConfigProperty(name = "holdfast.role", defaultValue = "all") Role role,
      @ConfigProperty(name = "holdfast.namespace") String ownNamespace,
      ClusterConnection connection,
      Instance<KubernetesClient> clients,
      DisruptionConfig config,
      ServingPolicies policies,
      MeterRegistry meters) {
    this.role = role;
    this.ownNamespace = ownNamespace;
    this.cluster = connection.cluster();
    this.clients = clients;
    this.config = config;
    this.policies = policies;
    this.meters = meters;
    advisor =
        new Advisor(
            neighbourhoods,
            () -> policies.serving().serving(),
            ownNamespace,
            namespace -> watch == null ? Map.of() : watch.labels(namespace));
  }

  void attach(@Observes @Priority(FIRST) StartupEvent event) {
    if (cluster.isEmpty()) {
      return;
    }
    ClusterWatch attached = new ClusterWatch(cluster.get(), clients.get(), neighbourhoods);
    attached.start();
    if (role != Role.WEBHOOK) {
      attached.startForController();
    }
    watch = attached;
    Set<String> kinds = new TreeSet<>(attached.kinds());
    if (role != Role.WEBHOOK) {
      kinds.add(PODS);
    }
    for (String kind : kinds) {
      Gauge.builder("holdfast.cluster.degraded", () -> problems().containsKey(kind) ? 1 : 0)
          .description("1 while a kind of objects cannot be followed, and what is known serves")
          .tag("kind", kind)
          .register(meters);
    }
  }

  /**
   * What whoever applies a budget or a workload should know. From memory, and quick.
   *
   * @param object a PodDisruptionBudget, or a workload with a pod template
   * @param namespace it is or will be in
   */
  public List<Finding> advise(JsonNode object, String namespace) {
    return advisor.advise(object, namespace);
  }

  /** What is wrong with the kinds that are followed for budgets, by their plural names. */
  Map<String, String> problems() {
    if (watch == null) {
      return Map.of();
    }
    Map<String, String> problems = watch.problems();
    if (!podsProblem.isEmpty()) {
      problems.put(PODS, podsProblem);
    }
    return problems;
  }

  /** For health: what this process does about budgets now. */
  String state() {
    if (watch == null) {
      return "none";
    }
    if (controller == null) {
      return "following";
    }
    if (controller.isActive()) {
      return "leading";
    }
    return watch.isSynced() ? "standing by" : "starting";
  }

  @Override
  public void begin(BooleanSupplier leading) {
    BudgetMetrics metrics = new BudgetMetrics(meters);
    BudgetController made =
        new BudgetController(
            neighbourhoods,
            new ClusterBudgets(clients.get()),
            new LiveWorld(),
            clock,
            config.calm(),
            config.patience(),
            config.writesPerSecond(),
            leading,
            metrics);
    Gauge.builder("holdfast.disruption.waiting", made::waiting)
        .description("Workloads that have to be looked at")
        .register(meters);
    watch.tell(
        new ClusterWatch.Changes() {
          @Override
          public void workloads(Collection<Key> keys) {
            made.changed(keys);
          }

          @Override
          public void namespace(String namespace) {
            made.namespaceChanged(namespace);
          }

          @Override
          public void drainBegins() {
            made.drainBegins();
          }

          @Override
          public void podsUnclear(String namespace) {
            made.podsUnclear(namespace);
          }
        });
    controller = made;
    Rhythm rhythm = new Rhythm(made, leading, metrics);
    start("disruption", () -> beat(rhythm));
    for (int i = 1; i <= WORKERS; i++) {
      start("disruption-" + i, made::run);
    }
  }

  private void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void beat(Rhythm rhythm) {
    while (!ended) {
      try {
        rhythm.beat();
      } catch (BudgetStore.Refused e) {
        rhythm.cannotListPods(e.getMessage());
      } catch (RuntimeException e) {
        // Thrown on, it would end the controller for good, and nobody would know.
        LOG.error("disruption: failed, and is tried again", e);
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  @Override
  public void end() {
    ended = true;
    if (controller != null) {
      controller.close();
      watch.close();
    }
    for (Thread thread : threads) {
      try {
        thread.join(STOP_MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What is done again and again, beside the work itself. */
  private final class Rhythm {
    private final BudgetController controller;
    private final BooleanSupplier leading;
    private final BudgetMetrics metrics;
    private PolicySet seen;
    private long nextPolicies = System.nanoTime();
    private long nextKinds = nextPolicies;
    private long nextPass = nextPolicies;
    private long nextAdvice = nextPolicies;

    Rhythm(BudgetController controller, BooleanSupplier leading, BudgetMetrics metrics) {
      this.controller = controller;
      this.leading = leading;
      this.metrics = metrics;
    }

    void beat() {
      if (!leading.getAsBoolean()) {
        if (controller.isActive()) {
          controller.rest();
        }
        nextPass = System.nanoTime();
        podsProblem = "";
        return;
      }
      followKinds();
      if (!controller.isActive()) {
        if (!watch.isSynced() || !isDue(nextPass)) {
          return;
        }
        nextPass = in(LIST_AGAIN);
        seen = policies.serving();
        controller.lead();
        podsProblem = "";
        LOG.info("disruption: this process looks after budgets");
        nextPass = in(config.resyncPeriod());
        nextAdvice = System.nanoTime();
      }
      if (isDue(nextPolicies)) {
        nextPolicies = in(LOOK_AT_POLICIES);
        if (seen != policies.serving()) {
          seen = policies.serving();
          controller.reconcileAll();
        }
      }
      if (isDue(nextPass)) {
        nextPass = in(LIST_AGAIN);
        try {
          controller.listAllPods();
          podsProblem = "";
          nextPass = in(config.resyncPeriod());
        } finally {
          controller.reconcileAll();
        }
      }
      if (isDue(nextAdvice)) {
        nextAdvice = in(ADVISE);
        metrics.advise(advice());
      }
    }

    private void followKinds() {
      Set<String> kinds = ClusterWatch.named(policies.serving().serving());
      boolean changed = !kinds.equals(watch.chosen());
      if (changed && (isDue(nextKinds) || seen != policies.serving())) {
        nextKinds = in(LOOK_FOR_KINDS);
        watch.follow(kinds);
      }
    }

    void cannotListPods(String found) {
      if (!found.equals(podsProblem)) {
        podsProblem = found;
        LOG.warnf("disruption: %s; it is tried again", found);
      }
    }

    private boolean isDue(long time) {
      return time - System.nanoTime() <= 0;
    }

    private long in(Duration duration) {
      return System.nanoTime() + duration.toNanos();
    }
  }

  private Map<String, Integer> advice() {
    Map<String, Integer> reasons = new HashMap<>();
    neighbourhoods.forEach(
        neighbourhood ->
            neighbourhood
                .budgets()
                .forEach(
                    budget -> {
                      for (Finding finding : BudgetAdvice.of(neighbourhood, budget)) {
                        reasons.merge(finding.reason(), 1, Integer::sum);
                      }
                    }));
    return reasons;
  }

  /** The cluster, as the controller asks it. */
  private final class LiveWorld implements BudgetController.World {
    /** The first version in which the field is on by default. */
    private static final int UNHEALTHY_POLICY = 27;

    @Override
    public List<HardeningPolicy> policies() {
      return policies.serving().serving();
    }

    @Override
    public String ownNamespace() {
      return ownNamespace;
    }

    @Override
    public Map<String, String> labels(String namespace) {
      return watch.labels(namespace);
    }

    @Override
    public boolean isTerminating(String namespace) {
      return watch.isTerminating(namespace);
    }

    @Override
    public Set<String> leavingNodes() {
      return watch.leavingNodes();
    }

    @Override
    public boolean knowsUnhealthyPolicy() {
      return cluster.orElseThrow().apiServer().isAtLeast(UNHEALTHY_POLICY);
    }

    @Override
    public boolean isComplete() {
      return watch.isComplete();
    }
  }
}
