package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.yaml.Node.Entry;
import dev.holdfast.yaml.Node.Weight;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes nodes and their content, and refuses what no manifest can mean. */
final class NodeBuilder {
  /** Fewer than Jackson writes (1,000), far more than any Kubernetes schema has (about 60). */
  static final int MAX_DEPTH = 500;

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final SourceText source;

  NodeBuilder(SourceText source) {
    this.source = source;
  }

  /** Call it before going into a collection; {@code depth} counts the collections around it. */
  void checkDepth(int start, int depth) throws YamlException {
    if (depth >= MAX_DEPTH) {
      throw source.error(start, "nested more than " + MAX_DEPTH + " levels deep");
    }
  }

  Node.Scalar scalar(
      int start, int end, boolean decorated, JsonNode content, char style, int length)
      throws YamlException {
    if (style == '"' && content.isTextual() && hasLoneSurrogate(content.textValue())) {
      throw source.error(start, "half of a \\u surrogate pair: this text is no Unicode");
    }
    return new Node.Scalar(start, end, decorated, content, style, length);
  }

  Node.Sequence sequence(int start, int end, boolean decorated, boolean flow, List<Node> items) {
    ArrayNode content = new ArrayNode(NODES, items.size());
    int depth = 0;
    long characters = 1;
    int contentEnd = end;
    for (Node item : items) {
      content.add(item.content());
      depth = Math.max(depth, item.weight().depth());
      characters += item.weight().characters();
      contentEnd = item.end();
    }
    Weight weight = new Weight(depth + 1, characters);
    return new Node.Sequence(
        start, flow ? end : contentEnd, decorated, content, weight, flow, List.copyOf(items));
  }

  Node.Mapping mapping(int start, int end, boolean decorated, boolean flow, List<Entry> entries)
      throws YamlException {
    ObjectNode content = new ObjectNode(NODES);
    Set<String> names = new HashSet<>();
    int depth = 0;
    long characters = 1;
    int contentEnd = end;
    for (Entry entry : entries) {
      Node value = entry.value();
      if (entry.merge()) {
        merge(value, content);
      } else if (names.add(entry.name())) {
        content.set(entry.name(), value.content());
      } else {
        throw source.error(
            entry.key().start(), "the key '" + Plain.words(entry.name()) + "' is there twice");
      }
      depth = Math.max(depth, value.weight().depth());
      characters += entry.key().weight().characters() + value.weight().characters();
      contentEnd = Math.max(entry.key().end(), value.end());
    }
    Weight weight = new Weight(depth + 1, characters);
    return new Node.Mapping(
        start, flow ? end : contentEnd, decorated, content, weight, flow, List.copyOf(entries));
  }

  /** The name that a key makes: kubectl turns numbers and booleans into text. */
  String name(Node key) throws YamlException {
    JsonNode content = key.content();
    if (content.isContainerNode()) {
      throw source.error(key.start(), "a key must be plain text, not a list or a mapping");
    }
    if (content.isNull()) {
      throw source.error(key.start(), "a key must be plain text, not null; quote it");
    }
    return content.isNumber() ? content.decimalValue().toPlainString() : content.asText();
  }

  // kubectl lets a merge key override what stands before it, and in a list of merges the first win
  private void merge(Node value, ObjectNode into) throws YamlException {
    Node merged = value.target();
    if (merged instanceof Node.Mapping mapping) {
      copy(mapping, into);
      return;
    }
    if (!(merged instanceof Node.Sequence sequence)) {
      throw notMergeable(value);
    }
    for (int i = sequence.items().size() - 1; i >= 0; i--) {
      Node item = sequence.items().get(i);
      if (!(item.target() instanceof Node.Mapping mapping)) {
        throw notMergeable(item);
      }
      copy(mapping, into);
    }
  }

  private static void copy(Node.Mapping mapping, ObjectNode into) {
    for (Map.Entry<String, JsonNode> field : mapping.content().properties()) {
      into.set(field.getKey(), field.getValue());
    }
  }

  private YamlException notMergeable(Node value) {
    return source.error(value.start(), "'<<' merges a mapping or a list of mappings, not this");
  }

  private static boolean hasLoneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return true;
      }
    }
    return false;
  }
}
