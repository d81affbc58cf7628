package dev.holdfast.disruption.budget;

import java.util.Locale;

/** What became of a workload, in a word: of metrics, tables and the documentation. */
public enum Reason {
  /** It has a budget of ours. */
  PROTECTED,
  /** It will get one when it has been calm for long enough. */
  CALMING,
  /** Another workload's budget, which selects its pods, has to go first. */
  WAITING,
  /** A drain waits for replicas that do not start: it gets one when all are ready. */
  GIVES_WAY,
  /** It would get one, were the rule not only audited. */
  AUDITED,
  /** A policy or a label switches the rule off. */
  OFF,
  /** An annotation switches the rule off. */
  SKIPPED,
  /** Its namespace, or its priority class, is left alone. */
  EXCLUDED,
  /** It, or its namespace, is being deleted: it is left alone. */
  TERMINATING,
  /** A custom resource controls it, whose operator decides. */
  OWNED,
  /** The policy does not name its kind. */
  KIND_NOT_CHOSEN,
  /** It has no selector that selects anything in particular. */
  NO_SELECTOR,
  /** It may run with fewer than two replicas. */
  TOO_FEW_REPLICAS,
  /** Somebody else's budget selects its pods. */
  USERS_BUDGET,
  /** Its selector selects pods of others, too. */
  SELECTS_OTHERS,
  /** Somebody else has budgets of the names that ours could have. */
  NAME_TAKEN;

  /** For example {@code too-few-replicas}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
