package dev.holdfast.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.disruption.budget.Budget;
import dev.holdfast.disruption.budget.Documents;
import dev.holdfast.disruption.budget.LivePod;
import dev.holdfast.disruption.budget.Proposal;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.policy.LabelSelector;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfig;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Budgets and pods of a real cluster. Calls the API server without the client's own retries:
 * whether a write may still happen is asked anew before each. Thread-safe.
 */
final class ClusterBudgets implements BudgetStore {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BUDGETS = "/apis/policy/v1/namespaces/%s/poddisruptionbudgets";
  private static final String PODS = "/api/v1/namespaces/%s/pods?";
  private static final String APPLY = "application/apply-patch+yaml";
  private static final String ANY = "application/json";

  /** Of lists: of each object nothing but its metadata. */
  private static final String METADATA =
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

  /** Objects in one answer: half a megabyte of metadata. */
  private static final int PAGE = 500;

  private static final int TIMEOUT_SECONDS = 10;

  /** Somebody may write into a budget all the time, such as an annotation; it goes all the same. */
  private static final int DELETIONS = 10;

  private final HttpClient http;
  private final String server;

  ClusterBudgets(KubernetesClient client) {
    RequestConfig withoutRetries =
        new RequestConfigBuilder()
            .withRequestRetryBackoffLimit(0)
            .withRequestTimeout((int) TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS))
            .build();
    http = client.newClient(withoutRetries).getHttpClient();
    server = client.getConfiguration().getMasterUrl().replaceAll("/+$", "");
  }

  @Override
  public Budget apply(Proposal proposal, Optional<Budget> present) {
    String namespace = proposal.workload().key().namespace();
    String path =
        BUDGETS.formatted(namespace)
            + "/"
            + proposal.name()
            + "?fieldManager="
            + Proposal.FIELD_MANAGER
            // what is not known to be ours is not taken from whoever made it
            + (present.isPresent() ? "&force=true" : "");
    ObjectNode document = proposal.document(true);
    present.ifPresent(budget -> document.withObject("/metadata").put("uid", budget.uid()));
    return Documents.budget(call("PATCH", path, APPLY, ANY, document.toString()), namespace);
  }

  @Override
  public void delete(Budget budget) {
    Budget now = budget;
    for (int i = 1; !isDeleted(now); i++) {
      Optional<Budget> found = asItIs(budget);
      if (found.isEmpty()) {
        return;
      }
      if (i == DELETIONS || !isStillOurs(found.get(), budget)) {
        throw new Refused(HttpURLConnection.HTTP_CONFLICT, "it has changed", null);
      }
      now = found.get();
    }
  }

  /** Whether it is gone now; not if it has changed. */
  private boolean isDeleted(Budget budget) {
    JsonNode options =
        JSON.createObjectNode()
            .put("apiVersion", "v1")
            .put("kind", "DeleteOptions")
            .set(
                "preconditions",
                JSON.createObjectNode()
                    .put("uid", budget.uid())
                    .put("resourceVersion", budget.resourceVersion()));
    try {
      call(
          "DELETE",
          BUDGETS.formatted(budget.namespace()) + "/" + budget.name(),
          ANY,
          ANY,
          options.toString());
      return true;
    } catch (Refused e) {
      if (e.code() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      if (e.code() == HttpURLConnection.HTTP_NOT_FOUND) {
        return true;
      }
      throw e;
    }
  }

  /** The budget of this name and uid; by a list, so that no more than that has to be permitted. */
  private Optional<Budget> asItIs(Budget budget) {
    List<Budget> found = new ArrayList<>(1);
    pages(
        BUDGETS.formatted(budget.namespace()) + "?fieldSelector=metadata.name%3D" + budget.name(),
        ANY,
        object -> found.add(Documents.budget(object, budget.namespace())));
    return found.stream().filter(one -> one.uid().equals(budget.uid())).findFirst();
  }

  private static boolean isStillOurs(Budget now, Budget before) {
    return now.labelled() && now.owner().equals(before.owner());
  }

  @Override
  public List<Budget> budgets(String namespace) {
    List<Budget> budgets = new ArrayList<>();
    pages(
        BUDGETS.formatted(namespace) + "?",
        ANY,
        object -> budgets.add(Documents.budget(object, namespace)));
    return budgets;
  }

  @Override
  public List<LivePod> pods(String namespace) {
    Set<LivePod> pods = new LinkedHashSet<>();
    Labels labels = new Labels();
    pages(PODS.formatted(namespace), METADATA, object -> labels.pod(object).ifPresent(pods::add));
    return List.copyOf(pods);
  }

  /** How many pods of a namespace are ready now, by their labels. */
  Map<Map<String, String>, Integer> ready(String namespace) {
    Map<Map<String, String>, Integer> ready = new HashMap<>();
    pages(
        PODS.formatted(namespace),
        ANY,
        object ->
            RunningPod.read(object)
                .filter(RunningPod::isReady)
                .ifPresent(pod -> ready.merge(Documents.labels(object), 1, Integer::sum)));
    return ready;
  }

  @Override
  public List<RunningPod> pods(Workload workload) {
    if (workload.selector().isEmpty()) {
      return List.of();
    }
    LabelSelector selector = workload.selector().get();
    String labels =
        selector.matchLabels().entrySet().stream()
            .map(label -> label.getKey() + "=" + label.getValue())
            .sorted()
            .collect(Collectors.joining(","));
    List<RunningPod> pods = new ArrayList<>();
    pages(
        PODS.formatted(workload.key().namespace())
            + "labelSelector="
            + URLEncoder.encode(labels, StandardCharsets.UTF_8),
        ANY,
        object -> {
          if (selector.matches(Documents.labels(object))) {
            RunningPod.read(object).ifPresent(pods::add);
          }
        });
    return pods;
  }

  @Override
  public Map<String, List<LivePod>> pods() {
    Map<String, Set<LivePod>> pods = new HashMap<>();
    Labels labels = new Labels();
    pages(
        "/api/v1/pods?",
        METADATA,
        object ->
            labels
                .pod(object)
                .ifPresent(
                    pod ->
                        pods.computeIfAbsent(
                                object.at("/metadata/namespace").asText(),
                                namespace -> new LinkedHashSet<>())
                            .add(pod)));
    Map<String, List<LivePod>> lists = new HashMap<>();
    pods.forEach((namespace, set) -> lists.put(namespace, List.copyOf(set)));
    return lists;
  }

  private void pages(String path, String accept, Consumer<JsonNode> each) {
    String next = "";
    do {
      String page =
          path
              + "&limit="
              + PAGE
              + (next.isEmpty()
                  ? ""
                  : "&continue=" + URLEncoder.encode(next, StandardCharsets.UTF_8));
      JsonNode list = call("GET", page.replace("?&", "?"), ANY, accept, null);
      list.path("items").forEach(each);
      next = list.at("/metadata/continue").asText();
    } while (!next.isEmpty());
  }

  private JsonNode call(
      String method, String path, String contentType, String accept, String body) {
    HttpRequest.Builder request =
        http.newHttpRequestBuilder()
            .uri(server + path)
            .header("Accept", accept)
            .timeout(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    if (body != null) {
      request.method(method, contentType, body);
    }
    try {
      HttpResponse<byte[]> response =
          http.sendAsync(request.build(), byte[].class).get(TIMEOUT_SECONDS + 1, TimeUnit.SECONDS);
      if (!response.isSuccessful()) {
        throw new Refused(response.code(), message(response), null);
      }
      return JSON.readTree(response.body());
    } catch (ExecutionException | CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new Refused(0, "the API server cannot be reached: " + cause.getMessage(), e);
    } catch (TimeoutException e) {
      throw new Refused(0, "the API server does not answer", e);
    } catch (IOException e) {
      throw new Refused(0, "the API server's answer cannot be read: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refused(0, "interrupted", e);
    }
  }

  private static String message(HttpResponse<byte[]> response) {
    try {
      String message = JSON.readTree(response.body()).path("message").asText();
      return message.isEmpty() ? "the API server answers " + response.code() : message;
    } catch (IOException e) {
      return "the API server answers " + response.code();
    }
  }
}
