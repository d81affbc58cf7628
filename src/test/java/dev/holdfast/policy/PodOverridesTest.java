package dev.holdfast.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.policy.PodOverrides.AntiAffinityChoice;
import dev.holdfast.policy.PodOverrides.Pause;
import dev.holdfast.policy.PodOverrides.ProbeChoice;
import dev.holdfast.policy.PodOverrides.Problem;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PodOverridesTest {
  private static final String P = PodOverrides.PREFIX;

  private static PodOverrides read(String... keysAndValues) {
    return read(List.of("web"), keysAndValues);
  }

  private static PodOverrides read(List<String> apps, String... keysAndValues) {
    Map<String, String> annotations = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      annotations.put(P + keysAndValues[i], keysAndValues[i + 1]);
    }
    return PodOverrides.read(annotations, List.of("web", "worker", "migrate"), apps);
  }

  @ParameterizedTest
  @CsvSource({
    "15, 15",
    "15s, 15",
    "1m30s, 90",
    "' 5s ', 5",
    "1h, 3600",
    "0.5m, 30",
    "1000ms, 1",
    "60m, 3600"
  })
  void reads_pauses(String value, int seconds) {
    PodOverrides overrides = read("pre-stop", value);
    assertThat(overrides.preStop("web")).contains(new Pause.Sleep(seconds));
    assertThat(overrides.asksFor(RuleName.PRE_STOP)).isTrue();
    assertThat(overrides.problems()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"off", "OFF", "0", "0s", " Off "})
  void reads_off(String value) {
    PodOverrides overrides = read("pre-stop", value);
    assertThat(overrides.preStop("web")).contains(new Pause.Off());
    assertThat(overrides.asksFor(RuleName.PRE_STOP)).isFalse();
  }

  @Test
  void reads_drain() {
    assertThat(read("pre-stop", "Drain").preStop("web")).contains(new Pause.Drain());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "soon",
        "-5s",
        "1.5s",
        "500ms",
        "3601",
        "2h",
        "1h1s",
        "15 s",
        "s",
        "1e3",
        "١٥",
        "99999999999999999999",
        "15s15",
        "15s;"
      })
  void ignores_unreadable_pauses_and_says_so(String value) {
    PodOverrides overrides = read("pre-stop", value);
    assertThat(overrides.preStop("web")).isEmpty();
    assertThat(overrides.asksFor(RuleName.PRE_STOP)).isFalse();
    assertThat(overrides.problems())
        .containsExactly(
            new Problem(
                P + "pre-stop",
                value,
                "unreadable-annotation",
                "expected a duration like 15s, drain or off"));
  }

  @Test
  void a_suffix_wins_over_the_plain_form() {
    PodOverrides overrides = read("shutdown.web", "45s", "shutdown", "90s");
    assertThat(overrides.shutdownSeconds("web")).contains(45);
    assertThat(overrides.shutdownSeconds("worker")).contains(90);
  }

  @Test
  void an_unreadable_suffix_leaves_the_plain_form() {
    PodOverrides overrides = read("pre-stop", "20s", "pre-stop.web", "?");
    assertThat(overrides.preStop("web")).contains(new Pause.Sleep(20));
    assertThat(overrides.problems()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pre-stop.nobody", "pre-stop.", "shutdown.we", "init.x.y"})
  void a_suffix_that_names_no_container_is_told(String key) {
    assertThat(read(key, "on").problems())
        .singleElement()
        .extracting(Problem::reason)
        .isEqualTo("unknown-container");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "off", "61m"})
  void shutdown_needs_a_time(String value) {
    assertThat(read("shutdown", value).shutdownSeconds("web")).isEmpty();
    assertThat(read("shutdown", value).problems()).hasSize(1);
  }

  @Test
  void reads_probes() {
    assertThat(read("readiness-probe", "http:8080/healthz").readinessProbe("web"))
        .contains(new ProbeChoice.Http(false, "8080", "/healthz"));
    assertThat(read("readiness-probe", "HTTPS:https").readinessProbe("web"))
        .contains(new ProbeChoice.Http(true, "https", "/"));
    assertThat(read("startup-probe", " tcp:5432 ").startupProbe("web"))
        .contains(new ProbeChoice.Tcp("5432"));
    assertThat(read("startup-probe", "grpc:9000").startupProbe("web"))
        .contains(new ProbeChoice.Grpc(9000, ""));
    assertThat(read("startup-probe", "grpc:9000/a.B").startupProbe("web"))
        .contains(new ProbeChoice.Grpc(9000, "a.B"));
    assertThat(read("startup-probe", "off").startupProbe("web")).contains(new ProbeChoice.Off());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "8080",
        "http",
        "http:",
        "http:/x",
        "http:0",
        "http:08080",
        "http:65536",
        "http:99999999999",
        "http:80 /x",
        "http:80/x y",
        "tcp:80/x",
        "tcp:UPPER",
        "tcp:-a",
        "tcp:a--b",
        "tcp:name-longer-than-fifteen",
        "grpc:name",
        "udp:53",
        "ftp:21"
      })
  void ignores_unreadable_probes_and_says_so(String value) {
    PodOverrides overrides = read("readiness-probe", value);
    assertThat(overrides.readinessProbe("web")).isEmpty();
    assertThat(overrides.asksFor(RuleName.READINESS_PROBE)).isFalse();
    assertThat(overrides.problems()).hasSize(1);
  }

  @Test
  void a_probe_without_a_suffix_needs_a_single_app_container() {
    PodOverrides two = read(List.of("web", "worker"), "readiness-probe", "tcp:80");
    assertThat(two.readinessProbe("web")).isEmpty();
    assertThat(two.problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.hint()).contains("readiness-probe.CONTAINER"));
    PodOverrides oneLeft =
        read(List.of("web", "worker"), "readiness-probe", "tcp:80", "exclude-containers", "worker");
    assertThat(oneLeft.readinessProbe("web")).contains(new ProbeChoice.Tcp("80"));
  }

  @Test
  void reads_lists() {
    PodOverrides overrides =
        read("skip", " pre-stop, ,Probe-Timeout ,x", "exclude-containers", "worker,, nobody");
    assertThat(overrides.skip())
        .containsExactlyInAnyOrder(RuleName.PRE_STOP, RuleName.PROBE_TIMEOUT);
    assertThat(overrides.excludeContainers()).containsExactly("worker");
    assertThat(overrides.problems())
        .extracting(Problem::reason)
        .containsExactly("unknown-container", "unknown-rule");
  }

  @ParameterizedTest
  @CsvSource({"preferred, PREFERRED", "REQUIRED, REQUIRED", "' off', OFF"})
  void reads_anti_affinity(String value, AntiAffinityChoice choice) {
    PodOverrides overrides = read("anti-affinity", value);
    assertThat(overrides.antiAffinity()).contains(choice);
    assertThat(overrides.asksFor(RuleName.ANTI_AFFINITY))
        .isEqualTo(choice != AntiAffinityChoice.OFF);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "init | on | INIT",
        "entrypoint | [\"/app\",\"-x\"] | INIT",
        "stop-signal | SIGUSR1 | STOP_SIGNAL",
        "stop-signal.web | QUIT | STOP_SIGNAL",
        "wait-for | tcp://db:5432, http://auth:8080/ready | WAIT_FOR",
        "disruption-budget | maxUnavailable=1 | DISRUPTION_BUDGET",
        "disruption-budget | 25% | DISRUPTION_BUDGET",
      })
  void reads_what_later_rules_need(String key, String value, RuleName rule) {
    assertThat(read(key, value).asksFor(rule)).isTrue();
    assertThat(read(key, value).problems()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "init | maybe",
        "entrypoint | /app",
        "entrypoint | []",
        "entrypoint | [1]",
        "stop-signal | 15 x",
        "wait-for | db:5432",
        "wait-for | tcp://a,,b",
        "disruption-budget | some",
        "anti-affinity | yes",
      })
  void ignores_what_later_rules_could_not_read(String key, String value) {
    PodOverrides overrides = read(key, value);
    assertThat(overrides.problems()).hasSize(1);
    for (RuleName rule : RuleName.values()) {
      assertThat(overrides.asksFor(rule)).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "pre-stopp, did you mean holdfast.dev/pre-stop?",
    "prestop, did you mean holdfast.dev/pre-stop?",
    "elephant, no annotation of this name exists",
    "skip.web, did you mean",
    "mode, 'this is a label, not an annotation'",
  })
  void tells_of_unknown_keys(String key, String hint) {
    assertThat(read(key, "x").problems())
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.reason()).isEqualTo("unknown-annotation");
              if (!key.equals("skip.web")) {
                assertThat(problem.hint()).isEqualTo(hint);
              }
            });
  }

  @Test
  void keys_that_only_look_similar_are_not_ours() {
    assertThat(
            PodOverrides.read(
                    Map.of("my.holdfast.dev/skip", "x", "holdfast.dev", "x", P + "hardened", "x"),
                    List.of("web"),
                    List.of("web"))
                .problems())
        .isEmpty();
  }

  @Test
  void denied_overrides_are_all_told() {
    PodOverrides denied =
        PodOverrides.denied(Map.of(P + "skip", "pre-stop", P + "hardened", "x", "other", "y"));
    assertThat(denied.skip()).isEmpty();
    assertThat(denied.problems()).extracting(Problem::reason).containsExactly("overrides-denied");
  }
}
