package dev.holdfast.certs;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** The beginning of a conversation, which shows the certificate of the other side. */
public final class Handshake {
  /** As long as an API server waits for an answer of ours. */
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private Handshake() {}

  /**
   * Looks at the certificate that a server shows, whatever it is worth. Blocks for some seconds at
   * most.
   *
   * @param serverName by which the server is called
   * @return empty if it cannot be reached, or speaks no TLS
   */
  public static Optional<X509Certificate> shown(InetSocketAddress address, String serverName) {
    try (Socket socket = new Socket()) {
      socket.connect(address, (int) TIMEOUT.toMillis());
      socket.setSoTimeout((int) TIMEOUT.toMillis());
      // A context of its own each time: a session that is taken up again shows nothing new.
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new LookingTrustManager()}, null);
      try (SSLSocket tls =
          (SSLSocket)
              context
                  .getSocketFactory()
                  .createSocket(socket, serverName, address.getPort(), false)) {
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(serverName)));
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return Optional.of((X509Certificate) tls.getSession().getPeerCertificates()[0]);
      }
    } catch (IOException | GeneralSecurityException e) {
      return Optional.empty();
    }
  }
}
