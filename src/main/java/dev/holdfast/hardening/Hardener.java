package dev.holdfast.hardening;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.patch.Pointers;
import dev.holdfast.hardening.pod.Container;
import dev.holdfast.hardening.pod.Metadata;
import dev.holdfast.hardening.pod.PodView;
import dev.holdfast.hardening.pod.UnreadableField;
import dev.holdfast.hardening.rule.Rule;
import dev.holdfast.hardening.rule.Rules;
import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.Mode;
import dev.holdfast.policy.PodOverrides;
import dev.holdfast.policy.PolicySelection;
import dev.holdfast.policy.PolicySet;
import dev.holdfast.policy.RuleName;
import dev.holdfast.policy.Sidecars;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;

/** The engine: a pure function of pod, policies and facts. Thread-safe and without state. */
public final class Hardener {
  /**
   * The reason of findings about policies that cannot be used, whether they concern the pod or not.
   */
  public static final String UNUSABLE_POLICY = "unusable-policy";

  private static final String HARDENED = PodOverrides.PREFIX + "hardened";

  /** Of static pods: the API server only mirrors them, and the kubelet would fight a change. */
  private static final String MIRROR = "kubernetes.io/config.mirror";

  private static final Set<String> CRITICAL =
      Set.of("system-node-critical", "system-cluster-critical");

  private final PolicySet policies;
  private final String ownNamespace;
  private final List<Rule> rules;

  /**
   * @param policies all policies that may apply
   * @param ownNamespace the namespace that Holdfast itself runs in, whose pods are never touched
   */
  public Hardener(List<HardeningPolicy> policies, String ownNamespace) {
    this(PolicySet.of(policies), ownNamespace);
  }

  /**
   * @param policies all policies that there are
   * @param ownNamespace the namespace that Holdfast itself runs in, whose pods are never touched
   */
  public Hardener(PolicySet policies, String ownNamespace) {
    this(policies, ownNamespace, Rules.ALL);
  }

  Hardener(List<HardeningPolicy> policies, String ownNamespace, List<Rule> rules) {
    this(PolicySet.of(policies), ownNamespace, rules);
  }

  private Hardener(PolicySet policies, String ownNamespace, List<Rule> rules) {
    this.policies = policies;
    this.ownNamespace = ownNamespace;
    this.rules = List.copyOf(rules);
  }

  /**
   * Decides what a pod needs. Never throws, whatever the tree holds; never changes the tree.
   *
   * @param pod a Pod, or a pod template ({@code metadata} and {@code spec})
   * @param namespace the namespace that the pod is or will be in
   * @param facts what is known of the place it will run
   */
  public Outcome harden(ObjectNode pod, String namespace, ClusterFacts facts) {
    try {
      return decide(pod, namespace, facts);
    } catch (UnreadableField e) {
      return leftAlone(
          "",
          "the pod cannot be read",
          List.of(
              new Finding(
                  Optional.empty(),
                  Severity.WARNING,
                  "unreadable-pod",
                  e.pointer(),
                  "the pod is left alone: " + e.getMessage())));
    } catch (RuntimeException | StackOverflowError e) {
      return leftAlone(
          "",
          "the engine failed",
          List.of(
              new Finding(
                  Optional.empty(),
                  Severity.ERROR,
                  "failed",
                  "",
                  "the pod is left alone: " + Pass.description(e))));
    }
  }

