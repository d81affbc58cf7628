package dev.holdfast.cli;

import dev.holdfast.cluster.Registration;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast cluster}: what the chart's Jobs do. */
@Command(
    name = "cluster",
    synopsisSubcommandLabel = "COMMAND",
    description = "Installs and uninstalls what Helm cannot; for the chart's Jobs.",
    footer = {
      "",
      "Examples:",
      "  holdfast cluster wait --timeout 60",
      "  holdfast cluster unregister holdfast"
    })
final class ClusterCommand {
  /** {@code holdfast cluster wait}. */
  @Command(
      name = "wait",
      description = "Waits until the cluster knows the custom resource HardeningPolicy.",
      footer = {
        "",
        "Needs no rights: every service account may ask which kinds of objects there are.",
        "",
        "Examples:",
        "  holdfast cluster wait",
        "  holdfast cluster wait --timeout 300",
        "",
        "Exit codes: 0 it does, 1 it did not in time, 2 bad usage or no cluster."
      })
  static final class Wait implements Callable<Integer> {
    private static final long LOOK_MILLISECONDS = 250;

    private final Terminal terminal;

    @Option(
        names = "--timeout",
        paramLabel = "SECONDS",
        defaultValue = "60",
        description = "How long; ${DEFAULT-VALUE} without it.")
    private int timeoutSeconds;

    Wait(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InputException, InterruptedException {
      try (Registration registration = open(terminal)) {
        long deadline = System.nanoTime() + Duration.ofSeconds(timeoutSeconds).toNanos();
        while (!registration.knowsPolicies()) {
          if (System.nanoTime() - deadline > 0) {
            terminal
                .err()
                .println(
                    "the cluster did not know HardeningPolicy within " + timeoutSeconds + " s");
            return ExitCode.FAILED;
          }
          TimeUnit.MILLISECONDS.sleep(LOOK_MILLISECONDS);
        }
        terminal.out().println("the cluster knows HardeningPolicy");
        return ExitCode.FINE;
      }
    }
  }

  /** {@code holdfast cluster unregister}. */
  @Command(
      name = "unregister",
      description = "Deletes webhook configurations, so that the API server asks nobody any more.",
      footer = {
        "",
        "What is not there is no error. Run it before Holdfast itself is deleted.",
        "",
        "Examples:",
        "  holdfast cluster unregister holdfast",
        "  holdfast cluster unregister holdfast --remove-budgets",
        "",
        "Exit codes: 0 done, 1 the cluster refused, 2 bad usage or no cluster."
      })
  static final class Unregister implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(
        arity = "1..*",
        paramLabel = "NAME",
        description = "Names of MutatingWebhookConfigurations and ValidatingWebhookConfigurations.")
    private List<String> names = List.of();

    @Option(
        names = "--remove-budgets",
        description = "Delete the disruption budgets that Holdfast made as well.")
    private boolean budgets;

    Unregister(Terminal terminal) {
      this.terminal = terminal;
    }

    @Override
    public Integer call() throws InputException {
      try (Registration registration = open(terminal)) {
        for (String name : names) {
          registration
              .removeConfigurations(name)
              .forEach(removed -> terminal.out().println(removed + " deleted"));
        }
        if (budgets) {
          terminal.out().println(registration.removeBudgets() + " disruption budgets deleted");
        }
        return ExitCode.FINE;
      } catch (Registration.RefusedException e) {
        terminal.err().println(Style.plain(e.getMessage()));
        return ExitCode.FAILED;
      }
    }
  }

  private static Registration open(Terminal terminal) throws InputException {
    try {
      return Registration.of(terminal.environment());
    } catch (RuntimeException e) {
      throw new InputException("the kubeconfig cannot be read: " + Style.plain(e.getMessage()));
    }
  }
}
