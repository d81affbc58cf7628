package dev.holdfast.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the API server says of a pod that is created, as far as a change of Holdfast could touch it:
 * decoding, defaulting, dropping of fields behind feature gates, then validation. Written from
 * {@code pkg/apis/core/validation} and {@code pkg/api/pod} of Kubernetes 1.34, for the minors 1.27
 * to 1.37; knows nothing of Holdfast.
 *
 * <p>Where it does not look (volumes, security contexts, resources, names of the pod), it finds
 * nothing: it answers "did this change break the pod", not "is this a good pod".
 */
public final class PodValidation {
  private static final int MAX_ANNOTATIONS_BYTES = 256 * 1024;
  private static final JsonNode EMPTY = JsonNodeFactory.instance.objectNode();

  private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
  private static final Pattern NAME = Pattern.compile("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]");
  private static final Pattern SUBDOMAIN =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  private static final Pattern PORT_NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?");
  private static final Pattern HEADER_NAME = Pattern.compile("[-A-Za-z0-9]+");

  private final int minor;
  private final List<String> errors = new ArrayList<>();
  private final Set<String> names = new HashSet<>();
  private long grace;

  private PodValidation(int minor) {
    this.minor = minor;
  }

  /**
   * Everything that is wrong, each with its place; empty if the API server would take the pod.
   *
   * @param pod a Pod
   * @param minor of the API server: 34 for 1.34
   */
  public static List<String> errors(JsonNode pod, int minor) {
    PodValidation validation = new PodValidation(minor);
    validation.pod(pod);
    return List.copyOf(validation.errors);
  }

  private void pod(JsonNode pod) {
    if (!pod.isObject()) {
      errors.add("the pod is no object");
      return;
    }
    metadata(object(pod, "metadata", ""));
    JsonNode spec = object(pod, "spec", "");
    String at = "/spec";
    grace = integer(spec, "terminationGracePeriodSeconds", at, Long.MIN_VALUE, Long.MAX_VALUE, 30);
    // The validation reads a negative grace as 1, as the termination of pods does.
    grace = grace < 0 ? 1 : grace;
    oneOf(spec, "restartPolicy", at, "Always", "Always", "OnFailure", "Never");
    for (String field :
        List.of("nodeName", "priorityClassName", "runtimeClassName", "schedulerName", "hostname")) {
      string(spec, field, at);
    }
    for (String field : List.of("hostNetwork", "hostPID", "shareProcessNamespace")) {
      flag(spec, field, at);
    }
    stringMap(spec, "nodeSelector", at);
    containers(spec, "initContainers", at);
    containers(spec, "containers", at);
    containers(spec, "ephemeralContainers", at);
    if (list(spec, "containers", at).isEmpty()) {
      errors.add("/spec/containers: required");
    }
    affinity(object(spec, "affinity", at));
    spreadConstraints(spec, at);
    object(spec, "os", at);
    object(spec, "securityContext", at);
    list(spec, "volumes", at);
    list(spec, "tolerations", at);
  }

  private void metadata(JsonNode metadata) {
    String at = "/metadata";
    string(metadata, "name", at);
    string(metadata, "generateName", at);
    string(metadata, "namespace", at);
    for (Map.Entry<String, JsonNode> label : stringMap(metadata, "labels", at)) {
      qualifiedName(label.getKey(), at + "/labels");
      labelValue(text(label.getValue()), at + "/labels");
    }
    long bytes = 0;
    for (Map.Entry<String, JsonNode> annotation : stringMap(metadata, "annotations", at)) {
      qualifiedName(annotation.getKey().toLowerCase(Locale.ROOT), at + "/annotations");
      bytes += bytes(annotation.getKey()) + bytes(text(annotation.getValue()));
    }
    if (bytes > MAX_ANNOTATIONS_BYTES) {
      errors.add("/metadata/annotations: too long");
    }
    for (JsonNode owner : list(metadata, "ownerReferences", at)) {
      for (String field : List.of("apiVersion", "kind", "name", "uid")) {
        if (string(owner, field, at + "/ownerReferences").isEmpty()) {
          errors.add(at + "/ownerReferences/" + field + ": required");
        }
      }
      flag(owner, "controller", at + "/ownerReferences");
    }
  }

