package io.sightline.engine.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bundles for whoever makes plans: read and checked once for as long as their files look the same, since to hash
 * weights for each statement is slow; bad ones too. Who computes with the files checks them again. For any thread.
 */
final class CheckedBundles {
  private static final Logger LOG = LoggerFactory.getLogger(CheckedBundles.class);
  private static final Map<Path, Checked> CHECKED = new ConcurrentHashMap<>();

  /**
   * What came of reading a bundle.
   *
   * @param bundle null where it is bad
   * @param trouble null where it is sound
   * @param told whether a line was logged of it
   */
  private record Checked(Stamp stamp, Bundle bundle, BundleException trouble, AtomicBoolean told) {
    static Checked read(Path directory, Stamp stamp) {
      try {
        return new Checked(stamp, Bundle.read(directory), null, new AtomicBoolean());
      } catch (BundleException bad) {
        return new Checked(stamp, null, bad, new AtomicBoolean());
      }
    }

    /** A file that could not be read may be readable later, and look the same; a folder may not have been seen. */
    boolean lasts() {
      boolean unread = trouble != null && trouble.getCause() instanceof IOException cause
          && !(cause instanceof JsonProcessingException);
      return !unread && !stamp.files().isEmpty();
    }

    Bundle sound() throws BundleException {
      if (trouble != null) {
        throw trouble;
      }
      return bundle;
    }
  }

  private CheckedBundles() {}

  /**
   * @param directory …/NAME/VERSION
   * @throws BundleException see {@link Bundle#read}; the same one for as long as the files look the same
   */
  static Bundle read(Path directory) throws BundleException {
    Stamp stamp = Stamp.of(directory); // before the files: what changes meanwhile is read again
    Checked known = CHECKED.get(directory);
    if (known != null && known.stamp().equals(stamp)) {
      return known.sound();
    }
    CHECKED.keySet().removeIf(Files::notExists);
    Checked now = Checked.read(directory, stamp);
    if (now.lasts()) {
      CHECKED.put(directory, now);
    }
    return now.sound();
  }

  /** Logs why a plan goes without a bundle, once for as long as its files look the same. */
  static void passOver(Path directory, BundleException bad) {
    Checked known = CHECKED.get(directory);
    if (known == null || known.trouble() != bad || known.told().compareAndSet(false, true)) {
      LOG.warn("A bundle is passed over: {}", bad.getMessage());
    }
  }
}
