"""Why a backfill cannot go on."""

from py4j.protocol import Py4JJavaError

from sightline_spark.errors import ClassifierError, first_line


class BackfillError(ClassifierError):
    """The message is one line that says what is wrong and what to do; exit status 1."""


class Refused(BackfillError):
    """What was asked for makes no sense, and would not tomorrow; exit status 2."""


def reason(error: Exception) -> str:
    """One line of what Spark or Hadoop says: the first cause, which Java hides below its own errors."""
    if not isinstance(error, Py4JJavaError):
        return first_line(error)
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return first_line(Exception(cause.toString()))
