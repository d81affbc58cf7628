package dev.holdfast.hardening;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.patch.PatchBuilder;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.policy.RuleName;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetyCheckTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String POD =
      "{'spec':{'terminationGracePeriodSeconds':30,'containers':[{'name':'web',"
          + "'livenessProbe':{'exec':{'command':['true']},'periodSeconds':5,'timeoutSeconds':1}}]}}";

  private static JsonNode json(String text) throws Exception {
    return JSON.readTree(text.replace('\'', '"'));
  }

  private static String check(RuleName rule, Edit.Op op, String path, String value, int version)
      throws Exception {
    ObjectNode pod = (ObjectNode) json(POD);
    PatchBuilder patch = new PatchBuilder(pod);
    patch.apply(op, path, json(value));
    return new SafetyCheck(pod, patch.pod(), ClusterFacts.of(new KubernetesVersion(1, version)))
        .firstViolation(List.of(new Edit(rule, op, path, json(value), "")), Rules.ALL)
        .map(SafetyCheck.Violation::problem)
        .orElse("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "PRE_STOP | ADD | /spec/containers/0/lifecycle/preStop | {'sleep':{'seconds':30}}",
        "PRE_STOP | ADD | /spec/containers/0/lifecycle/preStop | {'exec':{'command':['x']}}",
        "TERMINATION_GRACE | REPLACE | /spec/terminationGracePeriodSeconds | 31",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'tcpSocket':{'port':1},'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':1}",
        "PROBE_TIMEOUT | REPLACE | /spec/containers/0/livenessProbe/timeoutSeconds | 5",
        "ANTI_AFFINITY | ADD | /spec/affinity/podAntiAffinity | {'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'k','labelSelector':{'matchLabels':{'a':'b'}}}]}",
        "TOPOLOGY_SPREAD | ADD | /spec/topologySpreadConstraints | [{'maxSkew':1,'topologyKey':'k','whenUnsatisfiable':'DoNotSchedule','labelSelector':{'matchExpressions':[{}]}}]",
      })
  void lets_through_what_the_api_server_takes(RuleName rule, Edit.Op op, String path, String value)
      throws Exception {
    assertThat(check(rule, op, path, value, 34)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PRE_STOP | ADD | /spec/containers/0/lifecycle/preStop | {'sleep':{'seconds':31}}",
        "PRE_STOP | ADD | /spec/containers/0/lifecycle/preStop | {'sleep':{'seconds':0}}",
        "PRE_STOP | ADD | /spec/containers/0/lifecycle/preStop | {}",
        "PRE_STOP | ADD | /spec/containers/0/lifecycle/preStop | {'exec':{'command':[]}}",
        "PRE_STOP | ADD | /spec/containers/0/lifecycle/preStop | {'exec':{'command':['x']},'sleep':{'seconds':1}}",
        "PRE_STOP | ADD | /spec/containers/0/readinessProbe | {'tcpSocket':{'port':1},'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':1}",
        "TERMINATION_GRACE | REPLACE | /spec/terminationGracePeriodSeconds | 30",
        "TERMINATION_GRACE | REPLACE | /spec/terminationGracePeriodSeconds | 29",
        "TERMINATION_GRACE | REPLACE | /spec/terminationGracePeriodSeconds | \"60\"",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':1}",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'exec':{},'grpc':{},'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':1}",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'grpc':{},'periodSeconds':3,'timeoutSeconds':4,'failureThreshold':1}",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'grpc':{},'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':0}",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'grpc':{},'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':2147483648}",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'grpc':{'host':'h'},'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':1}",
        "READINESS_PROBE | ADD | /spec/containers/0/readinessProbe | {'grpc':{},'terminationGracePeriodSeconds':1,'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':1}",
        "STARTUP_PROBE | ADD | /spec/containers/0/startupProbe | {'grpc':{},'successThreshold':2,'periodSeconds':3,'timeoutSeconds':3,'failureThreshold':1}",
        "PROBE_TIMEOUT | REPLACE | /spec/containers/0/livenessProbe/timeoutSeconds | 6",
        "PROBE_TIMEOUT | REPLACE | /spec/containers/0/livenessProbe/timeoutSeconds | 1",
        "ANTI_AFFINITY | ADD | /spec/affinity/podAntiAffinity | {}",
        "ANTI_AFFINITY | ADD | /spec/affinity/podAntiAffinity | {'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'','labelSelector':{'matchLabels':{'a':'b'}}}]}",
        "ANTI_AFFINITY | ADD | /spec/affinity/podAntiAffinity | {'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'k','labelSelector':{}}]}",
        "ANTI_AFFINITY | ADD | /spec/affinity/podAntiAffinity | {'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'k','labelSelector':{'matchLabels':{'a':'b'}},'matchLabelKeys':['a']}]}",
        "ANTI_AFFINITY | ADD | /spec/affinity/podAntiAffinity | {'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':101,'podAffinityTerm':{'topologyKey':'k','labelSelector':{'matchLabels':{'a':'b'}}}}]}",
        "ANTI_AFFINITY | ADD | /spec/affinity/podAntiAffinity | {'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1}]}",
        "TOPOLOGY_SPREAD | ADD | /spec/topologySpreadConstraints | []",
        "TOPOLOGY_SPREAD | ADD | /spec/topologySpreadConstraints | [{'maxSkew':0,'topologyKey':'k','labelSelector':{'matchLabels':{'a':'b'}}}]",
        "TOPOLOGY_SPREAD | ADD | /spec/topologySpreadConstraints | [{'maxSkew':1,'topologyKey':'k','labelSelector':{'matchLabels':{'a':'b'}}},{'maxSkew':2,'topologyKey':'k','labelSelector':{'matchLabels':{'a':'b'}}}]",
        "REPLICAS | ADD | /spec/replicas | 2",
      })
  void stops_what_the_api_server_refuses(RuleName rule, Edit.Op op, String path, String value)
      throws Exception {
    assertThat(check(rule, op, path, value, 34)).isNotEmpty();
  }

  @Test
  void stops_a_sleep_that_the_api_server_does_not_know() throws Exception {
    String sleep = "{'sleep':{'seconds':5}}";
    String path = "/spec/containers/0/lifecycle/preStop";
    assertThat(check(RuleName.PRE_STOP, Edit.Op.ADD, path, sleep, 29)).isNotEmpty();
    assertThat(check(RuleName.PRE_STOP, Edit.Op.ADD, path, sleep, 30)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "/a/*/b, /a/0/b, true",
    "/a/*/b, /a/12/b, true",
    "/a/*/b, /a//b, false",
    "/a/*/b, /a/x/b, false",
    "/a/*/b, /a/0/b/c, false",
    "/a/*/b, /a/0, false",
    "/a, /a, true",
    "/a, /ab, false",
  })
  void matches_pointers_of_a_pattern(String pattern, String pointer, boolean matches) {
    assertThat(SafetyCheck.matches(pattern, pointer)).isEqualTo(matches);
  }
}
