package dev.holdfast.init;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A TCP service on loopback that answers each request with the same bytes, whatever they are. */
final class Service implements AutoCloseable {
  private final ServerSocket socket;
  private final List<Long> asked = new CopyOnWriteArrayList<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final byte[] answer;
  private final boolean forever;

  private Service(byte[] answer, boolean forever, InetAddress address) {
    this.answer = answer;
    this.forever = forever;
    try {
      socket = new ServerSocket(0, 50, address);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread thread = new Thread(this::serve, "service");
    thread.setDaemon(true);
    thread.start();
  }

  static Service answering(String answer) {
    return new Service(
        answer.getBytes(StandardCharsets.ISO_8859_1), false, InetAddress.getLoopbackAddress());
  }

  static Service answering(String answer, InetAddress address) {
    return new Service(answer.getBytes(StandardCharsets.ISO_8859_1), false, address);
  }

  /** Answers with these bytes again and again, until the other end has had enough. */
  static Service repeating(String answer) {
    return new Service(
        answer.getBytes(StandardCharsets.ISO_8859_1), true, InetAddress.getLoopbackAddress());
  }

  static Service http(int status) {
    return answering(
        "HTTP/1.1 "
            + status
            + " Status\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  }

  private void serve() {
    while (!socket.isClosed()) {
      try {
        Socket accepted = socket.accept();
        Thread thread = new Thread(() -> answer(accepted), "service connection");
        thread.setDaemon(true);
        thread.start();
      } catch (SocketException e) {
        return; // closed
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void answer(Socket accepted) {
    asked.add(System.nanoTime());
    try (accepted) {
      InputStream in = accepted.getInputStream();
      StringBuilder request = new StringBuilder();
      while (request.indexOf("\r\n\r\n") < 0) {
        int next = in.read();
        if (next < 0) {
          break;
        }
        request.append((char) next);
      }
      requests.add(request.toString());
      OutputStream out = accepted.getOutputStream();
      do {
        out.write(answer);
      } while (forever);
    } catch (IOException e) {
      // the other end has had enough
    }
  }

  int port() {
    return socket.getLocalPort();
  }

  /** When each connection came, by {@link System#nanoTime}. */
  List<Long> asked() {
    return asked;
  }

  List<String> requests() {
    return requests;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
