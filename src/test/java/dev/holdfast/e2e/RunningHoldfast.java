package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.admission.TestCertificate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
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
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * {@code holdfast serve} as a process beside the API server, for the cluster of {@code KUBECONFIG}.
 */
final class RunningHoldfast implements AutoCloseable {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final TestCertificate.Pair pair;
  private final int port;
  private final int management;
  private final Map<String, String> environment = new TreeMap<>();
  private String role = "all";
  private boolean hasFiles = true;
  private Process process;

  /**
   * @param folder gets its certificate and its log; several processes may share it
   */
  RunningHoldfast(Path folder) throws IOException {
    this.folder = Files.createTempDirectory(folder, "holdfast");
    pair = certificate(folder);
    port = freePort();
    management = freePort();
    with("QUARKUS_SHUTDOWN_DELAY", "0S");
  }

  /** Processes that share a folder share a certificate, as replicas do. */
  private static TestCertificate.Pair certificate(Path folder) throws IOException {
    Path certificate = folder.resolve("tls.crt");
    Path key = folder.resolve("tls.key");
    return Files.exists(certificate)
        ? new TestCertificate.Pair(Files.readString(certificate), Files.readString(key))
        : TestCertificate.write(folder);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** What it does of all; counts from the next start on. */
  RunningHoldfast role(String name) {
    role = name;
    return this;
  }

  /** An environment variable; counts from the next start on. */
  RunningHoldfast with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** Takes its certificate from a Secret in place of files; counts from the next start on. */
  RunningHoldfast certificateOf(String secret) {
    hasFiles = false;
    return with("HOLDFAST_CERTS_SECRET", secret);
  }

  /** Starts it, and waits until it takes requests. */
  void start() throws IOException {
    launch();
    await()
        .atMost(Duration.ofSeconds(120))
        .failFast("it has ended", () -> assertThat(process.isAlive()).as(log()).isTrue())
        .untilAsserted(
            () ->
                assertThat(get("/q/health/ready").map(HttpResponse::statusCode))
                    .as(() -> "ready: " + log())
                    .contains(200));
  }

  /** Starts it, and waits for nothing. */
  void launch() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    ProcessHandle.current().info().command().orElseThrow(),
                    "-jar",
                    System.getProperty("holdfast.jar"),
                    "serve",
                    "--role",
                    role))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()));
    builder.environment().put("QUARKUS_HTTP_SSL_PORT", Integer.toString(port));
    builder.environment().put("QUARKUS_MANAGEMENT_PORT", Integer.toString(management));
    Path certificates = folder.getParent();
    if (hasFiles) {
      builder
          .environment()
          .put("QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_CERT", certificates + "/tls.crt");
      builder
          .environment()
          .put("QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_KEY", certificates + "/tls.key");
    }
    builder.environment().putAll(environment);
    process = builder.start();
  }

  private Path logFile() {
    return folder.resolve("log");
  }

  /** All that it has said, of every start. */
  String log() {
    try {
      return Files.readString(logFile());
    } catch (IOException e) {
      return "no log";
    }
  }

  /** Where the API server finds it. */
  String url() {
    return "https://127.0.0.1:" + port;
  }

  int port() {
    return port;
  }

  /** What the API server verifies it by, as webhook configurations hold it. */
  String caBundle() {
    return Base64.getEncoder()
        .encodeToString(pair.certificate().getBytes(StandardCharsets.US_ASCII));
  }

  boolean isReady() {
    return get("/q/health/ready").map(response -> response.statusCode() == 200).orElse(false);
  }

  /** The data of its health check {@code cluster}. */
  JsonNode clusterHealth() {
    try {
      for (JsonNode check :
          JSON.readTree(get("/q/health/ready").orElseThrow().body()).path("checks")) {
        if (check.path("name").asText().equals("cluster")) {
          return check.path("data");
        }
      }
      return JSON.nullNode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A metric's value.
   *
   * @param series name and labels as Prometheus prints them, {@code a_total{b="c"}}
   */
  double metric(String series) {
    for (String line : get("/q/metrics").orElseThrow().body().split("\n")) {
      if (line.startsWith(series + " ")) {
        return Double.parseDouble(line.substring(series.length() + 1));
      }
    }
    return 0;
  }

  /** The sum of all time series that begin like this. */
  double sum(String prefix) {
    double sum = 0;
    for (String line : get("/q/metrics").orElseThrow().body().split("\n")) {
      if (line.startsWith(prefix)) {
        sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  }

  /** Its process's number. */
  long pid() {
    return process.pid();
  }

  /** How many requests about pods have come since it started. */
  double reviews() {
    double reviews = 0;
    for (String line : get("/q/metrics").orElseThrow().body().split("\n")) {
      if (line.startsWith("holdfast_reviews_total{")) {
        reviews += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return reviews;
  }

  private Optional<HttpResponse<String>> get(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + management + path))
            .timeout(Duration.ofSeconds(5))
            .build();
    try {
      return Optional.of(HTTP.send(request, HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Whether anything listens on the port of the webhook. */
  boolean isListening() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends it without a word, as a node that fails does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Sends SIGTERM, as a kubelet does, and waits for nothing. */
  void terminate() {
    process.destroy();
  }

  /** Waits until it has ended by itself, and gives its exit code. */
  int exitCode() throws InterruptedException {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(log()).isTrue();
    return process.exitValue();
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
