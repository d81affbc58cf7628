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

  private final KubernetesClient client;
  private final LeaderElectionConfig config;
  private final ScheduledExecutorService executor;
  private volatile boolean leading;
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
    this.client = client;
    this.executor = executor;
    config =
        new LeaderElectionConfigBuilder()
            .withName(LEASE)
            .withLock(new ToldLock(namespace, identity))
            .withLeaseDuration(LEASE_DURATION)
            .withRenewDeadline(RENEW_DEADLINE)
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

  /** Whether this process leads now. */
  public boolean isLeading() {
    return leading;
  }

  private void set(boolean leads) {
    if (leads != leading) {
      leading = leads;
      LOG.info(leads ? "this process leads" : "this process leads no more");
    }
  }

  /** Says once why the Lease cannot be had; the elector would say it every two seconds. */
  private static final class ToldLock extends LeaseLock {
    private volatile String problem = "";

    ToldLock(String namespace, String identity) {
      super(namespace, LEASE, identity);
    }

    @Override
    public void create(KubernetesClient client, LeaderElectionRecord record) {
      told(() -> super.create(client, record));
    }

    @Override
    public void update(KubernetesClient client, LeaderElectionRecord record) {
      told(() -> super.update(client, record));
    }

    private void told(Runnable write) {
      try {
        write.run();
        problem = "";
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

  /** Gives the Lease back, so that another can take over at once. */
  @Override
  public void close() {
    closed = true;
    election.cancel(true);
  }
}
