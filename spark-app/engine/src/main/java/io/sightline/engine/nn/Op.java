package io.sightline.engine.nn;

import java.util.ArrayList;
import java.util.List;

/** What a node computes, batch left out. */
sealed interface Op {

  /** The result's shape. Throws IllegalArgumentException for inputs that do not fit. */
  Shape shape(List<Shape> inputs);

  /** An op that can do more to each value before storing it. */
  sealed interface Fusing extends Op {
    List<PostOp> postOps();

    Fusing withPostOps(List<PostOp> postOps);

    default Fusing then(PostOp next) {
      List<PostOp> extended = new ArrayList<>(postOps());
      extended.add(next);
      return withPostOps(List.copyOf(extended));
    }
  }

  /** A layer whose result is linear in its weights, so that an affine map behind it folds into them. */
  sealed interface Linear extends Fusing {
    Weights weights();

    Linear withWeights(Weights weights);
  }

  /** An op of one value that is rare enough not to be fused with anything. */
  sealed interface Rare extends Op {}

  /** The network's input. */
  record Input(Shape image) implements Op {
    @Override
    public Shape shape(List<Shape> inputs) {
      return image;
    }
  }

  /** Kernel values are laid out (group, output, input, height, width). */
  record Convolution(Weights weights, int groups, Window window, List<PostOp> postOps) implements Linear {
    @Override
    public Shape shape(List<Shape> inputs) {
      Shape image = inputs.get(0);
      int[] kernel = {window.vertical().kernel(), window.horizontal().kernel()};
      int perOutput = image.side(0) / groups * kernel[0] * kernel[1];
      require(image.rank() == 3 && weights.kernel().length == weights.outputs() * perOutput, image);
      return window.slideOver(image, weights.outputs());
    }

    @Override
    public Convolution withWeights(Weights changed) {
      return new Convolution(changed, groups, window, postOps);
    }

    @Override
    public Convolution withPostOps(List<PostOp> changed) {
      return new Convolution(weights, groups, window, changed);
    }
  }

  /** Fully connected; an input of any rank is read as if it were flat. */
  record Dense(Weights weights, List<PostOp> postOps) implements Linear {
    @Override
    public Shape shape(List<Shape> inputs) {
      Shape input = inputs.get(0);
      require(weights.kernel().length == weights.outputs() * input.length(), input);
      return new Shape(weights.outputs());
    }

    @Override
    public Dense withWeights(Weights changed) {
      return new Dense(changed, postOps);
    }

    @Override
    public Dense withPostOps(List<PostOp> changed) {
      return new Dense(weights, changed);
    }
  }

  /** {@code scale[c] * x + shift[c]}. */
  record Affine(float[] scale, float[] shift) implements Op {
    @Override
    public Shape shape(List<Shape> inputs) {
      Shape input = inputs.get(0);
      require(input.side(0) == scale.length, input);
      return input;
    }
  }

  /** Windows of an image. */
  record Pooling(Kind kind, Window window) implements Op {
    enum Kind { MAX, AVERAGE_WITH_PADDING, AVERAGE_WITHOUT_PADDING }

    @Override
    public Shape shape(List<Shape> inputs) {
      Shape image = inputs.get(0);
      require(image.rank() == 3, image);
      return window.slideOver(image, image.side(0));
    }
  }

  /** An activation that nothing before it could take over. */
  record Pointwise(Activation activation) implements Op {
    @Override
    public Shape shape(List<Shape> inputs) {
      return inputs.get(0);
    }
  }

  /** The sum of two. */
  record Sum(List<PostOp> postOps) implements Fusing {
    @Override
    public Shape shape(List<Shape> inputs) {
      require(inputs.get(0).equals(inputs.get(1)), inputs.get(1));
      return inputs.get(0);
    }

    @Override
    public Sum withPostOps(List<PostOp> changed) {
      return new Sum(changed);
    }
  }

