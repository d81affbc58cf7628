package dev.holdfast.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What an installation asks of a cluster, and takes away from it: for the Jobs that run when it is
 * installed and uninstalled.
 */
public final class Registration implements AutoCloseable {
  private static final String POLICIES = "holdfast.dev/v1alpha1";

  /** Its value alone is no proof: anybody may write it. */
  private static final String MANAGED_BY = "app.kubernetes.io/managed-by";

  private final KubernetesClient client;

  Registration(KubernetesClient client) {
    this.client = client;
  }

  /**
   * For the cluster that kubectl would ask.
   *
   * @param environment the process's
   */
  public static Registration of(Map<String, String> environment) {
    return new Registration(
        new KubernetesClientBuilder().withConfig(ClusterFinder.find(environment)).build());
  }

  /** Whether HardeningPolicies can be written; false as well while nobody answers. */
  public boolean knowsPolicies() {
    try {
      var resources = client.getApiResources(POLICIES);
      return resources != null
          && resources.getResources().stream()
              .anyMatch(resource -> resource.getName().equals("hardeningpolicies"));
    } catch (KubernetesClientException e) {
      return false;
    }
  }

  /**
   * Deletes the webhook configurations of a name, so that the API server asks nobody any more.
   *
   * @return what was deleted, as {@code kind/name}; what was not there is not in it
   * @throws RefusedException if the cluster did not do it
   */
  public List<String> removeConfigurations(String name) throws RefusedException {
    List<String> removed = new ArrayList<>();
    var registration = client.admissionRegistration().v1();
    try {
      remove(registration.mutatingWebhookConfigurations().withName(name))
          .forEach(ignored -> removed.add("mutatingwebhookconfiguration/" + name));
      remove(registration.validatingWebhookConfigurations().withName(name))
          .forEach(ignored -> removed.add("validatingwebhookconfiguration/" + name));
    } catch (KubernetesClientException e) {
      throw new RefusedException(e);
    }
    return removed;
  }

  private static List<?> remove(Resource<? extends HasMetadata> resource) {
    return resource.delete();
  }

  /**
   * Deletes the disruption budgets that Holdfast made: those that say so and that a workload owns.
   *
   * @return how many
   * @throws RefusedException if the cluster did not do it
   */
  public int removeBudgets() throws RefusedException {
    int removed = 0;
    try {
      for (PodDisruptionBudget budget :
          client
              .policy()
              .v1()
              .podDisruptionBudget()
              .inAnyNamespace()
              .withLabel(MANAGED_BY, "holdfast")
              .list()
              .getItems()) {
        if (isOwned(budget) && isRemoved(budget)) {
          removed++;
        }
      }
    } catch (KubernetesClientException e) {
      throw new RefusedException(e);
    }
    return removed;
  }

  private static boolean isOwned(PodDisruptionBudget budget) {
    return budget.getMetadata().getOwnerReferences().stream()
        .map(OwnerReference::getController)
        .anyMatch(Boolean.TRUE::equals);
  }

  private boolean isRemoved(PodDisruptionBudget budget) {
    try {
      // only as it was seen: one that somebody has taken over by now is theirs
      return !client
          .resource(budget)
          .lockResourceVersion(budget.getMetadata().getResourceVersion())
          .delete()
          .isEmpty();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    client.close();
  }

  /**
   * The cluster did not do what it was asked to; the message is its own, where it said something.
   */
  public static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(KubernetesClientException cause) {
      super(
          cause.getStatus() == null || cause.getStatus().getMessage() == null
              ? String.valueOf(cause.getMessage())
              : cause.getStatus().getMessage(),
          cause);
    }
  }
}
