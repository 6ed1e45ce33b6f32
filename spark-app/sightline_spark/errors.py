"""Why the classifier cannot run."""


class ClassifierError(Exception):
    """The message is one line that says what is wrong and what to do; the process exits with status 1."""


def first_line(error: Exception) -> str:
    """The message of a Java exception without its stack."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
