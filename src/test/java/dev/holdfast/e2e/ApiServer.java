package dev.holdfast.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The API server of {@code KUBECONFIG}, as it is on the wire: no typed model loses a field, nothing
 * is tried again, and what kubectl would print as a warning is there. Thread-safe.
 */
final class ApiServer implements AutoCloseable {
  /** How long a change of a label, policy, Service or node may take to count. */
  static final Duration SOON = Duration.ofSeconds(2);

  private static final String RUN =
      Integer.toString(Math.floorMod(Instant.now().getEpochSecond(), 36 * 36 * 36 * 36), 36);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final YAMLMapper YAML = new YAMLMapper();

  /** Above all that the API server itself waits for. */
  private static final int DEADLINE_SECONDS = 60;

  private static final Pattern WARNING = Pattern.compile("299 \\S+ \"((?:[^\"\\\\]|\\\\.)*)\"");

  private static final Map<String, String> IRREGULAR_PLURALS =
      Map.of("HardeningPolicy", "hardeningpolicies", "PriorityClass", "priorityclasses");

  private static final Set<String> CLUSTER_SCOPED =
      Set.of(
          "Namespace",
          "Node",
          "PriorityClass",
          "HardeningPolicy",
          "CustomResourceDefinition",
          "ClusterRole",
          "ClusterRoleBinding",
          "MutatingWebhookConfiguration",
          "ValidatingWebhookConfiguration");

  private final KubernetesClient client;

  private ApiServer(KubernetesClient client) {
    this.client = client;
  }

  /** The one that the suite runs against; without one, the test fails and says what to do. */
  static ApiServer connect() {
    assertThat(System.getenv("KUBECONFIG"))
        .as("KUBECONFIG must name a cluster; src/test/cluster/up.sh brings one up")
        .isNotBlank();
    Config config = Config.autoConfigure(null);
    config.setRequestRetryBackoffLimit(0);
    return new ApiServer(new KubernetesClientBuilder().withConfig(config).build());
  }

  /**
   * What it answered.
   *
   * @param body an object, or the Status of a failure
   * @param warnings as kubectl prints them
   */
  record Answer(int code, JsonNode body, List<String> warnings) {
    boolean isAccepted() {
      return code >= 200 && code < 300;
    }

    /** The object; fails the test if there is none. */
    ObjectNode object() {
      assertThat(isAccepted()).as("%d %s", code, body).isTrue();
      return (ObjectNode) body;
    }

    /** The warnings that are ours. */
    List<String> advice() {
      return warnings.stream().filter(text -> text.startsWith("holdfast: ")).toList();
    }
  }

  /** YAML or JSON as a tree; a bare {@code off} is no string there. */
  static ObjectNode tree(String text) {
    try {
      return (ObjectNode) YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(text, e);
    }
  }

