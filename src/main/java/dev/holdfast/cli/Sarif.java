package dev.holdfast.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.RuleName;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Findings in the Static Analysis Results Interchange Format.
 *
 * <p>Source: OASIS, SARIF version 2.1.0.
 */
final class Sarif {
  private static final String SCHEMA =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

  private Sarif() {}

  static ObjectNode of(List<AuditEntry> entries) {
    ObjectNode log = JsonNodeFactory.instance.objectNode();
    log.put("$schema", SCHEMA);
    log.put("version", "2.1.0");
    ObjectNode run = log.putArray("runs").addObject();
    Map<String, AuditEntry> rules = new TreeMap<>();
    entries.forEach(one -> rules.putIfAbsent(one.ruleId(), one));
    run.putObject("tool").set("driver", driver(rules));
    // Our columns count characters, not the UTF-16 units that SARIF assumes.
    run.put("columnKind", "unicodeCodePoints");
    ArrayNode results = run.putArray("results");
    List<String> ids = new ArrayList<>(rules.keySet());
    for (AuditEntry entry : entries) {
      results.add(result(entry, ids.indexOf(entry.ruleId())));
    }
    return log;
  }

  private static ObjectNode driver(Map<String, AuditEntry> rules) {
    ObjectNode driver = JsonNodeFactory.instance.objectNode();
    driver.put("name", "holdfast");
    driver.put("version", Cli.Version.text());
    driver.put("informationUri", "https://holdfast.dev");
    ArrayNode descriptors = driver.putArray("rules");
    rules.forEach(
        (id, example) -> {
          ObjectNode descriptor = descriptors.addObject();
          descriptor.put("id", id);
          descriptor
              .putObject("shortDescription")
              .put("text", example.rule().map(Sarif::summary).orElse("labels and annotations"));
          descriptor.put("helpUri", example.link());
        });
    return driver;
  }

  private static String summary(RuleName rule) {
    return RuleSummaries.of(rule);
  }

  private static ObjectNode result(AuditEntry entry, int ruleIndex) {
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    result.put("ruleId", entry.ruleId());
    result.put("ruleIndex", ruleIndex);
    result.put("level", level(entry.severity()));
    KubernetesObject object = entry.pod().object();
    String label = entry.pod().title();
    result.putObject("message").put("text", label + ": " + entry.sentence());
    ObjectNode location = result.putArray("locations").addObject();
    ObjectNode physical = location.putObject("physicalLocation");
    physical.putObject("artifactLocation").put("uri", uri(entry.file()));
    physical
        .putObject("region")
        .put("startLine", entry.position().line())
        .put("startColumn", entry.position().column());
    location
        .putArray("logicalLocations")
        .addObject()
        .put("name", object.name())
        .put("fullyQualifiedName", label)
        .put("kind", "object");
    result.putObject("properties").put("reason", entry.reason()).put("pointer", entry.pointer());
    return result;
  }

  private static String level(Severity severity) {
    return switch (severity) {
      case INFO -> "note";
      case WARNING -> "warning";
      case ERROR -> "error";
    };
  }

  /** A relative path stays one, so that code scanning finds the file in the repository. */
  private static String uri(String file) {
    try {
      String path = file;
      boolean absolute = path.startsWith("/");
      // Before a colon, the first part of a relative path would be taken for a scheme.
      String relative = path.indexOf(':') >= 0 ? "./" + path : path;
      return new URI(
              absolute ? "file" : null,
              absolute ? "" : null,
              absolute ? path : relative,
              null,
              null)
          .toASCIIString();
    } catch (URISyntaxException e) {
      return "unknown";
    }
  }
}