  // Containers ------------------------------------------------------------------------------------

  private void containers(JsonNode spec, String field, String parent) {
    List<JsonNode> containers = list(spec, field, parent);
    for (int i = 0; i < containers.size(); i++) {
      container(containers.get(i), field, parent + "/" + field + "/" + i);
    }
  }

  private void container(JsonNode container, String kind, String at) {
    String name = string(container, "name", at);
    if (!DNS_LABEL.matcher(name).matches()) {
      errors.add(at + "/name: no DNS label");
    }
    if (!names.add(name)) {
      errors.add(at + "/name: duplicate");
    }
    String image = string(container, "image", at);
    if (image.isEmpty() || !image.equals(image.strip())) {
      errors.add(at + "/image: required, without blanks around it");
    }
    strings(container, "command", at);
    strings(container, "args", at);
    list(container, "env", at);
    list(container, "volumeMounts", at);
    object(container, "resources", at);
    object(container, "securityContext", at);
    ports(container, at);
    boolean lasting = restartPolicy(container, kind, at);
    List<String> allowedOnlyIfLasting =
        List.of("lifecycle", "livenessProbe", "readinessProbe", "startupProbe");
    if (lasting) {
      lifecycle(object(container, "lifecycle", at), at + "/lifecycle");
      probe(container, "livenessProbe", at);
      probe(container, "readinessProbe", at);
      probe(container, "startupProbe", at);
    } else {
      for (String field : allowedOnlyIfLasting) {
        if (present(object(container, field, at))) {
          errors.add(at + "/" + field + ": may not be set here");
        }
      }
    }
  }

  /** Whether lifecycle and probes are allowed: app containers and native sidecars. */
  private boolean restartPolicy(JsonNode container, String kind, String at) {
    String policy = string(container, "restartPolicy", at);
    // Unknown before 1.28, and dropped in 1.28, where its gate is off.
    boolean known = minor >= 29;
    boolean set = known && present(container.path("restartPolicy"));
    if (set && kind.equals("ephemeralContainers")) {
      errors.add(at + "/restartPolicy: may not be set here");
    } else if (set && minor >= 35) {
      if (!List.of("Always", "OnFailure", "Never").contains(policy)) {
        errors.add(at + "/restartPolicy: unsupported");
      }
    } else if (set && kind.equals("containers")) {
      errors.add(at + "/restartPolicy: may not be set here");
    } else if (set && !policy.equals("Always")) {
      errors.add(at + "/restartPolicy: unsupported");
    }
    return switch (kind) {
      case "containers" -> true;
      case "initContainers" -> set && policy.equals("Always");
      default -> false;
    };
  }

  private void ports(JsonNode container, String at) {
    Set<String> portNames = new HashSet<>();
    for (JsonNode port : list(container, "ports", at)) {
      String here = at + "/ports";
      number(integer(port, "containerPort", here, Integer.MIN_VALUE, Integer.MAX_VALUE, 0), here);
      long hostPort = integer(port, "hostPort", here, Integer.MIN_VALUE, Integer.MAX_VALUE, 0);
      if (hostPort < 0 || hostPort > 65535) {
        errors.add(here + "/hostPort: out of range");
      }
      String name = string(port, "name", here);
      if (!name.isEmpty()) {
        portName(name, here);
        if (!portNames.add(name)) {
          errors.add(here + "/name: duplicate");
        }
      }
      oneOf(port, "protocol", here, "TCP", "TCP", "UDP", "SCTP");
    }
  }

  // Lifecycle and probes --------------------------------------------------------------------------

  private void lifecycle(JsonNode lifecycle, String at) {
    for (String hook : List.of("preStop", "postStart")) {
      if (present(object(lifecycle, hook, at))) {
        hook(lifecycle.get(hook), at + "/" + hook);
      }
    }
  }

