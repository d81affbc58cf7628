package dev.holdfast.cluster;

import java.util.function.BooleanSupplier;

/** Something that one process of all has to do: it may write only while that process leads. */
public interface Duty {

  /**
   * Called once, in a process that stands for election.
   *
   * @param leading whether this process leads; to be asked before every write
   */
  void begin(BooleanSupplier leading);

  /** Called once, when the process ends: no write after it has returned. */
  void end();
}
