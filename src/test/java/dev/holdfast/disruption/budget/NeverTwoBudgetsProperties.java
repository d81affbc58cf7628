package dev.holdfast.disruption.budget;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.disruption.budget.Workload.Key;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Random workloads, budgets of users, pods and autoscalers come, change and go in random order, and
 * every workload is reconciled when the neighbourhood says so. Then an eviction is judged as the
 * API server judges it: by the budgets whose selector selects the pod. The judge shares no code
 * with what it judges; it reads selectors as they stand in the manifests.
 */
class NeverTwoBudgetsProperties {
  private static final String[] KEYS = {"app", "track", "tier"};
  private static final String[] VALUES = {"a", "b", "c"};
  private static final String[] OPERATORS = {"In", "NotIn", "Exists", "DoesNotExist"};

  private final Village village = new Village();
  private final Map<String, ObjectNode> workloads = new LinkedHashMap<>();
  private final Map<String, ObjectNode> budgets = new LinkedHashMap<>();
  private final List<Map<String, String>> stray = new ArrayList<>();
  private final Set<Key> queue = new LinkedHashSet<>();
  private Random random;

  @Property(tries = 3000)
  void a_pod_is_never_selected_by_two_budgets_because_of_us(@ForAll long seed) {
    NeverTwoBudgetsProperties world = new NeverTwoBudgetsProperties();
    world.random = new Random(seed);
    world.run();
  }

  private void run() {
    for (int step = 0; step < 40; step++) {
      change();
      village.now = village.now.plus(Duration.ofSeconds(random.nextInt(40)));
      // Some keys stay in the queue over several changes, as under load.
      while (!queue.isEmpty() && random.nextInt(8) > 0) {
        reconcile(next());
        oursNeverMeet();
      }
    }
    settle();
    everyPodIsEvictable();
    everyoneWhoCanHasOne();
  }

  private Key next() {
    List<Key> keys = new ArrayList<>(queue);
    Key key = keys.get(random.nextInt(keys.size()));
    queue.remove(key);
    return key;
  }

  private void reconcile(Key key) {
    village
        .neighbourhood
        .workload(key)
        .ifPresent(
            workload -> {
              Decision decision = village.decide(workload);
              for (Budget budget : decision.withdraw()) {
                queue.addAll(village.neighbourhood.removeBudget(budget.name()));
              }
              if (decision.apply().isPresent()) {
                Budget made = decision.apply().get().pending();
                nothingElseSelects(workload, made);
                queue.addAll(village.neighbourhood.put(made));
              }
              queue.remove(key);
            });
  }

  /** What Kubernetes' garbage collector does, sooner or later. */
  private void collectGarbage() {
    Set<String> alive = new LinkedHashSet<>();
    workloads.values().forEach(workload -> alive.add(workload.at("/metadata/uid").asText()));
    for (Budget budget : List.copyOf(village.neighbourhood.budgets())) {
      if (budget.owner().isPresent() && !alive.contains(budget.owner().get().uid())) {
        queue.addAll(village.neighbourhood.removeBudget(budget.name()));
      }
    }
  }

  private void settle() {
    collectGarbage();
    for (int round = 0; round < 3; round++) {
      village.now = village.now.plus(Village.CALM);
      village.neighbourhood.workloads().forEach(workload -> queue.add(workload.key()));
      for (int i = 0; !queue.isEmpty(); i++) {
        assertThat(i).as("reconciles until all is quiet").isLessThan(2000);
        reconcile(next());
      }
    }
    for (Workload workload : village.neighbourhood.workloads()) {
      Decision decision = village.decide(workload);
      assertThat(decision.apply()).as("steady state").isEmpty();
      assertThat(decision.withdraw()).as("steady state").isEmpty();
    }
  }

  // --- the world changes

