package dev.holdfast.certs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class InspectionTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  private static Inspection inspect(Map<String, byte[]> content) {
    return Inspection.of(content, Optional.of(TestPairs.NAME), true, NOW);
  }

  @Test
  void what_we_make_is_fine() {
    assertThat(inspect(TestPairs.good(NOW)).problems()).isEmpty();
  }

  static Stream<String> bad() {
    return TestPairs.bad(NOW).keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("bad")
  void everything_that_is_wrong_is_told(String message) {
    assertThat(inspect(TestPairs.bad(NOW).get(message)).problems())
        .first()
        .satisfies(problem -> assertThat(problem.text()).contains(message).doesNotContain("\n"));
  }

  @Test
  void a_chain_may_have_an_authority_in_between_and_bring_its_root() {
    CertificateAuthority root = CertificateAuthority.create(NOW, Duration.ofDays(9));
    ServingPair pair = root.issue(TestPairs.NAME, NOW, Duration.ofDays(1));
    byte[] both = Pem.write(List.of(pair.leaf(), root.certificate()));

    assertThat(inspect(TestPairs.content(root.certificatePem(), both, pair.keyPem())).problems())
        .isEmpty();
  }

  @Test
  void a_certificate_that_is_its_own_authority_is_fine() {
    assertThat(inspect(TestPairs.selfSigned(NOW, "RSA", 2048)).problems()).isEmpty();
  }

  static Stream<Arguments> authorities() {
    BasicConstraints yes = new BasicConstraints(true);
    return Stream.of(
        Arguments.of("an authority", yes, KeyUsage.keyCertSign, true),
        Arguments.of("none", new BasicConstraints(false), KeyUsage.keyCertSign, false),
        Arguments.of("not said to be one", null, KeyUsage.keyCertSign, false),
        Arguments.of("not for certificates", yes, KeyUsage.cRLSign, false));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("authorities")
  void whoever_signs_has_to_be_an_authority(
      String name, BasicConstraints basic, int usage, boolean fine) {
    assertThat(inspect(TestPairs.signed(NOW, "SHA256withECDSA", basic, usage)).problems())
        .extracting(Problem::text)
        .containsExactlyElementsOf(
            fine
                ? List.of()
                : List.of("tls.crt: its chain does not end in an authority of ca.crt"));
  }

  @Test
  void an_authority_that_has_expired_beside_one_that_verifies_is_no_problem() throws Exception {
    var old = CertificateAuthority.create(NOW.minus(Duration.ofDays(3)), Duration.ofDays(1));
    Map<String, byte[]> content = TestPairs.good(NOW);
    Bundle bundle = Bundle.parse(content.get("ca.crt")).with(List.of(old.certificate()));

    content.put("ca.crt", bundle.pem());

    assertThat(inspect(content).problems()).isEmpty();
  }

  @Test
  void an_authority_that_has_expired_is_told_and_trusts_nothing() {
    var old = CertificateAuthority.create(NOW.minus(Duration.ofDays(3)), Duration.ofDays(1));
    Map<String, byte[]> content = TestPairs.good(NOW);

    content.put("ca.crt", old.certificatePem());

    assertThat(inspect(content).problems().toString())
        .contains("does not end in an authority")
        .contains("ca.crt: the authority");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-----BEGIN CERTIFICATE-----\n", "-----BEGIN X-----\n-----END X-----\n"})
  void a_bundle_without_a_certificate_is_told(String text) {
    Map<String, byte[]> content = TestPairs.good(NOW);
    content.put("ca.crt", text.getBytes());

    assertThat(inspect(content).problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.text()).startsWith("ca.crt: "));
  }

  @Test
  void messages_hold_nothing_of_a_key() {
    Map<String, byte[]> content = TestPairs.good(NOW);
    String key = new String(content.get("tls.key"));
    content.put("tls.key", key.replace("-----END", "-----EN").getBytes());

    assertThat(inspect(content).problems().toString()).doesNotContain(key.split("\n")[1]);
  }
}
