package dev.holdfast.policy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What the annotations of one pod ask for, read and checked. Values that cannot be read are left
 * out, so that the next level's value applies, and are listed in {@link #problems()}. Immutable.
 */
public final class PodOverrides {

  /** The prefix of all our annotations and labels. */
  public static final String PREFIX = "holdfast.dev/";

  private static final String UNREADABLE = "unreadable-annotation";
  private static final String UNKNOWN = "unknown-annotation";

  /** Keys that may be narrowed to one container by a suffix. */
  private static final Set<String> NARROWABLE =
      Set.of(
          "pre-stop",
          "shutdown",
          "startup-probe",
          "readiness-probe",
          "init",
          "entrypoint",
          "stop-signal");

  /** Keys that say nothing without a suffix where there are several app containers. */
  private static final Set<String> OF_ONE_CONTAINER =
      Set.of("startup-probe", "readiness-probe", "entrypoint");

  private static final List<String> KEYS =
      List.of(
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
          "disruption-budget");

  private static final Pattern PORT_NAME = Pattern.compile("(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*");
  private static final Pattern SIGNAL = Pattern.compile("(?:SIG)?[A-Z][A-Z0-9+-]{1,11}");
  private static final Pattern ENDPOINT =
      Pattern.compile("(?:tcp|http|https|dns|file)://[^\\s,/][^\\s,]*|file:///[^\\s,]+");
  private static final PodOverrides NONE = new PodOverrides();

  private final Set<RuleName> skip = EnumSet.noneOf(RuleName.class);
  private final Set<String> excluded = new HashSet<>();
  private final Map<String, Pause> pauses = new HashMap<>();
  private final Map<String, Integer> shutdowns = new HashMap<>();
  private final Map<String, ProbeChoice> startups = new HashMap<>();
  private final Map<String, ProbeChoice> readinesses = new HashMap<>();
  private final Set<RuleName> asked = EnumSet.noneOf(RuleName.class);
  private final List<Problem> problems = new ArrayList<>();
  private Optional<AntiAffinityChoice> antiAffinity = Optional.empty();
  private Optional<BudgetAmount> budget = Optional.empty();
  private boolean withoutBudget;

  private PodOverrides() {}

  /** Apart, as few pods have an annotation that needs it and it takes its time to start. */
  private static final class Mapper {
    static final ObjectMapper JSON = new ObjectMapper();
  }

  /**
   * Reads a pod's annotations.
   *
   * @param annotations all annotations of the pod, ours and others
   * @param containers names of the pod's containers and init containers, in order
   * @param apps names of {@code spec.containers} that are no known sidecar, in order
   */
  public static PodOverrides read(
      Map<String, String> annotations, List<String> containers, List<String> apps) {
    PodOverrides overrides = new PodOverrides();
    // First, as it decides which containers the others are about.
    overrides.readExcluded(annotations.get(PREFIX + "exclude-containers"), containers);
    List<String> remaining = new ArrayList<>(apps);
    remaining.removeAll(overrides.excluded);
    for (Map.Entry<String, String> annotation : annotations.entrySet()) {
      if (annotation.getKey().startsWith(PREFIX)) {
        overrides.read(annotation.getKey(), annotation.getValue(), containers, remaining);
      }
    }
    return overrides;
  }

  /** Nothing applies, and each annotation that would is listed: the policy denies overrides. */
  public static PodOverrides denied(Map<String, String> annotations) {
    PodOverrides overrides = new PodOverrides();
    for (Map.Entry<String, String> annotation : annotations.entrySet()) {
      String key = annotation.getKey();
      if (key.startsWith(PREFIX) && !key.equals(PREFIX + "hardened")) {
        overrides.problems.add(
            new Problem(
                key, annotation.getValue(), "overrides-denied", "the policy denies overrides"));
      }
    }
    return overrides;
  }

  /** No annotation of ours at all. */
  public static PodOverrides none() {
    return NONE;
  }

