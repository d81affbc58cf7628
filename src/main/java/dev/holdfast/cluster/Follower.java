package dev.holdfast.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;

/**
 * Is told of every Namespace, Node, Deployment, ReplicaSet and StatefulSet, as it comes, changes
 * and goes. Must be quick, and may not keep the object, which is emptied afterwards. Calls about
 * different kinds come on different threads.
 */
public interface Follower {

  /** The object is new or has changed. */
  void put(HasMetadata object);

  /** The object is gone; {@code namespace} is "" for a Namespace or a Node. */
  void remove(String kind, String namespace, String name);
}
