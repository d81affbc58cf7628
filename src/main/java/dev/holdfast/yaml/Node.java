package dev.holdfast.yaml;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * A value as it stands in the text: from {@code start} (its anchor or tag included) up to but not
 * including {@code end}. A block collection ends where its last value (or key without a value)
 * ends, so comments and blank lines after it are outside.
 */
abstract sealed class Node {
  private final int start;
  private final int end;
  private final boolean decorated;
  private final JsonNode content;
  private final Weight weight;
  private boolean aliased;

  private Node(int start, int end, boolean decorated, JsonNode content, Weight weight) {
    this.start = start;
    this.end = end;
    this.decorated = decorated;
    this.content = content;
    this.weight = weight;
  }

  final int start() {
    return start;
  }

  final int end() {
    return end;
  }

  /** Whether an anchor or a tag stands in front of the value. */
  final boolean decorated() {
    return decorated;
  }

  final JsonNode content() {
    return content;
  }

  final Weight weight() {
    return weight;
  }

  /** Whether an alias elsewhere stands for the same value. */
  final boolean aliased() {
    return aliased;
  }

  final void markAliased() {
    aliased = true;
  }

  /** The value itself: what an alias stands for, or this. */
  Node target() {
    return this;
  }

  /**
   * How much a value is once all aliases in it are written out.
   *
   * @param depth levels of collections, 0 for a scalar
   * @param characters one for each node, and those of the scalars
   */
  record Weight(int depth, long characters) {}

  /** A member of a mapping; {@code merge} if its key is the merge key {@code <<}. */
  record Entry(Node key, String name, Node value, boolean merge) {}

  static final class Scalar extends Node {
    private final char style;

    /**
     * @param style {@code '"'}, {@code '\''}, {@code '|'}, {@code '>'}, or a space for a plain one
     */
    Scalar(int start, int end, boolean decorated, JsonNode content, char style, int length) {
      super(start, end, decorated, content, new Weight(0, 1L + length));
      this.style = style;
    }

    char style() {
      return style;
    }

    boolean block() {
      return style == '|' || style == '>';
    }
  }

  static final class Sequence extends Node {
    private final boolean flow;
    private final List<Node> items;

    Sequence(
        int start,
        int end,
        boolean decorated,
        JsonNode content,
        Weight weight,
        boolean flow,
        List<Node> items) {
      super(start, end, decorated, content, weight);
      this.flow = flow;
      this.items = items;
    }

    boolean flow() {
      return flow;
    }

    List<Node> items() {
      return items;
    }
  }

  static final class Mapping extends Node {
    private final boolean flow;
    private final List<Entry> entries;

    Mapping(
        int start,
        int end,
        boolean decorated,
        JsonNode content,
        Weight weight,
        boolean flow,
        List<Entry> entries) {
      super(start, end, decorated, content, weight);
      this.flow = flow;
      this.entries = entries;
    }

    boolean flow() {
      return flow;
    }

    List<Entry> entries() {
      return entries;
    }

    /**
     * The entry that a member comes from: its own, or the merge entry that brought it; null if
     * there is no such member. As in kubectl, whatever comes later wins.
     */
    Entry entry(String name) {
      for (int i = entries.size() - 1; i >= 0; i--) {
        Entry entry = entries.get(i);
        if (entry.merge() ? merges(entry.value().target(), name) : entry.name().equals(name)) {
          return entry;
        }
      }
      return null;
    }

    private static boolean merges(Node merged, String name) {
      if (merged instanceof Sequence sequence) {
        return sequence.items().stream().anyMatch(item -> item.content().has(name));
      }
      return merged.content().has(name);
    }
  }

  static final class Alias extends Node {
    private final Node target;

    Alias(int start, int end, Node target) {
      super(start, end, false, target.content(), target.weight());
      this.target = target;
    }

    @Override
    Node target() {
      return target;
    }
  }
}
