package dev.holdfast.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A pod as the API server hands it on once it has read it: what {@code pkg/apis/core/v1/defaults}
 * fills in is there, nulls and empty lists and maps that its types leave out are not. Of a valid
 * pod; of any other it does what it can.
 */
public final class Defaults {
  private static final List<String> PROBES =
      List.of("livenessProbe", "readinessProbe", "startupProbe");

  private Defaults() {}

  /** The defaulted copy of a pod. */
  public static ObjectNode of(JsonNode pod) {
    ObjectNode copy = pod.deepCopy();
    emptyForNull(copy.path("metadata").path("labels"));
    emptyForNull(copy.path("metadata").path("annotations"));
    emptyForNull(copy.path("spec").path("nodeSelector"));
    withoutNulls(copy);
    if (copy.get("metadata") instanceof ObjectNode metadata) {
      leaveOutIfEmpty(metadata, "labels", "annotations", "ownerReferences");
    }
    if (copy.get("spec") instanceof ObjectNode spec) {
      spec(spec);
    }
    return copy;
  }

  private static void spec(ObjectNode spec) {
    leaveOutIfEmpty(
        spec,
        "nodeSelector",
        "initContainers",
        "ephemeralContainers",
        "topologySpreadConstraints",
        "volumes",
        "tolerations");
    unless(spec, "terminationGracePeriodSeconds", 30);
    unless(spec, "restartPolicy", "Always");
    unless(spec, "dnsPolicy", "ClusterFirst");
    unless(spec, "schedulerName", "default-scheduler");
    if (!spec.has("securityContext")) {
      spec.putObject("securityContext");
    }
    boolean hostNetwork = spec.path("hostNetwork").booleanValue();
    for (String kind : List.of("initContainers", "containers")) {
      for (JsonNode container : spec.path(kind)) {
        if (container instanceof ObjectNode object) {
          container(object, hostNetwork);
        }
      }
    }
    affinity(spec.path("affinity"));
  }

  private static void affinity(JsonNode affinity) {
    for (String kind : List.of("podAffinity", "podAntiAffinity")) {
      if (affinity.get(kind) instanceof ObjectNode terms) {
        leaveOutIfEmpty(
            terms,
            "requiredDuringSchedulingIgnoredDuringExecution",
            "preferredDuringSchedulingIgnoredDuringExecution");
      }
    }
  }

  private static void container(ObjectNode container, boolean hostNetwork) {
    leaveOutIfEmpty(container, "command", "args", "ports", "env", "volumeMounts");
    unless(container, "imagePullPolicy", "IfNotPresent");
    unless(container, "terminationMessagePath", "/dev/termination-log");
    unless(container, "terminationMessagePolicy", "File");
    if (!container.has("resources")) {
      container.putObject("resources");
    }
    if (container.get("resources") instanceof ObjectNode resources
        && resources.get("limits") instanceof ObjectNode limits) {
      JsonNode given = resources.path("requests");
      ObjectNode requests = given instanceof ObjectNode object ? object : resources.objectNode();
      limits.properties().forEach(limit -> requests.putIfAbsent(limit.getKey(), limit.getValue()));
      if (given.isMissingNode() || given.isObject()) {
        resources.set("requests", requests);
      }
    }
    for (JsonNode port : container.path("ports")) {
      if (port instanceof ObjectNode object) {
        unless(object, "protocol", "TCP");
        if (hostNetwork && zero(object.path("hostPort"))) {
          object.set("hostPort", object.path("containerPort"));
        }
      }
    }
    for (String field : PROBES) {
      if (container.get(field) instanceof ObjectNode probe) {
        if (zero(probe.path("initialDelaySeconds"))) {
          probe.remove("initialDelaySeconds");
        }
        number(probe, "timeoutSeconds", 1);
        number(probe, "periodSeconds", 10);
        number(probe, "successThreshold", 1);
        number(probe, "failureThreshold", 3);
        if (probe.get("grpc") instanceof ObjectNode grpc && !grpc.has("service")) {
          grpc.put("service", "");
        }
        httpGet(probe);
      }
    }
    for (String hook : List.of("preStop", "postStart")) {
      httpGet(container.path("lifecycle").path(hook));
    }
  }

  private static void httpGet(JsonNode holder) {
    if (holder.path("httpGet") instanceof ObjectNode get) {
      unless(get, "path", "/");
      unless(get, "scheme", "HTTP");
    }
  }

  private static void unless(ObjectNode object, String field, String value) {
    if (!object.has(field) || object.get(field).asText().isEmpty()) {
      object.put(field, value);
    }
  }

  private static void unless(ObjectNode object, String field, int value) {
    if (!object.has(field)) {
      object.put(field, value);
    }
  }

  private static void number(ObjectNode object, String field, int value) {
    if (zero(object.path(field))) {
      object.put(field, value);
    }
  }

  private static boolean zero(JsonNode number) {
    return number.isMissingNode() || (number.isIntegralNumber() && number.longValue() == 0);
  }

  private static void leaveOutIfEmpty(ObjectNode object, String... fields) {
    for (String field : fields) {
      if (object.path(field).isContainerNode() && object.get(field).isEmpty()) {
        object.remove(field);
      }
    }
  }

  /** A null in a map of strings is an empty string. */
  private static void emptyForNull(JsonNode map) {
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      if (entry.getValue().isNull()) {
        entry.setValue(TextNode.valueOf(""));
      }
    }
  }

  /** A null elsewhere is absent, and in a list of objects an empty one. */
  private static void withoutNulls(JsonNode node) {
    if (node instanceof ObjectNode object) {
      List<String> nulls = new ArrayList<>();
      object
          .properties()
          .forEach(
              member -> {
                if (member.getValue().isNull()) {
                  nulls.add(member.getKey());
                }
              });
      object.remove(nulls);
    }
    if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i).isNull()) {
          array.set(i, array.objectNode());
        }
      }
    }
    node.forEach(Defaults::withoutNulls);
  }
}
