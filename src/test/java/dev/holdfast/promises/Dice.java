package dev.holdfast.promises;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;

/** Chances and choices of the generators. */
final class Dice {
  static final JsonNodeFactory NODES = Case.JSON.getNodeFactory();

  private final Random random;

  Dice(Random random) {
    this.random = random;
  }

  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  /** A number from 0 to one below the bound. */
  int upTo(int bound) {
    return random.nextInt(bound);
  }

  /** A number from the one to the other. */
  int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  String one(String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  <T> T one(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  JsonNode json(String... choices) {
    return read(one(choices));
  }

  /** Puts a field in some of the cases. */
  void maybe(int percent, ObjectNode object, String field, JsonNode value) {
    if (chance(percent)) {
      object.set(field, value);
    }
  }

  void maybe(int percent, ObjectNode object, String field, String value) {
    if (chance(percent)) {
      object.put(field, value);
    }
  }

  void maybe(int percent, ObjectNode object, String field, int value) {
    if (chance(percent)) {
      object.put(field, value);
    }
  }

  /** JSON with single quotes for legibility. */
  static JsonNode read(String text) {
    try {
      return Case.JSON.readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  static ObjectNode object() {
    return NODES.objectNode();
  }
}