  private void hook(JsonNode hook, String at) {
    int handlers = handlers(hook, at, List.of("exec", "httpGet", "tcpSocket"));
    // The field came with 1.29, behind a gate that was off: there it is dropped, and a hook of
    // nothing else with it. Before, it is unknown, and what is left is a hook without a handler.
    if (minor >= 29 && present(object(hook, "sleep", at))) {
      long seconds =
          integer(hook.get("sleep"), "seconds", at + "/sleep", Long.MIN_VALUE, Long.MAX_VALUE, 0);
      if (minor == 29) {
        if (handlers == 0) {
          return;
        }
      } else {
        handlers++;
        // Zero came with 1.33.
        if (seconds < (minor >= 33 ? 0 : 1) || seconds > grace) {
          errors.add(at + "/sleep/seconds: not within the grace period");
        }
      }
    }
    exactlyOne(handlers, at);
  }

  private void probe(JsonNode container, String field, String parent) {
    JsonNode probe = object(container, field, parent);
    if (!present(probe)) {
      return;
    }
    String at = parent + "/" + field;
    exactlyOne(handlers(probe, at, List.of("exec", "httpGet", "tcpSocket", "grpc")), at);
    for (String seconds :
        List.of("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold")) {
      if (integer(probe, seconds, at, Integer.MIN_VALUE, Integer.MAX_VALUE, 0) < 0) {
        errors.add(at + "/" + seconds + ": must not be negative");
      }
    }
    long successes =
        integer(probe, "successThreshold", at, Integer.MIN_VALUE, Integer.MAX_VALUE, 0);
    if (successes < 0 || (!field.equals("readinessProbe") && successes > 1)) {
      errors.add(at + "/successThreshold: must be 1");
    }
    if (present(probe.path("terminationGracePeriodSeconds"))) {
      long ownGrace =
          integer(probe, "terminationGracePeriodSeconds", at, Long.MIN_VALUE, Long.MAX_VALUE, 0);
      if (field.equals("readinessProbe") || ownGrace <= 0) {
        errors.add(at + "/terminationGracePeriodSeconds: must not be set, or be positive");
      }
    }
  }

  private int handlers(JsonNode holder, String at, List<String> kinds) {
    int count = 0;
    for (String kind : kinds) {
      JsonNode handler = object(holder, kind, at);
      if (present(handler)) {
        count++;
        handler(kind, handler, at + "/" + kind);
      }
    }
    return count;
  }

  private void handler(String kind, JsonNode handler, String at) {
    switch (kind) {
      case "exec" -> {
        if (strings(handler, "command", at).isEmpty()) {
          errors.add(at + "/command: required");
        }
      }
      case "httpGet" -> {
        string(handler, "path", at);
        string(handler, "host", at);
        oneOf(handler, "scheme", at, "HTTP", "HTTP", "HTTPS");
        port(handler, at);
        for (JsonNode header : list(handler, "httpHeaders", at)) {
          if (!HEADER_NAME.matcher(string(header, "name", at)).matches()) {
            errors.add(at + "/httpHeaders: no header name");
          }
          string(header, "value", at);
        }
      }
      case "tcpSocket" -> {
        string(handler, "host", at);
        port(handler, at);
      }
      default -> {
        number(integer(handler, "port", at, Integer.MIN_VALUE, Integer.MAX_VALUE, 0), at);
        string(handler, "service", at);
      }
    }
  }

  private void port(JsonNode handler, String at) {
    JsonNode port = handler.path("port");
    if (port.isTextual()) {
      portName(port.textValue(), at);
    } else {
      number(integer(handler, "port", at, Integer.MIN_VALUE, Integer.MAX_VALUE, 0), at);
    }
  }

  private void number(long port, String at) {
    if (port < 1 || port > 65535) {
      errors.add(at + "/port: out of range");
    }
  }

  private void portName(String name, String at) {
    boolean letter = name.chars().anyMatch(c -> c >= 'a' && c <= 'z');
    if (!PORT_NAME.matcher(name).matches() || !letter || name.contains("--")) {
      errors.add(at + "/port: no port name");
    }
  }

  private void exactlyOne(int handlers, String at) {
    if (handlers != 1) {
      errors.add(at + ": must specify one handler type, has " + handlers);
    }
  }

  // Placement -------------------------------------------------------------------------------------

