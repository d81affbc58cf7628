package dev.holdfast.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.yaml.snakeyaml.Yaml;

/** A Markdown file of the documentation, as the tests need to see it. */
record Page(Path file, String text) {
  private static final Pattern FRONT_MATTER =
      Pattern.compile("\\A---\n(.*?)\n---\n", Pattern.DOTALL);
  private static final Pattern HEADING = Pattern.compile("^#{1,6} (.+)$", Pattern.MULTILINE);
  private static final Pattern FENCE =
      Pattern.compile("^```.*?^```$", Pattern.MULTILINE | Pattern.DOTALL);

  // A marker, a blank line, and below it the block that is made from it.
  private static final Pattern QUOTE =
      Pattern.compile(
          "^<!-- (golden|answer): (.+?) -->\n(?:\n?```\\w*\n.*?^```\n)?",
          Pattern.MULTILINE | Pattern.DOTALL);

  static Page read(Path file) {
    try {
      return new Page(file, Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** README.md and all of docs/. */
  static List<Page> all() {
    try (Stream<Path> files = Files.walk(Path.of("docs"))) {
      return Stream.concat(Stream.of(Path.of("README.md")), files.sorted())
          .filter(file -> file.toString().endsWith(".md"))
          .map(Page::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Map<String, Object> frontMatter() {
    Matcher matcher = FRONT_MATTER.matcher(text);
    if (!matcher.find()) {
      throw new AssertionError(file + " has no front matter");
    }
    return new Yaml().load(matcher.group(1));
  }

  /** Headings, in order, without those inside code. */
  List<String> headings() {
    List<String> headings = new ArrayList<>();
    Matcher matcher = HEADING.matcher(withoutCode());
    while (matcher.find()) {
      headings.add(matcher.group(1).strip());
    }
    return headings;
  }

  String withoutCode() {
    return FENCE.matcher(text).replaceAll("");
  }

  /** First cells of the table below "## Findings…", without backquotes. */
  Set<String> explainedReasons() {
    Set<String> reasons = new TreeSet<>();
    String findings = text.substring(Math.max(0, text.indexOf("\n## Findings")));
    Matcher row = Pattern.compile("^\\| `([a-z-]+)` \\|", Pattern.MULTILINE).matcher(findings);
    while (row.find()) {
      reasons.add(row.group(1));
    }
    return reasons;
  }

  /** Code blocks of a language, in order. */
  List<String> code(String language) {
    List<String> blocks = new ArrayList<>();
    Matcher matcher =
        Pattern.compile("^```" + language + "\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL)
            .matcher(text);
    while (matcher.find()) {
      blocks.add(matcher.group(1));
    }
    return blocks;
  }

  /** Makes the block below every marker of a kind anew. */
  String withQuotes(String kind, UnaryOperator<String> block) {
    return QUOTE
        .matcher(text)
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    match.group(1).equals(kind)
                        ? "<!-- "
                            + kind
                            + ": "
                            + match.group(2)
                            + " -->\n"
                            + block.apply(match.group(2))
                        : match.group()));
  }
}
