"""Why the classifier cannot run."""


class ClassifierError(Exception):
    """The message is one line that says what is wrong and what to do; the process exits with status 1."""