  private void affinity(JsonNode affinity) {
    String at = "/spec/affinity";
    object(affinity, "nodeAffinity", at);
    for (String kind : List.of("podAffinity", "podAntiAffinity")) {
      JsonNode podAffinity = object(affinity, kind, at);
      String here = at + "/" + kind;
      for (JsonNode term :
          list(podAffinity, "requiredDuringSchedulingIgnoredDuringExecution", here)) {
        affinityTerm(term, here);
      }
      for (JsonNode weighted :
          list(podAffinity, "preferredDuringSchedulingIgnoredDuringExecution", here)) {
        long weight = integer(weighted, "weight", here, Integer.MIN_VALUE, Integer.MAX_VALUE, 0);
        if (weight < 1 || weight > 100) {
          errors.add(here + "/weight: must be in the range 1-100");
        }
        affinityTerm(object(weighted, "podAffinityTerm", here), here);
      }
    }
  }

  private void affinityTerm(JsonNode term, String at) {
    String key = string(term, "topologyKey", at);
    if (key.isEmpty()) {
      errors.add(at + "/topologyKey: required");
    } else {
      qualifiedName(key, at + "/topologyKey");
    }
    selector(term, at);
    strings(term, "namespaces", at);
    object(term, "namespaceSelector", at);
    // Unknown before 1.29, dropped before 1.31.
    List<String> more = new ArrayList<>(strings(term, "matchLabelKeys", at));
    more.addAll(strings(term, "mismatchLabelKeys", at));
    if (minor >= 31) {
      matchLabelKeys(term, more, at);
    }
  }

  private void spreadConstraints(JsonNode spec, String parent) {
    Set<String> pairs = new HashSet<>();
    for (JsonNode constraint : list(spec, "topologySpreadConstraints", parent)) {
      String at = parent + "/topologySpreadConstraints";
      if (integer(constraint, "maxSkew", at, Integer.MIN_VALUE, Integer.MAX_VALUE, 0) < 1) {
        errors.add(at + "/maxSkew: must be positive");
      }
      String key = string(constraint, "topologyKey", at);
      if (key.isEmpty()) {
        errors.add(at + "/topologyKey: required");
      } else {
        qualifiedName(key, at + "/topologyKey");
      }
      String otherwise =
          oneOf(constraint, "whenUnsatisfiable", at, "", "DoNotSchedule", "ScheduleAnyway");
      if (!pairs.add(key + " " + otherwise)) {
        errors.add(at + ": duplicate pair of topologyKey and whenUnsatisfiable");
      }
      if (present(constraint.path("minDomains"))
          && (integer(constraint, "minDomains", at, Integer.MIN_VALUE, Integer.MAX_VALUE, 0) < 1
              || !otherwise.equals("DoNotSchedule"))) {
        errors.add(at + "/minDomains: must be positive, and only with DoNotSchedule");
      }
      for (String policy : List.of("nodeAffinityPolicy", "nodeTaintsPolicy")) {
        if (present(constraint.path(policy))) {
          oneOf(constraint, policy, at, "", "Honor", "Ignore");
        }
      }
      selector(constraint, at);
      matchLabelKeys(constraint, strings(constraint, "matchLabelKeys", at), at);
    }
  }

  private void selector(JsonNode holder, String parent) {
    JsonNode selector = object(holder, "labelSelector", parent);
    String at = parent + "/labelSelector";
    for (Map.Entry<String, JsonNode> label : stringMap(selector, "matchLabels", at)) {
      qualifiedName(label.getKey(), at);
      labelValue(text(label.getValue()), at);
    }
    for (JsonNode expression : list(selector, "matchExpressions", at)) {
      qualifiedName(string(expression, "key", at), at);
      String operator =
          oneOf(expression, "operator", at, "", "In", "NotIn", "Exists", "DoesNotExist");
      List<String> values = strings(expression, "values", at);
      if (operator.endsWith("In") == values.isEmpty()) {
        errors.add(at + ": values go with In and NotIn");
      }
      values.forEach(value -> labelValue(value, at));
    }
  }

  private void matchLabelKeys(JsonNode holder, List<String> keys, String at) {
    JsonNode selector = holder.path("labelSelector");
    if (!keys.isEmpty() && !present(selector)) {
      errors.add(at + "/matchLabelKeys: must not be specified when labelSelector is not set");
    }
    Set<String> taken = new HashSet<>();
    stringMap(selector, "matchLabels", at).forEach(label -> taken.add(label.getKey()));
    list(selector, "matchExpressions", at)
        .forEach(expression -> taken.add(expression.path("key").asText()));
    for (String key : keys) {
      qualifiedName(key, at + "/matchLabelKeys");
      if (!taken.add(key)) {
        errors.add(at + "/matchLabelKeys: " + key + " is there already");
      }
    }
  }

