package dev.holdfast.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Severity;
import dev.holdfast.yaml.YamlWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The forms in which an audit is printed. */
final class AuditReport {
  private final Style style;
  private final StringBuilder text = new StringBuilder();
  private final int[] widths = {0, 0, 0};

  private AuditReport(Style style) {
    this.style = style;
  }

  /** The forms. */
  enum Format {
    table,
    json,
    yaml,
    sarif,
    github
  }

  /**
   * The whole report.
   *
   * @param pods how many objects with pods there are
   */
  static String of(Format format, List<AuditEntry> entries, int pods, Style style) {
    return switch (format) {
      case table -> table(entries, pods, style);
      case json -> Json.pretty(document(entries, pods));
      case yaml -> YamlWriter.write(document(entries, pods));
      case sarif -> Json.pretty(Sarif.of(entries));
      case github -> GithubAnnotations.of(entries);
    };
  }

  private static String table(List<AuditEntry> entries, int pods, Style style) {
    AuditReport table = new AuditReport(style);
    for (AuditEntry entry : entries) {
      String[] cells = cells(entry);
      for (int i = 0; i < cells.length; i++) {
        table.widths[i] = Math.max(table.widths[i], cells[i].length());
      }
    }
    HardenedPod pod = null;
    for (AuditEntry entry : entries) {
      if (pod == null || entry.pod().object() != pod.object()) {
        pod = entry.pod();
        table.line(style.bold(pod.title()));
      }
      table.row(entry);
    }
    table.end(entries, pods);
    return table.text.toString();
  }

  private static String[] cells(AuditEntry entry) {
    return new String[] {entry.place(), entry.severityWord(), entry.ruleId()};
  }

  private void row(AuditEntry entry) {
    String[] cells = cells(entry);
    line(
        "  "
            + padded(cells[0], 0)
            + coloured(entry.severity(), padded(cells[1], 1))
            + padded(cells[2], 2)
            + entry.sentence()
            + (entry.value().isPresent() || entry.pointer().isEmpty()
                ? ""
                : style.faint(" at " + Style.plain(entry.pointer()))));
  }

  private String padded(String cell, int column) {
    return cell + " ".repeat(widths[column] - cell.length() + 2);
  }

  private String coloured(Severity severity, String word) {
    return switch (severity) {
      case INFO -> style.cyan(word);
      case WARNING -> style.yellow(word);
      case ERROR -> style.red(word);
    };
  }

  private void end(List<AuditEntry> entries, int pods) {
    Map<String, String> links = new TreeMap<>();
    entries.forEach(one -> links.put(one.ruleId(), one.link()));
    if (!links.isEmpty()) {
      line("");
    }
    links.forEach((rule, link) -> line(style.faint(rule + ": " + link)));
    if (!links.isEmpty()) {
      line("");
    }
    line(
        count(entries, Severity.ERROR, "error")
            + ", "
            + count(entries, Severity.WARNING, "warning")
            + ", "
            + entries.stream().filter(one -> one.severity() == Severity.INFO).count()
            + " info in "
            + plural(pods, "object")
            + " with pods");
  }

  private static String count(List<AuditEntry> entries, Severity severity, String word) {
    return plural((int) entries.stream().filter(one -> one.severity() == severity).count(), word);
  }

  private static String plural(int count, String word) {
    return count + " " + word + (count == 1 ? "" : "s");
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  /** For programs; docs/cli.md describes its fields. */
  private static ObjectNode document(List<AuditEntry> entries, int pods) {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    ObjectNode summary = document.putObject("summary");
    summary.put("objects", pods);
    for (Severity severity : Severity.values()) {
      summary.put(
          severity.name().toLowerCase(Locale.ROOT),
          entries.stream().filter(one -> one.severity() == severity).count());
    }
    ArrayNode findings = document.putArray("findings");
    for (AuditEntry entry : entries) {
      findings.add(finding(entry));
    }
    return document;
  }

  private static ObjectNode finding(AuditEntry entry) {
    ObjectNode finding = JsonNodeFactory.instance.objectNode();
    finding.put("file", entry.file());
    finding.put("line", entry.position().line());
    finding.put("column", entry.position().column());
    finding.put("kind", entry.pod().object().kind());
    finding.put("namespace", entry.pod().namespace());
    finding.put("name", entry.pod().object().name());
    finding.put("severity", entry.severityWord());
    finding.put("rule", entry.ruleId());
    finding.put("reason", entry.reason());
    finding.put("pointer", entry.pointer());
    finding.put("message", entry.message());
    finding.put("documentation", entry.link());
    entry.value().ifPresent(value -> finding.set("value", value));
    return finding;
  }
}
