package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PemPairTest {
  private static byte[] certificate;
  private static byte[] key;

  @BeforeAll
  static void makePair() throws Exception {
    KeyStore keyStore = SelfSignedCertificate.keyStore(Clock.systemUTC());
    certificate = pem(keyStore.getCertificate("webhook"));
    key = pem(new JcaPKCS8Generator(privateKey(keyStore), null));
  }

  private static java.security.PrivateKey privateKey(KeyStore keyStore) throws Exception {
    return (java.security.PrivateKey) keyStore.getKey("webhook", "in-memory".toCharArray());
  }

  private static byte[] pem(Object object) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(object);
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] newKey(String algorithm) throws Exception {
    KeyPair keys = KeyPairGenerator.getInstance(algorithm).generateKeyPair();
    return pem(new JcaPKCS8Generator(keys.getPrivate(), null));
  }

  @Test
  void takes_a_pair_that_belongs_together() {
    assertThat(PemPair.problem(List.of(certificate, key))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"EC", "RSA"})
  void refuses_another_certificates_key(String algorithm) throws Exception {
    assertThat(PemPair.problem(List.of(certificate, newKey(algorithm))))
        .contains("the key is not the certificate's");
  }

  @Test
  void refuses_a_kind_of_key_that_the_server_cannot_use() throws Exception {
    assertThat(PemPair.problem(List.of(certificate, newKey("Ed25519"))))
        .contains("the key is neither an RSA nor an EC key");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "garbage",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n"
            + "-----END RSA PRIVATE KEY-----\n",
      })
  void refuses_what_is_no_key(String text) {
    assertThat(PemPair.problem(List.of(certificate, text.getBytes(StandardCharsets.UTF_8))))
        .contains("the key is no private key in PEM");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "garbage", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"})
  void refuses_what_is_no_certificate(String text) {
    assertThat(PemPair.problem(List.of(text.getBytes(StandardCharsets.UTF_8), key)))
        .contains("the certificate is no X.509 certificate in PEM");
  }

  @Test
  void survives_truncation_anywhere() {
    for (int length = 0; length < key.length - 40; length++) {
      assertThat(PemPair.problem(List.of(certificate, Arrays.copyOf(key, length)))).isPresent();
    }
    for (int length = 0; length < certificate.length - 40; length++) {
      assertThat(PemPair.problem(List.of(Arrays.copyOf(certificate, length), key))).isPresent();
    }
  }
}
