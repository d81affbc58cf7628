package dev.holdfast;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;

/** The arrows of docs/architecture.md, and house rules that a compiler cannot hold. */
@AnalyzeClasses(packages = "dev.holdfast", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String RULE = "dev.holdfast.hardening.rule.Rule";

  // an entry point may know everything
  private static final String ENTRY_POINT = "dev.holdfast.Holdfast";

  @ArchTest
  static final ArchRule arrows_point_from_the_outside_to_the_engine =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("admission")
          .definedBy("dev.holdfast.admission..")
          .layer("cli")
          .definedBy("dev.holdfast.cli..")
          .optionalLayer("audit")
          .definedBy("dev.holdfast.audit..")
          .optionalLayer("dashboard")
          .definedBy("dev.holdfast.dashboard..")
          .layer("disruption")
          .definedBy("dev.holdfast.disruption..")
          .layer("cluster")
          .definedBy("dev.holdfast.cluster..")
          .layer("certs")
          .definedBy("dev.holdfast.certs..")
          .layer("hardening")
          .definedBy("dev.holdfast.hardening..")
          .layer("policy")
          .definedBy("dev.holdfast.policy..")
          .layer("yaml")
          .definedBy("dev.holdfast.yaml..")
          // `holdfast serve` starts it.
          .whereLayer("admission")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("cluster")
          .mayOnlyBeAccessedByLayers("admission", "cli", "audit", "dashboard", "disruption")
          .whereLayer("disruption")
          .mayOnlyBeAccessedByLayers("admission", "cli", "audit", "dashboard")
          .whereLayer("certs")
          .mayOnlyBeAccessedByLayers("admission", "cli", "cluster")
          .whereLayer("hardening")
          .mayOnlyBeAccessedByLayers(
              "admission", "cli", "audit", "cluster", "dashboard", "disruption")
          .whereLayer("policy")
          .mayOnlyBeAccessedByLayers(
              "admission", "cli", "audit", "cluster", "dashboard", "disruption", "hardening")
          .whereLayer("yaml")
          .mayOnlyBeAccessedByLayers("cli", "policy");

  @ArchTest
  static final ArchRule features_are_free_of_cycles =
      slices().matching("dev.holdfast.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule parts_of_the_engine_are_free_of_cycles =
      slices().matching("dev.holdfast.hardening.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule the_engine_is_plain_java_and_jackson =
      classes()
          .that()
          .resideInAPackage("dev.holdfast.hardening..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "com.fasterxml.jackson..",
              "dev.holdfast.hardening..",
              "dev.holdfast.policy..");

  @ArchTest
  static final ArchRule policies_are_plain_java_and_jackson =
      classes()
          .that()
          .resideInAPackage("dev.holdfast.policy..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..", "com.fasterxml.jackson..", "dev.holdfast.policy..", "dev.holdfast.yaml..");

  @ArchTest
  static final ArchRule yaml_knows_nothing_of_holdfast =
      classes()
          .that()
          .resideInAPackage("dev.holdfast.yaml..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..", "com.fasterxml.jackson..", "org.yaml.snakeyaml..", "dev.holdfast.yaml..");

  // promise 5 of the design: nothing on the admission path waits, and the same input gives the same
  // answer wherever and whenever it is asked
  @ArchTest
  static final ArchRule the_engine_does_no_io_and_knows_no_time_nor_chance =
      noClasses()
          .that()
          .resideInAPackage("dev.holdfast.hardening..")
          .should()
          .dependOnClassesThat(
              resideInAPackage("java.nio.file..")
                  .or(resideInAPackage("java.io..").and(nameMatching(".*(Stream|Reader|File)")))
                  .or(resideInAPackage("java.net..").and(nameMatching(".*(Connection|Socket)")))
                  .or(resideInAPackage("java.net.http.."))
                  .or(assignableTo(Thread.class))
                  .or(assignableTo(java.time.Clock.class))
                  .or(assignableTo(java.util.random.RandomGenerator.class)))
          .orShould()
          .callMethodWhere(
              target(owner(resideInAPackage("java.time.."))).and(target(nameMatching("now"))))
          .orShould()
          .callMethodWhere(
              target(owner(assignableTo(System.class)))
                  .and(target(nameMatching("getenv|getProperty|nanoTime|currentTimeMillis"))));

  @ArchTest
  static final ArchRule rules_are_final =
      classes().that().implement(RULE).should().haveModifier(JavaModifier.FINAL);

  @ArchTest
  static final ArchRule rules_stand_in_one_package =
      classes().that().implement(RULE).should().resideInAPackage("dev.holdfast.hardening.rule");

  @ArchTest
  static final ArchRule rules_have_no_state =
      fields()
          .that()
          .areDeclaredInClassesThat()
          .implement(RULE)
          .should()
          .beStatic()
          .andShould()
          .beFinal();

  @ArchTest
  static final ArchRule only_yaml_uses_snake_yaml = isUsedOnlyIn("org.yaml..", "dev.holdfast.yaml");

  @ArchTest
  static final ArchRule only_the_command_line_uses_picocli =
      isUsedOnlyIn("picocli..", "dev.holdfast.cli");

  @ArchTest
  static final ArchRule only_the_webhook_uses_vertx =
      isUsedOnlyIn("io.vertx..", "dev.holdfast.admission");

  @ArchTest
  static final ArchRule only_the_cluster_budgets_and_certificates_use_the_kubernetes_client =
      isUsedOnlyIn(
          "io.fabric8..", "dev.holdfast.cluster", "dev.holdfast.disruption", "dev.holdfast.certs");

  @ArchTest
  static final ArchRule decisions_about_budgets_are_plain_java_and_jackson =
      classes()
          .that()
          .resideInAPackage("dev.holdfast.disruption.budget")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "com.fasterxml.jackson..",
              "dev.holdfast.disruption.budget",
              "dev.holdfast.hardening..",
              "dev.holdfast.policy..");

  @ArchTest
  static final ArchRule only_certificates_use_bouncy_castle =
      isUsedOnlyIn("org.bouncycastle..", "dev.holdfast.certs");

  @ArchTest
  static final ArchRule certificates_know_nothing_of_pods_nor_of_the_server =
      classes()
          .that()
          .resideInAPackage("dev.holdfast.certs..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "javax.net.ssl..",
              "javax.security.auth.x500..",
              "com.fasterxml.jackson..",
              "io.fabric8..",
              "org.bouncycastle..",
              "dev.holdfast.certs..");

  @ArchTest
  static final ArchRule packages_are_named_by_feature =
      noClasses()
          .should()
          .resideInAnyPackage(
              "..util..",
              "..utils..",
              "..common..",
              "..impl..",
              "..helper..",
              "..helpers..",
              "..service..",
              "..services..",
              "..manager..");

  @ArchTest
  static final ArchRule only_the_command_line_prints_and_exits =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.holdfast.cli..")
          .and()
          .doNotHaveFullyQualifiedName(ENTRY_POINT)
          .and()
          // It ends the process after SIGTERM, with 0 in place of the JVM's 143.
          .doNotHaveFullyQualifiedName("dev.holdfast.admission.Server")
          .should(ACCESS_STANDARD_STREAMS)
          .orShould()
          .callMethodWhere(
              target(owner(assignableTo(System.class).or(assignableTo(Runtime.class))))
                  .and(target(nameMatching("exit|halt"))));

  @ArchTest
  static final ArchRule times_are_those_of_java_time =
      noClasses()
          .that()
          // X.509 in the JDK and its library speaks of Date.
          .resideOutsideOfPackage("dev.holdfast.certs..")
          .should()
          .dependOnClassesThat(
              assignableTo(java.util.Date.class)
                  .or(assignableTo(java.util.Calendar.class))
                  .or(assignableTo(java.util.TimeZone.class))
                  .or(resideInAPackage("java.text..").and(nameMatching(".*DateFormat"))));

  private static ArchRule isUsedOnlyIn(String library, String... features) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(
            Stream.of(features).map(feature -> feature + "..").toArray(String[]::new))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library);
  }
}
