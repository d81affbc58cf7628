package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.holdfast.oracle.StrictJsonPatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HardenCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final YAMLMapper YAML = new YAMLMapper();

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web} # ours
      spec:
        containers:
          - name: app
            image: "registry.example/web:1"   # pinned
      """;

  private static final String HARDENED_POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web, annotations: {holdfast.dev/hardened: 'pre-stop,termination-grace'}} # ours
      spec:
        containers:
          - name: app
            image: "registry.example/web:1"   # pinned
            lifecycle:
              preStop:
                sleep:
                  seconds: 10
        terminationGracePeriodSeconds: 40
      """;

  @TempDir private Path folder;

  private static List<JsonNode> documents(String yaml) throws IOException {
    return YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml).readAll();
  }

  private Path file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private static String deployment(String name, String more) {
    return """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: %s
        spec:
        %s  selector: {matchLabels: {app: %s}}
          template:
            metadata: {labels: {app: %s}}
            spec:
              containers:
                - name: app
                  image: registry.example/web:1
                  ports: [{name: http, containerPort: 8080}]
        """
        .formatted(name, more, name, name);
  }

  @Nested
  class InAPipe {
    @Test
    void keeps_comments_quoting_and_order_of_what_it_changes() {
      var result = Invocation.piping(POD).run("harden", "--profile", "minimal");

      assertThat(result).isEqualTo(new Invocation.Result(0, HARDENED_POD, ""));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "\n",
          "# nothing but words",
          "# words\n---\n# more words\n...\n",
          "just a text",
          "[1, 2]",
          "kind: Service\r\napiVersion: v1\r\nspec:   {ports: [ ]}  \r\n# end",
          "\uFEFFkind: ConfigMap\n",
          "a: &a {b: 1}\nc: *a\n---\n{\"x\" : 1e3}\n---\n!!str d\n",
          "apiVersion: example.dev/v1\nkind: Deployment\nspec:\n  template:\n    spec: {containers: [{name: a}]}\n",
          "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: {name: other}\nspec: {mode: Off}\n",
          "{\"kind\":\"Service\"}{\"kind\":\"Pod\"}\n",
          "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: kube-system}\nspec: {containers: [{name: a}]}",
          "apiVersion: apps/v1\nkind: Deployment\nspec: {template: null}\n",
          "apiVersion: v1\nkind: List\nitems:\n"
        })
    void passes_everything_else_through_byte_for_byte(String text) {
      var result = Invocation.piping(text).run("harden");

      assertThat(result).isEqualTo(new Invocation.Result(0, text, ""));
    }

    @Test
    void changes_nothing_around_the_documents_that_it_changes() {
      String before = "# Source: a\n---\nkind:   Service # odd\n---\n# Source: b\n";
      String after = "---\n# last\nkind: ConfigMap\ndata: {a: 'kind: Pod'}\n...\n";

      var result = Invocation.piping(before + POD + after).run("harden", "--profile", "minimal");

      assertThat(result.out()).isEqualTo(before + HARDENED_POD + after);
    }

    @Test
    void gives_the_same_with_and_without_a_name_for_standard_input() {
      assertThat(Invocation.piping(POD).run("harden", "-f", "-", "-o", "yaml"))
          .isEqualTo(Invocation.piping(POD).run("harden"));
    }

    @Test
    void finds_nothing_to_do_in_its_own_output() {
      String once = Invocation.piping(deployment("web", "")).run("harden").out();

      assertThat(Invocation.piping(once).run("harden").out()).isEqualTo(once);
    }

    @Test
    void tells_a_person_without_a_pipe_what_to_do() {
      var result = new Invocation().onTerminals(0, 1, 2).run("harden");

      assertThat(result.code()).isEqualTo(2);
      assertThat(result.err())
          .isEqualTo("nothing to read: name files with -f, or pipe manifests in\n");
    }

    @Test
    void keeps_the_text_of_windows() {
      String crlf = POD.replace("\n", "\r\n");

      var result = Invocation.piping(crlf).run("harden", "--profile", "minimal");

      assertThat(result.out()).isEqualTo(HARDENED_POD.replace("\n", "\r\n"));
    }

    @Test
    void edits_json_as_json() throws IOException {
      String json =
          "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"spec\": {\"containers\": [{\"name\": \"a\"}]}\n}\n";

      var result = Invocation.piping(json).run("harden", "--profile", "minimal");

      assertThat(result.out()).startsWith("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n");
      assertThat(JSON.readTree(result.out()).at("/spec/terminationGracePeriodSeconds").intValue())
          .isEqualTo(40);
    }
  }

  @Nested
  class WhatIsHardened {
    @ParameterizedTest
    @CsvSource({
      "v1, Pod, ''",
      "v1, ReplicationController, /spec/template",
      "apps/v1, Deployment, /spec/template",
      "apps/v1, StatefulSet, /spec/template",
      "apps/v1, DaemonSet, /spec/template",
      "apps/v1, ReplicaSet, /spec/template",
      "batch/v1, Job, /spec/template",
      "batch/v1, CronJob, /spec/jobTemplate/spec/template"
    })
    void every_kind_with_pods_and_items_of_its_lists(String version, String kind, String template)
        throws IOException {
      var object = JSON.createObjectNode().put("apiVersion", version).put("kind", kind);
      var at = object;
      for (String step : template.split("/")) {
        at = step.isEmpty() ? at : at.putObject(step);
      }
      at.putObject("spec").putArray("containers").addObject().put("name", "a");
      var list = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "List");
      list.putArray("items").add(JSON.createObjectNode().put("kind", "Service")).add(object);
      var typed = JSON.createObjectNode().put("apiVersion", version).put("kind", kind + "List");
      var bare = object.deepCopy();
      bare.remove(List.of("apiVersion", "kind"));
      typed.putArray("items").add(bare);
      var nested = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "List");
      nested.putArray("items").add(typed);

      String grace = template + "/spec/terminationGracePeriodSeconds";
      assertThat(hardened(object).at(grace).intValue()).isEqualTo(40);
      assertThat(hardened(list).at("/items/1" + grace).intValue()).isEqualTo(40);
      assertThat(hardened(typed).at("/items/0" + grace).intValue()).isEqualTo(40);
      assertThat(hardened(nested).at("/items/0/items/0" + grace).intValue()).isEqualTo(40);
    }

    private static JsonNode hardened(JsonNode object) throws IOException {
      return JSON.readTree(Invocation.piping(object.toString()).run("harden").out());
    }

    @ParameterizedTest
    @CsvSource({
      "apps/v1beta1, Deployment",
      "v1, Deployment",
      "batch/v1beta1, CronJob",
      "x.dev/v1, Job"
    })
    void no_kind_of_another_group_or_version(String version, String kind) {
      String text =
          "{apiVersion: %s, kind: %s, spec: {template: {spec: {containers: [{name: a}]}}}}"
              .formatted(version, kind);

      assertThat(Invocation.piping(text).run("harden").out()).isEqualTo(text);
    }
  }

  @Nested
  class Files_ {
    @Test
    void directories_are_read_below_and_in_order() throws IOException {
      file("b.yml", "b: 1\n");
      file("a/z.json", "{\"z\": 1}\n");
      file("a/a.yaml", "a: 1");
      file("c.txt", "no manifest: [");
      file(".git/config.yaml", "no manifest: [");
      Files.createSymbolicLink(folder.resolve("a/loop"), folder);

      var result = Invocation.of("harden", "-f", folder.toString());

      assertThat(result)
          .isEqualTo(new Invocation.Result(0, "a: 1\n---\n{\"z\": 1}\n---\nb: 1\n", ""));
    }

    @Test
    void one_stream_is_made_of_several() throws IOException {
      String a = file("a.yaml", "a: 1").toString();
      String b = file("b.yaml", "# b\n---\nb: 1\n---\nc: 1\n").toString();
      String c = file("c.json", "{\"d\": 1}\n{\"e\": 1}").toString();
      String d = file("d.yaml", "\uFEFF%YAML 1.1\n---\nf: 1\n").toString();
      String e = file("e.yaml", "# nothing\n").toString();

      var result = Invocation.of("harden", "-f", a, b, "-f", c, d, e);

      assertThat(result.out())
          .isEqualTo(
              "a: 1\n# b\n---\nb: 1\n---\nc: 1\n---\n{\"d\": 1}\n---\n{\"e\": 1}\n"
                  + "...\n%YAML 1.1\n---\nf: 1\n---\n# nothing\n");
      List<Object> keys = new ArrayList<>();
      new org.yaml.snakeyaml.Yaml().loadAll(result.out()).forEach(keys::add);
      assertThat(keys.toString()).isEqualTo("[{a=1}, {b=1}, {c=1}, {d=1}, {e=1}, {f=1}, null]");
    }

    @Test
    void a_file_is_read_once_however_often_it_is_named() throws IOException {
      Path file = file("a.yaml", "a: 1\n");
      Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), file);

      var result =
          Invocation.of("harden", "-f", file.toString(), link.toString(), folder.toString());

      assertThat(result.out()).isEqualTo("a: 1\n");
    }

    @Test
    void a_directory_of_nothing_is_a_mistake() {
      var result = Invocation.of("harden", "-f", folder.toString());

      assertThat(result.code()).isEqualTo(2);
      assertThat(result.err())
          .isEqualTo(folder + ": no *.yaml, *.yml or *.json in this directory\n");
    }

    @Test
    void nothing_is_printed_if_anything_is_bad_but_all_that_is_bad_is_told() throws IOException {
      String good = file("good.yaml", POD).toString();
      String bad = file("bad.yaml", "a: 1\nb: [\n").toString();

      var result = Invocation.of("harden", "-f", good, bad, folder + "/none.yaml");

      assertThat(result.code()).isEqualTo(2);
      assertThat(result.out()).isEmpty();
      assertThat(result.err())
          .startsWith(bad + ":3:1: ")
          .contains("\n" + folder + "/none.yaml: no such file or directory\n");
    }

    @Test
    void a_diff_and_a_summary_tell_of_the_good_files_nevertheless() throws IOException {
      file("good.yaml", POD);
      file("bad.yaml", "b: [\n");

      for (String format : List.of("diff", "summary")) {
        var result = Invocation.of("harden", "-o", format, "-f", folder.toString());

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out()).contains("good.yaml").contains("preStop");
      }
    }

    @Test
    void names_of_files_cannot_move_the_cursor() throws IOException {
      String file = file("a\u001b[2Jb.yaml", "b: [\n").toString();

      assertThat(Invocation.of("harden", "-f", file).err())
          .contains("a?[2Jb.yaml:")
          .doesNotContain("\u001b");
    }

    @Test
    void progress_is_shown_to_people_for_many_files() throws IOException {
      for (int i = 0; i < 60; i++) {
        file(i + ".yaml", "a: 1\n");
      }

      var watched = new Invocation().onTerminals(2).run("harden", "-f", folder.toString());
      var piped = new Invocation().onTerminals(0, 1).run("harden", "-f", folder.toString());

      assertThat(watched.err()).contains("holdfast: 50 of 60 files").endsWith("\r\u001b[K");
      assertThat(piped.err()).isEmpty();
      assertThat(watched.out()).isEqualTo(piped.out());
    }
  }

  @Nested
  class Facts {
    private static final String SERVICE =
        """
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web%s}
        spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
        """;

    private JsonNode readinessProbe(String manifests, String... options) throws IOException {
      List<String> arguments = new ArrayList<>(List.of("harden"));
      arguments.addAll(List.of(options));
      String out = Invocation.piping(manifests).run(arguments.toArray(String[]::new)).out();
      return documents(out).get(0).at("/spec/template/spec/containers/0/readinessProbe");
    }

    @Test
    void a_service_of_the_same_namespace_is_evidence_for_a_probe() throws IOException {
      assertThat(
              readinessProbe(deployment("web", "") + SERVICE.formatted(""))
                  .at("/tcpSocket/port")
                  .asText())
          .isEqualTo("http");
      assertThat(
              readinessProbe(deployment("web", "") + SERVICE.formatted(", namespace: shop"))
                  .isMissingNode())
          .isTrue();
      assertThat(
              readinessProbe(
                      deployment("web", "") + SERVICE.formatted(", namespace: shop"), "-n", "shop")
                  .isMissingNode())
          .isFalse();
    }

    @Test
    void a_service_in_another_file_counts_too() throws IOException {
      String app = file("app.yaml", deployment("web", "")).toString();
      String service = file("service.yaml", SERVICE.formatted("")).toString();

      assertThat(Invocation.of("harden", "-f", app, service).out()).contains("readinessProbe");
    }

    @Test
    void an_autoscaler_says_how_many_replicas_there_will_be() {
      String autoscaler =
          """
          ---
          apiVersion: autoscaling/v2
          kind: HorizontalPodAutoscaler
          metadata: {name: web}
          spec: {scaleTargetRef: {kind: Deployment, name: web}, minReplicas: %s}
          """;
      String one = deployment("web", "");

      assertThat(Invocation.piping(one).run("audit").out()).contains("runs 1 replica");
      assertThat(Invocation.piping(one + autoscaler.formatted(3)).run("audit").out())
          .doesNotContain("replica;");
      assertThat(
              Invocation.piping(deployment("web", "  replicas: 3\n") + autoscaler.formatted("null"))
                  .run("audit")
                  .out())
          .contains("runs 1 replica");
      assertThat(Invocation.piping(deployment("web", "  replicas: 3\n")).run("audit").out())
          .doesNotContain("replica;");
    }

    @Test
    void labels_of_namespaces_count_and_those_given_win() {
      String off =
          "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {holdfast.dev/mode: off}}\n---\n";
      String quoted = off.replace(": off", ": \"off\"") + POD;

      assertThat(Invocation.piping(quoted).run("harden").out()).isEqualTo(quoted);
      assertThat(
              Invocation.piping(quoted)
                  .run("harden", "--namespace-labels", "holdfast.dev/mode=enforce,a=b")
                  .out())
          .contains("preStop");
      assertThat(
              Invocation.piping(POD)
                  .run("harden", "--namespace-labels", "holdfast.dev/mode=off")
                  .out())
          .isEqualTo(POD);
    }

    @Test
    void the_version_of_the_cluster_decides_which_fields_there_are() {
      var result = Invocation.piping(POD).run("harden", "--kubernetes-version", "v1.29.4-eks-1");

      assertThat(result.out()).isEqualTo(POD);
      assertThat(result.err())
          .startsWith("stdin:4:1: warning: pre-stop: ")
          .endsWith("(https://holdfast.dev/rules/pre-stop)\n");
    }

    @Test
    void facts_that_make_no_sense_are_passed_over() {
      String garbage =
          """
          ---
          {apiVersion: v1, kind: Service, metadata: 7, spec: {selector: [1], ports: {a: b}}}
          ---
          {apiVersion: v1, kind: Service, spec: {selector: {app: 1}, ports: [null, {port: {}}]}}
          ---
          {apiVersion: v1, kind: Namespace, metadata: {name: [], labels: x}}
          ---
          {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, spec: null}
          ---
          {apiVersion: apps/v1, kind: Deployment, metadata: {name: null}, spec: {replicas: x, selector: 3, template: {}}}
          """;

      var result = Invocation.piping(POD + garbage).run("harden", "--profile", "minimal");

      assertThat(result.code()).isZero();
      assertThat(result.out()).isEqualTo(HARDENED_POD + garbage);
      assertThat(result.err()).contains("the pod is left alone");
    }
  }

  @Nested
  class Policies {
    @Test
    void a_policy_file_decides() throws IOException {
      Path policy =
          file(
              "policy.yaml",
              """
              apiVersion: holdfast.dev/v1alpha1
              kind: HardeningPolicy
              metadata: {name: default}
              spec: {profile: minimal, rules: {preStop: {sleepSeconds: 25}}}
              """);

      var result = Invocation.piping(POD).run("harden", "--policy", policy.toString());

      assertThat(result.out())
          .contains("seconds: 25")
          .contains("terminationGracePeriodSeconds: 55");
    }

    @Test
    void everything_wrong_with_policies_is_told() throws IOException {
      String bad =
          file(
                  "bad.yaml",
                  """
                  apiVersion: holdfast.dev/v1alpha1
                  kind: HardeningPolicy
                  metadata: {name: default}
                  spec:
                    profil: minimal
                    rules:
                      preStop: {sleepSeconds: 0}
                  """)
              .toString();

      var result =
          Invocation.piping(POD).run("harden", "--policy", bad, "--policy", folder + "/none");

      assertThat(result.code()).isEqualTo(2);
      assertThat(result.out()).isEmpty();
      assertThat(result.err().lines())
          .satisfiesExactlyInAnyOrder(
              line -> assertThat(line).startsWith(bad + ":5:3: ").contains("profile"),
              line -> assertThat(line).startsWith(bad + ":7:29: "),
              line -> assertThat(line).isEqualTo(folder + "/none: no such file or directory"));
    }

    @Test
    void names_of_policies_differ_among_all_files() throws IOException {
      String text =
          "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: {name: a}\n";
      String one = file("one.yaml", text).toString();
      String two = file("two.yaml", text).toString();

      var result = Invocation.piping(POD).run("harden", "--policy", one, "--policy", two);

      assertThat(result)
          .isEqualTo(new Invocation.Result(2, "", two + ": another file has a policy named a\n"));
    }

    @Test
    void policy_and_profile_exclude_each_other() throws IOException {
      var result = Invocation.piping(POD).run("harden", "--policy", "a", "--profile", "full");

      assertThat(result.code()).isEqualTo(2);
      assertThat(result.err()).contains("mutually exclusive").contains("holdfast harden --help");
    }

    @Test
    void in_audit_nothing_is_changed() {
      String audited =
          POD.replace("{name: web}", "{name: web, labels: {holdfast.dev/mode: audit}}");

      assertThat(Invocation.piping(audited).run("harden").out()).isEqualTo(audited);
    }
  }

  @Nested
  class Formats {
    @Test
    void json_is_the_object_or_a_list_of_all() throws IOException {
      JsonNode one = JSON.readTree(Invocation.piping(POD).run("harden", "-o", "json").out());
      String two = POD + "---\n---\n{apiVersion: v1, kind: List, items: [{kind: A}, {kind: B}]}\n";
      JsonNode list = JSON.readTree(Invocation.piping(two).run("harden", "-o", "json").out());

      assertThat(one.at("/spec/terminationGracePeriodSeconds").intValue()).isEqualTo(40);
      assertThat(list.path("kind").asText()).isEqualTo("List");
      assertThat(list.path("items").findValuesAsText("kind")).containsExactly("Pod", "A", "B");
      assertThat(list.at("/items/0")).isEqualTo(one);
    }

    @Test
    void a_patch_is_that_of_the_object() throws IOException {
      String list =
          "{apiVersion: v1, kind: List, items: [{kind: Service}, "
              + "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: b}, spec: {containers: [{name: c}]}}]}";

      var result =
          Invocation.piping(list + "\n---\n" + deployment("web", "")).run("harden", "-o", "patch");

      List<String> lines = result.out().lines().toList();
      assertThat(lines).hasSize(2);
      assertThat(lines.get(0))
          .startsWith("[{\"op\":\"add\",\"path\":\"/spec/containers/0/lifecycle\"");
      JsonNode deployment = documents(deployment("web", "")).get(0);
      JsonNode patched = StrictJsonPatch.apply(deployment, JSON.readTree(lines.get(1)));
      assertThat(patched)
          .isEqualTo(
              documents(Invocation.piping(deployment("web", "")).run("harden").out()).get(0));
    }

    @Test
    void a_summary_says_who_changes_what_and_why() {
      var result = Invocation.piping(POD).run("harden", "-o", "summary", "--profile", "minimal");

      assertThat(result)
          .isEqualTo(
              new Invocation.Result(
                  0,
                  """
                  stdin:1:1: Pod default/web
                    pre-stop sets {"sleep":{"seconds":10}}
                        pauses 10 s before SIGTERM, while traffic moves to other pods
                        /spec/containers/0/lifecycle/preStop
                    termination-grace sets 40
                        raises the grace period from 30 s to 40 s: 10 s pause, 30 s shutdown
                        /spec/terminationGracePeriodSeconds

                  1 of 1 object with pods changed
                    pre-stop: https://holdfast.dev/rules/pre-stop
                    termination-grace: https://holdfast.dev/rules/termination-grace
                  """,
                  ""));
    }

    @Test
    void a_summary_says_why_a_pod_is_left_alone_and_what_would_change() {
      String pods =
          """
          {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: kube-system}, spec: {containers: [{name: a}]}}
          ---
          {apiVersion: v1, kind: Pod, metadata: {name: b, labels: {holdfast.dev/mode: audit}}, spec: {containers: [{name: a}]}}
          """;

      var result = Invocation.piping(pods).run("harden", "-o", "summary");

      assertThat(result.out())
          .contains(
              "Pod kube-system/a\n  left alone: namespace kube-system is of the control plane\n")
          .contains("  pre-stop would set (Audit) {\"sleep\":{\"seconds\":10}}\n")
          .contains("0 of 2 objects with pods changed");
    }

    @Test
    void a_diff_shows_what_would_change_and_nothing_else() {
      var result =
          Invocation.piping("a: 1\n---\n" + POD + "---\nb: 1\n")
              .run("harden", "-o", "diff", "--profile", "minimal");

      assertThat(result.out())
          .isEqualTo(
              """
              --- a/stdin
              +++ b/stdin
              @@ -2,10 +2,15 @@
               ---
               apiVersion: v1
               kind: Pod
              -metadata: {name: web} # ours
              +metadata: {name: web, annotations: {holdfast.dev/hardened: 'pre-stop,termination-grace'}} # ours
               spec:
                 containers:
                   - name: app
                     image: "registry.example/web:1"   # pinned
              +      lifecycle:
              +        preStop:
              +          sleep:
              +            seconds: 10
              +  terminationGracePeriodSeconds: 40
               ---
               b: 1
              """);
    }

    @ParameterizedTest
    @CsvSource({
      "a b.yaml, 'a/%s/a b.yaml\t'",
      "'q\"x.yaml', '\"a/%s/q\\\"x.yaml\"'",
      "./a.yaml, a/%s/a.yaml"
    })
    void a_diff_names_files_as_git_does(String name, String header, @TempDir Path work)
        throws IOException {
      Files.writeString(work.resolve(name), POD);

      var diff = Invocation.of("harden", "-o", "diff", "-f", work + "/" + name).out();

      String below = work.toString().substring(1);
      assertThat(diff).startsWith("--- " + header.formatted(below) + "\n");
    }

    @Test
    void a_diff_can_be_applied(@TempDir Path work) throws Exception {
      Files.writeString(work.resolve("pod.yaml"), "x: y\n---\n" + POD.stripTrailing());
      var diff = Invocation.of("harden", "-o", "diff", "-f", work + "/pod.yaml").out();
      Files.writeString(work.resolve("change.diff"), diff.replace(work + "/", "/"));

      Process git =
          new ProcessBuilder("git", "apply", "--unsafe-paths", "change.diff")
              .directory(work.toFile())
              .redirectErrorStream(true)
              .start();

      assertThat(new String(git.getInputStream().readAllBytes())).isEmpty();
      assertThat(Files.readString(work.resolve("pod.yaml")))
          .isEqualTo(Invocation.piping("x: y\n---\n" + POD.stripTrailing()).run("harden").out());
    }

    @Test
    void a_document_that_cannot_be_edited_is_written_anew_and_that_is_told() throws IOException {
      String shared =
          """
          # comments are lost
          apiVersion: v1
          kind: List
          items:
            - apiVersion: v1
              kind: Pod
              spec: &spec {containers: [{name: a}]}
            - {apiVersion: v1, kind: Pod, spec: *spec}
          """;

      var result =
          Invocation.piping("a: 1\n---\n" + shared + "---\nb: 1\n")
              .run("harden", "--profile", "minimal");

      assertThat(result.code()).isZero();
      assertThat(result.err())
          .startsWith("stdin:9:")
          .endsWith("; the document is written anew, without its comments\n");
      assertThat(result.out()).startsWith("a: 1\n---\napiVersion: v1\n").endsWith("\n---\nb: 1\n");
      List<JsonNode> documents = documents(result.out());
      assertThat(documents.get(1).at("/items/0/spec/terminationGracePeriodSeconds").intValue())
          .isEqualTo(40);
      assertThat(documents.get(1).at("/items/1/spec"))
          .isEqualTo(documents.get(1).at("/items/0/spec"));
    }
  }
}
