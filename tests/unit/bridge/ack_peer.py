"""A bridge for the senders of the acknowledged protocol that does to them what its script says, on a real socket."""

import select
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

from sightline_bridge.ack.messages import Answer, AnswerKind, GoodbyeCode, NackCode
from sightline_bridge.ack.session import AckFrame, AckSession

C_SENDER: Final = Path(__file__).parents[3] / "services/bridge/senders/sightline_send.c"
STRICT: Final = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"]
LIMIT: Final = 1024 * 1024

# What becomes of one frame: None for Kafka has it, a refusal, last words before the bridge leaves, "cut" to break off.
Fate = NackCode | bytes | str | None
Script = Callable[[int, AckFrame], Fate]  # of the connection's number, from 1, and the frame


@final
class AckPeer:
    """Accepts one connection after another; `frames` are those it kept, `heard` every one that came.

    It keeps the sender waiting as Kafka does: until the window is full or the sender writes nothing for `pause_s`.
    Refusals do not wait: they overtake what came before, and a sender that takes them for room writes too much.
    """

    def __init__(self, script: Script, window: int, pause_s: float) -> None:
        self._script = script
        self._window = window
        self._pause_s = pause_s
        self._waiting: list[AckFrame] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.frames: dict[int, AckFrame] = {}
        self.heard: list[int] = []
        self.most_unacknowledged = 0
        self.broken: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; raises what went wrong in it."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        if self.broken is not None:
            raise self.broken

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    continue
                except BaseException as error:  # noqa: BLE001 -- raised again by close()
                    self.broken = error
                    return

    def _serve(self, connection: socket.socket) -> None:
        session = AckSession(LIMIT, self._window, _raise)
        self._waiting.clear()
        while data := self._receive(connection, session):
            session.feed(data)
            while isinstance(frame := session.next_frame(), AckFrame):
                self.heard.append(frame.frame_id)
                self.most_unacknowledged = max(self.most_unacknowledged, session.unacknowledged)
                if not self._take(connection, session, frame):
                    return
                if self._waiting[-1:] == [frame] and session.unacknowledged == self._window:
                    self._store(session)
            connection.sendall(session.take_answers())

    def _receive(self, connection: socket.socket, session: AckSession) -> bytes:
        if self._waiting and not select.select([connection], [], [], self._pause_s)[0]:
            self._store(session)
            connection.sendall(session.take_answers())
        return connection.recv(65536)

    def _store(self, session: AckSession) -> None:
        for frame in self._waiting:
            self.frames[frame.frame_id] = frame
            session.settled(frame.frame_id)
        self._waiting.clear()

    def _take(self, connection: socket.socket, session: AckSession, frame: AckFrame) -> bool:
        """Whether the connection goes on."""
        fate = self._script(self.connections, frame)
        if fate is None:
            self._waiting.append(frame)
            return True
        if isinstance(fate, NackCode):
            session.settled(frame.frame_id, fate)
            connection.sendall(session.take_answers())
            return True
        self._store(session)
        if isinstance(fate, bytes):
            connection.sendall(session.take_answers() + fate)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        return False


def goodbye(code: GoodbyeCode) -> bytes:
    """GOODBYE on the wire."""
    return Answer(AnswerKind.GOODBYE, code, code.again, 1).encode()


@contextmanager
def ack_peer(
    script: Script = lambda _number, _frame: None, *, window: int = 64, pause_s: float = 0.05
) -> Iterator[AckPeer]:
    """A running AckPeer."""
    peer = AckPeer(script, window, pause_s)
    try:
        yield peer
    finally:
        peer.close()


def build_c_sender(folder: Path, *options: str) -> Path:
    """Compile the C sender as strictly as the compiler can."""
    binary = folder / "sightline_send"
    subprocess.run(["cc", *STRICT, *options, "-o", binary, C_SENDER], check=True, capture_output=True, text=True)
    return binary


def build_checked_c_sender(folder: Path) -> Path:
    """The same with the compiler's own checks of memory and arithmetic at run time, where it brings them."""
    try:
        return build_c_sender(folder, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    except subprocess.CalledProcessError:
        return build_c_sender(folder)


def _raise(error: Exception) -> None:
    raise error
