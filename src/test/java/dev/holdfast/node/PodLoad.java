package dev.holdfast.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Creates pods at a steady rate until closed, and remembers each that was refused or not hardened.
 * They fit on no node, so that what is measured is admission.
 */
final class PodLoad implements AutoCloseable {
  private static final int THREADS = 8;

  private final KubernetesClient client;
  private final String namespace;
  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(THREADS);
  private final AtomicInteger created = new AtomicInteger();
  private final AtomicInteger number = new AtomicInteger();
  private final Queue<String> refused = new ConcurrentLinkedQueue<>();
  private final Queue<String> unhardened = new ConcurrentLinkedQueue<>();
  private final long began = System.nanoTime();

  private PodLoad(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  /** Starts, and returns when the first pods are through. */
  static PodLoad start(KubernetesClient client, String namespace, int podsPerSecond) {
    PodLoad load = new PodLoad(client, namespace);
    long period = Duration.ofSeconds(THREADS).toMillis() / podsPerSecond;
    for (int n = 0; n < THREADS; n++) {
      load.threads.scheduleAtFixedRate(
          load::create, n * period / THREADS, period, TimeUnit.MILLISECONDS);
    }
    load.goOnFor(podsPerSecond);
    return load;
  }

  static Pod pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("app", "load")
        .endMetadata()
        .withNewSpec()
        .addToNodeSelector("no-such-node", "true")
        .addNewContainer()
        .withName("main")
        .withImage("test.local/busybox:1")
        .endContainer()
        .endSpec()
        .build();
  }

  static boolean isHardened(Pod pod) {
    return pod.getSpec().getContainers().get(0).getLifecycle() != null
        && pod.getSpec().getContainers().get(0).getLifecycle().getPreStop() != null;
  }

  private void create() {
    String name = "load-" + number.incrementAndGet();
    try {
      Pod pod = client.pods().inNamespace(namespace).resource(pod(name)).create();
      created.incrementAndGet();
      if (!isHardened(pod)) {
        unhardened.add(name);
      }
      client.pods().inNamespace(namespace).withName(name).withGracePeriod(0).delete();
    } catch (KubernetesClientException e) {
      refused.add(name + ": " + e.getMessage());
    }
  }

  /** Waits until so many more pods have been tried. */
  void goOnFor(int pods) {
    int target = number.get() + pods;
    await().atMost(Duration.ofMinutes(2)).until(() -> number.get() >= target);
  }

  /** Ends it. */
  @Override
  public void close() {
    threads.shutdown();
    try {
      assertThat(threads.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends it, and fails if a single pod was refused. */
  void refusedNone(String during) {
    double seconds = (System.nanoTime() - began) / 1e9;
    close();
    System.out.printf(
        "%s: %d pods in %.0f s (%.0f/s), %d refused, %d not hardened%n",
        during, created.get(), seconds, created.get() / seconds, refused.size(), unhardened.size());
    assertThat(List.copyOf(refused)).as("refused during %s", during).isEmpty();
  }

  /** Ends it, and fails if a single pod was refused, or came through as it was. */
  void hardenedAll(String during) {
    refusedNone(during);
    assertThat(List.copyOf(unhardened)).as("not hardened during %s", during).isEmpty();
    assertThat(created.get()).isPositive();
  }
}
