package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_MULTIPLE_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Constant;
import io.sightline.engine.nn.Step.Place;
import io.sightline.engine.nn.Step.Variable;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.concat;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.inner_product_forward;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory_desc_vector;
import org.bytedeco.dnnl.pooling_forward;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.softmax_forward;

/** Compiles a program for one batch size into oneDNN primitives, each in the layout it likes best. */
final class Lowering {
  private static final prop_kind INFERENCE = prop_kind.forward_inference;
  private static final long[] UNDILATED = {0, 0};

  private final Types types;
  private final int batch;
  private final Constants constants;
  private final PlanBuilder plan;
  private final RareOps rareOps;
  private final Map<Node, Place> places = new IdentityHashMap<>();

  Lowering(Types types, int batch, Constants constants, Natives natives) {
    this.types = types;
    this.batch = batch;
    this.constants = constants;
    this.plan = new PlanBuilder(natives);
    this.rareOps = new RareOps(batch, constants, plan);
  }

  Plan lower(Program program) {
    Place input = null;
    for (Node node : program.order()) {
      Place place = place(node);
      places.put(node, place);
      if (node.op() instanceof Op.Input) {
        input = place;
      }
    }
    Node end = program.output();
    Place output = plan.inLayout(places.get(end), Dnnl.plain(dims(end)));
    return plan.build(batch, input, output);
  }

  private Place place(Node node) {
    Op op = node.op();
    if (op instanceof Op.Input) {
      return plan.place(Dnnl.plain(dims(node)));
    } else if (op instanceof Op.Convolution convolution) {
      return convolution(node, convolution);
    } else if (op instanceof Op.Dense dense) {
      return dense(node, dense);
    } else if (op instanceof Op.Pooling pooling) {
      return pooling(node, pooling);
    } else if (op instanceof Op.Sum sum) {
      return combined(node, algorithm.binary_add, sum.postOps());
    } else if (op instanceof Op.Merge merge) {
      return combined(node, algorithm(merge.kind()), merge.postOps());
    } else if (op instanceof Op.Concat concat) {
      return concat(node, concat);
    } else if (op instanceof Op.Reshape) {
      return reshape(node);
    } else if (op instanceof Op.SoftMax softMax) {
      return softMax(node, softMax);
    } else if (op instanceof Op.Pointwise pointwise) {
      return pointwise(node, pointwise.activation());
    } else if (op instanceof Op.Rare rare) {
      return rareOps.place(node, rare, source(node));
    }
    throw new IllegalStateException("the optimiser leaves no " + op.getClass().getSimpleName());
  }

