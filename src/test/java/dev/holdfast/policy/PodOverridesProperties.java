package dev.holdfast.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class PodOverridesProperties {
  @Property(tries = 5000)
  void never_throws_and_tells_of_what_it_ignores(
      @ForAll("keys") String key, @ForAll("values") String value) {
    PodOverrides overrides =
        PodOverrides.read(
            Map.of(PodOverrides.PREFIX + key, value), List.of("web", "a"), List.of("web"));
    for (RuleName rule : RuleName.values()) {
      boolean asks = overrides.asksFor(rule);
      assertThat(asks && !overrides.problems().isEmpty()).isFalse();
    }
  }

  @Provide
  Arbitrary<String> keys() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "skip",
            "exclude-containers",
            "pre-stop",
            "pre-stop.web",
            "shutdown",
            "startup-probe",
            "readiness-probe.a",
            "init",
            "entrypoint",
            "stop-signal",
            "wait-for",
            "anti-affinity",
            "disruption-budget",
            "hardened"),
        Arbitraries.strings().ofMaxLength(80));
  }

  @Provide
  Arbitrary<String> values() {
    return Arbitraries.oneOf(
        Arbitraries.strings(),
        Arbitraries.strings().withChars("0123456789.hms ").ofMaxLength(40),
        Arbitraries.strings().withChars("htpcgr:/0189-a ").ofMaxLength(30),
        Arbitraries.strings().withChars("[]{}\",\\").ofMaxLength(2000),
        Arbitraries.strings().withChars("tcp:/,a").ofMinLength(3000).ofMaxLength(4000));
  }
}