  private Outcome decide(ObjectNode pod, String namespace, ClusterFacts facts) {
    Metadata metadata = Metadata.of(pod);
    PodView view = PodView.of(pod, metadata);
    if (view.containers().isEmpty()) {
      throw new UnreadableField("/spec/containers", "a list of containers");
    }
    Optional<String> outOfScope = outOfScope(metadata, view, namespace);
    if (outOfScope.isPresent()) {
      return leftAlone("", outOfScope.get(), List.of());
    }
    PolicySelection selection =
        PolicySelection.choose(
            policies.serving(), namespace, facts.namespaceLabels(), metadata.labels());
    List<Finding> findings = new ArrayList<>();
    for (String name : policies.unusable()) {
      findings.add(
          new Finding(
              Optional.empty(),
              Severity.WARNING,
              UNUSABLE_POLICY,
              "",
              "HardeningPolicy " + Quoted.of(name) + " cannot be used and counts as absent"));
    }
    for (PodOverrides.Problem problem : selection.problems()) {
      boolean ofPod = metadata.labels().containsKey(problem.key());
      findings.add(
          ignored(problem, ofPod ? "/metadata/labels/" + Pointers.escaped(problem.key()) : ""));
    }
    if (selection.policy().isEmpty() || selection.mode() == Mode.OFF) {
      String policy = selection.policy().map(HardeningPolicy::name).orElse("");
      return leftAlone(policy, selection.why(), findings);
    }
    HardeningPolicy policy = selection.policy().get();
    PodOverrides overrides = overrides(policy, metadata, view);
    for (PodOverrides.Problem problem : overrides.problems()) {
      findings.add(ignored(problem, "/metadata/annotations/" + Pointers.escaped(problem.key())));
    }
    return decide(
        new Subject(pod, metadata, view, policy, overrides, facts),
        selection,
        RuleModes.of(selection.mode(), policy, overrides),
        findings);
  }

  private Outcome decide(
      Subject subject, PolicySelection selection, RuleModes modes, List<Finding> findings) {
    for (RuleName rule : modes.toCome()) {
      findings.add(
          new Finding(
              Optional.of(rule),
              Severity.WARNING,
              "not-in-this-version",
              "/metadata/annotations",
              "an annotation asks for this rule, which this version does not have"));
    }
    Pass made = Pass.run(rules, modes.enforced(), subject);
    findings.addAll(made.findings());
    List<Edit> wouldBe = new ArrayList<>();
    if (!modes.audited().isEmpty()) {
      Pass imagined = Pass.run(rules, modes.enforcedAndAudited(), subject);
      for (Edit edit : imagined.edits()) {
        if (modes.audited().contains(edit.rule())) {
          wouldBe.add(edit);
        }
      }
      for (Finding finding : imagined.findings()) {
        if (modes.audited().contains(finding.rule().orElseThrow())) {
          findings.add(finding);
        }
      }
    }
    Set<RuleName> changing = EnumSet.noneOf(RuleName.class);
    if (selection.mode() == Mode.ENFORCE) {
      made.edits().forEach(edit -> changing.add(edit.rule()));
      changing.addAll(hardenedBefore(subject.metadata()));
      made.annotate(HARDENED, names(changing));
    } else {
      wouldBe.forEach(edit -> changing.add(edit.rule()));
    }
    return new Outcome(
        selection.mode(),
        subject.policy().name(),
        selection.why(),
        List.copyOf(made.edits()),
        List.copyOf(wouldBe),
        List.copyOf(findings),
        List.copyOf(made.operations()),
        Collections.unmodifiableSet(changing));
  }

  /**
   * Tells what decides about a pod, without deciding. Never throws, whatever the tree holds.
   *
   * @param pod a Pod, or a pod template
   * @param namespace the namespace that the pod is or will be in
   * @param facts what is known of the place it will run
   */
  public Explanation explain(ObjectNode pod, String namespace, ClusterFacts facts) {
    try {
      Metadata metadata = Metadata.of(pod);
      PodView view = PodView.of(pod, metadata);
      Optional<String> outOfScope = outOfScope(metadata, view, namespace);
      if (outOfScope.isPresent()) {
        return unexplained(outOfScope.get());
      }
      return explain(metadata, view, namespace, facts);
    } catch (UnreadableField e) {
      return unexplained("the pod cannot be read: " + e.getMessage());
    }
  }

