package io.sightline.engine.nn;

import static io.sightline.engine.nn.BigDlModule.FLOAT;
import static io.sightline.engine.nn.BigDlModule.NUMERIC;

import com.intel.analytics.bigdl.dllib.keras.Sequential;
import com.intel.analytics.bigdl.dllib.keras.Sequential$;
import com.intel.analytics.bigdl.dllib.keras.layers.Activation$;
import com.intel.analytics.bigdl.dllib.keras.layers.BatchNormalization$;
import com.intel.analytics.bigdl.dllib.keras.layers.Convolution2D$;
import com.intel.analytics.bigdl.dllib.keras.layers.Dense$;
import com.intel.analytics.bigdl.dllib.keras.layers.Dropout$;
import com.intel.analytics.bigdl.dllib.keras.layers.Flatten$;
import com.intel.analytics.bigdl.dllib.keras.layers.GlobalAveragePooling2D$;
import com.intel.analytics.bigdl.dllib.keras.layers.MaxPooling2D$;
import com.intel.analytics.bigdl.dllib.keras.layers.SeparableConvolution2D$;
import com.intel.analytics.bigdl.dllib.keras.layers.ZeroPadding2D$;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.AbstractModule;
import com.intel.analytics.bigdl.dllib.nn.abstractnn.Activity;
import com.intel.analytics.bigdl.dllib.utils.Shape;
import com.intel.analytics.bigdl.dllib.utils.Shape$;
import scala.Tuple2;

/** BigDL's Keras-style layers without Scala's default arguments. */
final class KerasModels {
  private static final String INIT = "glorot_uniform";
  private static final String NCHW = "th";

  private KerasModels() {}

  /** Convolutions, joined and separable, for images of 3 x 16 x 16; ends flat or averaged. */
  static AbstractModule<Activity, Activity, Object> network(int classes, boolean flat) {
    Sequential<Object> model = Sequential$.MODULE$.<Object>apply(FLOAT, NUMERIC);
    Shape image = Shape$.MODULE$.apply(new int[] {3, 16, 16});
    model.add(Convolution2D$.MODULE$.<Object>apply(
        8, 3, 3, INIT, "relu", "same", pair(1, 1), NCHW, null, null, true, image, FLOAT, NUMERIC));
    model.add(BatchNormalization$.MODULE$.<Object>apply(1e-3, 0.99, "zero", "one", NCHW, null, FLOAT, NUMERIC));
    model.add(ZeroPadding2D$.MODULE$.<Object>apply(pair(1, 1), NCHW, null, FLOAT, NUMERIC));
    model.add(Convolution2D$.MODULE$.<Object>apply(
        12, 3, 3, INIT, null, "valid", pair(2, 2), NCHW, null, null, false, null, FLOAT, NUMERIC));
    model.add(Activation$.MODULE$.<Object>apply("tanh", null, FLOAT, NUMERIC));
    model.add(MaxPooling2D$.MODULE$.<Object>apply(pair(2, 2), null, "valid", NCHW, null, FLOAT, NUMERIC));
    model.add(SeparableConvolution2D$.MODULE$.<Object>apply(
        6, 3, 3, INIT, "relu", "same", pair(1, 1), 2, NCHW, null, null, null, true, null, FLOAT, NUMERIC));
    model.add(Dropout$.MODULE$.<Object>apply(0.3, null, FLOAT, NUMERIC));
    if (flat) {
      model.add(Flatten$.MODULE$.<Object>apply(null, FLOAT, NUMERIC));
    } else {
      model.add(GlobalAveragePooling2D$.MODULE$.<Object>apply(NCHW, null, FLOAT, NUMERIC));
    }
    model.add(Dense$.MODULE$.<Object>apply(
        classes, INIT, null, "softmax", null, null, true, null, FLOAT, NUMERIC));
    return Layers.module(model);
  }

  private static Tuple2<Object, Object> pair(int first, int second) {
    return new Tuple2<>(first, second);
  }
}
