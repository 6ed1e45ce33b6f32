package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class StorageTest {
  private static final Activation RELU6 = Activation.clip(0, 6);

  @Test
  void storesNothingBeyondItsRange() {
    assertTrue(Storage.whole(Storage.Kind.UNSIGNED, 6).clips(RELU6));
    assertTrue(Storage.whole(Storage.Kind.UNSIGNED, 2.5f).clips(RELU6));
    assertTrue(Storage.whole(Storage.Kind.UNSIGNED, 70).clips(Activation.relu(0)));
  }

  /** Its group may have a member with larger values. */
  @Test
  void leavesAClipThatCutsWithinTheRange() {
    assertFalse(Storage.whole(Storage.Kind.UNSIGNED, 7).clips(RELU6));
    assertFalse(Storage.whole(Storage.Kind.UNSIGNED, 6).clips(Activation.clip(1, 6)));
    assertFalse(Storage.whole(Storage.Kind.UNSIGNED, 6).clips(Activation.clip(-1, 6)));
  }

  @Test
  void leavesWhatNegativeNumbersSee() {
    assertFalse(Storage.whole(Storage.Kind.SIGNED, 6).clips(RELU6));
    assertFalse(Storage.REAL.clips(RELU6));
  }

  @Test
  void leavesOtherFunctions() {
    Storage storage = Storage.whole(Storage.Kind.UNSIGNED, 1);
    assertFalse(storage.clips(Activation.relu(0.1f)));
    assertFalse(storage.clips(Activation.of(Activation.Kind.SIGMOID)));
  }
}
