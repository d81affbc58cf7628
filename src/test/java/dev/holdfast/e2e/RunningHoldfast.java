package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.admission.TestCertificate;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code holdfast serve} as a process beside the API server, for the cluster of {@code KUBECONFIG}.
 */
final class RunningHoldfast implements AutoCloseable {
  private final Path folder;
  private final TestCertificate.Pair pair;
  private final int port;
  private Process process;

  RunningHoldfast(Path folder) throws IOException {
    this.folder = folder;
    pair = TestCertificate.write(folder);
    port = freePort();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Starts it, and waits until it takes requests. */
  void start() throws IOException {
    int management = freePort();
    ProcessBuilder builder =
        new ProcessBuilder(
                Stream.concat(
                        Stream.of(
                            ProcessHandle.current().info().command().orElseThrow(),
                            "-jar",
                            System.getProperty("holdfast.jar"),
                            "serve"),
                        List.of("--role", "all").stream())
                    .toList())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile());
    builder.environment().put("QUARKUS_HTTP_SSL_PORT", Integer.toString(port));
    builder.environment().put("QUARKUS_MANAGEMENT_PORT", Integer.toString(management));
    builder.environment().put("QUARKUS_SHUTDOWN_DELAY", "0S");
    builder.environment().put("QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_CERT", folder + "/tls.crt");
    builder.environment().put("QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_KEY", folder + "/tls.key");
    process = builder.start();
    URI ready = URI.create("http://localhost:" + management + "/q/health/ready");
    await()
        .atMost(Duration.ofSeconds(60))
        .failFast("it has ended", () -> assertThat(process.isAlive()).as(log()).isTrue())
        .until(() -> status(ready) == 200);
  }

  private static int status(URI uri) throws InterruptedException {
    try {
      return HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return "no log";
    }
  }

  /** Where the API server finds it. */
  String url() {
    return "https://127.0.0.1:" + port;
  }

  /** What the API server verifies it by, as webhook configurations hold it. */
  String caBundle() {
    return Base64.getEncoder()
        .encodeToString(pair.certificate().getBytes(StandardCharsets.US_ASCII));
  }

  /** Ends it without a word, as a node that fails does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
