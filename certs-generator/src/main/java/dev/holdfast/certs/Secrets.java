package dev.holdfast.certs;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Certificates as two Secrets: {@code NAME}, which replicas read, and {@code NAME-ca} with the
 * authority's private key, which only the one who signs reads. Thread-safe.
 */
public final class Secrets implements CertificateStore {
  private static final String AUTHORITY_SUFFIX = "-ca";
  private static final Map<String, String> LABELS =
      Map.of(
          "app.kubernetes.io/name", "holdfast", "app.kubernetes.io/managed-by", "holdfast-certs");

  private final KubernetesClient client;
  private final String namespace;
  private final String name;

  /**
   * @param client closed by the caller
   */
  public Secrets(KubernetesClient client, String namespace, String name) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
  }

  /** The name of the Secret that holds an authority's private key. */
  public static String authorityOf(String name) {
    return name + AUTHORITY_SUFFIX;
  }

  @Override
  public Content read() {
    Secret serving = get(name);
    Secret authority = get(authorityOf(name));
    return new Content(data(serving), version(serving), data(authority), version(authority));
  }

  @Override
  public Map<String, byte[]> readServing() {
    return data(get(name));
  }

  private Secret get(String secret) {
    try {
      return client.secrets().inNamespace(namespace).withName(secret).get();
    } catch (KubernetesClientException e) {
      throw unavailable("read", secret, e);
    }
  }

  private UnavailableException unavailable(
      String verb, String secret, KubernetesClientException e) {
    return new UnavailableException(
        "the Secret "
            + namespace
            + "/"
            + secret
            + " cannot be "
            + verb
            + ": "
            + ClientFailures.words(e),
        e);
  }

  private static Optional<String> version(Secret secret) {
    return Optional.ofNullable(secret).map(found -> found.getMetadata().getResourceVersion());
  }

  /**
   * What a Secret holds, decoded.
   *
   * @param secret may be null
   */
  public static Map<String, byte[]> data(Secret secret) {
    Map<String, byte[]> data = new LinkedHashMap<>();
    if (secret != null && secret.getData() != null) {
      secret
          .getData()
          .forEach(
              (key, value) -> {
                if (value != null) {
                  data.put(key, decode(value));
                }
              });
    }
    return data;
  }

  private static byte[] decode(String value) {
    try {
      return Base64.getDecoder().decode(value);
    } catch (IllegalArgumentException e) {
      return new byte[0]; // no API server stores it
    }
  }

  @Override
  public void writeAuthority(Content seen, Map<String, byte[]> authority) throws ConflictException {
    write(authorityOf(name), "Opaque", seen.authorityVersion(), authority);
  }

  @Override
  public void writeServing(Content seen, Map<String, byte[]> serving) throws ConflictException {
    write(name, "kubernetes.io/tls", seen.servingVersion(), serving);
  }

  private void write(
      String secret, String type, Optional<String> version, Map<String, byte[]> content)
      throws ConflictException {
    Map<String, String> data = new LinkedHashMap<>();
    content.forEach((key, value) -> data.put(key, Base64.getEncoder().encodeToString(value)));
    try {
      if (version.isEmpty()) {
        client
            .resource(
                new SecretBuilder()
                    .withNewMetadata()
                    .withName(secret)
                    .withNamespace(namespace)
                    .withLabels(LABELS)
                    .endMetadata()
                    .withType(type)
                    .withData(data)
                    .build())
            .create();
        return;
      }
      Secret now = client.secrets().inNamespace(namespace).withName(secret).get();
      if (now == null || !now.getMetadata().getResourceVersion().equals(version.get())) {
        throw new ConflictException("the Secret " + secret + " has been changed");
      }
      // Type, labels and owner are not ours to change, nor keys that somebody has added.
      if (now.getData() == null) {
        now.setData(new LinkedHashMap<>());
      }
      now.getData().putAll(data);
      // With the resource version in it: refused if anybody else was quicker.
      client.resource(now).update();
    } catch (KubernetesClientException e) {
      // One that is not there yet can only be missing its namespace.
      boolean isGone = e.getCode() == HttpURLConnection.HTTP_NOT_FOUND && version.isPresent();
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT || isGone) {
        throw new ConflictException("the Secret " + secret + " has been changed");
      }
      throw unavailable("written", secret, e);
    }
  }

  @Override
  public String describe() {
    return "Secrets " + namespace + "/" + name + " and " + authorityOf(name);
  }
}
