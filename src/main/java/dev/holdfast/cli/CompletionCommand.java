package dev.holdfast.cli;

import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

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
  private final Supplier<CommandLine> all;

  @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
  private Shell shell;

  /** The shells that the script is for; it switches zsh to bash's completion itself. */
  enum Shell {
    bash,
    zsh
  }

  /**
   * @param all makes the tree of all commands
   */
  CompletionCommand(Terminal terminal, Supplier<CommandLine> all) {
    this.terminal = terminal;
    this.all = all;
  }

  @Override
  public Integer call() {
    terminal.out().print(AutoComplete.bash("holdfast", all.get()));
    return ExitCode.FINE;
  }
}
