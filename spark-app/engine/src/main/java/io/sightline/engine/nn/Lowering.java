package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_MULTIPLE_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Place;
import io.sightline.engine.nn.Step.Variable;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.concat;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory_desc_vector;
import org.bytedeco.dnnl.pooling_forward;
import org.bytedeco.dnnl.softmax_forward;

/** Compiles a program for one batch size into oneDNN primitives, each in the layout it likes best. */
final class Lowering {
  private static final prop_kind INFERENCE = prop_kind.forward_inference;
  private static final long[] UNDILATED = {0, 0};

  private final Types types;
  private final Quantisation quantisation;
  private final int batch;
  private final Constants constants;
  private final PlanBuilder plan;
  private final Values values;
  private final Fusion fusion;
  private final WeightedOps weighted;
  private final RareOps rareOps;

  Lowering(Types types, int batch, Constants constants, Natives natives) {
    this.types = types;
    this.quantisation = types.quantisation();
    this.batch = batch;
    this.constants = constants;
    this.plan = new PlanBuilder(natives);
    this.values = new Values(types, batch, constants, plan);
    this.fusion = new Fusion(quantisation, values);
    this.weighted = new WeightedOps(types, values, fusion, constants, plan);
    this.rareOps = new RareOps(batch, constants, plan);
  }

  Plan lower(Program program) {
    emit(program);
    Node end = program.output();
    Place output = plan.inLayout(values.get(end), Dnnl.plain(values.dims(end)));
    return plan.build(batch, values.get(program.input()), output);
  }

  /** A plan, and where it leaves the values of each node, in the program's order and in plain single precision. */
  record Observed(Plan plan, List<Place> values) {}

  /** Compiles the program so that it keeps all values that it computes. */
  Observed lowerObserved(Program program) {
    emit(program);
    List<Place> kept = new ArrayList<>();
    for (Node node : program.order()) {
      kept.add(plan.inLayout(values.get(node), Dnnl.plain(values.dims(node))));
    }
    kept.forEach(plan::keep);
    return new Observed(plan.build(batch, values.get(program.input()), kept.get(kept.size() - 1)), kept);
  }

  private void emit(Program program) {
    for (Node node : program.order()) {
      values.put(node, place(node));
    }
  }

  private Place place(Node node) {
    Op op = node.op();
    if (op instanceof Op.Input) {
      return plan.place(Dnnl.plain(values.dims(node)));
    } else if (op instanceof Op.Convolution convolution) {
      return weighted.convolution(node, convolution);
    } else if (op instanceof Op.Dense dense) {
      return weighted.dense(node, dense);
    } else if (op instanceof Op.Pooling pooling) {
      return pooling(node, pooling);
    } else if (op instanceof Op.Sum sum) {
      return sum(node, sum);
    } else if (op instanceof Op.Merge merge) {
      return merge(node, merge);
    } else if (op instanceof Op.Concat concat) {
      return concat(node, concat);
    } else if (op instanceof Op.Reshape) {
      return reshape(node);
    } else if (op instanceof Op.SoftMax softMax) {
      return softMax(node, softMax);
    } else if (op instanceof Op.Pointwise pointwise) {
      return pointwise(node, pointwise.activation());
    } else if (op instanceof Op.Rare rare) {
      return rareOps.place(node, rare, values.real(node));
    }
    throw new IllegalStateException("the optimiser leaves no " + op.getClass().getSimpleName());
  }

