package dev.holdfast.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A line to a server on this machine that can be cut, or die without a word. */
final class CutLine implements AutoCloseable {
  private static final int CHUNK_BYTES = 8192;

  private final ServerSocket socket;
  private final int server;
  private final Set<Socket> ends = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private volatile boolean cut;

  /**
   * @param server its port
   */
  CutLine(int server) {
    this.server = server;
    try {
      socket = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.execute(this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  /** Ends all connections, and new ones at once. */
  void cut() {
    cut = true;
    ends.forEach(CutLine::close);
  }

  /** New connections are served. */
  void mend() {
    cut = false;
  }

  /** Connections of now bring nothing any more, and do not end; new ones are served. */
  void goSilent() {
    ends.clear();
  }

  private void accept() {
    try {
      while (true) {
        Socket near = socket.accept();
        if (cut) {
          near.close();
        } else {
          Socket far = new Socket(InetAddress.getLoopbackAddress(), server);
          ends.add(near);
          ends.add(far);
          threads.execute(() -> copy(near, far));
          threads.execute(() -> copy(far, near));
        }
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void copy(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        if (ends.contains(to)) {
          out.write(chunk, 0, read);
        }
      }
    } catch (IOException e) {
      // ended by the other side, or cut
    }
    if (ends.contains(to)) {
      close(to);
    }
  }

  private static void close(Socket end) {
    try {
      end.close();
    } catch (IOException e) {
      // it is of no use any more
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    ends.forEach(CutLine::close);
    threads.shutdownNow();
  }
}
