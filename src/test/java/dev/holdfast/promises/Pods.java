package dev.holdfast.promises;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes pods as people, charts and other webhooks write them: mostly valid, with everything that
 * the rules look at in all its forms. {@link Oddities} makes them worse.
 */
final class Pods {
  private static final List<String> APPS = List.of("app", "web", "worker", "db", "api");
  private static final List<String> SIDECARS =
      List.of(
          "istio-proxy",
          "linkerd-proxy",
          "vault-agent",
          "daprd",
          "cloud-sql-proxy",
          "log-shipper",
          "metrics");

  private final Dice dice;

  Pods(Dice dice) {
    this.dice = dice;
  }

  /** A pod, as it arrives: a manifest, or with the API server's defaults. */
  ObjectNode pod() {
    ObjectNode pod = Dice.object();
    pod.put("apiVersion", "v1").put("kind", "Pod");
    List<String> names = names();
    if (dice.chance(95)) {
      metadata(pod.putObject("metadata"), names);
    }
    spec(pod.putObject("spec"), names);
    return pod;
  }

  private List<String> names() {
    List<String> names = new ArrayList<>();
    int apps = dice.chance(60) ? 1 : dice.between(0, 3);
    int sidecars = dice.chance(60) ? 0 : dice.between(1, 2);
    for (int i = 0; i < apps || names.isEmpty(); i++) {
      names.add(APPS.get((dice.upTo(2) + 2 * i) % APPS.size()));
    }
    for (int i = 0; i < sidecars; i++) {
      names.add(dice.upTo(names.size() + 1), dice.one(SIDECARS));
    }
    return names.stream().distinct().toList();
  }

  // Metadata --------------------------------------------------------------------------------------

  private void metadata(ObjectNode metadata, List<String> names) {
    dice.maybe(50, metadata, "name", "web-7d4b9-x2x4q");
    dice.maybe(50, metadata, "generateName", "web-7d4b9-");
    dice.maybe(20, metadata, "namespace", "shop");
    if (dice.chance(85)) {
      labels(metadata.putObject("labels"));
    }
    if (dice.chance(60)) {
      annotations(metadata.putObject("annotations"), names);
    }
    if (dice.chance(85)) {
      owners(metadata.putArray("ownerReferences"));
    }
  }

  private void labels(ObjectNode labels) {
    dice.maybe(80, labels, "app", dice.one("web", "db", ""));
    dice.maybe(40, labels, "app.kubernetes.io/name", "web");
    dice.maybe(40, labels, "pod-template-hash", "7d4b9");
    dice.maybe(10, labels, "controller-revision-hash", "web-1");
    dice.maybe(5, labels, "pod-template-generation", "1");
    dice.maybe(5, labels, "rollouts-pod-template-hash", "abc");
    dice.maybe(5, labels, "controller.kubernetes.io/hash", "abc");
    dice.maybe(8, labels, "statefulset.kubernetes.io/pod-name", "web-0");
    dice.maybe(8, labels, "apps.kubernetes.io/pod-index", "0");
    dice.maybe(
        12,
        labels,
        "holdfast.dev/mode",
        dice.one("enforce", "audit", "off", " Enforce ", "AUDIT", "on"));
  }

  private void annotations(ObjectNode annotations, List<String> names) {
    dice.maybe(30, annotations, "prometheus.io/port", "9090");
    dice.maybe(10, annotations, "example.com/a~b", "x~y/z");
    dice.maybe(3, annotations, "kubernetes.io/config.mirror", "abc");
    dice.maybe(
        10,
        annotations,
        "holdfast.dev/hardened",
        dice.one("pre-stop", "", "pre-stop,termination-grace", "nonsense, init,,", "PRE-STOP"));
    int ours = dice.chance(60) ? 0 : dice.between(1, 3);
    for (int i = 0; i < ours; i++) {
      annotations.put(key(names), value());
    }
    if (dice.chance(35)) {
      wellChosen(annotations, names);
    }
  }

  /** Any of our keys, known or not, with a suffix or without. */
  private String key(List<String> names) {
    String key =
        dice.one(
            "skip",
            "exclude-containers",
            "pre-stop",
            "shutdown",
            "startup-probe",
            "readiness-probe",
            "init",
            "entrypoint",
            "stop-signal",
            "wait-for",
            "anti-affinity",
            "disruption-budget",
            "topology-spread",
            "mode",
            "unheard-of");
    String suffix = dice.chance(30) ? "." + dice.one(dice.one(names), "nobody", "") : "";
    return "holdfast.dev/" + key + suffix;
  }

