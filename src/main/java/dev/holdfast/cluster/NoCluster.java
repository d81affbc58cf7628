package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.KubernetesVersion;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Where no cluster is asked: a version is known, and nothing else. */
public final class NoCluster implements ClusterView {
  private final ClusterFacts facts;

  /** A place of this version. */
  public NoCluster(KubernetesVersion version) {
    this(ClusterFacts.of(version));
  }

  /** A place of which this is known. */
  public NoCluster(ClusterFacts facts) {
    this.facts = facts;
  }

  @Override
  public ClusterFacts facts(String namespace, ObjectNode pod) {
    return facts;
  }

  @Override
  public Optional<CompletionStage<Void>> lookUp(String namespace) {
    return Optional.empty();
  }
}
