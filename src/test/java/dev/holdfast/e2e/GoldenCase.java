package dev.holdfast.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.policy.RuleName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A golden case of the engine, to be made real in a cluster.
 *
 * @param name {@code RULE/CASE}
 * @param expected what becomes of the pod
 * @param facts what is known of the cluster; may be empty
 * @param warnings how many warnings whoever creates the pod gets
 */
record GoldenCase(
    String name, ObjectNode pod, ObjectNode expected, ObjectNode facts, int warnings) {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  static List<GoldenCase> all() {
    try (Stream<Path> files = Files.walk(GOLDEN)) {
      return files
          .filter(file -> file.endsWith("pod.yaml"))
          .map(file -> read(file.getParent()))
          .sorted((a, b) -> a.name.compareTo(b.name))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static GoldenCase read(Path folder) {
    try {
      Path facts = folder.resolve("facts.yaml");
      long warnings =
          Files.readAllLines(folder.resolve("findings")).stream()
              .filter(line -> line.startsWith("WARNING") || line.startsWith("ERROR"))
              .count();
      return new GoldenCase(
          GOLDEN.relativize(folder).toString(),
          ApiServer.tree(Files.readString(folder.resolve("pod.yaml"))),
          ApiServer.tree(Files.readString(folder.resolve("expected.yaml"))),
          Files.exists(facts) ? ApiServer.tree(Files.readString(facts)) : ApiServer.tree("{}"),
          (int) warnings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String rule() {
    return name.substring(0, name.indexOf('/'));
  }

  /** A namespace of its own; its policy has the same name. */
  String namespace() {
    // Without its rule, as names of namespaces are short.
    return ApiServer.unique("golden-" + Math.floorMod(name.hashCode(), 1_000_000));
  }

  /** The case's policy; without one, only the rule at hand is on, with its defaults. */
  ObjectNode policy() {
    Path file = GOLDEN.resolve(name).resolve("policy.yaml");
    ObjectNode policy;
    try {
      policy =
          ApiServer.tree(
              Files.exists(file)
                  ? Files.readString(file)
                  : "{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy, spec: {profile:"
                      + " minimal}}");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!Files.exists(file)) {
      for (RuleName rule : RuleName.values()) {
        policy
            .withObject("/spec/rules/" + rule.key())
            .put("mode", rule.id().equals(rule()) ? "Enforce" : "Off");
      }
    }
    policy.withObject("/metadata").put("name", namespace());
    // Only the namespace that names it is meant.
    policy.withObject("/spec/namespaceSelector/matchLabels").put("holdfast.dev/policy", "nobody");
    return policy;
  }

  /** The Services of the facts. */
  List<ObjectNode> services() {
    List<ObjectNode> services = new ArrayList<>();
    for (JsonNode fact : facts.path("services")) {
      ObjectNode service =
          ApiServer.tree("{apiVersion: v1, kind: Service, metadata: {}, spec: {ports: []}}");
      service
          .withObject("/metadata")
          .put("name", fact.path("name").asText())
          .put("namespace", namespace());
      ObjectNode spec = service.withObject("/spec");
      spec.set("selector", fact.path("selector"));
      if (fact.path("headless").asBoolean()) {
        spec.put("clusterIP", "None");
      }
      if (fact.path("publishNotReadyAddresses").asBoolean()) {
        spec.put("publishNotReadyAddresses", true);
      }
      int port = 80;
      for (JsonNode target : fact.path("ports")) {
        spec.withArray("/ports")
            .addObject()
            .put("name", "port-" + port)
            .put("port", port++)
            .put("protocol", target.path("protocol").asText("TCP"))
            .set("targetPort", target.path("targetPort"));
      }
      services.add(service);
    }
    return services;
  }

  @Override
  public String toString() {
    return name;
  }
}
