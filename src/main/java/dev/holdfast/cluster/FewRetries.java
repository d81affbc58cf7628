package dev.holdfast.cluster;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import java.time.Duration;

/**
 * Clients that say soon that a call has failed. By default a call is tried ten times, for twenty
 * seconds, and nobody learns why: too long for callers that try again themselves.
 */
public final class FewRetries {
  /** For a kept connection that the API server has just closed. */
  private static final int RETRIES = 1;

  private FewRetries() {}

  /** The same client, closed with the one that is given, for what is tried again anyway. */
  public static KubernetesClient of(KubernetesClient client) {
    return derive(client, RETRIES, Duration.ofMillis(timeout(client)));
  }

  /** As {@link #of}, for calls that are of no use once the time is over. */
  static KubernetesClient within(Duration timeout, KubernetesClient client) {
    return derive(client, 0, timeout);
  }

  private static int timeout(KubernetesClient client) {
    return client.getConfiguration().getRequestConfig().getRequestTimeout();
  }

  private static KubernetesClient derive(KubernetesClient client, int retries, Duration timeout) {
    return client
        .newClient(
            new RequestConfigBuilder(client.getConfiguration().getRequestConfig())
                .withRequestRetryBackoffLimit(retries)
                .withRequestTimeout((int) timeout.toMillis())
                .build())
        .adapt(KubernetesClient.class);
  }
}
