package dev.holdfast.cli;

import java.util.List;

/** Prints files one after the other, so that they are one YAML stream. */
final class YamlJoiner {
  private final Output out;
  private final boolean several;
  private String last = "";

  /**
   * @param several whether there are more files than one; a single one is printed as it is
   */
  YamlJoiner(Output out, boolean several) {
    this.out = out;
    this.several = several;
  }

  /** Prints the documents of a file. */
  void add(List<String> documents) {
    for (int i = 0; i < documents.size(); i++) {
      boolean startsFile = i == 0;
      String document = documents.get(i);
      if (several && startsFile && document.startsWith("\uFEFF") && !last.isEmpty()) {
        document = document.substring(1); // allowed at the start of a stream only
      }
      if (several && !last.isEmpty() && (startsFile || startsJson(document))) {
        separate(document);
      }
      out.print(document);
      last = document.isEmpty() ? last : document;
    }
  }

  private void separate(String next) {
    if (!last.endsWith("\n")) {
      out.print("\n");
    }
    String first = HardenedFile.firstLine(next);
    if (first.startsWith("%")) {
      out.print("...\n"); // what follows are directives, not content
    } else if (!first.startsWith("---")) {
      out.print("---\n");
    }
  }

  /** JSON documents need nothing between them, YAML documents do. */
  private static boolean startsJson(String document) {
    return document.stripLeading().startsWith("{") || document.stripLeading().startsWith("[");
  }
}
