package io.sightline.engine.nn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_MULTIPLE_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import io.sightline.engine.nn.Step.Argument;
import io.sightline.engine.nn.Step.Constant;
import io.sightline.engine.nn.Step.Place;
import io.sightline.engine.nn.Step.Variable;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.concat;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.lrn_forward;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory_desc_vector;
import org.bytedeco.dnnl.prelu_forward;
import org.bytedeco.dnnl.reduction;

/** Compiles {@link Op.Rare} ops. Those that move values do so in the plain layout, whatever it costs. */
final class RareOps {
  private static final prop_kind INFERENCE = prop_kind.forward_inference;

  private final int batch;
  private final Constants constants;
  private final PlanBuilder plan;

  RareOps(int batch, Constants constants, PlanBuilder plan) {
    this.batch = batch;
    this.constants = constants;
    this.plan = plan;
  }

  Place place(Node node, Op.Rare op, Place source) {
    if (op instanceof Op.Pad pad) {
      return pad(node, pad, plain(node, source));
    } else if (op instanceof Op.Slice slice) {
      return slice(node, slice, plain(node, source));
    } else if (op instanceof Op.Permute permute) {
      return permute(node, permute, plain(node, source));
    } else if (op instanceof Op.Reduce reduce) {
      return reduce(node, reduce, plain(node, source));
    } else if (op instanceof Op.LocalResponse response) {
      return localResponse(response, source);
    }
    return slopes(node, (Op.Slopes) op, source);
  }

  /** The only input, in the order of its dimensions. */
  private Place plain(Node node, Place source) {
    return plan.inLayout(source, Dnnl.plain(node.input().shape().batched(batch)));
  }

  private Place pad(Node node, Op.Pad op, Place source) {
    List<Argument> arguments = new ArrayList<>();
    memory_desc_vector descs = new memory_desc_vector();
    Shape shape = node.input().shape();
    if (op.before() > 0) {
      appendZeros(shape.with(op.axis(), op.before()), arguments, descs);
    }
    arguments.add(new Variable(DNNL_ARG_MULTIPLE_SRC + arguments.size(), source));
    descs.push_back(source.desc());
    if (op.after() > 0) {
      appendZeros(shape.with(op.axis(), op.after()), arguments, descs);
    }
    concat.primitive_desc pd = new concat.primitive_desc(Dnnl.cpu(), Dnnl.plain(node.shape().batched(batch)),
        op.axis() + 1, descs, PlanBuilder.attributes(), false);
    return plan.emit(pd, new concat(pd), pd.dst_desc(), arguments);
  }

  private void appendZeros(Shape shape, List<Argument> arguments, memory_desc_vector descs) {
    memory.desc desc = Dnnl.plain(shape.batched(batch));
    memory zeros = constants.get(new float[batch * shape.length()], shape.batched(batch), desc);
    arguments.add(new Constant(DNNL_ARG_MULTIPLE_SRC + arguments.size(), zeros));
    descs.push_back(desc);
  }

  private Place slice(Node node, Op.Slice op, Place source) {
    long[] dims = node.shape().batched(batch);
    long[] offsets = new long[dims.length];
    offsets[op.axis() + 1] = op.start();
    return plan.inLayout(plan.alias(source, source.desc().submemory_desc(dims, offsets)), Dnnl.plain(dims));
  }

  private Place permute(Node node, Op.Permute op, Place source) {
    int[] becomes = new int[op.axes().size() + 1]; // oneDNN wants for each axis its new place; the batch keeps its own
    for (int i = 0; i < op.axes().size(); i++) {
      becomes[op.axes().get(i) + 1] = i + 1;
    }
    Place turned = plan.alias(source, source.desc().permute_axes(becomes));
    return plan.inLayout(turned, Dnnl.plain(node.shape().batched(batch)));
  }

  private Place reduce(Node node, Op.Reduce op, Place source) {
    algorithm kind = switch (op.kind()) {
      case SUM -> algorithm.reduction_sum;
      case MEAN -> algorithm.reduction_mean;
      case MAXIMUM -> algorithm.reduction_max;
      case MINIMUM -> algorithm.reduction_min;
    };
    reduction.primitive_desc pd = new reduction.primitive_desc(Dnnl.cpu(), kind, source.desc(),
        Dnnl.plain(node.shape().batched(batch)), 0, 0, PlanBuilder.attributes(), false);
    return plan.emit(pd, new reduction(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }

  private Place localResponse(Op.LocalResponse op, Place source) {
    lrn_forward.primitive_desc pd = new lrn_forward.primitive_desc(Dnnl.cpu(), INFERENCE,
        algorithm.lrn_across_channels, source.desc(), source.desc(), op.size(), op.alpha(), op.beta(), op.k(),
        PlanBuilder.attributes(), false);
    return plan.emit(pd, new lrn_forward(pd), pd.dst_desc(), List.of(new Variable(DNNL_ARG_SRC, source)));
  }

  private Place slopes(Node node, Op.Slopes op, Place source) {
    Shape single = node.shape();
    for (int axis = 1; axis < single.rank(); axis++) {
      single = single.with(axis, 1);
    }
    long[] dims = single.batched(1);
    prelu_forward.primitive_desc pd = new prelu_forward.primitive_desc(Dnnl.cpu(), INFERENCE, source.desc(),
        Dnnl.plain(dims), source.desc(), PlanBuilder.attributes(), false);
    List<Argument> arguments = List.of(new Variable(DNNL_ARG_SRC, source),
        new Constant(DNNL_ARG_WEIGHTS, constants.get(op.slopes(), dims, pd.weights_desc())));
    return plan.emit(pd, new prelu_forward(pd), pd.dst_desc(), arguments);
  }
}
