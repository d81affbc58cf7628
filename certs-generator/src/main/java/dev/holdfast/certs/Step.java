package dev.holdfast.certs;

import java.time.Instant;

/** What is to be done next. */
sealed interface Step {
  /** What is to be said of it: the reason. */
  String why();

  /** Make a new authority, and keep it where only its maker can read it. */
  record MakeAuthority(String why) implements Step {}

  /** Ask replicas what they serve. */
  record AskReplicas(String why) implements Step {}

  /** Write the authorities beside the pair. */
  record Publish(Bundle bundle, String why) implements Step {}

  /** Write them into our entries of the webhook configurations. */
  record Inject(Bundle bundle, String why) implements Step {}

  /** Make a new key and its certificate, and write them with the authorities. */
  record Issue(Bundle bundle, String why) implements Step {}

  /**
   * Nothing to do for now, but something is under way.
   *
   * @param until when to look again at the latest
   */
  record Wait(Instant until, String why) implements Step {}

  /**
   * All is as it shall be.
   *
   * @param until when something is due
   */
  record Done(Instant until, String why) implements Step {}
}
