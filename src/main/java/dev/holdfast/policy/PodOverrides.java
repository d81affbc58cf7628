package dev.holdfast.policy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the annotations of one pod ask for, read and checked. Values that cannot be read are left
 * out, so that the next level's value applies, and are listed in {@link #problems()}. Immutable.
 */
public interface PodOverrides {

  /** The prefix of all our annotations and labels. */
  String PREFIX = "holdfast.dev/";

  /** Rules to leave out for this pod. */
  Set<RuleName> skip();

  /** Containers to leave alone, as far as they exist. */
  Set<String> excludeContainers();

  /** The pause asked for a container (suffixed form first, then the plain one). */
  Optional<Pause> preStop(String container);

  /** The seconds that a container needs after SIGTERM. */
  Optional<Integer> shutdownSeconds(String container);

  /** The startup probe asked for a container. */
  Optional<ProbeChoice> startupProbe(String container);

  /** The readiness probe asked for a container. */
  Optional<ProbeChoice> readinessProbe(String container);

  /** The anti-affinity asked for; {@code OFF} for {@code off}. */
  Optional<AntiAffinityChoice> antiAffinity();

  /** Whether any readable annotation asks for this rule to act (so not {@code off}). */
  boolean asksFor(RuleName rule);

  /** What could not be read or names nothing, in the order of the annotations. */
  List<Problem> problems();

  /**
   * Reads a pod's annotations.
   *
   * @param annotations all annotations of the pod, ours and others
   * @param containers names of the pod's containers and init containers, in order
   * @param apps names of {@code spec.containers} that are no known sidecar, in order
   */
  static PodOverrides read(
      Map<String, String> annotations, List<String> containers, List<String> apps) {
    throw new UnsupportedOperationException("being written");
  }

  /** Nothing applies: the policy denies overrides. */
  static PodOverrides denied(Map<String, String> annotations) {
    throw new UnsupportedOperationException("being written");
  }

  /** No annotation of ours at all. */
  static PodOverrides none() {
    throw new UnsupportedOperationException("being written");
  }

  /** What {@code pre-stop} asks for. */
  sealed interface Pause {
    /** {@code 15s}. */
    record Sleep(int seconds) implements Pause {}

    /** {@code drain}. */
    record Drain() implements Pause {}

    /** {@code off}, {@code 0} or {@code 0s}. */
    record Off() implements Pause {}
  }

  /** What a probe annotation asks for. */
  sealed interface ProbeChoice {
    /** {@code http:8080/healthz} or {@code https:…}; the port is a number or a name. */
    record Http(boolean tls, String port, String path) implements ProbeChoice {}

    /** {@code tcp:5432}; the port is a number or a name. */
    record Tcp(String port) implements ProbeChoice {}

    /** {@code grpc:9000} or {@code grpc:9000/service}; the service is empty where not given. */
    record Grpc(int port, String service) implements ProbeChoice {}

    /** {@code off}. */
    record Off() implements ProbeChoice {}
  }

  /** What {@code anti-affinity} asks for. */
  enum AntiAffinityChoice {
    PREFERRED,
    REQUIRED,
    OFF
  }

  /**
   * An annotation that is not followed.
   *
   * @param key the whole annotation key
   * @param value its value as written
   * @param reason a short code for audit annotations, for example {@code unreadable-annotation}
   * @param expected what would have been understood, or what to do instead
   */
  record Problem(String key, String value, String reason, String expected) {}
}
