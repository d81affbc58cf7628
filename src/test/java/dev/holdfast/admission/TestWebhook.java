package dev.holdfast.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.NoCluster;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Hardener;
import java.nio.charset.StandardCharsets;

/** The webhook as tests of other packages reach it: bytes in, bytes out. */
public final class TestWebhook {
  private TestWebhook() {}

  /** The body of the answer to an AdmissionReview. */
  public static byte[] answer(Hardener hardener, ClusterFacts facts, ObjectNode review) {
    ReviewHandler handler =
        new ReviewHandler(hardener::harden, new NoCluster(facts), ReviewObserver.NONE);
    return handler
        .review("application/json", review.toString().getBytes(StandardCharsets.UTF_8))
        .body();
  }
}
