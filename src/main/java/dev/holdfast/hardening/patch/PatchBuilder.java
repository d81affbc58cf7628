package dev.holdfast.hardening.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Edit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Turns edits into the RFC 6902 operations of a patch, and keeps the pod as it is after each, so
 * that later rules see what earlier ones decided.
 *
 * <p>The incoming tree is never changed: only the nodes on the way to an edit are copied, the rest
 * is shared. Not thread-safe.
 */
public final class PatchBuilder {
  private final List<PatchOperation> operations = new ArrayList<>();
  private final Set<JsonNode> copies = Collections.newSetFromMap(new IdentityHashMap<>());
  private ObjectNode pod;

  /** Starts from a pod as it came. */
  public PatchBuilder(ObjectNode pod) {
    this.pod = pod;
  }

  /** The pod after all edits so far; not to be changed. */
  public ObjectNode pod() {
    return pod;
  }

  /** The operations so far, one an edit, in order. */
  public List<PatchOperation> operations() {
    return operations;
  }

  /**
   * Makes one edit. Where parents are missing (or null, which is the same to the API server), the
   * operation adds the highest of them with everything below.
   *
   * @param op {@code ADD} for what is absent or empty, {@code REPLACE} for what is there
   * @param path JSON pointer to the field
   * @throws IllegalArgumentException if a parent is neither object nor list, if an {@code add}
   *     would overwrite something or a {@code replace} has nothing to replace; the patch is
   *     unusable then
   */
  public void apply(Edit.Op op, String path, JsonNode value) {
    if (path.isEmpty()) {
      throw new IllegalArgumentException("an edit of the whole pod");
    }
    pod = (ObjectNode) owned(pod);
    JsonNode parent = pod;
    int start = 0;
    int end = path.indexOf('/', 1);
    while (end >= 0) {
      String key = Pointers.key(path, start, end);
      JsonNode child = Pointers.child(parent, key);
      if (isAbsent(child)) {
        add(parent, key, path.substring(0, end), wrapped(path, end, value));
        return;
      }
      JsonNode copy = owned(child);
      if (copy != child) {
        set(parent, key, copy);
      }
      parent = copy;
      start = end;
      end = path.indexOf('/', start + 1);
    }
    String key = Pointers.key(path, start, path.length());
    JsonNode present = Pointers.child(parent, key);
    if (op == Edit.Op.REPLACE) {
      if (isAbsent(present)) {
        throw new IllegalArgumentException(path + " is not there");
      }
      set(parent, key, value);
      operations.add(new PatchOperation(Edit.Op.REPLACE, path, value));
    } else if (isAbsent(present) || present.isContainerNode() && present.isEmpty()) {
      add(parent, key, path, value);
    } else {
      throw new IllegalArgumentException(path + " is there already");
    }
  }

  private void add(JsonNode parent, String key, String path, JsonNode value) {
    if (!(parent instanceof ObjectNode)) {
      throw new IllegalArgumentException(path + " has no parent");
    }
    set(parent, key, value);
    operations.add(new PatchOperation(Edit.Op.ADD, path, value));
  }

  /** The value inside objects for each key that the path still has from here on. */
  private static JsonNode wrapped(String path, int start, JsonNode value) {
    int end = path.indexOf('/', start + 1);
    ObjectNode wrapper = JsonNodeFactory.instance.objectNode();
    return end < 0
        ? wrapper.set(Pointers.key(path, start, path.length()), value)
        : wrapper.set(Pointers.key(path, start, end), wrapped(path, end, value));
  }

  private static boolean isAbsent(JsonNode node) {
    return node == null || node instanceof NullNode;
  }

  private static void set(JsonNode parent, String key, JsonNode value) {
    if (parent instanceof ObjectNode object) {
      object.set(key, value);
    } else {
      ((ArrayNode) parent).set(Integer.parseInt(key), value);
    }
  }

  private JsonNode owned(JsonNode node) {
    if (copies.contains(node)) {
      return node;
    }
    JsonNode copy;
    if (node instanceof ObjectNode object) {
      copy = JsonNodeFactory.instance.objectNode().setAll(object);
    } else if (node instanceof ArrayNode array) {
      copy = JsonNodeFactory.instance.arrayNode(array.size()).addAll(array);
    } else {
      throw new IllegalArgumentException("a parent is neither object nor list");
    }
    copies.add(copy);
    return copy;
  }
}
