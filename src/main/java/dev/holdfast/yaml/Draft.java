package dev.holdfast.yaml;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.yaml.Node.Entry;
import dev.holdfast.yaml.TreeEdit.NoSuchPlaceException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A document with its edits, before the text is touched: what stays, what is new, and where. */
final class Draft {
  private final Node node;
  private JsonNode fresh;
  private final Map<String, Draft> members = new LinkedHashMap<>();
  private List<Draft> items;

  private Draft(Node node, JsonNode fresh) {
    this.node = node;
    this.fresh = fresh;
  }

  static Draft of(Node root) {
    return new Draft(root, null);
  }

  /** What stands in the text at this place; null if the text has no such place. */
  Node node() {
    return node;
  }

  /** What is to stand there instead, or null if the node stays. */
  JsonNode fresh() {
    return fresh;
  }

  /** Members of the mapping that are new or have edits, in the order of the edits. */
  Map<String, Draft> members() {
    return members;
  }

  /** Items of the sequence, those without edits too; empty if no item has edits. */
  List<Draft> items() {
    return items == null ? List.of() : items;
  }

  /** An edit at a place that cannot be edited in place. */
  static final class SharedPlaceException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Node place;

    SharedPlaceException(Node place) {
      super("", null, false, false);
      this.place = place;
    }

    Node place() {
      return place;
    }
  }

  void edit(JsonPointer pointer, boolean replace, JsonNode value)
      throws NoSuchPlaceException, SharedPlaceException {
    if (fresh != null) {
      fresh = TreeEdit.apply(fresh, pointer, replace, value);
    } else if (pointer.matches() && value.equals(node.content())) {
      members.clear(); // the text says so already, in its author's own words
      items = null;
    } else if (pointer.matches()) {
      checkReplaceable(node);
      fresh = value.deepCopy();
    } else if (node.content().isNull() && !replace) {
      checkReplaceable(node);
      fresh = TreeEdit.apply(node.content(), pointer, false, value);
    } else {
      editInside(pointer, replace, value);
    }
  }

  private void editInside(JsonPointer pointer, boolean replace, JsonNode value)
      throws NoSuchPlaceException, SharedPlaceException {
    if (node instanceof Node.Alias || node.aliased()) {
      throw new SharedPlaceException(node);
    }
    if (node instanceof Node.Mapping mapping) {
      editMember(mapping, pointer, replace, value);
    } else if (node instanceof Node.Sequence sequence) {
      editItem(sequence, pointer, replace, value);
    } else {
      throw new NoSuchPlaceException();
    }
  }

  private void editMember(
      Node.Mapping mapping, JsonPointer pointer, boolean replace, JsonNode value)
      throws NoSuchPlaceException, SharedPlaceException {
    String name = pointer.getMatchingProperty();
    Draft member = members.get(name);
    if (member == null) {
      Entry entry = mapping.entry(name);
      if (entry != null) {
        if (entry.merge()) {
          throw new SharedPlaceException(entry.key());
        }
        member = new Draft(entry.value(), null);
      } else if (pointer.tail().matches() && !replace) {
        members.put(name, new Draft(null, value.deepCopy()));
        return;
      } else {
        throw new NoSuchPlaceException();
      }
      members.put(name, member);
    }
    member.edit(pointer.tail(), replace, value);
  }

  private void editItem(
      Node.Sequence sequence, JsonPointer pointer, boolean replace, JsonNode value)
      throws NoSuchPlaceException, SharedPlaceException {
    if (items == null) {
      items = new ArrayList<>();
      sequence.items().forEach(item -> items.add(new Draft(item, null)));
    }
    boolean add = pointer.tail().matches() && !replace;
    int index = TreeEdit.index(pointer, items.size(), add);
    if (add) {
      items.add(index, new Draft(null, value.deepCopy()));
    } else {
      items.get(index).edit(pointer.tail(), replace, value);
    }
  }

  private static void checkReplaceable(Node node) throws SharedPlaceException {
    if (node.aliased()) {
      throw new SharedPlaceException(node);
    }
    if (node instanceof Node.Mapping mapping) {
      for (Entry entry : mapping.entries()) {
        checkReplaceable(entry.key());
        checkReplaceable(entry.value());
      }
    } else if (node instanceof Node.Sequence sequence) {
      for (Node item : sequence.items()) {
        checkReplaceable(item);
      }
    }
  }
}
