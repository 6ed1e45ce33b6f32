"""One connection of the load that speaks the acknowledged protocol."""

import selectors
import socket
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from sightline_bridge.ack.messages import (
    ANSWER_BYTES,
    Answer,
    AnswerKind,
    decode_answer,
    encode_head,
    encode_hello,
)

READ_BYTES: Final = 65_536
# Frames given to the kernel at a time: two buffers each, and it takes at most 1,024 buffers.
BURST: Final = 16


class AckSender:
    """Sends frames as far as the bridge's window allows; see bench.bridge.load.Sender.

    Every head is made beforehand, with its checksum over the payload: a camera would have it from its hardware.
    """

    def __init__(self, connected: socket.socket, sender_id: str, share: Sequence[bytes]) -> None:
        self._socket = connected
        self._share = share
        self._heads = [encode_head(number, "bench.jpg", None, file) for number, file in enumerate(share, 1)]
        self._unsent: deque[memoryview] = deque([memoryview(encode_hello(sender_id))])
        self._received = bytearray()
        self._window = 0
        self._acknowledged = 0
        self.sent = 0
        self.confirmed = False
        self.wanted = selectors.EVENT_READ | selectors.EVENT_WRITE

    def fileno(self) -> int:
        """For the selector."""
        return self._socket.fileno()

    def go_on(self, events: int) -> bool:
        """See Sender. Raises ConnectionError also when the bridge refuses a frame or says goodbye."""
        if events & selectors.EVENT_READ:
            self._receive()
        if events & selectors.EVENT_WRITE:
            self._send()
        self.confirmed = self._acknowledged == len(self._share)
        writes = bool(self._unsent) or self._room() > 0
        self.wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if writes else 0)
        return self.confirmed

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def _room(self) -> int:
        """Frames that may be sent now."""
        return min(self._window - (self.sent - self._acknowledged), len(self._share) - self.sent)

    def _send(self) -> None:
        while self._unsent or self._room() > 0:
            if not self._unsent:
                self._fill(min(BURST, self._room()))
            try:
                self._took(self._socket.sendmsg(self._unsent))
            except BlockingIOError:
                return

    def _fill(self, frames: int) -> None:
        begin, self.sent = self.sent, self.sent + frames
        for head, file in islice(zip(self._heads, self._share, strict=True), begin, self.sent):
            self._unsent += (memoryview(head), memoryview(file))

    def _took(self, count: int) -> None:
        while count:
            first = self._unsent.popleft()
            if len(first) > count:
                self._unsent.appendleft(first[count:])
            count -= min(count, len(first))

    def _receive(self) -> None:
        data = self._socket.recv(READ_BYTES)
        if not data:
            raise ConnectionResetError("the bridge closed")
        self._received += data
        while len(self._received) >= ANSWER_BYTES:
            self._take(decode_answer(bytes(self._received[:ANSWER_BYTES])))
            del self._received[:ANSWER_BYTES]

    def _take(self, answer: Answer) -> None:
        match answer.kind:
            case AnswerKind.WELCOME:
                self._window = answer.value >> 32
            case AnswerKind.ACK:
                self._acknowledged = answer.value
            case _:
                raise ConnectionAbortedError(f"the bridge said {answer}")
