package dev.holdfast.promises;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.ShrinkingDistance;

/**
 * Shrinks a case by its JSON: leaves out one member or element, large ones first, or halves one
 * number. Whatever the generators put together, a failure comes down to the few fields that matter.
 */
final class SmallerCases implements Shrinkable<Case> {
  private final Case value;

  SmallerCases(Case value) {
    this.value = value;
  }

  @Override
  public Case value() {
    return value;
  }

  @Override
  public Stream<Shrinkable<Case>> shrink() {
    List<Place> places = new ArrayList<>();
    collect(value.document(), List.of(), places);
    places.sort(Comparator.comparingInt(Place::size).reversed());
    return places.stream()
        .flatMap(place -> Stream.of(without(place), halved(place)))
        .flatMap(Optional::stream)
        .map(Case::of)
        .flatMap(Optional::stream)
        .map(SmallerCases::new);
  }

  @Override
  public ShrinkingDistance distance() {
    return ShrinkingDistance.of(size(value.document()), value.document().toString().length());
  }

  private static void collect(JsonNode node, List<Object> path, List<Place> places) {
    if (!path.isEmpty()) {
      places.add(new Place(path, size(node)));
    }
    if (node.isObject()) {
      node.properties()
          .forEach(member -> collect(member.getValue(), below(path, member.getKey()), places));
    } else {
      for (int i = 0; i < node.size(); i++) {
        collect(node.get(i), below(path, i), places);
      }
    }
  }

  private static List<Object> below(List<Object> path, Object step) {
    List<Object> longer = new ArrayList<>(path);
    longer.add(step);
    return longer;
  }

  private Optional<ObjectNode> without(Place place) {
    ObjectNode copy = value.document().deepCopy();
    JsonNode parent = place.parent(copy);
    if (parent instanceof ObjectNode object) {
      object.remove((String) place.last());
    } else if (parent instanceof ArrayNode array) {
      array.remove((int) place.last());
    }
    return Optional.of(copy);
  }

  private Optional<ObjectNode> halved(Place place) {
    ObjectNode copy = value.document().deepCopy();
    JsonNode parent = place.parent(copy);
    JsonNode number =
        place.last() instanceof String name ? parent.get(name) : parent.get((int) place.last());
    if (!number.isIntegralNumber() || number.bigIntegerValue().signum() == 0) {
      return Optional.empty();
    }
    BigInteger half = number.bigIntegerValue().divide(BigInteger.TWO);
    JsonNode smaller =
        half.bitLength() < 32 ? IntNode.valueOf(half.intValue()) : BigIntegerNode.valueOf(half);
    if (parent instanceof ObjectNode object) {
      object.set((String) place.last(), smaller);
    } else if (parent instanceof ArrayNode array) {
      array.set((int) place.last(), smaller);
    }
    return Optional.of(copy);
  }

  private static int size(JsonNode node) {
    int size = 1;
    for (JsonNode child : node) {
      size += size(child);
    }
    return size;
  }

  /** Where something stands in the document: names and indexes from its root. */
  private record Place(List<Object> path, int size) {
    Object last() {
      return path.get(path.size() - 1);
    }

    JsonNode parent(JsonNode root) {
      JsonNode node = root;
      for (Object step : path.subList(0, path.size() - 1)) {
        node = step instanceof String name ? node.get(name) : node.get((int) step);
      }
      return node;
    }
  }
}
