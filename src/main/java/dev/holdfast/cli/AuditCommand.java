package dev.holdfast.cli;

import dev.holdfast.hardening.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code holdfast audit}: what is to be said about manifests, without changing them. */
@Command(
    name = "audit",
    description = "Prints findings, and what hardening would change.",
    footer = {
      "",
      "What would change counts as a warning, the disruption budget that a workload gets as info.",
      "Every line says where, and which rule explains it.",
      "",
      "Examples:",
      "  holdfast audit -f manifests/",
      "  helm template my-release my-chart | holdfast audit --fail-on never",
      "  holdfast audit -f manifests/ -o sarif > holdfast.sarif",
      "",
      "Exit codes: 0 clean, 1 findings at or above --fail-on, 2 bad usage or input."
    })
final class AuditCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private FileOptions files;
  @Mixin private EngineOptions engine;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table, json, yaml, sarif (2.1.0) or github (default: ${DEFAULT-VALUE}).")
  private AuditReport.Format output;

  @Option(
      names = "--fail-on",
      paramLabel = "SEVERITY",
      defaultValue = "warning",
      description = "info, warning, error or never (default: ${DEFAULT-VALUE}).")
  private FailOn failOn;

  /** From which severity on findings make the command fail. */
  enum FailOn {
    info,
    warning,
    error,
    never;

    boolean isReached(Severity severity) {
      return this != never && severity.ordinal() >= ordinal();
    }
  }

  AuditCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InputException {
    Manifests manifests = Manifests.read(files.names(), terminal);
    List<HardenedPod> pods = new ArrayList<>();
    List<AuditEntry> entries = new ArrayList<>();
    for (HardenedFile file : engine.harden(manifests.files(), terminal)) {
      pods.addAll(file.pods());
      entries.addAll(entries(file));
    }
    manifests.problems().forEach(terminal.err()::println);
    if (pods.isEmpty() && manifests.problems().isEmpty()) {
      // A pipe whose first program has failed looks like this, too.
      terminal.err().println("holdfast audit: no pods and no pod templates in the input");
    }
    terminal.out().print(AuditReport.of(output, entries, pods.size(), terminal.outStyle()));
    if (!manifests.problems().isEmpty()) {
      return ExitCode.BAD_INPUT;
    }
    return entries.stream().anyMatch(entry -> failOn.isReached(entry.severity()))
        ? ExitCode.FINDINGS
        : ExitCode.FINE;
  }

  /** Object by object: what is to be said of its pods, then of its disruption budget. */
  private List<AuditEntry> entries(HardenedFile file) {
    List<AuditEntry> entries = new ArrayList<>();
    List<FileBudgets.Budgeted> left = new ArrayList<>(file.budgeted());
    for (HardenedPod pod : file.pods()) {
      entries.addAll(AuditEntry.of(pod));
      for (FileBudgets.Budgeted budgeted : file.budgeted()) {
        if (budgeted.object() == pod.object()) {
          entries.addAll(AuditEntry.of(budgeted, pod.namespace()));
          left.remove(budgeted);
        }
      }
    }
    left.forEach(
        budgeted ->
            entries.addAll(
                AuditEntry.of(budgeted, budgeted.object().namespace(engine.namespace()))));
    return entries;
  }
}
