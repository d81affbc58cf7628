package dev.holdfast.disruption.budget;

import static dev.holdfast.disruption.budget.Village.budget;
import static dev.holdfast.disruption.budget.Village.deployment;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.hardening.Finding;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told about budgets of users. */
class BudgetAdviceTest {
  private static final String WEB = "selector: {matchLabels: {app: web}}";

  private final Village village = new Village();

  private List<String> reasons(Budget budget) {
    village.put(budget);
    return BudgetAdvice.of(village.neighbourhood, budget).stream().map(Finding::reason).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "3, maxUnavailable: 1, ''",
    "3, maxUnavailable: 0, allows-no-disruption",
    "3, maxUnavailable: 0%, allows-no-disruption",
    "3, minAvailable: 2, ''",
    "3, minAvailable: 3, allows-no-disruption",
    "3, minAvailable: 100%, allows-no-disruption",
    "3, minAvailable: 67%, allows-no-disruption",
    "3, minAvailable: 50%, ''",
    "0, minAvailable: 1, ''"
  })
  void a_budget_that_allows_nothing_is_told(int replicas, String amount, String reason) {
    village.put(deployment("web", replicas));

    assertThat(reasons(budget("b", "{" + amount + ", " + WEB + "}")))
        .isEqualTo(reason.isEmpty() ? List.of() : List.of(reason));
  }

  @Test
  void one_that_allows_nothing_once_autoscaling_is_done_is_told() {
    village.put(deployment("web", 5));
    village.neighbourhood.put(
        new Autoscaler("HorizontalPodAutoscaler", "web", "apps", "Deployment", "web", 2));

    assertThat(reasons(budget("b", "{minAvailable: 2, " + WEB + "}")))
        .containsExactly("allows-no-disruption");
  }

  @Test
  void one_that_allows_nothing_now_is_told() {
    village.put(deployment("web", 3));
    Budget budget = budget("b", "{maxUnavailable: 1, " + WEB + "}");
    Budget counted =
        new Budget(
            "shop",
            "b",
            "u",
            "2",
            budget.selector(),
            budget.amount(),
            "",
            false,
            false,
            Optional.empty(),
            Optional.of(new Budget.Status(1, 0, 2, 2, 3, false)));

    assertThat(reasons(counted)).containsExactly("allows-no-disruption");
  }

  @Test
  void one_over_a_single_replica_is_told() {
    village.put(deployment("web", 1));

    assertThat(reasons(budget("a", "{minAvailable: 1, " + WEB + "}")))
        .containsExactly("single-replica", "allows-no-disruption");
  }

  @Test
  void two_on_one_pod_are_told_of_each_other() {
    village.put(deployment("web", 3));
    village.put(budget("other", "{maxUnavailable: 1, selector: {}}"));

    assertThat(reasons(budget("b", "{maxUnavailable: 1, " + WEB + "}")))
        .containsExactly("two-budgets");
  }

  @Test
  void one_that_selects_nothing_is_told() {
    assertThat(reasons(budget("a", "{maxUnavailable: 1, " + WEB + "}")))
        .containsExactly("selects-nothing");
    assertThat(reasons(budget("b", "{maxUnavailable: 1}"))).containsExactly("selects-nothing");
    assertThat(reasons(budget("c", "{maxUnavailable: 0, " + WEB + "}")))
        .containsExactly("selects-nothing", "allows-no-disruption");
  }

  @Test
  void one_on_pods_of_a_daemon_set_or_a_job_is_told() {
    ObjectNode daemons = deployment("web", 1);
    daemons.put("kind", "DaemonSet");
    village.put(daemons);
    assertThat(reasons(budget("b", "{minAvailable: 1, " + WEB + "}")))
        .containsExactly("kind-without-scale");

    village.neighbourhood.setPods(List.of(new LivePod("Job", "j", Map.of("a", "b"))));
    assertThat(reasons(budget("c", "{minAvailable: 1, selector: {matchLabels: {a: b}}}")))
        .containsExactly("kind-without-scale");
  }

  @Test
  void one_of_ours_is_not_told() {
    Workload web = village.put(deployment("web", 3));
    village.reconcile(web);

    assertThat(
            BudgetAdvice.of(
                village.neighbourhood, village.neighbourhood.budgets().iterator().next()))
        .isEmpty();
  }

  @Test
  void a_workload_that_is_applied_is_told_of_the_budgets_that_wait_for_it() {
    village.put(budget("none", "{minAvailable: 3, " + WEB + "}"));
    village.put(budget("fine", "{maxUnavailable: 1, selector: {matchLabels: {app: other}}}"));

    assertThat(
            BudgetAdvice.of(
                village.neighbourhood, Documents.workload(deployment("web", 3), "shop")))
        .extracting(Finding::reason)
        .containsExactly("allows-no-disruption");
    assertThat(
            BudgetAdvice.of(
                village.neighbourhood, Documents.workload(deployment("web", 4), "shop")))
        .isEmpty();
  }
}
