package io.sightline.engine.image;

/** A file that may go to its codec: what its headers say, and the parts of it that the codec gets. */
record Inspected(ImageInfo info, Parts parts) {}
