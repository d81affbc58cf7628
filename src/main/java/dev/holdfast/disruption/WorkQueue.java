package dev.holdfast.disruption;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What has to be done, each thing once: a key that is added again while it waits is not added
 * twice, and one that is added while it is in hand is given out again when that is done. So no two
 * threads ever have the same key. Thread-safe.
 *
 * @param <K> the keys
 */
final class WorkQueue<K> {
  private static final Duration FIRST_RETRY = Duration.ofMillis(100);
  private static final int MAX_DOUBLINGS = 9;

  private final Clock clock;
  private final Allowance allowance;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<K, Instant> ready = new LinkedHashMap<>();
  private final Set<K> throttled = new LinkedHashSet<>();
  private final Set<K> behind = new LinkedHashSet<>();
  private final Map<K, Instant> later = new HashMap<>();
  private final PriorityQueue<Due<K>> dues = new PriorityQueue<>(Comparator.comparing(Due::at));
  private final Map<K, Optional<Instant>> inHand = new HashMap<>();
  private final Map<K, Instant> again = new HashMap<>();
  private final Map<K, Integer> failures = new HashMap<>();
  private boolean closed;

  private record Due<K>(K key, Instant at) {}

  /**
   * @param allowance how often a throttled key may be given out
   */
  WorkQueue(Clock clock, Allowance allowance) {
    this.clock = clock;
    this.allowance = allowance;
  }

  /** To be done as soon as may be. */
  void add(K key) {
    lock.lock();
    try {
      addNow(key, clock.instant());
    } finally {
      lock.unlock();
    }
  }

  private void addNow(K key, Instant since) {
    if (inHand.containsKey(key)) {
      again.putIfAbsent(key, since);
    } else if (ready.putIfAbsent(key, since) == null) {
      throttled.remove(key);
      behind.remove(key);
      changed.signal();
    }
  }

  /** To be done when nothing else is due: a pass over everything keeps nobody waiting. */
  void addBehind(K key) {
    lock.lock();
    try {
      if (!ready.containsKey(key) && !throttled.contains(key) && behind.add(key)) {
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** To be done at that time, or before if it is added for an earlier one. */
  void addAt(K key, Instant at) {
    lock.lock();
    try {
      Instant before = later.get(key);
      if (before == null || at.isBefore(before)) {
        later.put(key, at);
        dues.add(new Due<>(key, at));
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** To be done when those are done that were throttled before, and the allowance permits. */
  void throttle(K key) {
    lock.lock();
    try {
      throttled.add(key);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** It has failed: to be done later, each time twice as late as the time before. */
  void retry(K key) {
    lock.lock();
    try {
      int count = failures.merge(key, 1, Integer::sum);
      addAt(key, clock.instant().plus(pause(count)));
    } finally {
      lock.unlock();
    }
  }

  private static Duration pause(int failures) {
    return FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, MAX_DOUBLINGS));
  }

  /** It has succeeded: the next failure is the first one. */
  void forgetFailures(K key) {
    lock.lock();
    try {
      failures.remove(key);
    } finally {
      lock.unlock();
    }
  }

  /** Gives out what is due, in the order it was added; it is in hand until {@link #done}. */
  Optional<K> poll() {
    lock.lock();
    try {
      Instant now = clock.instant();
      while (!dues.isEmpty() && !dues.peek().at().isAfter(now)) {
        Due<K> due = dues.poll();
        if (due.at().equals(later.get(due.key()))) {
          later.remove(due.key());
          addNow(due.key(), due.at());
        }
      }
      if (!ready.isEmpty()) {
        Map.Entry<K, Instant> first = ready.entrySet().iterator().next();
        ready.remove(first.getKey());
        return Optional.of(give(first.getKey(), Optional.of(first.getValue())));
      }
      Optional<K> next = allowance.isOpen(now) ? free(throttled) : Optional.empty();
      return next.or(() -> free(behind)).map(key -> give(key, Optional.empty()));
    } finally {
      lock.unlock();
    }
  }

  /** Takes the first out that nobody has in hand. */
  private Optional<K> free(Set<K> waiting) {
    Optional<K> first = waiting.stream().filter(key -> !inHand.containsKey(key)).findFirst();
    first.ifPresent(waiting::remove);
    return first;
  }

  private K give(K key, Optional<Instant> since) {
    inHand.put(key, since);
    return key;
  }

  /**
   * Waits for something to be due.
   *
   * @return empty once the queue is closed
   */
  Optional<K> take() throws InterruptedException {
    lock.lock();
    try {
      while (!closed) {
        Optional<K> key = poll();
        if (key.isPresent()) {
          return key;
        }
        Instant now = clock.instant();
        Instant next = now.plusSeconds(1);
        if (!dues.isEmpty() && dues.peek().at().isBefore(next)) {
          next = dues.peek().at();
        }
        if (!throttled.isEmpty() && allowance.opensAt(now).isBefore(next)) {
          next = allowance.opensAt(now);
        }
        long nanoseconds = Math.max(100_000, Duration.between(now, next).toNanos());
        if (changed.await(nanoseconds, TimeUnit.NANOSECONDS)) {
          continue;
        }
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /**
   * It is in hand no more.
   *
   * @return how long ago it became due; empty if it was throttled or behind
   */
  Optional<Duration> done(K key) {
    lock.lock();
    try {
      Optional<Instant> since = inHand.remove(key);
      Instant next = again.remove(key);
      if (next != null) {
        addNow(key, next);
      }
      return since.map(due -> Duration.between(due, clock.instant()));
    } finally {
      lock.unlock();
    }
  }

  /** Forgets all that is not in hand. */
  void clear() {
    lock.lock();
    try {
      ready.clear();
      throttled.clear();
      behind.clear();
      later.clear();
      dues.clear();
      again.clear();
      failures.clear();
    } finally {
      lock.unlock();
    }
  }

  /** How many wait, those for a later time left out. */
  int waiting() {
    lock.lock();
    try {
      return ready.size() + throttled.size() + behind.size() + again.size();
    } finally {
      lock.unlock();
    }
  }

  /** How many are in hand. */
  int inHand() {
    lock.lock();
    try {
      return inHand.size();
    } finally {
      lock.unlock();
    }
  }

  /** Nobody gets anything any more. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
