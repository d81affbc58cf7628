package dev.holdfast.disruption;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How the controller of disruption budgets works; see docs/reference/configuration.md. */
@ConfigMapping(prefix = "holdfast.disruption")
public interface DisruptionConfig {
  /** For how long a workload must have been fit for a budget before it gets one. */
  @WithDefault("30s")
  Duration calm();

  /**
   * For how long a drain waits for a budget of ours that allows no disruption, before the budget
   * gives way; five times as long while a replica is starting.
   */
  @WithDefault("2m")
  Duration patience();

  /** How many budgets are made or mended in a second; deletions do not wait. */
  @WithDefault("250")
  int writesPerSecond();

  /** How often the labels of all running pods are listed, and all workloads looked at. */
  @WithDefault("5m")
  Duration resyncPeriod();
}
