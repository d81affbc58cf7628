package dev.holdfast.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

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
    // After a signal nobody gets to the end of this method.
    fresh.toFile().deleteOnExit();
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
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    permissions.addAll(attributes.permissions());
    try {
      if (!now.owner().equals(attributes.owner())) {
        target.setOwner(attributes.owner());
      }
      if (!now.group().equals(attributes.group())) {
        target.setGroup(attributes.group());
      }
    } catch (FileSystemException e) {
      // Only its owner may give a file away, and only to a group of his. Another group than the
      // old one gets nothing that not everybody has.
      if (!permissions.contains(PosixFilePermission.OTHERS_READ)) {
        permissions.remove(PosixFilePermission.GROUP_READ);
      }
      if (!permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
        permissions.remove(PosixFilePermission.GROUP_WRITE);
      }
    }
    target.setPermissions(permissions);
  }
}
