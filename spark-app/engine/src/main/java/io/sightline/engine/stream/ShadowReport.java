package io.sightline.engine.stream;

import java.io.Serializable;

/**
 * How a JVM's shadow has done since the JVM began.
 *
 * @param same images for which it put the same label first
 * @param other images for which it put another label first
 * @param failed images that it could not classify although the model in use could
 * @param difference sum over {@code same} and {@code other} of how far its probability of the first label was off
 * @param seconds that it took
 */
record ShadowReport(long same, long other, long failed, double difference, double seconds) implements Serializable {}
