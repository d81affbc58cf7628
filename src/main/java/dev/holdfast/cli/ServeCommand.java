package dev.holdfast.cli;

import dev.holdfast.admission.Server;
import dev.holdfast.policy.PolicyException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

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

  @Override
  public Integer call() throws InputException {
    try {
      return Server.run(Optional.ofNullable(policy));
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
