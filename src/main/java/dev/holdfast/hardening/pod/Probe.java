package dev.holdfast.hardening.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One probe of a container. Numbers are those that count: where the pod has none or 0, the API
 * server's defaults (Kubernetes, "Configure Liveness, Readiness and Startup Probes").
 */
public final class Probe {
  /** The handlers that a probe can have, as of Kubernetes 1.37. */
  private static final List<String> HANDLERS = List.of("httpGet", "exec", "tcpSocket", "grpc");

  private static final int DEFAULT_PERIOD_SECONDS = 10;
  private static final int DEFAULT_TIMEOUT_SECONDS = 1;
  private static final int DEFAULT_FAILURE_THRESHOLD = 3;

  private final ObjectNode node;
  private final String container;
  private final String key;

  /**
   * @param container JSON pointer to the container
   * @param key of the probe in it
   */
  Probe(ObjectNode node, String container, String key) {
    this.node = node;
    this.container = container;
    this.key = key;
  }

  /** JSON pointer to the probe. */
  public String pointer() {
    return container + "/" + key;
  }

  /** How often it is tried, in seconds. */
  public int periodSeconds() {
    return number("periodSeconds", DEFAULT_PERIOD_SECONDS);
  }

  /** How long one try may take, in seconds. */
  public int timeoutSeconds() {
    return number("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS);
  }

  /** Whether the pod itself holds a {@code timeoutSeconds}, be it the default. */
  public boolean hasTimeoutSeconds() {
    return !Fields.member(node, "timeoutSeconds").isMissingNode();
  }

  /** Failures in a row that count as failure. */
  public int failureThreshold() {
    return number("failureThreshold", DEFAULT_FAILURE_THRESHOLD);
  }

  /** How long after the container's start it is first tried, in seconds. */
  public int initialDelaySeconds() {
    return number("initialDelaySeconds", 0);
  }

  /** Seconds of failing until it counts as failed, without the initial delay. */
  public long toleranceSeconds() {
    return (long) Math.max(periodSeconds(), timeoutSeconds()) * failureThreshold();
  }

  /**
   * The one handler's key, for example {@code httpGet}; empty if there is none, several, or one
   * that we do not know.
   */
  public Optional<String> handler() {
    String found = null;
    for (String key : HANDLERS) {
      if (!Fields.member(node, key).isMissingNode()) {
        if (found != null) {
          return Optional.empty();
        }
        found = key;
      }
    }
    return Optional.ofNullable(found);
  }

  /** The value below {@link #handler()}; the tree's own node, not to be changed. */
  public ObjectNode target() {
    return Fields.object(node, container, key, handler().orElse(""));
  }

  /** Whether the target names a host, which Pod Security "baseline" forbids since 1.34. */
  public boolean namesHost() {
    return !Fields.member(target(), "host").isMissingNode();
  }

  /** The path of an {@code httpGet}, "" for other handlers. */
  public String path() {
    return handler().orElse("").equals("httpGet")
        ? Fields.text(target(), pointer() + "/httpGet", "path")
        : "";
  }

  /**
   * Whether a service mesh has put its own target in place of the app's: Istio answers on port
   * 15020 under {@code /app-health/}, and on 15021.
   */
  public boolean isRewrittenByMesh() {
    JsonNode port = Fields.member(target(), "port");
    return path().startsWith("/app-health/")
        || isPort(port, 15020)
        || isPort(port, 15021)
        || handler().orElse("").equals("exec") && isPilotAgent(target());
  }

  /** Whether both ask the same thing of the same place, the API server's defaults filled in. */
  public boolean asksTheSameAs(Probe other) {
    Optional<String> handler = handler();
    if (handler.isEmpty() || !handler.equals(other.handler())) {
      return false;
    }
    ObjectNode one = target();
    ObjectNode two = other.target();
    return switch (handler.get()) {
      case "httpGet" ->
          same(one, two, "port")
              && same(one, two, "host")
              && same(one, two, "httpHeaders")
              && text(one, "path", "/").equals(text(two, "path", "/"))
              && text(one, "scheme", "HTTP").equals(text(two, "scheme", "HTTP"));
      case "grpc" ->
          same(one, two, "port") && text(one, "service", "").equals(text(two, "service", ""));
      default -> one.equals(two);
    };
  }

  /**
   * Whether it asks this.
   *
   * @param handler an object with a handler's key and value, such as {@code {"httpGet": …}}
   */
  public boolean asks(ObjectNode handler) {
    return asksTheSameAs(new Probe(handler, "", ""));
  }

  private static boolean same(ObjectNode one, ObjectNode two, String key) {
    return Fields.member(one, key).equals(Fields.member(two, key));
  }

  private static String text(ObjectNode target, String key, String absent) {
    JsonNode value = Fields.member(target, key);
    return value.isMissingNode() ? absent : value.asText();
  }

  private static boolean isPort(JsonNode port, int number) {
    return port.isIntegralNumber() ? port.longValue() == number : false;
  }

  private static boolean isPilotAgent(ObjectNode exec) {
    JsonNode command = Fields.member(exec, "command");
    return command.isArray() && command.path(0).asText().endsWith("pilot-agent");
  }

  private int number(String number, int defaultValue) {
    OptionalLong value = Fields.integer(node, container, key, number);
    if (value.isEmpty() || value.getAsLong() == 0) {
      return defaultValue;
    }
    if (value.getAsLong() < 0 || value.getAsLong() > Integer.MAX_VALUE) {
      throw new UnreadableField(pointer() + "/" + number, "a number from 0 to 2147483647");
    }
    return (int) value.getAsLong();
  }
}