  /** Any value of any of our annotations: mostly the wrong one for its key. */
  private String value() {
    return dice.one(
        "15s",
        "1m30s",
        "0",
        "1h",
        "3601",
        "-5s",
        "99999999999999999999s",
        "off",
        "OFF ",
        "on",
        "drain",
        "http:8080/healthz",
        "https:8443",
        "tcp:5432",
        "tcp:0",
        "tcp:http",
        "grpc:9000/service",
        "http:99999/",
        "http:",
        "preferred",
        "required",
        "pre-stop, termination-grace",
        "everything",
        "[\"/bin/app\"]",
        "SIGUSR1",
        "",
        " ",
        "\u00fc\u2603\ud83d\ude80",
        "line\nbreak");
  }

  /** Annotations that mean something. */
  private void wellChosen(ObjectNode annotations, List<String> names) {
    String name = dice.one(names);
    String suffix = dice.chance(40) ? "." + name : "";
    switch (dice.upTo(7)) {
      case 0 ->
          annotations.put(
              "holdfast.dev/skip",
              dice.one(
                  "pre-stop",
                  "termination-grace",
                  "anti-affinity",
                  "startup-probe,readiness-probe",
                  "Probe-Timeout , topology-spread"));
      case 1 ->
          annotations.put(
              "holdfast.dev/exclude-containers", dice.one(name, " " + name + ",nobody ,", ""));
      case 2 ->
          annotations.put(
              "holdfast.dev/pre-stop" + suffix, dice.one("5s", "15", "40s", "1h", "off", "drain"));
      case 3 ->
          annotations.put("holdfast.dev/shutdown" + suffix, dice.one("5s", "1m30s", "20m", "1h"));
      case 4 ->
          annotations.put(
              "holdfast.dev/startup-probe" + suffix,
              dice.one("http:8080/healthz", "tcp:5432", "grpc:9000", "off", "https:8443/x"));
      case 5 ->
          annotations.put(
              "holdfast.dev/readiness-probe" + suffix,
              dice.one("http:8080/ready", "tcp:5432", "grpc:9000/s", "off", "http:http/"));
      default ->
          annotations.put(
              "holdfast.dev/anti-affinity", dice.one("preferred", "required", "off", "Required"));
    }
  }

  private void owners(ArrayNode owners) {
    int count = dice.chance(85) ? 1 : dice.between(0, 2);
    for (int i = 0; i < count; i++) {
      String[] kinds =
          dice.chance(60)
              ? new String[] {"apps/v1 ReplicaSet"}
              : new String[] {
                "apps/v1 StatefulSet",
                "apps/v1 StatefulSet",
                "apps/v1 DaemonSet",
                "batch/v1 Job",
                "v1 ReplicationController",
                "v1 Node",
                "argoproj.io/v1alpha1 Rollout",
                "apps.kruise.io/v1alpha1 CloneSet",
                "apps.kruise.io/v1alpha1 DaemonSet",
                "example.com/v1 Job"
              };
      String[] kind = dice.one(kinds).split(" ");
      ObjectNode owner = owners.addObject().put("apiVersion", kind[0]).put("kind", kind[1]);
      owner.put("name", "web-7d4b9").put("uid", "0-" + i);
      dice.maybe(i == 0 ? 92 : 5, owner, "controller", Dice.NODES.booleanNode(true));
      dice.maybe(30, owner, "blockOwnerDeletion", Dice.NODES.booleanNode(true));
    }
  }

  // Spec ------------------------------------------------------------------------------------------

