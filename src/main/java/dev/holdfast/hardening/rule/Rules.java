package dev.holdfast.hardening.rule;

import java.util.List;

/** All rules. */
public final class Rules {

  /** In the order they run: each sees what those before it decided. */
  public static final List<Rule> ALL =
      List.of(
          new PreStopRule(),
          new TerminationGraceRule(),
          new ReadinessProbeRule(),
          new StartupProbeRule(),
          new ProbeTimeoutRule(),
          new AntiAffinityRule(),
          new TopologySpreadRule(),
          new LivenessProbeRule(),
          new MemoryLimitRule(),
          new ReplicasRule(),
          new PriorityClassRule());

  private Rules() {}
}
