package dev.holdfast.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;

/** Replaces a file's content whole: whoever reads sees the old text or the new, never a part. */
final class AtomicWrite {
  private AtomicWrite() {}

  /**
   * Writes beside the file and moves it there. A link stays a link: its target is replaced.
   *
   * @throws IOException if it cannot be done; the file is as it was then
   */
  static void replace(Path path, byte[] content) throws IOException {
    Path file = path.toRealPath();
    if (!Files.isWritable(file)) {
      throw new AccessDeniedException(file.toString());
    }
    if (!Files.isRegularFile(file)) {
      throw new IOException("not a regular file");
    }
    Path fresh = Files.createTempFile(file.getParent(), ".holdfast-", ".tmp");
    try {
      write(fresh, content);
      copyPermissions(file, fresh);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static void write(Path file, byte[] content) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      // Else a crash could leave the new name with nothing in it.
      channel.force(true);
    }
  }

  private static void copyPermissions(Path from, Path to) throws IOException {
    PosixFileAttributeView source = Files.getFileAttributeView(from, PosixFileAttributeView.class);
    PosixFileAttributeView target = Files.getFileAttributeView(to, PosixFileAttributeView.class);
    if (source == null || target == null) {
      return; // Windows: the directory's permissions are inherited
    }
    PosixFileAttributes attributes = source.readAttributes();
    PosixFileAttributes now = target.readAttributes();
    if (!now.owner().equals(attributes.owner())) {
      target.setOwner(attributes.owner());
    }
    if (!now.group().equals(attributes.group())) {
      target.setGroup(attributes.group());
    }
    target.setPermissions(attributes.permissions());
  }
}
