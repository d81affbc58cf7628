package dev.holdfast.policy;

import java.util.List;

/** Reads HardeningPolicies: the one loader for files, custom resources and the embedded default. */
public final class PolicyLoader {
  private PolicyLoader() {}

  /**
   * Reads every HardeningPolicy of a text.
   *
   * @param source the name of the file, for messages
   * @param bytes YAML or JSON, one or more documents
   * @return at least one policy
   * @throws PolicyException naming file, line, column and what is allowed, for everything wrong
   */
  public static List<HardeningPolicy> load(String source, byte[] bytes) throws PolicyException {
    throw new UnsupportedOperationException(source + bytes.length);
  }

  /** The policy that serves where no other is given: the profile {@code standard}. */
  public static HardeningPolicy embedded() {
    return ofProfile(Profile.STANDARD);
  }

  /** A policy named {@code default} that is a profile and nothing else. */
  public static HardeningPolicy ofProfile(Profile profile) {
    throw new UnsupportedOperationException(profile.name());
  }
}