  private void read(String key, String value, List<String> containers, List<String> remaining) {
    String name = key.substring(PREFIX.length());
    int dot = name.indexOf('.');
    String base = dot < 0 ? name : name.substring(0, dot);
    String suffix = dot < 0 ? "" : name.substring(dot + 1);
    if (!KEYS.contains(base) || !suffix.isEmpty() && !NARROWABLE.contains(base)) {
      tellOfUnknown(key, name, value);
      return;
    }
    if (dot >= 0 && !containers.contains(suffix)) {
      problem(key, value, "unknown-container", "no container has the name after the dot");
      return;
    }
    String container = suffix;
    if (dot < 0 && OF_ONE_CONTAINER.contains(base)) {
      if (remaining.size() != 1) {
        problem(
            key,
            value,
            "ambiguous-annotation",
            remaining.size() + " app containers: write " + name + ".CONTAINER");
        return;
      }
      container = remaining.get(0);
    }
    boolean plain = dot < 0;
    switch (base) {
      case "skip" -> readSkip(key, value);
      case "pre-stop" ->
          put(
              pauses,
              container,
              plain,
              key,
              value,
              PodOverrides::pause,
              "expected a duration like 15s, drain or off");
      case "shutdown" ->
          put(
              shutdowns,
              container,
              plain,
              key,
              value,
              PodOverrides::shutdown,
              "expected a duration from 1s to 1h, like 45s");
      case "startup-probe" ->
          put(startups, container, plain, key, value, PodOverrides::probe, PROBE_HINT);
      case "readiness-probe" ->
          put(readinesses, container, plain, key, value, PodOverrides::probe, PROBE_HINT);
      case "anti-affinity" -> readAntiAffinity(key, value);
      case "init" ->
          ask(
              RuleName.INIT,
              key,
              value,
              isWord(value, "on"),
              isWord(value, "on") || isWord(value, "off"),
              "expected on or off");
      case "entrypoint" ->
          ask(
              RuleName.INIT,
              key,
              value,
              true,
              isListOfStrings(value),
              "expected a JSON array of strings");
      case "stop-signal" ->
          ask(
              RuleName.STOP_SIGNAL,
              key,
              value,
              true,
              SIGNAL.matcher(value.trim()).matches(),
              "expected a signal like SIGUSR1");
      case "wait-for" ->
          ask(
              RuleName.WAIT_FOR,
              key,
              value,
              true,
              areEndpoints(value),
              "expected endpoints like tcp://db:5432, http://auth:8080/ready");
      case "disruption-budget" -> readBudget(key, value);
      default -> { // exclude-containers, read before all others
      }
    }
  }

  private static final String PROBE_HINT =
      "expected http:PORT/PATH, https:PORT/PATH, tcp:PORT, grpc:PORT/SERVICE or off";

  private void tellOfUnknown(String key, String name, String value) {
    if (!name.equals("hardened")) {
      problem(key, value, UNKNOWN, whyUnknown(name));
    }
  }

  private static String whyUnknown(String name) {
    return name.equals("mode") || name.equals("policy")
        ? "this is a label, not an annotation"
        : Nearest.of(name, KEYS)
            .map(nearest -> "did you mean " + PREFIX + nearest + "?")
            .orElse("no annotation of this name exists");
  }

  /**
   * What is wrong with the annotations of a workload itself of which nothing is read: they are
   * misspelt, or belong on its pod template.
   *
   * @param annotations the workload's own, ours and others
   * @param read the keys that are read there, without the prefix
   */
  public static List<Problem> unread(Map<String, String> annotations, Collection<String> read) {
    List<Problem> problems = new ArrayList<>(0);
    annotations.forEach(
        (key, value) -> {
          String name = key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : "hardened";
          if (name.equals("hardened") || read.contains(name)) {
            return;
          }
          int dot = name.indexOf('.');
          boolean known = KEYS.contains(dot < 0 ? name : name.substring(0, dot));
          problems.add(
              known
                  ? new Problem(
                      key, value, "misplaced-annotation", "it belongs on the pod template")
                  : new Problem(key, value, UNKNOWN, whyUnknown(name)));
        });
    return problems;
  }

  private void readExcluded(String value, List<String> containers) {
    if (value == null) {
      return;
    }
    for (String word : value.split(",")) {
      String name = word.trim();
      if (containers.contains(name)) {
        excluded.add(name);
      } else if (!name.isEmpty()) {
        problem(
            PREFIX + "exclude-containers", name, "unknown-container", "no container has this name");
      }
    }
  }

  private void readSkip(String key, String value) {
    for (String word : value.split(",")) {
      if (!word.isBlank()) {
        RuleName.of(word)
            .ifPresentOrElse(
                skip::add,
                () -> problem(key, word.trim(), "unknown-rule", "no rule has this name"));
      }
    }
  }

