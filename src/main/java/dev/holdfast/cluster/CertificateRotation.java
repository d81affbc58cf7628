package dev.holdfast.cluster;

import dev.holdfast.certs.CertificateStore;
import dev.holdfast.certs.Lifetimes;
import dev.holdfast.certs.Rotator;
import dev.holdfast.certs.Secrets;
import dev.holdfast.certs.ServiceReplicas;
import dev.holdfast.certs.ServingName;
import dev.holdfast.certs.WebhookConfigurations;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Keeps the webhook's certificates in order while this process leads: looks at them whenever
 * something of them changes, and after a while even if nothing does.
 */
final class CertificateRotation implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(CertificateRotation.class);

  /** Changes come in groups; one look is enough for a group. */
  private static final Duration GATHER = Duration.ofMillis(50);

  private static final Duration MAX_RETRY = Duration.ofSeconds(5);

  private final Rotator rotator;
  private final Duration period;
  private final Outage outage;
  private final BooleanSupplier leading;
  private final Clock clock;
  private final List<WatchedKind<?>> watches = new ArrayList<>();
  private final AtomicBoolean asked = new AtomicBoolean();
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(Cluster.daemons("certificates"));

  /** Of its own, as a rotation may be waiting for replicas that do not answer. */
  private final ExecutorService restorer =
      Executors.newSingleThreadExecutor(Cluster.daemons("certificates-restore"));

  private volatile String problem = "";
  private volatile String waiting = "";
  private volatile boolean led;
  private Instant due = Instant.MIN;

  /**
   * @param secret its name; that with the authority's key is named after it
   * @param leading whether this process may write
   * @throws IllegalArgumentException if a name or a lifetime is none; says which
   */
  CertificateRotation(
      KubernetesClient client,
      String namespace,
      String secret,
      CertificateConfig config,
      Duration retryPeriod,
      Outage outage,
      BooleanSupplier leading,
      MeterRegistry meters,
      Clock clock) {
    this.outage = outage;
    this.leading = leading;
    this.clock = clock;
    ServingName name =
        new ServingName(config.service().orElseThrow(), namespace, config.clusterDomain());
    Lifetimes lifetimes = new Lifetimes(config.leafLifetime(), config.caLifetime());
    period = lifetimes.checkPeriod();
    rotator =
        Rotator.ofCluster(
            new Secrets(client, namespace, secret),
            new WebhookConfigurations(client, config.webhookConfigurations(), name),
            new ServiceReplicas(client, name),
            name,
            lifetimes,
            clock,
            leading,
            (what, why) -> {
              LOG.infof("%s: %s", what.text(), why);
              count(meters, what).increment();
            });
    for (Rotator.Change what : Rotator.Change.values()) {
      count(meters, what);
    }
    Gauge.builder("holdfast.certificate.rotation.failing", () -> problem.isEmpty() ? 0 : 1)
        .description("1 while the certificates cannot be kept in order")
        .register(meters);
    KubernetesClient impatient = FewRetries.of(client);
    for (String watched : List.of(secret, Secrets.authorityOf(secret))) {
      watch(
          "secrets",
          () -> impatient.secrets().inNamespace(namespace).withName(watched),
          secretObject -> look(),
          retryPeriod);
    }
    for (String configuration : config.webhookConfigurations()) {
      watch(
          "mutatingwebhookconfigurations",
          () ->
              impatient
                  .admissionRegistration()
                  .v1()
                  .mutatingWebhookConfigurations()
                  .withName(configuration),
          this::changed,
          retryPeriod);
      watch(
          "validatingwebhookconfigurations",
          () ->
              impatient
                  .admissionRegistration()
                  .v1()
                  .validatingWebhookConfigurations()
                  .withName(configuration),
          this::changed,
          retryPeriod);
    }
  }

  private static Counter count(MeterRegistry meters, Rotator.Change what) {
    return Counter.builder("holdfast.certificate.rotations")
        .description("Steps that were taken to keep the certificates in order")
        .tag("step", what.name().toLowerCase(Locale.ROOT))
        .register(meters);
  }

  private <T extends HasMetadata> void watch(
      String plural, Supplier<Informable<T>> resource, Consumer<T> changed, Duration retryPeriod) {
    watches.add(
        new WatchedKind<>(
            plural,
            "what changes of them is noticed later",
            resource,
            () -> new FactStore<>((key, object) -> changed.accept(object), key -> look()),
            retryPeriod,
            executor,
            outage,
            () -> {}));
  }

  /** Begins to follow and to look; returns at once. */
  void start() {
    watches.forEach(WatchedKind::start);
    // Not more often than anybody could tell the difference: it costs a comparison of times.
    long tick = Math.min(period.toMillis(), TimeUnit.SECONDS.toMillis(1));
    executor.scheduleWithFixedDelay(this::tick, tick, tick, TimeUnit.MILLISECONDS);
  }

  private void tick() {
    boolean leads = leading.getAsBoolean();
    if (leads && (!led || !clock.instant().isBefore(due))) {
      run();
    }
    if (!leads) {
      // What is decided, and what is wrong with it, is the affair of who leads.
      rotator.forget();
      problem = "";
      waiting = "";
    }
    led = leads;
  }

  private void look() {
    if (asked.compareAndSet(false, true)) {
      executor.schedule(
          () -> {
            asked.set(false);
            if (leading.getAsBoolean()) {
              run();
            }
          },
          GATHER.toMillis(),
          TimeUnit.MILLISECONDS);
    }
  }

  /** As long as it is wrong, API servers trust nobody: there is no time for a second look. */
  private void changed(HasMetadata configuration) {
    restorer.execute(
        () -> {
          try {
            rotator.restore(configuration);
          } catch (RuntimeException e) {
            LOG.debug("a bundle could not be restored", e);
          }
        });
    look();
  }

  private void run() {
    Instant now = clock.instant();
    try {
      Rotator.Progress progress = rotator.run();
      if (!progress.finished() && !progress.why().equals(waiting)) {
        LOG.infof("certificates: %s", progress.why());
      }
      waiting = progress.finished() ? "" : progress.why();
      Instant latest = now.plus(period);
      due = progress.until().isBefore(latest) ? progress.until() : latest;
      if (!problem.isEmpty()) {
        problem = "";
        LOG.info("certificates are in order again");
      }
    } catch (CertificateStore.UnavailableException e) {
      failed(e.getMessage(), now);
    } catch (RuntimeException e) {
      LOG.debug("keeping certificates in order failed", e);
      failed(e.toString(), now);
    }
  }

  private void failed(String why, Instant now) {
    Duration retry = period.compareTo(MAX_RETRY) < 0 ? period : MAX_RETRY;
    due = now.plus(retry);
    if (!why.equals(problem)) {
      problem = why;
      LOG.warnf("certificates cannot be kept in order: %s", why);
    }
  }

  @Override
  public void close() {
    watches.forEach(WatchedKind::close);
    executor.shutdownNow();
    restorer.shutdownNow();
  }
}
