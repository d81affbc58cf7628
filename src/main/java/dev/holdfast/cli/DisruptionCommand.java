package dev.holdfast.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.AskedCluster.UnreachableException;
import dev.holdfast.disruption.LiveBudgets;
import dev.holdfast.disruption.LiveBudgets.Row;
import dev.holdfast.disruption.LiveBudgets.Table;
import dev.holdfast.hardening.Finding;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.yaml.YamlWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code holdfast disruption}: who has a disruption budget in a live cluster, and why. */
@Command(
    name = "disruption",
    description = "Shows who has a disruption budget in a cluster, whose it is, and why.",
    footer = {
      "",
      "Asks the cluster that kubectl would ask, and only reads. Policies are the cluster's unless",
      "options name others. HEALTHY and ALLOWED are what the disruption controller counts; HEALTHY",
      "of a workload without a budget are its ready pods.",
      "",
      "Examples:",
      "  holdfast disruption -n shop",
      "  holdfast disruption -A -o json",
      "",
      "Exit codes: 0 done, 2 bad usage or no cluster."
    })
final class DisruptionCommand implements Callable<Integer> {
  private static final String[] HEADINGS = {
    "WORKLOAD", "FLOOR", "HEALTHY", "BUDGET", "WHOSE", "ALLOWED", "REASON"
  };

  private final Terminal terminal;

  @Mixin private PolicyOptions policies;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      defaultValue = "default",
      description = "The namespace (default: ${DEFAULT-VALUE}).")
  private String namespace;

  @Option(
      names = {"-A", "--all-namespaces"},
      description = "All namespaces.")
  private boolean all;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table, json or yaml (default: ${DEFAULT-VALUE}).")
  private Format output;

  /** What is printed. */
  enum Format {
    table,
    json,
    yaml
  }

  DisruptionCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InputException {
    try (LiveBudgets budgets = LiveBudgets.ask(terminal.environment())) {
      List<HardeningPolicy> serving =
          policies.areNamed() || budgets.policies().isEmpty()
              ? policies.policies()
              : budgets.policies().get().serving();
      String own = terminal.environment().getOrDefault("POD_NAMESPACE", "holdfast-system");
      Map<String, Table> tables = new TreeMap<>();
      for (String name : all ? budgets.namespaces() : List.of(namespace)) {
        tables.put(name, budgets.of(name, serving, own));
      }
      print(tables);
    } catch (UnreachableException e) {
      throw new InputException(Style.plain(e.getMessage()));
    }
    return ExitCode.FINE;
  }

  private void print(Map<String, Table> tables) {
    switch (output) {
      case table -> printTable(tables);
      case json -> terminal.out().print(Json.pretty(document(tables)));
      case yaml -> terminal.out().print(YamlWriter.write(document(tables)));
    }
  }

  private void printTable(Map<String, Table> tables) {
    List<String[]> lines = new ArrayList<>();
    tables.forEach((name, table) -> table.rows().forEach(row -> lines.add(cells(row))));
    if (lines.isEmpty()) {
      terminal.err().println(all ? "no workloads" : "no workloads in " + Style.plain(namespace));
    } else {
      lines.add(0, HEADINGS);
      int[] widths = new int[HEADINGS.length];
      for (String[] line : lines) {
        for (int i = 0; i < line.length; i++) {
          widths[i] = Math.max(widths[i], line[i].length());
        }
      }
      for (String[] line : lines) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < line.length; i++) {
          boolean last = i == line.length - 1;
          text.append(line[i]).append(last ? "" : " ".repeat(widths[i] - line[i].length() + 2));
        }
        String printed = text.toString();
        terminal.out().println(line == HEADINGS ? terminal.outStyle().bold(printed) : printed);
      }
    }
    tables.forEach((name, table) -> table.findings().forEach(finding -> print(name, finding)));
  }

  private void print(String place, Finding finding) {
    Style style = terminal.outStyle();
    String severity = finding.severity().name().toLowerCase(Locale.ROOT);
    terminal
        .out()
        .println(style.yellow(severity) + ": " + Style.plain(place + ": " + finding.message()));
  }

  private String[] cells(Row row) {
    String workload = all ? row.workload().toString() : row.workload().shortName();
    return new String[] {
      Style.plain(workload),
      Integer.toString(row.floor()),
      number(row.healthy()),
      row.budget().isEmpty() ? "-" : Style.plain(row.budget()),
      row.owner().isEmpty() ? "-" : row.owner(),
      number(row.allowed()),
      row.reason().word() + ": " + Style.plain(row.detail())
    };
  }

  private static String number(int number) {
    return number < 0 ? "-" : Integer.toString(number);
  }

  /** For programs; docs/cli.md describes its fields. */
  private static ObjectNode document(Map<String, Table> tables) {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    ArrayNode workloads = document.putArray("workloads");
    ArrayNode findings = document.putArray("findings");
    tables.forEach(
        (name, table) -> {
          for (Row row : table.rows()) {
            ObjectNode workload = workloads.addObject();
            workload.put("namespace", name);
            workload.put("kind", row.workload().kind());
            workload.put("name", row.workload().name());
            workload.put("floor", row.floor());
            put(workload, "healthy", row.healthy());
            workload.put("budget", row.budget());
            workload.put("whose", row.owner());
            put(workload, "allowed", row.allowed());
            workload.put("reason", row.reason().word());
            workload.put("detail", row.detail());
          }
          for (Finding finding : table.findings()) {
            ObjectNode found = findings.addObject();
            found.put("namespace", name);
            found.put("severity", finding.severity().name().toLowerCase(Locale.ROOT));
            found.put("reason", finding.reason());
            found.put("message", finding.message());
          }
        });
    return document;
  }

  private static void put(ObjectNode object, String field, int number) {
    if (number < 0) {
      object.putNull(field);
    } else {
      object.put(field, number);
    }
  }
}
