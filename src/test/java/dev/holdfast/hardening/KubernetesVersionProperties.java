package dev.holdfast.hardening;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class KubernetesVersionProperties {
  @Property
  void reads_what_it_prints(
      @ForAll @IntRange(max = 9) int major, @ForAll @IntRange(max = 99) int minor) {
    KubernetesVersion version = new KubernetesVersion(major, minor);
    assertThat(KubernetesVersion.of("v" + version + ".1-eks-1a2b")).contains(version);
  }
}