  private void spec(ObjectNode spec, List<String> names) {
    if (dice.chance(60)) {
      spec.set(
          "terminationGracePeriodSeconds",
          dice.chance(50)
              ? Dice.read("30")
              : dice.json(
                  "0",
                  "1",
                  "2",
                  "5",
                  "9",
                  "10",
                  "11",
                  "29",
                  "31",
                  "40",
                  "41",
                  "60",
                  "599",
                  "600",
                  "601",
                  "3600",
                  "-1",
                  "2147483647",
                  "9223372036854775807",
                  "null"));
    }
    dice.maybe(40, spec, "restartPolicy", dice.one("Always", "Always", "OnFailure", "Never"));
    dice.maybe(5, spec, "nodeName", dice.one("node-1", ""));
    dice.maybe(
        12,
        spec,
        "nodeSelector",
        dice.json(
            "{}",
            "{'disk':'ssd'}",
            "{'kubernetes.io/hostname':'node-1'}",
            "{'kubernetes.io/os':'windows'}",
            "{'metadata.name':'node-1'}"));
    dice.maybe(6, spec, "os", dice.json("{'name':'windows'}", "{'name':'linux'}", "{}", "null"));
    dice.maybe(6, spec, "hostNetwork", Dice.NODES.booleanNode(true));
    dice.maybe(3, spec, "shareProcessNamespace", Dice.NODES.booleanNode(true));
    dice.maybe(
        12,
        spec,
        "priorityClassName",
        dice.one("high", "system-node-critical", "system-cluster-critical", ""));
    dice.maybe(5, spec, "securityContext", Dice.object());
    if (dice.chance(30)) {
      spec.set("affinity", affinity());
    }
    if (dice.chance(20)) {
      spec.set("topologySpreadConstraints", spreadConstraints());
    }
    if (dice.chance(30)) {
      ArrayNode init = spec.putArray("initContainers");
      int count = dice.between(0, 2);
      for (int i = 0; i < count; i++) {
        initContainer(init.addObject(), i);
      }
    }
    ArrayNode containers = spec.putArray("containers");
    names.forEach(name -> container(containers.addObject(), name));
    if (dice.chance(3)) {
      spec.putArray("ephemeralContainers").addObject().put("name", "debug").put("image", "sh");
    }
  }

  private JsonNode affinity() {
    return dice.json(
        "{}",
        "null",
        "{'podAntiAffinity':null}",
        "{'podAntiAffinity':{}}",
        "{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[]}}",
        "{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,"
            + "'podAffinityTerm':{'topologyKey':'zone','labelSelector':{}}}]}}",
        "{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{"
            + "'topologyKey':'kubernetes.io/hostname','labelSelector':{'matchLabels':{'a':'b'}}}]}}",
        "{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{"
            + "'topologyKey':'kubernetes.io/hostname','labelSelector':{'matchLabels':{'a':'b'}}}]}}",
        "{'nodeAffinity':{}}",
        "{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':["
            + "{'matchExpressions':[{'key':'kubernetes.io/hostname','operator':'In','values':['n']}]}]}}}",
        "{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':["
            + "{'matchFields':[{'key':'metadata.name','operator':'In','values':['n']}]}]}}}",
        "{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':["
            + "{'matchExpressions':[{'key':'disk','operator':'Exists'}]}]}}}");
  }

  private JsonNode spreadConstraints() {
    return dice.json(
        "[]",
        "null",
        "[{'maxSkew':1,'topologyKey':'topology.kubernetes.io/zone',"
            + "'whenUnsatisfiable':'ScheduleAnyway','labelSelector':{'matchLabels':{'app':'web'}}}]",
        "[{'maxSkew':2,'topologyKey':'kubernetes.io/hostname','whenUnsatisfiable':'DoNotSchedule',"
            + "'minDomains':2}]");
  }

  private void initContainer(ObjectNode container, int index) {
    if (dice.chance(60)) {
      container.put("name", dice.one("migrate-", "holdfast-init-", "init-") + index);
      container.put("image", "busybox:1");
      dice.maybe(30, container, "command", Dice.read("['sh','-c','sleep 1']"));
      dice.maybe(10, container, "restartPolicy", dice.one("Never", "OnFailure"));
    } else {
      container(container, index == 0 ? "istio-proxy-native" : "native-" + index);
      container.put("restartPolicy", "Always");
    }
  }

