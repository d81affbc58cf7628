package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Certificates of a life of a minute under 50 creations of pods a second, with {@code
 * failurePolicy: Fail}: whatever happens to them, no pod is refused; but when what API servers
 * trust is taken away, until it is back. Three processes are webhook and controller, behind one
 * Service.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CertificateE2E {
  private static final Duration LONG = Duration.ofSeconds(180);
  private static final int PER_SECOND = 50;
  private static final int REPLICAS = 3;
  private static final int WIPES = 20;
  private static final String NAMESPACE = ApiServer.unique("holdfast-certs");
  private static final String PODS = ApiServer.unique("certs-load");
  private static final String SECRETS = "/api/v1/namespaces/" + NAMESPACE + "/secrets/";
  private static final String SERVING = SECRETS + "holdfast-tls";
  private static final String AUTHORITY = SECRETS + "holdfast-tls-ca";
  private static final String REGISTRATION =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/holdfast";

  @TempDir private static Path folder;
  private static ApiServer api;
  private static Balancer balancer;
  private static Registration registration;
  private static final List<RunningHoldfast> REPLICA = new ArrayList<>();
  private static int total;

  @BeforeAll
  static void install() throws Exception {
    api = ApiServer.connect();
    api.installCustomResource();
    api.policy("default", "profile: standard").object();
    api.namespace(NAMESPACE, Map.of());
    api.namespace(PODS, Map.of());
    api.awaitServiceAccounts(List.of(PODS));
    balancer = new Balancer();
    api.apply(
            "{apiVersion: v1, kind: Service, metadata: {name: holdfast, namespace: "
                + NAMESPACE
                + "}, spec: {type: ExternalName, externalName: 127.0.0.1}}")
        .object();
    for (int i = 0; i < REPLICAS; i++) {
      RunningHoldfast replica =
          new RunningHoldfast(folder)
              .role("all")
              .certificateOf("holdfast-tls")
              .with("HOLDFAST_NAMESPACE", NAMESPACE)
              .with("HOLDFAST_CERTS_SERVICE", "holdfast")
              .with("HOLDFAST_CERTS_LEAF_LIFETIME", "60s")
              .with("HOLDFAST_CERTS_CA_LIFETIME", "120s")
              .with("QUARKUS_SHUTDOWN_DELAY", "3S");
      REPLICA.add(replica);
      replica.launch();
    }
    for (RunningHoldfast replica : REPLICA) {
      await().atMost(LONG).until(replica::isReady);
      join(replica);
    }
    registration =
        Registration.of(api, REPLICA.get(0))
            .service(NAMESPACE, "holdfast", balancer.port())
            .failurePolicy("Fail")
            // A late answer is the machine's affair, which the suite may share with others.
            .timeoutSeconds(10)
            .apply(PODS);
  }

  @AfterAll
  static void uninstall() throws IOException {
    System.out.println("admission calls under load: " + total);
    if (registration != null) {
      registration.close();
    }
    REPLICA.forEach(RunningHoldfast::close);
    if (balancer != null) {
      balancer.close();
    }
    if (api != null) {
      api.deletePolicies();
      api.deleteNamespace(NAMESPACE);
      api.deleteNamespace(PODS);
      api.close();
    }
  }

  /** Takes its part of the connections, as a pod does when it is ready. */
  private static void join(RunningHoldfast replica) throws IOException {
    balancer.add(replica.port());
    slice(replica, true);
  }

  private static void slice(RunningHoldfast replica, boolean ready) throws IOException {
    ObjectNode slice =
        ApiServer.tree(
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: holdfast-"
                + replica.port()
                + ", namespace: "
                + NAMESPACE
                + ", labels: {kubernetes.io/service-name: holdfast}}, addressType: IPv4,"
                + " ports: [{name: https, port: "
                + replica.port()
                + ", protocol: TCP}], endpoints: [{addresses: ["
                + address()
                + "], conditions: {ready: "
                + ready
                + ", serving: "
                + ready
                + "}}]}");
    api.apply(slice).object();
  }

  /** An address of this machine that API servers let pass: not a loopback address. */
  private static String address() throws IOException {
    for (NetworkInterface network : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      for (InetAddress address : Collections.list(network.getInetAddresses())) {
        if (address instanceof Inet4Address
            && !address.isLoopbackAddress()
            && !address.isLinkLocalAddress()) {
          return address.getHostAddress();
        }
      }
    }
    throw new IOException("this machine has no address but its loopback address");
  }

  private static JsonNode data(String secret) {
    return api.get(secret).body().path("data");
  }

  private static String leaf() {
    return data(SERVING).path("tls.crt").asText();
  }

  private static String authority() {
    return data(AUTHORITY).path("ca.crt").asText();
  }

  private static String trusted() {
    return api.get(REGISTRATION).body().at("/webhooks/0/clientConfig/caBundle").asText();
  }

  private static int authoritiesTrusted() {
    String pem = new String(Base64.getDecoder().decode(trusted()), StandardCharsets.US_ASCII);
    return pem.split("BEGIN CERTIFICATE", -1).length - 1;
  }

  /** All replicas serve, one authority is trusted, and it is the one that signs. */
  private static boolean isSettled() {
    return !leaf().isEmpty() && trusted().equals(authority());
  }

  /** What happens while pods are created, and for some seconds after; none is refused. */
  private static void underLoad(Callable<?> happening) throws Exception {
    try (PodLoad load = PodLoad.start(api, PODS, PER_SECOND)) {
      await().atMost(LONG).until(() -> load.answered() > PER_SECOND);
      happening.call();
      int then = load.answered();
      await().atMost(LONG).until(() -> load.answered() > then + 3 * PER_SECOND);
      load.finish();
      total += load.answered();
      assertThat(load.failures().stream().limit(5))
          .as("%d of %d", load.failures().size(), load.answered())
          .isEmpty();
    }
  }

  private static void settle() {
    await().atMost(LONG).until(CertificateE2E::isSettled);
  }

  @Test
  @Order(1)
  void three_that_start_at_once_make_one_authority() {
    double made = 0;
    for (RunningHoldfast replica : REPLICA) {
      made += replica.log().lines().filter(line -> line.contains("authority is made")).count();
    }
    assertThat(made).isOne();
  }

  @Test
  @Order(2)
  void a_serving_certificate_is_replaced() throws Exception {
    underLoad(
        () -> {
          String first = leaf();
          await().atMost(LONG).until(() -> !leaf().equals(first));
          return null;
        });
  }

  @Test
  @Order(3)
  void an_authority_is_replaced() throws Exception {
    underLoad(
        () -> {
          settle();
          String first = authority();
          await().atMost(LONG).until(() -> authoritiesTrusted() == 2);
          await().atMost(LONG).until(() -> isSettled() && !authority().equals(first));
          return null;
        });
  }

  @Test
  @Order(4)
  void the_secret_is_deleted() throws Exception {
    underLoad(
        () -> {
          api.delete(SERVING).object();
          await().atMost(LONG).until(() -> !leaf().isEmpty());
          return null;
        });
  }

  @Test
  @Order(5)
  void the_secret_of_the_authority_is_deleted() throws Exception {
    settle();
    underLoad(
        () -> {
          String first = authority();
          api.delete(AUTHORITY).object();
          await().atMost(LONG).until(() -> isSettled() && !authority().equals(first));
          return null;
        });
  }

  @Test
  @Order(6)
  void both_are_deleted() throws Exception {
    settle();
    underLoad(
        () -> {
          String first = authority();
          api.delete(SERVING).object();
          api.delete(AUTHORITY).object();
          await().atMost(LONG).until(() -> isSettled() && !authority().equals(first));
          return null;
        });
  }

  @Test
  @Order(7)
  void both_hold_garbage() throws Exception {
    settle();
    underLoad(
        () -> {
          String first = authority();
          String garbage = "{data: {ca.crt: Z2FyYmFnZQ==, tls.crt: Z2FyYmFnZQ==, tls.key: ''}}";
          api.patch(SERVING, garbage).object();
          api.patch(AUTHORITY, "{data: {ca.crt: Z2FyYmFnZQ==, ca.key: Z2FyYmFnZQ==}}").object();
          await().atMost(LONG).until(() -> isSettled() && !authority().equals(first));
          return null;
        });
    assertThat(REPLICA).allMatch(RunningHoldfast::isReady);
  }

  /** An API server trusts nobody from one write to the next: that cannot be hidden from it. */
  @Test
  @Order(8)
  void a_bundle_that_is_wiped_is_set_again_at_once() throws Exception {
    settle();
    try (PodLoad load = PodLoad.start(api, PODS, PER_SECOND)) {
      await().atMost(LONG).until(() -> load.answered() > PER_SECOND);
      for (int i = 0; i < WIPES; i++) {
        ObjectNode now = api.get(REGISTRATION).object();
        ((ObjectNode) now.at("/webhooks/0/clientConfig")).remove("caBundle");
        String wiped = api.put(now).object().at("/metadata/resourceVersion").asText();
        await().pollInterval(Duration.ofMillis(20)).atMost(LONG).until(() -> isNewerThan(wiped));
      }
      int refused = load.failures().size();
      int then = load.answered();
      await().atMost(LONG).until(() -> load.answered() > then + PER_SECOND);
      load.finish();
      total += load.answered();
      System.out.println(
          refused
              + " of "
              + load.answered()
              + " pods refused while caBundle was wiped "
              + WIPES
              + " times");

      assertThat(load.failures()).allMatch(failure -> failure.contains("x509: "));
      assertThat(load.failures().size())
          .as("refused in a fifth of a second each time")
          .isLessThanOrEqualTo(WIPES * PER_SECOND / 5);
    }
  }

  private static boolean isNewerThan(String version) {
    JsonNode now = api.get(REGISTRATION).body();
    return !now.at("/metadata/resourceVersion").asText().equals(version)
        && !now.at("/webhooks/0/clientConfig/caBundle").asText().isEmpty();
  }

  @Test
  @Order(9)
  void each_process_is_restarted_in_turn() throws Exception {
    underLoad(
        () -> {
          for (RunningHoldfast replica : REPLICA) {
            replica.terminate();
            // What kube-proxy knows, it knows a moment later.
            await().pollDelay(Duration.ofMillis(500)).until(() -> true);
            balancer.remove(replica.port());
            slice(replica, false);
            assertThat(replica.exitCode()).isZero();
            replica.start();
            join(replica);
          }
          return null;
        });
  }
}
