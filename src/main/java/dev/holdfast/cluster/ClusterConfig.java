package dev.holdfast.cluster;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** How a cluster is found and followed; see docs/reference/configuration.md. */
@ConfigMapping(prefix = "holdfast.cluster")
public interface ClusterConfig {
  /**
   * Whether a cluster is asked. By default it is where there plainly is one: inside a pod, or where
   * {@code KUBECONFIG} names a file.
   */
  Optional<Boolean> enabled();

  /** After which a kind that the API server refuses or does not know is tried again. */
  @WithDefault("30s")
  Duration retryPeriod();

  /** How often the API server's version is asked for. */
  @WithDefault("30s")
  Duration versionPeriod();
}
