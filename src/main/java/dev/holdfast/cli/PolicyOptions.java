package dev.holdfast.cli;

import dev.holdfast.policy.HardeningPolicy;
import dev.holdfast.policy.PolicyException;
import dev.holdfast.policy.PolicyLoader;
import dev.holdfast.policy.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say which policies apply. */
final class PolicyOptions {
  @ArgGroup private PolicyChoice choice = new PolicyChoice();

  /** One or the other. */
  private static final class PolicyChoice {
    @Option(
        names = "--policy",
        paramLabel = "FILE",
        description = {
          "HardeningPolicies to apply; may be given again.",
          "Without it: the profile standard."
        })
    private List<Path> files = new ArrayList<>();

    @Option(
        names = "--profile",
        paramLabel = "PROFILE",
        converter = ProfileConverter.class,
        completionCandidates = ProfileNames.class,
        description = "Built-in profile to apply: minimal, standard or full.")
    private Profile profile;
  }

  /** The names as policies write them. */
  private static final class ProfileNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return List.of("minimal", "standard", "full").iterator();
    }
  }

  private static final class ProfileConverter implements ITypeConverter<Profile> {
    @Override
    public Profile convert(String value) {
      try {
        return Profile.valueOf(value.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("expected minimal, standard or full");
      }
    }
  }

  /** Whether the options say which policies apply. */
  boolean areNamed() {
    return choice.profile != null || !choice.files.isEmpty();
  }

  /**
   * The policies that are asked for.
   *
   * @throws InputException with everything that is wrong with any of them
   */
  List<HardeningPolicy> policies() throws InputException {
    if (choice.profile != null) {
      return List.of(PolicyLoader.ofProfile(choice.profile));
    }
    return choice.files.isEmpty() ? List.of(PolicyLoader.embedded()) : policies(choice.files);
  }

  /** The policies of files; their names must differ among all of them. */
  static List<HardeningPolicy> policies(List<Path> files) throws InputException {
    List<HardeningPolicy> policies = new ArrayList<>();
    Set<String> names = new HashSet<>();
    List<String> problems = new ArrayList<>();
    for (Path file : files) {
      String name = Style.plain(file.toString());
      try {
        for (HardeningPolicy policy : PolicyLoader.load(name, Files.readAllBytes(file))) {
          policies.add(policy);
          if (!names.add(policy.name())) {
            problems.add(name + ": another file has a policy named " + policy.name());
          }
        }
      } catch (PolicyException e) {
        e.problems().forEach(problem -> problems.add(Style.plain(problem.toString())));
      } catch (IOException e) {
        problems.add(name + ": " + Manifests.reason(e));
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return policies;
  }
}
