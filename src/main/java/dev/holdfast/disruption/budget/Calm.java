package dev.holdfast.disruption.budget;

import dev.holdfast.disruption.budget.Workload.Key;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Since when workloads are calm: their floor is two or more, nobody else's budget selects their
 * pods, and the rule is on. A workload that was never seen otherwise is calm since its creation.
 * Thread-safe.
 */
public final class Calm {
  private final Map<Key, Since> since = new ConcurrentHashMap<>();

  /** {@code instant} is empty while it is not calm. */
  private record Since(String uid, Optional<Instant> instant) {}

  /**
   * Takes note.
   *
   * @return since when it is calm; empty if it is not
   */
  public Optional<Instant> observe(Workload workload, boolean calm, Instant now) {
    return since
        .compute(
            workload.key(),
            (key, before) -> {
              boolean known = before != null && before.uid().equals(workload.uid());
              if (!calm) {
                return new Since(workload.uid(), Optional.empty());
              }
              if (known && before.instant().isPresent()) {
                return before;
              }
              boolean created = !known && workload.created().isBefore(now);
              return new Since(workload.uid(), Optional.of(created ? workload.created() : now));
            })
        .instant();
  }

  /** The workload is gone. */
  public void forget(Key key) {
    since.remove(key);
  }

  /** As if nothing had ever been seen. */
  public void forgetAll() {
    since.clear();
  }
}
