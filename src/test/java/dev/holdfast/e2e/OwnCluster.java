package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/** The cluster of {@code src/test/cluster/up.sh}, of which single programs can be restarted. */
final class OwnCluster {
  private static final Pattern KUBECONFIG =
      Pattern.compile("(?<cache>.*)/cluster-(?<port>\\d+)/etc/admin\\.kubeconfig");

  private final String cache;
  private final String port;

  private OwnCluster(String cache, String port) {
    this.cache = cache;
    this.port = port;
  }

  /** Skips the test where {@code KUBECONFIG} names any other. */
  static OwnCluster orSkip() {
    Matcher file = KUBECONFIG.matcher(System.getenv("KUBECONFIG"));
    Assumptions.assumeTrue(
        file.matches() && Files.exists(Path.of(file.group("cache"))),
        "needs the cluster of src/test/cluster/up.sh, to restart its API server");
    return new OwnCluster(file.group("cache"), file.group("port"));
  }

  /** Returns once it is ready again. */
  void restartApiServer() throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder("src/test/cluster/restart.sh").inheritIO();
    builder.environment().put("CLUSTER_CACHE", cache);
    builder.environment().put("CLUSTER_PORT_BASE", port);
    assertThat(builder.start().waitFor()).isZero();
  }
}
