package dev.holdfast.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A {@code metav1.LabelSelector} with the API server's semantics: all of {@code matchLabels} and
 * {@code matchExpressions} must hold, an empty selector matches everything. Immutable.
 */
public record LabelSelector(Map<String, String> matchLabels, List<Requirement> matchExpressions) {

  /** The selector {@code {}}. */
  public static final LabelSelector EVERYTHING = new LabelSelector(Map.of(), List.of());

  public LabelSelector {
    matchLabels = Map.copyOf(matchLabels);
    matchExpressions = List.copyOf(matchExpressions);
  }

  /**
   * Reads a selector as it stands in a manifest.
   *
   * @return empty if there is none, or if it is none that the API server would take
   */
  public static Optional<LabelSelector> read(JsonNode selector) {
    if (!selector.isObject()) {
      return Optional.empty();
    }
    Map<String, String> labels = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> label : selector.path("matchLabels").properties()) {
      if (!label.getValue().isTextual()) {
        return Optional.empty();
      }
      labels.put(label.getKey(), label.getValue().textValue());
    }
    List<Requirement> requirements = new ArrayList<>();
    for (JsonNode expression : selector.path("matchExpressions")) {
      Optional<Operator> operator = Operator.of(expression.path("operator").asText());
      if (operator.isEmpty() || !expression.path("key").isTextual()) {
        return Optional.empty();
      }
      Set<String> values = new LinkedHashSet<>();
      expression.path("values").forEach(value -> values.add(value.asText()));
      requirements.add(new Requirement(expression.path("key").textValue(), operator.get(), values));
    }
    return Optional.of(new LabelSelector(labels, requirements));
  }

  /** The selector as it stands in a manifest. */
  public ObjectNode document() {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    if (!matchLabels.isEmpty()) {
      ObjectNode labels = document.putObject("matchLabels");
      new TreeMap<>(matchLabels).forEach(labels::put);
    }
    for (Requirement requirement : matchExpressions) {
      ObjectNode expression = document.withArray("matchExpressions").addObject();
      expression.put("key", requirement.key());
      expression.put("operator", requirement.operator().word());
      if (!requirement.values().isEmpty()) {
        requirement.values().stream().sorted().forEach(expression.putArray("values")::add);
      }
    }
    return document;
  }

  /** The same selector, but for what it asks of these labels. */
  public LabelSelector without(Set<String> keys) {
    boolean asks =
        matchLabels.keySet().stream().anyMatch(keys::contains)
            || matchExpressions.stream().anyMatch(one -> keys.contains(one.key()));
    if (!asks) {
      return this;
    }
    Map<String, String> labels = new HashMap<>(matchLabels);
    labels.keySet().removeAll(keys);
    return new LabelSelector(
        labels, matchExpressions.stream().filter(one -> !keys.contains(one.key())).toList());
  }

  /** Whether the labels satisfy every requirement. */
  public boolean matches(Map<String, String> labels) {
    for (Map.Entry<String, String> wanted : matchLabels.entrySet()) {
      if (!wanted.getValue().equals(labels.get(wanted.getKey()))) {
        return false;
      }
    }
    for (Requirement requirement : matchExpressions) {
      if (!requirement.matches(labels)) {
        return false;
      }
    }
    return true;
  }

  /** One of {@code matchExpressions}. */
  public record Requirement(String key, Operator operator, Set<String> values) {
    public Requirement {
      values = Set.copyOf(values);
    }

    boolean matches(Map<String, String> labels) {
      String value = labels.get(key);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        // As in Kubernetes, a label that is absent is "not in".
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case DOES_NOT_EXIST -> value == null;
      };
    }
  }

  /** How a requirement compares. */
  public enum Operator {
    IN("In"),
    NOT_IN("NotIn"),
    EXISTS("Exists"),
    DOES_NOT_EXIST("DoesNotExist");

    private final String word;

    Operator(String word) {
      this.word = word;
    }

    /** Finds an operator by its word; empty for any other. */
    public static Optional<Operator> of(String word) {
      for (Operator operator : values()) {
        if (operator.word.equals(word)) {
          return Optional.of(operator);
        }
      }
      return Optional.empty();
    }

    /** Whether it has values to compare with. */
    boolean comparesValues() {
      return this == IN || this == NOT_IN;
    }

    /** What is wrong where values are missing, or there without need. */
    String problem() {
      return "the operator " + word + (comparesValues() ? " needs values" : " takes no values");
    }

    /** The word as Kubernetes spells it. */
    public String word() {
      return word;
    }
  }
}
