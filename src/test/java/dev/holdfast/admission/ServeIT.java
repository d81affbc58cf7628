package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.certs.TestPairs;
import dev.holdfast.cluster.ClusterPolicies;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.VersionInfo;
import io.fabric8.kubernetes.client.server.mock.KubernetesMixedDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code holdfast serve} as a process, as it is packaged. */
class ServeIT {
  private static final Duration LONG = Duration.ofSeconds(60);

  /** So much earlier than they are made our certificates begin, as clocks differ. */
  private static final Duration BACKDATED = Duration.ofMinutes(5);

  private static final Path REVIEW = Path.of("src/test/resources/admission/review.json");
  private static final String POLICY =
      "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: NAME }\n";

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();
  private int port;
  private int management;

  @BeforeEach
  void choosePorts() throws IOException {
    try (ServerSocket one = new ServerSocket(0);
        ServerSocket other = new ServerSocket(0)) {
      port = one.getLocalPort();
      management = other.getLocalPort();
    }
  }

  @AfterEach
  void stopAll() {
    started.forEach(Process::destroyForcibly);
  }

  private Process start(Map<String, String> environment, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-jar", System.getProperty("holdfast.jar"), "serve"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile());
    builder.environment().put("QUARKUS_HTTP_SSL_PORT", Integer.toString(port));
    builder.environment().put("QUARKUS_MANAGEMENT_PORT", Integer.toString(management));
    builder.environment().put("QUARKUS_SHUTDOWN_DELAY", "2S");
    builder.environment().remove("KUBECONFIG");
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private String log() throws IOException {
    return Files.readString(folder.resolve("log"));
  }

  private int readiness() {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(
                      URI.create("http://localhost:" + management + "/q/health/ready"))
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException | InterruptedException e) {
      return 0;
    }
  }

  private void awaitReady() {
    await()
        .atMost(LONG)
        .failFast(
            "the server has ended",
            () -> assertThat(started.get(started.size() - 1).isAlive()).as(log()).isTrue())
        .until(() -> readiness() == 200);
  }

