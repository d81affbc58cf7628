package dev.holdfast.certs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.TestClock;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.server.mock.KubernetesMixedDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The steps of a rotation on the objects of an API server. */
class RotatorTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Lifetimes LIFETIMES =
      new Lifetimes(Duration.ofDays(90), Duration.ofDays(1825));
  private static final String CONFIGURATION =
      """
      {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "%s",
       "metadata": {"name": "holdfast", "labels": {"a": "b"}},
       "webhooks": [
         {"name": "first.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
          "clientConfig": {"service": {"name": "other", "namespace": "holdfast-system"}, "caBundle": "Zm9yZWlnbg=="}},
         {"name": "pods.holdfast.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
          "clientConfig": {"service": {"name": "holdfast", "namespace": "holdfast-system", "path": "/mutate"}}},
         {"name": "url.holdfast.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
          "clientConfig": {"url": "https://holdfast.example.com/mutate"}},
         {"name": "same.holdfast.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
          "clientConfig": {"service": {"name": "holdfast", "namespace": "elsewhere"}}}]}
      """;

  private KubernetesMockServer server;
  private KubernetesClient client;
  private final TestClock clock = new TestClock(Instant.parse("2030-01-01T00:00:00Z"));
  private boolean mayWrite = true;

  @BeforeEach
  void start() {
    Map<ServerRequest, Queue<ServerResponse>> responses = new HashMap<>();
    server =
        new KubernetesMockServer(
            new Context(),
            new MockWebServer(),
            responses,
            new KubernetesMixedDispatcher(responses),
            false);
    server.init();
    client = server.createClient();
    for (String kind : List.of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")) {
      client.resource(CONFIGURATION.formatted(kind)).create();
    }
  }

  @AfterEach
  void stop() {
    client.close();
    server.destroy();
  }

  private Rotator rotator() {
    return rotator(Rotator.Observer.NONE);
  }

  private Rotator rotator(Rotator.Observer observer) {
    return rotator(observer, List.of("holdfast", "absent"));
  }

  private Rotator rotator(Rotator.Observer observer, List<String> configurations) {
    return Rotator.ofCluster(
        new Secrets(client, "holdfast-system", "tls"),
        new WebhookConfigurations(client, configurations, TestPairs.NAME),
        new ServiceReplicas(client, TestPairs.NAME),
        TestPairs.NAME,
        LIFETIMES,
        clock,
        () -> mayWrite,
        observer);
  }

  private Map<String, byte[]> secret(String name) {
    return Secrets.data(client.secrets().inNamespace("holdfast-system").withName(name).get());
  }

  private ObjectNode configuration() {
    return JSON.valueToTree(mutating().get());
  }

  private Resource<MutatingWebhookConfiguration> mutating() {
    return client.admissionRegistration().v1().mutatingWebhookConfigurations().withName("holdfast");
  }

  private static byte[] bundle(JsonNode configuration) {
    return Base64.getDecoder()
        .decode(configuration.at("/webhooks/1/clientConfig/caBundle").asText());
  }

  @Test
  void makes_all_that_is_missing() {
    Rotator.Progress progress = rotator().run();

    assertThat(progress.finished()).isTrue();
    assertThat(secret("tls")).containsOnlyKeys("ca.crt", "tls.crt", "tls.key");
    assertThat(secret("tls-ca")).containsOnlyKeys("ca.crt", "ca.key");
    assertThat(
            Inspection.of(secret("tls"), Optional.of(TestPairs.NAME), true, clock.instant())
                .problems())
        .isEmpty();
    assertThat(bundle(configuration())).isEqualTo(secret("tls").get("ca.crt"));
  }

  @Test
  void writes_nothing_of_a_configuration_but_the_bundle_of_our_entry() {
    ObjectNode before = configuration();

    rotator().run();

    ObjectNode after = configuration();
    ((ObjectNode) after.at("/webhooks/1/clientConfig")).remove("caBundle");
    for (String metadata : List.of("resourceVersion", "generation")) {
      before.withObject("/metadata").remove(metadata);
      after.withObject("/metadata").remove(metadata);
    }
    assertThat(after).isEqualTo(before);
  }

  @Test
  void a_second_run_writes_nothing() {
    rotator().run();
    String version =
        client
            .secrets()
            .inNamespace("holdfast-system")
            .withName("tls")
            .get()
            .getMetadata()
            .getResourceVersion();
    JsonNode configuration = configuration();

    rotator().run();

    assertThat(
            client
                .secrets()
                .inNamespace("holdfast-system")
                .withName("tls")
                .get()
                .getMetadata()
                .getResourceVersion())
        .isEqualTo(version);
    assertThat(configuration()).isEqualTo(configuration);
  }

  @Test
  void several_at_once_make_one_authority() throws Exception {
    // Without configurations: the mock server never answers to a patch whose test fails.
    List<Rotator.Change> changes = Collections.synchronizedList(new ArrayList<>());
    var executor = Executors.newFixedThreadPool(4);
    try {
      Callable<Rotator.Progress> run =
          () -> rotator((what, why) -> changes.add(what), List.of()).run();
      for (var result : executor.invokeAll(Collections.nCopies(4, run))) {
        assertThat(result.get().finished()).isTrue();
      }
    } finally {
      executor.shutdownNow();
    }
    assertThat(changes).filteredOn(Rotator.Change.AUTHORITY_MADE::equals).hasSize(1);
    assertThat(
            Inspection.of(secret("tls"), Optional.of(TestPairs.NAME), true, clock.instant())
                .problems())
        .isEmpty();
  }

  @Test
  void garbage_is_made_anew_and_labels_and_other_keys_stay() {
    Secret garbage =
        (Secret)
            client
                .resource(
                    """
                    {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                     "metadata": {"name": "tls", "namespace": "holdfast-system", "labels": {"a": "b"}},
                     "data": {"tls.crt": "Z2FyYmFnZQ==", "tls.key": "", "more": "bW9yZQ=="}}
                    """)
                .create();

    rotator().run();

    Secret now = client.secrets().inNamespace("holdfast-system").withName("tls").get();
    assertThat(now.getMetadata().getUid()).isEqualTo(garbage.getMetadata().getUid());
    assertThat(now.getMetadata().getLabels()).containsEntry("a", "b");
    assertThat(Secrets.data(now)).containsKey("more");
    assertThat(
            Inspection.of(secret("tls"), Optional.of(TestPairs.NAME), true, clock.instant())
                .problems())
        .isEmpty();
  }

  /** As somebody else does it; null wipes it. */
  private void setBundle(String bundle) {
    mutating()
        .edit(
            found -> {
              found.getWebhooks().get(1).getClientConfig().setCaBundle(bundle);
              return found;
            });
  }

  /** As soon as the watch brings the configuration. */
  private void restore(Rotator rotator) {
    rotator.restore(mutating().get());
  }

  @Test
  void a_wiped_bundle_is_restored() {
    rotator().run();
    byte[] trusted = bundle(configuration());
    setBundle(null);

    rotator().run();

    assertThat(bundle(configuration())).isEqualTo(trusted);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void what_stands_in_one_entry_is_never_copied_to_another(boolean foreign) {
    Rotator rotator = rotator();
    rotator.run();
    String other =
        Base64.getEncoder()
            .encodeToString(
                CertificateAuthority.create(clock.instant(), Duration.ofDays(9)).certificatePem());
    setBundle(foreign ? other : null);
    server
        .expect()
        .patch()
        .withPath("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/holdfast")
        .andReturn(403, "{\"kind\": \"Status\", \"message\": \"forbidden\"}")
        .always();
    assertThatThrownBy(rotator::run).isInstanceOf(CertificateStore.UnavailableException.class);

    assertThatThrownBy(() -> restore(rotator))
        .as("tries to set what the entry should hold")
        .isInstanceOf(CertificateStore.UnavailableException.class);

    JsonNode validating =
        JSON.valueToTree(
            client
                .admissionRegistration()
                .v1()
                .validatingWebhookConfigurations()
                .withName("holdfast")
                .get());
    assertThat(bundle(validating)).isEqualTo(secret("tls").get("ca.crt"));
  }

  @Test
  void an_authority_is_replaced_step_by_step_whoever_goes_on() {
    rotator().run();
    byte[] first = secret("tls-ca").get("ca.crt");
    byte[] leaf = secret("tls").get("tls.crt");

    Rotator.Progress progress = rotator().replaceAuthority();
    assertThat(progress.finished()).isFalse();
    byte[] second = secret("tls-ca").get("ca.crt");
    assertThat(new String(bundle(configuration())))
        .isEqualTo(new String(second) + new String(first));
    assertThat(secret("tls").get("tls.crt")).isEqualTo(leaf);

    Rotator next = rotator();
    next.run();
    assertThat(secret("tls").get("tls.crt")).as("seen just now").isEqualTo(leaf);
    clock.advance(LIFETIMES.settle());
    next.run();
    assertThat(secret("tls").get("tls.crt")).isNotEqualTo(leaf);
    clock.advance(LIFETIMES.settle());
    assertThat(next.run().finished()).as("no endpoint serves anything").isTrue();
    assertThat(bundle(configuration())).isEqualTo(second);
    assertThat(secret("tls").get("ca.crt")).isEqualTo(second);
  }

  @Test
  void an_endpoint_that_does_not_answer_keeps_the_old_authority() {
    client
        .resource(
            """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": "one", "namespace": "holdfast-system",
               "labels": {"kubernetes.io/service-name": "holdfast"}},
             "ports": [{"name": "https", "port": 1}],
             "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": true}}]}
            """)
        .create();
    Rotator rotator = rotator();
    rotator.run();
    rotator.replaceAuthority();
    for (int i = 0; i < 3; i++) {
      clock.advance(LIFETIMES.settle());
      assertThat(rotator.run().finished()).isFalse();
    }
    assertThat(new String(secret("tls").get("ca.crt")).split("BEGIN")).hasSize(3);

    clock.advance(LIFETIMES.leaf().minus(Duration.ofDays(20)));
    rotator.run();
    clock.advance(Duration.ofDays(21));
    assertThat(rotator.run().finished()).isTrue();
    assertThat(new String(secret("tls").get("ca.crt")).split("BEGIN")).hasSize(2);
  }

  @Test
  void the_configurations_that_call_the_service_are_found() {
    client
        .resource(
            CONFIGURATION
                .formatted("MutatingWebhookConfiguration")
                .replace("\"name\": \"holdfast\", \"labels\"", "\"name\": \"foreign\", \"labels\"")
                .replace(
                    "\"name\": \"holdfast\", \"namespace\"", "\"name\": \"else\", \"namespace\""))
        .create();

    assertThat(WebhookConfigurations.namesCalling(client, TestPairs.NAME))
        .containsExactly("holdfast");
    assertThat(new WebhookConfigurations(client, List.of("foreign"), TestPairs.NAME).missing())
        .map(Problem::text)
        .contains("no webhook of foreign calls the Service holdfast-system/holdfast");
    assertThat(
            new WebhookConfigurations(client, List.of("foreign", "holdfast"), TestPairs.NAME)
                .missing())
        .isEmpty();
  }

  @Test
  void a_namespace_that_does_not_exist_is_told() {
    server
        .expect()
        .post()
        .withPath("/api/v1/namespaces/holdfast-system/secrets")
        .andReturn(
            404,
            new StatusBuilder()
                .withCode(404)
                .withMessage("namespaces \"holdfast-system\" not found")
                .build())
        .always();

    assertThatThrownBy(() -> rotator().run())
        .isInstanceOf(CertificateStore.UnavailableException.class)
        .hasMessageContaining("namespaces \"holdfast-system\" not found");
  }

  @Test
  void refusals_are_told_with_the_object() {
    server
        .expect()
        .get()
        .withPath("/api/v1/namespaces/holdfast-system/secrets/tls")
        .andReturn(403, "{\"kind\": \"Status\", \"message\": \"secrets is forbidden\"}")
        .always();

    assertThatThrownBy(() -> rotator().run())
        .isInstanceOf(CertificateStore.UnavailableException.class)
        .hasMessageContaining("the Secret holdfast-system/tls cannot be read: ")
        .hasMessageContaining("forbidden");
  }

  @Test
  void whoever_may_write_no_more_takes_no_further_step() {
    List<Rotator.Change> done = new ArrayList<>();

    Rotator.Progress progress =
        rotator(
                (what, why) -> {
                  done.add(what);
                  mayWrite = false;
                })
            .run();

    assertThat(done).containsExactly(Rotator.Change.AUTHORITY_MADE);
    assertThat(progress.finished()).isFalse();
    assertThat(secret("tls-ca")).isNotEmpty();
    assertThat(secret("tls")).isEmpty();
  }

  @Test
  void what_was_decided_before_is_restored_at_once_and_by_nobody_else() {
    Rotator rotator = rotator();
    rotator.run();
    byte[] bundle = bundle(configuration());
    setBundle(null);

    mayWrite = false;
    restore(rotator);
    assertThat(bundle(configuration())).isEmpty();
    mayWrite = true;
    restore(rotator);
    assertThat(bundle(configuration())).isEqualTo(bundle);

    setBundle(null);
    rotator.forget();
    restore(rotator);
    assertThat(bundle(configuration())).isEmpty();
  }
}
