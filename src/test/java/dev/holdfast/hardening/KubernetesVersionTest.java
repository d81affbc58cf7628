package dev.holdfast.hardening;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KubernetesVersionTest {
  @Test
  void rejects_what_is_no_version() {
    assertThat(KubernetesVersion.of("latest")).isEmpty();
  }
}
