package dev.holdfast.policy;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.yaml.YamlException;
import dev.holdfast.yaml.YamlStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The built-in starting points of policies, each a resource beside this class that names the rules
 * it has on and the settings in which it differs from the defaults.
 */
public enum Profile {
  /** A pause before SIGTERM, and the time for it. */
  @JsonProperty("minimal")
  MINIMAL,
  /** What is safe everywhere. */
  @JsonProperty("standard")
  STANDARD,
  /** Also the init process, drain and topology spread. */
  @JsonProperty("full")
  FULL;

  private final ObjectNode rules = read();
  private final Set<RuleName> included = EnumSet.noneOf(RuleName.class);

  Profile() {
    rules.fieldNames().forEachRemaining(key -> included.add(RuleName.ofKey(key)));
  }

  /** Whether a profile has this name in policies. */
  static boolean isName(String name) {
    for (Profile profile : values()) {
      if (profile.name().toLowerCase(Locale.ROOT).equals(name)) {
        return true;
      }
    }
    return false;
  }

  /** Finds a profile by its name in policies. */
  static Profile of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  /** Whether the profile has the rule on. */
  public boolean includes(RuleName rule) {
    return included.contains(rule);
  }

  /** The settings in which it differs from the defaults, below the rules it has on. */
  ObjectNode rules() {
    return rules;
  }

  private ObjectNode read() {
    String resource = "profiles/" + name().toLowerCase(Locale.ROOT) + ".yaml";
    try (InputStream in = Profile.class.getResourceAsStream(resource)) {
      return (ObjectNode)
          YamlStream.parse(resource, in.readAllBytes()).get(0).content().get("rules");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (YamlException e) {
      throw new IllegalStateException(e);
    }
  }
}
