package io.sightline.engine.nn;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses how a network runs: compiled if every layer is known and the result is right, else by BigDL itself. */
final class NetworkLoader {
  private static final Logger LOG = LoggerFactory.getLogger(NetworkLoader.class);

  private final NetworkSource source;
  private final NetworkOptions options;

  NetworkLoader(NetworkSource source, NetworkOptions options) {
    this.source = source;
    this.options = options;
  }

  Network load() throws NetworkException {
    HeadStart.begin();
    BigDlModule module = BigDlModule.load(source);
    BigDlBackend plain = new BigDlBackend(source, module);
    SelfCheck check = referee(plain);
    Backend compiled = options.engine() == EngineKind.ONEDNN ? compile(module, check) : null;
    Network network = new Network(source, compiled == null ? plain : compiled, options.idleSessions());
    LOG.info("{}: {} on {}, up to {} images at once", source.name(), network.precision().label(),
        network.engine().label(), network.largestBatch());
    return network;
  }

  /** The plain forward must work: it is the fallback, and says what is right. */
  private SelfCheck referee(BigDlBackend plain) throws NetworkException {
    try (Runner runner = plain.onlyRunner()) {
      return new SelfCheck(source, runner);
    } catch (RuntimeException e) {
      throw new NetworkException(source.definition() + ": cannot classify images of " + source.channels() + " x "
          + source.height() + " x " + source.width() + ": " + e.getMessage(), e);
    }
  }

  /** The fastest allowed backend that is right, or null. */
  private Backend compile(BigDlModule module, SelfCheck check) {
    try {
      Program program = Optimiser.optimise(ModuleImporter.read(module, source));
      for (Precision precision : options.precision().candidates(Dnnl.computesInBf16(), program.multiplyAdds())) {
        Backend backend = compile(program, precision, check);
        if (backend != null) {
          return backend;
        }
      }
    } catch (UnsupportedLayerException e) {
      LOG.warn("{}: {}; BigDL's own forward is used, which is slower", source.name(), e.getMessage());
    } catch (RuntimeException e) { // BigDL's layers have the last word on what they are made of
      LOG.warn("{}: could not be read; BigDL's own forward is used, which is slower", source.name(), e);
    }
    return null;
  }

  /** The backend in this precision if it is right, or null. */
  private Backend compile(Program program, Precision precision, SelfCheck check) {
    try {
      Optional<Types> types = types(program, precision);
      return types.isEmpty()
          ? null
          : checked(DnnlBackend.compile(source, program, options.batchSizes(), types.get()), check);
    } catch (RuntimeException e) { // oneDNN's C++ exceptions arrive as plain RuntimeException
      LOG.warn("{}: could not be compiled in {}; {} is used, which is slower", source.name(), precision.label(),
          safer(precision), e);
      return null;
    }
  }

  private static String safer(Precision precision) {
    return precision == Precision.F32 ? "BigDL's own forward" : "the next safer precision";
  }

  /** Empty for whole numbers when no calibration says what they stand for. */
  private Optional<Types> types(Program program, Precision precision) {
    if (precision != Precision.INT8) {
      return Optional.of(new Types(program, precision));
    }
    Optional<Calibration> calibration = source.calibration();
    if (calibration.isPresent() && calibration.get().program().equals(Fingerprint.of(program))) {
      return Optional.of(new Types(program, Quantisation.of(program, calibration.get().bounds())));
    }
    LOG.warn("{}: cannot run in int8, because {}; the next safer precision is used. "
        + "`sightline-model calibrate {} IMAGES...` makes a version that can", source.name(),
        calibration.isPresent() ? "its calibration was made with another version of the engine" : "it is not calibrated",
        source.name());
    return Optional.empty();
  }

  /** The backend if it is right at every batch size; otherwise null, and the backend is closed. */
  Backend checked(Backend backend, SelfCheck check) {
    boolean right = false;
    try (Runner runner = backend.newRunner()) {
      right = true;
      for (int batch : backend.batchSizes()) {
        double deviation = check.deviation(runner, batch, backend.precision());
        if (!(deviation <= 1)) {
          right = false;
          LOG.warn("{}: compiled in {} for batch size {} it differs from BigDL's own forward by {} times what is "
              + "allowed; {} is used, which is slower", source.name(), backend.precision().label(), batch, deviation,
              safer(backend.precision()));
          return null;
        }
      }
      return backend;
    } finally {
      if (!right) {
        backend.close();
      }
    }
  }
}
