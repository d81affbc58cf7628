package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One document of a YAML stream: its content as a JSON tree, and where in the text each value
 * stands. The tree is the caller's to read, not to change.
 */
public interface YamlDocument {
  /** The content; a {@code NullNode} for an empty document. */
  JsonNode content();

  /** Where the value at a JSON pointer starts; the nearest parent's place if there is none. */
  Position position(String pointer);

  /** Where the key of the member at a JSON pointer starts; as {@link #position} if it has none. */
  Position keyPosition(String pointer);

  /** The document's own text, separators ({@code ---}, {@code ...}) and comments included. */
  String text();
}
