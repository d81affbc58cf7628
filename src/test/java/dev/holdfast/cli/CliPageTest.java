package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds docs/cli.md to the commands: what stands below {@code $ holdfast …} is what it prints.
 * {@code -Dholdfast.update=true} writes it anew.
 */
class CliPageTest {
  private static final Path PAGE = Path.of("docs/cli.md");
  private static final Pattern EXAMPLE =
      Pattern.compile("(?ms)^```console\n\\$ holdfast (.*?)\n(.*?)^```$");
  private static final Pattern FILE =
      Pattern.compile("(?ms)^<!-- file: (\\S+) -->\n\n```yaml\n(.*?)^```$");

  @TempDir private Path folder;

  private static String page() throws IOException {
    return Files.readString(PAGE);
  }

  private Map<String, String> files() throws IOException {
    Map<String, String> files = new TreeMap<>();
    Matcher file = FILE.matcher(page());
    while (file.find()) {
      files.put(file.group(1), file.group(2));
    }
    return files;
  }

  @Test
  void examples_print_what_the_page_shows() throws IOException {
    String page = page();

    String now =
        EXAMPLE
            .matcher(page)
            .replaceAll(
                match ->
                    Matcher.quoteReplacement(
                        "```console\n$ holdfast "
                            + match.group(1)
                            + "\n"
                            + printed(match.group(1))
                            + "```"));

    if (Boolean.getBoolean("holdfast.update")) {
      Files.writeString(PAGE, now);
    }
    assertThat(now).isEqualTo(page());
  }

  private String printed(String arguments) {
    try {
      List<String> words = new ArrayList<>();
      for (String word : arguments.split(" ")) {
        String text = files().get(word);
        words.add(text == null ? word : Files.writeString(folder.resolve(word), text).toString());
      }
      var result = Invocation.of(words.toArray(String[]::new));
      assertThat(result.code()).as(arguments).isIn(0, 1);
      return (result.out() + result.err())
          .replace("a" + folder + "/", "a/")
          .replace("b" + folder + "/", "b/")
          .replace(folder + "/", "");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static Stream<String> commands() {
    return CliTest.commands();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void the_help_of_every_command_is_on_the_page(String command) throws IOException {
    assertThat(page()).contains(("$ holdfast " + command).trim() + " --help\n");
  }

  @Test
  void every_way_to_print_is_explained() throws IOException {
    for (HardenCommand.Format format : HardenCommand.Format.values()) {
      assertThat(page()).contains("| `" + format + "`");
    }
    for (AuditReport.Format format : AuditReport.Format.values()) {
      assertThat(page()).containsPattern("\\| (`\\w+`, )?`" + format + "`");
    }
  }
}
