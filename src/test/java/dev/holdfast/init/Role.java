package dev.holdfast.init;

import java.util.ArrayList;
import java.util.List;

/** The places in which an init may find itself. */
enum Role {
  /** PID 1 of its namespace, as in a container. */
  FIRST {
    @Override
    Start start() {
      return Start.first();
    }
  },
  /** Any process, that asked for orphans: a shared process namespace. */
  SUBREAPER {
    @Override
    Start start() {
      return Start.plain();
    }

    @Override
    String[] options(String... more) {
      List<String> all = new ArrayList<>(List.of("--subreaper"));
      all.addAll(List.of(more));
      return all.toArray(String[]::new);
    }
  },
  /** Any process. */
  PLAIN {
    @Override
    Start start() {
      return Start.plain();
    }
  };

  abstract Start start();

  /** The init's arguments for this role, followed by these. */
  String[] options(String... more) {
    return more;
  }
}
