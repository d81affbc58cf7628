package dev.holdfast.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicySet;
import dev.holdfast.policy.Profile;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What becomes of policies as a watch brings them, with or without what came between. */
class ClusterPoliciesTest {
  private final ClusterPolicies policies = new ClusterPolicies();

  private void put(String uid, String profile) {
    GenericKubernetesResource policy = new GenericKubernetesResource();
    policy.setApiVersion("holdfast.dev/v1alpha1");
    policy.setKind("HardeningPolicy");
    policy.setMetadata(
        new ObjectMetaBuilder().withName("p").withUid(uid).withGeneration(1L).build());
    policy.setAdditionalProperty("spec", Map.of("profile", profile));
    policies.put("p", policy);
  }

  @Test
  void a_policy_that_was_made_anew_unseen_serves_its_own_spec() {
    put("one", "minimal");
    put("two", "full");

    assertThat(policies.known().serving())
        .extracting(HardeningPolicy::profile)
        .containsExactly(Profile.FULL);
  }

  @Test
  void a_bad_policy_that_was_made_anew_unseen_counts_as_absent() {
    put("one", "minimal");
    put("two", "maximal");

    assertThat(policies.known()).isEqualTo(new PolicySet(List.of(), List.of("p")));
  }
}
