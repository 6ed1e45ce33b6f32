package io.sightline.engine.image;

/**
 * What a file's headers say: width and height in pixels before EXIF orientation, and whether its pixels can be
 * transparent.
 */
public record ImageInfo(ImageFormat format, int width, int height, boolean alpha) {}
