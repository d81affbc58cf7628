package dev.holdfast.e2e;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * Stands for the node that a control plane alone does not have: runs the command of every Job's pod
 * as a process on this machine, with the rights of the pod's service account and no others, and
 * says how it ended.
 */
final class JobRunner implements AutoCloseable {
  /**
   * A pod that ran.
   *
   * @param arguments of its container
   * @param output all that it printed
   */
  record Run(String namespace, String job, List<String> arguments, int code, String output) {}

  private final KubernetesClient client;
  private final Path folder;
  private final List<Run> runs = new CopyOnWriteArrayList<>();
  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final Watch watch;

  JobRunner(KubernetesClient client, Path folder) {
    this.client = client;
    this.folder = folder;
    watch =
        client
            .pods()
            .inAnyNamespace()
            .withLabel("batch.kubernetes.io/job-name")
            .withLabel("app.kubernetes.io/component")
            .watch(
                new Watcher<>() {
                  @Override
                  public void eventReceived(Action action, Pod pod) {
                    if (action == Action.ADDED && "Pending".equals(pod.getStatus().getPhase())) {
                      executor.execute(() -> run(pod));
                    }
                  }

                  @Override
                  public void onClose(WatcherException cause) {
                    // the test ends
                  }
                });
  }

  /** Forgets what has run so far. */
  void forget() {
    runs.clear();
  }

  /** What has run since, in the order of its end. */
  List<Run> runs() {
    return List.copyOf(runs);
  }

  private void run(Pod pod) {
    String namespace = pod.getMetadata().getNamespace();
    String name = pod.getMetadata().getName();
    List<String> arguments = pod.getSpec().getContainers().get(0).getArgs();
    try {
      Path log = folder.resolve(name + ".log");
      List<String> words =
          new ArrayList<>(
              Stream.concat(
                      Stream.of(
                          ProcessHandle.current().info().command().orElseThrow(),
                          "-jar",
                          System.getProperty("holdfast.jar")),
                      arguments.stream())
                  .toList());
      ProcessBuilder builder =
          new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile());
      builder
          .environment()
          .put("KUBECONFIG", kubeconfig(namespace, pod.getSpec().getServiceAccountName(), name));
      builder.environment().put("POD_NAMESPACE", namespace);
      int code = builder.start().waitFor();
      runs.add(
          new Run(
              namespace,
              pod.getMetadata().getLabels().get("batch.kubernetes.io/job-name"),
              arguments,
              code,
              Files.readString(log)));
      client
          .pods()
          .inNamespace(namespace)
          .withName(name)
          .editStatus(
              current -> {
                current.getStatus().setPhase(code == 0 ? "Succeeded" : "Failed");
                return current;
              });
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** For a service account: what a pod finds mounted. */
  private String kubeconfig(String namespace, String account, String name) throws IOException {
    String token =
        client
            .serviceAccounts()
            .inNamespace(namespace)
            .withName(account)
            .tokenRequest(
                new TokenRequestBuilder()
                    .withNewSpec()
                    .withExpirationSeconds(600L)
                    .endSpec()
                    .build())
            .getStatus()
            .getToken();
    var config = client.getConfiguration();
    String authority =
        config.getCaCertData() == null
            ? "certificate-authority: " + config.getCaCertFile()
            : "certificate-authority-data: " + config.getCaCertData();
    return Files.writeString(
            folder.resolve(name + ".kubeconfig"),
            """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "%s", %s}}]
            users: [{name: u, user: {token: %s}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            current-context: c
            """
                .formatted(config.getMasterUrl(), authority, token))
        .toString();
  }

  @Override
  public void close() {
    watch.close();
    executor.shutdownNow();
  }
}
