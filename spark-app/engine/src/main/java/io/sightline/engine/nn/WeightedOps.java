package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Constant;
import io.sightline.engine.nn.Step.Place;
import io.sightline.engine.nn.Step.Variable;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.inner_product_forward;
import org.bytedeco.dnnl.memory;

/** Compiles {@link Op.Linear} ops, in real or in whole numbers. */
final class WeightedOps {
  private static final prop_kind INFERENCE = prop_kind.forward_inference;

  /** Scales of weights (output, ...) and (group, output, ...). */
  private static final int PER_OUTPUT = 1;
  private static final int PER_GROUPED_OUTPUT = 3;

  private final Types types;
  private final Quantisation quantisation;
  private final Values values;
  private final Fusion fusion;
  private final Constants constants;
  private final PlanBuilder plan;

  WeightedOps(Types types, Values values, Fusion fusion, Constants constants, PlanBuilder plan) {
    this.types = types;
    this.quantisation = types.quantisation();
    this.values = values;
    this.fusion = fusion;
    this.constants = constants;
    this.plan = plan;
  }

  Place convolution(Node node, Op.Convolution op) {
    Window window = op.window();
    long[] weightDims = weightDims(op, node.input().shape());
    long[] biasDims = {op.weights().outputs()};
    Numbers numbers = numbers(node, op, op.groups() == 1 ? PER_OUTPUT : PER_GROUPED_OUTPUT);
    convolution_forward.primitive_desc pd = new convolution_forward.primitive_desc(Dnnl.cpu(), INFERENCE,
        algorithm.convolution_direct, values.read(node), Dnnl.any(numbers.kernelType(), weightDims),
        Dnnl.plain(biasDims), values.any(node), window.strides(), window.dilations(), window.before(),
        window.after(), numbers.attributes().build(), false);
    return plan.emit(pd, new convolution_forward(pd), pd.dst_desc(),
        arguments(node, numbers, weightDims, pd.src_desc(), pd.weights_desc()));
  }

  private static long[] weightDims(Op.Convolution op, Shape image) {
    int height = op.window().vertical().kernel();
    int width = op.window().horizontal().kernel();
    int outputs = op.weights().outputs() / op.groups();
    int inputs = image.side(0) / op.groups();
    return op.groups() == 1
        ? new long[] {outputs, inputs, height, width}
        : new long[] {op.groups(), outputs, inputs, height, width};
  }

  Place dense(Node node, Op.Dense op) {
    long[] weightDims = node.input().shape().batched(op.weights().outputs()); // outputs take the batch's place
    long[] biasDims = {op.weights().outputs()};
    Numbers numbers = numbers(node, op, PER_OUTPUT);
    inner_product_forward.primitive_desc pd = new inner_product_forward.primitive_desc(Dnnl.cpu(), INFERENCE,
        values.read(node), Dnnl.any(numbers.kernelType(), weightDims), Dnnl.plain(biasDims),
        values.any(node), numbers.attributes().build(), false);
    return plan.emit(pd, new inner_product_forward(pd), pd.dst_desc(),
        arguments(node, numbers, weightDims, pd.src_desc(), pd.weights_desc()));
  }

  /** A layer's parameters in the numbers that it computes with, and what happens to its result. */
  private record Numbers(memory.data_type kernelType, float[] kernel, float[] bias, Attributes attributes) {}

  private Numbers numbers(Node node, Op.Linear op, int scaleMask) {
    Attributes attributes = new Attributes(constants, fusion.addend(node, op).scale());
    Storage source = quantisation.read(node.input());
    Numbers numbers;
    if (source.isWhole()) {
      WholeWeights weights = quantisation.weights(op);
      attributes.scale(DNNL_ARG_SRC, source.scale() / attributes.unit());
      attributes.scale(DNNL_ARG_WEIGHTS, weights.scales(), scaleMask);
      numbers = new Numbers(memory.data_type.s8, weights.kernel(), weights.bias(attributes.unit()), attributes);
    } else {
      numbers = new Numbers(types.weights(), op.weights().kernel(), op.weights().bias(), attributes);
    }
    fusion.fuse(node, op, attributes);
    Storage result = quantisation.stored(node);
    if (result.isWhole()) {
      attributes.scale(DNNL_ARG_DST, result.scale() / attributes.unit());
    } else {
      attributes.multiply(attributes.unit());
    }
    return numbers;
  }

  private List<Argument> arguments(
      Node node, Numbers numbers, long[] weightDims, memory.desc source, memory.desc weights) {
    long[] biasDims = {numbers.bias().length};
    List<Argument> arguments = new ArrayList<>(numbers.attributes().arguments());
    arguments.add(new Variable(DNNL_ARG_SRC, values.in(node.input(), quantisation.read(node.input()), source)));
    arguments.add(new Constant(DNNL_ARG_WEIGHTS, constants.get(numbers.kernel(), weightDims, weights)));
    arguments.add(new Constant(DNNL_ARG_BIAS, constants.get(numbers.bias(), biasDims, Dnnl.plain(biasDims))));
    return arguments;
  }
}
