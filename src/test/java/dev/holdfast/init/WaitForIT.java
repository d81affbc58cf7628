package dev.holdfast.init;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Execution(ExecutionMode.CONCURRENT)
class WaitForIT {

  private static Result waitFor(String timeout, String... targets) {
    List<String> words = new ArrayList<>(List.of("wait-for", "--timeout", timeout));
    words.addAll(List.of(targets));
    return Start.plain().run(words.toArray(String[]::new));
  }

  /** A port on which nobody listens. */
  private static int unused() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void isReached(Result result) {
    assertThat(result.err()).as("code %s", result.code()).isNotNull();
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.errLines()).allMatch(line -> line.startsWith(Result.PREFIX));
  }

  private static void isNotReached(Result result, String target) {
    assertThat(result.code()).as(result.err()).isEqualTo(1);
    assertThat(result.errLines())
        .isNotEmpty()
        .allMatch(line -> line.startsWith(Result.PREFIX))
        .last()
        .asString()
        .contains(
            target.startsWith("http://") ? target.replaceFirst("(//[^/]*)/.*", "$1") : target);
  }

  @Test
  void a_tcp_service_that_is_there() {
    try (Service service = Service.answering("")) {
      Result result = waitFor("10", "tcp://127.0.0.1:" + service.port());

      isReached(result);
      assertThat(result.took()).isLessThan(Duration.ofSeconds(1));
    }
  }

  @Test
  void a_tcp_service_by_its_ipv6_address() throws Exception {
    try (Service service = Service.answering("", InetAddress.getByName("::1"))) {
      isReached(waitFor("10", "tcp://[::1]:" + service.port()));
    }
  }

  @Test
  void a_tcp_service_by_its_name() {
    try (Service service = Service.answering("")) {
      isReached(waitFor("10", "tcp://localhost:" + service.port()));
    }
  }

  @Test
  void a_service_that_comes_later() throws Exception {
    int port = unused();
    try (Running running =
        Start.plain().init("wait-for", "--timeout", "20", "tcp://127.0.0.1:" + port)) {
      running.says("127.0.0.1:" + port);
      assertThat(running.isAlive()).isTrue();
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        assertThat(socket.isBound()).isTrue();

        isReached(running.end());
      }
    }
  }

  @Test
  void gives_up_after_the_timeout_and_says_on_what() throws Exception {
    String target = "tcp://127.0.0.1:" + unused();
    Result result = waitFor("700ms", target);

    isNotReached(result, target);
    assertThat(result.took()).isBetween(Duration.ofMillis(690), Duration.ofMillis(1_500));
  }

  @Test
  void all_targets_must_be_there() throws Exception {
    try (Service one = Service.answering("");
        Service two = Service.http(200)) {
      String there = "tcp://127.0.0.1:" + one.port();
      String too = "http://127.0.0.1:" + two.port() + "/ready";
      String missing = "tcp://127.0.0.1:" + unused();

      isReached(waitFor("10", there, too));
      isNotReached(waitFor("250ms", there, missing, too), missing);
      isNotReached(waitFor("250ms", missing, there), missing);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 201, 204, 301, 302, 307, 399})
  void http_answers_that_the_kubelet_counts_as_ready(int status) {
    try (Service service = Service.http(status)) {
      isReached(waitFor("10", "http://127.0.0.1:" + service.port() + "/ready?x=1"));

      // redirects are not followed
      assertThat(service.requests())
          .singleElement()
          .asString()
          .startsWith("GET /ready?x=1 HTTP/1.")
          .containsIgnoringCase("\r\nHost: 127.0.0.1:" + service.port() + "\r\n");
    }
  }

  @Test
  void http_answers_that_it_does_not() {
    areNotReached(
        Stream.of(100, 199, 400, 404, 500, 503, 600, 999).map(Service::http).toList(),
        result ->
            assertThat(result.err()).containsPattern("\\b(100|199|400|404|500|503|600|999)\\b"));
  }

  /** All at once, as each takes its time. */
  private static void areNotReached(List<Service> services, Consumer<Result> each) {
    List<Running> all = new ArrayList<>();
    try {
      for (Service service : services) {
        String target = "http://127.0.0.1:" + service.port() + "/";
        all.add(Start.plain().init("wait-for", "--timeout", "300ms", target));
      }
      for (int i = 0; i < all.size(); i++) {
        Result result = all.get(i).end();
        isNotReached(result, "http://127.0.0.1:" + services.get(i).port() + "/");
        each.accept(result);
      }
    } finally {
      all.forEach(Running::close);
      services.forEach(Service::close);
    }
  }

  static Stream<String> garbage() {
    return Stream.of(
        "",
        "\r\n\r\n",
        "HTTP/1.1",
        "HTTP/1.1 \r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 -200 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/9999999999999999999999 99999999999999999999\r\n\r\n",
        "200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2p1 200\r\n",
        "\0\0\0\0\0\0\0\0\0 200 \0",
        "\u0015\u0003\u0001\u0000\u0002\u0002(",
        "x".repeat(1_000_000),
        "HTTP/1.1 " + " ".repeat(100_000) + "503 no\r\n\r\n");
  }

  @Test
  void answers_that_are_not_http() {
    areNotReached(
        garbage().map(Service::answering).toList(),
        result -> assertThat(result.err()).hasSizeLessThan(5_000));
  }

  @Test
  void an_endless_answer() {
    try (Service service = Service.repeating("X-Header: is not a status line\r\n")) {
      String target = "http://127.0.0.1:" + service.port() + "/";
      Result result = waitFor("500ms", target);

      isNotReached(result, target);
      assertThat(result.took()).isLessThan(Duration.ofSeconds(3));
    }
  }

  @Test
  void a_service_that_never_answers() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String target = "http://127.0.0.1:" + silent.getLocalPort() + "/";
      Result result = waitFor("500ms", target);

      isNotReached(result, target);
      assertThat(result.took()).isLessThan(Duration.ofSeconds(3));
      isReached(waitFor("10", "tcp://127.0.0.1:" + silent.getLocalPort()));
    }
  }

  @Test
  void https_is_a_tcp_connection_and_says_so() {
    try (Service service = Service.answering("no TLS here")) {
      Result result = waitFor("10", "https://127.0.0.1:" + service.port() + "/ready");

      isReached(result);
      assertThat(result.err()).contains("TCP");
    }
  }

  @Test
  void a_name_that_resolves() {
    isReached(waitFor("10", "dns://localhost"));
  }

  @Test
  void a_name_that_does_not() {
    Programs.needNamespaces();
    // without a network there is no name server
    Result result =
        Start.plain()
            .within(List.of("unshare", "--net"))
            .run("wait-for", "--timeout", "500ms", "dns://nobody.invalid");

    isNotReached(result, "dns://nobody.invalid");
    assertThat(result.took()).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void a_file_that_is_there(@TempDir Path folder) throws Exception {
    Path file = Files.createFile(folder.resolve("a file"));

    isReached(waitFor("10", "file://" + file));
    isReached(waitFor("10", "file://" + folder));
  }

  @Test
  void a_file_that_comes_later(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("ready");
    try (Running running = Start.plain().init("wait-for", "--timeout", "20", "file://" + file)) {
      running.says(file.toString());
      Files.createFile(file);

      isReached(running.end());
    }
    isNotReached(waitFor("300ms", "file://" + file + ".not"), "file://" + file + ".not");
  }

  @ParameterizedTest
  @CsvSource({"15, 143", "2, 130"})
  void ends_at_once_when_told_to(int signal, int code) throws Exception {
    String target = "tcp://127.0.0.1:" + unused();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String hanging = "http://127.0.0.1:" + silent.getLocalPort() + "/";
      for (Start start : new Start[] {Start.plain(), Start.first()}) {
        for (String each : new String[] {target, hanging}) {
          try (Running running = start.init("wait-for", "--timeout", "1m", each)) {
            if (each.equals(target)) {
              running.says(each);
            } else {
              Running.quickly("not waiting").until(() -> Running.state(running.pid()).equals("S"));
            }
            long sent = System.nanoTime();
            running.signal(signal);
            Result result = running.end();

            assertThat(result.code()).as(each).isEqualTo(code);
            assertThat(result.after(sent)).as(each).isLessThan(Duration.ofMillis(500));
          }
        }
      }
    }
  }

  @Test
  void waits_longer_between_tries_as_time_goes_by() {
    try (Service service = Service.http(503)) {
      waitFor("3", "http://127.0.0.1:" + service.port() + "/");
      List<Long> asked = service.asked();

      assertThat(asked).hasSizeBetween(3, 20);
      long first = asked.get(1) - asked.get(0);
      long later = asked.get(asked.size() - 2) - asked.get(asked.size() - 3);
      assertThat(later).isGreaterThan(first);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "https", "tcp"})
  void prints_no_user_information(String scheme) throws Exception {
    String target = scheme + "://alice:hunter2@127.0.0.1:" + unused() + "/";
    for (String level : List.of("info", "debug")) {
      Result result =
          Start.plain()
              .variable("HOLDFAST_INIT_LOG", level)
              .run("wait-for", "--timeout", "150ms", target);

      assertThat(result.code()).isIn(1, 125);
      assertThat(result.out() + result.err())
          .contains("127.0.0.1")
          .doesNotContain("alice", "hunter2");
    }
    try (Service service = Service.http(200)) {
      Result result = waitFor("10", "http://alice:hunter2@127.0.0.1:" + service.port() + "/");

      isReached(result);
      assertThat(result.err()).doesNotContain("alice", "hunter2");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://alice:hunter2@",
        "http://alice:hunter2@:80/",
        "http://alice:hunter2@127.0.0.1:99999/",
        "ftp://alice:hunter2@127.0.0.1/",
        "http://alice:hun%zzter2@[::1/",
        "http://alice:hunter2@a@b:x/"
      })
  void prints_no_user_information_of_a_bad_url_either(String target) {
    Result result = waitFor("300ms", target);

    assertThat(result.code()).isEqualTo(125);
    assertThat(result.err()).startsWith(Result.PREFIX).doesNotContain("alice", "hunter2");
  }

  /** A password that had to be encoded and is not: nobody can tell it from a port and a path. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:1/secret@127.0.0.1:9/",
        "http://127.0.0.1:1?secret@127.0.0.1:9/",
        "http://127.0.0.1:1#secret@127.0.0.1:9/"
      })
  void shows_nothing_behind_the_port(String target) {
    Result result = waitFor("100ms", target);

    isNotReached(result, "http://127.0.0.1:1");
    assertThat(result.err()).doesNotContain("secret");
  }

  @Test
  void a_timeout_of_nothing_tries_once() throws Exception {
    String target = "tcp://127.0.0.1:" + unused();
    Result result = waitFor("0", "--", target);

    isNotReached(result, target);
    try (Service service = Service.answering("")) {
      isReached(waitFor("0", "--", "tcp://127.0.0.1:" + service.port()));
    }
  }

  static Stream<String> noTargets() {
    return Stream.of(
        "",
        "127.0.0.1:80",
        "tcp://",
        "tcp://127.0.0.1",
        "tcp://:80",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:8x",
        "tcp://[::1]",
        "tcp://[::1:80",
        "tcp:/127.0.0.1:80",
        "TCP//x",
        "udp://127.0.0.1:53",
        "http://",
        "http:///path",
        "http://127.0.0.1:99999999999999999999/",
        "https://",
        "dns://",
        "file://",
        "file://relative",
        "tcp://" + "x".repeat(100_000) + ":80",
        "http://127.0.0.1:80/\r\nX-Evil: 1",
        "http://127.0.0.1:80/ HTTP/1.1",
        "dns://" + "a.".repeat(60_000),
        "://",
        "tcp://127.0.0.1:80:81");
  }

  @ParameterizedTest
  @MethodSource("noTargets")
  void refuses_what_is_no_target(String target) {
    Result result = waitFor("300ms", target);

    assertThat(result.code()).isEqualTo(125);
    assertThat(result.err()).startsWith(Result.PREFIX).hasSizeLessThan(250_000);
  }

  @Test
  void http_has_port_80() {
    Result result = waitFor("200ms", "http://127.0.0.1/");

    assertThat(result.code()).isIn(0, 1);
  }

  @Test
  void many_targets() {
    try (Service service = Service.answering("")) {
      String[] targets =
          Stream.generate(() -> "tcp://127.0.0.1:" + service.port())
              .limit(40)
              .toArray(String[]::new);

      isReached(waitFor("10", targets));
    }
  }
}
