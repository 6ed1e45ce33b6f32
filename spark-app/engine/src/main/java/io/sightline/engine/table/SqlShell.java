package io.sightline.engine.table;

import java.io.File;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.ShutdownHookManager;

/**
 * Spark's own SQL prompt, `spark-sql`, in a session that already has Kafka's topics as tables.
 *
 * <p>The topics come in the environment, which only the process's own user can read. A file of statements for
 * `spark-sql -i` would not do: Spark keeps the text of statements, and Kafka's password with it.
 */
public final class SqlShell {
  private static final String TOPICS = "SIGHTLINE_SHELL_TOPICS";
  private static final String FOLDER = "SIGHTLINE_SHELL_FOLDER";
  private static final String PROMPT = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver";

  private SqlShell() {}

  /** Takes the arguments of `spark-sql`; ends the JVM with its status. */
  public static void main(String[] arguments) throws Throwable {
    String folder = System.getenv(FOLDER);
    if (folder != null) { // where the session keeps tables of its own, which end with it
      ShutdownHookManager.registerShutdownDeleteDir(new File(folder));
    }
    String topics = System.getenv(TOPICS);
    if (topics != null) {
      TopicTables.parse(topics).create(SparkSession.builder().getOrCreate());
    }
    // By name: nothing else here needs Spark's Hive and Thrift libraries at compile time.
    MethodHandles.publicLookup()
        .findStatic(Class.forName(PROMPT), "main", MethodType.methodType(void.class, String[].class))
        .invokeExact(arguments);
  }
}
