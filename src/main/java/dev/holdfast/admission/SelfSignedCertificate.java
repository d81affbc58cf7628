package dev.holdfast.admission;

import io.quarkus.arc.lookup.LookupIfProperty;
import io.quarkus.tls.KeyStoreAndKeyCertOptions;
import io.quarkus.tls.KeyStoreProvider;
import io.smallrye.common.annotation.Identifier;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.KeyStoreOptions;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jboss.logging.Logger;

/**
 * A certificate for development, made at the start and kept in memory, where no certificate is
 * configured. No API server trusts it unless told to.
 */
@Singleton
@Identifier(Certificates.BUCKET)
@LookupIfProperty(
    name = "quarkus.tls." + Certificates.BUCKET + ".key-store.pem.0.cert",
    stringValue = "",
    lookupIfMissing = true)
@LookupIfProperty(
    name = "quarkus.tls." + Certificates.BUCKET + ".key-store.p12.path",
    stringValue = "",
    lookupIfMissing = true)
@LookupIfProperty(
    name = "quarkus.tls." + Certificates.BUCKET + ".key-store.jks.path",
    stringValue = "",
    lookupIfMissing = true)
class SelfSignedCertificate implements KeyStoreProvider {
  private static final Logger LOG = Logger.getLogger(SelfSignedCertificate.class);
  private static final Duration LIFE = Duration.ofDays(30);
  private static final String PASSWORD = "in-memory";

  @Override
  public KeyStoreAndKeyCertOptions getKeyStore(Vertx vertx) {
    try {
      KeyStore keyStore = keyStore(Clock.systemUTC());
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      keyStore.store(bytes, PASSWORD.toCharArray());
      LOG.warn(
          "no certificate is configured: serving a self-signed one, made in memory, for development"
              + " only (set quarkus.tls."
              + Certificates.BUCKET
              + ".key-store.pem.0.cert and .key)");
      return new KeyStoreAndKeyCertOptions(
          keyStore,
          new KeyStoreOptions()
              .setType("PKCS12")
              .setPassword(PASSWORD)
              .setValue(Buffer.buffer(bytes.toByteArray())));
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("no certificate could be made", e);
    }
  }

  static KeyStore keyStore(Clock clock)
      throws GeneralSecurityException, OperatorCreationException, IOException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair keys = generator.generateKeyPair();
    Instant now = clock.instant();
    X500Name name = new X500Name("CN=holdfast development");
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            name,
            new BigInteger(127, new SecureRandom()),
            Date.from(now.minus(Duration.ofMinutes(5))),
            Date.from(now.plus(LIFE)),
            name,
            keys.getPublic());
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(
            new GeneralName[] {
              new GeneralName(GeneralName.dNSName, "localhost"),
              new GeneralName(GeneralName.dNSName, "holdfast.holdfast-system.svc"),
              new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
              new GeneralName(GeneralName.iPAddress, "::1")
            }));
    Certificate certificate =
        new JcaX509CertificateConverter()
            .getCertificate(
                builder.build(
                    new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
    KeyStore keyStore = KeyStore.getInstance("PKCS12");
    try {
      keyStore.load(null, null);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    keyStore.setKeyEntry(
        "webhook", keys.getPrivate(), PASSWORD.toCharArray(), new Certificate[] {certificate});
    return keyStore;
  }
}
