package dev.holdfast.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TypedPodTest {
  @Test
  void takes_a_pod_with_everything_that_holdfast_adds() {
    assertThat(
            error(
                """
                {"metadata": {"annotations": {"holdfast.dev/hardened": "pre-stop"}},
                 "spec": {
                   "terminationGracePeriodSeconds": 45,
                   "affinity": {"podAntiAffinity": {
                     "preferredDuringSchedulingIgnoredDuringExecution": [
                       {"weight": 100, "podAffinityTerm": {
                         "topologyKey": "kubernetes.io/hostname",
                         "labelSelector": {"matchLabels": {"app": "a"}},
                         "matchLabelKeys": ["pod-template-hash"]}}]}},
                   "topologySpreadConstraints": [
                     {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}],
                   "containers": [{
                     "name": "a",
                     "lifecycle": {"preStop": {"sleep": {"seconds": 10}}},
                     "startupProbe": {"grpc": {"port": 9000, "service": "s"}},
                     "readinessProbe": {"tcpSocket": {"port": "http"}, "timeoutSeconds": 3}}]}}
                """))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'spec': {'replcias': 1}}",
        "{'spec': {'containers': {}}}",
        "{'spec': {'containers': [{'lifecycle': {'preStop': {'sleep': 10}}}]}}",
        "{'spec': {'containers': [{'lifecycle': {'preStop': {'sleep': {'second': 10}}}}]}}",
        "{'spec': {'containers': [{'readinessProbe': {'httpGet': {'pth': '/'}}}]}}",
        "{'spec': {'containers': [{'readinessProbe': {'timeoutSeconds': 1.5}}]}}",
        "{'metadata': {'annotations': {'a': {}}}}"
      })
  void refuses_what_kubernetes_has_not(String pod) {
    assertThat(error(pod.replace('\'', '"'))).isPresent();
  }

  private static Optional<String> error(String pod) {
    try {
      JsonNode tree = new ObjectMapper().readTree(pod);
      return TypedPod.error(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
