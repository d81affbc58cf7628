package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.hardening.ClusterFacts.Service;
import dev.holdfast.hardening.ClusterFacts.ServicePort;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Container.Port;
import dev.holdfast.hardening.pod.PodView;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Where in a pod the Services that select it lead to. */
final class ServicePorts {
  private final PodView pod;
  private final List<Service> selecting;

  private ServicePorts(PodView pod, List<Service> selecting) {
    this.pod = pod;
    this.selecting = selecting;
  }

  static ServicePorts of(Situation situation) {
    List<Service> selecting = new ArrayList<>();
    Map<String, String> labels = situation.pod().labels();
    for (Service service : situation.facts().services()) {
      if (!service.selector().isEmpty()
          && labels.entrySet().containsAll(service.selector().entrySet())) {
        selecting.add(service);
      }
    }
    return new ServicePorts(situation.pod(), selecting);
  }

  /** Whether requests may arrive at the container: a declared port, or a Service's undeclared. */
  boolean mayServe(Container container) {
    if (!container.ports().isEmpty()) {
      return true;
    }
    for (Service service : selecting) {
      for (ServicePort port : service.ports()) {
        if (declaring(port).isEmpty()) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * The TCP ports that ready pods are found by, side ports left out. Headless Services and those
   * that publish pods before they are ready do not count: their clients find each other first and
   * are ready later, so that a probe could wait for ever.
   */
  Set<Target> targets() {
    Set<Target> targets = new LinkedHashSet<>();
    for (Service service : selecting) {
      if (service.headless() || service.publishNotReadyAddresses()) {
        continue;
      }
      for (ServicePort port : service.ports()) {
        if (port.protocol().equals("TCP") && !Port.isSideName(port.name())) {
          targets.addAll(resolve(port));
        }
      }
    }
    return targets;
  }

  private List<Target> resolve(ServicePort port) {
    List<Target> declaring = declaring(port);
    boolean declared = !declaring.isEmpty();
    declaring.removeIf(target -> target.side || !target.tcp || !Port.isValid(target.number));
    if (declared || !isNumber(port.targetPort())) {
      return declaring;
    }
    long number = Long.parseLong(port.targetPort());
    if (!Port.isValid(number)) {
      return List.of();
    }
    // Among several containers nobody can say which one listens: then it is each, so no single one.
    return pod.containers().stream()
        .map(container -> new Target(container.name(), number, "", true, false))
        .toList();
  }

  /** Every declared port that a Service's port means, whatever its protocol. */
  private List<Target> declaring(ServicePort port) {
    List<Target> targets = new ArrayList<>();
    List<Container> containers = new ArrayList<>(pod.containers());
    containers.addAll(pod.nativeSidecars());
    for (Container container : containers) {
      for (Port declared : container.ports()) {
        if (isMeant(declared, port.targetPort())) {
          targets.add(
              new Target(
                  container.name(),
                  declared.number(),
                  isNumber(port.targetPort()) ? "" : declared.name(),
                  declared.isTcp(),
                  declared.isSide()));
        }
      }
    }
    return targets;
  }

  private static boolean isMeant(Port declared, String targetPort) {
    return isNumber(targetPort)
        ? declared.number() == Long.parseLong(targetPort)
        : declared.name().equals(targetPort);
  }

  private static boolean isNumber(String targetPort) {
    return targetPort.length() <= 5
        && !targetPort.isEmpty()
        && targetPort.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  /**
   * A port of a container; the same port under another name is the same target.
   *
   * @param name as the Service means it, "" if it does so by number
   */
  record Target(String container, long number, String name, boolean tcp, boolean side) {
    JsonNode port() {
      return name.isEmpty() ? IntNode.valueOf((int) number) : TextNode.valueOf(name);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Target target
          && container.equals(target.container)
          && number == target.number;
    }

    @Override
    public int hashCode() {
      return container.hashCode() * 31 + Long.hashCode(number);
    }
  }
}