  /** The documents of a file. */
  static List<ObjectNode> documents(Path file) {
    try {
      List<ObjectNode> documents = new ArrayList<>();
      for (String text : Files.readString(file).split("(?m)^---\n")) {
        documents.add(tree(text));
      }
      return documents;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the objects of this one's kind and namespace are. */
  static String collection(JsonNode object) {
    String version = object.path("apiVersion").asText();
    String kind = object.path("kind").asText();
    String plural =
        IRREGULAR_PLURALS.getOrDefault(kind, kind.toLowerCase(Locale.ROOT) + "s").toString();
    String namespace = object.path("metadata").path("namespace").asText("default");
    return (version.contains("/") ? "/apis/" : "/api/")
        + version
        + (CLUSTER_SCOPED.contains(kind) ? "" : "/namespaces/" + namespace)
        + "/"
        + plural;
  }

  static String path(JsonNode object) {
    return collection(object) + "/" + object.path("metadata").path("name").asText();
  }

  Answer create(JsonNode object) {
    return send("POST", collection(object), "application/json", object);
  }

  /** As {@code kubectl create --dry-run=server}. */
  Answer dryRun(JsonNode object) {
    return send("POST", collection(object) + "?dryRun=All", "application/json", object);
  }

  /** As {@code kubectl apply --server-side --force-conflicts}. */
  Answer apply(JsonNode object) {
    return send(
        "PATCH",
        path(object) + "?fieldManager=holdfast-e2e&force=true",
        "application/apply-patch+yaml",
        object);
  }

  Answer apply(String text) {
    return apply(tree(text));
  }

  Answer put(JsonNode object) {
    return send("PUT", path(object), "application/json", object);
  }

  /** A JSON merge patch. */
  Answer patch(String path, String patch) {
    return send("PATCH", path, "application/merge-patch+json", tree(patch));
  }

  Answer get(String path) {
    return send("GET", path, null, null);
  }

  Answer delete(String path) {
    return send("DELETE", path, null, null);
  }

  Answer post(String path, JsonNode body) {
    return send("POST", path, "application/json", body);
  }

  private Answer send(String method, String path, String type, JsonNode body) {
    HttpRequest.Builder request =
        client
            .getHttpClient()
            .newHttpRequestBuilder()
            .uri(client.getMasterUrl().toString().replaceAll("/$", "") + path)
            .timeout(DEADLINE_SECONDS, TimeUnit.SECONDS)
            .method(method, type, body == null ? null : body.toString());
    try {
      HttpResponse<String> response =
          client
              .getHttpClient()
              .sendAsync(request.build(), String.class)
              .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
      return new Answer(response.code(), json(response), warnings(response));
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException(method + " " + path, e);
    }
  }

  private static JsonNode json(HttpResponse<String> response) {
    String body = response.body();
    try {
      return body == null || body.isEmpty() ? JSON.nullNode() : JSON.readTree(body);
    } catch (IOException e) {
      return JSON.getNodeFactory().textNode(body);
    }
  }

  private static List<String> warnings(HttpResponse<String> response) {
    List<String> warnings = new ArrayList<>();
    for (String header : response.headers("Warning")) {
      Matcher warning = WARNING.matcher(header);
      while (warning.find()) {
        warnings.add(warning.group(1).replaceAll("\\\\(.)", "$1"));
      }
    }
    return warnings;
  }

  // --- what every test needs there

  /** The custom resource as it is delivered, and none of its objects. */
  void installCustomResource() {
    for (ObjectNode document :
        documents(Path.of("deploy/crd/hardeningpolicies.holdfast.dev.yaml"))) {
      // What an earlier test has loosened is put right, too.
      Answer there = get(path(document));
      if (there.code() == 200) {
        document
            .withObject("/metadata")
            .set("resourceVersion", there.body().at("/metadata/resourceVersion"));
        put(document).object();
      } else {
        create(document).object();
      }
    }
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> get("/apis/holdfast.dev/v1alpha1/hardeningpolicies").code() == 200);
    deletePolicies();
  }

  void deletePolicies() {
    delete("/apis/holdfast.dev/v1alpha1/hardeningpolicies");
  }

  /**
   * @param spec as a YAML flow mapping without its braces
   */
  Answer policy(String name, String spec) {
    return apply(
        "{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy, metadata: {name: "
            + name
            + "}, spec: {"
            + spec
            + "}}");
  }

  /** A namespace with these labels, ours and no others of ours, that takes pods. */
  void namespace(String name, Map<String, String> labels) {
    ObjectNode namespace =
        tree("{apiVersion: v1, kind: Namespace, metadata: {name: " + name + "}}");
    labels.forEach((key, value) -> namespace.withObject("/metadata/labels").put(key, value));
    apply(namespace).object();
  }

  /** A name that no earlier run has used: what it has left may still be going. */
  static String unique(String name) {
    return name + "-" + RUN;
  }

  /** Its pods go at once: no kubelet is there to stop them. */
  void deleteNamespace(String name) {
    delete("/api/v1/namespaces/" + name);
    delete("/api/v1/namespaces/" + name + "/pods?gracePeriodSeconds=0");
  }

  /** Pods are refused before that. */
  void awaitServiceAccounts(Collection<String> namespaces) {
    for (String namespace : namespaces) {
      String path = "/api/v1/namespaces/" + namespace + "/serviceaccounts/default";
      await().atMost(Duration.ofSeconds(60)).until(() -> get(path).code() == 200);
    }
  }

  /** A small pod. */
  static ObjectNode pod(String namespace, String name) {
    return tree(
        "{apiVersion: v1, kind: Pod, metadata: {name: '"
            + name
            + "', namespace: '"
            + namespace
            + "', labels: {app: web}}, spec: {containers: [{name: web, image: example/web}]}}");
  }

  /** The pause of the first container, 0 without one. */
  static int pauseOf(JsonNode pod) {
    return pod.at("/spec/containers/0/lifecycle/preStop/sleep/seconds").asInt();
  }

  /** What a pod that is created now would get, 0 without a pause or if it is refused. */
  int pauseNow(String namespace) {
    return pauseOf(dryRun(pod(namespace, "now")).body());
  }

  @Override
  public void close() {
    client.close();
  }
}
