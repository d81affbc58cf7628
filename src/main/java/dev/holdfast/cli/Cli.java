package dev.holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line. Everything but {@code serve} runs without any server or framework. */
@Command(
    name = "holdfast",
    description = "Makes pods survive node drains, rolling updates and stop signals.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Cli.Version.class,
    footer = {
      "",
      "Examples:",
      "  holdfast harden -f deployment.yaml -o diff",
      "  holdfast audit -f manifests/",
      "  holdfast explain pre-stop",
      "  holdfast serve",
      "",
      "holdfast COMMAND --help tells more about a command.",
      "Exit codes: 0 fine, 1 findings (audit, certs), 2 bad usage or input."
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

  private static final int HELP_WIDTH = 100;

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
    int code;
    String[] words = withHelpAsOption(arguments);
    try {
      code = commandLine(terminal, words.length == 0 ? "" : words[0]).execute(words);
    } catch (OutOfMemoryError e) {
      terminal.err().println("holdfast: the memory of the JVM is too small; raise it with -Xmx");
      code = ExitCode.BAD_INPUT;
    }
    terminal.out().flush();
    terminal.err().flush();
    Optional<IOException> failure = terminal.out().failure();
    if (failure.isPresent()) {
      terminal
          .err()
          .println("holdfast: the output cannot be written: " + Manifests.reason(failure.get()));
      return ExitCode.BAD_INPUT;
    }
    return code;
  }

  /** {@code help harden} is what other programs make of {@code harden --help}. */
  private static String[] withHelpAsOption(String... arguments) {
    if (arguments.length == 0 || !arguments[0].equals("help")) {
      return arguments;
    }
    String[] words = Arrays.copyOfRange(arguments, 1, arguments.length + 1);
    words[words.length - 1] = "--help";
    return words;
  }

  /**
   * The commands.
   *
   * @param first the first argument: if it names a command, only that one is there
   */
  private static CommandLine commandLine(Terminal terminal, String first) {
    CommandLine line = new CommandLine(new Cli());
    Map<String, Supplier<Object>> commands = commands(terminal);
    if (commands.containsKey(first)) {
      // picocli takes a while to look at a command: nobody asks for the others
      commands.keySet().retainAll(Set.of(first));
    }
    commands.values().forEach(command -> line.addSubcommand(command.get()));
    return line.setColorScheme(colours(terminal.outStyle()))
        .setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8))
        .setUsageHelpWidth(HELP_WIDTH)
        .setExpandAtFiles(false)
        .setParameterExceptionHandler((misuse, args) -> misused(misuse, terminal))
        .setExecutionExceptionHandler((failure, command, result) -> failed(failure, terminal));
  }

  /** All commands, in the order of the help. */
  private static Map<String, Supplier<Object>> commands(Terminal terminal) {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("harden", () -> new HardenCommand(terminal));
    commands.put("audit", () -> new AuditCommand(terminal));
    commands.put(
        "policy",
        () ->
            new CommandLine(new PolicyCommand())
                .addSubcommand(new PolicyCommand.Validate(terminal))
                .addSubcommand(new PolicyCommand.Show(terminal))
                .addSubcommand(new PolicyCommand.Explain(terminal)));
    commands.put("explain", () -> new ExplainCommand(terminal));
    commands.put("disruption", () -> new DisruptionCommand(terminal));
    commands.put("serve", ServeCommand::new);
    commands.put(
        "cluster",
        () ->
            new CommandLine(new ClusterCommand())
                .addSubcommand(new ClusterCommand.UpdateCrd(terminal))
                .addSubcommand(new ClusterCommand.Unregister(terminal))
                .addSubcommand(new ClusterCommand.RemoveBudgets(terminal))
                .addSubcommand(new ClusterCommand.RemoveCrd(terminal)));
    commands.put(
        "certs",
        () ->
            new CommandLine(new CertsCommand())
                .addSubcommand(new CertsCommand.Generate(terminal, Clock.systemUTC()))
                .addSubcommand(new CertsCommand.Rotate(terminal, Clock.systemUTC()))
                .addSubcommand(new CertsCommand.Show(terminal, Clock.systemUTC()))
                .addSubcommand(new CertsCommand.Verify(terminal, Clock.systemUTC())));
    commands.put(
        "completion", () -> new CompletionCommand(terminal, () -> commandLine(terminal, "")));
    return commands;
  }

  private static Help.ColorScheme colours(Style style) {
    return Help.defaultColorScheme(style.coloured() ? Help.Ansi.ON : Help.Ansi.OFF);
  }

  private static int misused(ParameterException misuse, Terminal terminal) {
    CommandLine command = misuse.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    terminal.err().println(name + ": " + Style.plain(misuse.getMessage()));
    if (misuse instanceof UnmatchedArgumentException unmatched) {
      List<String> meant = unmatched.getSuggestions();
      if (!meant.isEmpty()) {
        terminal.err().println("Did you mean " + Style.plain(String.join(" or ", meant)) + "?");
      }
    }
    if (command.getSubcommands().isEmpty()) {
      terminal.err().println(name + " --help tells more.");
    } else {
      terminal.err().println();
      terminal.err().print(command.getUsageMessage(colours(terminal.errStyle())));
    }
    return ExitCode.BAD_INPUT;
  }

  private static int failed(Exception failure, Terminal terminal) {
    if (failure instanceof InputException) {
      terminal.err().println(failure.getMessage());
    } else if (failure instanceof ParameterException misuse) {
      return misused(misuse, terminal);
    } else {
      terminal.err().println("holdfast has a defect; please report this:");
      failure.printStackTrace(terminal.err());
    }
    return ExitCode.BAD_INPUT;
  }

  /** The version that the build wrote. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"holdfast " + text()};
    }

    /** For example {@code 0.1.0}. */
    static String text() {
      Properties build = new Properties();
      try (InputStream in = Cli.class.getResourceAsStream("version.properties")) {
        build.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return build.getProperty("version");
    }
  }
}
