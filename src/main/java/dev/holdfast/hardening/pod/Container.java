package dev.holdfast.hardening.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** One container of a pod, as it stands in the tree. */
public final class Container {
  private final ObjectNode node;
  private final String name;
  private final String pointer;

  Container(ObjectNode node, String name, String pointer) {
    this.node = node;
    this.name = name;
    this.pointer = pointer;
  }

  /** The same container in a changed tree. */
  Container after(ObjectNode changed) {
    return changed == node ? this : new Container(changed, name, pointer);
  }

  /** The container's name. */
  public String name() {
    return name;
  }

  /** JSON pointer to the container. */
  public String pointer() {
    return pointer;
  }

  /** Its {@code lifecycle.preStop}, empty if there is none; the tree's own node. */
  public Optional<ObjectNode> preStop() {
    ObjectNode lifecycle = Fields.object(node, pointer, "lifecycle");
    JsonNode preStop = Fields.member(lifecycle, "preStop");
    return preStop.isMissingNode()
        ? Optional.empty()
        : Optional.of(Fields.object(lifecycle, pointer, "lifecycle", "preStop"));
  }

  /** The seconds of a native sleep before SIGTERM; empty if the hook is none or another one. */
  public OptionalLong preStopSleepSeconds() {
    Optional<ObjectNode> preStop = preStop();
    if (preStop.isEmpty()) {
      return OptionalLong.empty();
    }
    ObjectNode sleep = Fields.object(preStop.get(), pointer, "lifecycle/preStop", "sleep");
    return Fields.integer(sleep, pointer, "lifecycle/preStop/sleep", "seconds");
  }

  /** A probe by its key, for example {@code livenessProbe}; empty if there is none. */
  public Optional<Probe> probe(String key) {
    JsonNode value = Fields.member(node, key);
    return value.isMissingNode()
        ? Optional.empty()
        : Optional.of(new Probe(Fields.object(node, pointer, key), pointer, key));
  }

  /** The declared ports, in order. */
  public List<Port> ports() {
    ArrayNode array = Fields.array(node, pointer, "ports");
    List<Port> ports = new ArrayList<>(array.size());
    for (int i = 0; i < array.size(); i++) {
      ObjectNode port = Fields.element(array, pointer + "/ports", i);
      String at = pointer + "/ports/" + i;
      String protocol = Fields.text(port, at, "protocol");
      ports.add(
          new Port(
              Fields.text(port, at, "name"),
              Fields.integer(port, at, "containerPort").orElse(0),
              protocol.isEmpty() ? "TCP" : protocol));
    }
    return ports;
  }

  /**
   * Whether it is started again whenever it ends. Containers of their own {@code restartPolicy}
   * ({@code Never}, {@code OnFailure}) exist since Kubernetes 1.34 (KEP-5307).
   */
  public boolean alwaysRestarts() {
    String policy = Fields.text(node, pointer, "restartPolicy");
    return policy.isEmpty() || policy.equals("Always");
  }

  /**
   * A quantity of {@code resources}.
   *
   * @param list {@code requests} or {@code limits}
   * @param resource for example {@code memory}
   */
  public Optional<Quantity> resource(String list, String resource) {
    return Quantity.of(Fields.object(node, pointer, "resources"), pointer, list, resource);
  }

  /**
   * A declared port.
   *
   * @param name "" where it has none
   * @param number the {@code containerPort}
   * @param protocol {@code TCP}, {@code UDP} or {@code SCTP}
   */
  public record Port(String name, long number, String protocol) {
    private static final List<String> SIDE =
        List.of("metrics", "admin", "debug", "jmx", "prometheus");

    /** Whether a TCP connection to it can be tried. */
    public boolean isTcp() {
      return protocol.equals("TCP");
    }

    /** Whether its name says that it serves the operators, not the users, of the app. */
    public boolean isSide() {
      return isSideName(name);
    }

    /** Whether the API server takes the number as a port's. */
    public static boolean isValid(long number) {
      return number >= 1 && number <= 65535;
    }

    /** Whether a port's name is, or ends in, a word for what serves only operators. */
    public static boolean isSideName(String name) {
      for (String side : SIDE) {
        if (name.endsWith(side)) {
          return true;
        }
      }
      return false;
    }
  }
}
