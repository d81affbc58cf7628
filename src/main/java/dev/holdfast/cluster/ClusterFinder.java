package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Where a cluster is, by a process's environment. */
final class ClusterFinder {
  private ClusterFinder() {}

  /** Whether there plainly is one: in a pod, or where {@code KUBECONFIG} names a file. */
  static boolean isPlain(Map<String, String> environment) {
    return !environment.getOrDefault("KUBERNETES_SERVICE_HOST", "").isBlank()
        || !kubeconfigs(environment).isEmpty();
  }

  /** Found as kubectl does it, but with the environment that is given. */
  static Config find(Map<String, String> environment) {
    List<File> files = kubeconfigs(environment);
    return files.size() == 1 ? Config.fromKubeconfig(files.get(0)) : Config.autoConfigure(null);
  }

  private static List<File> kubeconfigs(Map<String, String> environment) {
    return Arrays.stream(environment.getOrDefault("KUBECONFIG", "").split(File.pathSeparator))
        .filter(file -> !file.isBlank())
        .map(File::new)
        .filter(File::isFile)
        .toList();
  }
}
