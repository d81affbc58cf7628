package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.e2e.ApiServer.Answer;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/**
 * Pods that are created in a loop by several threads: as server-side dry runs, which pass through
 * all that a creation passes through.
 */
final class Load implements AutoCloseable {
  private static final int THREADS = 4;

  /** Each thread's; so much that there is always something under way, and no machine is full. */
  private static final long PERIOD_MILLISECONDS = 40;

  private final ApiServer api;
  private final IntFunction<ObjectNode> pods;
  private final AtomicInteger count = new AtomicInteger();
  private final Queue<Creation> creations = new ConcurrentLinkedQueue<>();
  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(THREADS);

  /**
   * One creation.
   *
   * @param began as {@link System#nanoTime}
   */
  record Creation(long began, long ended, Answer answer) {}

  /**
   * @param pods makes the pod of a number
   */
  Load(ApiServer api, IntFunction<ObjectNode> pods) {
    this.api = api;
    this.pods = pods;
    for (int i = 0; i < THREADS; i++) {
      threads.scheduleAtFixedRate(this::create, 0, PERIOD_MILLISECONDS, TimeUnit.MILLISECONDS);
    }
  }

  private void create() {
    long began = System.nanoTime();
    Answer answer;
    try {
      answer = api.dryRun(pods.apply(count.incrementAndGet()));
    } catch (RuntimeException e) {
      // No answer is no admission.
      answer = new Answer(0, TextNode.valueOf(e.toString()), List.of());
    }
    creations.add(new Creation(began, System.nanoTime(), answer));
  }

  /** How many there are so far. */
  int size() {
    return creations.size();
  }

  /** Ends it; all creations there were. */
  List<Creation> stop() throws InterruptedException {
    close();
    assertThat(threads.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
    return List.copyOf(creations);
  }

  @Override
  public void close() {
    threads.shutdown();
  }
}
