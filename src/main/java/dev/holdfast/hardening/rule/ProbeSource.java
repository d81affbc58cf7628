package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Container.Port;
import dev.holdfast.hardening.pod.Probe;
import dev.holdfast.policy.PodOverrides.ProbeChoice;
import java.util.Optional;

/** What a new probe can be made of: the handler ({@code httpGet: …} and the like) it will have. */
final class ProbeSource {
  private ProbeSource() {}

  /**
   * The handler of a probe that is there, to be asked by another probe too.
   *
   * @return empty, with a finding, if it cannot be copied safely
   */
  static Optional<ObjectNode> copyOf(Probe probe, Verdict verdict) {
    if (probe.handler().isEmpty()) {
      verdict.find(
          Severity.INFO,
          "unknown-handler",
          probe.pointer(),
          "nothing is derived from this probe: its handler is none that we know");
      return Optional.empty();
    }
    if (probe.isRewrittenByMesh()) {
      verdict.find(
          Severity.INFO,
          "mesh-rewritten",
          probe.pointer(),
          "nothing is derived from this probe: the service mesh has put its own target there");
      return Optional.empty();
    }
    if (probe.namesHost()) {
      verdict.find(
          Severity.INFO,
          "names-host",
          probe.pointer(),
          "nothing is derived from this probe: it names a host, which Pod Security forbids");
      return Optional.empty();
    }
    ObjectNode handler = JsonNodeFactory.instance.objectNode();
    handler.set(probe.handler().get(), probe.target().deepCopy());
    return Optional.of(handler);
  }

  /**
   * The handler that an annotation asks for.
   *
   * @return empty for {@code off}; empty, with a finding, if the port that it names cannot be
   *     probed
   */
  static Optional<ObjectNode> asked(ProbeChoice choice, Container container, Verdict verdict) {
    Optional<ObjectNode> handler = handler(choice);
    return handler.isEmpty() || isProbed(port(choice), container, verdict)
        ? handler
        : Optional.empty();
  }

  /** Tells of an annotation on a container that ends by itself, where a probe has no sense. */
  static void tellOfCompletion(Optional<ProbeChoice> asked, Container container, Verdict verdict) {
    if (asked.isPresent() && !(asked.get() instanceof ProbeChoice.Off)) {
      verdict.find(
          Severity.WARNING,
          "runs-to-completion",
          container.pointer(),
          "the annotation's probe is not added: the container runs to completion");
    }
  }

  /** Tells of an annotation that asks for another probe than the one that is there. */
  static void tellOfOther(Optional<ProbeChoice> asked, Probe present, Verdict verdict) {
    Optional<ObjectNode> handler = asked.flatMap(ProbeSource::handler);
    if (handler.isPresent() && !present.asks(handler.get())) {
      verdict.find(
          Severity.WARNING,
          "existing-probe",
          present.pointer(),
          "the annotation's probe is not added: the container has another one");
    }
  }

  private static Optional<ObjectNode> handler(ProbeChoice choice) {
    ObjectNode handler = JsonNodeFactory.instance.objectNode();
    if (choice instanceof ProbeChoice.Http http) {
      ObjectNode get = handler.putObject("httpGet");
      get.put("path", http.path());
      setPort(get, http.port());
      get.put("scheme", http.tls() ? "HTTPS" : "HTTP");
    } else if (choice instanceof ProbeChoice.Tcp tcp) {
      setPort(handler.putObject("tcpSocket"), tcp.port());
    } else if (choice instanceof ProbeChoice.Grpc grpc) {
      ObjectNode call = handler.putObject("grpc");
      call.put("port", grpc.port());
      if (!grpc.service().isEmpty()) {
        call.put("service", grpc.service());
      }
    } else {
      return Optional.empty();
    }
    return Optional.of(handler);
  }

  private static String port(ProbeChoice choice) {
    if (choice instanceof ProbeChoice.Http http) {
      return http.port();
    }
    return choice instanceof ProbeChoice.Tcp tcp
        ? tcp.port()
        : Integer.toString(((ProbeChoice.Grpc) choice).port());
  }

  /** Whether a connection to the port makes sense: the kubelet fails a probe of any other. */
  private static boolean isProbed(String port, Container container, Verdict verdict) {
    int matches = 0;
    int tcp = 0;
    for (Port declared : container.ports()) {
      if (isNumber(port)
          ? Long.toString(declared.number()).equals(port)
          : declared.name().equals(port)) {
        matches++;
        tcp += declared.isTcp() ? 1 : 0;
      }
    }
    // Ports need not be declared; one declared for UDP beside TCP (DNS) is fine by its number.
    if (isNumber(port) ? matches == 0 || tcp > 0 : matches == 1 && tcp == 1) {
      return true;
    }
    verdict.find(
        Severity.WARNING,
        "no-such-port",
        container.pointer(),
        isNumber(port)
            ? "the annotation's probe is not added: port " + port + " is not TCP"
            : "the annotation's probe is not added: no single TCP port of the"
                + " container is named \""
                + port
                + "\"");
    return false;
  }

  private static boolean isNumber(String port) {
    return port.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static void setPort(ObjectNode target, String port) {
    target.set(
        "port", isNumber(port) ? IntNode.valueOf(Integer.parseInt(port)) : TextNode.valueOf(port));
  }
}
