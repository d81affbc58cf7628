package dev.holdfast.admission;

import dev.holdfast.hardening.Outcome;

/** Is told of every review, to count it and to log what operators must know. Thread-safe. */
interface ReviewObserver {
  /** Nobody is told, as during the warm-up. */
  ReviewObserver NONE =
      new ReviewObserver() {
        @Override
        public void reviewed(String uid, String namespace, Outcome outcome, long nanoseconds) {}

        @Override
        public void passedOver() {}

        @Override
        public void refused() {}

        @Override
        public void failed(String uid, String namespace, Throwable failure) {}
      };

  /** A pod was decided about. */
  void reviewed(String uid, String namespace, Outcome outcome, long nanoseconds);

  /** The review was none of a pod's creation; it was allowed as it is. */
  void passedOver();

  /** The request was no AdmissionReview. */
  void refused();

  /** We failed, and the pod was allowed as it is. */
  void failed(String uid, String namespace, Throwable failure);
}
