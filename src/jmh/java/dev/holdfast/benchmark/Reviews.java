package dev.holdfast.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.ClusterFacts;
import dev.holdfast.hardening.Edit;
import dev.holdfast.hardening.Hardener;
import dev.holdfast.hardening.patch.PatchOperation;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * AdmissionReviews as an API server sends them when a ReplicaSet makes a pod: with defaults filled
 * in, the service account's volume, and the managed fields of all that, before it has a name.
 */
public enum Reviews {
  /** 6 KB, a pod of three containers that needs most rules of the profile {@code standard}. */
  SMALL(6 * 1024, 3, false),
  /** 60 KB, a pod of nine containers with hundreds of environment variables. */
  LARGE(60 * 1024, 9, false),
  /** 6 KB, a pod as Holdfast left it: it needs nothing. */
  HARDENED(6 * 1024, 3, true);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NAMESPACE = "shop";

  private final int size;
  private final int containers;
  private final boolean hardened;

  Reviews(int size, int containers, boolean hardened) {
    this.size = size;
    this.containers = containers;
    this.hardened = hardened;
  }

  /** The review as JSON; its pod has the size to within a hundredth. */
  public byte[] bytes() {
    ObjectNode pod = pod(0);
    for (int variables = 1; write(pod).length < size - 60; variables++) {
      pod = pod(variables);
    }
    if (write(pod).length > size * 1.01) {
      throw new IllegalStateException(this + " has " + write(pod).length + " bytes");
    }
    return write(review(pod));
  }

  private ObjectNode pod(int variables) {
    ObjectNode pod = parse(POD);
    ArrayNode list = pod.withObject("/spec").putArray("containers");
    for (int i = 0; i < containers; i++) {
      list.add(parse(CONTAINERS.get(i % CONTAINERS.size()).replace("INDEX", "" + i)));
    }
    for (int i = 0; i < variables; i++) {
      ArrayNode env = ((ObjectNode) list.get(i % containers)).withArray("env");
      env.addObject().put("name", "SHOP_SETTING_" + i).put("value", "value-of-setting-" + i);
    }
    ObjectNode managed = pod.withObject("/metadata").putArray("managedFields").addObject();
    managed
        .put("manager", "kube-controller-manager")
        .put("operation", "Update")
        .put("apiVersion", "v1")
        .put("time", "2026-01-01T00:00:00Z")
        .put("fieldsType", "FieldsV1");
    ObjectNode fields = managed.putObject("fieldsV1");
    fields.set("f:metadata", fieldsOf(pod.at("/metadata/labels"), "f:labels"));
    fields.set("f:spec", fieldsOf(pod.at("/spec")));
    if (hardened) {
      harden(pod);
    }
    return pod;
  }

  private static ObjectNode fieldsOf(JsonNode labels, String field) {
    return JSON.createObjectNode().set(field, fieldsOf(labels));
  }

  // objects by field, lists of named things by name, all else as a whole: as server-side apply does
  private static ObjectNode fieldsOf(JsonNode node) {
    ObjectNode fields = JSON.createObjectNode();
    if (node.isObject()) {
      node.properties().forEach(e -> fields.set("f:" + e.getKey(), fieldsOf(e.getValue())));
    } else if (node.isArray() && node.path(0).has("name")) {
      for (JsonNode item : node) {
        // mounted by admission, after the fields were counted
        if (!item.get("name").textValue().startsWith("kube-api-access-")) {
          ObjectNode of = fieldsOf(item);
          of.putObject(".");
          fields.set("k:{\"name\":" + item.get("name") + "}", of);
        }
      }
    }
    return fields;
  }

  private static void harden(ObjectNode pod) {
    Hardener hardener = new Hardener(List.of(PolicyLoader.embedded()), "holdfast-system");
    ClusterFacts facts = ClusterFacts.of(ClusterFacts.DEFAULT_VERSION);
    for (PatchOperation operation : hardener.harden(pod, NAMESPACE, facts).patch()) {
      int slash = operation.path().lastIndexOf('/');
      String key = operation.path().substring(slash + 1).replace("~1", "/").replace("~0", "~");
      JsonNode parent = pod.at(operation.path().substring(0, slash));
      if (parent instanceof ObjectNode object) {
        object.set(key, operation.value());
      } else if (operation.op() == Edit.Op.ADD && key.equals("-")) {
        ((ArrayNode) parent).add(operation.value());
      } else {
        throw new IllegalStateException("not expected here: " + operation);
      }
    }
    if (!hardener.harden(pod, NAMESPACE, facts).patch().isEmpty()) {
      throw new IllegalStateException("a hardened pod needs nothing");
    }
  }

