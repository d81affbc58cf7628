package dev.holdfast.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.holdfast.admission.TestCertificate;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * A registry on loopback with one image of several platforms, as the OCI Distribution Specification
 * has it.
 */
final class TestRegistry implements AutoCloseable {
  private static final String INDEX = "application/vnd.oci.image.index.v1+json";
  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
  private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

  private record Content(String type, byte[] bytes) {}

  private final Map<String, Content> contents = new HashMap<>();
  private final Map<String, String> layers = new HashMap<>();
  private final HttpsServer server;
  private final String name;

  TestRegistry(String name, List<String> platforms) throws IOException {
    this.name = name;
    StringBuilder manifests = new StringBuilder();
    for (String platform : platforms) {
      String[] words = platform.split("/");
      byte[] layer = gzip(tar(platform));
      byte[] tar = tar(platform);
      layers.put(platform, digest(layer));
      String config =
          """
          {"architecture": "%s", "os": "%s", "config": {"Env": ["PATH=/from/the/base"]},
           "rootfs": {"type": "layers", "diff_ids": ["%s"]}, "history": [{"comment": "base"}]}
          """
              .formatted(words[1], words[0], digest(tar));
      String manifest =
          """
          {"schemaVersion": 2, "mediaType": "%s", "config": %s, "layers": [%s]}
          """
              .formatted(MANIFEST, add(CONFIG, config.getBytes(UTF_8)), add(LAYER, layer));
      String descriptor = add(MANIFEST, manifest.getBytes(UTF_8));
      manifests
          .append(manifests.isEmpty() ? "" : ",")
          .append(descriptor, 0, descriptor.length() - 1)
          .append(
              ", \"platform\": {\"architecture\": \"%s\", \"os\": \"%s\"}}"
                  .formatted(words[1], words[0]));
    }
    byte[] index =
        "{\"schemaVersion\": 2, \"mediaType\": \"%s\", \"manifests\": [%s]}"
            .formatted(INDEX, manifests)
            .getBytes(UTF_8);
    add(INDEX, index);
    contents.put("17", new Content(INDEX, index));
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(selfSigned()));
    server.createContext("/v2/", this::answer);
    server.start();
  }

  String reference() {
    return "localhost:" + server.getAddress().getPort() + "/" + name + ":17";
  }

  String layer(String platform) {
    return layers.get(platform);
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    Content content = contents.get(path.substring(path.lastIndexOf('/') + 1));
    try (exchange) {
      if (path.equals("/v2/")) {
        exchange.sendResponseHeaders(200, -1);
      } else if (content == null || !path.startsWith("/v2/" + name + "/")) {
        exchange.sendResponseHeaders(404, -1);
      } else {
        exchange.getResponseHeaders().add("Content-Type", content.type());
        exchange.getResponseHeaders().add("Docker-Content-Digest", digest(content.bytes()));
        exchange.sendResponseHeaders(200, content.bytes().length);
        exchange.getResponseBody().write(content.bytes());
      }
    }
  }

  /** Returns the descriptor. */
  private String add(String type, byte[] bytes) {
    contents.put(digest(bytes), new Content(type, bytes));
    return "{\"mediaType\": \"%s\", \"digest\": \"%s\", \"size\": %d}"
        .formatted(type, digest(bytes), bytes.length);
  }

  private static byte[] tar(String platform) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      byte[] content = platform.getBytes(UTF_8);
      TarArchiveEntry entry = new TarArchiveEntry("platform");
      entry.setSize(content.length);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    }
    return bytes.toByteArray();
  }

  private static byte[] gzip(byte[] tar) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(tar);
    }
    return bytes.toByteArray();
  }

  private static SSLContext selfSigned() throws IOException {
    try {
      TestCertificate.Pair pair = TestCertificate.issuedAt(Instant.now());
      Certificate certificate =
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(pair.certificate().getBytes(UTF_8)));
      byte[] key = Base64.getMimeDecoder().decode(pair.key().replaceAll("-----[A-Z ]+-----", ""));
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "registry",
          KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(key)),
          new char[0],
          new Certificate[] {certificate});
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static String digest(byte[] data) {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
