"""How long commands tell their user what they do."""

from collections.abc import Callable

Say = Callable[[str], None]  # takes one line
