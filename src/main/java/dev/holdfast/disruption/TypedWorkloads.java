package dev.holdfast.disruption;

import dev.holdfast.cluster.Selectors;
import dev.holdfast.disruption.budget.Documents;
import dev.holdfast.disruption.budget.Workload;
import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.disruption.budget.Workload.Owner;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Takes from the client's objects what a budget depends on. */
final class TypedWorkloads {
  private TypedWorkloads() {}

  /** Of a Deployment, StatefulSet or ReplicaSet; empty for any other kind. */
  static Optional<Workload> of(HasMetadata object) {
    if (object instanceof Deployment one) {
      return Optional.of(
          of(
              one,
              one.getSpec().getSelector(),
              one.getSpec().getReplicas(),
              one.getSpec().getTemplate()));
    }
    if (object instanceof StatefulSet one) {
      return Optional.of(
          of(
              one,
              one.getSpec().getSelector(),
              one.getSpec().getReplicas(),
              one.getSpec().getTemplate()));
    }
    if (object instanceof ReplicaSet one) {
      return Optional.of(
          of(
              one,
              one.getSpec().getSelector(),
              one.getSpec().getReplicas(),
              one.getSpec().getTemplate()));
    }
    return Optional.empty();
  }

  private static Workload of(
      HasMetadata object,
      io.fabric8.kubernetes.api.model.LabelSelector selector,
      Integer replicas,
      PodTemplateSpec template) {
    ObjectMeta metadata = object.getMetadata();
    ObjectMeta ofTemplate =
        template == null || template.getMetadata() == null
            ? new ObjectMeta()
            : template.getMetadata();
    String priorityClass =
        template == null || template.getSpec() == null
            ? null
            : template.getSpec().getPriorityClassName();
    return new Workload(
        new Key(metadata.getNamespace(), Workload.APPS, object.getKind(), metadata.getName()),
        object.getApiVersion(),
        metadata.getUid(),
        metadata.getCreationTimestamp() == null
            ? Instant.EPOCH
            : Instant.parse(metadata.getCreationTimestamp()),
        metadata.getDeletionTimestamp() != null,
        replicas == null ? 1 : replicas,
        Selectors.of(selector),
        Documents.ours(metadata.getLabels()),
        Documents.ours(metadata.getAnnotations()),
        orEmpty(ofTemplate.getLabels()),
        Documents.ours(ofTemplate.getAnnotations()),
        priorityClass != null && Documents.isCritical(priorityClass),
        owner(metadata));
  }

  private static Optional<Owner> owner(ObjectMeta metadata) {
    for (OwnerReference owner : metadata.getOwnerReferences()) {
      if (Boolean.TRUE.equals(owner.getController())) {
        return Optional.of(
            new Owner(
                Owner.group(owner.getApiVersion()),
                owner.getKind(),
                owner.getName(),
                owner.getUid()));
      }
    }
    return Optional.empty();
  }

  private static Map<String, String> orEmpty(Map<String, String> map) {
    return map == null ? Map.of() : map;
  }
}
