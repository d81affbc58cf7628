package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where a cluster is, by a process's environment. */
final class ClusterFinder {
  private static final String KUBECONFIG = "KUBECONFIG";

  private ClusterFinder() {}

  /** Whether there plainly is one: in a pod, or where {@code KUBECONFIG} names a file. */
  static boolean isPlain(Map<String, String> environment) {
    return !environment.getOrDefault("KUBERNETES_SERVICE_HOST", "").isBlank()
        || !kubeconfigs(environment).isEmpty();
  }

  /** What is wrong where {@code KUBECONFIG} names files, none of which is there. */
  static Optional<String> mistake(Map<String, String> environment) {
    return named(environment).isEmpty() || !kubeconfigs(environment).isEmpty()
        ? Optional.empty()
        : Optional.of("KUBECONFIG names no file that is there: " + environment.get(KUBECONFIG));
  }

  /**
   * Found as kubectl does it, but with the environment that is given.
   *
   * @throws IllegalArgumentException on a {@link #mistake}: another cluster was not asked for
   */
  static Config find(Map<String, String> environment) {
    Optional<String> mistake = mistake(environment);
    if (mistake.isPresent()) {
      throw new IllegalArgumentException(mistake.get());
    }
    List<File> files = kubeconfigs(environment);
    return files.size() == 1 ? Config.fromKubeconfig(files.get(0)) : Config.autoConfigure(null);
  }

  private static List<File> kubeconfigs(Map<String, String> environment) {
    return named(environment).stream().filter(File::isFile).toList();
  }

  private static List<File> named(Map<String, String> environment) {
    return Arrays.stream(environment.getOrDefault(KUBECONFIG, "").split(File.pathSeparator))
        .filter(file -> !file.isBlank())
        .map(File::new)
        .toList();
  }
}
