package io.sightline.engine.bundle;

/** Which colour planes a model wants, in this order. */
public enum ChannelOrder {
  RGB(3),
  GRAY(1);

  private final int channels;

  ChannelOrder(int channels) {
    this.channels = channels;
  }

  public int channels() {
    return channels;
  }
}
