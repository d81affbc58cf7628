package dev.holdfast.disruption.budget;

import dev.holdfast.policy.LabelSelector;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Things by their labels: answers which of them a selector selects, without looking at all. Not
 * thread-safe.
 *
 * @param <T> the things; equal ones are one
 */
final class LabelIndex<T> {
  private final Map<T, Map<String, String>> labels = new HashMap<>();
  private final Map<Map.Entry<String, String>, Set<T>> byLabel = new HashMap<>();

  void put(T thing, Map<String, String> itsLabels) {
    remove(thing);
    labels.put(thing, itsLabels);
    for (Map.Entry<String, String> label : itsLabels.entrySet()) {
      byLabel
          .computeIfAbsent(
              Map.entry(label.getKey(), label.getValue()), key -> new LinkedHashSet<>(2))
          .add(thing);
    }
  }

  void remove(T thing) {
    Map<String, String> before = labels.remove(thing);
    if (before != null) {
      for (Map.Entry<String, String> label : before.entrySet()) {
        byLabel.computeIfPresent(
            Map.entry(label.getKey(), label.getValue()),
            (key, things) -> {
              things.remove(thing);
              return things.isEmpty() ? null : things;
            });
      }
    }
  }

  /** Everything that the selector selects; {@code {}} selects all. */
  List<T> selected(LabelSelector selector) {
    List<T> selected = new ArrayList<>();
    for (T thing : candidates(selector)) {
      if (selector.matches(labels.get(thing))) {
        selected.add(thing);
      }
    }
    return selected;
  }

  /** The fewest that one of the selector's labels leaves. */
  private Collection<T> candidates(LabelSelector selector) {
    Collection<T> fewest = labels.keySet();
    for (Map.Entry<String, String> label : selector.matchLabels().entrySet()) {
      Set<T> things = byLabel.getOrDefault(Map.entry(label.getKey(), label.getValue()), Set.of());
      if (things.size() < fewest.size()) {
        fewest = things;
      }
    }
    for (LabelSelector.Requirement requirement : selector.matchExpressions()) {
      if (requirement.operator() == LabelSelector.Operator.IN) {
        Set<T> things = new LinkedHashSet<>();
        for (String value : requirement.values()) {
          things.addAll(byLabel.getOrDefault(Map.entry(requirement.key(), value), Set.of()));
        }
        if (things.size() < fewest.size()) {
          fewest = things;
        }
      }
    }
    return fewest;
  }

  /** All things; a view. */
  Collection<T> all() {
    return labels.keySet();
  }
}
