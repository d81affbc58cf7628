package dev.holdfast.cluster;

import dev.holdfast.certs.ClientFailures;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.dsl.Listable;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * One kind of objects that is followed. Broken connections and expired versions are the informer's
 * business. A kind that the API server refuses to list (403) or does not know (404) counts as
 * synced and empty, and is tried again: whoever needs it does without.
 *
 * @param <T> the kind
 */
public final class WatchedKind<T extends HasMetadata> implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(WatchedKind.class);

  /** How {@link #problem} begins while the API server refuses the kind to us. */
  public static final String NOT_PERMITTED = "not permitted";

  /** An API server that restarts is back soon; nobody waits for us to notice. */
  private static final Duration UNREACHABLE_RETRY = Duration.ofSeconds(1);

  /**
   * Objects a list brings at a time: of each only the facts are kept, so that a large cluster fits
   * into a small heap. client-go's default.
   */
  private static final long PAGE = 500;

  private final String plural;
  private final String without;
  private final Supplier<Informable<T>> resources;
  private final Supplier<ItemStore<T>> stores;
  private final Duration retryPeriod;
  private final ScheduledExecutorService executor;
  private final Runnable settled;
  private volatile SharedIndexInformer<T> informer;
  private volatile ItemStore<T> store;
  private volatile State state = State.STARTING;
  private volatile String problem = "";
  private volatile boolean closed;

  /** Whether the kind's objects are known. */
  public enum State {
    /** Not listed yet. */
    STARTING,
    /** Listed and followed. */
    SYNCED,
    /** The API server refuses to list it, for want of permission. */
    REFUSED,
    /** The API server does not know it. */
    UNKNOWN
  }

  /**
   * @param plural as in RBAC rules, for logs and metrics
   * @param without what is done while the kind cannot be read, for logs
   * @param stores makes an empty store; one for all attempts, so that what is gone by the next is
   *     found out
   * @param settled is told when the kind's objects are known, or known not to be had
   */
  WatchedKind(
      String plural,
      String without,
      Supplier<Informable<T>> resources,
      Supplier<ItemStore<T>> stores,
      Duration retryPeriod,
      ScheduledExecutorService executor,
      Runnable settled) {
    this.plural = plural;
    this.without = without;
    this.resources = resources;
    this.stores = stores;
    this.retryPeriod = retryPeriod;
    this.executor = executor;
    this.settled = settled;
  }

  /** As in RBAC rules. */
  public String plural() {
    return plural;
  }

  /** How many objects are known. */
  int size() {
    ItemStore<T> current = store;
    return current == null ? 0 : current.size();
  }

  /** Whether the kind's objects are known now. */
  public State state() {
    return state;
  }

  /** What is wrong now; "" if nothing is. */
  public String problem() {
    SharedIndexInformer<T> current = informer;
    return state == State.SYNCED && current != null && current.isWatching() ? "" : problem;
  }

  void start() {
    if (closed) {
      return;
    }
    SharedIndexInformer<T> next = resources.get().withLimit(PAGE).runnableInformer(0);
    if (store == null) {
      store = stores.get();
    }
    next.itemStore(store);
    next.exceptionHandler(this::isWorthTryingAgain);
    informer = next;
    next.start()
        .whenComplete(
            (nothing, failure) -> {
              if (failure == null) {
                synced(next);
              } else {
                next.stop();
                failed(failure);
              }
            });
  }

  private void synced(SharedIndexInformer<T> current) {
    if (!problem.isEmpty()) {
      LOG.infof("%s can be read now", plural);
    }
    problem = "";
    state = State.SYNCED;
    settled.run();
    askLater(current);
  }

  private void askLater(SharedIndexInformer<T> asked) {
    if (!closed) {
      executor.schedule(() -> ask(asked), retryPeriod.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /**
   * Whether the kind may still be listed. A watch that is refused is tried again in silence, and
   * one of a custom resource outlives its definition: only asking tells. For an informer that
   * another has taken the place of, it ends.
   */
  private void ask(SharedIndexInformer<T> asked) {
    if (closed || asked != informer) {
      return;
    }
    try {
      if (resources.get() instanceof Listable<?> kind) {
        kind.list(new ListOptionsBuilder().withLimit(1L).build());
      }
    } catch (RuntimeException e) {
      State now = classify(e);
      if (now == State.REFUSED || (now == State.UNKNOWN && store.size() == 0)) {
        asked.stop();
        failed(e);
        return;
      }
      LOG.debugf(e, "%s cannot be asked for: %s", plural, e);
    }
    askLater(asked);
  }

  /**
   * The informer goes on by itself once it has run; before, we start it anew. So we do when the
   * kind is gone: its objects went first, as a custom resource's do when its definition is deleted.
   */
  private boolean isWorthTryingAgain(boolean started, Throwable failure) {
    if (started && classify(failure) == State.UNKNOWN && store.size() == 0) {
      failed(failure);
      return false;
    }
    if (started) {
      String found = describe(failure);
      if (!found.equals(problem)) {
        problem = found;
        LOG.warnf("%s are not followed for the moment, what is known serves: %s", plural, found);
      }
    }
    return started;
  }

  private void failed(Throwable failure) {
    State now = classify(failure);
    String found = describe(failure);
    if (!found.equals(problem)) {
      problem = found;
      LOG.warnf("%s cannot be read, %s: %s", plural, without, found);
    }
    // What is known serves on, unless the kind itself is gone.
    if (state == State.STARTING
        || now == State.UNKNOWN
        || (now == State.REFUSED && state != State.SYNCED)) {
      state = now;
      settled.run();
    }
    Duration pause = now == State.STARTING ? UNREACHABLE_RETRY : retryPeriod;
    if (!closed) {
      executor.schedule(this::start, pause.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private static State classify(Throwable failure) {
    return switch (code(failure)) {
      case HttpURLConnection.HTTP_FORBIDDEN, HttpURLConnection.HTTP_UNAUTHORIZED -> State.REFUSED;
      case HttpURLConnection.HTTP_NOT_FOUND -> State.UNKNOWN;
      default -> State.STARTING;
    };
  }

  private static String describe(Throwable failure) {
    return switch (classify(failure)) {
      case REFUSED -> NOT_PERMITTED + " (" + code(failure) + ")";
      case UNKNOWN -> "not served (404)";
      default -> ClientFailures.words(failure);
    };
  }

  /** The status code of the answer; 0 if there was none. */
  private static int code(Throwable failure) {
    Throwable cause = failure;
    while (cause != null) {
      if (cause instanceof KubernetesClientException e && e.getCode() > 0) {
        return e.getCode();
      }
      cause = cause.getCause();
    }
    return 0;
  }

  @Override
  public void close() {
    closed = true;
    SharedIndexInformer<T> current = informer;
    if (current != null) {
      current.stop();
    }
  }
}
