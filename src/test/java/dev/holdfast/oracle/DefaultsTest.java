package dev.holdfast.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class DefaultsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void fills_in_what_the_api_server_does() throws JsonProcessingException {
    JsonNode pod =
        json(
            """
            {"metadata": {"labels": {}, "annotations": {"a": null}},
             "spec": {
               "hostNetwork": true, "affinity": {}, "initContainers": [], "nodeName": null,
               "containers": [{
                 "name": "a", "args": [], "lifecycle": {"preStop": {"httpGet": {"port": 80}}},
                 "ports": [{"containerPort": 80}],
                 "resources": {"limits": {"memory": "1Gi"}},
                 "livenessProbe": {
                   "timeoutSeconds": 0, "initialDelaySeconds": 0, "grpc": {"port": 9000}}}]}}
            """);
    JsonNode asGiven = pod.deepCopy();
    assertThat(Defaults.of(pod))
        .isEqualTo(
            json(
                """
                {"metadata": {"annotations": {"a": ""}},
                 "spec": {
                   "hostNetwork": true, "affinity": {}, "terminationGracePeriodSeconds": 30,
                   "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
                   "schedulerName": "default-scheduler", "securityContext": {},
                   "containers": [{
                     "name": "a",
                     "lifecycle": {"preStop": {"httpGet":
                       {"port": 80, "path": "/", "scheme": "HTTP"}}},
                     "ports": [{"containerPort": 80, "protocol": "TCP", "hostPort": 80}],
                     "resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}},
                     "imagePullPolicy": "IfNotPresent", "terminationMessagePolicy": "File",
                     "terminationMessagePath": "/dev/termination-log",
                     "livenessProbe": {
                       "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
                       "failureThreshold": 3, "grpc": {"port": 9000, "service": ""}}}]}}
                """));
    assertThat(pod).isEqualTo(asGiven);
  }

  @Test
  void changes_nothing_the_second_time() throws JsonProcessingException {
    JsonNode once = Defaults.of(json("{\"spec\": {\"containers\": [{\"name\": \"a\"}]}}"));
    assertThat(Defaults.of(once)).isEqualTo(once);
  }

  private static JsonNode json(String text) throws JsonProcessingException {
    return JSON.readTree(text);
  }
}
