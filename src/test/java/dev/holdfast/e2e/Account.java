package dev.holdfast.e2e;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/**
 * A service account of {@code deploy/default/rbac.yaml}, or one with the same rights.
 *
 * @param user as RBAC and audit logs name it
 * @param kubeconfig a file, for {@code KUBECONFIG}
 */
record Account(String user, Path kubeconfig) {
  static final String NAMESPACE = "holdfast-system";

  /** The roles, accounts and bindings as they are delivered. */
  static void install(ApiServer api) {
    for (String file : new String[] {"deploy/default/namespace.yaml", "deploy/default/rbac.yaml"}) {
      for (ObjectNode document : ApiServer.documents(Path.of(file))) {
        api.apply(document).object();
      }
    }
  }

  /**
   * @param name of a service account that is there
   * @param folder gets the kubeconfig
   */
  static Account of(ApiServer api, String name, Path folder) throws IOException {
    return of(api, NAMESPACE, name, folder);
  }

  /**
   * @param namespace of the service account
   * @param name of a service account that is there
   * @param folder gets the kubeconfig
   */
  static Account of(ApiServer api, String namespace, String name, Path folder) throws IOException {
    String token =
        api.post(
                "/api/v1/namespaces/" + namespace + "/serviceaccounts/" + name + "/token",
                ApiServer.tree("{apiVersion: authentication.k8s.io/v1, kind: TokenRequest}"))
            .object()
            .at("/status/token")
            .asText();
    Config config = Config.autoConfigure(null);
    String authority =
        config.getCaCertData() != null
            ? config.getCaCertData()
            : Base64.getEncoder()
                .encodeToString(
                    Files.readString(Path.of(config.getCaCertFile()))
                        .getBytes(StandardCharsets.US_ASCII));
    Path kubeconfig = folder.resolve(name + ".kubeconfig");
    Files.writeString(
        kubeconfig,
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "%s", certificate-authority-data: %s}}]
        users: [{name: u, user: {token: %s}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """
            .formatted(config.getMasterUrl(), authority, token));
    return new Account("system:serviceaccount:" + namespace + ":" + name, kubeconfig);
  }
}
