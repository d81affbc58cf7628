package dev.holdfast.node;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.InstallCommand;
import com.marcnuri.helm.UpgradeCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The chart as a release in the cluster of {@code KUBECONFIG}, with the image of this build. */
final class Release {
  static final String NAME = "holdfast";
  static final String NAMESPACE = "holdfast-system";

  /** {@code REPOSITORY:TAG} of the image that the node must know. */
  static final String IMAGE = System.getProperty("holdfast.image");

  private static final Path KUBECONFIG = Path.of(System.getenv().getOrDefault("KUBECONFIG", ""));
  private static final int TIMEOUT_SECONDS = 480;

  private final Path chart;

  private Release(Path chart) {
    this.chart = chart;
  }

  static Release current() {
    return new Release(Path.of("charts/holdfast"));
  }

  /** Until there is a release before this one: the same templates with a lower version. */
  static Release previous(Path folder) throws IOException {
    Path source = Path.of("charts/holdfast");
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = folder.resolve(source.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
    Path description = folder.resolve("Chart.yaml");
    Files.writeString(
        description,
        Files.readString(description).replaceFirst("(?m)^version: .*$", "version: 0.0.1"));
    return new Release(folder);
  }

  /** Returns at once: the pods are not there yet. */
  void install(Map<String, String> settings) {
    InstallCommand command =
        new Helm(chart)
            .install()
            .withName(NAME)
            .withNamespace(NAMESPACE)
            .createNamespace()
            .withKubeConfig(KUBECONFIG)
            .withTimeout(TIMEOUT_SECONDS);
    values(settings).forEach(command::set);
    command.call();
  }

  /** Returns when all pods are the new ones, and ready. */
  void upgrade(Map<String, String> settings) {
    UpgradeCommand command =
        new Helm(chart)
            .upgrade()
            .withName(NAME)
            .withNamespace(NAMESPACE)
            .waitReady()
            .withKubeConfig(KUBECONFIG)
            .withTimeout(TIMEOUT_SECONDS);
    values(settings).forEach(command::set);
    command.call();
  }

  static void uninstall() {
    Helm.uninstall(NAME)
        .withNamespace(NAMESPACE)
        .withKubeConfig(KUBECONFIG)
        .ignoreNotFound()
        .call();
  }

  private static Map<String, String> values(Map<String, String> settings) {
    Map<String, String> values = new TreeMap<>(settings);
    int colon = IMAGE.lastIndexOf(':');
    values.put("image.repository", IMAGE.substring(0, colon));
    values.put("image.tag", IMAGE.substring(colon + 1));
    values.put("image.pullPolicy", "Never");
    // whatever is missed shall be seen
    values.put("webhook.failurePolicy", "Fail");
    // a busy machine is no refusal; what refuses a connection fails at once all the same
    values.put("webhook.timeoutSeconds", "10");
    return values;
  }
}
