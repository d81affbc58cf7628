package dev.holdfast.cli;

import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Finding;
import dev.holdfast.hardening.Outcome;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.RuleName;
import dev.holdfast.yaml.YamlWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast policy}: what is to be said about policies. */
@Command(name = "policy", description = "Checks, shows and explains policies.")
final class PolicyCommand {
  /** {@code holdfast policy validate}. */
  @Command(
      name = "validate",
      description = "Checks policy files; every problem is told with file, line and column.",
      footer = {
        "",
        "Example:",
        "  holdfast policy validate policies/*.yaml",
        "",
        "Exit codes: 0 all are good, 2 some are not."
      })
  static final class Validate implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Policy files.")
    private List<Path> files = new ArrayList<>();

    Validate(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InputException {
      List<String> problems = new ArrayList<>();
      for (Path file : files) {
        try {
          for (HardeningPolicy policy : EngineOptions.policies(file)) {
            terminal.out().println(file + ": " + policy.name() + " is good");
          }
        } catch (InputException e) {
          problems.add(e.getMessage());
        }
      }
      if (!problems.isEmpty()) {
        throw new InputException(problems);
      }
      return ExitCode.FINE;
    }
  }

  /** {@code holdfast policy show}. */
  @Command(
      name = "show",
      description = "Prints policies with everything that they leave to profile and defaults.",
      footer = {"", "Example:", "  holdfast policy show --profile full"})
  static final class Show implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin private EngineOptions engine;

    Show(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InputException {
      String separator = "";
      for (HardeningPolicy policy : engine.policies()) {
        terminal.out().print(separator + YamlWriter.write(PolicyLoader.document(policy)));
        separator = "---\n";
      }
      return ExitCode.FINE;
    }
  }

  /** {@code holdfast policy explain}. */
  @Command(
      name = "explain",
      description = "Says which policy applies to a pod, in which mode, and what each rule does.",
      footer = {
        "",
        "Example:",
        "  holdfast policy explain -n shop --pod deployment.yaml --policy policies.yaml"
      })
  static final class Explain implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin private EngineOptions engine;

    @Option(
        names = "--pod",
        required = true,
        paramLabel = "FILE",
        description = "A pod or workload; - for standard input.")
    private String pod;

    Explain(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InputException {
      List<HardenedPod> pods = engine.harden(Manifests.read(List.of(pod), terminal), terminal);
      if (pods.isEmpty()) {
        throw new InputException(pod + ": there is no pod or workload here");
      }
      for (HardenedPod hardened : pods) {
        explain(hardened);
      }
      return ExitCode.FINE;
    }

    private void explain(HardenedPod pod) {
      Outcome outcome = pod.outcome();
      terminal.out().println(pod.title());
      terminal
          .out()
          .println("  policy: " + (outcome.policy().isEmpty() ? "none" : outcome.policy()));
      terminal
          .out()
          .println(
              "  mode:   "
                  + outcome.mode().word().toLowerCase(Locale.ROOT)
                  + " ("
                  + outcome.why()
                  + ")");
      if (outcome.mode() != Mode.OFF) {
        for (RuleName rule : RuleName.values()) {
          explain(rule, outcome);
        }
      }
      for (Finding finding : outcome.findings()) {
        if (finding.rule().isEmpty()) {
          terminal.out().println("  " + finding.message());
        }
      }
    }

    private void explain(RuleName rule, Outcome outcome) {
      String mode = "off";
      if (outcome.enforced().contains(rule)) {
        mode = "enforce";
      } else if (outcome.audited().contains(rule)) {
        mode = "audit";
      }
      terminal.out().println("  " + rule.id() + ": " + mode);
      List<Edit> edits = new ArrayList<>(outcome.edits());
      edits.addAll(outcome.auditEdits());
      for (Edit edit : edits) {
        if (edit.rule() == rule) {
          terminal.out().println("    " + edit.path() + ": " + edit.reason());
        }
      }
      for (Finding finding : outcome.findings()) {
        if (finding.rule().filter(rule::equals).isPresent()) {
          terminal.out().println("    " + finding.message());
        }
      }
    }
  }
}
