package dev.holdfast.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import dev.holdfast.certs.Lifetimes;
import dev.holdfast.cli.Invocation;
import dev.holdfast.oracle.TypedObject;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * The chart, rendered by Helm itself. {@code src/test/resources/chart/CASE/} holds values and what
 * becomes of them; {@code -Dholdfast.update=true} writes the latter anew, read the difference then.
 */
class ChartTest {
  private static final boolean UPDATE = Boolean.getBoolean("holdfast.update");

  /** Of other projects: there is no model to read them by. */
  private static final Set<String> FOREIGN =
      Set.of(
          "cert-manager.io/v1 Certificate",
          "cert-manager.io/v1 Issuer",
          "monitoring.coreos.com/v1 PrometheusRule",
          "monitoring.coreos.com/v1 ServiceMonitor");

  static Stream<String> cases() throws IOException {
    return Chart.cases();
  }

  private static Chart rendered(String name) {
    return Chart.ofCase(name);
  }

  @Test
  void passes_the_strict_lint() {
    LintResult result = new Helm(Chart.FOLDER).lint().strict().call();

    assertThat(result.getMessages()).isEmpty();
    assertThat(result.isFailed()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void renders_as_expected(String name) throws IOException {
    Path expected = Chart.CASES.resolve(name).resolve("expected.yaml");
    String text = rendered(name).text();

    if (UPDATE) {
      Files.writeString(expected, text);
    }
    assertThat(text).isEqualTo(Files.readString(expected));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void every_object_is_one_that_kubernetes_knows(String name) throws Exception {
    for (JsonNode object : rendered(name).objects()) {
      String kind = object.get("apiVersion").asText() + " " + object.get("kind").asText();
      if (kind.equals("holdfast.dev/v1alpha1 HardeningPolicy")) {
        byte[] policy = object.toString().getBytes(StandardCharsets.UTF_8);
        assertThat(PolicyLoader.load(Chart.id(object), policy)).hasSize(1);
      } else if (!FOREIGN.contains(kind)) {
        assertThat(TypedObject.error(object)).as(Chart.id(object)).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void no_two_objects_are_the_same_one(String name) {
    assertThat(Chart.ids(rendered(name).objects())).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void every_pod_is_restricted(String name) {
    for (JsonNode template : rendered(name).podTemplates()) {
      JsonNode pod = template.get("spec");
      assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
      assertThat(pod.at("/securityContext/seccompProfile/type").asText())
          .isEqualTo("RuntimeDefault");
      for (JsonNode container : pod.get("containers")) {
        JsonNode context = container.get("securityContext");
        assertThat(context.at("/allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(context.at("/readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(context.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
        assertThat(container.at("/resources/requests/memory"))
            .isEqualTo(container.at("/resources/limits/memory"));
        assertThat(container.at("/resources/requests").has("cpu")).isTrue();
      }
    }
  }

  @Test
  void openshift_chooses_user_and_group_by_itself() {
    for (JsonNode template : rendered("openshift").podTemplates()) {
      assertThat(template.at("/spec/securityContext").properties())
          .extracting(Map.Entry::getKey)
          .containsExactlyInAnyOrder("runAsNonRoot", "seccompProfile");
    }
  }

  /** Two releases, and not one object that both would write. */
  @ParameterizedTest
  @CsvSource({
    "holdfast, holdfast-system, holdfast, other",
    "holdfast, shop, holdfast, other",
    "holdfast, shop, second, shop",
    "a, b-c, a-b, c",
    "shop, shop-holdfast-system, shop-holdfast, system"
  })
  void releases_never_meet(String release, String namespace, String second, String elsewhere) {
    String[] all = {"certificates.mode=generator", "networkPolicy.enabled=true"};
    Set<String> first = places(Chart.rendered(release, namespace, all), namespace);

    first.retainAll(places(Chart.rendered(second, elsewhere, all), elsewhere));

    // `defaultPolicy.enabled` says whose it is
    assertThat(first).containsExactly("HardeningPolicy/default");
  }

  private static Set<String> places(Chart chart, String namespace) {
    Set<String> places = new HashSet<>();
    for (JsonNode object : chart.objects()) {
      boolean clusterWide = object.at("/metadata/namespace").isMissingNode();
      if (!clusterWide) {
        assertThat(object.at("/metadata/namespace").asText()).isEqualTo(namespace);
      }
      places.add((clusterWide ? "" : namespace + "/") + Chart.id(object));
    }
    return places;
  }

  @Test
  void a_second_release_brings_nothing_that_the_first_has() {
    Chart second = Chart.rendered("second", "shop", "defaultPolicy.enabled=false");

    assertThat(second.ofKind("HardeningPolicy")).isEmpty();
  }

  @Test
  void long_names_fit() {
    String release = "r".repeat(53);

    for (JsonNode object : Chart.rendered(release, "n", "certificates.mode=generator").objects()) {
      assertThat(object.at("/metadata/name").asText()).hasSizeLessThan(53 + 11);
    }
  }

  /** Of YAML 1.1, as Helm's own reader: a plain {@code no} is false, and {@code 456} a number. */
  @ParameterizedTest
  @CsvSource({"no, 456, 123, off, off", "12, 'true', null, 34, y", "y, 0x1f, '0', 1, null"})
  void names_that_yaml_reads_as_something_else_stay_names(
      String release,
      String namespace,
      String secret,
      String name,
      String fullname,
      @TempDir Path folder)
      throws IOException {
    for (String mode : List.of("selfManaged", "generator", "certManager", "provided")) {
      assertThat(types(namedBy(folder, mode, release, namespace, secret, name, fullname)))
          .as(mode)
          .isEqualTo(types(namedBy(folder, mode, "blue", "shop", "pair", "green", "guard")));
    }
  }

  private static Chart namedBy(
      Path folder,
      String mode,
      String release,
      String namespace,
      String secret,
      String name,
      String fullname)
      throws IOException {
    Path values =
        Files.writeString(
            folder.resolve("values.yaml"),
            "nameOverride: '%1$s'\nfullnameOverride: '%2$s'\npriorityClassName: '%1$s'\n"
                    .formatted(name, fullname)
                + "certificates: {secretName: '%s', clusterDomain: '%s'}\n".formatted(secret, name)
                + "policies: [{name: '%s', spec: {}}]\n".formatted(name));
    return Chart.rendered(
        Chart.command(
                release,
                namespace,
                "networkPolicy.enabled=true",
                "serviceMonitor.enabled=true",
                "prometheusRule.enabled=true",
                "certificates.mode=" + mode)
            .withValuesFile(values));
  }

  /** What each value of each object is, by its place. */
  private static Map<String, String> types(Chart chart) {
    Map<String, String> types = new TreeMap<>();
    int count = 0;
    for (Object object : new Yaml().loadAll(chart.text())) {
      collect(object, String.valueOf(count++), types);
    }
    assertThat(types).isNotEmpty();
    return types;
  }

  private static void collect(Object value, String path, Map<String, String> types) {
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, below) -> collect(below, path + "/" + key, types));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        collect(list.get(i), path + "/" + i, types);
      }
    } else {
      types.put(path, value == null ? "null" : value.getClass().getSimpleName());
    }
  }

  @Test
  void its_own_namespace_is_never_asked_about() {
    Chart chart = Chart.rendered("holdfast", "somewhere", "excludeNamespaces[0]=legacy");

    for (String kind : List.of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")) {
      JsonNode webhook = chart.ofKind(kind).get(0).at("/webhooks/0");
      JsonNode expression = webhook.at("/namespaceSelector/matchExpressions/0");
      assertThat(expression.get("key").asText()).isEqualTo("kubernetes.io/metadata.name");
      assertThat(expression.get("operator").asText()).isEqualTo("NotIn");
      assertThat(expression.get("values"))
          .extracting(JsonNode::asText)
          .containsExactly("kube-system", "kube-public", "kube-node-lease", "somewhere", "legacy");
    }
    assertThat(chart.get("HardeningPolicy", "default").at("/spec/excludeNamespaces/0").asText())
        .isEqualTo("legacy");
  }

  @Test
  void asks_about_new_pods_only_and_lets_them_start_without_an_answer() {
    JsonNode webhook =
        Chart.rendered("holdfast", "holdfast-system")
            .get("MutatingWebhookConfiguration", "holdfast")
            .at("/webhooks/0");

    assertThat(webhook.get("rules").toString())
        .isEqualTo(
            "[{\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods\"],"
                + "\"operations\":[\"CREATE\"],\"scope\":\"Namespaced\"}]");
    assertThat(webhook.get("failurePolicy").asText()).isEqualTo("Ignore");
    assertThat(webhook.get("timeoutSeconds").asInt()).isEqualTo(2);
    assertThat(webhook.get("reinvocationPolicy").asText()).isEqualTo("IfNeeded");
    assertThat(webhook.get("sideEffects").asText()).isEqualTo("None");
    assertThat(webhook.at("/objectSelector/matchExpressions/0").toString())
        .isEqualTo("{\"key\":\"holdfast.dev/mode\",\"operator\":\"NotIn\",\"values\":[\"off\"]}");
    assertThat(webhook.at("/clientConfig").has("caBundle")).isFalse();
  }

  @Test
  void the_registry_look_up_has_time() {
    assertThat(timeout("registryLookUp.enabled=true")).isEqualTo(5);
    assertThat(timeout("registryLookUp.enabled=true", "webhook.timeoutSeconds=9")).isEqualTo(9);
  }

  private static int timeout(String... settings) {
    return Chart.rendered("holdfast", "holdfast-system", settings)
        .get("MutatingWebhookConfiguration", "holdfast")
        .at("/webhooks/0/timeoutSeconds")
        .asInt();
  }

  /** Else pods labelled off would pass by a policy that does not let them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "overrides=Denied",
        "policies[0].name=strict,policies[0].spec.overrides=Denied",
      })
  void where_overrides_are_denied_pods_labelled_off_are_asked_about(String settings) {
    JsonNode webhook =
        Chart.rendered("holdfast", "holdfast-system", settings.split(","))
            .get("MutatingWebhookConfiguration", "holdfast")
            .at("/webhooks/0");

    assertThat(webhook.has("objectSelector")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "scope=OptIn, true",
    "scope=Cluster, false",
    "scope=OptIn policies[0].name=a policies[0].spec.scope=OptIn, true",
    "scope=OptIn policies[0].name=a policies[0].spec.mode=Audit, false",
    "defaultPolicy.enabled=false, false"
  })
  void only_who_opts_in_is_asked_about_if_all_policies_say_so(String settings, boolean selective) {
    JsonNode selector =
        Chart.rendered("holdfast", "holdfast-system", settings.split(" "))
            .get("MutatingWebhookConfiguration", "holdfast")
            .at("/webhooks/0/namespaceSelector");

    assertThat(selector.toString().contains("holdfast.dev/mode")).isEqualTo(selective);
  }

  /** YAML takes a plain {@code Off} for {@code false}. */
  @Test
  void off_is_off() throws Exception {
    Chart chart = rendered("policies");

    HardeningPolicy policy = load(chart.get("HardeningPolicy", "default"));
    assertThat(policy.mode()).hasToString("OFF");
    assertThat(chart.get("HardeningPolicy", "default").at("/spec/rules/antiAffinity/mode"))
        .hasToString("\"Off\"");
  }

  private static HardeningPolicy load(JsonNode policy) throws Exception {
    return PolicyLoader.load("policy", policy.toString().getBytes(StandardCharsets.UTF_8)).get(0);
  }

  @Test
  void a_pause_is_there_only_where_kubernetes_has_it() {
    String place = "/spec/template/spec/containers/0/lifecycle/preStop/sleep/seconds";

    for (String version : List.of("1.30.0", "1.36.2", "1.33.4-gke.100")) {
      Chart chart =
          Chart.rendered(Chart.command("holdfast", "holdfast-system").withKubeVersion(version));
      assertThat(chart.get("Deployment", "holdfast-webhook").at(place).asInt()).isEqualTo(5);
    }
    Chart old =
        Chart.rendered(
            Chart.command("holdfast", "holdfast-system").withKubeVersion("1.29.6-eks-1"));
    assertThat(old.get("Deployment", "holdfast-webhook").at(place).isMissingNode()).isTrue();
  }

  @Test
  void the_webhook_may_write_nothing() {
    Chart chart = Chart.rendered("holdfast", "holdfast-system");

    for (String kind : List.of("ClusterRole", "Role")) {
      assertThat(verbs(chart.get(kind, "holdfast-webhook"))).isSubsetOf("get", "list", "watch");
    }
  }

  private static Set<String> verbs(JsonNode role) {
    Set<String> verbs = new TreeSet<>();
    role.get("rules").forEach(rule -> rule.get("verbs").forEach(verb -> verbs.add(verb.asText())));
    return verbs;
  }

  @ParameterizedTest
  @ValueSource(strings = {"selfManaged", "generator", "certManager"})
  void only_who_makes_certificates_may_write_secrets_or_see_the_key_of_the_ca(String mode) {
    Chart chart = Chart.rendered("holdfast", "holdfast-system", "certificates.mode=" + mode);
    Set<String> makers = new TreeSet<>();
    for (JsonNode role : chart.ofKind("Role")) {
      for (JsonNode rule : role.get("rules")) {
        if (rule.get("resources").toString().contains("secrets")
            && (rule.toString().contains("-ca\"")
                || rule.get("verbs").toString().matches(".*(create|update|patch).*"))) {
          makers.add(role.at("/metadata/name").asText());
        }
      }
    }

    assertThat(makers)
        .isEqualTo(
            switch (mode) {
              case "selfManaged" -> Set.of("holdfast-controller");
              case "generator" -> Set.of("holdfast-certs", "holdfast-certs-install");
              default -> Set.of();
            });
  }

  /**
   * They may wait for replicas while an authority is replaced, and shall not be killed meanwhile.
   */
  @Test
  void jobs_wait_for_less_than_their_deadline() {
    List<JsonNode> objects = new ArrayList<>(rendered("generator").objects());
    objects.addAll(Manifests.written("generator").objects());
    List<Duration> spare = new ArrayList<>();
    for (JsonNode object : objects) {
      JsonNode job =
          object.at(object.at("/spec/jobTemplate").isObject() ? "/spec/jobTemplate/spec" : "/spec");
      JsonNode arguments = job.at("/template/spec/containers/0/args");
      if (arguments.path(0).asText().equals("certs")) {
        spare.add(
            Duration.ofSeconds(job.get("activeDeadlineSeconds").asLong()).minus(wait(arguments)));
      }
    }

    assertThat(spare)
        .hasSize(5)
        .allSatisfy(time -> assertThat(time).isGreaterThanOrEqualTo(Duration.ofMinutes(1)));
  }

  /** What {@code --wait} says, or is by default. */
  private static Duration wait(JsonNode arguments) {
    for (int i = 0; i < arguments.size(); i++) {
      if (arguments.get(i).asText().equals("--wait")) {
        return Lifetimes.parse(arguments.get(i + 1).asText());
      }
    }
    return Duration.ofMinutes(5);
  }

  @Test
  void the_given_ca_is_in_both_configurations() {
    Chart chart = rendered("provided");

    for (String kind : List.of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")) {
      String bundle = chart.get(kind, "holdfast").at("/webhooks/0/clientConfig/caBundle").asText();
      assertThat(new String(Base64.getDecoder().decode(bundle), StandardCharsets.US_ASCII))
          .startsWith("-----BEGIN CERTIFICATE-----\n");
    }
  }

  /** We meet our own rules, in a namespace that they apply to. */
  @ParameterizedTest
  @MethodSource("cases")
  void has_nothing_that_holdfast_would_change(String name, @TempDir Path folder)
      throws IOException {
    String text =
        Chart.rendered(
                Chart.command("release", "shop")
                    .withValuesFile(Chart.CASES.resolve(name).resolve("values.yaml")))
            .text();
    Path file = Files.writeString(folder.resolve("chart.yaml"), text);

    var result = Invocation.of("harden", "-o", "diff", "-f", file.toString());

    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).isEmpty();
  }

  /** Words of the message that says what is wrong, where and what is allowed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "replicaCount=2 | additional properties 'replicaCount' not allowed",
        "webhook.replica=2 | at '/webhook': additional properties 'replica' not allowed",
        "webhook.replicas=two | at '/webhook/replicas': got string, want integer",
        "webhook.replicas=-1 | at '/webhook/replicas': minimum: got -1, want 0",
        "webhook.timeoutSeconds=31 | at '/webhook/timeoutSeconds': maximum: got 31, want 30",
        "webhook.url=http://a | at '/webhook/url'",
        "webhook.failurePolicy=ignore | at '/webhook/failurePolicy': value must be one of 'Ignore', 'Fail'",
        "profile=strict | at '/profile': value must be one of 'minimal', 'standard', 'full'",
        "mode=Enforced | at '/mode': value must be one of 'Off', 'Audit', 'Enforce'",
        "scope=Namespace | at '/scope': value must be one of 'Cluster', 'OptIn'",
        "rules.preStop.seconds=5 | at '/rules/preStop': additional properties 'seconds' not allowed",
        "rules.preStop.sleepSeconds=3601 | at '/rules/preStop/sleepSeconds': maximum: got 3,601, want 3,600",
        "policies[0].spec.mode=Audit | at '/policies/0': missing property 'name'",
        "certificates.mode=vault | value must be one of 'selfManaged', 'generator', 'certManager', 'provided'",
        "certificates.leafLifetime=90 | at '/certificates/leafLifetime'",
        "certificates.mode=certManager,certificates.leafLifetime=59m | cert-manager makes no certificate that lives for less than 1h",
        "certificates.leafLifetime=0d | at '/certificates/leafLifetime'",
        "certificates.mode=certManager,certificates.leafLifetime=10y,certificates.caLifetime=1y | at '/certificates/leafLifetime': \"10y\" is too long, expected less than half of caLifetime, which is 1y",
        "certificates.mode=certManager,certificates.leafLifetime=6h,certificates.caLifetime=12h | expected less than half of caLifetime",
        "certificates.mode=generator,certificates.leafLifetime=95h | at '/certificates/leafLifetime': \"95h\" is too short for a CronJob that runs once a day, expected at least 4d",
        "controller.replicas=0 | at '/controller/replicas': certificates.mode selfManaged needs the controller",
        "webhook.tolerations[0].kee=a | at '/webhook/tolerations/0': additional properties 'kee' not allowed",
        "webhook.affinity.nodeAffinty.a=b | at '/webhook/affinity': additional properties 'nodeAffinty' not allowed",
        "webhook.affinity.podAffinity.required[0]=b | at '/webhook/affinity/podAffinity': additional properties 'required' not allowed",
        "webhook.topologySpreadConstraints[0].maxSkeww=1 | additional properties 'maxSkeww' not allowed",
        "webhook.extraEnv[0].name=A,webhook.extraEnv[0].valuee=b | at '/webhook/extraEnv/0': additional properties 'valuee' not allowed",
        "controller.extraEnv[0].name=A,controller.extraEnv[0].value=1 | at '/controller/extraEnv/0/value': got number, want string",
        "controller.extraRules[0].apiGroup[0]=a | at '/controller/extraRules/0': additional properties 'apiGroup' not allowed",
        "hooks.tolerations[0].kee=a | at '/hooks/tolerations/0': additional properties 'kee' not allowed",
        "networkPolicy.metricsFrom[0].podSelectr.a=b | at '/networkPolicy/metricsFrom/0': additional properties 'podSelectr' not allowed",
        "certificates.certManager.issuerRef.kind=ClusterIssuer | at '/certificates/certManager/issuerRef': name is missing",
        "policies=null | missing property 'policies'",
        "webhook=null | missing property 'webhook'",
        "commonLabels.team=a b | at '/commonLabels/team': 'a b' does not match pattern",
        "commonLabels.a b=c | at '/commonLabels': additional properties 'a b' not allowed",
        "certificates.generator.schedule=every day | at '/certificates/generator/schedule': 'every day' does not match pattern",
        "certificates.generator.schedule=every day at 3 am | at '/certificates/generator/schedule'",
        "fullnameOverride=1a | a Service cannot have the name \"1a\", which must start with a letter",
        "certificates.mode=certManager,webhook.url=https://u:p@a.b | at '/webhook/url': user information is not permitted in it",
        "certificates.mode=certManager,webhook.url=https://10.0.0.256 | at '/webhook/url': its host must be a name or an IP address, it is \"10.0.0.256\"",
        "certificates.mode=certManager,webhook.url=https://:8443/a | at '/webhook/url': its host must be a name or an IP address",
        "image.digest=sha256:1 | at '/image/digest'",
        "image.tag=a b | at '/image/tag'",
        "excludeNamespaces[0]=Shop | at '/excludeNamespaces/0'",
        "logLevel=LOUD | at '/logLevel'",
        "webhook.podLabels.a=1 | at '/webhook/podLabels/a': got number, want string",
        "rules.readinessProbe.timeoutSeconds=9 | at '/rules/readinessProbe/timeoutSeconds': timeoutSeconds must not exceed periodSeconds: it is 9, the other is 5",
        "webhook.namespaceExpressions[0].key=a,webhook.namespaceExpressions[0].operator=In | at '/webhook/namespaceExpressions/0': the operator In needs values",
        "webhook.podLabels.app\\.kubernetes\\.io/name=x | at '/webhook/podLabels': the label app.kubernetes.io/name is set by the chart itself",
        "controller.podLabels.app\\.kubernetes\\.io/instance=x | at '/controller/podLabels': the label app.kubernetes.io/instance is set",
        "commonLabels.app\\.kubernetes\\.io/component=zzz | at '/commonLabels': the label app.kubernetes.io/component is set",
        "dashboard.labels.helm\\.sh/chart=x | at '/dashboard/labels': the label helm.sh/chart is set",
        "webhook.port=9000 | webhook.port and webhook.managementPort are both 9000",
        "certificates.mode=provided | certificates.mode provided needs certificates.secretName",
        "webhook.url=https://a.example | webhook.url needs certificates.mode provided or certManager",
        "policies[0].name=default,policies[0].spec.mode=Audit | set defaultPolicy.enabled to false to bring your own",
      })
  void refuses_a_wrong_value(String settings, String words) {
    assertThatThrownBy(() -> Chart.rendered("holdfast", "holdfast-system", settings.split(",")))
        .hasMessageContaining(words);
  }

  /** Else its pods would end at once, again and again. */
  @ParameterizedTest
  @ValueSource(strings = {"101y", "36501d", "876001h", "52560001m", "999999999h", "999999999y"})
  void refuses_a_lifetime_that_serve_refuses_in_its_words(String life) {
    String words =
        catchThrowableOfType(
                IllegalArgumentException.class,
                () -> new Lifetimes(Lifetimes.parse(life), Lifetimes.parse(life)))
            .getMessage();

    for (String key : List.of("leafLifetime", "caLifetime")) {
      assertThatThrownBy(
              () ->
                  Chart.rendered("holdfast", "holdfast-system", "certificates." + key + "=" + life))
          .hasMessageContaining("at '/certificates/%s': %s".formatted(key, words));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1s", "100y", "36500d", "876000h", "52560000m", "999999999s"})
  void takes_a_lifetime_that_serve_takes(String life) {
    assertThat(new Lifetimes(Lifetimes.parse(life), Lifetimes.parse(life))).isNotNull();
    assertThat(
            Chart.rendered("holdfast", "holdfast-system", "certificates.leafLifetime=" + life)
                .text())
        .contains(life);
  }

  @ParameterizedTest
  @CsvSource({"90d, 5y, 2160h, 43800h", "1h, 150m, 1h, 9000s"})
  void cert_manager_is_told_the_lifetimes(String leaf, String ca, String leafs, String cas) {
    Chart chart =
        Chart.rendered(
            "holdfast",
            "holdfast-system",
            "certificates.mode=certManager",
            "certificates.leafLifetime=" + leaf,
            "certificates.caLifetime=" + ca);

    assertThat(chart.get("Certificate", "holdfast-tls").at("/spec/duration").asText())
        .isEqualTo(leafs);
    assertThat(chart.get("Certificate", "holdfast-tls-ca").at("/spec/duration").asText())
        .isEqualTo(cas);
  }

  @Test
  void cert_manager_renews_the_ca_with_the_same_key() {
    Chart chart = rendered("cert-manager");
    Chart deployed = Manifests.written("cert-manager");

    for (Chart all : List.of(chart, deployed)) {
      assertThat(all.get("Certificate", "holdfast-tls-ca").at("/spec/privateKey/rotationPolicy"))
          .hasToString("\"Never\"");
    }
  }

  @Test
  void a_ca_that_is_not_ours_may_live_as_long_as_it_likes() {
    String[] settings = {
      "certificates.mode=certManager",
      "certificates.certManager.issuerRef.name=platform",
      "certificates.leafLifetime=10y"
    };

    assertThat(Chart.rendered("holdfast", "holdfast-system", settings).ofKind("Certificate"))
        .hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "https://a.example, dnsNames, a.example",
    "https://a.example:8443/b@c, dnsNames, a.example",
    "https://10.a, dnsNames, 10.a",
    "https://10.0.0.1, ipAddresses, 10.0.0.1",
    "https://10.0.0.1:8443/a, ipAddresses, 10.0.0.1",
    "https://[fd00::1], ipAddresses, fd00::1",
    "https://[fd00::1]:8443/a, ipAddresses, fd00::1"
  })
  void cert_manager_is_told_names_and_addresses_apart(String url, String key, String host) {
    JsonNode spec =
        Chart.rendered(
                "holdfast",
                "holdfast-system",
                "certificates.mode=certManager",
                "webhook.url=" + url)
            .get("Certificate", "holdfast-tls")
            .get("spec");

    assertThat(spec.get(key)).extracting(JsonNode::asText).containsExactly(host);
    assertThat(spec.has("dnsNames")).isEqualTo(key.equals("dnsNames"));
  }

  /** Less than what is left of a certificate when its renewal is due, else it is no news. */
  @ParameterizedTest
  @CsvSource({
    "selfManaged, 90d, 604800",
    "selfManaged, 7d, 151200",
    "certManager, 8h, 7200",
    "selfManaged, 2s, 0",
    "generator, 90d, 604800",
    "generator, 12d, 86400",
    "provided, 1h, 604800"
  })
  void an_alert_tells_of_a_renewal_that_is_overdue(String mode, String leaf, long seconds) {
    Chart chart =
        Chart.rendered(
            "holdfast",
            "holdfast-system",
            "prometheusRule.enabled=true",
            "certificates.secretName=pair",
            "certificates.mode=" + mode,
            "certificates.leafLifetime=" + leaf);

    assertThat(chart.get("PrometheusRule", "holdfast").findValuesAsText("expr"))
        .filteredOn(expression -> expression.contains("certificate_expiry"))
        .allSatisfy(expression -> assertThat(expression).endsWith(") < " + seconds))
        .hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "certificates.mode=generator;certificates.leafLifetime=4d",
        "certificates.mode=generator;certificates.leafLifetime=1d;certificates.generator.schedule=0 * * * *",
        "certificates.mode=generator;controller.replicas=0"
      })
  void takes_what_somebody_renews_in_time(String settings) {
    assertThat(Chart.rendered("holdfast", "holdfast-system", settings.split(";")).ofKind("CronJob"))
        .hasSize(1);
  }

  /** No selector of pods matches those in the node's network. */
  @ParameterizedTest
  @CsvSource({"false, true", "true, false"})
  void webhooks_are_reached_through_network_policies(boolean hostNetwork, boolean selected) {
    Chart chart =
        Chart.rendered(
            "holdfast",
            "holdfast-system",
            "networkPolicy.enabled=true",
            "webhook.port=10260",
            "webhook.hostNetwork=" + hostNetwork);

    for (String name : List.of("holdfast-controller", "holdfast-jobs")) {
      assertThat(chart.get("NetworkPolicy", name).at("/spec/egress"))
          .filteredOn(rule -> rule.at("/ports/0/port").asInt() == 10260)
          .as(name)
          .allSatisfy(rule -> assertThat(rule.has("to")).isEqualTo(selected))
          .hasSize(1);
    }
  }

  /** Its release would be half installed when the API server refuses the Service. */
  @ParameterizedTest
  @ValueSource(strings = {"a.b", "1abc"})
  void refuses_a_release_whose_service_could_not_be_named(String release) {
    assertThatThrownBy(() -> Chart.rendered(release, "shop"))
        .hasMessageContaining("a Service cannot have the name \"%s-holdfast\"".formatted(release));

    assertThat(Chart.rendered(release, "shop", "fullnameOverride=guard").ofKind("Service"))
        .isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "@daily",
        "@every 1h30m",
        "0 */6 * * *",
        "5,35 1-3 1 jan-MAR/2 SUN",
        "0  0 ? * 1-5"
      })
  void takes_the_schedules_that_kubernetes_takes(String schedule) {
    Chart chart =
        Chart.rendered(
            Chart.command("holdfast", "holdfast-system", "certificates.mode=generator")
                .set("certificates.generator.schedule", schedule));

    assertThat(chart.get("CronJob", "holdfast-certs").at("/spec/schedule").asText())
        .isEqualTo(schedule);
  }

  @Test
  void is_not_for_a_kubernetes_older_than_the_documentation_says() throws IOException {
    assertThat(Files.readString(Path.of("docs/install.md"))).contains("Kubernetes 1.28 or newer");
    Chart.rendered(Chart.command("holdfast", "holdfast-system").withKubeVersion("1.28.0-eks-1"));

    assertThatThrownBy(
            () ->
                Chart.rendered(
                    Chart.command("holdfast", "holdfast-system").withKubeVersion("1.27.16")))
        .hasMessageContaining("chart requires kubeVersion: >=1.28.0-0");
  }

  /** What the user sets and the chart sets as well: once, and the user's. */
  @Test
  void no_key_stands_there_twice() {
    String team = "commonLabels.team=a,webhook.podLabels.team=b,controller.podLabels.team=b";
    String monitoring =
        "serviceMonitor.enabled=true,serviceMonitor.labels.team=b,prometheusRule.enabled=true,"
            + "prometheusRule.labels.team=b,dashboard.enabled=true,dashboard.labels.team=b";
    String annotation = "controller.podAnnotations.holdfast\\.dev/pre-stop=5s";

    Chart chart =
        Chart.rendered(
            "holdfast",
            "holdfast-system",
            String.join(",", team, monitoring, annotation).split(","));

    LoaderOptions strict = new LoaderOptions();
    strict.setAllowDuplicateKeys(false);
    assertThat(new Yaml(strict).loadAll(chart.text())).isNotEmpty();
    assertThat(chart.get("ServiceMonitor", "holdfast").at("/metadata/labels/team").asText())
        .isEqualTo("b");
    JsonNode pod = chart.get("Deployment", "holdfast-controller").at("/spec/template/metadata");
    assertThat(pod.at("/labels/team").asText()).isEqualTo("b");
    assertThat(pod.at("/annotations/holdfast.dev~1pre-stop").asText()).isEqualTo("5s");
  }

  /** Policies that are wrong in what no value can say alone. */
  private static final List<String> TOGETHER =
      List.of(
          "{rules: {readinessProbe: {timeoutSeconds: 9}}}",
          "{rules: {readinessProbe: {periodSeconds: 2}}}",
          "{rules: {terminationGrace: {shutdownSeconds: 900}}}",
          "{rules: {preStop: {drain: {minimumSeconds: 26}}}}",
          "{rules: {preStop: {drain: {minimumSeconds: 9, maximumSeconds: 8}}}}",
          "{podSelector: {matchExpressions: [{key: a, operator: In}]}}",
          "{podSelector: {matchExpressions: [{key: a, operator: Exists}, {key: a, operator: In, values: []}]}}",
          "{namespaceSelector: {matchExpressions: [{key: a, operator: NotIn}]}}",
          "{namespaceSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
          "{namespaceSelector: {matchExpressions: [{key: a, operator: DoesNotExist, values: [b]}]}}");

  static List<String> together() {
    return TOGETHER;
  }

  /** The API server would, when half of the release is installed. */
  @ParameterizedTest
  @MethodSource("together")
  void refuses_what_the_loader_refuses_in_its_words(String spec, @TempDir Path folder)
      throws IOException {
    PolicyException.Problem problem = problem(spec);
    Path values =
        Files.writeString(
            folder.resolve("values.yaml"), "policies: [{name: mine, spec: " + spec + "}]");

    assertThatThrownBy(
            () ->
                Chart.rendered(Chart.command("holdfast", "holdfast-system").withValuesFile(values)))
        .hasMessageContaining(
            "at '/policies/0%s': %s".formatted(problem.pointer(), problem.message()));
  }

  private static PolicyException.Problem problem(String spec) {
    String policy =
        "{apiVersion: holdfast.dev/v1alpha1, kind: HardeningPolicy, metadata: {name: mine}, spec: %s}"
            .formatted(spec);
    PolicyException refusal =
        catchThrowableOfType(
            PolicyException.class,
            () -> PolicyLoader.load("policy", policy.getBytes(StandardCharsets.UTF_8)));
    return refusal.problems().get(0);
  }

  /** Names of labels apart: those the schema of the values checks. */
  @Test
  void every_comparison_of_the_custom_resource_is_among_these() {
    Set<String> known = new TreeSet<>();
    for (String spec : TOGETHER) {
      known.add(problem(spec).message().replaceFirst(": it is .*", ""));
    }
    Set<String> compared = new TreeSet<>();
    Chart.read(Chart.FOLDER.resolve("crds/hardeningpolicies.holdfast.dev.yaml"))
        .findValues("x-kubernetes-validations")
        .forEach(rules -> rules.forEach(rule -> compared.add(rule.get("message").asText())));
    compared.removeIf(message -> message.startsWith("a name is not allowed as a key"));

    assertThat(known).isEqualTo(compared);
  }

  @Test
  void an_empty_list_of_values_is_fine_as_part_of_another_chart() {
    assertThat(Chart.rendered("holdfast", "holdfast-system", "global.any=thing").objects())
        .isNotEmpty();
  }

  @Test
  void the_custom_resource_is_that_of_the_application() throws IOException {
    Path ours = Chart.FOLDER.resolve("crds/hardeningpolicies.holdfast.dev.yaml");
    String theirs = Files.readString(Path.of("deploy/crd/hardeningpolicies.holdfast.dev.yaml"));
    if (UPDATE) {
      Files.writeString(ours, theirs);
    }
    assertThat(ours).hasContent(theirs);
  }

  @Test
  void the_version_is_that_of_the_application() throws IOException {
    Matcher version =
        Pattern.compile("<artifactId>holdfast</artifactId>\\s*<version>([^<-]+)")
            .matcher(Files.readString(Path.of("pom.xml")));
    assertThat(version.find()).isTrue();

    JsonNode chart = Chart.read(Chart.FOLDER.resolve("Chart.yaml"));
    assertThat(chart.get("appVersion").asText()).isEqualTo(version.group(1));
  }

  @Test
  void alerts_and_dashboard_use_metrics_that_there_are() throws IOException {
    String known = Files.readString(Path.of("docs/reference/configuration.md"));
    String used =
        Files.readString(Chart.FOLDER.resolve("templates/prometheusrule.yaml"))
            + Files.readString(Chart.FOLDER.resolve("dashboards/holdfast.json"));
    List<String> unknown = new ArrayList<>();
    Matcher metric = Pattern.compile("\\bholdfast_[a-z_]+").matcher(used);
    int count = 0;
    while (metric.find()) {
      count++;
      String name = metric.group().replaceAll("_bucket$", "");
      if (!known.contains("`" + name)) {
        unknown.add(name);
      }
    }

    assertThat(count).isGreaterThan(10);
    assertThat(unknown).isEmpty();
  }

  @Test
  void the_dashboard_is_json() {
    JsonNode map = rendered("everything").get("ConfigMap", "holdfast-dashboard");

    assertThat(Chart.tree(map.at("/data/holdfast.json").asText()).path("panels")).isNotEmpty();
  }
}
