package dev.holdfast.disruption;

import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.LivePod;
import dev.holdfast.disruption.budget.Proposal;
import dev.holdfast.disruption.budget.Workload;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The cluster, as far as the controller of budgets reads it on demand, and writes to it. */
interface BudgetStore {

  /**
   * Makes the budget that is there what it should be, or makes it. Returns it as it is then.
   *
   * @param present the budget of ours that is mended; empty to make one
   * @throws Refused with code 409 if another is there in its place
   */
  Budget apply(Proposal proposal, Optional<Budget> present);

  /**
   * Deletes the budget, if it is still the one and still ours; nothing happens if it is gone.
   *
   * @throws Refused with code 409 if it has changed, or changes again and again
   */
  void delete(Budget budget);

  /** All budgets of a namespace, as the API server knows them now. */
  List<Budget> budgets(String namespace);

  /** The pods of a namespace that are not being deleted, also those that have ended. */
  List<LivePod> pods(String namespace);

  /**
   * The workload's own pods, by its selector, but for those that have ended or are being deleted.
   */
  List<RunningPod> pods(Workload workload);

  /** The same of all namespaces, by namespace. */
  Map<String, List<LivePod>> pods();

  /** What the API server answers in place of what was asked for; 0 if there was no answer. */
  final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int code;

    Refused(int code, String message, Throwable cause) {
      super(message, cause);
      this.code = code;
    }

    /** The status code. */
    int code() {
      return code;
    }
  }
}
