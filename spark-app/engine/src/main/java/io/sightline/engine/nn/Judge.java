package io.sightline.engine.nn;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** BigDL's own answers, worked out beside the compiler: of two processors each has one to do. */
final class Judge {
  private final String model;
  private final FutureTask<SelfCheck> answers;

  private Judge(String model, Callable<SelfCheck> referee) {
    this.model = model;
    this.answers = new FutureTask<>(referee);
  }

  /** Begins; returns at once. What the referee throws comes out of {@link #await}. */
  static Judge ask(String model, Callable<SelfCheck> referee) {
    Judge judge = new Judge(model, referee);
    HeadStart.start(judge.answers);
    return judge;
  }

  /** Who has the answers already. */
  static Judge of(String model, SelfCheck answers) {
    Judge judge = new Judge(model, () -> answers);
    judge.answers.run();
    return judge;
  }

  /** @throws NetworkException the referee cannot run the network, or this thread was interrupted meanwhile */
  SelfCheck await() throws NetworkException {
    try {
      return answers.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NetworkException(model + ": interrupted while it was being loaded", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new NetworkException(e.getCause().getMessage(), e.getCause());
    }
  }
}
