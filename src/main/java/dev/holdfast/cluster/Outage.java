package dev.holdfast.cluster;

import java.util.HashSet;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * An outage is told once, not for every kind: when the first is no longer followed, and when all
 * are again. Health and metrics name each. Thread-safe.
 */
final class Outage {
  private static final Logger LOG = Logger.getLogger(Outage.class);

  private final Set<Object> lost = new HashSet<>();

  /**
   * A kind is not followed for the moment.
   *
   * @param kind tells it from the others
   * @param plural its name, for logs
   */
  synchronized void begin(Object kind, String plural, String reason) {
    if (lost.isEmpty()) {
      LOG.warnf(
          "the cluster is not followed for the moment, what is known serves: %s: %s",
          plural, reason);
    }
    lost.add(kind);
  }

  /** The kind is followed again, or is lost for a reason of its own, which is told elsewhere. */
  synchronized void end(Object kind) {
    if (lost.remove(kind) && lost.isEmpty()) {
      LOG.info("what can be read of the cluster is followed again");
    }
  }
}
