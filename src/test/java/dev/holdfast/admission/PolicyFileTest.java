package dev.holdfast.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyFileTest {
  @TempDir Path folder;
  private Path path;
  private PolicyFile file;

  @BeforeEach
  void write() throws IOException {
    path = folder.resolve("policy.yaml");
    file = new PolicyFile(path);
    write("first");
  }

  private void write(String name) throws IOException {
    Files.writeString(path, text(name));
  }

  private static String text(String name) {
    return "apiVersion: holdfast.dev/v1alpha1\nkind: HardeningPolicy\nmetadata: { name: "
        + name
        + " }\n";
  }

  @Test
  void tells_policies_only_when_they_changed() throws Exception {
    assertThat(file.changed().orElseThrow()).extracting(HardeningPolicy::name).contains("first");
    assertThat(file.changed()).isEmpty();
    write("second");
    assertThat(file.changed().orElseThrow()).extracting(HardeningPolicy::name).contains("second");
    assertThat(file.changed()).isEmpty();
  }

  @Test
  void a_file_that_is_as_before_the_error_counts_as_changed() throws Exception {
    file.changed();
    Files.writeString(path, "nonsense");
    assertThatThrownBy(file::changed).isInstanceOf(PolicyException.class);
    write("first");
    assertThat(file.changed()).isPresent();
  }

  @Test
  void notices_that_the_links_of_a_config_map_are_swapped() throws Exception {
    Path first = Files.createDirectory(folder.resolve("..2026_1"));
    Path second = Files.createDirectory(folder.resolve("..2026_2"));
    Files.writeString(first.resolve("policy"), text("first"));
    Files.writeString(second.resolve("policy"), text("second"));
    Path data = Files.createSymbolicLink(folder.resolve("..data"), first);
    Path mounted = Files.createSymbolicLink(folder.resolve("policy"), data.resolve("policy"));
    PolicyFile ofConfigMap = new PolicyFile(mounted);
    assertThat(ofConfigMap.changed()).isPresent();
    assertThat(ofConfigMap.changed()).isEmpty();

    Path swap = Files.createSymbolicLink(folder.resolve("..data_tmp"), second);
    Files.move(swap, data, StandardCopyOption.ATOMIC_MOVE);

    assertThat(ofConfigMap.changed().orElseThrow())
        .extracting(HardeningPolicy::name)
        .contains("second");
  }

  @Test
  void says_why_a_file_cannot_be_read() throws Exception {
    Files.delete(path);
    assertThatThrownBy(file::changed)
        .isInstanceOf(PolicyException.class)
        .hasMessage(path + ":1:1: no such file");
    assertThatThrownBy(() -> new PolicyFile(folder).changed())
        .hasMessage(folder + ":1:1: Is a directory");
  }

  @Test
  void reads_no_file_of_more_than_8_mib() throws Exception {
    Files.write(path, new byte[8 * 1024 * 1024 + 1]);
    assertThatThrownBy(file::changed).hasMessage(path + ":1:1: larger than 8 MiB");
  }
}
