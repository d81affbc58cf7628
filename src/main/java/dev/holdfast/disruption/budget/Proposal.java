package dev.holdfast.disruption.budget;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.disruption.budget.Workload.Owner;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.LabelSelector;
import java.util.Optional;

/**
 * A budget as a workload should have it.
 *
 * @param name {@code metadata.name}
 * @param selector the workload's own
 * @param unhealthyPodEvictionPolicy empty where the API server does not know the field
 */
public record Proposal(
    String name,
    Workload workload,
    LabelSelector selector,
    BudgetAmount amount,
    Optional<String> unhealthyPodEvictionPolicy) {

  /** The label by which a budget of ours is known, together with its owner. */
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";

  /** That label's value. */
  public static final String HOLDFAST = "holdfast";

  /** The owner of the fields that we write. */
  public static final String FIELD_MANAGER = "holdfast-disruption";

  /**
   * The object as it is written.
   *
   * @param owned whether it names its workload as its owner: in a file nobody knows the uid. There
   *     it has another name, too: it will be a user's, in whose favour ours goes
   */
  public ObjectNode document(boolean owned) {
    ObjectNode document = JsonNodeFactory.instance.objectNode();
    document.put("apiVersion", "policy/v1");
    document.put("kind", "PodDisruptionBudget");
    ObjectNode metadata = document.putObject("metadata");
    metadata.put("name", owned ? name : BudgetNames.inFile(name));
    if (!workload.key().namespace().isEmpty()) {
      metadata.put("namespace", workload.key().namespace());
    }
    metadata.putObject("labels").put(MANAGED_BY, HOLDFAST);
    if (owned) {
      ObjectNode owner = metadata.putArray("ownerReferences").addObject();
      owner.put("apiVersion", workload.apiVersion());
      owner.put("kind", workload.key().kind());
      owner.put("name", workload.key().name());
      owner.put("uid", workload.uid());
      owner.put("controller", true);
      owner.put("blockOwnerDeletion", false);
    }
    ObjectNode spec = document.putObject("spec");
    if (amount.percent()) {
      spec.put(amount.field().word(), amount.value());
    } else {
      spec.put(amount.field().word(), amount.number());
    }
    spec.set("selector", selector.document());
    unhealthyPodEvictionPolicy.ifPresent(policy -> spec.put("unhealthyPodEvictionPolicy", policy));
    return document;
  }

  /** Whether a budget that is there is just this. */
  boolean isMetBy(Budget budget) {
    return budget.selector().equals(Optional.of(selector))
        && budget.amount().equals(Optional.of(amount))
        && (unhealthyPodEvictionPolicy.isEmpty()
            || budget.unhealthyPodEvictionPolicy().equals(unhealthyPodEvictionPolicy.get()));
  }

  /** Whether applying this makes of the budget what it should be; it cannot take a field away. */
  boolean canMend(Budget budget) {
    return budget.amount().isEmpty() || budget.amount().get().field() == amount.field();
  }

  /** The budget as it will be: it counts from the moment in which it is written. */
  public Budget pending() {
    return new Budget(
        workload.key().namespace(),
        name,
        "",
        "",
        Optional.of(selector),
        Optional.of(amount),
        unhealthyPodEvictionPolicy.orElse(""),
        true,
        true,
        Optional.of(
            new Owner(
                workload.key().group(),
                workload.key().kind(),
                workload.key().name(),
                workload.uid())),
        Optional.empty());
  }
}
