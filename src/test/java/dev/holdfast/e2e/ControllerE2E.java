package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.admission.GrantedVerbs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The roles of {@code holdfast serve}, each as its own service account. */
@SuppressWarnings("try") // what is registered counts, not the object
class ControllerE2E {
  /** Once a new policy is there, its status follows soon: people look at what they have applied. */
  private static final Duration STATUS = Duration.ofSeconds(10);

  private static final String NAMESPACE = ApiServer.unique("controller");
  private static final String MORE = NAMESPACE + "-more";
  private static final String LEASE =
      "/apis/coordination.k8s.io/v1/namespaces/"
          + Account.NAMESPACE
          + "/leases/holdfast-controller";
  private static final String POLICY = "/apis/holdfast.dev/v1alpha1/hardeningpolicies/status";

  @TempDir Path folder;
  private ApiServer api;
  private RunningHoldfast one;
  private RunningHoldfast two;
  private Account accountOfOne;
  private Account accountOfTwo;

  @BeforeEach
  void install() throws IOException {
    api = ApiServer.connect();
    api.installCustomResource();
    Account.install(api);
    api.delete(LEASE);
    accountOfOne = Account.of(api, "holdfast-controller", folder);
    accountOfTwo = twin();
    one = controller("one", accountOfOne);
    two = controller("two", accountOfTwo);
  }

  /** With the same rights and another name, which tells in the audit log who it was. */
  private Account twin() throws IOException {
    String subject =
        "{kind: ServiceAccount, name: holdfast-twin, namespace: " + Account.NAMESPACE + "}";
    api.apply(
            "{apiVersion: v1, kind: ServiceAccount, metadata: {name: holdfast-twin, namespace: "
                + Account.NAMESPACE
                + "}}")
        .object();
    for (String role : List.of("holdfast-webhook", "holdfast-controller")) {
      api.apply(
              "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name:"
                  + " twin-"
                  + role
                  + "}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "
                  + role
                  + "}, subjects: ["
                  + subject
                  + "]}")
          .object();
    }
    api.apply(
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: twin,"
                + " namespace: "
                + Account.NAMESPACE
                + "}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name:"
                + " holdfast-controller}, subjects: ["
                + subject
                + "]}")
        .object();
    return Account.of(api, "holdfast-twin", folder);
  }

  private RunningHoldfast controller(String name, Account account) throws IOException {
    return new RunningHoldfast(folder)
        .role("controller")
        .with("POD_NAME", name)
        .with("KUBECONFIG", account.kubeconfig().toString());
  }

  @AfterEach
  void uninstall() {
    for (RunningHoldfast process : List.of(one, two)) {
      process.close();
    }
    api.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/twin-holdfast-webhook");
    api.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/twin-holdfast-controller");
    api.delete("/api/v1/namespaces/" + Account.NAMESPACE + "/serviceaccounts/holdfast-twin");
    api.deletePolicies();
    api.close();
  }

  private String leader() {
    return api.get(LEASE).body().at("/spec/holderIdentity").asText();
  }

