package dev.holdfast.e2e;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** The webhook configurations as they are delivered, for a process of the test. */
final class Registration implements AutoCloseable {
  private final ApiServer api;
  private final List<ObjectNode> documents;

  private Registration(ApiServer api, List<ObjectNode> documents) {
    this.api = api;
    this.documents = documents;
  }

  /** Not in effect before {@link #apply}. */
  static Registration of(ApiServer api, RunningHoldfast holdfast) {
    return of(api, holdfast, holdfast.url());
  }

  /**
   * @param url where to call it instead; the scheme, host and port
   */
  static Registration of(ApiServer api, RunningHoldfast holdfast, String url) {
    List<ObjectNode> documents = new ArrayList<>();
    for (ObjectNode document : ApiServer.documents(Path.of("deploy/webhooks.yaml"))) {
      for (JsonNode webhook : document.path("webhooks")) {
        ObjectNode client = (ObjectNode) webhook.path("clientConfig");
        client.put("url", client.get("url").asText().replace("URL", url));
        client.put("caBundle", holdfast.caBundle());
      }
      documents.add(document);
    }
    return new Registration(api, documents);
  }

  /** Calls a Service in place of a URL. */
  Registration service(String namespace, String name, int port) {
    for (ObjectNode document : documents) {
      for (JsonNode webhook : document.path("webhooks")) {
        ObjectNode client = (ObjectNode) webhook.path("clientConfig");
        String path = client.remove("url").asText().replaceAll(".*/", "/");
        client
            .putObject("service")
            .put("namespace", namespace)
            .put("name", name)
            .put("path", path)
            .put("port", port);
      }
    }
    return this;
  }

  /** Leaves out one namespace more. */
  Registration excluding(String namespace) {
    for (ObjectNode document : documents) {
      for (JsonNode webhook : document.path("webhooks")) {
        JsonNode values = webhook.at("/namespaceSelector/matchExpressions/0/values");
        ((ArrayNode) values).add(namespace);
      }
    }
    return this;
  }

  /** For pods; workloads stay with what is delivered. */
  Registration failurePolicy(String word) {
    ((ObjectNode) documents.get(0).at("/webhooks/0")).put("failurePolicy", word);
    return this;
  }

  /** For pods. */
  Registration timeoutSeconds(int seconds) {
    ((ObjectNode) documents.get(0).at("/webhooks/0")).put("timeoutSeconds", seconds);
    return this;
  }

  /**
   * Registers, and waits until pods of this namespace come back with a pause: the policies must
   * have one by then.
   */
  Registration apply(String namespace) {
    return applyAndAwait(() -> api.pauseNow(namespace) > 0);
  }

  /** Registers, and waits until it shows in some other way that Holdfast is called. */
  Registration applyAndAwait(Callable<Boolean> sign) {
    documents.forEach(document -> api.apply(document).object());
    await().atMost(Duration.ofSeconds(60)).until(sign);
    return this;
  }

  @Override
  public void close() {
    documents.forEach(document -> api.delete(ApiServer.path(document)));
  }
}
