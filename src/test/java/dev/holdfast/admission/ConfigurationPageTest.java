package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.cluster.CertificateConfig;
import dev.holdfast.cluster.ClusterConfig;
import dev.holdfast.disruption.DisruptionConfig;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The page about configuration says what the code says. */
class ConfigurationPageTest {
  private static final Path PAGE = Path.of("docs/reference/configuration.md");

  static Stream<Method> ourProperties() {
    return Stream.of(
            HoldfastConfig.class,
            ClusterConfig.class,
            CertificateConfig.class,
            DisruptionConfig.class)
        .flatMap(config -> Arrays.stream(config.getDeclaredMethods()));
  }

  @ParameterizedTest
  @MethodSource("ourProperties")
  void each_property_of_ours_is_there_with_its_default(Method property) throws IOException {
    String name =
        property.getDeclaringClass().getAnnotation(ConfigMapping.class).prefix()
            + "."
            + property.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    WithDefault value = property.getAnnotation(WithDefault.class);
    assertThat(Files.readString(PAGE))
        .contains(
            "| `"
                + name
                + "` | `"
                + variable(name)
                + "` | "
                + (value == null ? "none" : "`" + value.value() + "`")
                + " |");
  }

  @Test
  void defaults_of_quarkus_properties_are_those_of_the_application() throws IOException {
    Properties application = new Properties();
    application.load(Files.newBufferedReader(Path.of("src/main/resources/application.properties")));
    for (String line : Files.readAllLines(PAGE)) {
      if (line.startsWith("| `quarkus.")) {
        String[] cells = line.split(" \\| ");
        String name = cells[0].substring(3, cells[0].length() - 1);
        assertThat(cells[1]).isEqualTo("`" + variable(name) + "`");
        if (application.containsKey(name)) {
          assertThat(cells[2]).isEqualTo("`" + application.getProperty(name) + "`");
        }
      }
    }
  }

  private static String variable(String property) {
    return property.replaceAll("[^a-z0-9]", "_").toUpperCase(Locale.ROOT);
  }
}
