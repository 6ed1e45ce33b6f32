package io.sightline.engine.bundle;

import io.sightline.engine.nn.Network;
import io.sightline.engine.nn.NetworkException;
import io.sightline.engine.nn.NetworkOptions;
import java.nio.file.Path;

/** A bundle and its network, ready to classify until somebody needs its memory: then the network is closed. */
public record LoadedModel(Bundle bundle, Network network) {

  static LoadedModel load(Path directory, NetworkOptions options) throws BundleException {
    Network.prepare(directory.getParent().getFileName() + "@" + directory.getFileName(), options);
    Bundle bundle = Bundle.read(directory);
    try {
      return new LoadedModel(bundle, Network.load(bundle.source(), options));
    } catch (NetworkException e) {
      throw new BundleException(e.getMessage(), e);
    }
  }
}
