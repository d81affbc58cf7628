package dev.holdfast.admission;

import dev.holdfast.hardening.Hardener;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
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
class ActivePolicies {
  private static final Logger LOG = Logger.getLogger(ActivePolicies.class);

  private final Optional<PolicyFile> file;
  private final String ownNamespace;
  private final Counter reloads;
  private final Counter failures;
  private volatile Hardener hardener;
  private volatile String problem = "";

  ActivePolicies(HoldfastConfig config, MeterRegistry meters) throws PolicyException {
    ownNamespace = config.namespace();
    file = config.policyFile().map(PolicyFile::new);
    hardener =
        hardener(
            file.isPresent()
                ? file.get().changed().orElseThrow()
                : List.of(PolicyLoader.embedded()));
    reloads = meters.counter("holdfast.policy.reloads", "result", "success");
    failures = meters.counter("holdfast.policy.reloads", "result", "failure");
    Gauge.builder("holdfast.policy.stale", () -> problem.isEmpty() ? 0 : 1)
        .description("1 while the policy file holds an error and the last good one serves")
        .register(meters);
  }

  /** The engine with the policies that serve now. */
  Hardener hardener() {
    return hardener;
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
        hardener = hardener(changed.get());
        problem = "";
        reloads.increment();
        LOG.infof("policy file reloaded: %d policies", changed.get().size());
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

  private Hardener hardener(List<HardeningPolicy> policies) {
    return new Hardener(policies, ownNamespace);
  }
}
