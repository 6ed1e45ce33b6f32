/**
 * What a Spark user touches: columns added to frames, and the SQL function {@code classify_image}. Python's
 * Transformers and {@code spark.sql.extensions} come in here.
 */
package io.sightline.engine.table;