  private void change() {
    switch (random.nextInt(10)) {
      case 0, 1, 2 -> putWorkload();
      case 3 -> {
        if (!workloads.isEmpty()) {
          String name = any(workloads.keySet());
          ObjectNode gone = workloads.remove(name);
          queue.addAll(village.neighbourhood.remove(Documents.workload(gone, "shop").key()));
        }
      }
      case 4, 5 -> {
        String name = "user-" + random.nextInt(4);
        ObjectNode budget = (ObjectNode) Village.yaml("{metadata: {name: " + name + "}, spec: {}}");
        budget.withObject("/spec").put("maxUnavailable", 1).set("selector", selector(true));
        budgets.put(name, budget);
        queue.addAll(village.neighbourhood.put(Documents.budget(budget, "shop")));
      }
      case 6 -> {
        if (!budgets.isEmpty()) {
          String name = any(budgets.keySet());
          budgets.remove(name);
          queue.addAll(village.neighbourhood.removeBudget(name));
        }
      }
      case 7 -> {
        stray.clear();
        List<LivePod> pods = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
          Map<String, String> labels = labels();
          stray.add(labels);
          pods.add(
              random.nextBoolean()
                  ? new LivePod("", "", labels)
                  : new LivePod("DaemonSet", "ds-" + i, labels));
        }
        village.neighbourhood.setPods(pods);
        village.neighbourhood.workloads().forEach(workload -> queue.add(workload.key()));
      }
      case 8 -> collectGarbage();
      default ->
          queue.addAll(
              village.neighbourhood.put(
                  new Autoscaler(
                      "HorizontalPodAutoscaler",
                      "hpa-" + random.nextInt(3),
                      "apps",
                      "Deployment",
                      "w" + random.nextInt(5),
                      random.nextInt(4))));
    }
  }

  private void putWorkload() {
    String name = "w" + random.nextInt(5);
    ObjectNode object = Village.deployment(name, random.nextInt(4));
    // The API server refuses a template that the selector does not select.
    do {
      object.withObject("/spec").set("selector", selector(false));
      ObjectNode labels = object.withObject("/spec/template/metadata").putObject("labels");
      labels().forEach(labels::put);
    } while (!selects(object.at("/spec/selector"), labelsOf(object)));
    object.withObject("/metadata").put("uid", "uid-" + name + "-" + random.nextInt(2));
    workloads.put(name, object);
    queue.addAll(village.neighbourhood.put(Documents.workload(object, "shop")));
  }

  private ObjectNode selector(boolean mayBeEmpty) {
    ObjectNode selector = (ObjectNode) Village.yaml("{}");
    do {
      for (String key : KEYS) {
        switch (random.nextInt(6)) {
          case 0, 1 -> selector.withObject("/matchLabels").put(key, any());
          case 2 -> {
            ObjectNode requirement = selector.withArray("/matchExpressions").addObject();
            String operator = OPERATORS[random.nextInt(4)];
            requirement.put("key", key).put("operator", operator);
            if (operator.endsWith("In")) {
              requirement.putArray("values").add(any()).add(any());
            }
          }
          default -> {}
        }
      }
    } while (selector.isEmpty() && !mayBeEmpty);
    return selector;
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new HashMap<>();
    for (String key : KEYS) {
      if (random.nextInt(3) > 0) {
        labels.put(key, any());
      }
    }
    return labels;
  }

  private String any() {
    return VALUES[random.nextInt(VALUES.length)];
  }

  private String any(Set<String> names) {
    return new ArrayList<>(names).get(random.nextInt(names.size()));
  }

  // --- the judge

  /** metav1.LabelSelectorAsSelector, over the manifest. */
  private static boolean selects(JsonNode selector, Map<String, String> labels) {
    if (!selector.isObject()) {
      return false;
    }
    for (var entry : selector.path("matchLabels").properties()) {
      if (!entry.getValue().asText().equals(labels.get(entry.getKey()))) {
        return false;
      }
    }
    for (var requirement : selector.path("matchExpressions")) {
      String value = labels.get(requirement.get("key").asText());
      boolean listed = false;
      for (var one : requirement.path("values")) {
        listed |= one.asText().equals(value);
      }
      boolean holds =
          switch (requirement.get("operator").asText()) {
            case "In" -> listed;
            case "NotIn" -> !listed;
            case "Exists" -> value != null;
            default -> value == null;
          };
      if (!holds) {
        return false;
      }
    }
    return true;
  }

  private static Map<String, String> labelsOf(ObjectNode workload) {
    Map<String, String> labels = new HashMap<>();
    workload
        .at("/spec/template/metadata/labels")
        .properties()
        .forEach(entry -> labels.put(entry.getKey(), entry.getValue().asText()));
    return labels;
  }

  /** The API server's getPodDisruptionBudgets, as far as ours are concerned. */
  private List<String> oursFor(Map<String, String> pod) {
    List<String> names = new ArrayList<>();
    for (Budget budget : village.neighbourhood.budgets()) {
      if (budget.labelled() && selects(budget.selector().orElseThrow().document(), pod)) {
        names.add(budget.name());
      }
    }
    return names;
  }

  private int usersFor(Map<String, String> pod) {
    int count = 0;
    for (ObjectNode budget : budgets.values()) {
      count += selects(budget.at("/spec/selector"), pod) ? 1 : 0;
    }
    return count;
  }

  private Deque<Map<String, String>> pods() {
    Deque<Map<String, String>> pods = new ArrayDeque<>(stray);
    workloads.values().forEach(workload -> pods.add(labelsOf(workload)));
    return pods;
  }

  /** At the moment at which one of ours is written, it is the only one for each of its pods. */
  private void nothingElseSelects(Workload workload, Budget made) {
    for (Map<String, String> pod : pods()) {
      boolean own = pod.equals(labelsOf(workloads.get(workload.key().name())));
      if (own || selects(made.selector().orElseThrow().document(), pod)) {
        List<String> ours = oursFor(pod);
        ours.remove(made.name());
        assertThat(ours).as("beside %s, for a pod of %s", made.name(), pod).isEmpty();
        assertThat(usersFor(pod)).as("of users, beside %s", made.name()).isZero();
      }
    }
  }

  /** With nothing left to do, each pod has at most one of ours. */
  private void oursNeverMeet() {
    if (queue.isEmpty()) {
      collectGarbage();
      for (Map<String, String> pod : pods()) {
        assertThat(oursFor(pod)).as("budgets of ours for a pod of %s", pod).hasSizeLessThan(2);
      }
    }
  }

  private void everyPodIsEvictable() {
    for (Map<String, String> pod : pods()) {
      int ours = oursFor(pod).size();
      assertThat(ours).as("budgets of ours for a pod of %s", pod).isLessThan(2);
      if (usersFor(pod) > 0) {
        assertThat(ours).as("beside a user's budget, for a pod of %s", pod).isZero();
      }
    }
    for (ObjectNode workload : workloads.values()) {
      int minimum = minimum(workload);
      if (minimum < 2) {
        assertThat(
                village.neighbourhood.budgets().stream()
                    .filter(Budget::labelled)
                    .filter(
                        budget ->
                            budget
                                .owner()
                                .orElseThrow()
                                .name()
                                .equals(workload.at("/metadata/name").asText())))
            .as("a workload of %d", minimum)
            .isEmpty();
      }
    }
  }

  private int minimum(ObjectNode workload) {
    return village.neighbourhood.floor(Documents.workload(workload, "shop"));
  }

  /** Not by giving nobody a budget: whoever has pods of its own and no user's budget has one. */
  private void everyoneWhoCanHasOne() {
    for (ObjectNode workload : workloads.values()) {
      boolean alone = true;
      for (Map<String, String> pod : pods()) {
        boolean own = pod.equals(labelsOf(workload));
        boolean selected = selects(workload.at("/spec/selector"), pod);
        alone &= !selected || own;
        alone &= !(selected || own) || usersFor(pod) == 0;
      }
      for (ObjectNode other : workloads.values()) {
        alone &= other == workload || !selects(workload.at("/spec/selector"), labelsOf(other));
        alone &= other == workload || !selects(other.at("/spec/selector"), labelsOf(workload));
      }
      if (alone && stray.isEmpty() && minimum(workload) >= 2) {
        assertThat(oursFor(labelsOf(workload))).as("%s", workload).hasSize(1);
      }
    }
  }
}
