package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.holdfast.certs.CertificateAuthority;
import dev.holdfast.certs.ServingPair;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import java.io.IOException;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pairs that change while clients shake hands. */
class ServedKeysTest {
  private static final int CLIENTS = 4;
  private static final int CALLS = 50;

  private final ServedKeys keys = new ServedKeys();
  private Vertx vertx;
  private int port;

  @BeforeEach
  void serve() throws Exception {
    vertx = Vertx.vertx();
    HttpServer server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setSsl(true)
                    .setKeyCertOptions(KeyCertOptions.wrap(keys))
                    .setHost("localhost")
                    .setPort(0))
            .requestHandler(request -> request.response().end("fine"));
    port =
        server
            .listen()
            .toCompletionStage()
            .toCompletableFuture()
            .get(60, TimeUnit.SECONDS)
            .actualPort();
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  private static ServingPair pair() {
    return CertificateAuthority.selfSigned(Instant.now(), Duration.ofDays(1));
  }

  private static SSLContext client() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustEverybody()}, null);
    return context;
  }

  /** One request; the certificate that was shown, now or when the session was begun. */
  private Certificate get(SSLContext client, String protocol) throws IOException {
    try (SSLSocket socket = (SSLSocket) client.getSocketFactory().createSocket("localhost", port)) {
      socket.setEnabledProtocols(new String[] {protocol});
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes());
      assertThat(new String(socket.getInputStream().readAllBytes())).endsWith("fine");
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void no_handshake_fails_while_pairs_change(String protocol) throws Exception {
    keys.serve(pair());
    List<ServingPair> pairs = List.of(pair(), pair(), pair());
    Semaphore called = new Semaphore(0);
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        calls.add(
            clients.submit(
                () -> {
                  for (int call = 0; call < CALLS; call++) {
                    get(client(), protocol);
                    called.release();
                  }
                  return null;
                }));
      }
      // A change for each call: the other clients are in the middle of theirs.
      for (int i = 0; i < CLIENTS * CALLS; i++) {
        if (called.tryAcquire(60, TimeUnit.SECONDS)) {
          keys.serve(pairs.get(i % pairs.size()));
        }
      }
      for (Future<?> call : calls) {
        call.get(60, TimeUnit.SECONDS);
      }
    } finally {
      clients.shutdownNow();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void a_session_is_resumed_after_a_change_and_a_new_client_sees_the_new_pair(String protocol)
      throws Exception {
    ServingPair first = pair();
    ServingPair second = pair();
    keys.serve(first);
    SSLContext known = client();
    assertThat(get(known, protocol)).isEqualTo(first.leaf());

    keys.serve(second);

    assertThat(get(known, protocol)).isIn(first.leaf(), second.leaf());
    assertThat(get(client(), protocol)).isEqualTo(second.leaf());
  }

  @Test
  void before_there_is_a_pair_nothing_is_served() throws Exception {
    SSLContext client = client();
    assertThat(catchThrowable(() -> get(client, "TLSv1.3"))).isInstanceOf(IOException.class);

    keys.serve(pair());
    assertThat(get(client, "TLSv1.3")).isNotNull();
  }

  @Test
  void an_alias_keeps_its_pair_while_its_handshake_lasts() {
    ServingPair first = pair();
    keys.serve(first);
    String alias = keys.chooseServerAlias("EC", null, null);

    for (int i = 0; i < 5; i++) {
      keys.serve(pair());
    }

    assertThat(keys.getCertificateChain(alias)).containsExactly(first.leaf());
    assertThat(keys.getPrivateKey(alias)).isEqualTo(first.key());
  }
}
