package dev.holdfast.cluster;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.VersionInfo;
import io.fabric8.kubernetes.client.server.mock.KubernetesMixedDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;

/**
 * Fabric8's mock of an API server of version 1.34, with what it was told in front of what it keeps.
 */
public final class MockApiServer implements AutoCloseable {
  private final KubernetesMockServer server;
  private final KubernetesClient client;

  /** Starts it. */
  public MockApiServer() {
    Map<ServerRequest, Queue<ServerResponse>> responses = new HashMap<>();
    server =
        new KubernetesMockServer(
            new Context(),
            new MockWebServer(),
            responses,
            new KubernetesMixedDispatcher(responses),
            false);
    server.init();
    server.setVersionInfo(version());
    client = server.createClient();
  }

  private static VersionInfo version() {
    try {
      return new VersionInfo.Builder()
          .withMajor("1")
          .withMinor("34")
          .withGitVersion("v1.34.2")
          .withBuildDate("2026-01-01T00:00:00Z")
          .build();
    } catch (ParseException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A client for it, which it closes. */
  public KubernetesClient client() {
    return client;
  }

  /** To tell it what to answer. */
  public KubernetesMockServer server() {
    return server;
  }

  /** Lets it refuse to list a kind. */
  public void refuse(String path, int code) {
    server
        .expect()
        .get()
        .withPath(path + "?limit=500")
        .andReturn(code, Map.of("kind", "Status", "apiVersion", "v1", "code", code))
        .always();
  }

  /** Creates an object of YAML, and gives back its uid. */
  public String create(String object) {
    return client.resource("---\n" + object).create().getMetadata().getUid();
  }

  /** Creates a HardeningPolicy of YAML. */
  public void createPolicy(String policy) {
    client
        .genericKubernetesResources(ClusterPolicies.RESOURCE)
        .resource(Serialization.unmarshal("---\n" + policy, GenericKubernetesResource.class))
        .create();
  }

  /** Writes a kubeconfig for it. */
  public Path kubeconfig(Path folder) throws IOException {
    return Files.writeString(
        folder.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: mock, cluster: {server: "%s"}}]
        users: [{name: me, user: {}}]
        contexts: [{name: mock, context: {cluster: mock, user: me}}]
        current-context: mock
        """
            .formatted(server.url("/")));
  }

  @Override
  public void close() {
    client.close();
    server.destroy();
  }
}
