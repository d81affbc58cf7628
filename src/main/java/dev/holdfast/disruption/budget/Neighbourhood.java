package dev.holdfast.disruption.budget;

import dev.holdfast.disruption.budget.Workload.Key;
import dev.holdfast.disruption.budget.Workload.Owner;
import dev.holdfast.policy.LabelSelector;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that is known of one namespace: workloads, budgets, autoscalers, pods. A question costs about
 * as much as its answer is long, so that a pass over many workloads is nearly linear.
 *
 * <p>Every change answers which workloads have to be looked at anew. Not thread-safe.
 */
public final class Neighbourhood {
  private static final String REPLICA_SET = "ReplicaSet";

  private final String namespace;
  private final Map<Key, Workload> workloads = new LinkedHashMap<>();
  private final Map<String, Key> byUid = new HashMap<>();
  private final LabelIndex<Key> templates = new LabelIndex<>();
  private final SelectorIndex<Key> selectors = new SelectorIndex<>();
  private final Map<String, Budget> budgets = new LinkedHashMap<>();
  private final SelectorIndex<String> budgetSelectors = new SelectorIndex<>();
  private final Map<String, Set<String>> budgetsByOwner = new HashMap<>();
  private final Map<String, Autoscaler> autoscalers = new HashMap<>();
  private final Map<Target, Set<String>> autoscalersByTarget = new HashMap<>();
  private final Map<String, String> owners = new HashMap<>();
  private final Map<Key, String> owned = new HashMap<>();
  private LabelIndex<LivePod> pods = new LabelIndex<>();

  private record Target(String group, String kind, String name) {}

  /** Of the namespace of this name; nothing is known of it yet. */
  public Neighbourhood(String namespace) {
    this.namespace = namespace;
  }

  // --- changes

  /**
   * A workload is new or has changed. Of a ReplicaSet that is part of another one only that is
   * remembered: its pods are the other's.
   */
  public Set<Key> put(Workload workload) {
    if (workload.isPartOfAnother()) {
      Set<Key> affected = remove(workload.key());
      owned.put(workload.key(), workload.uid());
      owners.put(workload.uid(), workload.owner().orElseThrow().uid());
      return affected;
    }
    forgetOwner(workload.key());
    Workload before = workloads.put(workload.key(), workload);
    if (workload.equals(before)) {
      return Set.of();
    }
    Set<Key> affected = new LinkedHashSet<>();
    affected.add(workload.key());
    if (before != null
        && before.selector().equals(workload.selector())
        && before.templateLabels().equals(workload.templateLabels())
        && before.uid().equals(workload.uid())) {
      return affected;
    }
    addNeighbours(affected, before);
    if (before != null) {
      forget(before);
    }
    byUid.put(workload.uid(), workload.key());
    templates.put(workload.key(), workload.templateLabels());
    workload.selector().ifPresent(selector -> selectors.put(workload.key(), selector));
    addNeighbours(affected, workload);
    return affected;
  }

  /** A workload is gone, or a ReplicaSet of one. */
  public Set<Key> remove(Key key) {
    forgetOwner(key);
    Workload before = workloads.remove(key);
    if (before == null) {
      return Set.of();
    }
    Set<Key> affected = new LinkedHashSet<>();
    affected.add(key);
    addNeighbours(affected, before);
    forget(before);
    return affected;
  }

  private void forget(Workload workload) {
    byUid.remove(workload.uid(), workload.key());
    templates.remove(workload.key());
    selectors.remove(workload.key());
  }

  /** Those that it selects, and those that select it. */
  private void addNeighbours(Set<Key> affected, Workload workload) {
    if (workload != null) {
      affected.addAll(selectors.selecting(workload.templateLabels()));
      workload.selector().ifPresent(selector -> affected.addAll(templates.selected(selector)));
    }
  }

  /** A budget is new or has changed. */
  public Set<Key> put(Budget budget) {
    Budget before = budgets.put(budget.name(), budget);
    if (budget.meansTheSameAs(before)) {
      return Set.of();
    }
    Set<Key> affected = new LinkedHashSet<>();
    if (before != null) {
      addSelected(affected, before);
      forget(before);
    }
    budget
        .selector()
        .map(selector -> selector.without(Workload.ALL_ADDED_LABELS))
        .ifPresent(selector -> budgetSelectors.put(budget.name(), selector));
    budget
        .owner()
        .ifPresent(
            owner ->
                budgetsByOwner
                    .computeIfAbsent(owner.uid(), uid -> new TreeSet<>())
                    .add(budget.name()));
    addSelected(affected, budget);
    return affected;
  }

  /** A budget is gone. */
  public Set<Key> removeBudget(String name) {
    Budget before = budgets.remove(name);
    if (before == null) {
      return Set.of();
    }
    forget(before);
    Set<Key> affected = new LinkedHashSet<>();
    addSelected(affected, before);
    return affected;
  }

  private void forget(Budget budget) {
    budgetSelectors.remove(budget.name());
    budget
        .owner()
        .ifPresent(
            owner ->
                budgetsByOwner.computeIfPresent(
                    owner.uid(),
                    (uid, names) -> {
                      names.remove(budget.name());
                      return names.isEmpty() ? null : names;
                    }));
  }

