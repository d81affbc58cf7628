package dev.holdfast.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;

/** What the manifests grant to a role, cluster-wide and in its namespace. */
public final class GrantedVerbs {
  private GrantedVerbs() {}

  /** As {@code list apps/deployments}. */
  public static SortedSet<String> of(String role) throws IOException {
    SortedSet<String> verbs = new TreeSet<>();
    for (String document :
        Files.readString(Path.of("deploy/default/rbac.yaml")).split("(?m)^---$")) {
      JsonNode object = new YAMLMapper().readTree(document);
      if (object.path("kind").asText().endsWith("Role")
          && object.at("/metadata/name").asText().equals(role)) {
        for (JsonNode rule : object.get("rules")) {
          for (JsonNode resource : rule.get("resources")) {
            for (JsonNode verb : rule.get("verbs")) {
              verbs.add(
                  verb.asText()
                      + " "
                      + rule.get("apiGroups").get(0).asText()
                      + "/"
                      + resource.asText());
            }
          }
        }
      }
    }
    return verbs;
  }
}
