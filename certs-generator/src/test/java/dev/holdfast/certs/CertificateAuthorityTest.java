package dev.holdfast.certs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CertificateAuthorityTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
  private static final Duration DAY = Duration.ofDays(1);

  private final CertificateAuthority authority = CertificateAuthority.create(NOW, DAY);

  @Test
  void a_serving_certificate_is_for_the_two_names_of_the_service_and_nothing_else()
      throws Exception {
    ServingPair pair = authority.issue(new ServingName("web", "shop", "corp.test"), NOW, DAY);

    assertThat(List.copyOf(pair.leaf().getSubjectAlternativeNames()))
        .isEqualTo(List.of(List.of(2, "web.shop.svc"), List.of(2, "web.shop.svc.corp.test")));
  }

  @Test
  void keys_are_on_p_256_and_signatures_ecdsa() {
    ServingPair pair = authority.issue(TestPairs.NAME, NOW, DAY);

    for (var certificate : List.of(pair.leaf(), authority.certificate())) {
      assertThat(((ECPublicKey) certificate.getPublicKey()).getParams().toString())
          .contains("secp256r1");
      assertThat(certificate.getSigAlgName()).isEqualTo("SHA256withECDSA");
    }
  }

  @Test
  void a_serving_certificate_can_sign_nothing_and_is_for_servers_only() throws Exception {
    var leaf = authority.issue(TestPairs.NAME, NOW, DAY).leaf();

    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(leaf.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(leaf.getKeyUsage()).startsWith(true, false);
    assertThat(authority.certificate().getBasicConstraints()).isZero();
  }

  @Test
  void a_serving_certificate_does_not_outlive_its_authority() {
    var leaf = authority.issue(TestPairs.NAME, NOW.plus(DAY.dividedBy(2)), DAY).leaf();

    assertThat(leaf.getNotAfter()).isEqualTo(authority.certificate().getNotAfter());
  }

  @Test
  void it_is_valid_a_little_before_it_was_made_as_clocks_differ() {
    var leaf = authority.issue(TestPairs.NAME, NOW, DAY).leaf();

    assertThat(leaf.getNotBefore().toInstant()).isEqualTo(NOW.minus(Duration.ofMinutes(5)));
    assertThat(leaf.getNotAfter().toInstant()).isEqualTo(NOW.plus(DAY));
  }

  @Test
  void it_is_read_again_as_it_was_written() throws Exception {
    var read = CertificateAuthority.parse(authority.certificatePem(), authority.keyPem());

    assertThat(read.certificate()).isEqualTo(authority.certificate());
    assertThat(read.issued(read.issue(TestPairs.NAME, NOW, DAY).leaf())).isTrue();
    assertThat(read.issued(CertificateAuthority.create(NOW, DAY).certificate())).isFalse();
  }

  @Test
  void a_serving_certificate_is_no_authority() {
    ServingPair pair = authority.issue(TestPairs.NAME, NOW, DAY);

    assertThatThrownBy(() -> CertificateAuthority.parse(pair.certificatePem(), pair.keyPem()))
        .isInstanceOf(BadCertificateException.class)
        .hasMessageContaining("not the certificate of an authority");
  }

  @ParameterizedTest
  @CsvSource({
    "Web, shop, cluster.local",
    "9web, shop, cluster.local",
    "web, shop_, cluster.local",
    "web., shop, cluster.local",
    "'', shop, cluster.local",
    "web, shop, .local",
    "web, shop, cluster..local",
    "web, shop, ''",
    "a234567890123456789012345678901234567890123456789012345678901234, shop, cluster.local"
  })
  void names_that_kubernetes_refuses_are_refused(String service, String namespace, String domain) {
    assertThatThrownBy(() -> new ServingName(service, namespace, domain))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
