/**
 * Classifies images with the bundles of a folder, for whoever has images: batches in, an outcome for each image out.
 * Knows nothing of Kafka's records nor of tables' rows.
 */
package io.sightline.engine.model;
