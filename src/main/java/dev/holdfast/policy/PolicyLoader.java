package dev.holdfast.policy;

import java.util.List;

/** Reads HardeningPolicies: the one loader for files, custom resources and the embedded default. */
public final class PolicyLoader {
  private PolicyLoader() {}

  /**
   * Reads every HardeningPolicy of a text.
   *
   * @param source the name of the file, for messages
   * @param bytes YAML or JSON, one or more documents
   * @return at least one policy
   * @throws PolicyException naming file, line, column and what is allowed, for everything wrong
   */
  public static List<HardeningPolicy> load(String source, byte[] bytes) throws PolicyException {
    throw new UnsupportedOperationException(source + bytes.length);
  }

  /** The policy that serves where no other is given: the profile {@code standard}. */
  public static HardeningPolicy embedded() {
    return ofProfile(Profile.STANDARD);
  }

  /** A policy named {@code default} that is a profile and nothing else. */
  public static HardeningPolicy ofProfile(Profile profile) {
    RuleSettings r =
        new RuleSettings(
            new RuleSettings.PreStop(
                RuleSettings.Strategy.SLEEP,
                10,
                RuleSettings.ApplyTo.EVERY,
                RuleSettings.Shell.DENIED,
                new RuleSettings.Drain(5, 5, 25)),
            new RuleSettings.TerminationGrace(30, 600),
            new RuleSettings.ReadinessProbe(
                List.of(
                    RuleSettings.Evidence.ANNOTATION,
                    RuleSettings.Evidence.PROBE,
                    RuleSettings.Evidence.SERVICE),
                5,
                3,
                3),
            new RuleSettings.StartupProbe(List.of(RuleSettings.Source.LIVENESS), 5, 300),
            new RuleSettings.ProbeTimeout(3),
            new RuleSettings.AntiAffinity(
                RuleSettings.Strength.PREFERRED,
                List.of("kubernetes.io/hostname", "topology.kubernetes.io/zone")),
            new RuleSettings.TopologySpread(
                1,
                RuleSettings.WhenUnsatisfiable.SCHEDULE_ANYWAY,
                List.of("kubernetes.io/hostname", "topology.kubernetes.io/zone")),
            new RuleSettings.Init(
                RuleSettings.Wrap.EXPLICIT,
                RuleSettings.Delivery.INIT_CONTAINER,
                "",
                List.of(),
                List.of()),
            new RuleSettings.WaitFor(300),
            new RuleSettings.DisruptionBudget("1", RuleSettings.OwnedWorkloads.SKIP, List.of()),
            new RuleSettings.Replicas(2));
    return new HardeningPolicy(
        "default",
        profile,
        Mode.ENFORCE,
        HardeningPolicy.Scope.CLUSTER,
        0,
        LabelSelector.EVERYTHING,
        LabelSelector.EVERYTHING,
        java.util.Set.of(),
        HardeningPolicy.Overrides.ALLOWED,
        java.util.Set.of(),
        r,
        java.util.Map.of());
  }
}
