"""What ends a connection or keeps the bridge from starting; framing has its own FrameError."""

import os
import socket
from typing import Literal


class StartError(Exception):
    """The bridge cannot start; the message names the setting to change."""


class ConfigError(Exception):
    """The sources cannot be made of what the configuration says; `problems` has a line for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceError(Exception):
    """All sources have ended, and one of them before all of its frames were taken."""


class PeerTimeout(Exception):
    """The peer was silent for too long (`idle-timeout`) or too slow with one frame (`frame-timeout`)."""

    def __init__(self, code: Literal["idle-timeout", "frame-timeout"], seconds: float) -> None:
        super().__init__(f"{code} after {seconds:g} s")
        self.code: Literal["idle-timeout", "frame-timeout"] = code


class SendError(Exception):
    """Frames could not be sent, or the bridge did not take them all; the message says what to do.

    `sent` counts the frames that `send_frames` had handed to the network before.
    """

    def __init__(self, message: str, sent: int = 0) -> None:
        super().__init__(message)
        self.sent = sent


def reason_of(error: OSError) -> str:
    """Why the operating system refused, in its own words and without ours about the call."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)
