package dev.holdfast.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.cluster.ClusterState.Controller;
import dev.holdfast.cluster.ClusterState.Key;
import dev.holdfast.cluster.ClusterState.Reference;
import dev.holdfast.hardening.ClusterFacts.Workload;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterStateTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ClusterState state = new ClusterState();

  private void put(String kind, String name, Reference owner) {
    state.putController(
        new Key("shop", kind, name),
        new Controller(
            "uid-" + name,
            new Workload(kind, name, Optional.empty(), Optional.of(1)),
            Optional.ofNullable(owner)));
  }

  private Optional<String> workload(String pod) throws Exception {
    return state
        .facts("shop", Map.of(), true, (ObjectNode) JSON.readTree(pod.replace('\'', '"')))
        .workload()
        .map(Workload::name);
  }

  private static final String OF_A =
      "{'metadata':{'ownerReferences':[{'kind':'Other','name':'x','uid':'1'},"
          + "{'kind':'ReplicaSet','name':'a','uid':'uid-a','controller':true}]}}";

  @Test
  void an_owner_that_is_not_known_yet_is_none() throws Exception {
    assertThat(workload(OF_A)).isEmpty();
  }

  @Test
  void an_owner_whose_own_owner_is_not_known_stands_for_itself() throws Exception {
    put("ReplicaSet", "a", new Reference("Rollout", "r", "uid-r"));

    assertThat(workload(OF_A)).contains("a");
  }

  @Test
  void owners_in_a_circle_end_somewhere() throws Exception {
    put("ReplicaSet", "a", new Reference("Deployment", "b", "uid-b"));
    put("Deployment", "b", new Reference("ReplicaSet", "a", "uid-a"));

    assertThat(workload(OF_A)).contains("b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'metadata':7}",
        "{'metadata':{'ownerReferences':'x'}}",
        "{'metadata':{'ownerReferences':[null,7,{}]}}",
        "{'metadata':{'ownerReferences':[{'controller':true}]}}"
      })
  void a_pod_that_is_none_has_no_owner(String pod) throws Exception {
    assertThat(workload(pod)).isEmpty();
  }

  @Test
  void labels_that_were_looked_up_count_until_the_watch_knows_better() throws Exception {
    ObjectNode pod = JSON.createObjectNode();
    assertThat(state.facts("shop", Map.of("a", "b"), true, pod).namespaceLabels()).containsKey("a");

    state.putNamespace("shop", Map.of());

    assertThat(state.facts("shop", Map.of("a", "b"), true, pod).namespaceLabels()).isEmpty();
  }
}
