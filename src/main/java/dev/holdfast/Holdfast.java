package dev.holdfast;

import dev.holdfast.admission.Server;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.Optional;

/** The entry point of everything. */
@QuarkusMain
public final class Holdfast {
  private Holdfast() {}

  public static void main(String[] args) throws Exception {
    System.exit(Server.run(Optional.empty(), args));
  }
}
