package dev.holdfast.promises;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.HardeningPolicy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads pods for the properties, as the design's words have it. */
final class Reading {
  static final Set<String> KNOWN_SIDECARS =
      Set.of("istio-proxy", "linkerd-proxy", "vault-agent", "daprd", "cloud-sql-proxy");
  private static final Pattern SHELL_SLEEP = Pattern.compile("sleep (\\d+)");

  private Reading() {}

  /** The pod's grace period in seconds, 30 where it says nothing. */
  static long grace(JsonNode pod) {
    return pod.path("spec").path("terminationGracePeriodSeconds").asLong(30);
  }

  /** How long a preStop hook takes: a native sleep, a shell's sleep, else what is given. */
  static long pause(JsonNode hook, long otherwise) {
    if (hook.path("sleep").path("seconds").isIntegralNumber()) {
      return hook.path("sleep").path("seconds").bigIntegerValue().bitLength() < 64
          ? hook.path("sleep").path("seconds").longValue()
          : Long.MAX_VALUE;
    }
    JsonNode command = hook.path("exec").path("command");
    Matcher sleep = SHELL_SLEEP.matcher(command.path(2).asText());
    return command.path(0).asText().equals("/bin/sh") && sleep.matches()
        ? Long.parseLong(sleep.group(1))
        : otherwise;
  }

  /** The pod's labels that are strings. */
  static Map<String, String> labels(JsonNode pod) {
    Map<String, String> labels = new LinkedHashMap<>();
    pod.path("metadata")
        .path("labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText("")));
    return labels;
  }

  /** Whether the pod has any annotation or label of ours, known or not. */
  static boolean hasOurWords(JsonNode pod) {
    List<String> names = new ArrayList<>();
    pod.path("metadata").path("labels").fieldNames().forEachRemaining(names::add);
    pod.path("metadata").path("annotations").fieldNames().forEachRemaining(names::add);
    return names.stream().anyMatch(name -> name.startsWith("holdfast.dev/"));
  }

  static String annotation(JsonNode pod, String name) {
    return pod.path("metadata").path("annotations").path("holdfast.dev/" + name).asText("");
  }

  static boolean isSidecar(JsonNode container, HardeningPolicy policy) {
    String name = container.path("name").asText();
    return KNOWN_SIDECARS.contains(name) || policy.sidecars().contains(name);
  }

  static boolean isPresent(JsonNode node) {
    return !node.isMissingNode() && !node.isNull();
  }

  /** A number of a probe, with the API server's default for none and for 0. */
  static long number(JsonNode probe, String field) {
    long otherwise =
        switch (field) {
          case "periodSeconds" -> 10;
          case "failureThreshold" -> 3;
          case "timeoutSeconds", "successThreshold" -> 1;
          default -> 0;
        };
    long number = probe.path(field).asLong(otherwise);
    return number == 0 ? otherwise : number;
  }

  /** What a probe asks: its handler alone. */
  static ObjectNode handler(JsonNode probe) {
    ObjectNode handler = Dice.object();
    for (String kind : List.of("exec", "httpGet", "tcpSocket", "grpc")) {
      if (isPresent(probe.path(kind))) {
        handler.set(kind, probe.get(kind));
      }
    }
    return handler;
  }

  /** The owner that controls the pod; a missing node if none does. */
  static JsonNode controller(JsonNode pod) {
    for (JsonNode owner : pod.path("metadata").path("ownerReferences")) {
      if (owner.path("controller").isBoolean() && owner.path("controller").booleanValue()) {
        return owner;
      }
    }
    return pod.path("metadata").path("no owner");
  }
}
