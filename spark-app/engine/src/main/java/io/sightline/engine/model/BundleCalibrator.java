package io.sightline.engine.model;

import io.sightline.engine.bundle.Bundle;
import io.sightline.engine.bundle.BundleException;
import io.sightline.engine.bundle.CalibrationFile;
import io.sightline.engine.image.ImageRejected;
import io.sightline.engine.image.Preprocessor;
import io.sightline.engine.nn.Calibrator;
import io.sightline.engine.nn.NetworkException;
import java.nio.file.Path;

/** Calibrates a bundle on image files, seen as the classifier sees them: for the command {@code sightline-model}. */
public final class BundleCalibrator implements AutoCloseable {
  private final Preprocessor preprocessor;
  private final Calibrator calibrator;
  private final float[] input;

  private BundleCalibrator(Bundle bundle, long maxPixels) throws NetworkException {
    this.preprocessor = BundleModel.preprocessor(bundle.input(), maxPixels);
    this.input = new float[preprocessor.inputLength()];
    this.calibrator = Calibrator.open(bundle.source());
  }

  /** Opens the bundle in {@code directory} (…/NAME/VERSION). */
  public static BundleCalibrator open(String directory, long maxPixels) throws BundleException, NetworkException {
    return new BundleCalibrator(Bundle.read(Path.of(directory)), maxPixels);
  }

  /** @see Calibrator#observe */
  public void observe(byte[] image) throws ImageRejected {
    calibrator.observe(prepare(image));
  }

  /** @see Calibrator#quantise */
  public void quantise() throws NetworkException {
    calibrator.quantise();
  }

  /** @see Calibrator#compare */
  public boolean compare(byte[] image) throws ImageRejected {
    return calibrator.compare(prepare(image));
  }

  /** The calibration as {@code calibration.json} holds it. */
  public String result() {
    return CalibrationFile.toJson(calibrator.result());
  }

  @Override
  public void close() {
    calibrator.close();
  }

  private float[] prepare(byte[] image) throws ImageRejected {
    preprocessor.prepare(image, input, 0);
    return input;
  }
}
