package dev.holdfast.yaml;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.yaml.Node.Entry;

/**
 * One document of a YAML stream: its content as a JSON tree, and where in the text each value
 * stands. The tree is the caller's to read, not to change: values that the text repeats by an alias
 * are one and the same object in the tree.
 */
public final class YamlDocument {
  private final SourceText source;
  private final int start;
  private final int end;
  private final Node root;

  YamlDocument(SourceText source, int start, int end, Node root) {
    this.source = source;
    this.start = start;
    this.end = end;
    this.root = root;
  }

  /** The content; a {@code NullNode} for an empty document. */
  public JsonNode content() {
    return root.content();
  }

  /** Where the value at a JSON pointer starts; the nearest parent's place if there is none. */
  public Position position(String pointer) {
    return source.position(find(pointer, false));
  }

  /** Where the key of the member at a JSON pointer starts; as {@link #position} if it has none. */
  public Position keyPosition(String pointer) {
    return source.position(find(pointer, true));
  }

  /** The document's own text, separators ({@code ---}, {@code ...}) and comments included. */
  public String text() {
    return source.text().substring(start, end);
  }

  SourceText source() {
    return source;
  }

  int start() {
    return start;
  }

  int end() {
    return end;
  }

  Node root() {
    return root;
  }

  private int find(String pointer, boolean keys) {
    Node node = root;
    int key = root.start();
    int value = root.start();
    for (JsonPointer rest = pointer(pointer); !rest.matches(); rest = rest.tail()) {
      Node target = node.target();
      if (target instanceof Node.Mapping mapping) {
        Entry entry = entryOf(mapping, rest.getMatchingProperty());
        if (entry == null) {
          return value;
        }
        node = entry.value();
        key = entry.key().start();
      } else if (target instanceof Node.Sequence sequence) {
        int index = rest.getMatchingIndex();
        if (index < 0 || index >= sequence.items().size()) {
          return value;
        }
        node = sequence.items().get(index);
        key = node.start();
      } else {
        return value;
      }
      value = node.start();
    }
    return keys ? key : value;
  }

  /** The entry of a member, also if a merge brings it. */
  private static Entry entryOf(Node.Mapping mapping, String name) {
    Entry entry = mapping.entry(name);
    if (entry == null || !entry.merge()) {
      return entry;
    }
    Node merged = entry.value().target();
    if (merged instanceof Node.Mapping source) {
      return entryOf(source, name);
    }
    for (Node item : ((Node.Sequence) merged).items()) {
      Entry found = entryOf((Node.Mapping) item.target(), name);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  // a place is asked for to tell a user about it: no pointer is worth an exception then
  private static JsonPointer pointer(String pointer) {
    return pointer.isEmpty() || pointer.startsWith("/")
        ? JsonPointer.compile(pointer)
        : JsonPointer.empty();
  }
}
