"""Why the classifier cannot run."""


class ClassifierError(Exception):
    """The message is one line that says what is wrong and what to do; the process exits with `status`."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status
