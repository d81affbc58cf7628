package dev.holdfast.admission;

import dev.holdfast.cluster.Role;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** What can be configured beside Quarkus' own properties; see docs/reference/configuration.md. */
@ConfigMapping(prefix = "holdfast")
interface HoldfastConfig {
  /** The file of HardeningPolicies; without one, the embedded default serves. */
  Optional<Path> policyFile();

  /** How often the policy file is looked at for changes. */
  @WithDefault("1s")
  Duration policyReloadPeriod();

  /** How often the certificate files are looked at for changes. */
  @WithDefault("10s")
  Duration certificateReloadPeriod();

  /** The Kubernetes version that fields are chosen for, where no cluster is asked. */
  @WithDefault("1.34")
  String kubernetesVersion();

  /** What this process does. */
  @WithDefault("all")
  Role role();

  /** The namespace that Holdfast runs in, whose pods are never touched. */
  @WithDefault("${POD_NAMESPACE:holdfast-system}")
  String namespace();
}
