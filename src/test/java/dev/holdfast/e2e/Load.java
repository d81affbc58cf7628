package dev.holdfast.e2e;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.e2e.ApiServer.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/**
 * Pods that are created in a loop by several threads: as server-side dry runs, which pass through
 * all that a creation passes through.
 */
final class Load implements AutoCloseable {
  private static final int THREADS = 4;

  private final ApiServer api;
  private final IntFunction<ObjectNode> pods;
  private final AtomicInteger count = new AtomicInteger();
  private final Queue<Creation> creations = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

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
      Thread thread = new Thread(this::run, "load-" + i);
      threads.add(thread);
      thread.start();
    }
  }

  private void run() {
    while (!stopped) {
      long began = System.nanoTime();
      Answer answer = api.dryRun(pods.apply(count.incrementAndGet()));
      creations.add(new Creation(began, System.nanoTime(), answer));
    }
  }

  /** How many there are so far. */
  int size() {
    return creations.size();
  }

  /** Ends it; all creations there were. */
  List<Creation> stop() throws InterruptedException {
    close();
    for (Thread thread : threads) {
      thread.join();
    }
    return List.copyOf(creations);
  }

  @Override
  public void close() {
    stopped = true;
  }
}
