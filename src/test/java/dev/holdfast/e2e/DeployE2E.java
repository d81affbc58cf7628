package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.chart.Manifests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code kubectl apply -k deploy/} on the cluster of {@code KUBECONFIG}, by the {@code kubectl} of
 * src/test/cluster if that is the cluster, else by {@code KUBECTL} or the one of the path. {@code
 * -Dholdfast.update=true} writes down anew what kustomize makes.
 */
class DeployE2E {
  private static final String KUBECTL =
      System.getenv().getOrDefault("KUBECONFIG", "").matches(".*/cluster-\\d+/etc/admin.kubeconfig")
          ? "src/test/cluster/kubectl.sh"
          : System.getenv().getOrDefault("KUBECTL", "kubectl");

  /** What a call left behind. */
  private record Result(int code, String out) {}

  @BeforeAll
  static void connect() {
    assertThat(System.getenv("KUBECONFIG"))
        .as("KUBECONFIG must name a cluster; src/test/cluster brings one up")
        .isNotBlank();
  }

  @AfterAll
  static void remove() throws Exception {
    kubectl("delete", "-k", "deploy", "--ignore-not-found", "--wait=false");
  }

  private static Result kubectl(String... arguments) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(KUBECTL));
    words.addAll(List.of(arguments));
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Result(process.exitValue(), out);
  }

  static List<String> names() throws IOException {
    return Manifests.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void what_is_written_down_is_what_kustomize_makes(String name) throws Exception {
    Result result = kubectl("kustomize", Manifests.folder(name));
    assertThat(result.code()).as(result.out()).isZero();
    Path file = Manifests.WRITTEN.resolve(name + ".yaml");
    String now = Manifests.worthWriting(name, result.out());
    if (Boolean.getBoolean("holdfast.update")) {
      Files.createDirectories(Manifests.WRITTEN);
      Files.writeString(file, now);
    }
    assertThat(now).isEqualTo(Files.readString(file));
  }

  /** As docs/install.md says: first the custom resource, then all. */
  @Test
  void installs_and_installs_again() throws Exception {
    assertThat(kubectl("apply", "-k", "deploy/crd").code()).isZero();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> kubectl("get", "hardeningpolicies").code() == 0);

    Result first = kubectl("apply", "-k", "deploy", "--server-side", "--dry-run=server");
    assertThat(first.code()).as(first.out()).isZero();
    Result second = kubectl("apply", "-k", "deploy");
    assertThat(second.code()).as(second.out()).isZero();
    assertThat(kubectl("get", "deployment", "holdfast-webhook", "-n", "holdfast-system").code())
        .isZero();
    Result third = kubectl("apply", "-k", "deploy");
    assertThat(third.code()).as(third.out()).isZero();
    assertThat(third.out()).doesNotContain("created");
  }

  /** The controller writes it; who applies the manifests again does not take it away. */
  @Test
  void another_apply_keeps_the_ca() throws Exception {
    kubectl("apply", "-k", "deploy/crd");
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> kubectl("get", "hardeningpolicies").code() == 0);
    kubectl("apply", "-k", "deploy");
    assertThat(
            kubectl(
                    "patch",
                    "mutatingwebhookconfiguration",
                    "holdfast",
                    "--type=json",
                    "-p",
                    "[{\"op\":\"add\",\"path\":\"/webhooks/0/clientConfig/caBundle\",\"value\":\"LS0t\"}]")
                .code())
        .isZero();

    for (String[] way : new String[][] {{}, {"--server-side", "--force-conflicts"}}) {
      List<String> words = new ArrayList<>(List.of("apply", "-k", "deploy"));
      words.addAll(List.of(way));
      Result result = kubectl(words.toArray(String[]::new));
      assertThat(result.code()).as(result.out()).isZero();
      assertThat(
              kubectl(
                      "get",
                      "mutatingwebhookconfiguration",
                      "holdfast",
                      "-o",
                      "jsonpath={.webhooks[0].clientConfig.caBundle}")
                  .out())
          .isEqualTo("LS0t");
    }
  }
}