  private void readBudget(String key, String value) {
    Optional<BudgetAmount> amount = BudgetAmount.read(value);
    if (isWord(value, "off")) {
      withoutBudget = true;
    } else if (amount.isPresent()) {
      budget = amount;
      asked.add(RuleName.DISRUPTION_BUDGET);
    } else {
      problem(key, value, UNREADABLE, "expected maxUnavailable=1, a percentage or off");
    }
  }

  private void readAntiAffinity(String key, String value) {
    switch (value.trim().toLowerCase(Locale.ROOT)) {
      case "preferred" -> antiAffinity = Optional.of(AntiAffinityChoice.PREFERRED);
      case "required" -> antiAffinity = Optional.of(AntiAffinityChoice.REQUIRED);
      case "off" -> antiAffinity = Optional.of(AntiAffinityChoice.OFF);
      default -> problem(key, value, UNREADABLE, "expected preferred, required or off");
    }
  }

  private <V> void put(
      Map<String, V> choices,
      String container,
      boolean plain,
      String key,
      String value,
      Function<String, Optional<V>> reader,
      String hint) {
    Optional<V> choice = reader.apply(value.trim());
    if (choice.isEmpty()) {
      problem(key, value, UNREADABLE, hint);
    } else if (plain) {
      choices.putIfAbsent(container, choice.get());
    } else {
      choices.put(container, choice.get());
    }
  }

  /** For rules that only need to know whether they are asked for. */
  private void ask(
      RuleName rule, String key, String value, boolean on, boolean readable, String hint) {
    if (!readable) {
      problem(key, value, UNREADABLE, hint);
    } else if (on) {
      asked.add(rule);
    }
  }

  private void problem(String key, String value, String reason, String hint) {
    problems.add(new Problem(key, value, reason, hint));
  }

  private static Optional<Pause> pause(String value) {
    if (isWord(value, "off")) {
      return Optional.of(new Pause.Off());
    }
    if (isWord(value, "drain")) {
      return Optional.of(new Pause.Drain());
    }
    OptionalInt seconds = Durations.seconds(value);
    if (seconds.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        seconds.getAsInt() == 0 ? new Pause.Off() : new Pause.Sleep(seconds.getAsInt()));
  }

  private static Optional<Integer> shutdown(String value) {
    OptionalInt seconds = Durations.seconds(value);
    return seconds.isEmpty() || seconds.getAsInt() == 0
        ? Optional.empty()
        : Optional.of(seconds.getAsInt());
  }