  /** Its owner, and every workload that has, or would have in its budget, a pod that it selects. */
  private void addSelected(Set<Key> affected, Budget budget) {
    budget.owner().map(owner -> byUid.get(owner.uid())).ifPresent(affected::add);
    if (budget.selector().isPresent()) {
      affected.addAll(
          templates.selected(budget.selector().get().without(Workload.ALL_ADDED_LABELS)));
      for (LivePod pod : pods.selected(budget.selector().get())) {
        affected.addAll(selectors.selecting(pod.labels()));
      }
    }
  }

  /** An autoscaler is new or has changed. */
  public Set<Key> put(Autoscaler autoscaler) {
    Autoscaler before = autoscalers.put(id(autoscaler.kind(), autoscaler.name()), autoscaler);
    if (autoscaler.equals(before)) {
      return Set.of();
    }
    Set<Key> affected = new LinkedHashSet<>();
    if (before != null) {
      affected.addAll(forget(before));
    }
    autoscalersByTarget
        .computeIfAbsent(target(autoscaler), target -> new TreeSet<>())
        .add(id(autoscaler.kind(), autoscaler.name()));
    affected.addAll(scaled(autoscaler));
    return affected;
  }

  /** An autoscaler is gone. */
  public Set<Key> removeAutoscaler(String kind, String name) {
    Autoscaler before = autoscalers.remove(id(kind, name));
    return before == null ? Set.of() : forget(before);
  }

  private Set<Key> forget(Autoscaler autoscaler) {
    autoscalersByTarget.computeIfPresent(
        target(autoscaler),
        (target, ids) -> {
          ids.remove(id(autoscaler.kind(), autoscaler.name()));
          return ids.isEmpty() ? null : ids;
        });
    return scaled(autoscaler);
  }

  private Set<Key> scaled(Autoscaler autoscaler) {
    Key key = new Key(namespace, autoscaler.group(), autoscaler.targetKind(), autoscaler.target());
    return workloads.containsKey(key) ? Set.of(key) : Set.of();
  }

  private static Target target(Autoscaler autoscaler) {
    return new Target(autoscaler.group(), autoscaler.targetKind(), autoscaler.target());
  }

  private static String id(String kind, String name) {
    return kind + "/" + name;
  }

  private void forgetOwner(Key key) {
    String uid = owned.remove(key);
    if (uid != null) {
      owners.remove(uid);
    }
  }

  /** All pods that run now, in place of those that ran before. */
  public void setPods(Collection<LivePod> running) {
    LabelIndex<LivePod> next = new LabelIndex<>();
    running.forEach(pod -> next.put(pod, pod.labels()));
    pods = next;
  }

  // --- questions

  /** All workloads; a view. */
  public Collection<Workload> workloads() {
    return Collections.unmodifiableCollection(workloads.values());
  }

  /** All budgets; a view. */
  public Collection<Budget> budgets() {
    return Collections.unmodifiableCollection(budgets.values());
  }

  /** The workload, if it is known. */
  public Optional<Workload> workload(Key key) {
    return Optional.ofNullable(workloads.get(key));
  }

  /** The budget of this name. */
  public Optional<Budget> budget(String name) {
    return Optional.ofNullable(budgets.get(name));
  }

  /** Whether nothing is known of it any more. */
  public boolean isEmpty() {
    return workloads.isEmpty()
        && budgets.isEmpty()
        && autoscalers.isEmpty()
        && owners.isEmpty()
        && pods.all().isEmpty();
  }

  /**
   * The fewest replicas that the workload will have: none if it is scaled to none, else the least
   * minimum of its autoscalers, else {@code spec.replicas}.
   */
  public int floor(Workload workload) {
    Key key = workload.key();
    Set<String> ids =
        autoscalersByTarget.getOrDefault(new Target(key.group(), key.kind(), key.name()), Set.of());
    if (workload.replicas() == 0 || ids.isEmpty()) {
      return workload.replicas();
    }
    return ids.stream().mapToInt(id -> autoscalers.get(id).minimum()).min().orElseThrow();
  }

  /** What the floor is, in words: the autoscaler that sets it, or the workload itself. */
  public String floorSource(Workload workload) {
    Key key = workload.key();
    Set<String> ids =
        autoscalersByTarget.getOrDefault(new Target(key.group(), key.kind(), key.name()), Set.of());
    if (workload.replicas() == 0 || ids.isEmpty()) {
      return "spec.replicas";
    }
    int floor = floor(workload);
    return ids.stream()
        .filter(id -> autoscalers.get(id).minimum() == floor)
        .findFirst()
        .orElseThrow()
        .replace("/", " ");
  }

  /** The budgets that Holdfast has made for the workload, by name. */
  public List<Budget> ours(Workload workload) {
    List<Budget> ours = new ArrayList<>(1);
    for (String name : budgetsByOwner.getOrDefault(workload.uid(), Set.of())) {
      if (budgets.get(name).isOursFor(workload.uid())) {
        ours.add(budgets.get(name));
      }
    }
    return ours;
  }

