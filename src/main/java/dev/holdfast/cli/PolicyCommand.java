package dev.holdfast.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.AskedCluster;
import dev.holdfast.hardening.Explanation;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.yaml.YamlWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast policy}: what is to be said about policies. */
@Command(
    name = "policy",
    synopsisSubcommandLabel = "COMMAND",
    description = "Checks, shows and explains policies.",
    footer = {
      "",
      "Examples:",
      "  holdfast policy validate policy.yaml",
      "  holdfast policy show --profile full",
      "  holdfast policy explain -n shop --pod deployment.yaml --policy policy.yaml"
    })
final class PolicyCommand {
  /** {@code holdfast policy validate}. */
  @Command(
      name = "validate",
      description = "Checks policy files; every problem is told with file, line and column.",
      footer = {
        "",
        "Examples:",
        "  holdfast policy validate policy.yaml",
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
          for (HardeningPolicy policy : PolicyOptions.policies(List.of(file))) {
            terminal
                .out()
                .println(Style.plain(file.toString()) + ": " + policy.name() + " is good");
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
      footer = {
        "",
        "Examples:",
        "  holdfast policy show --profile full",
        "  holdfast policy show --policy policies.yaml -o json"
      })
  static final class Show implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin private PolicyOptions policies;

    @Option(
        names = {"-o", "--output"},
        paramLabel = "FORMAT",
        defaultValue = "yaml",
        description = "yaml or json (default: ${DEFAULT-VALUE}).")
    private Format output;

    /** What is printed. */
    enum Format {
      yaml,
      json
    }

    Show(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InputException {
      String separator = "";
      for (HardeningPolicy policy : policies.policies()) {
        ObjectNode document = PolicyLoader.document(policy);
        if (output == Format.json) {
          terminal.out().print(Json.pretty(document));
        } else {
          terminal.out().print(separator + YamlWriter.write(document));
          separator = "---\n";
        }
      }
      return ExitCode.FINE;
    }
  }

  /** {@code holdfast policy explain}. */
  @Command(
      name = "explain",
      description = {
        "Says which policy and which rules apply to a pod, and why.",
        "Also which of the pod's annotations count.",
        "Where KUBECONFIG names a file, or inside a pod, the cluster says which policies there are",
        "and how the namespace is labelled, as it does for the webhook; --policy, --profile and",
        "--namespace-labels win."
      },
      footer = {
        "",
        "Examples:",
        "  holdfast policy explain -n shop --pod deployment.yaml",
        "  holdfast policy explain -n shop --pod deployment.yaml --policy policies.yaml",
        "  holdfast policy explain --pod pod.yaml --namespace-labels holdfast.dev/mode=audit"
      })
  static final class Explain implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin private EngineOptions engine;

    @Option(
        names = "--pod",
        required = true,
        paramLabel = "FILE|-",
        description = "Pods or workloads; - for standard input.")
    private String file;

    @Option(
        names = "--cluster",
        negatable = true,
        fallbackValue = "true",
        description = {
          "Ask the cluster that kubectl would ask, or --no-cluster: none.",
          "Without it: the one of KUBECONFIG or of this pod, unless policies are named."
        })
    private Boolean asksCluster;

    Explain(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InputException {
      Manifests manifests = Manifests.read(List.of(file), terminal);
      if (!manifests.problems().isEmpty()) {
        throw new InputException(manifests.problems());
      }
      boolean asks =
          asksCluster != null
              ? asksCluster
              : !engine.namePolicies() && AskedCluster.isNamed(terminal.environment());
      if (!asks) {
        print(engine.explain(manifests.files(), terminal, Optional.empty()));
        return ExitCode.FINE;
      }
      try (AskedCluster cluster = AskedCluster.ask(terminal.environment())) {
        List<EngineOptions.Explained> pods =
            engine.explain(manifests.files(), terminal, Optional.of(cluster));
        print(cluster);
        print(pods);
      } catch (AskedCluster.UnreachableException e) {
        throw new InputException(Style.plain(e.getMessage()) + "; --no-cluster does without");
      }
      return ExitCode.FINE;
    }

    /** What was asked, and what it could not say. */
    private void print(AskedCluster cluster) {
      line("cluster " + Style.plain(cluster.url()));
      cluster
          .problems()
          .forEach((kind, problem) -> line("  not known: " + kind + ": " + Style.plain(problem)));
      cluster
          .badPolicies()
          .forEach(
              (name, problem) ->
                  line("  not used: HardeningPolicy " + Style.plain(name + ": " + problem)));
      line("");
    }

    private void print(List<EngineOptions.Explained> pods) throws InputException {
      if (pods.isEmpty()) {
        throw new InputException(Style.plain(file) + ": there is no pod or workload here");
      }
      String separator = "";
      for (EngineOptions.Explained pod : pods) {
        terminal.out().print(separator);
        separator = "\n";
        print(pod.title(), pod.explanation());
      }
    }

    private void print(String title, Explanation explanation) {
      Style style = terminal.outStyle();
      line(style.bold(title));
      line("  policy: " + explanation.policy().map(HardeningPolicy::name).orElse("none"));
      line("  mode:   " + explanation.mode().word() + ": " + Style.plain(explanation.why()));
      heading("rules", explanation.rules());
      for (Explanation.RuleDecision rule : explanation.rules()) {
        String mode = padded(rule.mode().word(), 9);
        line(
            "    "
                + padded(rule.rule().id(), 19)
                + (rule.mode() == Mode.OFF ? style.faint(mode) : style.green(mode))
                + rule.why());
      }
      heading("annotations", explanation.annotations().keySet());
      explanation
          .annotations()
          .forEach((key, value) -> line("    " + Style.plain(key + ": " + value)));
      heading("not followed", explanation.problems());
      for (PodOverrides.Problem problem : explanation.problems()) {
        line("    " + Style.plain(problem.key() + ": " + problem.value() + ": " + problem.hint()));
      }
    }

    private void heading(String heading, Collection<?> below) {
      if (!below.isEmpty()) {
        line("  " + heading + ":");
      }
    }

    private static String padded(String text, int width) {
      return text + " ".repeat(Math.max(0, width - text.length()));
    }

    private void line(String line) {
      terminal.out().println(line);
    }
  }
}
