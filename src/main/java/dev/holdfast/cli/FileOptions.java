package dev.holdfast.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Which files a command reads. */
final class FileOptions {
  @Option(
      names = {"-f", "--filename"},
      paramLabel = "FILE|DIR|-",
      description = {
        "Manifests: a file, a directory with all below it, or - for standard input.",
        "May be given again; without it, standard input is read."
      })
  private List<String> names = new ArrayList<>();

  List<String> names() {
    return names;
  }
}
