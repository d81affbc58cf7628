package dev.holdfast.policy;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * The settings of every rule, complete and within their ranges (the loader saw to that). All times
 * are whole seconds.
 */
public record RuleSettings(
    PreStop preStop,
    TerminationGrace terminationGrace,
    ReadinessProbe readinessProbe,
    StartupProbe startupProbe,
    ProbeTimeout probeTimeout,
    AntiAffinity antiAffinity,
    TopologySpread topologySpread,
    Init init,
    WaitFor waitFor,
    DisruptionBudget disruptionBudget,
    Replicas replicas) {

  /** The pause before SIGTERM. */
  public record PreStop(
      Strategy strategy, int sleepSeconds, ApplyTo applyTo, Shell shell, Drain drain) {}

  /** A fixed pause, or one that ends when connections have gone quiet. */
  public enum Strategy {
    @JsonProperty("Sleep")
    SLEEP,
    @JsonProperty("Drain")
    DRAIN
  }

  /** Every app container, or only those with a declared port or behind a Service. */
  public enum ApplyTo {
    @JsonProperty("Every")
    EVERY,
    @JsonProperty("Serving")
    SERVING
  }

  /** Whether a shell in the image may be relied on where native sleep is not available. */
  public enum Shell {
    @JsonProperty("Denied")
    DENIED,
    @JsonProperty("Allowed")
    ALLOWED
  }

  /** How long a drain waits for quiet, at least and at most. */
  public record Drain(int quietSeconds, int minimumSeconds, int maximumSeconds) {}

  /** What an app needs after SIGTERM, and the most that we raise the grace period to. */
  public record TerminationGrace(int shutdownSeconds, int maximumSeconds) {}

  /** What may lead to a readiness probe, in the order it is tried, and the probe's numbers. */
  public record ReadinessProbe(
      List<Evidence> evidence, int periodSeconds, int timeoutSeconds, int failureThreshold) {
    public ReadinessProbe {
      evidence = List.copyOf(evidence);
    }
  }

  /** What a readiness probe may be derived from. */
  public enum Evidence {
    @JsonProperty("Annotation")
    ANNOTATION,
    @JsonProperty("Probe")
    PROBE,
    @JsonProperty("Service")
    SERVICE,
    @JsonProperty("Port")
    PORT
  }

  /** Which probes a startup probe may be derived from, in order, and the time it allows in all. */
  public record StartupProbe(List<Source> from, int periodSeconds, int budgetSeconds) {
    public StartupProbe {
      from = List.copyOf(from);
    }
  }

  /** A probe that a startup probe may be derived from. */
  public enum Source {
    @JsonProperty("Liveness")
    LIVENESS,
    @JsonProperty("Readiness")
    READINESS
  }

  /** The least timeout of a probe. */
  public record ProbeTimeout(int minimumSeconds) {}

  /** How strongly replicas keep apart, and over which failure domains. */
  public record AntiAffinity(Strength strength, List<String> topologyKeys) {
    public AntiAffinity {
      topologyKeys = List.copyOf(topologyKeys);
    }
  }

  /** A wish of the scheduler, or a condition. */
  public enum Strength {
    @JsonProperty("Preferred")
    PREFERRED,
    @JsonProperty("Required")
    REQUIRED
  }

  /** How evenly replicas spread, and over which failure domains. */
  public record TopologySpread(
      int maxSkew, WhenUnsatisfiable whenUnsatisfiable, List<String> topologyKeys) {
    public TopologySpread {
      topologyKeys = List.copyOf(topologyKeys);
    }
  }

  /** What the scheduler does with a pod that would break a spread constraint. */
  public enum WhenUnsatisfiable {
    @JsonProperty("ScheduleAnyway")
    SCHEDULE_ANYWAY("ScheduleAnyway"),
    @JsonProperty("DoNotSchedule")
    DO_NOT_SCHEDULE("DoNotSchedule");

    private final String word;

    WhenUnsatisfiable(String word) {
      this.word = word;
    }

    /** The word as Kubernetes spells it. */
    public String word() {
      return word;
    }
  }

  /** When and how the init process gets in front of a command. */
  public record Init(
      Wrap wrap,
      Delivery delivery,
      String image,
      List<String> pullSecrets,
      List<Registry> registries) {
    public Init {
      pullSecrets = List.copyOf(pullSecrets);
      registries = List.copyOf(registries);
    }
  }

  /** Which commands are wrapped. */
  public enum Wrap {
    @JsonProperty("Never")
    NEVER,
    @JsonProperty("Explicit")
    EXPLICIT,
    @JsonProperty("LookUp")
    LOOK_UP
  }

  /** How the init binary gets into the pod. */
  public enum Delivery {
    @JsonProperty("InitContainer")
    INIT_CONTAINER,
    @JsonProperty("Image")
    IMAGE
  }

  /** How a registry is reached; {@code mirror} and {@code caFile} are empty where not set. */
  public record Registry(String host, String mirror, String caFile, boolean plainHttp) {}

  /** How long a pod's start waits for what it depends on. */
  public record WaitFor(int timeoutSeconds) {}

  /** The budget that a workload gets; {@code maxUnavailable} is a number or a percentage. */
  public record DisruptionBudget(
      String maxUnavailable, OwnedWorkloads ownedWorkloads, List<String> kinds) {
    public DisruptionBudget {
      kinds = List.copyOf(kinds);
    }
  }

  /** Whether workloads that a custom resource owns get a budget too. */
  public enum OwnedWorkloads {
    @JsonProperty("Skip")
    SKIP,
    @JsonProperty("Include")
    INCLUDE
  }

  /** The replicas below which a workload cannot bear a disruption. */
  public record Replicas(int minimum) {}
}
