package io.sightline.engine.nn;

import java.util.List;
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
    Optional<ProgramCache> cache = ProgramCache.of(source, options);
    Optional<KeptProgram> kept = cache.flatMap(ProgramCache::get);
    Network network = kept.isEmpty() ? null : giving(kept.get().program().outputs()).of(kept.get());
    return network == null ? made(cache) : network;
  }

  /** The same, of a source that says how many numbers come out: those of files know it of probabilities only. */
  private NetworkLoader giving(int outputs) {
    return options.features().map(layer -> new NetworkLoader(source.upTo(layer, outputs), options)).orElse(this);
  }

  /** From what an earlier start kept, or null. */
  private Network of(KeptProgram kept) throws NetworkException {
    HeadStart.beginCompiler();
    try {
      return network(compile(kept.program(), Judge.of(source.name(), new SelfCheck(source, kept.expected()))));
    } catch (RuntimeException e) { // whole, but not of this network: no more than the file is lost
      LOG.warn("{}: what an earlier start kept cannot be used, and is made again: {}", source.name(), e.toString());
      return null;
    }
  }

  private Network made(Optional<ProgramCache> cache) throws NetworkException {
    HeadStart.begin();
    BigDlModule module = module();
    Program program = options.engine() == EngineKind.ONEDNN ? read(module) : null; // while nothing else uses the module
    return giving(outputs(module, program)).made(module, program, cache);
  }

  private Network made(BigDlModule module, Program program, Optional<ProgramCache> cache) throws NetworkException {
    BigDlBackend plain = new BigDlBackend(source, module);
    Judge judge = Judge.ask(source.name(), () -> referee(plain));
    Backend compiled = program == null ? null : compile(program, judge);
    SelfCheck check = judge.await(); // also where nothing was compiled
    if (compiled == null) {
      return network(plain);
    }
    cache.ifPresent(place -> place.put(new KeptProgram(program, check.expected())));
    return network(compiled);
  }

  /** Null of no backend. */
  private Network network(Backend backend) {
    if (backend == null) {
      return null;
    }
    Network network = new Network(source, backend, options.idleSessions());
    LOG.info("{}: {} on {}, up to {} images at once", source.name(), network.precision().label(),
        network.engine().label(), network.largestBatch());
    return network;
  }

  private BigDlModule module() throws NetworkException {
    BigDlModule whole = BigDlModule.load(source);
    if (options.features().isEmpty()) {
      return whole;
    }
    try {
      return whole.upTo(options.features().get());
    } catch (NetworkException e) {
      throw new NetworkException(source.name() + ": " + e.getMessage(), e);
    }
  }

  private int outputs(BigDlModule module, Program program) throws NetworkException {
    if (program != null || options.features().isEmpty()) {
      return program != null ? program.outputs() : source.outputs();
    }
    try {
      return module.outputs(source);
    } catch (RuntimeException e) {
      throw refused(e);
    }
  }

  /** The plain forward must work: it is the fallback, and says what is right. */
  private SelfCheck referee(BigDlBackend plain) throws NetworkException {
    try (Runner runner = plain.onlyRunner()) {
      return new SelfCheck(source, runner);
    } catch (RuntimeException e) {
      throw refused(e);
    }
  }

  private NetworkException refused(RuntimeException why) {
    return new NetworkException(source.definition() + ": cannot classify images of " + source.channels() + " x "
        + source.height() + " x " + source.width() + ": " + why.getMessage(), why);
  }

  /** The program to compile, or null if a layer is not known. */
  private Program read(BigDlModule module) {
    try {
      return Optimiser.optimise(options.features().isEmpty()
          ? ModuleImporter.read(module, source)
          : ModuleImporter.features(module, source));
    } catch (UnsupportedLayerException e) {
      LOG.warn("{}: {}; BigDL's own forward is used, which is slower", source.name(), e.getMessage());
    } catch (RuntimeException e) { // BigDL's layers have the last word on what they are made of
      LOG.warn("{}: could not be read; BigDL's own forward is used, which is slower", source.name(), e);
    }
    return null;
  }

  /** The fastest allowed backend that is right, or null. */
  private Backend compile(Program program, Judge judge) throws NetworkException {
    List<Precision> candidates = wish().candidates(Dnnl.computesInBf16(), program.multiplyAdds());
    for (int i = 0; i < candidates.size(); i++) {
      String next = i + 1 < candidates.size() ? candidates.get(i + 1).label() : "BigDL's own forward";
      Backend backend = compile(program, candidates.get(i), judge, next);
      if (backend != null) {
        return backend;
      }
    }
    return null;
  }

  /** A calibration is of the whole network, and says how well its labels agree, nothing of features. */
  private PrecisionWish wish() {
    boolean features = options.features().isPresent();
    return features && options.precision() == PrecisionWish.INT8 ? PrecisionWish.AUTO : options.precision();
  }

  /** The backend in this precision if it is right, or null: then {@code next} is tried. */
  private Backend compile(Program program, Precision precision, Judge judge, String next) throws NetworkException {
    try {
      Optional<Types> types = types(program, precision, next);
      return types.isEmpty()
          ? null
          : judged(DnnlBackend.compile(source, program, options.batchSizes(), types.get()), judge, next);
    } catch (RuntimeException e) { // oneDNN's C++ exceptions arrive as plain RuntimeException
      LOG.warn("{}: could not be compiled in {}; it gets {}, which is slower", source.name(), precision.label(), next,
          e);
      return null;
    }
  }

  /** Empty for whole numbers when no calibration says what they stand for. */
  private Optional<Types> types(Program program, Precision precision, String next) {
    if (precision != Precision.INT8) {
      return Optional.of(new Types(program, precision));
    }
    Optional<Calibration> calibration = source.calibration();
    if (calibration.isPresent() && calibration.get().program().equals(Fingerprint.of(program))) {
      return Optional.of(new Types(program, Quantisation.of(program, calibration.get().bounds())));
    }
    LOG.warn("{}: {}, so it runs in {} and not in int8; `sightline-model calibrate {} IMAGES...` makes a version that "
        + "runs in int8", source.name(),
        calibration.isPresent() ? "was calibrated for another version of the engine" : "is not calibrated", next,
        source.name());
    return Optional.empty();
  }

  private Backend judged(Backend backend, Judge judge, String next) throws NetworkException {
    SelfCheck check = null;
    try {
      check = judge.await();
    } finally {
      if (check == null) {
        backend.close();
      }
    }
    return checked(backend, check, next);
  }

  /** The backend if it is right at every batch size; otherwise null, and the backend is closed. */
  Backend checked(Backend backend, SelfCheck check, String next) {
    boolean right = false;
    try (Runner runner = backend.newRunner()) {
      right = true;
      for (int batch : backend.batchSizes()) {
        double deviation = check.deviation(runner, batch, backend.precision());
        if (!(deviation <= 1)) {
          right = false;
          LOG.warn("{}: compiled in {} for batch size {} it differs from BigDL's own forward by {} times what is "
              + "allowed; it gets {}, which is slower", source.name(), backend.precision().label(), batch, deviation,
              next);
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
