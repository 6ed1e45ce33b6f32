"""What every source is to the process: it starts, brings frames, fails or ends, and stops within a deadline."""

import asyncio
from typing import Protocol

from sightline_common.management import Readiness


class Source(Protocol):
    """One way for frames into the bridge. Made, started and stopped once, in one event loop."""

    @property
    def name(self) -> str:
        """Its name in the configuration, in metrics and in /readyz."""

    @property
    def failed(self) -> "asyncio.Future[object]":
        """Done, with its exception, when a fault of ours was met: the process should stop."""

    @property
    def ended(self) -> "asyncio.Future[bool]":
        """Done once it never brings anything more, since a file was read to its end; whether all of it was taken.

        Most sources never end.
        """

    async def start(self) -> None:
        """Begin to take frames; returns without waiting for any.

        Raises:
            StartError: its address or path cannot be used, and waiting would not mend that.
        """

    async def stop(self, deadline_s: float) -> None:
        """Take nothing more and flush what was taken, within `deadline_s` seconds."""

    def readiness(self) -> Readiness:
        """Whether it does its part, and how it stands in a few words. Called from the management port's thread.

        A far end that is away is no fault of this process, which others may want to reach: `ok`, and the words say it.
        """
