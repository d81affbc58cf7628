package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaderElectionRecord;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Whether this process leads, of all that share the Lease {@code holdfast-controller}. Only the
 * leader writes. Thread-safe.
 *
 * <p>The elector looks at its deadline between two calls only, and a call may hang: so we look at
 * the age of the last renewal ourselves.
 */
public final class Leadership implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Leadership.class);

  /** The Lease's name. */
  public static final String LEASE = "holdfast-controller";

  // Those of kube-controller-manager: another takes over within 20 s of a kill.
  private static final Duration LEASE_DURATION = Duration.ofSeconds(15);
  private static final Duration RENEW_DEADLINE = Duration.ofSeconds(10);
  // The elector adds up to 1.2 times as much at random: two seconds at most.
  private static final Duration RETRY_PERIOD = Duration.ofMillis(900);

  // Two calls renew; what takes longer is better tried on another connection.
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);
  // The API server may not answer, and the grace period runs.
  private static final Duration RELEASE_PATIENCE = Duration.ofSeconds(2);

  private final KubernetesClient client;
  private final Duration renewDeadline;
  private final ToldLock lock;
  private final LeaderElectionConfig config;
  private final ScheduledExecutorService executor;
  private volatile boolean elected;
  private boolean told;
  private volatile boolean closed;
  private volatile CompletableFuture<?> election = CompletableFuture.completedFuture(null);

  /**
   * @param namespace of the Lease
   * @param identity tells this process from the others
   * @param executor waits between elections
   */
  public Leadership(
      KubernetesClient client,
      String namespace,
      String identity,
      ScheduledExecutorService executor) {
    this(client, namespace, identity, RENEW_DEADLINE, executor);
  }

  Leadership(
      KubernetesClient client,
      String namespace,
      String identity,
      Duration renewDeadline,
      ScheduledExecutorService executor) {
    this.client = FewRetries.within(CALL_TIMEOUT, client);
    this.renewDeadline = renewDeadline;
    this.executor = executor;
    lock = new ToldLock(namespace, identity);
    config =
        new LeaderElectionConfigBuilder()
            .withName(LEASE)
            .withLock(lock)
            .withLeaseDuration(LEASE_DURATION)
            .withRenewDeadline(renewDeadline)
            .withRetryPeriod(RETRY_PERIOD)
            .withReleaseOnCancel(true)
            .withLeaderCallbacks(
                new LeaderCallbacks(
                    () -> set(true),
                    () -> set(false),
                    leader -> LOG.infof("the leader is %s", leader)))
            .build();
  }

  /** Stands for election, again and again until closed: an elector serves once. */
  public void start() {
    if (closed) {
      return;
    }
    election = client.leaderElector().withConfig(config).build().start();
    election.whenComplete(
        (nothing, failure) -> {
          set(false);
          if (!closed) {
            executor.schedule(this::start, RETRY_PERIOD.toMillis(), TimeUnit.MILLISECONDS);
          }
        });
  }

  /** Whether this process leads now; no longer once the last renewal is too old. */
  public boolean isLeading() {
    boolean leads = elected && !closed && lock.sinceRenewal().compareTo(renewDeadline) < 0;
    tell(leads);
    return leads;
  }

  private void set(boolean leads) {
    elected = leads;
    tell(leads && !closed);
  }

  private synchronized void tell(boolean leads) {
    if (leads != told) {
      told = leads;
      LOG.info(leads ? "this process leads" : "this process leads no more");
    }
  }

  /**
   * Knows when the Lease was ours for the last time, and says once why it cannot be had; the
   * elector would say it every two seconds.
   */
  private static final class ToldLock extends LeaseLock {
    private volatile String problem = "";
    private volatile long askedNanos;
    private volatile long renewedNanos;

    ToldLock(String namespace, String identity) {
      super(namespace, LEASE, identity);
    }

    /** What comes first of each renewal: others count from the time that it names. */
    @Override
    public LeaderElectionRecord get(KubernetesClient client) {
      askedNanos = System.nanoTime();
      return super.get(client);
    }

    Duration sinceRenewal() {
      return Duration.ofNanos(System.nanoTime() - renewedNanos);
    }

    @Override
    public void create(KubernetesClient client, LeaderElectionRecord record) {
      told(() -> super.create(client, record), record);
    }

    @Override
    public void update(KubernetesClient client, LeaderElectionRecord record) {
      told(() -> super.update(client, record), record);
    }

    private void told(Runnable write, LeaderElectionRecord record) {
      try {
        write.run();
        problem = "";
        if (identity().equals(record.getHolderIdentity())) {
          renewedNanos = askedNanos;
        }
      } catch (KubernetesClientException e) {
        boolean raced = e.getCode() == HttpURLConnection.HTTP_CONFLICT;
        String found = reason(e);
        if (!raced && !found.equals(problem)) {
          problem = found;
          LOG.warnf("the Lease %s cannot be written, nobody may lead: %s", LEASE, found);
        }
        throw e;
      }
    }

    // A time-out has neither status nor message. Anything but a KubernetesClientException from
    // here would end the elector without a word, and without completing its future.
    private static String reason(KubernetesClientException e) {
      if (e.getStatus() != null && e.getStatus().getMessage() != null) {
        return e.getStatus().getMessage();
      }
      return e.getMessage() != null ? e.getMessage() : "no answer in time";
    }
  }

  /**
   * Leads no more, and gives the Lease back, so that another can take over at once. Waits a moment
   * for that, no longer: else the Lease expires by itself.
   */
  @Override
  public void close() {
    closed = true;
    tell(false);
    Thread release = new Thread(() -> election.cancel(true), "lease-release");
    release.setDaemon(true);
    release.start();
    try {
      release.join(RELEASE_PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
