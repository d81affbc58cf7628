package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;

/** Writes a JSON tree as block-style YAML, in the tree's own order. Thread-safe. */
public final class YamlWriter {
  private YamlWriter() {}

  /** The document without a leading separator, ending in a line break. */
  public static String write(JsonNode content) {
    throw new UnsupportedOperationException(content.toString());
  }
}
