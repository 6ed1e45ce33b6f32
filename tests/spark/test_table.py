"""ImageClassifier and classify_image on Spark: classes beside images, refusals, save and load, batch and stream."""

from pathlib import Path

import pytest
from pyspark.errors import IllegalArgumentException
from pyspark.ml import Pipeline, PipelineModel
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.functions import col, expr, udf

from sightline_spark import ImageClassifier
from tests.spark.conftest import MODELS, digit_png

TRUNCATED = digit_png(3)[0][:-20]
pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]  # PySpark's

SCHEMA = "number int, content binary"


@pytest.fixture(scope="module")
def digits(spark: SparkSession) -> DataFrame:
    """Twenty digits, then a null, a truncated image and no image at all."""
    spark.conf.set("spark.sightline.models", str(MODELS))
    images: list[bytes | None] = [digit_png(index)[0] for index in range(20)]
    images += [None, TRUNCATED, b"not an image"]
    rows = [(number, None if image is None else bytearray(image)) for number, image in enumerate(images)]
    return spark.createDataFrame(rows, SCHEMA).repartition(2)


def _rows(frame: DataFrame) -> list[Row]:
    return sorted(frame.collect(), key=lambda row: row.number)


def test_classes_stand_beside_images(digits: DataFrame) -> None:
    """Every image has either a class or an error; other columns are as they were."""
    classified = ImageClassifier(topK=3).transform(digits)
    assert classified.columns == ["number", "content", "classified", "error"]
    rows = _rows(classified)
    assert [row.number for row in rows] == list(range(23))
    for index, row in enumerate(rows[:20]):
        assert row.error is None
        assert row.classified.label == str(digit_png(index)[1])
        assert row.classified.top[0].asDict() == {
            "index": row.classified["index"],
            "label": row.classified.label,
            "probability": row.classified.probability,
        }
        assert len(row.classified.top) == 3
        assert row.classified.model == "digits-lenet@1"
    assert [row.classified for row in rows[20:]] == [None, None, None]
    assert [row.error.code for row in rows[20:]] == ["empty", "truncated", "unsupported-type"]


def test_probabilities_are_a_vector_for_evaluators(digits: DataFrame) -> None:
    """They belong to the labels of the struct."""
    rows = _rows(ImageClassifier(probabilityCol="probability").transform(digits.where("number < 21")))
    for row in rows[:20]:
        assert len(row.probability) == 10
        assert row.probability[row.classified["index"]] == pytest.approx(row.classified.probability, abs=1e-6)
    assert rows[20].probability is None


def test_the_sql_function_says_the_same(spark: SparkSession, digits: DataFrame) -> None:
    """Null for null; of a bad image the field error says why."""
    expected = _rows(ImageClassifier().transform(digits))
    digits.createOrReplaceTempView("digits")
    rows = _rows(spark.sql("SELECT number, classify_image(content) AS c FROM digits"))
    for row, other in zip(rows[:20], expected, strict=False):
        assert (row.c.label, row.c.model, row.c.error) == (other.classified.label, "digits-lenet@1", None)
        assert row.c.top == other.classified.top
    assert rows[20].c is None
    assert [row.c.error for row in rows[21:]] == [row.error for row in expected[21:]]
    assert rows[21].c.label is None


def test_the_sql_function_takes_a_model_and_a_number(spark: SparkSession, digits: DataFrame) -> None:
    """An unknown model is an error of the row, not of the query."""
    digits.createOrReplaceTempView("digits")
    row = spark.sql(
        "SELECT classify_image(content, 'digits-lenet@1', 2) AS two, classify_image(content, 'nope').error AS error"
        " FROM digits WHERE number = 1"
    ).first()
    assert row is not None
    assert len(row.two.top) == 2
    assert row.error.code == "unknown-model"


def test_the_sql_function_groups_and_filters(spark: SparkSession, digits: DataFrame) -> None:
    """As any other function."""
    frame = digits.where("number < 20").withColumn("label", expr("classify_image(content).label"))
    counts = frame.where("label = '3'").groupBy("label").count().collect()
    assert [(row.label, row["count"]) for row in counts] == [("3", 2)]
    digits.createOrReplaceTempView("digits")
    grouped = spark.sql(
        "SELECT classify_image(content).label AS label, count(*) AS n FROM digits WHERE number < 20"
        " GROUP BY classify_image(content).label"
    ).collect()
    assert {row.label: row.n for row in grouped} == dict.fromkeys("0123456789", 2)


def test_streams_are_classified_as_batches_are(spark: SparkSession, digits: DataFrame, tmp_path: Path) -> None:
    """The Transformer takes a streaming frame."""
    digits.write.parquet(str(tmp_path / "in"))
    stream = spark.readStream.schema(SCHEMA).parquet(str(tmp_path / "in"))
    query = (
        ImageClassifier()
        .transform(stream)
        .writeStream.format("memory")
        .queryName("classified")
        .trigger(availableNow=True)
    ).start()
    assert query.awaitTermination(60)
    assert _rows(spark.table("classified")) == _rows(ImageClassifier().transform(digits))


