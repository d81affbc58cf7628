package dev.holdfast.cli;

import dev.holdfast.admission.Server;
import dev.holdfast.cluster.Role;
import dev.holdfast.policy.PolicyException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code holdfast serve}: the webhook. */
@Command(
    name = "serve",
    description = "Serves the admission webhook over HTTPS until it is told to stop.",
    footer = {
      "",
      "Ports, certificates and times are set by properties and environment variables; see",
      "https://holdfast.dev/reference/configuration.",
      "",
      "Examples:",
      "  holdfast serve --policy policies.yaml",
      "  holdfast serve --role webhook",
      "  QUARKUS_HTTP_SSL_PORT=9443 holdfast serve",
      "",
      "Exit codes: 0 stopped by a signal, 1 could not start, 2 bad usage or a bad policy file."
    })
final class ServeCommand implements Callable<Integer> {
  @Option(
      names = "--policy",
      paramLabel = "FILE",
      description = "HardeningPolicies to serve; read again when the file changes.")
  private Path policy;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      converter = RoleConverter.class,
      completionCandidates = RoleNames.class,
      description = {
        "Work for the cluster of the kubeconfig or of this pod:",
        "webhook: answer reviews;",
        "controller: write what is to be written, while leading;",
        "all: both."
      })
  private Role role;

  /** The roles as they are written. */
  private static final class RoleNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return List.of("webhook", "controller", "all").iterator();
    }
  }

  private static final class RoleConverter implements ITypeConverter<Role> {
    @Override
    public Role convert(String value) {
      try {
        return Role.valueOf(value.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("expected webhook, controller or all");
      }
    }
  }

  @Override
  public Integer call() throws InputException {
    try {
      return Server.run(Optional.ofNullable(policy), Optional.ofNullable(role));
    } catch (PolicyException e) {
      throw new InputException(
          e.problems().stream().map(problem -> Style.plain(problem.toString())).toList());
    } catch (IllegalStateException e) {
      // Straight to the process's own: the server's log is closed by now.
      System.err.println(e.getMessage());
      return ExitCode.NOT_STARTED;
    }
  }
}
