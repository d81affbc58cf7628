package dev.holdfast.cluster;

import dev.holdfast.policy.PolicyCustomResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.ResourceNotFoundException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What an installation asks of a cluster, and takes away from it: for the Jobs that run when it is
 * installed and uninstalled.
 */
public final class Registration implements AutoCloseable {
  /** The custom resource's name. */
  public static final String CRD = "hardeningpolicies.holdfast.dev";

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
   * @throws RuntimeException if its kubeconfig is not there or cannot be read
   */
  public static Registration of(Map<String, String> environment) {
    return new Registration(
        new KubernetesClientBuilder().withConfig(ClusterFinder.find(environment)).build());
  }

  /**
   * Puts the schema of this version into the custom resource that is there.
   *
   * @return whether it had another
   * @throws RefusedException if it is not there, or the cluster did not do it
   */
  public boolean updateDefinition() throws RefusedException {
    try {
      var resource = definition();
      CustomResourceDefinition current = resource.require();
      CustomResourceDefinition ours =
          Serialization.unmarshal(
              PolicyCustomResource.definition().toString(), CustomResourceDefinition.class);
      if (current.getSpec().getVersions().equals(ours.getSpec().getVersions())) {
        return false;
      }
      // Another may write its status meanwhile: with the version that was read it is tried again.
      resource.edit(
          live -> {
            live.setSpec(ours.getSpec());
            return live;
          });
      return true;
    } catch (KubernetesClientException e) {
      throw new RefusedException(e);
    } catch (ResourceNotFoundException e) {
      throw new RefusedException("the custom resource " + CRD + " is not there", e);
    }
  }

  /**
   * Deletes the custom resource, and with it all policies.
   *
   * @return whether it was there
   * @throws RefusedException if the cluster did not do it
   */
  public boolean removeDefinition() throws RefusedException {
    try {
      return !definition().delete().isEmpty();
    } catch (KubernetesClientException e) {
      throw new RefusedException(e);
    }
  }

  private Resource<CustomResourceDefinition> definition() {
    return client.apiextensions().v1().customResourceDefinitions().withName(CRD);
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

    RefusedException(String message, RuntimeException cause) {
      super(message, cause);
    }
  }
}
