package dev.holdfast.admission;

import dev.holdfast.certs.ServingPair;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Gives each handshake the pair that is served at that moment. To exchange it costs no connection:
 * the server's options stay as they are, and a handshake that has begun ends with the pair that it
 * began with. Thread-safe.
 */
final class ServedKeys extends X509ExtendedKeyManager {
  /** A handshake asks for an alias, and soon after for what belongs to it. */
  private static final int KEPT_GENERATIONS = 8;

  private static final String ALIAS = "webhook";

  /** Kept in memory only, where a password protects nothing. */
  private static final char[] PASSWORD = "in-memory".toCharArray();

  private final Map<Long, X509ExtendedKeyManager> generations = new ConcurrentHashMap<>();
  private volatile long generation;

  /** From now on serves this pair. */
  void serve(ServingPair pair) {
    try {
      KeyStore keyStore = KeyStore.getInstance("PKCS12");
      keyStore.load(null, null);
      keyStore.setKeyEntry(ALIAS, pair.key(), PASSWORD, pair.chain().toArray(Certificate[]::new));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(keyStore, PASSWORD);
      serve(factory);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("a checked pair cannot be served", e);
    }
  }

  /** From now on serves what this brings. */
  synchronized void serve(KeyManagerFactory factory) {
    for (KeyManager manager : factory.getKeyManagers()) {
      if (manager instanceof X509ExtendedKeyManager keys) {
        generations.put(generation + 1, keys);
        generation++;
        generations.remove(generation - KEPT_GENERATIONS);
        return;
      }
    }
    throw new IllegalArgumentException("no X.509 keys");
  }

  /** What is served; if there are several pairs, one of them. */
  Optional<ServingPair> pair() {
    X509ExtendedKeyManager keys = generations.get(generation);
    if (keys == null) {
      return Optional.empty();
    }
    return Stream.of("EC", "RSA")
        .flatMap(type -> Stream.ofNullable(keys.getServerAliases(type, null)))
        .flatMap(Stream::of)
        .map(
            alias ->
                new ServingPair(
                    List.of(keys.getCertificateChain(alias)), keys.getPrivateKey(alias)))
        .findFirst();
  }

  @Override
  public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
    long now = generation;
    X509ExtendedKeyManager keys = generations.get(now);
    String alias = keys == null ? null : keys.chooseEngineServerAlias(keyType, issuers, engine);
    return alias == null ? null : now + ":" + alias;
  }

  @Override
  public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
    long now = generation;
    X509ExtendedKeyManager keys = generations.get(now);
    String alias = keys == null ? null : keys.chooseServerAlias(keyType, issuers, socket);
    return alias == null ? null : now + ":" + alias;
  }

  @Override
  public String[] getServerAliases(String keyType, Principal[] issuers) {
    long now = generation;
    X509ExtendedKeyManager keys = generations.get(now);
    String[] aliases = keys == null ? null : keys.getServerAliases(keyType, issuers);
    return aliases == null
        ? null
        : Stream.of(aliases).map(alias -> now + ":" + alias).toArray(String[]::new);
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    X509ExtendedKeyManager keys = of(alias);
    return keys == null ? null : keys.getCertificateChain(rest(alias));
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    X509ExtendedKeyManager keys = of(alias);
    return keys == null ? null : keys.getPrivateKey(rest(alias));
  }

  private X509ExtendedKeyManager of(String alias) {
    return generations.get(Long.parseLong(alias.substring(0, alias.indexOf(':'))));
  }

  private static String rest(String alias) {
    return alias.substring(alias.indexOf(':') + 1);
  }

  @Override
  public String[] getClientAliases(String keyType, Principal[] issuers) {
    return null;
  }

  @Override
  public String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
    return null;
  }
}
