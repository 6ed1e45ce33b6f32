package io.sightline.engine.model;

import io.sightline.engine.image.ImageRejected;
import java.util.ArrayList;
import java.util.List;

/**
 * One model's buffers within a task, and a session while a batch is at work, decoding included: then nobody unloads the
 * model. Between batches a task holds none, so that one nobody needs can be unloaded. For one thread.
 */
final class ModelRunner {
  private final Model model;
  private Model.Session session;
  private float[] input = {};
  private float[] outputs = {};

  ModelRunner(Model model) {
    this.model = model;
  }

  /**
   * Classifies or fails every one of {@code items}.
   *
   * @throws ModelNotUsable the model has gone; items may be left without an outcome
   */
  void run(List<Item> items) throws ModelNotUsable {
    session = model.open();
    try {
      prepareAndForward(items);
    } finally {
      session.close();
    }
  }

  private void prepareAndForward(List<Item> items) throws ModelNotUsable {
    if (input.length < items.size() * model.inputLength()) {
      input = new float[items.size() * model.inputLength()];
      outputs = new float[items.size() * model.outputLength()];
    }
    List<Item> ready = new ArrayList<>(items.size());
    for (Item item : items) {
      if (prepare(item, ready.size())) {
        ready.add(item);
      }
    }
    if (ready.isEmpty()) {
      return;
    }
    try {
      forward(ready);
    } catch (RuntimeException e) { // one image may have spoilt it for all
      forwardEach(ready);
    }
  }

  private boolean prepare(Item item, int place) {
    long start = System.nanoTime();
    try {
      model.prepare(item.image(), input, place * model.inputLength());
      return true;
    } catch (ImageRejected rejected) {
      item.fail(Failure.of(rejected));
    } catch (RuntimeException e) {
      item.fail(Failure.internal(e));
    } finally {
      item.decodedIn(System.nanoTime() - start);
    }
    return false;
  }

  /** Runs the inputs of {@code items}, which lie at the front of the buffer. */
  private void forward(List<Item> items) {
    long start = System.nanoTime();
    session.forward(input, items.size(), outputs);
    long share = (System.nanoTime() - start) / items.size();
    for (int i = 0; i < items.size(); i++) {
      items.get(i).classified(outputs, i * model.outputLength(), share);
    }
  }

  private void forwardEach(List<Item> items) throws ModelNotUsable {
    int length = model.inputLength();
    renewSession();
    for (int i = 0; i < items.size(); i++) {
      System.arraycopy(input, i * length, input, 0, length);
      try {
        forward(items.subList(i, i + 1));
      } catch (RuntimeException e) {
        items.get(i).fail(Failure.internal(e));
        renewSession();
      }
    }
  }

  /** After a failure nobody knows what the session's buffers hold. The model is in use throughout, so it stays. */
  private void renewSession() throws ModelNotUsable {
    Model.Session next = model.open();
    session.close();
    session = next;
  }
}
