package dev.holdfast.disruption;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunningPodTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          spec: {nodeName: a}, status: {conditions: [{type: Ready, status: 'True'}]}                                     | a  | true  | false
          spec: {nodeName: a}, status: {conditions: [{type: Ready, status: 'False'}]}                                    | a  | false | true
          spec: {nodeName: a}, status: {containerStatuses: [{state: {waiting: {reason: ContainerCreating}}}]}            | a  | false | true
          spec: {nodeName: a}, status: {initContainerStatuses: [{state: {waiting: {reason: PodInitializing}}}]}          | a  | false | true
          spec: {nodeName: a}, status: {containerStatuses: [{state: {running: {}}}]}                                     | a  | false | true
          spec: {nodeName: a}, status: {containerStatuses: [{state: {waiting: {reason: CrashLoopBackOff}}}]}             | a  | false | false
          spec: {nodeName: a}, status: {containerStatuses: [{state: {waiting: {reason: ImagePullBackOff}}}]}             | a  | false | false
          spec: {nodeName: a}, status: {initContainerStatuses: [{state: {waiting: {reason: CreateContainerConfigError}}}]} | a | false | false
          spec: {}, status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable}]} | '' | false | false
          spec: 3, status: [garbage]                                                                                     | '' | false | false
          """)
  void is_read_as_a_drain_sees_it(String pod, String node, boolean ready, boolean starting)
      throws IOException {
    assertThat(RunningPod.read(new YAMLMapper().readTree("{" + pod + "}")))
        .contains(new RunningPod(node, ready, starting));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          status: {phase: Succeeded}
          status: {phase: Failed}
          metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}
          """)
  void no_drain_waits_for_one_that_ends(String pod) throws IOException {
    assertThat(RunningPod.read(new YAMLMapper().readTree("{" + pod + "}"))).isEmpty();
  }
}
