package dev.holdfast.admission;

import dev.holdfast.cluster.Cluster;
import dev.holdfast.cluster.ClusterConnection;
import dev.holdfast.cluster.ServingPolicies;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.PolicySet;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The policies that serve now. A bad edit of the policy file keeps the last good ones and says why;
 * a bad file at the start is an error.
 */
@Singleton
class ActivePolicies implements ServingPolicies {
  private static final Logger LOG = Logger.getLogger(ActivePolicies.class);

  private final Optional<PolicyFile> file;
  private final Optional<Cluster> cluster;
  private final String ownNamespace;
  private final Counter reloads;
  private final Counter failures;
  private volatile Hardener hardener;
  private volatile PolicySet ofFile;
  private volatile Followed followed = new Followed(PolicySet.of(List.of()), null);
  private volatile String problem = "";

  ActivePolicies(HoldfastConfig config, ClusterConnection connection, MeterRegistry meters)
      throws PolicyException {
    ownNamespace = config.namespace();
    file = config.policyFile().map(PolicyFile::new);
    // A file that was named is meant.
    cluster = file.isPresent() ? Optional.empty() : connection.cluster();
    ofFile =
        PolicySet.of(
            file.isPresent()
                ? file.get().changed().orElseThrow()
                : List.of(PolicyLoader.embedded()));
    hardener = new Hardener(ofFile, ownNamespace);
    reloads = meters.counter("holdfast.policy.reloads", "result", "success");
    failures = meters.counter("holdfast.policy.reloads", "result", "failure");
    Gauge.builder("holdfast.policy.stale", () -> problem.isEmpty() ? 0 : 1)
        .description("1 while the policy file holds an error and the last good one serves")
        .register(meters);
  }

  /** The engine for the policies of a cluster. */
  private record Followed(PolicySet policies, Hardener hardener) {}

  /**
   * The engine with the policies that serve now: those of the file that was named, else those of
   * the cluster where it knows the custom resource, else the embedded default.
   */
  Hardener hardener() {
    Optional<PolicySet> ofCluster = cluster.flatMap(Cluster::policies);
    if (ofCluster.isEmpty()) {
      return hardener;
    }
    Followed current = followed;
    if (current.hardener == null || current.policies != ofCluster.get()) {
      current = new Followed(ofCluster.get(), new Hardener(ofCluster.get(), ownNamespace));
      followed = current;
    }
    return current.hardener;
  }

  @Override
  public PolicySet serving() {
    return cluster.flatMap(Cluster::policies).orElse(ofFile);
  }

  /** What is wrong with the policy file as it is now; "" if nothing is. */
  String problem() {
    return problem;
  }

  /** Looks at the file; called again and again, never at the same time. */
  void refresh() {
    if (file.isEmpty()) {
      return;
    }
    try {
      Optional<List<HardeningPolicy>> changed = file.get().changed();
      if (changed.isPresent()) {
        ofFile = PolicySet.of(changed.get());
        hardener = new Hardener(ofFile, ownNamespace);
        problem = "";
        reloads.increment();
        int policies = changed.get().size();
        LOG.infof("policy file reloaded: %d %s", policies, policies == 1 ? "policy" : "policies");
      }
    } catch (PolicyException e) {
      String found = e.getMessage().replace("\n", "; ");
      if (!found.equals(problem)) {
        problem = found;
        failures.increment();
        LOG.warnf("the policy file is not used, the last good one serves: %s", problem);
      }
    }
  }
}
