package dev.holdfast.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.oracle.StrictJsonPatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code helm install} and {@code kubectl apply -k deploy/} install the same. What differs by
 * design: labels and annotations that tell who installed it, and hooks.
 */
class DriftTest {
  /** The values that give what an overlay gives. */
  private static final Map<String, String[]> SETTINGS =
      Map.of(
          "default", new String[0],
          "before-1.30", new String[0],
          "opt-in", new String[] {"scope=OptIn"},
          "overrides-denied", new String[] {"overrides=Denied"},
          "cert-manager", new String[] {"certificates.mode=certManager"},
          "generator", new String[] {"certificates.mode=generator"});

  static List<String> overlays() throws IOException {
    return Manifests.names();
  }

  private static Chart chart(String overlay) {
    return Chart.rendered(
        Chart.command("holdfast", "holdfast-system", SETTINGS.get(overlay))
            .withKubeVersion(overlay.equals("before-1.30") ? "1.29.0" : Chart.KUBERNETES));
  }

  /** One line a value, in no order, so that a failure names what differs. */
  private static Set<String> lines(JsonNode node) {
    Set<String> lines = new TreeSet<>();
    collect(node, "", lines);
    return lines;
  }

  private static void collect(JsonNode node, String path, Set<String> lines) {
    if (node.isObject()) {
      node.properties()
          .forEach(entry -> collect(entry.getValue(), path + "/" + entry.getKey(), lines));
    } else if (node.isArray() && !node.isEmpty() && node.get(0).isObject()) {
      for (JsonNode element : node) {
        // by name, as Kubernetes merges them; what has none, by all it holds
        String key = element.has("name") ? element.get("name").asText() : lines(element).toString();
        collect(element, path + "/" + key, lines);
      }
    } else {
      lines.add(path + " = " + node);
    }
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void workloads_are_the_same(String overlay) {
    for (String name : List.of("holdfast-webhook", "holdfast-controller")) {
      JsonNode ours = Manifests.written(overlay).get("Deployment", name).get("spec");
      JsonNode charts = chart(overlay).get("Deployment", name).get("spec");

      assertThat(lines(plain(ours)))
          .as(name)
          .containsExactlyInAnyOrderElementsOf(lines(plain(charts)));
    }
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void no_token_is_mounted_unless_a_pod_asks_for_it(String overlay) {
    for (Chart all :
        List.of(Manifests.roles(overlay), Manifests.written(overlay), chart(overlay))) {
      for (JsonNode account : all.ofKind("ServiceAccount")) {
        assertThat(account.path("automountServiceAccountToken"))
            .as(Chart.id(account))
            .isEqualTo(BooleanNode.FALSE);
      }
      for (String kind : List.of("Deployment", "CronJob", "Job")) {
        for (JsonNode workload : all.ofKind(kind)) {
          assertThat(workload.findValue("automountServiceAccountToken"))
              .as(Chart.id(workload))
              .isEqualTo(BooleanNode.TRUE);
        }
      }
    }
  }

  @Test
  void the_generator_works_the_same() {
    JsonNode ours = Manifests.written("generator").get("CronJob", "holdfast-certs").get("spec");
    JsonNode charts = chart("generator").get("CronJob", "holdfast-certs").get("spec");
    assertThat(lines(ours)).containsExactlyInAnyOrderElementsOf(lines(charts));

    String pod = "/spec/template/spec";
    JsonNode once = Manifests.written("generator").get("Job", "holdfast-certs").at(pod);
    JsonNode hook = chart("generator").get("Job", "holdfast-certs-after").at(pod);
    Set<String> rest = lines(once);
    rest.removeIf(line -> line.contains("/args = "));
    assertThat(rest)
        .containsExactlyInAnyOrderElementsOf(
            lines(hook).stream().filter(line -> !line.contains("/args = ")).toList());
  }

  /** Without the API server's defaults that the build spells out. */
  private static JsonNode plain(JsonNode spec) {
    ObjectNode plain = spec.deepCopy();
    JsonNode metadata = plain.at("/template/metadata");
    if (metadata.path("annotations").isEmpty()) {
      ((ObjectNode) metadata).remove("annotations");
    }
    for (JsonNode container : plain.at("/template/spec/containers")) {
      for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
        ObjectNode fields = (ObjectNode) container.get(probe);
        if (fields.path("initialDelaySeconds").asInt() == 0) {
          fields.remove("initialDelaySeconds");
        }
        if (fields.path("successThreshold").asInt(1) == 1) {
          fields.remove("successThreshold");
        }
      }
    }
    return plain;
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void registrations_are_the_same(String overlay) {
    for (String kind : List.of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")) {
      JsonNode ours = Manifests.written(overlay).get(kind, "holdfast");
      JsonNode charts = chart(overlay).get(kind, "holdfast");

      assertThat(lines(ours.get("webhooks")))
          .containsExactlyInAnyOrderElementsOf(lines(charts.get("webhooks")));
      assertThat(ours.at("/metadata/annotations")).isEqualTo(charts.at("/metadata/annotations"));
      assertThat(ours.findValue("caBundle")).as("else kubectl apply would write it").isNull();
    }
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void services_budgets_and_policies_are_the_same(String overlay) {
    for (String id :
        List.of(
            "Service/holdfast",
            "Service/holdfast-metrics",
            "PodDisruptionBudget/holdfast-webhook",
            "HardeningPolicy/default")) {
      String[] words = id.split("/");
      JsonNode ours = Manifests.written(overlay).get(words[0], words[1]).get("spec");
      JsonNode charts = chart(overlay).get(words[0], words[1]).get("spec");

      assertThat(lines(ours)).as(id).containsExactlyInAnyOrderElementsOf(lines(charts));
    }
  }

  @Test
  void what_cert_manager_is_asked_for_is_the_same() {
    for (String kind : List.of("Issuer", "Certificate")) {
      for (JsonNode charts : chart("cert-manager").ofKind(kind)) {
        JsonNode ours =
            Manifests.written("cert-manager").get(kind, charts.at("/metadata/name").asText());

        assertThat(lines(ours.get("spec")))
            .containsExactlyInAnyOrderElementsOf(lines(charts.get("spec")));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void both_bring_the_same_objects(String overlay) {
    Set<String> charts = new TreeSet<>();
    for (JsonNode object : chart(overlay).objects()) {
      if (!Chart.isHook(object) && Manifests.isWorthWriting(overlay, object)) {
        charts.add(Chart.id(object));
      }
    }
    Set<String> ours = new TreeSet<>(Chart.ids(Manifests.written(overlay).objects()));
    // Helm makes it with --create-namespace, and runs the Job as a hook
    ours.remove("Namespace/holdfast-system");
    ours.remove("Job/holdfast-certs");

    assertThat(ours).isEqualTo(charts);
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void rights_are_the_same(String overlay) {
    Chart ours = Manifests.roles(overlay);
    Chart charts = chart(overlay);

    for (String kind : List.of("ClusterRole", "Role")) {
      for (String name : List.of("holdfast-webhook", "holdfast-controller", "holdfast-certs")) {
        if (name.equals("holdfast-certs") && !overlay.equals("generator")) {
          continue;
        }
        assertThat(rights(charts.get(kind, name)))
            .as("%s %s: deploy/default/rbac.yaml and the chart's templates", kind, name)
            .containsExactlyInAnyOrderElementsOf(rights(ours.get(kind, name)));
        assertThat(bound(charts.get(kind + "Binding", name)))
            .isEqualTo(bound(ours.get(kind + "Binding", name)));
      }
    }
  }

  private static Set<String> rights(JsonNode role) {
    Set<String> rights = new TreeSet<>();
    for (JsonNode rule : role.get("rules")) {
      for (JsonNode group : rule.get("apiGroups")) {
        for (JsonNode resource : rule.get("resources")) {
          for (JsonNode verb : rule.get("verbs")) {
            for (JsonNode name : names(rule)) {
              rights.add(
                  verb.asText()
                      + " "
                      + group.asText()
                      + "/"
                      + resource.asText()
                      + (name.asText().isEmpty() ? "" : " " + name.asText()));
            }
          }
        }
      }
    }
    return rights;
  }

  private static JsonNode names(JsonNode rule) {
    return rule.has("resourceNames") ? rule.get("resourceNames") : Chart.tree("[\"\"]");
  }

  private static Set<String> bound(JsonNode binding) {
    Set<String> bound = new TreeSet<>();
    binding
        .get("subjects")
        .forEach(
            subject ->
                bound.add(
                    binding.at("/roleRef/kind").asText()
                        + "/"
                        + binding.at("/roleRef/name").asText()
                        + " to "
                        + subject.get("name").asText()));
    return bound;
  }

  /** No test of what kustomize does by itself: it knows of no image in a HardeningPolicy. */
  @Test
  void the_example_of_an_overlay_replaces_the_init_image() {
    Matcher example =
        Pattern.compile("```yaml\n([^`]*kind: Kustomization.*?)```", Pattern.DOTALL)
            .matcher(text(Path.of("docs/install.md")));
    assertThat(example.find()).isTrue();
    JsonNode patch = Chart.tree(example.group(1)).at("/patches/0");
    JsonNode policy = Manifests.written("default").get("HardeningPolicy", "default");
    assertThat(patch.get("target")).isEqualTo(Chart.tree("{kind: HardeningPolicy, name: default}"));

    JsonNode patched = StrictJsonPatch.apply(policy, Chart.tree(patch.get("patch").asText()));

    assertThat(patched.at("/spec/rules/init/image").asText())
        .isEqualTo(
            policy
                .at("/spec/rules/init/image")
                .asText()
                .replace("ghcr.io/holdfast-dev", "registry.example/team"));
  }

  /** For a Holdfast outside the cluster: the same but for where it is found. */
  @ParameterizedTest
  @ValueSource(strings = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})
  void the_registration_by_hand_differs_only_in_the_address(String kind) {
    JsonNode byHand = registration("deploy/webhooks.yaml", kind);
    JsonNode behindService = registration("deploy/default/registration.yaml", kind);

    byHand.get("webhooks").forEach(webhook -> ((ObjectNode) webhook).remove("clientConfig"));
    behindService.get("webhooks").forEach(webhook -> ((ObjectNode) webhook).remove("clientConfig"));
    assertThat(byHand).isEqualTo(behindService);
  }

  private static JsonNode registration(String file, String kind) {
    return Stream.of(file)
        .map(Path::of)
        .map(DriftTest::text)
        .flatMap(text -> Chart.parse(text).stream())
        .filter(object -> object.path("kind").asText().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
