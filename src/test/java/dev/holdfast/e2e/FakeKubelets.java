package dev.holdfast.e2e;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * Nodes without machines: what is scheduled to them gets ready at once, and what is told to stop is
 * gone at once, unless a test holds it.
 */
final class FakeKubelets implements AutoCloseable {
  private final KubernetesClient client;
  private final Set<String> nodes;
  private final Set<String> held = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newFixedThreadPool(4);
  private final SharedIndexInformer<Pod> informer;

  FakeKubelets(KubernetesClient client, String... nodes) {
    this.client = client;
    this.nodes = Set.of(nodes);
    for (String node : nodes) {
      // the node controller taints it meanwhile, and a conflict is the answer to an edit then
      await()
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptionsMatching(FakeKubelets::isConflict)
          .untilAsserted(() -> register(node));
    }
    informer =
        client
            .pods()
            .inAnyNamespace()
            .inform(
                new ResourceEventHandler<Pod>() {
                  @Override
                  public void onAdd(Pod pod) {
                    look(pod);
                  }

                  @Override
                  public void onUpdate(Pod before, Pod pod) {
                    look(pod);
                  }

                  @Override
                  public void onDelete(Pod pod, boolean unknown) {}
                });
  }

  /** Whether the API server has answered 409. */
  static boolean isConflict(Throwable e) {
    return e instanceof KubernetesClientException refused && refused.getCode() == 409;
  }

  private void register(String name) {
    var node =
        new NodeBuilder()
            .withNewMetadata()
            .withName(name)
            .withLabels(Map.of("kubernetes.io/hostname", name, "type", "fake"))
            .endMetadata()
            .build();
    client.resource(node).serverSideApply();
    var room =
        Map.of(
            "cpu", new Quantity("32"),
            "memory", new Quantity("128Gi"),
            "pods", new Quantity("5000"));
    client
        .nodes()
        .withName(name)
        .editStatus(
            one ->
                new NodeBuilder(one)
                    .editOrNewStatus()
                    .withCapacity(room)
                    .withAllocatable(room)
                    .withConditions(
                        new NodeConditionBuilder()
                            .withType("Ready")
                            .withStatus("True")
                            .withReason("Fake")
                            .withMessage("there is no kubelet")
                            .withLastHeartbeatTime(Instant.now().toString())
                            .withLastTransitionTime(Instant.now().toString())
                            .build())
                    .endStatus()
                    .build());
    // Admission taints every new node.
    client
        .nodes()
        .withName(name)
        .edit(
            one ->
                new NodeBuilder(one)
                    .editSpec()
                    .withTaints(List.of())
                    .withUnschedulable(false)
                    .endSpec()
                    .build());
  }

  /** Pods of the namespace do not get ready from now on. */
  void hold(String namespace) {
    held.add(namespace);
  }

  /** They do again. */
  void release(String namespace) {
    held.remove(namespace);
    informer.getStore().list().stream()
        .filter(pod -> pod.getMetadata().getNamespace().equals(namespace))
        .forEach(this::look);
  }

  private void look(Pod pod) {
    String node = pod.getSpec().getNodeName();
    if (node == null || !nodes.contains(node)) {
      return;
    }
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      threads.execute(() -> quietly(() -> client.resource(pod).withGracePeriod(0).delete()));
    } else if (!isReady(pod) && !held.contains(pod.getMetadata().getNamespace())) {
      threads.execute(() -> quietly(() -> makeReady(pod)));
    }
  }

  private static void quietly(Runnable write) {
    try {
      write.run();
    } catch (KubernetesClientException | RejectedExecutionException e) {
      // Gone meanwhile, or an API server that restarts: the watch brings it again.
    }
  }

  private static boolean isReady(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .anyMatch(one -> one.getType().equals("Ready") && one.getStatus().equals("True"));
  }

  private void makeReady(Pod pod) {
    String now = Instant.now().toString();
    var conditions =
        List.of("PodScheduled", "Initialized", "ContainersReady", "Ready").stream()
            .map(
                type ->
                    new PodConditionBuilder()
                        .withType(type)
                        .withStatus("True")
                        .withLastTransitionTime(now)
                        .build())
            .toList();
    Pod status = new Pod();
    status.setMetadata(
        new ObjectMetaBuilder()
            .withName(pod.getMetadata().getName())
            .withNamespace(pod.getMetadata().getNamespace())
            .build());
    status.setStatus(
        new PodStatusBuilder()
            .withPhase("Running")
            .withStartTime(now)
            .withConditions(conditions)
            .withContainerStatuses(
                pod.getSpec().getContainers().stream()
                    .map(
                        container ->
                            new ContainerStatusBuilder()
                                .withName(container.getName())
                                .withImage(container.getImage())
                                .withImageID("fake://image")
                                .withReady(true)
                                .withStarted(true)
                                .withRestartCount(0)
                                .withNewState()
                                .withNewRunning()
                                .withStartedAt(now)
                                .endRunning()
                                .endState()
                                .build())
                    .toList())
            .build());
    client
        .pods()
        .inNamespace(pod.getMetadata().getNamespace())
        .withName(pod.getMetadata().getName())
        .subresource("status")
        .patch(PatchContext.of(PatchType.JSON_MERGE), status);
  }

  @Override
  public void close() {
    informer.stop();
    threads.shutdownNow();
    nodes.forEach(node -> client.nodes().withName(node).delete());
  }
}
