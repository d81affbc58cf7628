package dev.holdfast.certs;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Certificates as files of a directory: {@code ca.crt}, {@code tls.crt}, {@code tls.key} and {@code
 * ca.key}. Private keys are for their owner only. {@code ca.key} also holds the authority's own
 * certificate, so that the two are written at once.
 */
public final class Folder implements CertificateStore {
  /** No certificate or key is that long; larger files are none of ours. */
  private static final long MAX_BYTES = 1024 * 1024;

  private final Path folder;

  /** Made when something is written, if it does not exist. */
  public Folder(Path folder) {
    this.folder = folder;
  }

  @Override
  public Content read() {
    Map<String, byte[]> serving = new LinkedHashMap<>();
    for (String name : new String[] {CA_CERTIFICATE, CERTIFICATE, KEY}) {
      read(name).ifPresent(bytes -> serving.put(name, bytes));
    }
    Map<String, byte[]> authority = new LinkedHashMap<>();
    read(CA_KEY)
        .ifPresent(
            bytes -> {
              authority.put(CA_CERTIFICATE, bytes);
              authority.put(CA_KEY, bytes);
            });
    return new Content(
        serving,
        serving.isEmpty() ? Optional.empty() : Optional.of(""),
        authority,
        authority.isEmpty() ? Optional.empty() : Optional.of(""));
  }

  @Override
  public Map<String, byte[]> readServing() {
    return read().serving();
  }

  private Optional<byte[]> read(String name) {
    Path file = folder.resolve(name);
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new UnavailableException(file + ": larger than 1 MiB", null);
      }
      return Optional.of(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw unavailable(file, e);
    }
  }

  private static UnavailableException unavailable(Path file, IOException e) {
    String reason =
        e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getMessage());
    return new UnavailableException(
        reason.startsWith(file.toString()) ? reason : file + ": " + reason, e);
  }

  @Override
  public void writeAuthority(Content seen, Map<String, byte[]> authority) throws ConflictException {
    byte[] certificate = authority.get(CA_CERTIFICATE);
    byte[] key = authority.get(CA_KEY);
    byte[] both = new byte[key.length + certificate.length];
    System.arraycopy(key, 0, both, 0, key.length);
    System.arraycopy(certificate, 0, both, key.length, certificate.length);
    write(CA_KEY, both, true, seen.authorityVersion().isEmpty());
  }

  @Override
  public void writeServing(Content seen, Map<String, byte[]> serving) throws ConflictException {
    for (Map.Entry<String, byte[]> file : serving.entrySet()) {
      byte[] old = seen.serving().get(file.getKey());
      if (!Arrays.equals(old, file.getValue())) {
        write(file.getKey(), file.getValue(), file.getKey().equals(KEY), false);
      }
    }
  }

  /** Whoever reads sees the old file or the new, never a part. */
  private void write(String name, byte[] content, boolean secret, boolean onlyIfAbsent)
      throws ConflictException {
    Path file = folder.resolve(name);
    Path fresh = null;
    try {
      Files.createDirectories(folder);
      boolean posix = Files.getFileStore(folder).supportsFileAttributeView("posix");
      FileAttribute<?>[] attributes =
          posix
              ? new FileAttribute<?>[] {
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString(secret ? "rw-------" : "rw-r--r--"))
              }
              : new FileAttribute<?>[0];
      fresh = Files.createTempFile(folder, "." + name, ".tmp", attributes);
      Files.write(fresh, content);
      if (onlyIfAbsent) {
        Files.createLink(file, fresh);
      } else {
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (FileAlreadyExistsException e) {
      throw new ConflictException(file + " has been written by somebody else");
    } catch (IOException e) {
      throw unavailable(file, e);
    } finally {
      delete(fresh);
    }
  }

  private static void delete(Path fresh) {
    try {
      if (fresh != null) {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      // A file too many, which nobody reads.
    }
  }

  @Override
  public String describe() {
    return folder.toString();
  }
}
