package dev.holdfast.cli;

import dev.holdfast.policy.RuleName;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code holdfast explain}: a rule's documentation page. */
@Command(
    name = "explain",
    description = "Prints the page of a rule: what it does, why, and how to change it.",
    footer = {"", "Examples:", "  holdfast explain", "  holdfast explain pre-stop"})
final class ExplainCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Parameters(
      arity = "0..1",
      paramLabel = "RULE",
      description = "A rule's name; without one, all rules are listed.")
  private String rule;

  ExplainCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InputException {
    if (rule == null) {
      for (RuleName name : RuleName.values()) {
        if (ExplainCommand.class.getResource(resource(name)) != null) {
          terminal.out().println(name.id() + "  " + name.documentation());
        }
      }
      return ExitCode.FINE;
    }
    terminal.out().print(page(RuleName.of(rule).orElseThrow(this::unknown)));
    return ExitCode.FINE;
  }

  private InputException unknown() {
    List<String> names = new ArrayList<>();
    for (RuleName name : RuleName.values()) {
      names.add(name.id());
    }
    return new InputException(
        "no rule is named \"" + rule + "\"; expected " + String.join(", ", names));
  }

  private static String resource(RuleName name) {
    return "/dev/holdfast/rules/" + name.id() + ".md";
  }

  private static String page(RuleName name) throws InputException {
    try (InputStream in = ExplainCommand.class.getResourceAsStream(resource(name))) {
      if (in == null) {
        throw new InputException("the rule " + name.id() + " is not in this version");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
