package dev.holdfast.cli;

import dev.holdfast.cluster.Registration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code holdfast cluster}: what the chart's Jobs do. */
@Command(
    name = "cluster",
    synopsisSubcommandLabel = "COMMAND",
    description = "Upgrades and removes what Helm cannot; for the chart's Jobs.",
    footer = {
      "",
      "Examples:",
      "  holdfast cluster update-crd",
      "  holdfast cluster unregister holdfast",
      "  holdfast cluster remove-budgets"
    })
final class ClusterCommand {
  /** A command that asks the cluster for something, and says what it refuses. */
  private abstract static class Asking implements Callable<Integer> {
    private final Terminal terminal;

    Asking(Terminal terminal) {
      this.terminal = terminal;
    }

    abstract void ask(Registration registration, Output out) throws Registration.RefusedException;

    @Override
    public final Integer call() throws InputException {
      try (Registration registration = open(terminal)) {
        ask(registration, terminal.out());
        return ExitCode.FINE;
      } catch (Registration.RefusedException e) {
        terminal.err().println(Style.plain(e.getMessage()));
        return ExitCode.FAILED;
      }
    }
  }

  /** {@code holdfast cluster update-crd}. */
  @Command(
      name = "update-crd",
      description = "Brings the custom resource HardeningPolicy of the cluster up to this version.",
      footer = {
        "",
        "It must be there: Helm, or kubectl apply, installs it.",
        "",
        "Examples:",
        "  holdfast cluster update-crd",
        "",
        "Exit codes: 0 done, 1 the cluster refused, 2 bad usage or no cluster."
      })
  static final class UpdateCrd extends Asking {
    UpdateCrd(Terminal terminal) {
      super(terminal);
    }

    @Override
    void ask(Registration registration, Output out) throws Registration.RefusedException {
      boolean changed = registration.updateDefinition();
      out.println(
          "customresourcedefinition/" + Registration.CRD + (changed ? " updated" : " unchanged"));
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
        "",
        "Exit codes: 0 done, 1 the cluster refused, 2 bad usage or no cluster."
      })
  static final class Unregister extends Asking {
    @Parameters(
        arity = "1..*",
        paramLabel = "NAME",
        description = "Names of MutatingWebhookConfigurations and ValidatingWebhookConfigurations.")
    private List<String> names = List.of();

    Unregister(Terminal terminal) {
      super(terminal);
    }

    @Override
    void ask(Registration registration, Output out) throws Registration.RefusedException {
      for (String name : names) {
        registration
            .removeConfigurations(name)
            .forEach(removed -> out.println(removed + " deleted"));
      }
    }
  }

  /** {@code holdfast cluster remove-budgets}. */
  @Command(
      name = "remove-budgets",
      description = "Deletes the disruption budgets that Holdfast made, in all namespaces.",
      footer = {
        "",
        "Run it when Holdfast itself is gone: as long as a controller runs, it makes them anew.",
        "",
        "Examples:",
        "  holdfast cluster remove-budgets",
        "",
        "Exit codes: 0 done, 1 the cluster refused, 2 bad usage or no cluster."
      })
  static final class RemoveBudgets extends Asking {
    RemoveBudgets(Terminal terminal) {
      super(terminal);
    }

    @Override
    void ask(Registration registration, Output out) throws Registration.RefusedException {
      out.println(registration.removeBudgets() + " disruption budgets deleted");
    }
  }

  /** {@code holdfast cluster remove-crd}. */
  @Command(
      name = "remove-crd",
      description = "Deletes the custom resource HardeningPolicy, and with it all policies.",
      footer = {
        "",
        "Run it when Holdfast itself is gone: without policies, a controller withdraws its budgets.",
        "",
        "Examples:",
        "  holdfast cluster remove-crd",
        "",
        "Exit codes: 0 done, 1 the cluster refused, 2 bad usage or no cluster."
      })
  static final class RemoveCrd extends Asking {
    RemoveCrd(Terminal terminal) {
      super(terminal);
    }

    @Override
    void ask(Registration registration, Output out) throws Registration.RefusedException {
      if (registration.removeDefinition()) {
        out.println("customresourcedefinition/" + Registration.CRD + " deleted");
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
