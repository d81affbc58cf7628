package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** Many connections; alone, as the kernel has one queue of closed sockets for all namespaces. */
@Isolated
class LoadNs {
  private static final String SHORT = " short " + Network.TO_POD;

  @Test
  void more_events_than_it_can_take_are_traffic() {
    try (Network network = new Network();
        Running drain = network.drain()) {
      Running.quickly("not waiting").until(() -> Running.state(drain.pid()).equals("S"));
      drain.signal(19);
      Running.quickly("not stopped").until(() -> Running.state(drain.pid()).equals("T"));
      // far more than its socket holds; nothing of them is left when it looks
      network.clients().tell("repeat 0 5000" + SHORT);
      network.clients().tell("pause 1500");
      long continued = System.nanoTime();
      drain.signal(18);
      Result result = drain.end();

      assertThat(result.code()).as(result.err()).isZero();
      // ignored, they would let it end at once: the last of them is 1.5 s old
      assertThat(result.after(continued))
          .as(result.err())
          .isBetween(Duration.ofMillis(300), Duration.ofMillis(1_500));
    }
  }

  @Test
  void ten_thousand_idle_connections_do_not_hold_it() {
    try (Network network = new Network()) {
      network.clients().tell("flood 10000 " + Network.TO_POD);
      network.clients().tell("pause 1100");
      try (Running drain = network.drain()) {
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.took()).isLessThan(Duration.ofMillis(1_500));
      }
    }
  }

  @Test
  void one_busy_connection_among_ten_thousand_is_found() {
    try (Network network = new Network()) {
      network.clients().tell("flood 10000 " + Network.TO_POD);
      network.clients().tell("connect old " + Network.TO_POD);
      network.clients().begin("repeat 250 12 send old 10");
      try (Running drain = network.drain()) {
        long last = network.clients().done();
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.after(last)).isBetween(Duration.ofMillis(980), Duration.ofMillis(1_400));
      }
    }
  }

  @Test
  void ten_thousand_busy_connections_are_counted_at_the_maximum() {
    try (Network network = new Network()) {
      network.clients().tell("flood 10000 " + Network.TO_POD);
      network.pod().begin("repeat 300 30 push 1");
      try (Running drain = network.drain("--max", "3")) {
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.took()).isBetween(Duration.ofMillis(2_990), Duration.ofMillis(4_000));
        assertThat(result.err())
            .containsPattern("max reached with \\d+ busy connections from 10\\.77\\.0\\.1")
            .hasSizeLessThan(5_000);
      }
    }
  }

  @Test
  void a_storm_of_short_connections_is_traffic_to_its_end() {
    try (Network network = new Network()) {
      network.clients().begin("repeat 0 20000" + SHORT);
      // three seconds: in a storm a handshake may be lost, and tried again after one
      try (Running drain = network.drain("--quiet", "3", "--max", "60")) {
        long last = network.clients().done();
        Result result = drain.end();

        assertThat(result.code()).isZero();
        assertThat(result.after(last))
            .as(result.err())
            .isBetween(Duration.ofMillis(2_980), Duration.ofMillis(3_500));
      }
    }
  }
}
