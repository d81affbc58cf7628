package dev.holdfast.disruption;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.TestClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WorkQueueTest {
  private final TestClock clock = new TestClock();
  private final Allowance allowance = new Allowance(10);
  private final WorkQueue<String> queue = new WorkQueue<>(clock, allowance);

  @Test
  void gives_out_in_the_order_of_adding_and_each_once() {
    queue.add("a");
    queue.add("b");
    queue.add("a");

    assertThat(queue.poll()).contains("a");
    assertThat(queue.poll()).contains("b");
    assertThat(queue.poll()).isEmpty();
  }

  @Test
  void what_is_in_hand_is_not_given_out_again_before_it_is_done() {
    queue.add("a");
    queue.poll();
    queue.add("a");
    queue.add("a");

    assertThat(queue.poll()).isEmpty();
    queue.done("a");
    assertThat(queue.poll()).contains("a");
    queue.done("a");
    assertThat(queue.poll()).isEmpty();
  }

  @Test
  void what_is_for_later_comes_when_it_is_due_at_the_earliest_time_asked_for() {
    queue.addAt("a", clock.instant().plusSeconds(30));
    queue.addAt("a", clock.instant().plusSeconds(10));
    queue.addAt("a", clock.instant().plusSeconds(20));

    clock.advance(Duration.ofSeconds(9));
    assertThat(queue.poll()).isEmpty();
    clock.advance(Duration.ofSeconds(1));
    assertThat(queue.poll()).contains("a");
    queue.done("a");
    clock.advance(Duration.ofSeconds(100));
    assertThat(queue.poll()).isEmpty();
  }

  @Test
  void retries_come_twice_as_late_each_time_up_to_a_minute() {
    Duration[] pauses = new Duration[12];
    for (int i = 0; i < pauses.length; i++) {
      queue.retry("a");
      pauses[i] = Duration.ZERO;
      while (queue.poll().isEmpty()) {
        clock.advance(Duration.ofMillis(100));
        pauses[i] = pauses[i].plusMillis(100);
      }
      queue.done("a");
    }

    assertThat(pauses[0]).isEqualTo(Duration.ofMillis(100));
    assertThat(pauses[1]).isEqualTo(Duration.ofMillis(200));
    assertThat(pauses[5]).isEqualTo(Duration.ofMillis(3200));
    assertThat(pauses[11]).isEqualTo(Duration.ofMillis(51_200));

    queue.forgetFailures("a");
    queue.retry("a");
    clock.advance(Duration.ofMillis(100));
    assertThat(queue.poll()).contains("a");
  }

  @Test
  void the_throttled_come_as_the_allowance_permits_and_let_others_pass() {
    queue.throttle("slow 1");
    queue.throttle("slow 2");
    while (allowance.take(clock.instant())) {
      // The burst.
    }
    queue.add("fast");

    assertThat(queue.poll()).contains("fast");
    assertThat(queue.poll()).isEmpty();
    clock.advance(Duration.ofMillis(100));
    assertThat(queue.poll()).contains("slow 1");
    assertThat(allowance.take(clock.instant())).isTrue();
    assertThat(queue.poll()).isEmpty();
    clock.advance(Duration.ofMillis(100));
    assertThat(queue.poll()).contains("slow 2");
  }

  @Test
  void an_allowance_of_ten_gives_ten_a_second_and_a_small_burst() {
    int taken = 0;
    for (int i = 0; i < 1000; i++) {
      taken += allowance.take(clock.instant()) ? 1 : 0;
      clock.advance(Duration.ofMillis(10));
    }

    assertThat(taken).isBetween(100, 103);
  }

  @Test
  void done_tells_how_long_it_took_since_it_was_due() {
    queue.add("a");
    clock.advance(Duration.ofMillis(7));
    queue.poll();
    clock.advance(Duration.ofMillis(5));

    assertThat(queue.done("a")).contains(Duration.ofMillis(12));
  }

  @Test
  void a_pass_over_everything_keeps_nobody_waiting() {
    queue.addBehind("a");
    queue.addBehind("b");
    queue.addBehind("c");
    queue.add("b");
    queue.throttle("d");

    assertThat(queue.poll()).contains("b");
    assertThat(queue.poll()).contains("d");
    assertThat(queue.poll()).contains("a");
    assertThat(queue.poll()).contains("c");
    assertThat(queue.poll()).isEmpty();
    assertThat(queue.done("b")).isPresent();
    assertThat(queue.done("a")).as("nobody waited for it").isEmpty();
  }

  @Test
  void what_is_in_hand_is_passed_over_by_a_pass_until_it_is_done() {
    queue.add("a");
    queue.poll();
    queue.addBehind("a");
    queue.addBehind("b");

    assertThat(queue.poll()).contains("b");
    assertThat(queue.poll()).isEmpty();
    queue.done("a");
    assertThat(queue.poll()).contains("a");
  }

  @Test
  void what_is_to_be_done_anyway_is_not_done_twice_for_a_pass() {
    queue.add("a");
    queue.throttle("b");
    queue.addBehind("a");
    queue.addBehind("b");

    assertThat(queue.waiting()).isEqualTo(2);
  }

  @Test
  void nothing_is_left_after_clearing() {
    queue.add("a");
    queue.add("b");
    queue.addAt("c", clock.instant().plusSeconds(1));
    queue.throttle("d");
    queue.addBehind("e");
    queue.poll();
    queue.add("a");

    queue.clear();
    queue.done("a");
    clock.advance(Duration.ofDays(1));

    assertThat(queue.poll()).isEmpty();
    assertThat(queue.waiting()).isZero();
  }

  @Test
  void whoever_waits_gets_nothing_once_it_is_closed() throws InterruptedException {
    queue.close();

    assertThat(queue.take()).isEmpty();
  }
}
