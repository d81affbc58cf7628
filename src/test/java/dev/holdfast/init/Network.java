package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A pod's network namespace, joined by a cable to the rest of the world: another one, in which the
 * node and clients live. The pod listens on port {@value #PORT} of all its addresses, and on
 * {@value #LOCAL_PORT} of loopback.
 */
final class Network implements AutoCloseable {
  static final int PORT = 8080;
  static final int LOCAL_PORT = 8081;
  static final String POD = "10.77.0.2";
  static final String POD6 = "fd77::2";
  static final String CLIENT = "10.77.0.1";
  static final String CLIENT6 = "fd77::1";

  /** Where probes come from, and what is sent on to the pod by any node. */
  static final String NODE = "10.77.0.9";

  static final String NODE6 = "fd77::9";

  /** The words that are the end of most commands to {@link #clients}. */
  static final String TO_POD = CLIENT + " " + POD + " " + PORT;

  private static final String PREFIX = "holdfast-";
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static boolean swept;

  private final String name =
      PREFIX + ProcessHandle.current().pid() + "-" + COUNT.getAndIncrement();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Peer clients;
  private final Peer pod;

  Network() {
    Programs.needNamespaces();
    sweep();
    String pair = "P=" + name + "p C=" + name + "c; ";
    shell(
        pair
            + """
            set -e
            ip netns add $P
            ip netns add $C
            ip link add eth0 netns $P type veth peer name eth0 netns $C
            ip -n $P -batch - <<POD
            addr add 10.77.0.2/24 dev eth0
            addr add fd77::2/64 dev eth0 nodad
            link set eth0 up
            link set lo up
            POD
            ip netns exec $C sysctl -qw net.ipv4.ip_local_port_range="2000 65000"
            ip -n $C -batch - <<REST
            addr add 10.77.0.1/24 dev eth0
            addr add 10.77.0.9/24 dev eth0
            addr add fd77::1/64 dev eth0 nodad
            addr add fd77::9/64 dev eth0 nodad
            link set eth0 up
            link set lo up
            REST
            """);
    clients = opened(new Peer(name + "c"));
    pod = opened(new Peer(name + "p"));
    pod.tell("listen 0.0.0.0 " + PORT);
    pod.tell("listen fd77::2 " + PORT);
    pod.tell("listen 127.0.0.1 " + LOCAL_PORT);
    // the first packet waits for a neighbour's address
    clients.tell("short " + TO_POD);
    clients.tell("short " + NODE + " " + POD + " " + PORT);
    clients.tell("short " + CLIENT6 + " " + POD6 + " " + PORT);
    clients.tell("short " + NODE6 + " " + POD6 + " " + PORT);
  }

  /** Namespaces of test runs that were killed. */
  private static synchronized void sweep() {
    if (swept) {
      return;
    }
    swept = true;
    Path names = Path.of("/run/netns");
    if (!Files.isDirectory(names)) {
      return;
    }
    try (Stream<Path> all = Files.list(names)) {
      all.map(path -> path.getFileName().toString())
          .filter(each -> each.matches(PREFIX + "\\d+-\\d+[pc]"))
          .filter(each -> !Files.exists(Path.of("/proc", each.split("-")[1])))
          .forEach(each -> shell("ip netns del " + each));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void shell(String script) {
    try {
      Process process = new ProcessBuilder("sh", "-c", script).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(out).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private <T extends AutoCloseable> T opened(T one) {
    open.add(one);
    return one;
  }

  Peer clients() {
    return clients;
  }

  /** The pod's server. */
  Peer pod() {
    return pod;
  }

  /** Something else in the pod that connects to others. */
  Peer inPod() {
    return opened(new Peer(name + "p"));
  }

  /** Something else in the world. */
  Peer inWorld() {
    return opened(new Peer(name + "c"));
  }

  /** Starts things in the pod's network, as a user without any rights. */
  Start start() {
    return privileged().within(Start.UNPRIVILEGED);
  }

  Start privileged() {
    return Start.plain().within(List.of("ip", "netns", "exec", name + "p"));
  }

  /** As PID 1 in the pod's network, without any rights. */
  Start first() {
    return privileged().asFirst().within(Start.UNPRIVILEGED);
  }

  /** Starts to wait until the pod's port has been quiet for a second. */
  Running drain(String... options) {
    return drain(start(), options);
  }

  static Running drain(Start start, String... options) {
    return drain(start, PORT, options);
  }

  /** The same of another port. */
  static Running drain(Start start, int port, String... options) {
    List<String> words =
        new ArrayList<>(List.of("drain", "--ports", Integer.toString(port), "--min", "0"));
    if (!List.of(options).contains("--quiet")) {
      words.addAll(List.of("--quiet", "1"));
    }
    if (!List.of(options).contains("--max")) {
      words.addAll(List.of("--max", "15"));
    }
    words.addAll(List.of(options));
    return start.init(words.toArray(String[]::new));
  }

  @Override
  public void close() {
    for (AutoCloseable each : open) {
      try {
        each.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
    shell("ip netns del " + name + "p; ip netns del " + name + "c");
  }
}
