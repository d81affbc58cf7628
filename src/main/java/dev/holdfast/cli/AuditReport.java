package dev.holdfast.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.policy.RuleName;
import dev.holdfast.yaml.Position;
import dev.holdfast.yaml.YamlWriter;
import java.io.PrintStream;
import java.util.List;

/** The forms in which an audit is printed. */
final class AuditReport {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SARIF_SCHEMA =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

  private AuditReport() {}

  /** The forms. */
  enum Format {
    table,
    json,
    yaml,
    sarif,
    github
  }

  static void print(Format format, List<AuditEntry> entries, int pods, Terminal terminal) {
    switch (format) {
      case table -> table(entries, pods, terminal);
      case json -> terminal.out().println(pretty(document(entries)));
      case yaml -> terminal.out().print(YamlWriter.write(document(entries)));
      case sarif -> terminal.out().println(pretty(sarif(entries)));
      case github -> github(entries, terminal.out());
    }
  }

  private static void table(List<AuditEntry> entries, int pods, Terminal terminal) {
    int widest = 0;
    for (AuditEntry entry : entries) {
      widest = Math.max(widest, entry.ruleId().length());
    }
    HardenedPod last = null;
    for (AuditEntry entry : entries) {
      if (entry.pod() != last) {
        terminal.out().println(entry.pod().title() + "  " + entry.pod().where(""));
        last = entry.pod();
      }
      terminal
          .out()
          .println(
              "  "
                  + pad(entry.position().toString(), 8)
                  + coloured(entry.severity(), pad(entry.severityWord(), 9), terminal)
                  + pad(entry.ruleId(), widest + 2)
                  + entry.message());
    }
    if (!entries.isEmpty()) {
      terminal.out().println();
      terminal
          .out()
          .println(
              "For a rule's reasons: holdfast explain RULE, or https://holdfast.dev/rules/RULE");
    }
    terminal.err().println(pods + " pods and pod templates, " + entries.size() + " findings");
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(1, width - text.length()));
  }

  private static String coloured(Severity severity, String text, Terminal terminal) {
    if (!terminal.colours()) {
      return text;
    }
    return switch (severity) {
      case INFO -> text;
      case WARNING -> "\u001b[33m" + text + "\u001b[0m";
      case ERROR -> "\u001b[31m" + text + "\u001b[0m";
    };
  }

  private static ObjectNode document(List<AuditEntry> entries) {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    ArrayNode findings = document.putArray("findings");
    for (AuditEntry entry : entries) {
      Position position = entry.position();
      ObjectNode finding = findings.addObject();
      finding.put("severity", entry.severityWord());
      finding.put("rule", entry.ruleId());
      finding.put("reason", entry.reason());
      finding.put("message", entry.message());
      finding.put("file", entry.pod().place().file());
      finding.put("line", position.line());
      finding.put("column", position.column());
      finding.put("kind", entry.pod().place().kind());
      finding.put("namespace", entry.pod().namespace());
      finding.put("name", entry.pod().place().name());
      finding.put("pointer", entry.pointer());
      finding.put("documentation", entry.documentation());
    }
    return document;
  }

  private static ObjectNode sarif(List<AuditEntry> entries) {
    ObjectNode sarif = JsonNodeFactory.instance.objectNode();
    sarif.put("$schema", SARIF_SCHEMA);
    sarif.put("version", "2.1.0");
    ObjectNode run = sarif.putArray("runs").addObject();
    ObjectNode driver = run.putObject("tool").putObject("driver");
    driver.put("name", "Holdfast");
    driver.put("informationUri", "https://holdfast.dev");
    ArrayNode rules = driver.putArray("rules");
    for (RuleName rule : RuleName.values()) {
      sarifRule(rules, rule.id(), rule.documentation());
    }
    sarifRule(rules, "pod", "https://holdfast.dev/reference/annotations");
    ArrayNode results = run.putArray("results");
    for (AuditEntry entry : entries) {
      ObjectNode result = results.addObject();
      result.put("ruleId", entry.ruleId());
      result.put(
          "level",
          switch (entry.severity()) {
            case INFO -> "note";
            case WARNING -> "warning";
            case ERROR -> "error";
          });
      result.putObject("message").put("text", entry.pod().title() + ": " + entry.message());
      ObjectNode location = result.putArray("locations").addObject().putObject("physicalLocation");
      location.putObject("artifactLocation").put("uri", entry.pod().place().file());
      location
          .putObject("region")
          .put("startLine", entry.position().line())
          .put("startColumn", entry.position().column());
    }
    return sarif;
  }

  private static void sarifRule(ArrayNode rules, String id, String documentation) {
    ObjectNode rule = rules.addObject();
    rule.put("id", id);
    rule.put("helpUri", documentation);
    rule.putObject("shortDescription").put("text", "Holdfast: " + id);
  }

  private static void github(List<AuditEntry> entries, PrintStream out) {
    for (AuditEntry entry : entries) {
      String command =
          switch (entry.severity()) {
            case INFO -> "notice";
            case WARNING -> "warning";
            case ERROR -> "error";
          };
      out.println(
          "::"
              + command
              + " file="
              + property(entry.pod().place().file())
              + ",line="
              + entry.position().line()
              + ",col="
              + entry.position().column()
              + ",title="
              + property("holdfast " + entry.code())
              + "::"
              + data(entry.pod().title() + ": " + entry.message() + " " + entry.documentation()));
    }
  }

  /** As GitHub's workflow commands want it escaped. */
  private static String data(String text) {
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A");
  }

  private static String property(String text) {
    return data(text).replace(":", "%3A").replace(",", "%2C");
  }

  private static String pretty(JsonNode node) {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