  /**
   * Other budgets that select pods which one for the workload would select: by the template's
   * labels and those that may be added to them, or by those of running pods. By name; those that
   * Holdfast made for this workload left out.
   */
  public List<Budget> others(Workload workload) {
    Map<String, Budget> found = new TreeMap<>();
    selecting(workload.templateLabels(), workload.addedLabels()).stream()
        .filter(budget -> workload.mayBeGiven(budget.selector().orElseThrow()))
        .forEach(budget -> found.put(budget.name(), budget));
    if (workload.selector().isPresent()) {
      for (LivePod pod : pods.selected(workload.selector().get())) {
        selecting(pod.labels()).forEach(budget -> found.put(budget.name(), budget));
      }
    }
    found.values().removeIf(budget -> budget.isOursFor(workload.uid()));
    return List.copyOf(found.values());
  }

  /** Whether Holdfast made the budget for a workload that is known. */
  public boolean isOurs(Budget budget) {
    return budget.labelled()
        && budget.owner().isPresent()
        && byUid.containsKey(budget.owner().get().uid());
  }

  /** Whether this is a ReplicaSet of a workload, whose pods are the workload's. */
  public boolean isPartOfAnother(Key key) {
    return owned.containsKey(key);
  }

  /** What budgets name as their owner that Holdfast has written, and that is no workload here. */
  public Set<Key> strays() {
    Set<Key> owners = new LinkedHashSet<>();
    for (Budget budget : budgets.values()) {
      if (isStray(budget)) {
        owners.add(keyOf(budget.owner().orElseThrow()));
      }
    }
    return owners;
  }

  /** The budgets that Holdfast has written for what is no workload here. */
  public List<Budget> strays(Key owner) {
    return budgets.values().stream()
        .filter(this::isStray)
        .filter(budget -> keyOf(budget.owner().orElseThrow()).equals(owner))
        .toList();
  }

  private boolean isStray(Budget budget) {
    return budget.written()
        && budget.labelled()
        && budget.owner().isPresent()
        && !byUid.containsKey(budget.owner().get().uid());
  }

  private Key keyOf(Owner owner) {
    return new Key(namespace, owner.group(), owner.kind(), owner.name());
  }

  /** The workload that controls the budget, if it is known. */
  Optional<Workload> workloadOf(Budget budget) {
    return budget.owner().map(owner -> byUid.get(owner.uid())).map(workloads::get);
  }

  /** What else than the workload's own pods its selector selects, in words, by name. */
  public Set<String> alsoSelected(Workload workload) {
    Set<String> found = new TreeSet<>();
    if (workload.selector().isEmpty()) {
      return found;
    }
    LabelSelector selector = workload.selector().get();
    for (Key key : templates.selected(selector)) {
      if (!key.equals(workload.key())) {
        found.add(key.shortName());
      }
    }
    for (LivePod pod : pods.selected(selector)) {
      String uid = topOwner(pod.ownerUid());
      Key owner = byUid.get(uid);
      if (owner != null && !owner.equals(workload.key())) {
        found.add(owner.shortName());
      } else if (owner == null && !uid.isEmpty() && !isUnknownReplicaSet(pod, uid)) {
        found.add("a " + pod.ownerKind());
      }
    }
    return found;
  }

  /**
   * Whether the workload's selector selects a pod, as they were listed last, that something unknown
   * controls: such as what the workload was before it was deleted and made anew.
   */
  public boolean selectsPodsOfUnknown(Workload workload) {
    return workload.selector().stream()
        .flatMap(selector -> pods.selected(selector).stream())
        .anyMatch(pod -> !pod.ownerUid().isEmpty() && !byUid.containsKey(topOwner(pod.ownerUid())));
  }

  /** One that the watch has not brought yet: whose it is will be known in a moment. */
  private static boolean isUnknownReplicaSet(LivePod pod, String topUid) {
    return pod.ownerKind().equals(REPLICA_SET) && topUid.equals(pod.ownerUid());
  }

  private String topOwner(String uid) {
    String top = uid;
    for (int i = 0; i < 8 && owners.containsKey(top); i++) {
      top = owners.get(top);
    }
    return top;
  }

  /** The workloads whose template the selector selects. */
  List<Workload> selectedWorkloads(LabelSelector selector) {
    return templates.selected(selector).stream().map(workloads::get).toList();
  }

  /** The running pods that the selector selects. */
  List<LivePod> selectedPods(LabelSelector selector) {
    return pods.selected(selector);
  }

  /** The budgets, whosever they are, that select pods with these labels. */
  List<Budget> selecting(Map<String, String> labels) {
    return selecting(labels, Set.of());
  }

  /**
   * @param added labels that the pods have, too, with values that nobody knows
   */
  private List<Budget> selecting(Map<String, String> labels, Set<String> added) {
    return budgetSelectors.selecting(labels).stream()
        .map(budgets::get)
        .filter(budget -> budget.selector().orElseThrow().without(added).matches(labels))
        .toList();
  }
}
