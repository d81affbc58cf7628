package dev.holdfast.certs;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ClientFailuresTest {
  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(new ConnectException("Connection refused"), "Connection refused"),
        Arguments.of(
            new UnknownHostException("kubernetes.default.svc"),
            "host kubernetes.default.svc is not known"),
        Arguments.of(
            new UnknownHostException("k.svc: Name or service not known"),
            "k.svc: Name or service not known"),
        Arguments.of(new ClosedChannelException(), "the connection was closed"),
        Arguments.of(new TimeoutException(), "no answer in time"),
        Arguments.of(new TimeoutException("10000ms exceeded"), "no answer in time"),
        Arguments.of(new IllegalStateException("first\nsecond"), "first second"),
        Arguments.of(new IllegalStateException(), "IllegalStateException"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void tells_what_the_first_of_all_causes_says(Exception first, String expected) {
    KubernetesClientException wrapped =
        new KubernetesClientException("An error has occurred.", new RuntimeException(first));

    assertThat(ClientFailures.words(wrapped)).isEqualTo(expected);
    assertThat(ClientFailures.words(first)).isEqualTo(expected);
  }

  @Test
  void tells_what_the_api_server_said() {
    KubernetesClientException answer =
        new KubernetesClientException(
            new StatusBuilder().withCode(403).withMessage("nodes is forbidden").build());

    assertThat(ClientFailures.words(new RuntimeException("x", answer)))
        .isEqualTo("nodes is forbidden");
  }
}
