package dev.holdfast.hardening.rule;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.policy.RuleName;
import java.util.List;
import java.util.function.BiConsumer;

/** A rule that does what a test wants, in the place and with the fields of a real one. */
public final class TestRule {
  private TestRule() {}

  public static Rule of(RuleName name, BiConsumer<Situation, Verdict> apply) {
    List<String> writes =
        Rules.ALL.stream().filter(rule -> rule.name() == name).findFirst().orElseThrow().writes();
    return new Rule() {
      @Override
      public RuleName name() {
        return name;
      }

      @Override
      public List<String> writes() {
        return writes;
      }

      @Override
      public void apply(Situation situation, Verdict verdict) {
        apply.accept(situation, verdict);
      }
    };
  }

  public static Rule adding(RuleName name, String path, JsonNode value) {
    return of(name, (situation, verdict) -> verdict.add(path, value, "a test wants it"));
  }
}
