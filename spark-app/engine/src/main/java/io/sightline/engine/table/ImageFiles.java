package io.sightline.engine.table;

import java.io.IOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Files and their bytes, one at a time. Unlike Spark's own source {@code binaryFile}, a file that cannot be read fails
 * alone, and of one that is too large no more is read than shows that it is.
 */
public final class ImageFiles {
  private static final StructType SCHEMA = new StructType()
      .add("name", DataTypes.StringType, false)
      .add("content", DataTypes.BinaryType, false);

  private ImageFiles() {}

  /**
   * The rows of {@code files} with their content.
   *
   * @param files columns name and path (string), in this order; path as Hadoop's file systems write it
   * @param maxBytes the largest file that is read whole; of larger ones come {@code maxBytes + 1} bytes
   * @param unreadable gets a row (name, reason) for each file that is left out because it could not be read; one may
   *     come twice, as tasks are repeated
   * @return columns name (string) and content (binary)
   */
  public static Dataset<Row> read(Dataset<Row> files, int maxBytes, CollectionAccumulator<Row> unreadable) {
    SerializableConfiguration hadoop =
        new SerializableConfiguration(files.sparkSession().sessionState().newHadoopConf());
    MapPartitionsFunction<Row, Row> readPartition =
        rows -> new Contents(rows, hadoop.value(), maxBytes, unreadable);
    return files.mapPartitions(readPartition, Encoders.row(SCHEMA));
  }

  private static final class Contents implements Iterator<Row> {
    private final Iterator<Row> files;
    private final Configuration hadoop;
    private final int maxBytes;
    private final CollectionAccumulator<Row> unreadable;
    private Row next;

    Contents(Iterator<Row> files, Configuration hadoop, int maxBytes, CollectionAccumulator<Row> unreadable) {
      this.files = files;
      this.hadoop = hadoop;
      this.maxBytes = maxBytes;
      this.unreadable = unreadable;
    }

    @Override
    public boolean hasNext() {
      while (next == null && files.hasNext()) {
        next = contentOf(files.next());
      }
      return next != null;
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Row row = next;
      next = null;
      return row;
    }

    /** The file's row, or null: it could not be read. */
    private Row contentOf(Row file) {
      Path path = new Path(file.getString(1));
      try (FSDataInputStream stream = path.getFileSystem(hadoop).open(path)) {
        return RowFactory.create(file.getString(0), stream.readNBytes(maxBytes + 1));
      } catch (IOException e) {
        unreadable.add(RowFactory.create(file.getString(0), reason(e)));
        return null;
      }
    }

    private static String reason(IOException e) {
      return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage().lines().findFirst().orElse("");
    }
  }
}
