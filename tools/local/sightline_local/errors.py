"""The one kind of failure this package reports to people."""


class LocalError(Exception):
    """Something the user can act on: the message says what failed and what to do. Never shown with a traceback."""