  private Place convolution(Node node, Op.Convolution op) {
    Shape image = node.input().shape();
    Window window = op.window();
    long[] weightDims = weightDims(op, image);
    long[] biasDims = {op.weights().outputs()};
    convolution_forward.primitive_desc pd = new convolution_forward.primitive_desc(Dnnl.cpu(), INFERENCE,
        algorithm.convolution_direct, read(node), weights(weightDims), Dnnl.plain(biasDims), any(node),
        window.strides(), window.dilations(), window.before(), window.after(), attributes(node, op.postOps()), false);
    List<Argument> arguments = new ArrayList<>();
    arguments.add(new Variable(DNNL_ARG_SRC, plan.inLayout(source(node), pd.src_desc())));
    arguments.add(new Constant(DNNL_ARG_WEIGHTS, constants.get(op.weights().kernel(), weightDims, pd.weights_desc())));
    arguments.add(new Constant(DNNL_ARG_BIAS, constants.get(op.weights().bias(), biasDims, Dnnl.plain(biasDims))));
    arguments.addAll(addends(node, 1, op.postOps()));
    return plan.emit(pd, new convolution_forward(pd), pd.dst_desc(), arguments);
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

  private Place dense(Node node, Op.Dense op) {
    long[] weightDims = node.input().shape().batched(op.weights().outputs()); // outputs take the batch's place
    long[] biasDims = {op.weights().outputs()};
    inner_product_forward.primitive_desc pd = new inner_product_forward.primitive_desc(Dnnl.cpu(), INFERENCE,
        read(node), weights(weightDims), Dnnl.plain(biasDims), any(node),
        attributes(node, op.postOps()), false);
    List<Argument> arguments = new ArrayList<>();
    arguments.add(new Variable(DNNL_ARG_SRC, plan.inLayout(source(node), pd.src_desc())));
    arguments.add(new Constant(DNNL_ARG_WEIGHTS, constants.get(op.weights().kernel(), weightDims, pd.weights_desc())));
    arguments.add(new Constant(DNNL_ARG_BIAS, constants.get(op.weights().bias(), biasDims, Dnnl.plain(biasDims))));
    arguments.addAll(addends(node, 1, op.postOps()));
    return plan.emit(pd, new inner_product_forward(pd), pd.dst_desc(), arguments);
  }

  private Place reshape(Node node) {
    memory.data_type type = source(node).desc().get_data_type().intern();
    Place flat = plan.inLayout(source(node), Dnnl.plain(type, dims(node.input())));
    return plan.alias(flat, Dnnl.plain(type, dims(node)));
  }

  private Place pooling(Node node, Op.Pooling op) {
    algorithm kind = switch (op.kind()) {
      case MAX -> algorithm.pooling_max;
      case AVERAGE_WITH_PADDING -> algorithm.pooling_avg_include_padding;
      case AVERAGE_WITHOUT_PADDING -> algorithm.pooling_avg_exclude_padding;
    };
    Window window = op.window();
    Place source = typed(node, 0);
    pooling_forward.primitive_desc pd = new pooling_forward.primitive_desc(Dnnl.cpu(), INFERENCE, kind, source.desc(),
        any(node), window.strides(), window.kernel(), UNDILATED, window.before(), window.after(),
        PlanBuilder.attributes(), false);
    return plan.emit(pd, new pooling_forward(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }

  private Place combined(Node node, algorithm kind, List<PostOp> postOps) {
    Place first = typed(node, 0);
    Place second = typed(node, 1);
    binary.primitive_desc pd = new binary.primitive_desc(Dnnl.cpu(), kind, first.desc(), second.desc(),
        any(node), attributes(node, postOps), false);
    List<Argument> arguments = new ArrayList<>();
    arguments.add(new Variable(DNNL_ARG_SRC, first));
    arguments.add(new Variable(DNNL_ARG_SRC_1, second));
    arguments.addAll(addends(node, 2, postOps));
    return plan.emit(pd, new binary(pd), pd.dst_desc(), arguments);
  }

  private Place concat(Node node, Op.Concat op) {
    List<Argument> arguments = new ArrayList<>();
    memory_desc_vector descs = new memory_desc_vector();
    for (int i = 0; i < node.inputs().size(); i++) {
      Place place = typed(node, i);
      arguments.add(new Variable(DNNL_ARG_MULTIPLE_SRC + i, place));
      descs.push_back(place.desc());
    }
    concat.primitive_desc pd =
        new concat.primitive_desc(Dnnl.cpu(), op.axis() + 1, descs, PlanBuilder.attributes(), false);
    return plan.emit(pd, new concat(pd), pd.dst_desc(), arguments);
  }

  private Place softMax(Node node, Op.SoftMax op) {
    algorithm kind = op.log() ? algorithm.softmax_log : algorithm.softmax_accurate;
    Place source = typed(node, 0);
    softmax_forward.primitive_desc pd = new softmax_forward.primitive_desc(Dnnl.cpu(), INFERENCE, kind, source.desc(),
        source.desc(), node.shape().rank(), PlanBuilder.attributes(), false);
    return plan.emit(pd, new softmax_forward(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }

  private Place pointwise(Node node, Activation activation) {
    Place source = typed(node, 0);
    eltwise_forward.primitive_desc pd = new eltwise_forward.primitive_desc(Dnnl.cpu(), INFERENCE,
        algorithm(activation), source.desc(), source.desc(), activation.alpha(), activation.beta(),
        PlanBuilder.attributes(), false);
    return plan.emit(pd, new eltwise_forward(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }

  /** The post-ops; what they add comes after the op's own inputs. */
  private primitive_attr attributes(Node node, List<PostOp> postOps) {
    post_ops chain = new post_ops();
    int addend = node.inputs().size() - (int) postOps.stream().filter(PostOp.Add.class::isInstance).count();
    for (PostOp postOp : postOps) {
      if (postOp instanceof PostOp.Apply apply) {
        Activation activation = apply.activation();
        chain.append_eltwise(algorithm(activation), activation.alpha(), activation.beta());
      } else {
        chain.append_binary(algorithm.binary_add, places.get(node.inputs().get(addend++)).desc());
      }
    }
    primitive_attr attributes = PlanBuilder.attributes();
    attributes.set_post_ops(chain);
    return attributes;
  }

  private List<Argument> addends(Node node, int firstAddend, List<PostOp> postOps) {
    List<Argument> arguments = new ArrayList<>();
    for (int i = 0; i < postOps.size(); i++) {
      if (postOps.get(i) instanceof PostOp.Add) {
        Node addend = node.inputs().get(firstAddend + arguments.size());
        int name = DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (i + 1) | DNNL_ARG_SRC_1;
        arguments.add(new Variable(name, places.get(addend)));
      }
    }
    return arguments;
  }

  private static algorithm algorithm(Activation activation) {
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

  private static algorithm algorithm(Op.Merge.Kind kind) {
    return switch (kind) {
      case PRODUCT -> algorithm.binary_mul;
      case DIFFERENCE -> algorithm.binary_sub;
      case QUOTIENT -> algorithm.binary_div;
      case MAXIMUM -> algorithm.binary_max;
      case MINIMUM -> algorithm.binary_min;
    };
  }

  private Place source(Node node) {
    return places.get(node.input());
  }

  /** An input of a primitive that reads and writes one type: in the type of its result. */
  private Place typed(Node node, int input) {
    Node read = node.inputs().get(input);
    Place place = places.get(read);
    memory.data_type wanted = types.of(node);
    return place.desc().get_data_type().intern() == wanted ? place : plan.inLayout(place, Dnnl.plain(wanted, dims(read)));
  }

  /** A layer's input, in the type of its weights. */
  private memory.desc read(Node node) {
    return Dnnl.any(types.weights(), dims(node.input()));
  }

  private memory.desc weights(long[] dims) {
    return Dnnl.any(types.weights(), dims);
  }

  private memory.desc any(Node node) {
    return Dnnl.any(types.of(node), dims(node));
  }

  private long[] dims(Node node) {
    return node.shape().batched(batch);
  }
}
