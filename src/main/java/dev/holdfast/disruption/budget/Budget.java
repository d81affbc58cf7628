package dev.holdfast.disruption.budget;

import dev.holdfast.disruption.budget.Workload.Owner;
import dev.holdfast.policy.BudgetAmount;
import dev.holdfast.policy.LabelSelector;
import java.util.Optional;

/**
 * A PodDisruptionBudget that is there. Immutable.
 *
 * @param uid "" in a file, and while it is being written
 * @param resourceVersion "" likewise
 * @param selector empty if there is none, which selects nothing; {@code {}} selects all pods
 * @param amount empty if it has neither field, which forbids every eviction
 * @param unhealthyPodEvictionPolicy "" if not set, which means {@code IfHealthyBudget}
 * @param labelled whether its labels say that Holdfast manages it
 * @param written whether Holdfast has written it, by its {@code managedFields}
 * @param owner the object that controls it
 * @param status as the disruption controller wrote it last; empty before
 */
public record Budget(
    String namespace,
    String name,
    String uid,
    String resourceVersion,
    Optional<LabelSelector> selector,
    Optional<BudgetAmount> amount,
    String unhealthyPodEvictionPolicy,
    boolean labelled,
    boolean written,
    Optional<Owner> owner,
    Optional<Status> status) {

  /**
   * What the disruption controller counted.
   *
   * @param observed the generation that it counted for
   * @param failed whether it could not count, as among the pods is one whose controller has no
   *     {@code /scale}: no eviction is allowed then
   */
  public record Status(
      long observed,
      int disruptionsAllowed,
      int currentHealthy,
      int desiredHealthy,
      int expectedPods,
      boolean failed) {}

  /** Whether Holdfast made it for the workload of this uid. */
  public boolean isOursFor(String workloadUid) {
    return labelled && owner.isPresent() && owner.get().uid().equals(workloadUid);
  }

  /** Whether no eviction of a ready pod is allowed now, as far as was counted. */
  public boolean allowsNone() {
    return status.isPresent()
        && (status.get().expectedPods() > 0 || status.get().failed())
        && status.get().disruptionsAllowed() == 0;
  }

  /** Whether it cannot be counted for. */
  public boolean isFailing() {
    return status.isPresent() && status.get().failed();
  }

  /**
   * Whether it selects and asks for the same as before; of what it counts only matters whether that
   * allows an eviction.
   */
  boolean meansTheSameAs(Budget other) {
    return other != null
        && uid.equals(other.uid)
        && selector.equals(other.selector)
        && amount.equals(other.amount)
        && unhealthyPodEvictionPolicy.equals(other.unhealthyPodEvictionPolicy)
        && labelled == other.labelled
        && allowsNone() == other.allowsNone()
        && owner.equals(other.owner);
  }
}
