package dev.holdfast.certs;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeoutException;

/** Why a call of the API server has failed, for people. */
public final class ClientFailures {
  private ClientFailures() {}

  /** What the API server said; else what the first of all causes says. On one line. */
  public static String words(Throwable failure) {
    Throwable cause = failure;
    String answer = answer(failure);
    while (answer == null && cause.getCause() != null) {
      cause = cause.getCause();
      answer = answer(cause);
    }
    if (answer != null) {
      return line(answer);
    }
    if (cause instanceof UnknownHostException && cause.getMessage() != null) {
      // The exception's message is the host's name alone, or what the resolver says of it.
      String host = cause.getMessage();
      return host.contains(" ") ? line(host) : "host " + host + " is not known";
    }
    if (cause instanceof TimeoutException) {
      // The message, if there is one, tells the client's own limits, and the path.
      return "no answer in time";
    }
    if (cause.getMessage() != null) {
      return line(cause.getMessage());
    }
    return cause instanceof ClosedChannelException
        ? "the connection was closed"
        : cause.getClass().getSimpleName();
  }

  private static String answer(Throwable failure) {
    return failure instanceof KubernetesClientException e && e.getStatus() != null
        ? e.getStatus().getMessage()
        : null;
  }

  private static String line(String text) {
    return text.replace('\n', ' ');
  }
}
