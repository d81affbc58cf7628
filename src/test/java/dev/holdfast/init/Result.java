package dev.holdfast.init;

import java.time.Duration;
import java.util.List;

/**
 * How a program ended.
 *
 * @param code as a shell tells it: 128 + n for signal n
 * @param started before its start, by {@link System#nanoTime}, which is CLOCK_MONOTONIC
 * @param ended when it had ended
 */
record Result(int code, String out, String err, long started, long ended) {

  /** The prefix of all our messages. */
  static final String PREFIX = "holdfast-init: ";

  Duration took() {
    return Duration.ofNanos(ended - started);
  }

  /** How long after this time it ended. */
  Duration after(long nanos) {
    return Duration.ofNanos(ended - nanos);
  }

  List<String> outLines() {
    return out.lines().toList();
  }

  List<String> errLines() {
    return err.lines().toList();
  }
}
