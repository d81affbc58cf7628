package dev.holdfast.cli;

import dev.holdfast.policy.RuleName;

/** What each rule does, in one line. */
final class RuleSummaries {
  private RuleSummaries() {}

  static String of(RuleName rule) {
    return switch (rule) {
      case INIT -> "puts an init process in front of the app's command";
      case WAIT_FOR -> "lets the pod start when what it needs can be reached";
      case STOP_SIGNAL -> "stops the app with the signal that it stops gracefully on";
      case PRE_STOP -> "pauses before SIGTERM, until no traffic arrives any more";
      case TERMINATION_GRACE -> "gives pause and shutdown the time that they need";
      case READINESS_PROBE -> "sends traffic only to containers that answer";
      case STARTUP_PROBE -> "keeps a slow start from being taken for a dead container";
      case PROBE_TIMEOUT -> "gives probes more than one second to answer";
      case ANTI_AFFINITY -> "prefers to run replicas on different nodes and in different zones";
      case TOPOLOGY_SPREAD -> "spreads replicas evenly over nodes and zones";
      case DISRUPTION_BUDGET -> "lets drains evict one replica at a time";
      case LIVENESS_PROBE -> "reports liveness probes that can kill what is merely slow";
      case MEMORY_LIMIT -> "reports containers without a memory limit, or with less requested";
      case REPLICAS -> "reports workloads that do not survive the loss of one pod";
      case PRIORITY_CLASS -> "reports pods without a priority class";
    };
  }
}
