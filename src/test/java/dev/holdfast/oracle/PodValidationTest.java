package dev.holdfast.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodValidationTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  // minor | where the fragment goes | the fragment, with single quotes
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "27 | spec      | {}",
        "34 | spec      | {'terminationGracePeriodSeconds': -5}",
        "34 | spec      | {'terminationGracePeriodSeconds': null, 'affinity': null}",
        "34 | spec      | {'initContainers': [{'name': 'b', 'image': 'b'}]}",
        "34 | spec      | {'topologySpreadConstraints': [{'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'DoNotSchedule'}, {'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'ScheduleAnyway'}]}",
        "34 | spec      | {'x-unknown': 1, 'affinity': {'podAntiAffinity': {'preferredDuringSchedulingIgnoredDuringExecution': [{'weight': 100, 'podAffinityTerm': {'topologyKey': 'kubernetes.io/hostname', 'labelSelector': {}, 'matchLabelKeys': ['pod-template-hash']}}]}}}",
        "30 | spec      | {'affinity': {'podAntiAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': [{'topologyKey': 'a', 'matchLabelKeys': ['b']}]}}}",
        "34 | container | {'lifecycle': {}}",
        "34 | container | {'lifecycle': null}",
        "34 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 30}}}}",
        "33 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 0}}}}",
        "29 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 99}}}}",
        "28 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 5}, 'exec': {'command': ['a']}}}}",
        "34 | container | {'readinessProbe': {'httpGet': {'port': 'http'}, 'successThreshold': 3, 'timeoutSeconds': 0}}",
        "34 | container | {'livenessProbe': {'grpc': {'port': 1}, 'terminationGracePeriodSeconds': 1, 'timeoutSeconds': 2147483647}}",
        "35 | container | {'restartPolicy': 'OnFailure'}",
        "28 | container | {'restartPolicy': 'OnFailure'}",
        "34 | container | {'ports': [{'containerPort': 80, 'name': 'a'}, {'containerPort': 80, 'protocol': 'UDP'}]}",
        "34 | metadata  | {'annotations': {'holdfast.dev/skip': 'über', 'UPPER.com/a': null}}",
        "34 | metadata  | {'labels': null}"
      })
  void takes(int minor, String where, String fragment) {
    assertThat(errors(minor, where, fragment)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "34 | spec      | {'terminationGracePeriodSeconds': 1.0}     | must be an integer",
        "34 | spec      | {'terminationGracePeriodSeconds': '30'}    | must be an integer",
        "34 | spec      | {'terminationGracePeriodSeconds': 1e2}     | must be an integer",
        "34 | spec      | {'terminationGracePeriodSeconds': 9223372036854775808} | must be an integer",
        "34 | spec      | {'restartPolicy': 'always'}                | unsupported value",
        "34 | spec      | {'containers': []}                         | required",
        "34 | spec      | {'containers': null}                       | required",
        "34 | spec      | {'containers': [null]}                     | no DNS label",
        "34 | spec      | {'containers': {}}                         | must be a list",
        "34 | spec      | {'affinity': []}                           | must be an object",
        "34 | spec      | {'initContainers': [{'name': 'a', 'image': 'b'}]} | duplicate",
        "34 | spec      | {'initContainers': [{'name': 'b', 'image': 'b', 'lifecycle': {}}]} | may not be set here",
        "34 | spec      | {'initContainers': [{'name': 'b', 'image': 'b', 'restartPolicy': 'Never'}]} | unsupported",
        "35 | spec      | {'initContainers': [{'name': 'b', 'image': 'b', 'restartPolicy': 'Never', 'startupProbe': {'grpc': {'port': 1}}}]} | may not be set here",
        "28 | spec      | {'initContainers': [{'name': 'b', 'image': 'b', 'restartPolicy': 'Always', 'startupProbe': {'grpc': {'port': 1}}}]} | may not be set here",
        "34 | spec      | {'ephemeralContainers': [{'name': 'b', 'image': 'b', 'readinessProbe': {'grpc': {'port': 1}}}]} | may not be set here",
        "34 | spec      | {'topologySpreadConstraints': [{'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'DoNotSchedule'}, {'maxSkew': 2, 'topologyKey': 'a', 'whenUnsatisfiable': 'DoNotSchedule'}]} | duplicate pair",
        "34 | spec      | {'topologySpreadConstraints': [{'maxSkew': 0, 'topologyKey': 'a', 'whenUnsatisfiable': 'DoNotSchedule'}]} | maxSkew",
        "34 | spec      | {'topologySpreadConstraints': [{'maxSkew': 1, 'topologyKey': '', 'whenUnsatisfiable': 'DoNotSchedule'}]} | required",
        "34 | spec      | {'topologySpreadConstraints': [{'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'Never'}]} | unsupported",
        "34 | spec      | {'topologySpreadConstraints': [{'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'DoNotSchedule', 'matchLabelKeys': ['b']}]} | matchLabelKeys",
        "34 | spec      | {'topologySpreadConstraints': [{'maxSkew': 1, 'topologyKey': 'a', 'whenUnsatisfiable': 'ScheduleAnyway', 'minDomains': 2}]} | minDomains",
        "34 | spec      | {'affinity': {'podAntiAffinity': {'preferredDuringSchedulingIgnoredDuringExecution': [{'weight': 0, 'podAffinityTerm': {'topologyKey': 'a'}}]}}} | 1-100",
        "34 | spec      | {'affinity': {'podAntiAffinity': {'preferredDuringSchedulingIgnoredDuringExecution': [{'weight': 101, 'podAffinityTerm': {'topologyKey': 'a'}}]}}} | 1-100",
        "34 | spec      | {'affinity': {'podAntiAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': [{'topologyKey': 'a b'}]}}} | no qualified name",
        "34 | spec      | {'affinity': {'podAntiAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': [{'topologyKey': 'a', 'matchLabelKeys': ['b']}]}}} | matchLabelKeys",
        "34 | spec      | {'affinity': {'podAntiAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': [{'topologyKey': 'a', 'labelSelector': {'matchLabels': {'b': 'c'}}, 'matchLabelKeys': ['b']}]}}} | there already",
        "34 | spec      | {'affinity': {'podAntiAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': [{'topologyKey': 'a', 'labelSelector': {'matchLabels': {'b': 'c d'}}}]}}} | no label value",
        "34 | container | {'name': 'A'}                              | no DNS label",
        "34 | container | {'image': null}                            | required",
        "34 | container | {'command': 'sh'}                          | must be a list",
        "34 | container | {'command': [1]}                           | must be a list of strings",
        "34 | container | {'lifecycle': {'preStop': {}}}             | one handler type, has 0",
        "28 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 5}}}} | one handler type, has 0",
        "34 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 5}, 'exec': {'command': ['a']}}}} | has 2",
        "34 | container | {'lifecycle': {'preStop': {'exec': {}}}}   | command: required",
        "34 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 31}}}} | not within the grace period",
        "32 | container | {'lifecycle': {'preStop': {'sleep': {'seconds': 0}}}}  | not within the grace period",
        "34 | container | {'lifecycle': {'postStart': {'sleep': {'seconds': 31}}}} | not within the grace period",
        "34 | container | {'readinessProbe': {}}                     | one handler type, has 0",
        "34 | container | {'readinessProbe': {'sleep': {'seconds': 1}}} | one handler type, has 0",
        "34 | container | {'readinessProbe': {'httpGet': {}}}        | out of range",
        "34 | container | {'readinessProbe': {'httpGet': {'port': '80'}}} | no port name",
        "34 | container | {'readinessProbe': {'tcpSocket': {'port': 70000}}} | out of range",
        "34 | container | {'readinessProbe': {'grpc': {'port': 'grpc'}}} | must be an integer",
        "34 | container | {'readinessProbe': {'grpc': {'port': 1}, 'timeoutSeconds': -1}} | must not be negative",
        "34 | container | {'readinessProbe': {'grpc': {'port': 1}, 'timeoutSeconds': 2147483648}} | must be an integer",
        "34 | container | {'readinessProbe': {'grpc': {'port': 1}, 'terminationGracePeriodSeconds': 5}} | must not be set",
        "34 | container | {'livenessProbe': {'grpc': {'port': 1}, 'successThreshold': 2}} | must be 1",
        "34 | container | {'startupProbe': {'grpc': {'port': 1}, 'successThreshold': 2}} | must be 1",
        "34 | container | {'startupProbe': {'grpc': {'port': 1}, 'terminationGracePeriodSeconds': 0}} | be positive",
        "34 | container | {'restartPolicy': 'Always'}                | may not be set here",
        "34 | container | {'ports': [{'containerPort': 80, 'name': 'a'}, {'containerPort': 81, 'name': 'a'}]} | duplicate",
        "34 | container | {'ports': [{'name': 'a'}]}                 | out of range",
        "34 | container | {'ports': 'x'}                             | must be a list",
        "34 | metadata  | {'annotations': {'a': 1}}                  | must be a map of strings",
        "34 | metadata  | {'annotations': {'a/b/c': ''}}             | no qualified name",
        "34 | metadata  | {'labels': {'a': '-'}}                     | no label value"
      })
  void refuses(int minor, String where, String fragment, String error) {
    assertThat(errors(minor, where, fragment)).anySatisfy(e -> assertThat(e).contains(error));
  }

  @Test
  void measures_a_sleep_by_the_grace_of_the_pod_and_a_negative_one_as_1() {
    String sleep = "{'lifecycle': {'preStop': {'sleep': {'seconds': 1}}}}";
    assertThat(errorsWithGrace(1, sleep)).isEmpty();
    assertThat(errorsWithGrace(-5, sleep)).isEmpty();
    assertThat(errorsWithGrace(0, sleep)).hasSize(1);
  }

  @Test
  void limits_the_size_of_all_annotations() {
    String most = "x".repeat(256 * 1024 - 1);
    assertThat(errors(34, "metadata", "{'annotations': {'a': '" + most + "'}}")).isEmpty();
    assertThat(errors(34, "metadata", "{'annotations': {'a': '" + most + "x'}}"))
        .containsExactly("/metadata/annotations: too long");
  }

  private static List<String> errorsWithGrace(int grace, String fragment) {
    ObjectNode pod = pod("container", fragment);
    ((ObjectNode) pod.get("spec")).put("terminationGracePeriodSeconds", grace);
    return PodValidation.errors(pod, 34);
  }

  private static List<String> errors(int minor, String where, String fragment) {
    return PodValidation.errors(pod(where, fragment), minor);
  }

  private static ObjectNode pod(String where, String fragment) {
    ObjectNode pod =
        json("{'metadata': {}, 'spec': {'containers': [{'name': 'a', 'image': 'b'}]}}");
    JsonNode place = where.equals("container") ? pod.at("/spec/containers/0") : pod.get(where);
    ((ObjectNode) place).setAll(json(fragment));
    return pod;
  }

  private static ObjectNode json(String text) {
    try {
      return (ObjectNode) JSON.readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }
}
