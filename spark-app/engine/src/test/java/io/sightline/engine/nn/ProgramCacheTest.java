package io.sightline.engine.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SameWeights.class)
final class ProgramCacheTest {
  @TempDir
  private Path folder;

  private NetworkOptions options;
  private NetworkSource source;
  private float[] images;
  private float[] expected;

  @BeforeEach
  void load() throws Exception {
    options = NetworkOptions.defaults().withCache(folder.resolve("cache"));
    source = checked(TestNetworks.mobileSource(folder), "digest");
    images = TestNetworks.images(source, 3, 5);
    expected = answers(source);
  }

  /** There is no model any more: whatever answers cannot have asked BigDL. */
  @Test
  void aSecondStartNeedsNoBigDl() throws Exception {
    Files.delete(source.definition());
    Files.delete(source.parameters());
    assertArrayEquals(expected, answers(source));
  }

  @Test
  void otherFilesAreLoaded() throws Exception {
    Files.delete(source.parameters());
    assertThrows(NetworkException.class, () -> answers(checked(source, "another digest")));
  }

  @Test
  void filesThatNobodyCheckedAreLoaded() throws Exception {
    Files.delete(source.parameters());
    assertThrows(NetworkException.class, () -> answers(new NetworkSource(source.name(), source.definition(),
        source.parameters(), 3, 30, 30, 12, OutputKind.PROBABILITIES)));
  }

  @Test
  void otherInputsAreLoaded() throws Exception {
    NetworkSource other = new NetworkSource(source.name(), source.definition(), source.parameters(), 4, 30, 30, 12,
        OutputKind.PROBABILITIES, Optional.empty(), Optional.empty(), source.digest());
    assertThrows(NetworkException.class, () -> Network.load(other, options)); // BigDL refuses them
  }

  /** Cut off at every kind of place, or one byte changed: a sum sees it, and the files are loaded again. */
  @Test
  void aDamagedFileIsMadeAgain() throws Exception {
    byte[] whole = Files.readAllBytes(kept());
    for (int length : new int[] {0, 3, 4, 40, whole.length / 2, whole.length - 1}) {
      Files.write(kept(), Arrays.copyOf(whole, length));
      assertArrayEquals(expected, answers(source));
      assertTrue(ProgramCache.of(source, options).orElseThrow().get().isPresent());
    }
    byte[] changed = whole.clone();
    changed[whole.length / 2] ^= 1;
    Files.write(kept(), changed);
    assertArrayEquals(expected, answers(source));
    assertTrue(ProgramCache.of(source, options).orElseThrow().get().isPresent());
  }

  /** What is kept is judged at each start; where it does not pass, BigDL has the last word. */
  @Test
  void aProgramThatAnswersOtherwiseIsMadeAgain() throws Exception {
    Program other = Optimiser.optimise(ModuleImporter.read(
        BigDlModule.load(TestNetworks.mobileSource(Files.createDirectory(folder.resolve("other")))), source));
    ProgramCache cache = ProgramCache.of(source, options).orElseThrow();
    KeptProgram right = cache.get().orElseThrow();
    cache.put(new KeptProgram(other, right.expected()));
    assertArrayEquals(expected, answers(source));
    assertEquals(Fingerprint.of(right.program()), Fingerprint.of(cache.get().orElseThrow().program()));
  }

  /** A whole file whose answers are not of this network's images once failed the load. */
  @Test
  void answersOfAnotherSizeAreMadeAgain() throws Exception {
    ProgramCache cache = ProgramCache.of(source, options).orElseThrow();
    KeptProgram right = cache.get().orElseThrow();
    cache.put(new KeptProgram(right.program(), new float[] {1}));
    assertArrayEquals(expected, answers(source));
    assertArrayEquals(right.expected(), cache.get().orElseThrow().expected(), 1e-5f); // BigDL's last digit varies
  }

  /** The file has no form for it; but the network is loaded by then, and to keep it was an offer. */
  @Test
  void aProgramThatCannotBeKeptCostsNothing() throws Exception {
    ProgramCache cache = ProgramCache.of(source, options).orElseThrow();
    cache.put(new KeptProgram(cache.get().orElseThrow().program(), null));
    assertTrue(cache.get().isPresent());
    leavesNothingHalfWritten();
  }

  @Test
  void aFolderThatCannotBeWrittenCostsNothing() throws Exception {
    Path file = Files.createFile(folder.resolve("no folder"));
    try (Network network = Network.load(source, NetworkOptions.defaults().withCache(file))) {
      assertTrue(network.compiled());
    }
  }

  @Test
  void leavesNothingHalfWritten() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      assertEquals(List.of(kept()), files.toList());
    }
  }

  /** An op that was added and cannot be kept would fail for the first user who has one. */
  @Test
  void keepsEveryKindOfOp() throws Exception {
    Path file = Files.createFile(folder.resolve("ops"));
    List<Op> ops = new ArrayList<>();
    for (Class<?> kind : RecordInput.variants(Op.class)) {
      ops.add((Op) sample(kind));
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      RecordOutput output = new RecordOutput(channel);
      output.writeAll(Op.class, ops);
      output.finish();
      List<Op> back =
          RecordInput.of(channel.map(MapMode.READ_ONLY, 0, channel.size())).readAll(Op.class);
      for (int i = 0; i < ops.size(); i++) {
        assertEquals(described(ops.get(i)), described(back.get(i)));
      }
    }
  }

  private static String described(Op op) throws ReflectiveOperationException {
    StringBuilder text = new StringBuilder(op.getClass().getSimpleName());
    for (var part : op.getClass().getRecordComponents()) {
      Object value = part.getAccessor().invoke(op);
      text.append(' ').append(value instanceof float[] numbers ? Arrays.toString(numbers)
          : value instanceof Weights weights ? Arrays.toString(weights.kernel())
              + Arrays.toString(weights.bias()) : value);
    }
    return text.toString();
  }

  /** A record with something in each part. */
  private static Object sample(Class<?> type) throws ReflectiveOperationException {
    var parts = type.getRecordComponents();
    Object[] values = new Object[parts.length];
    Class<?>[] types = new Class<?>[parts.length];
    for (int i = 0; i < parts.length; i++) {
      types[i] = parts[i].getType();
      values[i] = types[i] == List.class
          ? List.of(part(RecordInput.element(parts[i].getGenericType()), i))
          : part(types[i], i);
    }
    return type.getDeclaredConstructor(types).newInstance(values);
  }

  private static Object part(Class<?> type, int i) throws ReflectiveOperationException {
    if (type == int.class || type == Integer.class) {
      return i + 1;
    } else if (type == float.class) {
      return i + 0.5f;
    } else if (type == boolean.class) {
      return true;
    } else if (type == float[].class) {
      return new float[] {i, -1.5f};
    } else if (type == Shape.class) {
      return new Shape(i + 1, 2, 3);
    } else if (type.isEnum()) {
      return type.getEnumConstants()[1];
    }
    return sample(RecordInput.variants(type).get(0));
  }

  private Path kept() {
    return folder.resolve("cache").resolve("test@1.program");
  }

  private float[] answers(NetworkSource of) throws NetworkException {
    try (Network network = Network.load(of, options)) {
      assertTrue(network.compiled());
      return TestNetworks.actual(network, images, 3);
    }
  }

  private static NetworkSource checked(NetworkSource files, String digest) {
    return new NetworkSource(files.name(), files.definition(), files.parameters(), files.channels(), files.height(),
        files.width(), files.outputs(), files.output(), files.calibration(), Optional.empty(), Optional.of(digest));
  }
}
