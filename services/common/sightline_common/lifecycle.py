"""Stopping: SIGTERM and SIGINT become one event that the process's main task waits for."""

import asyncio
import signal


def stop_event_on_signals() -> asyncio.Event:
    """An event of the running loop that SIGTERM or SIGINT sets. A second signal does nothing more."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event
