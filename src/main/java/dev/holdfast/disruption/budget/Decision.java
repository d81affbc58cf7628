package dev.holdfast.disruption.budget;

import dev.holdfast.hardening.Finding;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done about one workload's budget.
 *
 * @param reason what became of it
 * @param detail the reason in words for people, without a full stop
 * @param floor the fewest replicas that it will have
 * @param withdraw budgets of ours that have to go
 * @param apply the budget that has to be written; empty if all is well, or nothing may be written
 * @param budget the budget that it has, will have or, in Audit, would have
 * @param again when to decide anew, if nothing happens before
 * @param findings what there is to tell
 */
public record Decision(
    Reason reason,
    String detail,
    int floor,
    List<Budget> withdraw,
    Optional<Proposal> apply,
    Optional<Proposal> budget,
    Optional<Instant> again,
    List<Finding> findings) {

  public Decision {
    withdraw = List.copyOf(withdraw);
    findings = List.copyOf(findings);
  }
}