  private static Optional<ProbeChoice> probe(String value) {
    if (isWord(value, "off")) {
      return Optional.of(new ProbeChoice.Off());
    }
    int colon = value.indexOf(':');
    if (colon < 0) {
      return Optional.empty();
    }
    String rest = value.substring(colon + 1);
    int slash = rest.indexOf('/');
    String port = slash < 0 ? rest : rest.substring(0, slash);
    String path = slash < 0 ? "" : rest.substring(slash);
    if (!isPort(port) || !path.chars().allMatch(c -> c > ' ' && c <= '~')) {
      return Optional.empty();
    }
    return switch (value.substring(0, colon).toLowerCase(Locale.ROOT)) {
      case "http" -> Optional.of(new ProbeChoice.Http(false, port, path.isEmpty() ? "/" : path));
      case "https" -> Optional.of(new ProbeChoice.Http(true, port, path.isEmpty() ? "/" : path));
      case "tcp" -> path.isEmpty() ? Optional.of(new ProbeChoice.Tcp(port)) : Optional.empty();
      case "grpc" ->
          isNumber(port)
              ? Optional.of(
                  new ProbeChoice.Grpc(
                      Integer.parseInt(port), path.isEmpty() ? "" : path.substring(1)))
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** A number from 1 to 65535, or an IANA service name as Kubernetes checks it. */
  private static boolean isPort(String port) {
    if (isNumber(port)) {
      return port.length() <= 5 && !port.startsWith("0") && Integer.parseInt(port) <= 65535;
    }
    return port.length() <= 15 && PORT_NAME.matcher(port).matches();
  }

  private static boolean isNumber(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static boolean isWord(String value, String word) {
    return value.trim().equalsIgnoreCase(word);
  }

  private static boolean isListOfStrings(String value) {
    try {
      JsonNode list = Mapper.JSON.readTree(value);
      if (!list.isArray() || list.isEmpty()) {
        return false;
      }
      for (JsonNode word : list) {
        if (!word.isTextual()) {
          return false;
        }
      }
      return true;
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  private static boolean areEndpoints(String value) {
    for (String endpoint : value.split(",")) {
      if (!ENDPOINT.matcher(endpoint.trim()).matches()) {
        return false;
      }
    }
    return true;
  }

  /** Rules to leave out for this pod. */
  public Set<RuleName> skip() {
    return skip;
  }

  /** Containers to leave alone, as far as they exist. */
  public Set<String> excludeContainers() {
    return excluded;
  }

  /** The pause asked for a container (suffixed form first, then the plain one). */
  public Optional<Pause> preStop(String container) {
    return choice(pauses, container);
  }

  /** The seconds that a container needs after SIGTERM. */
  public Optional<Integer> shutdownSeconds(String container) {
    return choice(shutdowns, container);
  }

  /** The startup probe asked for a container. */
  public Optional<ProbeChoice> startupProbe(String container) {
    return choice(startups, container);
  }

  /** The readiness probe asked for a container. */
  public Optional<ProbeChoice> readinessProbe(String container) {
    return choice(readinesses, container);
  }

  private static <V> Optional<V> choice(Map<String, V> choices, String container) {
    if (choices.isEmpty()) {
      return Optional.empty();
    }
    V narrow = choices.get(container);
    return Optional.ofNullable(narrow != null ? narrow : choices.get(""));
  }

  /** The anti-affinity asked for; {@code OFF} for {@code off}. */
  public Optional<AntiAffinityChoice> antiAffinity() {
    return antiAffinity;
  }

  /** The disruption budget asked for; empty for {@code off}, too. */
  public Optional<BudgetAmount> disruptionBudget() {
    return budget;
  }

  /** Whether {@code disruption-budget} is {@code off}. */
  public boolean refusesDisruptionBudget() {
    return withoutBudget;
  }

  /** Whether any readable annotation asks for this rule to act (so not {@code off}). */
  public boolean asksFor(RuleName rule) {
    return switch (rule) {
      case PRE_STOP -> pauses.values().stream().anyMatch(pause -> !(pause instanceof Pause.Off));
      case TERMINATION_GRACE -> !shutdowns.isEmpty();
      case STARTUP_PROBE -> asksForProbe(startups);
      case READINESS_PROBE -> asksForProbe(readinesses);
      case ANTI_AFFINITY ->
          antiAffinity.isPresent() && antiAffinity.get() != AntiAffinityChoice.OFF;
      default -> asked.contains(rule);
    };
  }

  private static boolean asksForProbe(Map<String, ProbeChoice> choices) {
    return choices.values().stream().anyMatch(choice -> !(choice instanceof ProbeChoice.Off));
  }

  /** What could not be read or names nothing, in the order of the annotations. */
  public List<Problem> problems() {
    return problems;
  }

  /** What {@code pre-stop} asks for. */
  public sealed interface Pause {
    /** {@code 15s}. */
    record Sleep(int seconds) implements Pause {}

    /** {@code drain}. */
    record Drain() implements Pause {}

    /** {@code off}, {@code 0} or {@code 0s}. */
    record Off() implements Pause {}
  }

  /** What a probe annotation asks for. */
  public sealed interface ProbeChoice {
    /** {@code http:8080/healthz} or {@code https:…}; the port is a number or a name. */
    record Http(boolean tls, String port, String path) implements ProbeChoice {}

    /** {@code tcp:5432}; the port is a number or a name. */
    record Tcp(String port) implements ProbeChoice {}

    /** {@code grpc:9000} or {@code grpc:9000/service}; the service is empty where not given. */
    record Grpc(int port, String service) implements ProbeChoice {}

    /** {@code off}. */
    record Off() implements ProbeChoice {}
  }

  /** What {@code anti-affinity} asks for. */
  public enum AntiAffinityChoice {
    PREFERRED,
    REQUIRED,
    OFF
  }

  /**
   * A label or annotation that is not followed.
   *
   * @param key the whole key
   * @param value its value as written
   * @param reason a short code for audit annotations, for example {@code unreadable-annotation}
   * @param hint what would have been understood, or what to do instead
   */
  public record Problem(String key, String value, String reason, String hint) {}
}