  /** Inputs side by side along one axis (0 is the channel). */
  record Concat(int axis) implements Op {
    @Override
    public Shape shape(List<Shape> inputs) {
      Shape first = inputs.get(0);
      int side = 0;
      for (Shape input : inputs) {
        side += input.side(axis);
        require(input.with(axis, 1).equals(first.with(axis, 1)), input);
      }
      return first.with(axis, side);
    }
  }

  /** The same values in the same order under another shape. */
  record Reshape(Shape target) implements Op {
    @Override
    public Shape shape(List<Shape> inputs) {
      require(inputs.get(0).length() == target.length(), inputs.get(0));
      return target;
    }
  }

  /** Softmax, or its logarithm, along the last axis. */
  record SoftMax(boolean log) implements Op {
    @Override
    public Shape shape(List<Shape> inputs) {
      return inputs.get(0);
    }
  }

  /**
   * Two values combined place by place. Where the second has a side of 1, all places of the first along that side meet
   * the same value.
   */
  record Merge(Kind kind, List<PostOp> postOps) implements Fusing {
    enum Kind { PRODUCT, DIFFERENCE, QUOTIENT, MAXIMUM, MINIMUM }

    @Override
    public Shape shape(List<Shape> inputs) {
      Shape first = inputs.get(0);
      Shape second = inputs.get(1);
      require(second.rank() == first.rank(), second);
      for (int axis = 0; axis < first.rank(); axis++) {
        require(second.side(axis) == first.side(axis) || second.side(axis) == 1, second);
      }
      return first;
    }

    @Override
    public Merge withPostOps(List<PostOp> changed) {
      return new Merge(kind, changed);
    }
  }

  /** Zeros before and after an axis. */
  record Pad(int axis, int before, int after) implements Rare {
    @Override
    public Shape shape(List<Shape> inputs) {
      Shape input = inputs.get(0);
      require(axis < input.rank() && before >= 0 && after >= 0, input);
      return input.with(axis, input.side(axis) + before + after);
    }
  }

  /** A stretch of an axis. */
  record Slice(int axis, int start, int length) implements Rare {
    @Override
    public Shape shape(List<Shape> inputs) {
      Shape input = inputs.get(0);
      require(axis < input.rank() && start >= 0 && length > 0 && start + length <= input.side(axis), input);
      return input.with(axis, length);
    }
  }

  /** Axes in another order; {@code axes.get(i)} says which of the input's becomes axis i. */
  record Permute(List<Integer> axes) implements Rare {
    @Override
    public Shape shape(List<Shape> inputs) {
      Shape input = inputs.get(0);
      require(input.rank() == axes.size(), input);
      return new Shape(axes.stream().mapToInt(input::side).toArray());
    }
  }

  /** All values along an axis made one; the axis stays, with a side of 1. */
  record Reduce(Kind kind, int axis) implements Rare {
    enum Kind { SUM, MEAN, MAXIMUM, MINIMUM }

    @Override
    public Shape shape(List<Shape> inputs) {
      Shape input = inputs.get(0);
      require(axis < input.rank(), input);
      return input.with(axis, 1);
    }
  }

  /** {@code x / (k + alpha / size * s) ^ beta}, s the sum of squares of the size channels around the value's own. */
  record LocalResponse(int size, float alpha, float beta, float k) implements Rare {
    @Override
    public Shape shape(List<Shape> inputs) {
      require(inputs.get(0).rank() == 3, inputs.get(0));
      return inputs.get(0);
    }
  }

  /** {@code x > 0 ? x : slopes[c] * x}. */
  record Slopes(float[] slopes) implements Rare {
    @Override
    public Shape shape(List<Shape> inputs) {
      require(inputs.get(0).side(0) == slopes.length, inputs.get(0));
      return inputs.get(0);
    }
  }

  private static void require(boolean fits, Shape shape) {
    if (!fits) {
      throw new IllegalArgumentException("does not fit an input of shape " + shape);
    }
  }
}
