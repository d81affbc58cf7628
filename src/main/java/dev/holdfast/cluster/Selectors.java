package dev.holdfast.cluster;

import dev.holdfast.policy.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Label selectors of the client's objects. */
public final class Selectors {
  private Selectors() {}

  /**
   * The same as ours.
   *
   * @param selector null if the object has none
   * @return empty if there is none, or if it has an operator that is not known
   */
  public static Optional<LabelSelector> of(io.fabric8.kubernetes.api.model.LabelSelector selector) {
    if (selector == null) {
      return Optional.empty();
    }
    List<LabelSelector.Requirement> requirements = new ArrayList<>(0);
    for (LabelSelectorRequirement requirement : selector.getMatchExpressions()) {
      Optional<LabelSelector.Operator> operator =
          LabelSelector.Operator.of(requirement.getOperator());
      if (operator.isEmpty()) {
        return Optional.empty();
      }
      requirements.add(
          new LabelSelector.Requirement(
              requirement.getKey(), operator.get(), new LinkedHashSet<>(requirement.getValues())));
    }
    Map<String, String> labels = selector.getMatchLabels();
    return Optional.of(new LabelSelector(labels == null ? Map.of() : labels, requirements));
  }
}
