package dev.holdfast.promises;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.oracle.Defaults;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;

/**
 * The pods that the promises are tried on, with policies and places. Written by dice in plain Java
 * and shrunk as JSON ({@link SmallerCases}), which is many times faster than combined arbitraries
 * and fails with smaller examples.
 */
public final class Cases {
  /** More than half the pods of {@link Any} are valid. */
  private static final int MOST_IN_A_ROW = 1_000;

  private Cases() {}

  /** Pods of all sorts: seven of ten as people write them, the others odd. */
  public static final class Any implements ArbitrarySupplier<Case> {
    @Override
    public Arbitrary<Case> get() {
      return cases(
          dice -> {
            ObjectNode pod = new Pods(dice).pod();
            Oddities oddities = new Oddities(dice);
            if (dice.chance(30)) {
              oddities.addUnknownFields(pod);
            }
            if (dice.chance(15)) {
              oddities.addNulls(pod);
            }
            for (int i = dice.chance(75) ? 0 : dice.between(1, 3); i > 0; i--) {
              oddities.disturb(pod);
            }
            return dice.chance(25) ? Defaults.of(pod) : pod;
          });
    }
  }

  /** Of {@link Any} those that the API server would take. */
  public static final class Valid implements ArbitrarySupplier<Case> {
    @Override
    public Arbitrary<Case> get() {
      return new Any().get().filter(MOST_IN_A_ROW, Case::isValid);
    }
  }

  /** Pods as people write them, before or after the API server's defaults. */
  public static final class Likely implements ArbitrarySupplier<Case> {
    @Override
    public Arbitrary<Case> get() {
      return cases(
          dice -> {
            ObjectNode pod = new Pods(dice).pod();
            return dice.chance(40) ? Defaults.of(pod) : pod;
          });
    }
  }

  /** Trees with the words of pods, from pods with much disturbed to mere JSON. */
  public static final class Garbage implements ArbitrarySupplier<Case> {
    @Override
    public Arbitrary<Case> get() {
      return cases(
          dice -> {
            Oddities oddities = new Oddities(dice);
            if (dice.chance(30)) {
              ObjectNode tree = Dice.object();
              tree.set("metadata", oddities.anything(5));
              tree.set("spec", oddities.anything(8));
              return tree;
            }
            ObjectNode pod = new Pods(dice).pod();
            for (int i = dice.between(1, 12); i > 0; i--) {
              oddities.disturb(pod);
            }
            return pod;
          });
    }
  }

  private static Arbitrary<Case> cases(Function<Dice, ObjectNode> pods) {
    return Arbitraries.fromGenerator(
        random -> new SmallerCases(Case.of(document(random, pods)).orElseThrow()));
  }

  private static ObjectNode document(Random random, Function<Dice, ObjectNode> pods) {
    Dice dice = new Dice(random);
    ObjectNode document = Dice.object();
    place(dice, document);
    if (dice.chance(70)) {
      ArrayNode policies = document.putArray("policies");
      policies.add(new Policies(dice).policy("default"));
      for (int i = dice.chance(92) ? 0 : dice.between(1, 2); i > 0; i--) {
        policies.add(new Policies(dice).policy("other-" + i));
      }
    }
    document.set("pod", pods.apply(dice));
    return document;
  }

  private static void place(Dice dice, ObjectNode document) {
    dice.maybe(40, document, "namespace", dice.chance(85) ? "shop" : unusualNamespace(dice));
    if (dice.chance(60)) {
      int minor = dice.between(27, 37);
      document.put("kubernetes", "1." + minor);
      dice.maybe(40, document, "kubelet", "1." + Math.max(27, minor - dice.upTo(4)));
    }
    if (dice.chance(25)) {
      ObjectNode labels = document.putObject("namespaceLabels");
      dice.maybe(40, labels, "team", dice.one("blue", "red"));
      dice.maybe(40, labels, "holdfast.dev/mode", dice.one("enforce", "audit", "off", "x"));
      dice.maybe(15, labels, "holdfast.dev/policy", dice.one("default", "other-1", "nobody"));
    }
    if (dice.chance(45)) {
      ArrayNode services = document.putArray("services");
      for (int i = dice.between(1, 2); i > 0; i--) {
        service(dice, services.addObject());
      }
    }
    if (dice.chance(30)) {
      document.set("workload", workload(dice));
    }
  }

  private static String unusualNamespace(Dice dice) {
    return dice.one("kube-system", "kube-public", "kube-node-lease", Case.OWN_NAMESPACE, "");
  }

  private static void service(Dice dice, ObjectNode service) {
    service.put("apiVersion", "v1").put("kind", "Service");
    service.putObject("metadata").put("name", dice.one("web", "db"));
    ObjectNode spec = service.putObject("spec");
    dice.maybe(
        90,
        spec,
        "selector",
        dice.json("{'app':'web'}", "{'app':'web'}", "{'app':'db'}", "{'app':'web','x':'y'}"));
    dice.maybe(10, spec, "clusterIP", "None");
    dice.maybe(10, spec, "publishNotReadyAddresses", Dice.NODES.booleanNode(true));
    ArrayNode ports = spec.putArray("ports");
    for (int i = dice.chance(75) ? 1 : dice.between(0, 2); i > 0; i--) {
      ObjectNode port = ports.addObject();
      port.put("port", 80 + i);
      dice.maybe(50, port, "name", dice.one("http", "metrics", "grpc"));
      dice.maybe(30, port, "protocol", dice.one("TCP", "UDP", "SCTP"));
      dice.maybe(
          80, port, "targetPort", dice.json("8080", "'http'", "8080", "'metrics'", "'web'", "81"));
    }
  }

  private static JsonNode workload(Dice dice) {
    ObjectNode workload = Dice.object();
    workload.put("kind", dice.one("Deployment", "Deployment", "StatefulSet", "DaemonSet", "Job"));
    workload.put("name", "web");
    dice.maybe(
        80,
        workload,
        "selector",
        dice.json(
            "{'matchLabels':{'app':'web'}}",
            "{'matchLabels':{'app':'web'}}",
            "{}",
            "{'matchLabels':{'app':'other'}}",
            "{'matchExpressions':[{'key':'app','operator':'In','values':['web','db']}]}",
            "{'matchLabels':{'pod-template-hash':'7d4b9'}}"));
    dice.maybe(70, workload, "replicas", dice.between(0, 4));
    return workload;
  }
}
