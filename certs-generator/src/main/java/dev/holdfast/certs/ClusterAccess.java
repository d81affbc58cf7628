package dev.holdfast.certs;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.util.List;

/**
 * A cluster as the command line gets to it: by {@code KUBECONFIG}, {@code ~/.kube/config} or the
 * service account of the pod, in this order.
 */
public final class ClusterAccess implements AutoCloseable {
  private final KubernetesClient client;

  /** Finds the cluster; nothing is asked yet. */
  public ClusterAccess() {
    this(new KubernetesClientBuilder().build());
  }

  ClusterAccess(KubernetesClient client) {
    this.client = client;
  }

  /** Certificates in Secrets. */
  public CertificateStore secrets(String namespace, String name) {
    return new Secrets(client, namespace, name);
  }

  /** Webhook configurations of these names. */
  public WebhookConfigurations configurations(List<String> names, ServingName service) {
    return new WebhookConfigurations(client, names, service);
  }

  /**
   * The names of the webhook configurations, of either kind, with an entry that calls the Service.
   *
   * @throws CertificateStore.UnavailableException if they cannot be listed
   */
  public List<String> configurationsCalling(ServingName service) {
    return WebhookConfigurations.namesCalling(client, service);
  }

  /** The pods behind the Service. */
  public ServiceReplicas replicas(ServingName service) {
    return new ServiceReplicas(client, service);
  }

  @Override
  public void close() {
    client.close();
  }
}
