package dev.holdfast.certs;

import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What the replicas behind a Service serve: calls each of them, as API servers do, and looks at the
 * certificate that it shows.
 */
public final class ServiceReplicas {
  private static final String SERVICE_LABEL = "kubernetes.io/service-name";

  private static final int CALLS_AT_ONCE = 8;

  private final KubernetesClient client;
  private final ServingName service;

  /**
   * @param client closed by the caller
   */
  public ServiceReplicas(KubernetesClient client, ServingName service) {
    this.client = client;
    this.service = service;
  }

  /**
   * Asks each replica that may get requests, those that are just ending included.
   *
   * @throws CertificateStore.UnavailableException if it cannot be known which there are
   */
  Situation.Replicas ask() {
    Map<String, Set<InetSocketAddress>> replicas = replicas();
    ExecutorService executor =
        Executors.newFixedThreadPool(
            CALLS_AT_ONCE,
            task -> {
              Thread thread = new Thread(task, "replica-call");
              thread.setDaemon(true);
              return thread;
            });
    try {
      List<Callable<Optional<X509Certificate>>> calls = new ArrayList<>();
      replicas.values().forEach(addresses -> calls.add(() -> call(addresses)));
      List<X509Certificate> served = new ArrayList<>();
      boolean allAnswered = true;
      for (Future<Optional<X509Certificate>> answer : executor.invokeAll(calls)) {
        Optional<X509Certificate> certificate = answer.get();
        certificate.ifPresent(served::add);
        allAnswered &= certificate.isPresent();
      }
      return new Situation.Replicas(served, allAnswered);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Situation.Replicas(List.of(), false);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      executor.shutdownNow();
    }
  }

  /** The addresses of each; one pod may have several, of both IP families. */
  private Map<String, Set<InetSocketAddress>> replicas() {
    Map<String, Set<InetSocketAddress>> replicas = new LinkedHashMap<>();
    for (EndpointSlice slice : slices()) {
      for (Endpoint endpoint : slice.getEndpoints()) {
        if (mayGetRequests(endpoint)) {
          for (String address : endpoint.getAddresses()) {
            Set<InetSocketAddress> addresses =
                replicas.computeIfAbsent(
                    identity(slice, endpoint, address), key -> new LinkedHashSet<>());
            for (EndpointPort port : slice.getPorts()) {
              if (port.getPort() != null) {
                addresses.add(new InetSocketAddress(address, port.getPort()));
              }
            }
          }
        }
      }
    }
    return replicas;
  }

  private static String identity(EndpointSlice slice, Endpoint endpoint, String address) {
    var target = endpoint.getTargetRef();
    if (target != null && target.getUid() != null) {
      return target.getUid();
    }
    return slice.getMetadata().getName() + "/" + address;
  }

  private static boolean mayGetRequests(Endpoint endpoint) {
    var conditions = endpoint.getConditions();
    if (conditions == null) {
      return true;
    }
    // Absent means yes, as the API says of both.
    return !Boolean.FALSE.equals(conditions.getReady())
        || Boolean.TRUE.equals(conditions.getServing());
  }

  private List<EndpointSlice> slices() {
    try {
      return client
          .discovery()
          .v1()
          .endpointSlices()
          .inNamespace(service.namespace())
          .withLabel(SERVICE_LABEL, service.service())
          .list()
          .getItems();
    } catch (KubernetesClientException e) {
      throw new CertificateStore.UnavailableException(
          "the EndpointSlices of Service "
              + service.service()
              + " cannot be listed: "
              + ClientFailures.words(e),
          e);
    }
  }

  /** The certificate for our Service behind any of these; a Service may have other ports too. */
  private Optional<X509Certificate> call(Set<InetSocketAddress> addresses) {
    for (InetSocketAddress address : addresses) {
      Optional<X509Certificate> shown = Handshake.shown(address, service.calledBy());
      if (shown.isPresent() && ServingPair.dnsNames(shown.get()).contains(service.calledBy())) {
        return shown;
      }
    }
    return Optional.empty();
  }
}
