package dev.holdfast.promises;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** Makes pods odd, from fields of the future to trees that are no pod at all. */
final class Oddities {
  private static final String[] FIELDS = {
    "metadata",
    "spec",
    "name",
    "labels",
    "annotations",
    "ownerReferences",
    "controller",
    "kind",
    "containers",
    "initContainers",
    "image",
    "lifecycle",
    "preStop",
    "sleep",
    "seconds",
    "exec",
    "command",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "httpGet",
    "tcpSocket",
    "grpc",
    "port",
    "ports",
    "containerPort",
    "protocol",
    "timeoutSeconds",
    "periodSeconds",
    "failureThreshold",
    "initialDelaySeconds",
    "terminationGracePeriodSeconds",
    "restartPolicy",
    "affinity",
    "podAntiAffinity",
    "nodeAffinity",
    "topologySpreadConstraints",
    "labelSelector",
    "resources",
    "limits",
    "memory",
    "os",
    "nodeSelector",
    "priorityClassName",
    "nodeName",
    "holdfast.dev/pre-stop",
    "holdfast.dev/mode",
    "holdfast.dev/skip",
    "a/b~c",
    ""
  };

  private final Dice dice;

  Oddities(Dice dice) {
    this.dice = dice;
  }

  /** Adds fields that Kubernetes may get one day to objects of the pod, but not to its maps. */
  void addUnknownFields(ObjectNode pod) {
    for (ObjectNode object : objects(pod)) {
      if (dice.chance(15)) {
        object.set(
            dice.one("x-new", "new/field~with", "\u00fcn\u00efc\u00f6de", "evictionResponders"),
            unknown());
      }
    }
  }

  /** Puts nulls where a field of that name may be absent. */
  void addNulls(ObjectNode pod) {
    for (ObjectNode object : objects(pod)) {
      if (dice.chance(10)) {
        String field = FIELDS[dice.upTo(FIELDS.length - 4)];
        if (!object.has(field)) {
          object.putNull(field);
        }
      }
    }
  }

  /** Replaces, removes, doubles or adds something somewhere. */
  void disturb(ObjectNode pod) {
    List<JsonNode> places = new ArrayList<>();
    collect(pod, places);
    JsonNode place = dice.one(places);
    if (place instanceof ObjectNode object) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.isEmpty() || dice.chance(20) ? dice.one(FIELDS) : dice.one(names);
      if (dice.chance(15)) {
        object.remove(name);
      } else {
        object.set(name, anything(3));
      }
    } else if (place instanceof ArrayNode array) {
      int index = dice.upTo(array.size() + 1);
      if (index == array.size()) {
        array.add(anything(3));
      } else if (dice.chance(30)) {
        array.add(array.get(index).deepCopy());
      } else {
        array.set(index, anything(3));
      }
    }
  }

  /** Any JSON at all, with a liking for the words of pods. */
  JsonNode anything(int depth) {
    int kind = dice.upTo(depth > 0 ? 12 : 8);
    return switch (kind) {
      case 0 -> Dice.NODES.nullNode();
      case 1 -> Dice.NODES.booleanNode(dice.chance(50));
      case 2, 3 -> number();
      case 4 -> Dice.NODES.textNode(dice.one(FIELDS));
      case 5 -> Dice.NODES.textNode(dice.one("", "8080", "Always", "30s", "\u0000", "\u00e9"));
      case 6 -> Dice.object();
      case 7 -> Dice.NODES.arrayNode();
      case 8, 9 -> {
        ArrayNode array = Dice.NODES.arrayNode();
        for (int i = dice.upTo(4); i > 0; i--) {
          array.add(anything(depth - 1));
        }
        yield array;
      }
      default -> {
        ObjectNode object = Dice.object();
        for (int i = dice.upTo(6); i > 0; i--) {
          object.set(dice.one(FIELDS), anything(depth - 1));
        }
        yield object;
      }
    };
  }

  private JsonNode number() {
    return dice.json(
        "0",
        "1",
        "-1",
        "3",
        "8080",
        "1.0",
        "1e2",
        "1.50",
        "0.1",
        "2147483647",
        "2147483648",
        "-2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "1e400",
        "123456789012345678901234567890");
  }

  private JsonNode unknown() {
    return dice.json(
        "null",
        "1.0",
        "1e2",
        "123456789012345678901234567890",
        "'\u00fc\u2028\ud83d\ude80'",
        "[]",
        "{}",
        "[{'b':1,'a':[null,{}]}]",
        "{'z':1.10,'a':{'~/':-0.0}}");
  }

  /** The objects of the pod that are structures and not maps of strings. */
  private static List<ObjectNode> objects(ObjectNode pod) {
    List<JsonNode> nodes = new ArrayList<>();
    List<JsonNode> maps = new ArrayList<>();
    collect(pod, nodes);
    for (JsonNode node : nodes) {
      for (String map :
          List.of("labels", "annotations", "nodeSelector", "matchLabels", "limits", "requests")) {
        maps.add(node.path(map));
      }
    }
    List<ObjectNode> objects = new ArrayList<>();
    for (JsonNode node : nodes) {
      if (node instanceof ObjectNode object && maps.stream().noneMatch(map -> map == node)) {
        objects.add(object);
      }
    }
    return objects;
  }

  private static void collect(JsonNode node, List<JsonNode> places) {
    if (node.isContainerNode()) {
      places.add(node);
      node.forEach(child -> collect(child, places));
    }
  }
}
