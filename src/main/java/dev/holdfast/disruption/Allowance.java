package dev.holdfast.disruption;

import java.time.Duration;
import java.time.Instant;

/** How much may be done in a second, with a burst of a fifth of that. Thread-safe. */
final class Allowance {
  private static final int BURSTS_A_SECOND = 5;

  private final Duration interval;
  private final Duration burst;
  private Instant next = Instant.EPOCH;

  /**
   * @param perSecond at least 1
   */
  Allowance(int perSecond) {
    interval = Duration.ofSeconds(1).dividedBy(perSecond);
    burst = Duration.ofSeconds(1).dividedBy(BURSTS_A_SECOND);
  }

  /** Takes one, if there is one. */
  synchronized boolean take(Instant now) {
    if (!isOpen(now)) {
      return false;
    }
    Instant earliest = now.minus(burst);
    next = (next.isBefore(earliest) ? earliest : next).plus(interval);
    return true;
  }

  /** Whether there is one. */
  synchronized boolean isOpen(Instant now) {
    return !next.isAfter(now);
  }

  /** When there will be one. */
  synchronized Instant opensAt(Instant now) {
    return next.isAfter(now) ? next : now;
  }
}
