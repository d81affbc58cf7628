package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The server over real HTTPS. */
@QuarkusTest
class WebhookTest {
  @TestHTTPResource(value = "/mutate", tls = true)
  URL mutate;

  @TestHTTPResource(value = "/health/ready", management = true)
  URL ready;

  @TestHTTPResource(value = "/metrics", management = true)
  URL metrics;

  private static final Path REVIEW = Path.of("src/test/resources/admission/review.json");

  /** Trusts the development certificate, whose key nobody else has. */
  private static SSLContext trusting() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustEverybody()}, new SecureRandom());
    return context;
  }

  private static HttpClient client(HttpClient.Version version) throws Exception {
    return HttpClient.newBuilder().sslContext(trusting()).version(version).build();
  }

  private HttpResponse<String> post(String contentType, HttpRequest.BodyPublisher body)
      throws Exception {
    return client(HttpClient.Version.HTTP_1_1)
        .send(
            HttpRequest.newBuilder(mutate.toURI())
                .header("Content-Type", contentType)
                .POST(body)
                .build(),
            BodyHandlers.ofString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP_1_1", "HTTP_2"})
  void answers_reviews(HttpClient.Version version) throws Exception {
    HttpResponse<String> response =
        client(version)
            .send(
                HttpRequest.newBuilder(mutate.toURI())
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofFile(REVIEW))
                    .build(),
                BodyHandlers.ofString());
    assertThat(response.version()).isEqualTo(version);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    assertThat(response.body()).contains("\"allowed\":true").contains("\"patch\":");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void speaks_tls(String protocol) throws Exception {
    try (SSLSocket socket = connect()) {
      socket.setEnabledProtocols(new String[] {protocol});
      socket.startHandshake();
      assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
    }
  }

  @Test
  void the_development_certificate_is_for_this_machine() throws Exception {
    try (SSLSocket socket = connect()) {
      socket.startHandshake();
      X509Certificate certificate = (X509Certificate) socket.getSession().getPeerCertificates()[0];
      assertThat(certificate.getPublicKey().getAlgorithm()).isEqualTo("EC");
      assertThat(certificate.getSubjectAlternativeNames())
          .anySatisfy(name -> assertThat(name.get(1)).isEqualTo("localhost"));
    }
  }

  private SSLSocket connect() throws Exception {
    return (SSLSocket) trusting().getSocketFactory().createSocket("localhost", mutate.getPort());
  }

  @Test
  void plain_http_is_not_served() {
    URI plain = URI.create("http://localhost:" + mutate.getPort() + "/mutate");
    assertThat(
            org.assertj.core.api.Assertions.catchThrowable(
                () ->
                    HttpClient.newHttpClient()
                        .send(HttpRequest.newBuilder(plain).build(), BodyHandlers.ofString())))
        .isInstanceOf(IOException.class);
  }

  @Test
  void refuses_other_content_types_and_what_is_no_review() throws Exception {
    assertThat(post("text/plain", BodyPublishers.ofString("{}")).statusCode()).isEqualTo(415);
    assertThat(post("application/json", BodyPublishers.ofString("{")).statusCode()).isEqualTo(400);
    assertThat(post("application/json", BodyPublishers.noBody()).statusCode()).isEqualTo(400);
  }

  @Test
  void refuses_more_than_8_mib_whether_the_length_is_told_or_not() throws Exception {
    byte[] large = new byte[AdmissionRequest.MAX_REVIEW_BYTES + 1];
    assertThat(statusOf(large, true)).isEqualTo("413");
    assertThat(statusOf(large, false)).isEqualTo("413");
    assertThat(post("application/json", BodyPublishers.ofFile(REVIEW)).statusCode()).isEqualTo(200);
  }

  /** By hand, as a client that is refused while it still writes may never read the answer. */
  private String statusOf(byte[] body, boolean lengthTold) throws Exception {
    try (SSLSocket socket = connect()) {
      String head =
          "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + (lengthTold
                  ? "Content-Length: " + body.length + "\r\n\r\n"
                  : "Transfer-Encoding: chunked\r\n\r\n"
                      + Integer.toHexString(body.length)
                      + "\r\n");
      Thread writer =
          new Thread(
              () -> {
                try {
                  socket.getOutputStream().write(head.getBytes());
                  new ByteArrayInputStream(body).transferTo(socket.getOutputStream());
                  socket.getOutputStream().write("\r\n0\r\n\r\n".getBytes());
                } catch (IOException e) {
                  // The server has closed the connection: it had seen enough.
                }
              });
      writer.start();
      return new String(socket.getInputStream().readNBytes(12)).substring(9);
    }
  }

  @ParameterizedTest
  @CsvSource({"GET, /mutate, 405", "PUT, /mutate, 405", "POST, /elsewhere, 404"})
  void serves_nothing_else(String method, String path, int status) throws Exception {
    HttpResponse<String> response =
        client(HttpClient.Version.HTTP_1_1)
            .send(
                HttpRequest.newBuilder(mutate.toURI().resolve(path))
                    .header("Content-Type", "application/json")
                    .method(method, BodyPublishers.ofString("{}"))
                    .build(),
                BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.body()).doesNotContain("at dev.holdfast").doesNotContain("at io.");
  }

  @Test
  void is_ready_after_the_warm_up() {
    await()
        .untilAsserted(
            () -> assertThat(get(ready)).contains("\"status\": \"UP\"").contains("warm-up"));
  }

  @Test
  void counts_reviews_edits_and_findings() throws Exception {
    post("application/json", BodyPublishers.ofFile(REVIEW));
    post("application/json", BodyPublishers.ofString("{"));
    assertThat(get(metrics))
        .containsPattern("holdfast_reviews_total\\{outcome=\"patched\"\\} [1-9]")
        .containsPattern("holdfast_reviews_total\\{outcome=\"refused\"\\} [1-9]")
        .containsPattern("holdfast_review_duration_seconds_bucket\\{le=\"0.001\"\\}")
        .containsPattern("holdfast_edits_total\\{mode=\"enforce\",rule=\"pre-stop\"\\} [1-9]")
        .containsPattern("holdfast_findings_total\\{reason=\"[a-z-]+\",rule=\"[a-z-]+\"\\} [1-9]")
        .containsPattern("holdfast_certificate_expiry_seconds [1-9]")
        .contains("holdfast_certificate_broken 0.0")
        .contains("holdfast_policy_stale 0.0");
  }

  private static String get(URL url) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(url.toURI()).build(), BodyHandlers.ofString())
        .body();
  }
}
