package dev.holdfast.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Which files a command reads. */
final class FileOptions {
  @Option(
      names = {"-f", "--filename"},
      arity = "1..*",
      paramLabel = "FILE|DIR|-",
      description =
          "Manifests: files, directories with all *.yaml, *.yml and *.json below them, or - for"
              + " standard input, which is read without -f too, unless it is a terminal.")
  private List<String> names = new ArrayList<>();

  List<String> names() {
    return names;
  }
}