def test_a_pipeline_with_it_is_saved_and_loaded(digits: DataFrame, tmp_path: Path) -> None:
    """Its parameters come back."""
    classifier = ImageClassifier(outputCol="c", errorCol="why", topK=2, model="digits-lenet@1")
    classifier.save(str(tmp_path / "one"))
    loaded = ImageClassifier.load(str(tmp_path / "one"))
    assert {param.name: value for param, value in loaded.extractParamMap().items()} == {
        param.name: value for param, value in classifier.extractParamMap().items()
    }
    Pipeline(stages=[classifier]).fit(digits).save(str(tmp_path / "pipeline"))
    model = PipelineModel.load(str(tmp_path / "pipeline"))
    assert _rows(model.transform(digits)) == _rows(classifier.transform(digits))


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (ImageClassifier(inputCol="image"), "no column 'image' of images; the frame has number, content"),
        (ImageClassifier(inputCol="number"), "column 'number' must be binary"),
        (ImageClassifier(outputCol="number"), "has a column 'number' already"),
        (ImageClassifier(errorCol="Number"), "has a column 'number' already"),
        (ImageClassifier(outputCol="Error"), "both be called 'error'"),
        (ImageClassifier(outputCol="error"), "both be called 'error'"),
        (ImageClassifier(topK=0), "topK must be 1 or more"),
    ],
)
def test_what_cannot_be_transformed_is_refused(digits: DataFrame, classifier: ImageClassifier, message: str) -> None:
    """At once, not when the plan runs."""
    with pytest.raises(ValueError, match=message):
        classifier.transform(digits)


def test_two_in_one_plan_say_the_same(digits: DataFrame) -> None:
    """Each has columns of its own."""
    first = ImageClassifier(outputCol="a", errorCol="x").transform(digits)
    rows = _rows(ImageClassifier(outputCol="b", errorCol="y").transform(first))
    assert [row.a for row in rows] == [row.b for row in rows]
    assert rows[0].a is not None


def test_other_columns_keep_their_types(spark: SparkSession, digits: DataFrame) -> None:
    """Whatever they are."""
    frame = digits.limit(2).select(
        "content",
        expr("cast(1.50 as decimal(12,2)) d"),
        expr("timestamp'2024-02-29 12:00:00' t"),
        expr("map('a', array(1, null)) m"),
        expr("interval '1' day i"),
        expr("named_struct('x', cast(null as string), 'y', date'2024-01-01') s"),
    )
    classified = ImageClassifier().transform(frame)
    assert classified.select(frame.columns).schema == frame.schema
    assert classified.select(*[col(name) for name in frame.columns]).collect() == frame.collect()


def test_columns_nobody_asks_for_are_not_read(spark: SparkSession, digits: DataFrame, tmp_path: Path) -> None:
    """The plan reads the images and what is selected, and nothing beside them."""
    digits.selectExpr("*", "'x' AS long").write.parquet(str(tmp_path / "table"))
    table = spark.read.parquet(str(tmp_path / "table"))
    labels = ImageClassifier().transform(table).select("number", "classified.label")
    plan = labels._jdf.queryExecution().executedPlan().toString()
    assert "ReadSchema: struct<number:int,content:binary>" in plan
    assert len(labels.collect()) == 23


def test_a_python_function_leaves_images_out_before_they_are_classified(digits: DataFrame) -> None:
    """A condition that calls one moves as others do."""
    even = udf(lambda number: number % 2 == 0, "boolean")
    classified = ImageClassifier().transform(digits).where(even("number") & (col("classified.label") == "3"))
    plan = classified._jdf.queryExecution().optimizedPlan().toString()
    assert plan.index("Filter (isnotnull(classified") < plan.index("AddImageColumns") < plan.index("BatchEvalPython")
    assert classified.count() == len([n for n in range(0, 20, 2) if digit_png(n)[1] == 3])


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("precision", "f64", "spark.sightline.precision must be auto, f32, bf16 or int8: f64"),
        ("batchSize", "0", "spark.sightline.batchSize must be a number from 1 to 256: 0"),
        ("maxPixels", "many", "spark.sightline.maxPixels must be a number"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(
    spark: SparkSession, digits: DataFrame, setting: str, value: str, message: str
) -> None:
    """When the plan is made."""
    spark.conf.set(f"spark.sightline.{setting}", value)
    try:
        with pytest.raises(IllegalArgumentException, match=message):
            ImageClassifier().transform(digits)
    finally:
        spark.conf.unset(f"spark.sightline.{setting}")


def test_a_frame_can_be_joined_with_itself(digits: DataFrame) -> None:
    """Its new columns have identities of their own on either side."""
    classified = ImageClassifier().transform(digits.where("number < 3")).select("number", "classified.label")
    joined = classified.alias("a").join(classified.alias("b"), "number").select("number", "a.label", "b.label")
    assert sorted(tuple(row) for row in joined.collect()) == [(n, str(n), str(n)) for n in range(3)]
