"""Work that nobody has to wait for."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begun(do: Callable[[], T], name: str) -> Future[T]:
    """What `do` gives, or raises, in a thread of its own of that name; the process does not wait for it at its end."""
    doing: Future[T] = Future()

    def run() -> None:
        try:
            doing.set_result(do())
        except BaseException as error:  # noqa: BLE001 - it is raised by whoever waits for the result
            doing.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return doing
