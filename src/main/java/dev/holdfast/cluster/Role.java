package dev.holdfast.cluster;

/** What a process does of all that {@code holdfast serve} can do. */
public enum Role {
  /** Answers reviews; reads the cluster and writes nothing. */
  WEBHOOK,
  /** Writes what is to be written, one process at a time; answers no reviews. */
  CONTROLLER,
  /** Both, for development and small clusters. */
  ALL
}