  private Explanation explain(
      Metadata metadata, PodView view, String namespace, ClusterFacts facts) {
    PolicySelection selection =
        PolicySelection.choose(
            policies.serving(), namespace, facts.namespaceLabels(), metadata.labels());
    List<PodOverrides.Problem> problems = new ArrayList<>(selection.problems());
    List<Explanation.RuleDecision> rules = List.of();
    if (selection.policy().isPresent() && selection.mode() != Mode.OFF) {
      PodOverrides overrides = overrides(selection.policy().get(), metadata, view);
      problems.addAll(overrides.problems());
      rules = RuleModes.explain(selection.mode(), selection.policy().get(), overrides);
    }
    Map<String, String> ours = new LinkedHashMap<>(metadata.annotations());
    ours.keySet().removeIf(key -> !key.startsWith(PodOverrides.PREFIX));
    return new Explanation(
        selection.policy(),
        selection.mode(),
        selection.why(),
        rules,
        Collections.unmodifiableMap(ours),
        List.copyOf(problems));
  }

  private static Explanation unexplained(String why) {
    return new Explanation(Optional.empty(), Mode.OFF, why, List.of(), Map.of(), List.of());
  }

  /** Why a pod is none of our business, whatever the policies say. */
  private Optional<String> outOfScope(Metadata metadata, PodView view, String namespace) {
    if (namespace.equals(ownNamespace)) {
      return Optional.of("namespace " + namespace + " is Holdfast's own");
    }
    if (HardeningPolicy.ALWAYS_EXCLUDED.contains(namespace)) {
      return Optional.of("namespace " + namespace + " is of the control plane");
    }
    if (metadata.annotations().containsKey(MIRROR)) {
      return Optional.of("it is a mirror pod");
    }
    if (CRITICAL.contains(view.priorityClassName())) {
      return Optional.of("it has priority class " + view.priorityClassName());
    }
    return Optional.empty();
  }

  private static PodOverrides overrides(HardeningPolicy policy, Metadata metadata, PodView view) {
    if (policy.overrides() == HardeningPolicy.Overrides.DENIED) {
      return PodOverrides.denied(metadata.annotations());
    }
    if (!hasOurs(metadata.annotations())) {
      return PodOverrides.none();
    }
    List<String> apps = new ArrayList<>();
    List<String> all = new ArrayList<>();
    for (Container container : view.containers()) {
      all.add(container.name());
      if (!Sidecars.isKnown(container.name(), policy.sidecars())) {
        apps.add(container.name());
      }
    }
    for (Container container : view.initContainers()) {
      all.add(container.name());
    }
    return PodOverrides.read(metadata.annotations(), all, apps);
  }

  private static boolean hasOurs(Map<String, String> annotations) {
    for (String key : annotations.keySet()) {
      if (key.startsWith(PodOverrides.PREFIX)) {
        return true;
      }
    }
    return false;
  }

  private static Set<RuleName> hardenedBefore(Metadata metadata) {
    String names = metadata.annotations().getOrDefault(HARDENED, "");
    Set<RuleName> rules = EnumSet.noneOf(RuleName.class);
    if (!names.isEmpty()) {
      for (String name : names.split(",")) {
        RuleName.of(name).ifPresent(rules::add);
      }
    }
    return rules;
  }

  private static String names(Set<RuleName> rules) {
    StringJoiner names = new StringJoiner(",");
    for (RuleName rule : rules) {
      names.add(rule.id());
    }
    return names.toString();
  }

  private static Finding ignored(PodOverrides.Problem problem, String path) {
    return new Finding(
        Optional.empty(),
        Severity.WARNING,
        problem.reason(),
        path,
        problem.key() + ": " + Quoted.of(problem.value()) + " is ignored: " + problem.hint());
  }

  private static Outcome leftAlone(String policy, String why, List<Finding> findings) {
    return new Outcome(
        Mode.OFF, policy, why, List.of(), List.of(), List.copyOf(findings), List.of(), Set.of());
  }
}
