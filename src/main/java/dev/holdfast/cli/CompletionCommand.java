package dev.holdfast.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast completion}: a script for the shell. */
@Command(
    name = "completion",
    description = "Prints a script that completes holdfast's commands and options.",
    footer = {
      "",
      "Examples:",
      "  source <(holdfast completion bash)",
      "  source <(holdfast completion zsh)"
    })
final class CompletionCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
  private Shell shell;

  /** The shells that the script is for; it switches zsh to bash's completion itself. */
  enum Shell {
    bash,
    zsh
  }

  CompletionCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    terminal.out().print(AutoComplete.bash("holdfast", spec.root().commandLine()));
    return ExitCode.FINE;
  }
}
