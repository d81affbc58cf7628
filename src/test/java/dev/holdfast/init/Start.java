package dev.holdfast.init;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How a program is started: in a session and process group of its own, with every signal at its
 * default and none blocked, but for what a test says. Immutable.
 *
 * @param around commands in front, such as unshare
 * @param oddities options of {@code puppet start}
 * @param variables of its environment, besides ours
 * @param folder in which it starts; null: here
 */
record Start(
    List<String> around, List<String> oddities, Map<String, String> variables, Path folder) {

  /** What a container without any rights gets. */
  static final List<String> UNPRIVILEGED =
      List.of(
          "setpriv",
          "--reuid=65532",
          "--regid=65532",
          "--clear-groups",
          "--bounding-set=-all",
          "--inh-caps=-all",
          "--no-new-privs");

  private static final List<String> NAMESPACE =
      List.of("unshare", "--fork", "--pid", "--mount-proc", "--kill-child=KILL");

  /** As any process: neither PID 1 nor subreaper. */
  static Start plain() {
    return new Start(List.of(), List.of(), Map.of(), null);
  }

  /** As PID 1 of a namespace. */
  static Start first() {
    Programs.needNamespaces();
    return plain().within(NAMESPACE);
  }

  /** The same, behind further commands that end in an exec. */
  Start within(List<String> commands) {
    List<String> all = new ArrayList<>(around);
    all.addAll(commands);
    return new Start(List.copyOf(all), oddities, variables, folder);
  }

  /** As PID 1 of a namespace, within what is around already. */
  Start asFirst() {
    Programs.needNamespaces();
    return within(NAMESPACE);
  }

  Start with(String... options) {
    List<String> all = new ArrayList<>(oddities);
    all.addAll(List.of(options));
    return new Start(around, List.copyOf(all), variables, folder);
  }

  Start variable(String name, String value) {
    Map<String, String> all = new HashMap<>(variables);
    all.put(name, value);
    return new Start(around, oddities, Map.copyOf(all), folder);
  }

  Start in(Path other) {
    return new Start(around, oddities, variables, other);
  }

  /** Starts the init with these arguments. */
  Running init(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Programs.init());
    command.addAll(List.of(arguments));
    return program(command);
  }

  /** Starts the init with these arguments, and waits for its end. */
  Result run(String... arguments) {
    try (Running running = init(arguments)) {
      return running.end();
    }
  }

  /** Starts any program. */
  Running program(List<String> command) {
    List<String> all = new ArrayList<>(around);
    all.addAll(List.of(Programs.puppet(), "start"));
    all.addAll(oddities);
    all.add("--");
    all.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(all);
    builder.environment().putAll(variables);
    if (folder != null) {
      builder.directory(folder.toFile());
    }
    return new Running(builder, around.contains("--fork"));
  }

  /** Runs a line of a shell, in which $init and $puppet are programs. */
  Result shell(String line) {
    try (Running running = shellRunning(line)) {
      return running.end(Duration.ofSeconds(60));
    }
  }

  Running shellRunning(String line) {
    return variable("init", Programs.init())
        .variable("puppet", Programs.puppet())
        .program(List.of("sh", "-c", line));
  }
}
