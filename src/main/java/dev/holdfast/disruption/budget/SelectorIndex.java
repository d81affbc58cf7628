package dev.holdfast.disruption.budget;

import dev.holdfast.policy.LabelSelector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Things by their selectors: answers which of them select given labels, without looking at all. Not
 * thread-safe.
 *
 * @param <T> the things; equal ones are one
 */
final class SelectorIndex<T> {
  private final Map<T, Filed> selectors = new HashMap<>();
  private final Map<Map.Entry<String, String>, Set<T>> byLabel = new HashMap<>();
  private final Set<T> withoutLabel = new LinkedHashSet<>();

  /** A selector, and the one of its labels that it is found by. */
  private record Filed(LabelSelector selector, Optional<Map.Entry<String, String>> label) {}

  void put(T thing, LabelSelector selector) {
    remove(thing);
    Optional<Map.Entry<String, String>> label = rarest(selector);
    selectors.put(thing, new Filed(selector, label));
    if (label.isPresent()) {
      byLabel.computeIfAbsent(label.get(), key -> new LinkedHashSet<>(2)).add(thing);
    } else {
      withoutLabel.add(thing);
    }
  }

  /** A label that all selectors have would find them all. */
  private Optional<Map.Entry<String, String>> rarest(LabelSelector selector) {
    Map.Entry<String, String> rarest = null;
    int fewest = Integer.MAX_VALUE;
    for (Map.Entry<String, String> label : selector.matchLabels().entrySet()) {
      Map.Entry<String, String> entry = Map.entry(label.getKey(), label.getValue());
      int things = byLabel.getOrDefault(entry, Set.of()).size();
      if (things < fewest) {
        fewest = things;
        rarest = entry;
      }
    }
    return Optional.ofNullable(rarest);
  }

  void remove(T thing) {
    Filed before = selectors.remove(thing);
    if (before == null) {
      return;
    }
    withoutLabel.remove(thing);
    before
        .label()
        .ifPresent(
            label ->
                byLabel.computeIfPresent(
                    label,
                    (key, things) -> {
                      things.remove(thing);
                      return things.isEmpty() ? null : things;
                    }));
  }

  /** Everything whose selector selects the labels. */
  List<T> selecting(Map<String, String> labels) {
    List<T> selecting = new ArrayList<>();
    for (Map.Entry<String, String> label : labels.entrySet()) {
      add(selecting, byLabel.get(Map.entry(label.getKey(), label.getValue())), labels);
    }
    add(selecting, withoutLabel, labels);
    return selecting;
  }

  private void add(List<T> selecting, Set<T> candidates, Map<String, String> labels) {
    if (candidates != null) {
      for (T thing : candidates) {
        if (selectors.get(thing).selector().matches(labels)) {
          selecting.add(thing);
        }
      }
    }
  }
}