  private void container(ObjectNode container, String name) {
    container.put("name", name);
    container.put("image", "registry.example/" + name + ":1");
    dice.maybe(30, container, "command", dice.json("['/bin/app']", "[]", "['tini','--','app']"));
    dice.maybe(30, container, "args", dice.json("['serve']", "[]", "['']"));
    dice.maybe(60, container, "ports", ports());
    dice.maybe(20, container, "env", dice.json("[{'name':'A','value':'1'}]", "[]"));
    dice.maybe(
        40,
        container,
        "resources",
        dice.json(
            "{}",
            "{'requests':{'cpu':'100m','memory':'64Mi'}}",
            "{'limits':{'memory':'128Mi'},'requests':{'memory':'64Mi'}}",
            "{'limits':{'cpu':1,'memory':'1e9'}}",
            "{'limits':{'memory':'plenty'}}"));
    dice.maybe(3, container, "restartPolicy", dice.one("Always", "OnFailure", "Never"));
    dice.maybe(40, container, "lifecycle", lifecycle());
    dice.maybe(50, container, "livenessProbe", probe("livenessProbe"));
    dice.maybe(40, container, "readinessProbe", probe("readinessProbe"));
    dice.maybe(20, container, "startupProbe", probe("startupProbe"));
    dice.maybe(20, container, "volumeMounts", Dice.read("[{'name':'data','mountPath':'/data'}]"));
  }

  private ArrayNode ports() {
    ArrayNode ports = Dice.NODES.arrayNode();
    int count = dice.chance(60) ? 1 : dice.between(0, 3);
    for (int i = 0; i < count; i++) {
      ObjectNode port = ports.addObject();
      port.put("containerPort", dice.chance(70) ? 8080 + i : dice.between(1, 65535));
      dice.maybe(
          60,
          port,
          "name",
          dice.one("http", "grpc", "metrics", "http-metrics", "admin", "jmx", "web", "debug"));
      dice.maybe(40, port, "protocol", dice.one("TCP", "TCP", "UDP", "SCTP"));
    }
    return ports;
  }

  private JsonNode lifecycle() {
    if (dice.chance(35)) {
      return dice.json(
          "{}",
          "null",
          "{'preStop':null}",
          "{'postStart':{'exec':{'command':['warm-up']}}}",
          "{'postStart':{'sleep':{'seconds':20}}}",
          "{'stopSignal':'SIGUSR1'}");
    }
    return dice.json(
        "{'preStop':{'exec':{'command':['sh','-c','sleep 5']}}}",
        "{'preStop':{'httpGet':{'port':8080,'path':'/stop'}}}",
        "{'preStop':{'tcpSocket':{'port':'http'}}}",
        "{'preStop':{'sleep':{'seconds':5}}}",
        "{'preStop':{'sleep':{'seconds':0}}}",
        "{'preStop':{'sleep':{'seconds':29}}}",
        "{'preStop':{'sleep':{'seconds':45}}}",
        "{'preStop':{'sleep':{'seconds':4000}}}",
        "{'preStop':{'sleep':{'seconds':9223372036854775807}}}",
        "{'preStop':{}}");
  }

  ObjectNode probe(String field) {
    ObjectNode probe =
        (ObjectNode)
            dice.json(
                "{'httpGet':{'path':'/healthz','port':8080}}",
                "{'httpGet':{'path':'/healthz','port':8080}}",
                "{'httpGet':{'path':'/ready','port':'http','scheme':'HTTPS'}}",
                "{'httpGet':{'port':'metrics'}}",
                "{'httpGet':{'path':'/','port':8080,'host':'127.0.0.1',"
                    + "'httpHeaders':[{'name':'Host','value':'x'}]}}",
                "{'httpGet':{'path':'/app-health/app/livez','port':15020}}",
                "{'httpGet':{'path':'/healthz/ready','port':15021}}",
                "{'httpGet':{'path':'/app-health/app/livez','port':8080}}",
                "{'tcpSocket':{'port':5432}}",
                "{'tcpSocket':{'port':'grpc'}}",
                "{'exec':{'command':['check','--live']}}",
                "{'grpc':{'port':9000}}",
                "{'grpc':{'port':9000,'service':'s'}}");
    number(probe, "initialDelaySeconds", 25);
    number(probe, "timeoutSeconds", 50);
    number(probe, "periodSeconds", 50);
    number(probe, "failureThreshold", 40);
    if (field.equals("readinessProbe")) {
      number(probe, "successThreshold", 25);
    } else {
      dice.maybe(20, probe, "successThreshold", 1);
      dice.maybe(10, probe, "terminationGracePeriodSeconds", dice.one(List.of(1, 5, 3600)));
    }
    return probe;
  }

  private void number(ObjectNode probe, String field, int percent) {
    if (dice.chance(percent)) {
      probe.set(
          field,
          dice.chance(70)
              ? dice.json("1", "2", "3", "5", "10", "30", "60")
              : dice.json("0", "300", "1000", "2147483647", "2147483646", "1073741824", "null"));
    }
  }
}
