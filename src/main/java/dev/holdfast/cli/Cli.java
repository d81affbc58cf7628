package dev.holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line. Everything but {@code serve} runs without any server or framework. */
@Command(
    name = "holdfast",
    description = "Makes pods survive node drains, rolling updates and stop signals.",
    versionProvider = Cli.Version.class,
    footer = {
      "",
      "Examples:",
      "  holdfast harden -f deployment.yaml -o diff",
      "  holdfast audit -f manifests/",
      "  holdfast serve"
    })
public final class Cli {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print the version.")
  private boolean version;

  private Cli() {}

  /**
   * Runs a command.
   *
   * @param arguments as the user gave them
   * @return the exit code: 0 fine, 1 findings, 2 bad usage or input
   */
  public static int run(String... arguments) {
    return run(Terminal.ofProcess(), arguments);
  }

  static int run(Terminal terminal, String... arguments) {
    int code = commandLine(terminal).execute(arguments);
    terminal.out().flush();
    terminal.err().flush();
    return code;
  }

  static CommandLine commandLine(Terminal terminal) {
    CommandLine line =
        new CommandLine(new Cli())
            .addSubcommand(new HardenCommand(terminal))
            .addSubcommand(new AuditCommand(terminal))
            .addSubcommand(
                new CommandLine(new PolicyCommand())
                    .addSubcommand(new PolicyCommand.Validate(terminal))
                    .addSubcommand(new PolicyCommand.Show(terminal))
                    .addSubcommand(new PolicyCommand.Explain(terminal)))
            .addSubcommand(new ExplainCommand(terminal))
            .addSubcommand(new ServeCommand())
            .addSubcommand(new CompletionCommand(terminal));
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(terminal.colours() ? Ansi.ON : Ansi.OFF));
    line.setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8));
    line.setExecutionExceptionHandler(
        (failure, command, result) -> {
          if (failure instanceof InputException) {
            terminal.err().println(failure.getMessage());
          } else {
            terminal.err().println("holdfast has a defect; please report this:");
            failure.printStackTrace(terminal.err());
          }
          return ExitCode.BAD_INPUT;
        });
    return line;
  }

  /** The version that the build wrote. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      Properties build = new Properties();
      try (InputStream in = Cli.class.getResourceAsStream("version.properties")) {
        build.load(in);
      }
      return new String[] {"holdfast " + build.getProperty("version")};
    }
  }
}
