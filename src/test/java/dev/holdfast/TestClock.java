package dev.holdfast;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** Stands still unless told otherwise. */
public final class TestClock extends Clock {
  private Instant now;

  /** Stands at noon of some day. */
  public TestClock() {
    this(Instant.parse("2026-11-25T12:00:00Z"));
  }

  /** Stands at this time. */
  public TestClock(Instant now) {
    this.now = now;
  }

  /** So much time has passed. */
  public void advance(Duration duration) {
    now = now.plus(duration);
  }

  @Override
  public Instant instant() {
    return now;
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
