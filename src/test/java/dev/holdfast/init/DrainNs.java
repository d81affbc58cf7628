package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is traffic and what is not, in a pod's network namespace, with a quiet time of a second. */
@Execution(ExecutionMode.CONCURRENT)
class DrainNs {
  private static final Duration QUIET = Duration.ofSeconds(1);

  /** What the figures of the issue allow on top. */
  private static final Duration MARGIN = Duration.ofMillis(300);

  private static final String SHORT = " short " + Network.TO_POD;
  private static final String PROBE =
      " short " + Network.NODE + " " + Network.POD + " " + Network.PORT;

  private Network network;

  @BeforeEach
  void makeTheNetwork() {
    network = new Network();
  }

  @AfterEach
  void removeTheNetwork() {
    if (network != null) {
      network.close();
    }
  }

  private static void isQuietAfter(long last, Result result) {
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.after(last))
        .as(result.err())
        .isBetween(QUIET.minusMillis(20), QUIET.plus(MARGIN));
    assertThat(result.err()).containsPattern("(?m)^holdfast-init: .*quiet after \\d+\\.\\d s");
  }

  /** As if nothing had been there at all. */
  private static void isUndisturbed(Result result) {
    isQuietAfter(result.started(), result);
  }

  private static void reachesItsMaximum(Result result, Duration max) {
    assertThat(result.code()).isZero();
    assertThat(result.took()).isBetween(max.minusMillis(5), max.plusMillis(400));
    assertThat(result.err()).containsPattern("(?m)^holdfast-init: .*max reached");
  }

  /** Traffic that begins before the drain and ends while it waits. */
  private void isQuietOnlyAfter(Start start, String traffic, String... options) {
    network.clients().begin(traffic);
    try (Running drain = Network.drain(start, options)) {
      isQuietAfter(network.clients().done(), drain.end());
    }
  }

  private void isUndisturbedBy(Start start, Peer peer, String traffic, String... options) {
    peer.begin(traffic);
    try (Running drain = Network.drain(start, options)) {
      Result result = drain.end();
      long last = peer.done();

      isUndisturbed(result);
      assertThat(last).as("traffic went on").isGreaterThan(result.ended());
    }
  }

  @Test
  void no_traffic() {
    try (Running drain = network.drain()) {
      isUndisturbed(drain.end());
    }
  }

  @Test
  void short_connections() {
    isQuietOnlyAfter(network.start(), "repeat 250 8" + SHORT);
  }

  @Test
  void short_connections_over_ipv6() {
    isQuietOnlyAfter(
        network.start(),
        "repeat 250 8 short " + Network.CLIENT6 + " " + Network.POD6 + " " + Network.PORT);
  }

  @Test
  void connections_that_are_reset() {
    isQuietOnlyAfter(network.start(), "repeat 250 8 shortreset " + Network.TO_POD);
  }

  @Test
  void requests_on_a_connection_that_was_there() {
    network.clients().tell("connect old " + Network.TO_POD);
    isQuietOnlyAfter(network.start(), "repeat 250 8 send old 10");
  }

  @Test
  void requests_on_an_ipv6_connection_that_was_there() {
    network
        .clients()
        .tell("connect old " + Network.CLIENT6 + " " + Network.POD6 + " " + Network.PORT);
    isQuietOnlyAfter(network.start(), "repeat 250 8 send old 10");
  }

  @Test
  void a_download() {
    // data in either direction counts: here the pod alone sends
    network.clients().tell("connect download " + Network.TO_POD);
    network.pod().begin("repeat 250 8 push 10");
    try (Running drain = network.drain()) {
      isQuietAfter(network.pod().done(), drain.end());
    }
  }

  @Test
  void an_idle_connection_does_not_hold_it() {
    network.clients().tell("connect idle " + Network.TO_POD);
    network.clients().tell("send idle 10");
    try (Running drain = network.drain()) {
      Result result = drain.end();

      assertThat(result.took()).isLessThan(QUIET.plus(MARGIN));
      assertThat(result.err()).contains("quiet after");
    }
    network.clients().tell("send idle 10"); // and it still works
  }

  @Test
  void data_just_before_the_drain_counts() {
    network.clients().tell("connect old " + Network.TO_POD);
    long last = network.clients().tell("send old 10");
    try (Running drain = network.drain()) {
      Result result = drain.end();

      assertThat(result.after(last)).isGreaterThan(QUIET.minusMillis(20));
    }
  }

  @Test
  void the_close_of_an_idle_connection_is_no_data() {
    network.clients().tell("connect idle " + Network.TO_POD);
    network.clients().tell("send idle 10");
    try (Running drain = network.drain()) {
      long last = network.clients().tell("repeat 300 2" + SHORT);
      network.clients().tell("pause 500");
      network.clients().tell("close idle");

      isQuietAfter(last, drain.end());
    }
  }

  @Test
  void many_bytes_on_one_connection() {
    network.clients().tell("connect busy " + Network.TO_POD);
    isQuietOnlyAfter(network.start(), "repeat 20 100 send busy 100000");
  }

  @Test
  void probes_without_a_word_about_them_hold_it_to_the_maximum() {
    network.clients().begin("repeat 500 8" + PROBE);
    try (Running drain = network.drain("--max", "3")) {
      reachesItsMaximum(drain.end(), Duration.ofSeconds(3));
    }
  }

  @Test
  void probes_within_their_budget_are_not_traffic() {
    isUndisturbedBy(
        network.start(),
        network.clients(),
        "repeat 400 6" + PROBE,
        "--ignore",
        Network.NODE,
        "--probe-budget",
        "4/1s");
  }

  @Test
  void ipv6_probes_within_their_budget_are_not_traffic() {
    isUndisturbedBy(
        network.start(),
        network.clients(),
        "repeat 400 6 short " + Network.NODE6 + " " + Network.POD6 + " " + Network.PORT,
        "--ignore",
        Network.NODE + "," + Network.NODE6,
        "--probe-budget",
        "4/1s");
  }

  @Test
  void probes_beside_traffic() {
    network.inWorld().begin("repeat 400 12" + PROBE);
    isQuietOnlyAfter(
        network.start(),
        "repeat 250 8" + SHORT,
        "--ignore",
        Network.NODE,
        "--probe-budget",
        "4/1s");
  }

  @Test
  void a_node_that_sends_more_than_probes_is_traffic() {
    // externalTrafficPolicy: Cluster gives real traffic the node's address
    isQuietOnlyAfter(
        network.start(),
        "repeat 50 40" + PROBE,
        "--ignore",
        Network.NODE,
        "--probe-budget",
        "4/1s");
  }

  @Test
  void more_than_the_budget_by_resets_is_traffic() {
    isQuietOnlyAfter(
        network.start(),
        "repeat 50 40 shortreset " + Network.NODE + " " + Network.POD + " " + Network.PORT,
        "--ignore",
        Network.NODE,
        "--probe-budget",
        "4/1s");
  }

  @Test
  void the_budget_is_one_over_all_ports() {
    network.pod().tell("listen 0.0.0.0 9090");
    Peer second = network.inWorld();
    second.begin("repeat 100 20 short " + Network.NODE + " " + Network.POD + " 9090");
    network.clients().begin("repeat 100 20" + PROBE);
    // 10 a second on each port, 20 in all
    try (Running drain =
        network
            .start()
            .init(
                "drain",
                "--ports",
                "8080,9090",
                "--quiet",
                "1",
                "--min",
                "0",
                "--max",
                "15",
                "--ignore",
                Network.NODE,
                "--probe-budget",
                "14/1s")) {
      long last = Math.max(second.done(), network.clients().done());
      Result result = drain.end();

      assertThat(result.after(last)).isGreaterThan(Duration.ofMillis(100));
      assertThat(result.err()).contains("quiet after");
    }
  }

  @Test
  void ignored_sources_without_a_budget_are_ignored_whole() {
    isUndisturbedBy(
        network.start(), network.clients(), "repeat 50 40" + PROBE, "--ignore", Network.NODE);
  }

  @Test
  void networks_are_ignored_too() {
    isUndisturbedBy(
        network.start(),
        network.clients(),
        "repeat 50 40" + PROBE,
        "--ignore",
        "192.168.0.0/16,10.77.0.8/29,fd00::/8");
  }

  @Test
  void a_neighbour_of_an_ignored_network_is_not_ignored() {
    isQuietOnlyAfter(network.start(), "repeat 250 8" + SHORT, "--ignore", "10.77.0.8/29");
  }

  @Test
  void a_pooled_connection_from_a_node_is_traffic() {
    // older than one probe, with a second request: a proxy behind SNAT
    network
        .clients()
        .tell("connect pooled " + Network.NODE + " " + Network.POD + " " + Network.PORT);
    network.clients().tell("send pooled 10");
    isQuietOnlyAfter(
        network.start(),
        "repeat 300 7 send pooled 10",
        "--ignore",
        Network.NODE,
        "--probe-budget",
        "4/1s");
  }

  @Test
  void a_second_request_on_a_new_connection_from_a_node_is_traffic() {
    try (Running drain = network.drain("--ignore", Network.NODE, "--probe-budget", "4/1s")) {
      network
          .clients()
          .tell("connect pooled " + Network.NODE + " " + Network.POD + " " + Network.PORT);
      long last = network.clients().tell("repeat 300 9 send pooled 10");

      isQuietAfter(last, drain.end());
    }
  }

  private static final String[] BUDGET = {"--ignore", Network.NODE, "--probe-budget", "4/1s"};

  private void connectFromNode(String name) {
    network
        .clients()
        .tell("connect " + name + " " + Network.NODE + " " + Network.POD + " " + Network.PORT);
  }

  @Test
  void a_download_from_a_node_is_traffic() {
    connectFromNode("download");
    network.clients().tell("send download 1");
    network.pod().begin("repeat 250 18 push 10");
    try (Running drain = network.drain(BUDGET)) {
      isQuietAfter(network.pod().done(), drain.end());
    }
  }

  @Test
  void a_download_from_a_node_that_begins_late_is_traffic() {
    try (Running drain = network.drain(BUDGET)) {
      network.clients().tell("pause 500");
      connectFromNode("download");
      network.clients().tell("send download 1");
      long last = network.pod().tell("repeat 250 18 push 10");

      isQuietAfter(last, drain.end());
    }
  }

  @Test
  void a_download_without_a_request_from_a_node_is_traffic() {
    connectFromNode("download");
    network.pod().begin("repeat 250 18 push 10");
    try (Running drain = network.drain(BUDGET)) {
      isQuietAfter(network.pod().done(), drain.end());
    }
  }

  @Test
  void a_slow_answer_to_a_node_is_traffic() {
    network.pod().tell("mute " + Network.POD + " 9090");
    try (Running drain =
        Network.drain(
            network.start(),
            9090,
            "--quiet",
            "2",
            "--ignore",
            Network.NODE,
            "--probe-budget",
            "4/1s")) {
      network.clients().tell("connect slow " + Network.NODE + " " + Network.POD + " 9090");
      network.clients().tell("ask slow 10");
      network.clients().tell("pause 1500");
      long last = network.pod().tell("push 10");
      Result result = drain.end();

      assertThat(result.err()).contains("quiet after");
      assertThat(result.after(last))
          .isBetween(Duration.ofMillis(1_980), Duration.ofSeconds(2).plus(MARGIN));
    }
  }

  /** There is one at any time, and none is answered before the quiet time is over. */
  @Test
  void slow_probes_do_not_hold_it_to_the_maximum() {
    network.pod().tell("mute " + Network.POD + " 9090");
    try (Running drain =
        Network.drain(network.start(), 9090, "--ignore", Network.NODE, "--probe-budget", "2/3s")) {
      for (int i = 0; i < 3; i++) {
        network.clients().tell("connect probe " + Network.NODE + " " + Network.POD + " 9090");
        network.clients().tell("ask probe 10");
        network.clients().tell("pause 2000");
        network.pod().tell("push 10");
        network.clients().tell("close probe");
      }
      Result result = drain.end();

      assertThat(result.code()).isZero();
      assertThat(result.err()).contains("quiet after");
      assertThat(result.took()).isLessThan(Duration.ofMillis(3_500));
    }
  }

  @Test
  void loopback_is_not_traffic() {
    isUndisturbedBy(
        network.start(), network.inPod(), "repeat 50 40 short 127.0.0.1 127.0.0.1 " + Network.PORT);
  }

  @ParameterizedTest
  @ValueSource(strings = {Network.POD, Network.POD6})
  void the_pods_connections_to_itself_are_not_traffic(String pod) {
    isUndisturbedBy(
        network.start(),
        network.inPod(),
        "repeat 50 40 short " + pod + " " + pod + " " + Network.PORT);
  }

  @Test
  void the_pods_own_connections_to_others_are_not_traffic() {
    Peer database = network.inWorld();
    database.tell("listen 10.77.0.1 5432");
    Peer app = network.inPod();
    app.tell("connect db - 10.77.0.1 5432");

    isUndisturbedBy(network.start(), app, "repeat 50 40 send db 100");
  }

  @Test
  void other_ports_are_not_traffic() {
    network.pod().tell("listen 0.0.0.0 9090");
    isUndisturbedBy(
        network.start(),
        network.clients(),
        "repeat 50 40 short " + Network.CLIENT + " " + Network.POD + " 9090");
  }

  private Running drainOfAllPorts() {
    return network.start().init("drain", "--quiet", "1", "--min", "0", "--max", "15");
  }

  @Test
  void finds_the_ports_that_listen() {
    network.pod().tell("listen 0.0.0.0 9090");
    network.clients().begin("repeat 250 8 short " + Network.CLIENT + " " + Network.POD + " 9090");
    try (Running drain = drainOfAllPorts()) {
      isQuietAfter(network.clients().done(), drain.end());
    }
  }

  @Test
  void finds_the_ports_that_listen_on_ipv6_alone() {
    network.pod().tell("listen fd77::2 9090");
    network.clients().begin("repeat 250 8 short " + Network.CLIENT6 + " " + Network.POD6 + " 9090");
    try (Running drain = drainOfAllPorts()) {
      isQuietAfter(network.clients().done(), drain.end());
    }
  }

  @Test
  void finds_no_ports_of_loopback_and_no_connections_to_others() {
    Peer database = network.inWorld();
    database.tell("listen 10.77.0.1 5432");
    Peer app = network.inPod();
    app.tell("connect db - 10.77.0.1 5432");
    app.begin("repeat 50 40 send db 100");
    Peer sidecar = network.inPod();
    sidecar.begin("repeat 50 40 short 127.0.0.1 127.0.0.1 " + Network.LOCAL_PORT);
    try (Running drain = drainOfAllPorts()) {
      isUndisturbed(drain.end());
    }
    app.done();
    sidecar.done();
  }

  @Test
  void a_server_that_has_stopped_to_listen_still_has_its_connections() {
    // an app that closes its listener at once, and finishes what it has
    Peer app = network.inPod();
    app.tell("listen " + Network.POD + " 9090");
    network.clients().tell("connect old " + Network.CLIENT + " " + Network.POD + " 9090");
    network.clients().begin("repeat 250 8 send old 10");
    try (Running drain = Network.drain(network.start(), 9090)) {
      isQuietAfter(network.clients().done(), drain.end());
    }
  }

  @Test
  void quiet_connections_ends_it_though_data_flows() {
    network.clients().tell("connect old " + Network.TO_POD);
    network.clients().begin("repeat 100 40 send old 10");
    try (Running drain = network.drain("--quiet-connections", "2")) {
      Result result = drain.end();

      assertThat(result.code()).isZero();
      assertThat(result.took()).isBetween(Duration.ofMillis(1_980), Duration.ofMillis(2_400));
      assertThat(result.err()).startsWith(Result.PREFIX).contains("connection");
    }
  }

  @Test
  void quiet_connections_waits_for_new_ones() {
    network.clients().tell("connect old " + Network.TO_POD);
    Peer another = network.inWorld();
    another.begin("repeat 100 60" + SHORT);
    network.clients().begin("repeat 100 80 send old 10");
    try (Running drain = network.drain("--quiet-connections", "1500ms", "--max", "4")) {
      reachesItsMaximum(drain.end(), Duration.ofSeconds(4));
    }
  }

  @Test
  void ports_add_up() {
    network.pod().tell("listen 0.0.0.0 9090");
    isQuietOnlyAfter(network.start(), "repeat 250 8" + SHORT, "--ports", "9090");
  }

  @Test
  void a_maximum_below_the_default_minimum_is_the_minimum() {
    try (Running drain =
        network.start().init("drain", "--ports", "8080", "--quiet", "300ms", "--max", "1")) {
      Result result = drain.end();

      assertThat(result.took()).isBetween(Duration.ofMillis(995), Duration.ofMillis(1_400));
      assertThat(result.err()).contains("quiet after 1.");
    }
  }

  @Test
  void the_minimum_holds_whatever_is_quiet() {
    try (Running drain =
        network
            .start()
            .init("drain", "--ports", "8080", "--quiet", "200ms", "--min", "2", "--max", "10")) {
      Result result = drain.end();

      assertThat(result.code()).isZero();
      assertThat(result.took()).isBetween(Duration.ofMillis(1_995), Duration.ofMillis(2_400));
      assertThat(result.err()).contains("quiet after 2.");
    }
  }

  @Test
  void the_maximum_ends_it_and_tells_who_is_busy() {
    network.clients().tell("connect a " + Network.TO_POD);
    network.clients().tell("connect b " + Network.NODE + " " + Network.POD + " " + Network.PORT);
    network.clients().tell("connect idle " + Network.TO_POD);
    Peer second = network.inWorld();
    second.tell("connect c " + Network.TO_POD);
    second.begin("repeat 100 40 send c 10");
    network.clients().begin("repeat 100 40 send b 10");
    try (Running drain = network.drain("--max", "2")) {
      Result result = drain.end();

      reachesItsMaximum(result, Duration.ofSeconds(2));
      assertThat(result.err())
          .contains("max reached with 2 busy connections from ")
          .contains(Network.CLIENT, Network.NODE);
    }
  }

  @Test
  void the_maximum_tells_of_ipv6_clients() {
    network
        .clients()
        .tell("connect a " + Network.CLIENT6 + " " + Network.POD6 + " " + Network.PORT);
    network.clients().begin("repeat 100 40 send a 10");
    try (Running drain = network.drain("--max", "2")) {
      Result result = drain.end();

      reachesItsMaximum(result, Duration.ofSeconds(2));
      assertThat(result.err()).contains("1 busy connection from ").contains(Network.CLIENT6);
    }
  }

  @Test
  void a_command_follows_and_its_exit_code_counts() {
    try (Running drain =
        network.drain("--", "sh", "-c", "echo \"ran $*\"; exit 9", "sh", "--max", "1")) {
      Result result = drain.end();

      assertThat(result.code()).isEqualTo(9);
      assertThat(result.out()).isEqualTo("ran --max 1\n");
      assertThat(result.took()).isBetween(QUIET.minusMillis(20), QUIET.plusMillis(500));
    }
  }

  @Test
  void a_command_follows_at_the_maximum_too() {
    network.clients().begin("repeat 100 40" + SHORT);
    try (Running drain = network.drain("--max", "1500ms", "--", "echo", "ran")) {
      Result result = drain.end();

      assertThat(result.code()).isZero();
      assertThat(result.out()).isEqualTo("ran\n");
      assertThat(result.err()).contains("max reached");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {15, 2})
  void told_to_end_it_ends_at_once_and_well(int signal) {
    for (Start start : new Start[] {network.start(), network.first()}) {
      try (Running drain = Network.drain(start, "--quiet", "1m", "--max", "2m")) {
        Running.quickly("not waiting")
            .until(() -> Running.read("/proc/" + drain.pid() + "/comm").contains("holdfast"));
        Running.quickly("not waiting").until(() -> Running.state(drain.pid()).equals("S"));
        long sent = System.nanoTime();
        drain.signal(signal);
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.after(sent)).isLessThan(Duration.ofMillis(500));
      }
    }
  }

  @Test
  void as_pid_1_it_passes_the_signal_on_when_traffic_has_stopped() {
    try (Running running =
        network
            .first()
            .init(
                "--drain",
                "--ports",
                "8080",
                "--quiet",
                "1",
                "--min",
                "0",
                "--max",
                "15",
                "--",
                Programs.puppet(),
                "signals",
                "child",
                "15")) {
      running.shows("child ready");
      network.clients().begin("repeat 250 8" + SHORT);
      running.signal(15);
      long last = network.clients().done();

      isQuietAfter(last, running.end());
    }
  }

  @Test
  void traffic_that_begins_late_counts_as_well() {
    network.clients().tell("connect old " + Network.TO_POD);
    try (Running drain = network.drain()) {
      // the first of each pause is 0.7 s of nothing, which is not yet quiet
      long last = network.clients().tell("repeat 700 4 send old 1");

      isQuietAfter(last, drain.end());
    }
  }
}