  private Place pooling(Node node, Op.Pooling op) {
    algorithm kind = switch (op.kind()) {
      case MAX -> algorithm.pooling_max;
      case AVERAGE_WITH_PADDING -> algorithm.pooling_avg_include_padding;
      case AVERAGE_WITHOUT_PADDING -> algorithm.pooling_avg_exclude_padding;
    };
    Window window = op.window();
    Place source = values.typed(node, 0);
    pooling_forward.primitive_desc pd = new pooling_forward.primitive_desc(Dnnl.cpu(), INFERENCE, kind, source.desc(),
        values.any(node), window.strides(), window.kernel(), UNDILATED, window.before(),
        window.after(), PlanBuilder.attributes(), false);
    return plan.emit(pd, new pooling_forward(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }

  private Place sum(Node node, Op.Sum op) {
    float unit = quantisation.stored(node).scale();
    Attributes attributes = new Attributes(constants, unit);
    attributes.scale(DNNL_ARG_SRC, quantisation.stored(node.inputs().get(0)).scale() / unit);
    attributes.scale(DNNL_ARG_SRC_1, quantisation.stored(node.inputs().get(1)).scale() / unit);
    fusion.fuse(node, op, attributes);
    return binary(node, algorithm.binary_add, List.of(summand(node, 0), summand(node, 1)), attributes);
  }

  private Place merge(Node node, Op.Merge op) {
    algorithm kind = switch (op.kind()) {
      case PRODUCT -> algorithm.binary_mul;
      case DIFFERENCE -> algorithm.binary_sub;
      case QUOTIENT -> algorithm.binary_div;
      case MAXIMUM -> algorithm.binary_max;
      case MINIMUM -> algorithm.binary_min;
    };
    Attributes attributes = new Attributes(constants, 1);
    fusion.fuse(node, op, attributes);
    return binary(node, kind, List.of(values.typed(node, 0), values.typed(node, 1)), attributes);
  }

  private Place binary(Node node, algorithm kind, List<Place> operands, Attributes attributes) {
    binary.primitive_desc pd = new binary.primitive_desc(Dnnl.cpu(), kind, operands.get(0).desc(),
        operands.get(1).desc(), values.any(node), attributes.build(), false);
    List<Argument> arguments = new ArrayList<>(attributes.arguments());
    arguments.add(new Variable(DNNL_ARG_SRC, operands.get(0)));
    arguments.add(new Variable(DNNL_ARG_SRC_1, operands.get(1)));
    return plan.emit(pd, new binary(pd), pd.dst_desc(), arguments);
  }

  /** Whole numbers are scaled while they are added; real ones must all be of one type. */
  private Place summand(Node node, int input) {
    boolean whole = quantisation.stored(node).isWhole() || quantisation.stored(node.inputs().get(input)).isWhole();
    return whole ? values.get(node.inputs().get(input)) : values.typed(node, input);
  }

  private Place concat(Node node, Op.Concat op) {
    List<Argument> arguments = new ArrayList<>();
    memory_desc_vector descs = new memory_desc_vector();
    for (int i = 0; i < node.inputs().size(); i++) {
      Place place = values.typed(node, i);
      arguments.add(new Variable(DNNL_ARG_MULTIPLE_SRC + i, place));
      descs.push_back(place.desc());
    }
    concat.primitive_desc pd =
        new concat.primitive_desc(Dnnl.cpu(), op.axis() + 1, descs, PlanBuilder.attributes(), false);
    return plan.emit(pd, new concat(pd), pd.dst_desc(), arguments);
  }

  private Place reshape(Node node) {
    Storage storage = quantisation.stored(node);
    boolean real = !storage.isWhole() && !quantisation.stored(node.input()).isWhole();
    memory.data_type type = real ? Values.type(values.get(node.input())) : types.of(node);
    Place flat = values.in(node.input(), storage, Dnnl.plain(type, values.dims(node.input())));
    return plan.alias(flat, Dnnl.plain(type, values.dims(node)));
  }

  private Place softMax(Node node, Op.SoftMax op) {
    algorithm kind = op.log() ? algorithm.softmax_log : algorithm.softmax_accurate;
    Place source = values.typed(node, 0);
    softmax_forward.primitive_desc pd = new softmax_forward.primitive_desc(Dnnl.cpu(), INFERENCE, kind, source.desc(),
        source.desc(), node.shape().rank(), PlanBuilder.attributes(), false);
    return plan.emit(pd, new softmax_forward(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }

  private Place pointwise(Node node, Activation activation) {
    Place source = values.typed(node, 0);
    eltwise_forward.primitive_desc pd = new eltwise_forward.primitive_desc(Dnnl.cpu(), INFERENCE,
        Attributes.algorithm(activation), source.desc(), source.desc(), activation.alpha(), activation.beta(),
        PlanBuilder.attributes(), false);
    return plan.emit(pd, new eltwise_forward(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }
}
