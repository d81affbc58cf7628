package dev.holdfast.cli;

import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.policy.Nearest;
import dev.holdfast.policy.RuleName;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code holdfast explain}: a rule's documentation page. */
@Command(
    name = "explain",
    description = "Prints the page of a rule: what it does, why, and how to change it.",
    footer = {"", "Examples:", "  holdfast explain", "  holdfast explain pre-stop"})
final class ExplainCommand implements Callable<Integer> {
  private static final Pattern LINK = Pattern.compile("\\[([^]]+)]\\([^):]+\\)");
  private static final Pattern FRONT_MATTER = Pattern.compile("\\A---\n.*?\n---\n", Pattern.DOTALL);

  /** Of the column of names. */
  private static final int WIDTH = 20;

  private final Terminal terminal;

  @Parameters(
      arity = "0..1",
      paramLabel = "RULE",
      completionCandidates = RuleNames.class,
      description = "A rule's name; without one, all rules are listed.")
  private String rule;

  /** The rules that have a page. */
  private static final class RuleNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return named().map(RuleName::id).iterator();
    }
  }

  ExplainCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InputException {
    if (rule == null) {
      list();
    } else {
      terminal.out().print(page(RuleName.of(rule).orElseThrow(this::unknown)));
    }
    return ExitCode.FINE;
  }

  private void list() {
    Style style = terminal.outStyle();
    named()
        .forEach(
            name -> {
              String padding = " ".repeat(WIDTH - name.id().length());
              terminal.out().println(style.bold(name.id()) + padding + RuleSummaries.of(name));
            });
  }

  /** The engine's rules in the order they run, then the controller's. */
  private static Stream<RuleName> named() {
    return Stream.concat(Rules.ALL.stream().map(Rule::name), Stream.of(RuleName.DISRUPTION_BUDGET));
  }

  private InputException unknown() {
    List<String> names = named().map(RuleName::id).toList();
    String instead =
        Nearest.of(rule, names)
            .map(nearest -> "did you mean " + nearest + "?")
            .orElse("expected " + String.join(", ", names));
    return new InputException("no rule is named \"" + Style.plain(rule) + "\"; " + instead);
  }

  /** The page from docs/rules, which the build packs. */
  private String page(RuleName name) throws InputException {
    String resource = "/dev/holdfast/rules/" + name.id() + ".md";
    try (InputStream in = ExplainCommand.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new InputException("the rule " + name.id() + " is not in this version");
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return styled(FRONT_MATTER.matcher(text).replaceFirst(""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A terminal follows no relative link: what is left is its text. */
  private static String withoutLinks(String line) {
    return LINK.matcher(line).replaceAll("$1");
  }

  private String styled(String page) {
    Style style = terminal.outStyle();
    StringBuilder styled = new StringBuilder();
    page.lines()
        .filter(line -> !line.startsWith("<!--"))
        .forEach(
            line ->
                styled
                    .append(line.startsWith("#") ? style.bold(line) : withoutLinks(line))
                    .append('\n'));
    return styled.toString();
  }
}