  private static SSLContext trusting() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustEverybody()}, null);
    return context;
  }

  private HttpsURLConnection connect() throws Exception {
    HttpsURLConnection connection =
        (HttpsURLConnection)
            URI.create("https://localhost:" + port + "/mutate").toURL().openConnection();
    connection.setSSLSocketFactory(trusting().getSocketFactory());
    connection.setHostnameVerifier((host, session) -> true);
    connection.setRequestMethod("POST");
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setDoOutput(true);
    Files.copy(REVIEW, connection.getOutputStream());
    return connection;
  }

  private String review() throws Exception {
    return new String(connect().getInputStream().readAllBytes());
  }

  /** A cluster with one policy; the kubeconfig that leads there. */
  private Map<String, String> cluster(KubernetesMockServer server) throws Exception {
    server.init();
    server.setVersionInfo(
        new VersionInfo.Builder()
            .withMajor("1")
            .withMinor("34")
            .withGitVersion("v1.34.0")
            .withBuildDate("2026-01-01T00:00:00Z")
            .build());
    GenericKubernetesResource policy = new GenericKubernetesResource();
    policy.setApiVersion("holdfast.dev/v1alpha1");
    policy.setKind("HardeningPolicy");
    policy.setMetadata(new ObjectMetaBuilder().withName("of-the-cluster").build());
    Map<String, byte[]> pair = TestPairs.good(Instant.now());
    try (KubernetesClient client = server.createClient()) {
      client.genericKubernetesResources(ClusterPolicies.RESOURCE).resource(policy).create();
      addWorkloads(client);
      client.resource(secret(pair)).create();
      for (String kind :
          List.of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")) {
        client
            .resource(
                """
                {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "%s",
                 "metadata": {"name": "holdfast"},
                 "webhooks": [{"name": "a.holdfast.dev", "clientConfig":
                   {"service": {"name": "holdfast", "namespace": "holdfast-system"}, "caBundle": "%s"}}]}
                """
                    .formatted(kind, Base64.getEncoder().encodeToString(pair.get("ca.crt"))))
            .create();
      }
    }
    UsedVerbs.of(server); // ours
    Path kubeconfig = folder.resolve("kubeconfig");
    Files.writeString(
        kubeconfig,
        """
        ---
        {apiVersion: v1, kind: Config, current-context: c, users: [{name: u, user: {token: t}}],
         contexts: [{name: c, context: {cluster: c, user: u}}],
         clusters: [{name: c, cluster: {server: "http://localhost:%d"}}]}
        """
            .formatted(server.getPort()));
    return Map.of(
        "KUBECONFIG", kubeconfig.toString(),
        "HOLDFAST_CERTS_SECRET", "holdfast-tls",
        "HOLDFAST_CERTS_SERVICE", "holdfast");
  }

  private static Secret secret(Map<String, byte[]> content) {
    Map<String, String> data = new HashMap<>();
    content.forEach((key, value) -> data.put(key, Base64.getEncoder().encodeToString(value)));
    return new SecretBuilder()
        .withNewMetadata()
        .withName("holdfast-tls")
        .withNamespace("holdfast-system")
        .endMetadata()
        .withType("kubernetes.io/tls")
        .withData(data)
        .build();
  }

  /** One that needs a disruption budget, and one whose budget has to go. */
  private static void addWorkloads(KubernetesClient client) {
    String deployment =
        """
        ---
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"},
         spec: {replicas: %d, selector: {matchLabels: {app: %s}}, template: {metadata: {labels: {app: %s}}}}}
        """;
    client.resource(deployment.formatted("web", 3, "web", "web")).create();
    String uid =
        client
            .resource(deployment.formatted("one", 1, "one", "one"))
            .create()
            .getMetadata()
            .getUid();
    client
        .resource(
            """
            ---
            {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: one, namespace: shop,
             labels: {app.kubernetes.io/managed-by: holdfast},
             ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: one, uid: "%s", controller: true}]},
             spec: {maxUnavailable: 1, selector: {matchLabels: {app: one}}}}
            """
                .formatted(uid))
        .create();
  }

  private static KubernetesMockServer mockServer() {
    Map<ServerRequest, Queue<ServerResponse>> responses = new HashMap<>();
    return new KubernetesMockServer(
        new Context(),
        new MockWebServer(),
        responses,
        new KubernetesMixedDispatcher(responses),
        false);
  }

  @Test
  void as_webhook_serves_the_policies_of_the_cluster_and_leads_nothing() throws Exception {
    KubernetesMockServer server = mockServer();
    try {
      start(cluster(server), "--role", "webhook");
      awaitReady();

      assertThat(review()).contains("\"policy\":\"of-the-cluster\"");
      assertThat(log()).doesNotContain("leader");
      assertThat(UsedVerbs.of(server))
          .isEqualTo(GrantedVerbs.of("holdfast-webhook"))
          .allMatch(verb -> verb.matches("(get|list|watch) .*"));
    } finally {
      server.destroy();
    }
  }

  @Test
  void a_kubeconfig_that_is_not_there_is_warned_of_and_serves_without_a_cluster() throws Exception {
    String missing = folder.resolve("mistyped").toString();
    start(Map.of("KUBECONFIG", missing));
    awaitReady();

    assertThat(log())
        .containsPattern("WARN.* KUBECONFIG names no file that is there: " + missing)
        .contains("no cluster is asked");
  }

  @Test
  void as_controller_leads_and_opens_no_port_for_reviews() throws Exception {
    KubernetesMockServer server = mockServer();
    try {
      Process process = start(cluster(server), "--role", "controller");
      awaitReady();

      await().atMost(LONG).until(() -> log().contains("this process leads"));
      SortedSet<String> used = new TreeSet<>();
      await()
          .atMost(LONG)
          .until(
              () -> {
                used.addAll(UsedVerbs.of(server));
                return used.contains("patch holdfast.dev/hardeningpolicies/status")
                    && used.contains("patch policy/poddisruptionbudgets")
                    && used.contains("delete policy/poddisruptionbudgets")
                    && used.contains("watch keda.sh/scaledobjects")
                    && used.contains(
                        "patch admissionregistration.k8s.io/validatingwebhookconfigurations")
                    && used.stream().filter(verb -> verb.endsWith("/leases")).count() == 3;
              });
      SortedSet<String> granted = GrantedVerbs.of("holdfast-controller");
      granted.addAll(GrantedVerbs.of("holdfast-webhook"));
      // Only a namespace that a pod brings is asked for by its name.
      granted.remove("get /namespaces");
      // To RBAC, an apply of what is not there yet is a create, too.
      granted.remove("create policy/poddisruptionbudgets");
      assertThat(used).isEqualTo(granted);
      assertThatThrownBy(this::review).isInstanceOf(ConnectException.class);
      process.destroy();
      assertThat(process.waitFor()).isZero();
      assertThat(log()).contains("this process leads no more");
    } finally {
      server.destroy();
    }
  }

  @Test
  void serves_with_a_certificate_of_its_own_and_says_so_once() throws Exception {
    start(Map.of());
    awaitReady();
    assertThat(review()).contains("\"policy\":\"default\"");
    assertThat(log().lines().filter(line -> line.contains("self-signed"))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT"})
  void on_a_signal_is_not_ready_at_once_serves_on_and_ends_with_0(String signal) throws Exception {
    Process process = start(Map.of());
    awaitReady();
    signal(process, signal);
    await().atMost(Duration.ofSeconds(2)).until(() -> readiness() == 503);
    HttpsURLConnection connection = connect();
    assertThat(connection.getResponseCode()).isEqualTo(200);
    assertThat(connection.getHeaderField("Connection")).isEqualToIgnoringCase("close");
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  private static void signal(Process process, String signal) throws Exception {
    String pid = Long.toString(process.pid());
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor()).isZero();
  }

  @Test
  void a_request_under_way_is_answered_after_sigterm_and_after_the_delay() throws Exception {
    Process process = start(Map.of("QUARKUS_SHUTDOWN_DELAY", "1S"));
    awaitReady();
    byte[] body = Files.readAllBytes(REVIEW);
    try (Socket socket = trusting().getSocketFactory().createSocket("localhost", port)) {
      String head =
          "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Content-Length: "
              + body.length
              + "\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(body, 0, 100);
      signal(process, "TERM");
      // Management is closed when the delay is over.
      await().atMost(LONG).until(() -> log().contains("Waiting for HTTP requests to complete"));
      socket.getOutputStream().write(body, 100, body.length - 100);
      assertThat(new String(socket.getInputStream().readNBytes(15), StandardCharsets.US_ASCII))
          .isEqualTo("HTTP/1.1 200 OK");
    }
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  @Test
  void files_of_two_certificates_at_the_start_refuse_to_start() throws Exception {
    writePair(Instant.now());
    Files.move(folder.resolve("tls.key"), folder.resolve("first.key"));
    writePair(Instant.now());
    assertThat(startWithPair("tls.crt", "first.key"))
        .contains("could not start: the certificate cannot be served: ")
        .contains("first.key: the key is not the certificate's");
    assertThat(startWithPair("no.crt", "tls.key")).contains("no.crt: no such file");
    Files.writeString(folder.resolve("bad.key"), "garbage");
    assertThat(startWithPair("tls.crt", "bad.key")).contains("bad.key: no private key in PEM");
  }

  private String startWithPair(String certificate, String key) throws Exception {
    Process process = start(pair(certificate, key));
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isOne();
    return log();
  }

  private Map<String, String> pair(String certificate, String key) {
    return Map.of(
        "QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_CERT", folder.resolve(certificate).toString(),
        "QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_KEY", folder.resolve(key).toString(),
        "HOLDFAST_CERTIFICATE_RELOAD_PERIOD", "100ms");
  }

  @Test
  void a_bad_policy_file_at_the_start_refuses_to_start() throws Exception {
    Path policy = Files.writeString(folder.resolve("policy.yaml"), "kind: HardeningPolicy\n");
    Process process = start(Map.of(), "--policy", policy.toString());
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(2);
    assertThat(log()).contains("policy.yaml:1:1").doesNotContain("\tat ");
  }

  @Test
  void a_policy_file_is_reloaded_and_a_bad_edit_keeps_the_last_good_one() throws Exception {
    Path policy = Files.writeString(folder.resolve("policy.yaml"), POLICY.replace("NAME", "first"));
    start(Map.of("HOLDFAST_POLICY_FILE", policy.toString()));
    awaitReady();
    assertThat(review()).contains("\"policy\":\"first\"");

    replace(policy, POLICY.replace("NAME", "second"));
    await().atMost(LONG).untilAsserted(() -> assertThat(review()).contains("\"second\""));

    replace(policy, POLICY + "spec: { mode: Often }\n");
    await().atMost(LONG).untilAsserted(() -> assertThat(log()).contains("policy.yaml:4:15"));
    assertThat(review()).contains("\"policy\":\"second\"");
    assertThat(readiness()).isEqualTo(200);
  }

  private static void replace(Path file, String text) throws IOException {
    Path beside = Files.writeString(file.resolveSibling("new"), text);
    Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void certificate_files_are_reloaded_and_a_broken_pair_keeps_the_old_one() throws Exception {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Instant first = now.minus(Duration.ofDays(2));
    Instant second = now.minus(Duration.ofDays(1));
    writePair(first);
    start(pair("tls.crt", "tls.key"));
    awaitReady();
    assertThat(served().getNotBefore().toInstant()).isEqualTo(first.minus(BACKDATED));
    assertThat(log()).doesNotContain("self-signed");

    writePair(second);
    await()
        .atMost(LONG)
        .untilAsserted(
            () ->
                assertThat(served().getNotBefore().toInstant()).isEqualTo(second.minus(BACKDATED)));

    Files.writeString(folder.resolve("tls.key"), "garbage");
    await().atMost(LONG).untilAsserted(() -> assertThat(log()).contains("no private key in PEM"));
    assertThat(served().getNotBefore().toInstant()).isEqualTo(second.minus(BACKDATED));
    assertThat(review()).contains("\"allowed\":true");
  }

  @Test
  void an_expired_certificate_is_served_but_not_ready_until_a_good_one_comes() throws Exception {
    writePair(Instant.now().minus(Duration.ofDays(31)));
    start(pair("tls.crt", "tls.key"));
    await().atMost(LONG).until(() -> readiness() == 503 && log().contains("Listening on"));
    assertThat(log()).contains("tls.crt: expired at ");
    assertThat(served()).isNotNull();

    writePair(Instant.now());
    awaitReady();
  }

  @Test
  void a_secret_is_served_as_soon_as_it_is_there_and_a_bad_one_is_not() throws Exception {
    KubernetesMockServer server = mockServer();
    Map<String, String> environment = new HashMap<>(cluster(server));
    environment.put("HOLDFAST_CERTS_MODE", "provided");
    try (KubernetesClient client = server.createClient()) {
      client.secrets().inNamespace("holdfast-system").withName("holdfast-tls").delete();
      start(environment, "--role", "webhook");
      await().atMost(LONG).until(() -> readiness() == 503 && log().contains("Listening on"));

      Map<String, byte[]> pair = TestPairs.good(Instant.now());
      client.resource(secret(pair)).create();
      awaitReady();
      X509Certificate first = served();

      client.resource(secret(Map.of("tls.crt", pair.get("tls.crt")))).update();
      await().atMost(LONG).until(() -> log().contains("tls.key: not there"));
      assertThat(readiness()).isEqualTo(200);
      assertThat(served()).isEqualTo(first);

      client.resource(secret(TestPairs.good(Instant.now()))).update();
      await().atMost(Duration.ofSeconds(5)).until(() -> !served().equals(first));
    } finally {
      server.destroy();
    }
  }

  @Test
  void files_that_are_not_valid_yet_are_served_as_soon_as_they_are() throws Exception {
    writePair(Instant.now());
    start(pair("tls.crt", "tls.key"));
    awaitReady();
    X509Certificate first = served();

    Instant begin = Instant.now().plusSeconds(4);
    writePair(begin.plus(BACKDATED));
    await().atMost(LONG).until(() -> log().contains("tls.crt: not valid before "));
    assertThat(served()).isEqualTo(first);
    assertThat(readiness()).isEqualTo(200);

    await().atMost(LONG).until(() -> !served().equals(first));
    assertThat(Instant.now()).isAfter(begin.truncatedTo(ChronoUnit.SECONDS));
    assertThat(readiness()).isEqualTo(200);
  }

  @Test
  void a_secret_that_is_not_valid_yet_is_served_as_soon_as_it_is() throws Exception {
    KubernetesMockServer server = mockServer();
    Map<String, String> environment = new HashMap<>(cluster(server));
    environment.put("HOLDFAST_CERTS_MODE", "provided");
    environment.put("HOLDFAST_CERTIFICATE_RELOAD_PERIOD", "100ms");
    try (KubernetesClient client = server.createClient()) {
      client.secrets().inNamespace("holdfast-system").withName("holdfast-tls").delete();
      client.resource(secret(TestPairs.good(Instant.now()))).create();
      start(environment, "--role", "webhook");
      awaitReady();
      X509Certificate first = served();

      Instant begin = Instant.now().plusSeconds(4);
      client.resource(secret(TestPairs.good(begin.plus(BACKDATED)))).update();
      await().atMost(LONG).until(() -> log().contains("tls.crt: not valid before "));
      assertThat(served()).isEqualTo(first);

      await().atMost(LONG).until(() -> !served().equals(first));
    } finally {
      server.destroy();
    }
  }

  private X509Certificate served() throws Exception {
    HttpsURLConnection connection = connect();
    connection.getResponseCode();
    X509Certificate certificate = (X509Certificate) connection.getServerCertificates()[0];
    connection.disconnect();
    return certificate;
  }

  private void writePair(Instant now) throws Exception {
    TestCertificate.Pair pair = TestCertificate.issuedAt(now);
    replace(folder.resolve("tls.key"), pair.key());
    replace(folder.resolve("tls.crt"), pair.certificate());
  }
}
