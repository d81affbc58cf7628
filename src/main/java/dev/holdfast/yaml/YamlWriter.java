package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Writes a JSON tree as block-style YAML, in the tree's own order, laid out as kubectl does. What
 * it writes reads back as the same tree, by readers of YAML 1.1 and 1.2. Thread-safe.
 */
public final class YamlWriter {
  private static final Layout KUBECTL = new Layout(2, 0, "\n", true);

  private YamlWriter() {}

  /** The document without a leading separator, ending in a line break. */
  public static String write(JsonNode content) {
    return new BlockWriter(KUBECTL).value(0, content, Quoting.AS_NEEDED) + "\n";
  }
}
