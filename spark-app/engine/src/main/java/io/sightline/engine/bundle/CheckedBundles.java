package io.sightline.engine.bundle;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Bundles for whoever makes plans: read and checked once for as long as their files look the same, since to hash
 * weights for each statement is slow. Who computes with the files checks them again. For any thread.
 */
final class CheckedBundles {
  private static final Map<Path, Checked> CHECKED = new ConcurrentHashMap<>();

  private record Checked(Stamp stamp, Bundle bundle) {}

  private CheckedBundles() {}

  /**
   * @param directory …/NAME/VERSION
   * @throws BundleException see {@link Bundle#read}
   */
  static Bundle read(Path directory) throws BundleException {
    Stamp stamp = Stamp.of(directory); // before the files: what changes meanwhile is read again
    Checked known = CHECKED.get(directory);
    if (known != null && known.stamp().equals(stamp)) {
      return known.bundle();
    }
    CHECKED.keySet().removeIf(Files::notExists);
    Bundle bundle = Bundle.read(directory);
    if (!stamp.files().isEmpty()) { // else it could not be seen
      CHECKED.put(directory, new Checked(stamp, bundle));
    }
    return bundle;
  }
}
