package dev.holdfast.disruption.budget;

/**
 * A HorizontalPodAutoscaler or a ScaledObject of KEDA.
 *
 * @param kind tells two of the same name apart
 * @param group of what it scales
 * @param targetKind of what it scales
 * @param target the name of what it scales
 * @param minimum the fewest replicas that it leaves
 */
public record Autoscaler(
    String kind, String name, String group, String targetKind, String target, int minimum) {}
