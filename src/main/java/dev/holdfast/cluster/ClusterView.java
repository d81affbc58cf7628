package dev.holdfast.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * What is known of the place where pods will run. Asked for each review, so it answers from memory,
 * without locks. Thread-safe.
 */
public interface ClusterView {

  /**
   * The facts about one pod, as good as they are known now.
   *
   * @param pod as it came; its owner and labels are looked at
   */
  ClusterFacts facts(String namespace, ObjectNode pod);

  /**
   * What a review of this namespace should wait for, at most half a second. A namespace and its
   * pods often arrive in one call.
   *
   * @return empty if there is nothing to wait for; a stage never completes exceptionally
   */
  Optional<CompletionStage<Void>> lookUp(String namespace);
}
