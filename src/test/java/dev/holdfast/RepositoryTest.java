package dev.holdfast;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the repository holds besides code: its top level, and pages whose links lead somewhere. */
class RepositoryTest {

  private static final Path ROOT = Path.of("").toAbsolutePath();

  // `target` is never committed; files whose names start with a dot configure tools
  private static final Set<String> TOP_LEVEL =
      Set.of(
          "pom.xml",
          "mvnw",
          "mvnw.cmd",
          "README.md",
          "LICENSE",
          "src",
          "docs",
          "charts",
          "deploy",
          "certs-generator",
          "target");

  private static final Pattern FENCED = Pattern.compile("(?ms)^ *(```+|~~~+).*?^ *\\1 *$");
  private static final Pattern COMMENT = Pattern.compile("(?s)<!--.*?-->");
  private static final Pattern CODE = Pattern.compile("(`+)[^`].*?\\1");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *#*$");
  private static final Pattern NAMED = Pattern.compile("<[^>]*\\b(?:id|name)=\"([^\"]+)\"");
  private static final Pattern LINK =
      Pattern.compile(
          "\\]\\(<?([^)\\s>]+)>?(?:\\s+\"[^\"]*\")?\\)"
              + "|^ {0,3}\\[[^\\]]+\\]: *(\\S+)"
              + "|<(?:img|a|source)\\b[^>]*\\b(?:src|href|srcset)=\"([^\"\\s]+)",
          Pattern.MULTILINE);
  private static final Pattern ELSEWHERE = Pattern.compile("[a-z][a-z0-9+.-]*:.*");

  @Test
  void top_level_holds_only_what_people_look_for() throws IOException {
    try (Stream<Path> entries = Files.list(ROOT)) {
      assertThat(entries.map(entry -> entry.getFileName().toString()))
          .filteredOn(name -> !name.startsWith("."))
          .isSubsetOf(TOP_LEVEL);
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void links_lead_to_files_and_headings_that_exist(Path page) throws IOException {
    List<String> broken = new ArrayList<>();
    Matcher link = LINK.matcher(prose(page));
    while (link.find()) {
      String target = Stream.of(1, 2, 3).map(link::group).filter(g -> g != null).findAny().get();
      if (!ELSEWHERE.matcher(target).matches() && !exists(page, target)) {
        broken.add(target);
      }
    }
    assertThat(broken).as("broken links of %s", ROOT.relativize(page)).isEmpty();
  }

  private static boolean exists(Path page, String target) throws IOException {
    String[] parts = target.split("#", 2);
    Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
    if (!file.startsWith(ROOT) || !Files.exists(file)) {
      return false;
    }
    return parts.length == 1 || !isPage(file) || anchors(file).contains(parts[1]);
  }

  /** The anchors that GitHub makes of headings, and those written out. */
  private static Set<String> anchors(Path page) throws IOException {
    String text = FENCED.matcher(Files.readString(page)).replaceAll("");
    Set<String> anchors = new HashSet<>();
    Map<String, Integer> seen = new HashMap<>();
    Matcher heading = HEADING.matcher(text);
    while (heading.find()) {
      String slug =
          heading
              .group(1)
              .replaceAll("!?\\[([^\\]]*)\\]\\([^)]*\\)", "$1")
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^\\p{L}\\p{N}\\-_ ]", "")
              .replace(' ', '-');
      int earlier = seen.merge(slug, 1, Integer::sum) - 1;
      anchors.add(earlier == 0 ? slug : slug + "-" + earlier);
    }
    Matcher named = NAMED.matcher(text);
    while (named.find()) {
      anchors.add(named.group(1));
    }
    return anchors;
  }

  private static String prose(Path page) throws IOException {
    String text = Files.readString(page);
    for (Pattern notProse : List.of(FENCED, COMMENT, CODE)) {
      text = notProse.matcher(text).replaceAll("");
    }
    return text;
  }

  private static boolean isPage(Path file) {
    return file.toString().endsWith(".md");
  }

  static List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
      return Stream.concat(
              Stream.of(ROOT.resolve("README.md")), docs.filter(RepositoryTest::isPage))
          .sorted()
          .toList();
    }
  }
}
