package dev.holdfast.certs;

import java.util.Map;
import java.util.Optional;

/** Where certificates are kept: in two Secrets, or in the files of a directory. */
public interface CertificateStore {
  /** The authorities that clients trust. */
  String CA_CERTIFICATE = "ca.crt";

  /** What is served. */
  String CERTIFICATE = "tls.crt";

  /** Its private key. */
  String KEY = "tls.key";

  /** The authority's private key, which replicas never see. */
  String CA_KEY = "ca.key";

  /**
   * What is kept, as it was read; nothing of it is checked.
   *
   * @param serving by key; without those that are missing
   * @param servingVersion tells writers whether it has changed since; empty if there is nothing
   * @param authority {@link #CA_CERTIFICATE} and {@link #CA_KEY} of the authority that signs
   * @param authorityVersion as above
   */
  record Content(
      Map<String, byte[]> serving,
      Optional<String> servingVersion,
      Map<String, byte[]> authority,
      Optional<String> authorityVersion) {}

  /** Somebody else has written in between: read again and decide anew. */
  final class ConflictException extends Exception {
    private static final long serialVersionUID = 1L;

    ConflictException(String message) {
      super(message);
    }
  }

  /** It cannot be read or written, with the reason for people. */
  final class UnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnavailableException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Reads all.
   *
   * @throws UnavailableException if it cannot be read
   */
  Content read();

  /**
   * Reads what is served and trusted, and nothing secret of the authority.
   *
   * @return as {@link Content#serving}
   * @throws UnavailableException if it cannot be read
   */
  Map<String, byte[]> readServing();

  /**
   * Keeps an authority.
   *
   * @param seen what this was decided from
   * @throws ConflictException if it is not so any more; of several who write at once, one succeeds
   */
  void writeAuthority(Content seen, Map<String, byte[]> authority) throws ConflictException;

  /**
   * Keeps what replicas serve and clients trust.
   *
   * @param seen what this was decided from
   * @throws ConflictException if it is not so any more
   */
  void writeServing(Content seen, Map<String, byte[]> serving) throws ConflictException;

  /** For messages. */
  String describe();
}
