package io.sightline.engine.nn;

import io.sightline.engine.nn.Step.Place;
import java.util.List;

/**
 * A program compiled for one batch size: primitives in order, and where in a block of memory each value lies. Shared by
 * all runners; each has a block of its own.
 *
 * @param bytes the block's size
 */
record Plan(int batch, List<Step> steps, Place input, Place output, long bytes) {}