  // Names -----------------------------------------------------------------------------------------

  private void qualifiedName(String name, String at) {
    int slash = name.indexOf('/');
    String prefix = slash < 0 ? null : name.substring(0, slash);
    String rest = name.substring(slash + 1);
    boolean prefixed =
        prefix == null || (prefix.length() <= 253 && SUBDOMAIN.matcher(prefix).matches());
    if (!prefixed || rest.length() > 63 || !NAME.matcher(rest).matches()) {
      errors.add(at + ": no qualified name: " + name);
    }
  }

  private void labelValue(String value, String at) {
    if (!value.isEmpty() && (value.length() > 63 || !NAME.matcher(value).matches())) {
      errors.add(at + ": no label value: " + value);
    }
  }

  // Decoding: null is absent, and in a list or map the zero value
  // -----------------------------------

  private static boolean present(JsonNode node) {
    return node != EMPTY && !node.isMissingNode() && !node.isNull();
  }

  private JsonNode object(JsonNode parent, String field, String at) {
    JsonNode node = parent.path(field);
    if (!present(node)) {
      return EMPTY;
    }
    return node.isObject() ? node : wrong(at, field, "an object", EMPTY);
  }

  /** The elements of a list of objects. */
  private List<JsonNode> list(JsonNode parent, String field, String at) {
    List<JsonNode> elements = new ArrayList<>();
    JsonNode node = parent.path(field);
    if (present(node) && !node.isArray()) {
      return wrong(at, field, "a list", elements);
    }
    for (JsonNode element : node) {
      if (present(element) && !element.isObject()) {
        return wrong(at, field, "a list of objects", List.of());
      }
      elements.add(present(element) ? element : EMPTY);
    }
    return elements;
  }

  private List<String> strings(JsonNode parent, String field, String at) {
    List<String> elements = new ArrayList<>();
    JsonNode node = parent.path(field);
    if (present(node) && !node.isArray()) {
      return wrong(at, field, "a list", elements);
    }
    for (JsonNode element : node) {
      if (present(element) && !element.isTextual()) {
        return wrong(at, field, "a list of strings", List.of());
      }
      elements.add(text(element));
    }
    return elements;
  }

  private Set<Map.Entry<String, JsonNode>> stringMap(JsonNode parent, String field, String at) {
    JsonNode map = object(parent, field, at);
    for (JsonNode value : map) {
      if (present(value) && !value.isTextual()) {
        return wrong(at, field, "a map of strings", Set.of());
      }
    }
    return map.properties();
  }

  private String string(JsonNode parent, String field, String at) {
    JsonNode node = parent.path(field);
    return !present(node) || node.isTextual() ? text(node) : wrong(at, field, "a string", "");
  }

  private void flag(JsonNode parent, String field, String at) {
    JsonNode node = parent.path(field);
    if (present(node) && !node.isBoolean()) {
      errors.add(at + "/" + field + ": must be true or false");
    }
  }

  /** Go takes integers without fraction and exponent only. */
  private long integer(
      JsonNode parent, String field, String at, long least, long most, long otherwise) {
    JsonNode node = parent.path(field);
    if (!present(node)) {
      return otherwise;
    }
    if (!node.isIntegralNumber()
        || !node.canConvertToLong()
        || node.longValue() < least
        || node.longValue() > most) {
      return wrong(at, field, "an integer", otherwise);
    }
    return node.longValue();
  }

  private String oneOf(
      JsonNode parent, String field, String at, String otherwise, String... words) {
    String word = string(parent, field, at);
    if (word.isEmpty() && !otherwise.isEmpty()) {
      return otherwise;
    }
    if (!List.of(words).contains(word)) {
      errors.add(at + "/" + field + ": unsupported value");
    }
    return word;
  }

  private <T> T wrong(String at, String field, String expected, T otherwise) {
    errors.add(at + "/" + field + ": must be " + expected);
    return otherwise;
  }

  private static String text(JsonNode node) {
    return node.isTextual() ? node.textValue() : "";
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