  private void awaitLeader(String name, Duration deadline) {
    await()
        .atMost(deadline)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> leader().equals(name));
  }

  /** Changes the policy, and waits until somebody has written what became of it. */
  private void changeAndAwaitStatus(int sleepSeconds) {
    ObjectNode policy =
        api.policy(
                "status",
                "profile: minimal, rules: {preStop: {sleepSeconds: "
                    + sleepSeconds
                    + "}}, namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name,"
                    // of the namespaces of other tests some may still be going
                    + " operator: In, values: [default, "
                    + MORE
                    + "]}]}")
            .object();
    await().atMost(STATUS).until(() -> api.get(POLICY).body(), now -> isTold(policy, now));
  }

  private int namespaces() {
    return api.get(POLICY).body().at("/status/namespaces").asInt();
  }

  private static boolean isTold(JsonNode policy, JsonNode now) {
    return now.at("/status/observedGeneration").asLong()
            == policy.at("/metadata/generation").asLong()
        && now.at("/status/conditions/0/reason").asText().equals("Accepted");
  }

  @Test
  void the_leader_writes_and_another_takes_over() throws Exception {
    AuditLog audit = AuditLog.open();
    one.start();
    awaitLeader("one", Duration.ofSeconds(10));
    two.start();
    Instant start = Instant.now();
    changeAndAwaitStatus(11);
    changeAndAwaitStatus(12);
    assertThat(audit.verbs(accountOfOne.user(), start, false))
        .contains("patch holdfast.dev/hardeningpolicies/status");
    assertThat(audit.verbs(accountOfTwo.user(), start, false))
        .doesNotContain("patch holdfast.dev/hardeningpolicies/status");

    long killed = System.nanoTime();
    one.kill();
    awaitLeader("two", Duration.ofSeconds(20));
    System.out.printf("taken over %d ms after a kill%n", millisecondsSince(killed));
    changeAndAwaitStatus(13);

    one.start();
    assertThat(leader()).as("no one is pushed out").isEqualTo("two");
    long terminated = System.nanoTime();
    two.terminate();
    awaitLeader("one", Duration.ofSeconds(3));
    System.out.printf("taken over %d ms after SIGTERM%n", millisecondsSince(terminated));
    assertThat(two.exitCode()).isZero();
    changeAndAwaitStatus(14);
  }

  private static long millisecondsSince(long nanoTime) {
    return Duration.ofNanos(System.nanoTime() - nanoTime).toMillis();
  }

  @Test
  void a_controller_does_not_listen_for_reviews() throws Exception {
    one.start();
    awaitLeader("one", Duration.ofSeconds(10));

    assertThat(one.isListening()).isFalse();
    assertThat(one.isReady()).isTrue();
  }

  @Test
  void a_status_is_written_only_when_it_changes() throws Exception {
    one.start();
    changeAndAwaitStatus(11);
    String version = api.get(POLICY).body().at("/metadata/resourceVersion").asText();

    // Five times the period in which it looks.
    await()
        .during(Duration.ofSeconds(5))
        .atMost(Duration.ofSeconds(10))
        .until(
            () -> api.get(POLICY).body().at("/metadata/resourceVersion").asText().equals(version));

    assertThat(namespaces()).isOne();
    api.namespace(MORE, Map.of());
    await().atMost(STATUS).until(() -> namespaces() == 2);
    api.deleteNamespace(MORE);
    await().atMost(Duration.ofSeconds(30)).until(() -> namespaces() == 1);
  }

  /** What RBAC would have to grant, no more and no less. */
  @Test
  void the_webhook_only_reads_and_each_role_uses_what_it_is_granted() throws Exception {
    AuditLog audit = AuditLog.open();
    Account webhook = Account.of(api, "holdfast-webhook", folder);
    RunningHoldfast process =
        new RunningHoldfast(folder)
            .role("webhook")
            .with("KUBECONFIG", webhook.kubeconfig().toString());
    Instant start = Instant.now();
    api.policy("status", "profile: minimal").object();
    api.namespace(NAMESPACE, Map.of());
    api.awaitServiceAccounts(List.of(NAMESPACE));
    try (process) {
      process.start();
      one.start();
      try (Registration registration = Registration.of(api, process).apply(NAMESPACE)) {
        // A namespace and its pods in one call: the watch may come second, and it has to ask.
        for (int i = 0; i < 20; i++) {
          String name = NAMESPACE + "-" + i;
          api.namespace(name, Map.of());
          api.dryRun(ApiServer.pod(name, "at-once"));
          api.deleteNamespace(name);
        }
        changeAndAwaitStatus(11);
      }
      SortedSet<String> ofWebhook = audit.verbs(webhook.user(), start, false);
      SortedSet<String> ofController = audit.verbs(accountOfOne.user(), start, false);

      assertThat(ofWebhook).isNotEmpty().allMatch(verb -> verb.matches("(get|list|watch) .*"));
      assertThat(GrantedVerbs.of("holdfast-webhook")).containsAll(ofWebhook);
      SortedSet<String> granted = new TreeSet<>(GrantedVerbs.of("holdfast-webhook"));
      granted.addAll(GrantedVerbs.of("holdfast-controller"));
      assertThat(granted).containsAll(ofController);
      for (Account account : List.of(webhook, accountOfOne)) {
        assertThat(audit.verbs(account.user(), start, true)).as("refused").isEmpty();
      }
      assertThat(process.log() + one.log()).doesNotContain("not permitted");
    } finally {
      api.deleteNamespace(NAMESPACE);
    }
  }
}
