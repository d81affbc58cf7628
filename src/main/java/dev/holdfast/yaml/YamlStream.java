package dev.holdfast.yaml;

import java.util.List;

/** Reads YAML (and JSON, which is YAML) of one or more documents. Thread-safe. */
public final class YamlStream {
  private YamlStream() {}

  /**
   * Reads every document of a text. The texts of the documents, put together, are the whole text.
   *
   * @param source the name of the file, for messages
   * @param bytes UTF-8, with or without a byte order mark
   * @throws YamlException for invalid UTF-8, bad syntax, duplicate keys, keys that are no scalars,
   *     nesting, aliases or sizes beyond what a manifest has any use for
   */
  public static List<YamlDocument> parse(String source, byte[] bytes) throws YamlException {
    throw new UnsupportedOperationException(source + bytes.length);
  }
}
