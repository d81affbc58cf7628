package dev.holdfast.admission;

import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What was asked of an API server, as RBAC would see it: {@code list apps/deployments}. */
final class UsedVerbs {
  private static final Pattern PATH =
      Pattern.compile(
          "/(?:api/v1|apis/(?<group>[^/]+)/[^/]+)"
              + "(?:/namespaces/(?<namespace>[^/?]+)(?=/))?"
              + "/(?<resource>[^/?]+)(?:/(?<name>[^/?]+))?(?:/(?<sub>[^/?]+))?(?<query>[?].*)?");

  private UsedVerbs() {}

  /** All since the last call. */
  static SortedSet<String> of(KubernetesMockServer server) throws InterruptedException {
    SortedSet<String> verbs = new TreeSet<>();
    RecordedRequest request = server.takeRequest(0, TimeUnit.SECONDS);
    while (request != null) {
      Matcher path = PATH.matcher(request.getPath());
      if (path.matches()) {
        String sub = path.group("sub") == null ? "" : "/" + path.group("sub");
        String group = path.group("group") == null ? "" : path.group("group");
        verbs.add(
            verb(request.getMethod(), path) + " " + group + "/" + path.group("resource") + sub);
      }
      request = server.takeRequest(0, TimeUnit.SECONDS);
    }
    return verbs;
  }

  private static String verb(String method, Matcher path) {
    String query = path.group("query") == null ? "" : path.group("query");
    return switch (method) {
      case "GET" ->
          query.contains("watch=true") ? "watch" : path.group("name") == null ? "list" : "get";
      case "POST" -> "create";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> "delete";
      default -> method;
    };
  }
}
