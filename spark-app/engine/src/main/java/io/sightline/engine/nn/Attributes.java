package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_SCALES;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Constant;
import io.sightline.engine.nn.Step.Place;
import io.sightline.engine.nn.Step.Variable;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;

/**
 * What a primitive does besides its own computation: scaling what it reads and writes, and post-ops in between.
 *
 * <p>Post-ops see the result in <em>units</em>: one stands for {@code unit}. That is how whole numbers are added
 * without scaling them first.
 */
final class Attributes {
  private final Constants constants;
  private final float unit;
  private final post_ops chain = new post_ops();
  private final primitive_attr attributes = PlanBuilder.attributes();
  private final List<Argument> arguments = new ArrayList<>();

  Attributes(Constants constants, float unit) {
    this.constants = constants;
    this.unit = unit;
  }

  float unit() {
    return unit;
  }

  /** One of argument {@code name} stands for {@code scale}. */
  void scale(int name, float scale) {
    if (scale != 1) {
      scale(name, new float[] {scale}, 0);
    }
  }

  /** The same per slice along the dimensions in {@code mask}. */
  void scale(int name, float[] scales, int mask) {
    attributes.set_scales_mask(name, mask);
    long[] dims = {scales.length};
    arguments.add(new Constant(DNNL_ARG_ATTR_SCALES | name, constants.get(scales, dims, Dnnl.plain(dims))));
  }

  void apply(Activation activation) {
    algorithm algorithm = algorithm(activation);
    switch (activation.kind()) {
      case RELU -> chain.append_eltwise(algorithm, activation.alpha(), 0);
      case CLIP -> chain.append_eltwise(algorithm, activation.alpha() / unit, activation.beta() / unit);
      default -> {
        multiply(unit);
        chain.append_eltwise(algorithm, activation.alpha(), activation.beta());
        multiply(1 / unit);
      }
    }
  }

  void multiply(float factor) {
    if (factor != 1) {
      chain.append_eltwise(algorithm.eltwise_linear, factor, 0);
    }
  }

  /** Adds what lies there, in units. */
  void add(Place addend) {
    int name = DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (chain.len() + 1) | DNNL_ARG_SRC_1;
    chain.append_binary(algorithm.binary_add, addend.desc());
    arguments.add(new Variable(name, addend));
  }

  primitive_attr build() {
    attributes.set_post_ops(chain);
    return attributes;
  }

  List<Argument> arguments() {
    return arguments;
  }

  static algorithm algorithm(Activation activation) {
    return switch (activation.kind()) {
      case RELU -> algorithm.eltwise_relu;
      case CLIP -> algorithm.eltwise_clip;
      case TANH -> algorithm.eltwise_tanh;
      case SIGMOID -> algorithm.eltwise_logistic;
      case EXP -> algorithm.eltwise_exp;
      case ELU -> algorithm.eltwise_elu;
      case SOFT_PLUS -> algorithm.eltwise_soft_relu;
      case HARD_SIGMOID -> algorithm.eltwise_hardsigmoid;
      case SWISH -> algorithm.eltwise_swish;
      case LINEAR -> algorithm.eltwise_linear;
      case POWER -> algorithm.eltwise_pow;
      case LOG -> algorithm.eltwise_log;
      case ABS -> algorithm.eltwise_abs;
      case SQUARE -> algorithm.eltwise_square;
      case SQRT -> algorithm.eltwise_sqrt;
    };
  }
}