  private static ObjectNode review(ObjectNode pod) {
    ObjectNode review = parse(REVIEW);
    ((ObjectNode) review.get("request")).set("object", pod);
    return review;
  }

  private static ObjectNode parse(String json) {
    try {
      return (ObjectNode) JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] write(ObjectNode node) {
    try {
      return JSON.writeValueAsBytes(node);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final String REVIEW =
      """
      {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{
        "uid":"7f0b2891-916f-4ed6-b7cd-27bff1815a8c",
        "kind":{"group":"","version":"v1","kind":"Pod"},
        "resource":{"group":"","version":"v1","resource":"pods"},
        "requestKind":{"group":"","version":"v1","kind":"Pod"},
        "requestResource":{"group":"","version":"v1","resource":"pods"},
        "namespace":"shop","operation":"CREATE",
        "userInfo":{"username":"system:serviceaccount:kube-system:replicaset-controller",
          "uid":"6a8f1e0c-4f55-4c5e-8d5b-2c1a1d9f5e10",
          "groups":["system:serviceaccounts","system:serviceaccounts:kube-system",
            "system:authenticated"],
          "extra":{"authentication.kubernetes.io/credential-id":
            ["JTI=0c0f39a5-9d0f-4b0e-8b43-6fb4f3b3a9c1"]}},
        "object":null,"oldObject":null,"dryRun":false,
        "options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}
      """;

  private static final String POD =
      """
      {"kind":"Pod","apiVersion":"v1","metadata":{
        "generateName":"checkout-6d4b75cb6d-","namespace":"shop",
        "labels":{"app.kubernetes.io/name":"checkout","app.kubernetes.io/instance":"shop",
          "app.kubernetes.io/version":"2.14.0","pod-template-hash":"6d4b75cb6d"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet",
          "name":"checkout-6d4b75cb6d","uid":"b1f0c7a9-52c5-4c39-9d1e-8f8a6f4f7c21",
          "controller":true,"blockOwnerDeletion":true}]},
       "spec":{"volumes":[{"name":"kube-api-access-9q5zt","projected":{"sources":[
            {"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
            {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
            {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1",
              "fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],
        "containers":[],
        "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",
        "serviceAccountName":"checkout","serviceAccount":"checkout",
        "securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
        "schedulerName":"default-scheduler",
        "tolerations":[
          {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute",
            "tolerationSeconds":300},
          {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute",
            "tolerationSeconds":300}],
        "priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},
       "status":{}}
      """;

  private static final String MOUNTS_AND_DEFAULTS =
      """
      "volumeMounts":[{"name":"kube-api-access-9q5zt","readOnly":true,
        "mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],
      "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
      "imagePullPolicy":"IfNotPresent"
      """;

  private static final List<String> CONTAINERS =
      List.of(
          """
          {"name":"app-INDEX","image":"registry.example/shop/checkout:2.14.0",
            "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],
            "env":[{"name":"POD_IP","valueFrom":{"fieldRef":{"apiVersion":"v1",
              "fieldPath":"status.podIP"}}}],
            "resources":{"limits":{"memory":"512Mi"},"requests":{"cpu":"200m","memory":"512Mi"}},
            "livenessProbe":{"httpGet":{"path":"/livez","port":"http","scheme":"HTTP"},
              "initialDelaySeconds":20,"timeoutSeconds":1,"periodSeconds":10,
              "successThreshold":1,"failureThreshold":3},
          """
              + MOUNTS_AND_DEFAULTS
              + "}",
          """
          {"name":"worker-INDEX","image":"registry.example/shop/worker:2.14.0",
            "args":["--queue","orders"],
            "resources":{"limits":{"memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},
          """
              + MOUNTS_AND_DEFAULTS
              + "}",
          """
          {"name":"exporter-INDEX","image":"registry.example/tools/exporter:1.8.2",
            "ports":[{"name":"metrics","containerPort":9102,"protocol":"TCP"}],
            "resources":{"requests":{"cpu":"10m","memory":"32Mi"}},
          """
              + MOUNTS_AND_DEFAULTS
              + "}");
}
