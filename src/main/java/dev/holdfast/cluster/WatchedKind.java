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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * One kind of objects that is followed. Expired versions and watches that end are the informer's
 * business. A kind that the API server refuses to list (403) or does not know (404) counts as
 * synced and empty, and is tried again: whoever needs it does without. Where the API server does
 * not answer, what is known serves, and {@link #problem} says why until it is followed again.
 *
 * @param <T> the kind
 */
public final class WatchedKind<T extends HasMetadata> implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(WatchedKind.class);

  /** How {@link #problem} begins while the API server refuses the kind to us. */
  public static final String NOT_PERMITTED = "not permitted";

  /** An API server that restarts is back soon; nobody waits for us to notice. */
  private static final Duration SOON = Duration.ofSeconds(1);

  /** Watches end all the time, and the informer takes them up again within a second or two. */
  private static final Duration UNWATCHED = Duration.ofSeconds(3);

  /**
   * An API server that starts refuses until it has read the rules of RBAC: what was permitted
   * before is not given up sooner.
   */
  private static final int REFUSALS = 5;

  /**
   * Objects a list brings at a time: of each only the facts are kept, so that a large cluster fits
   * into a small heap. client-go's default.
   */
  private static final long PAGE = 500;

  private static final int NO_ANSWER = 0;

  private final String plural;
  private final String without;
  private final Supplier<Informable<T>> resources;
  private final Supplier<ItemStore<T>> stores;
  private final Duration retryPeriod;
  private final ScheduledExecutorService executor;
  private final Outage outage;
  private final Runnable settled;
  private final Duration soon;
  private final AtomicInteger refusals = new AtomicInteger();

  /** None while the next one is waited for. */
  private final AtomicReference<SharedIndexInformer<T>> informer = new AtomicReference<>();

  private volatile long askedNanos;
  private volatile long watchedNanos;
  private volatile ItemStore<T> store;
  private volatile State state = State.STARTING;
  private volatile String problem = "";
  private volatile String told = "";
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
   * @param executor runs calls, which block
   * @param outage where it is told that the kind is not followed for the moment
   * @param settled is told when the kind's objects are known, or known not to be had
   */
  WatchedKind(
      String plural,
      String without,
      Supplier<Informable<T>> resources,
      Supplier<ItemStore<T>> stores,
      Duration retryPeriod,
      ScheduledExecutorService executor,
      Outage outage,
      Runnable settled) {
    this.plural = plural;
    this.without = without;
    this.resources = resources;
    this.stores = stores;
    this.retryPeriod = retryPeriod;
    this.executor = executor;
    this.outage = outage;
    this.settled = settled;
    soon = SOON.compareTo(retryPeriod) < 0 ? SOON : retryPeriod;
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
    return problem;
  }

  void start() {
    SharedIndexInformer<T> next = resources.get().withLimit(PAGE).runnableInformer(0);
    if (store == null) {
      store = stores.get();
    }
    next.itemStore(new OwnStore(next));
    next.exceptionHandler((started, failure) -> isWorthTryingAgain(next, started, failure));
    informer.set(next);
    if (closed) {
      return;
    }
    next.start()
        .whenComplete(
            (nothing, failure) -> {
              if (failure == null) {
                synced(next);
              } else {
                giveUp(next, failure);
              }
            });
  }

  private void synced(SharedIndexInformer<T> current) {
    if (!told.isEmpty()) {
      LOG.infof("%s can be read now", plural);
      told = "";
    }
    refusals.set(0);
    state = State.SYNCED;
    followed();
    settled.run();
    askedNanos = System.nanoTime();
    watchedNanos = askedNanos;
    later(() -> look(current), soon);
  }

  private void followed() {
    problem = "";
    outage.end(this);
  }

  private void lost(String reason) {
    if (closed) {
      return;
    }
    problem = reason;
    outage.begin(this, plural, reason);
  }

  /** Whether the kind is followed; asks where that is in doubt, and from time to time. */
  private void look(SharedIndexInformer<T> current) {
    if (current != informer.get()) {
      return;
    }
    long now = System.nanoTime();
    if (current.isWatching()) {
      watchedNanos = now;
      followed();
    }
    boolean unwatched = now - watchedNanos >= UNWATCHED.toNanos();
    Duration pause = refusals.get() > 0 ? soon : unwatched ? UNWATCHED : retryPeriod;
    if (now - askedNanos < pause.toNanos() || ask(current, unwatched)) {
      later(() -> look(current), soon);
    }
  }

  /**
   * Whether the informer may go on. A watch that is refused is tried again in silence, one of a
   * custom resource outlives its definition, and one whose connection is dead brings nothing, for
   * ever: only asking tells. Where nobody answers it begins anew, on another connection: left to
   * itself it would wait longer and longer.
   */
  private boolean ask(SharedIndexInformer<T> current, boolean unwatched) {
    try {
      if (resources.get() instanceof Listable<?> kind) {
        kind.list(new ListOptionsBuilder().withLimit(1L).build());
      }
      refusals.set(0);
      if (unwatched) {
        lost("the watch has ended");
      }
    } catch (RuntimeException e) {
      State now = classify(e);
      boolean refused = now == State.REFUSED || (now == State.UNKNOWN && store.size() == 0);
      boolean over =
          refused ? refusals.incrementAndGet() >= REFUSALS : unwatched || code(e) == NO_ANSWER;
      if (over) {
        giveUp(current, e);
        return false;
      }
      LOG.debugf(e, "%s cannot be asked for: %s", plural, e);
    } finally {
      askedNanos = System.nanoTime();
    }
    return true;
  }

  /**
   * The informer goes on by itself once it has run; before, we start it anew. So we do when the
   * kind is gone: its objects went first, as a custom resource's do when its definition is deleted.
   */
  private boolean isWorthTryingAgain(
      SharedIndexInformer<T> current, boolean started, Throwable failure) {
    if (!started) {
      return false;
    }
    if (classify(failure) == State.UNKNOWN && store.size() == 0) {
      giveUp(current, failure);
      return false;
    }
    if (current == informer.get()) {
      lost(describe(failure));
    }
    return true;
  }

  /** Ends an informer, once, and tries anew later. */
  private void giveUp(SharedIndexInformer<T> current, Throwable failure) {
    if (!closed && informer.compareAndSet(current, null)) {
      current.stop();
      failed(failure);
    }
  }

  private void failed(Throwable failure) {
    State now = classify(failure);
    String found = describe(failure);
    boolean passing =
        now == State.STARTING
            ? state != State.STARTING
            : state == State.SYNCED && refusals.incrementAndGet() < REFUSALS;
    if (passing) {
      lost(found);
      later(this::start, soon);
      return;
    }
    problem = found;
    if (!found.equals(told)) {
      told = found;
      LOG.warnf("%s cannot be read, %s: %s", plural, without, found);
    }
    outage.end(this);
    // What is known serves on, unless the kind itself is gone.
    if (state == State.STARTING
        || now == State.UNKNOWN
        || (now == State.REFUSED && state != State.SYNCED)) {
      state = now;
      settled.run();
    }
    later(this::start, now == State.STARTING ? SOON : retryPeriod);
  }

  private void later(Runnable task, Duration pause) {
    if (!closed) {
      executor.schedule(task, pause.toMillis(), TimeUnit.MILLISECONDS);
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

  /** The status code of the answer; {@link #NO_ANSWER} if there was none. */
  private static int code(Throwable failure) {
    Throwable cause = failure;
    while (cause != null) {
      if (cause instanceof KubernetesClientException e && e.getCode() > 0) {
        return e.getCode();
      }
      cause = cause.getCause();
    }
    return NO_ANSWER;
  }

  @Override
  public void close() {
    closed = true;
    SharedIndexInformer<T> current = informer.getAndSet(null);
    if (current != null) {
      current.stop();
    }
    outage.end(this);
  }

  /**
   * The store as one informer has it. A list that is under way when its informer is given up goes
   * on, and is older than what the next one knows: nothing of it counts.
   */
  private final class OwnStore implements ItemStore<T> {
    private final SharedIndexInformer<T> owner;

    OwnStore(SharedIndexInformer<T> owner) {
      this.owner = owner;
    }

    private boolean counts() {
      return informer.get() == owner;
    }

    @Override
    public String getKey(T object) {
      return store.getKey(object);
    }

    @Override
    public T put(String key, T object) {
      return counts() ? store.put(key, object) : store.get(key);
    }

    @Override
    public T remove(String key) {
      return counts() ? store.remove(key) : null;
    }

    @Override
    public Stream<String> keySet() {
      return store.keySet();
    }

    @Override
    public Stream<T> values() {
      return store.values();
    }

    @Override
    public int size() {
      return store.size();
    }

    @Override
    public T get(String key) {
      return store.get(key);
    }
  }
}
