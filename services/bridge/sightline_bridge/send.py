"""`sightline-send HOST:PORT PATH...`: sends image files to the bridge, for people, demos and tests."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NoReturn, final
from uuid import uuid4

from sightline_bridge.ack.sender import PATIENCE_S, AckSender, Delivered, send_acknowledged
from sightline_bridge.datagram.codec import ETHERNET_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES
from sightline_bridge.datagram.sender import DEFAULT_MEGABITS, DatagramOptions, send_datagrams
from sightline_bridge.errors import SendError
from sightline_bridge.framing import IMAGE_FRAMINGS, fit_name
from sightline_bridge.send_tls import add_tls_options, tls_of, wants_tls
from sightline_bridge.sender import Sent, send_frames
from sightline_contracts.media import sniff

__all__ = ["SendError", "Sent", "find_images", "main", "send_frames"]

PROGRESS_INTERVAL_S: Final = 0.1
SNIFF_BYTES: Final = 16
_FRAMING: Final = "fixed28"
_NEW_LINE: Final = "\r\x1b[K"  # over the progress


def main() -> None:
    """Exit status: 0 when all was published, 1 when not, 2 for wrong arguments, 130 after Ctrl-C."""
    options = _arguments()
    try:
        files = find_images(options.paths)
        total = len(files) * options.repeat
        progress = _Progress(total) if sys.stderr.isatty() else None
        sent = _way(options)(options, _frames(files, options.repeat), progress)
    except SendError as error:
        _fail(1, f"{error} ({_before(error.sent, acknowledged=options.ack)})" if error.sent else str(error))
    except KeyboardInterrupt:
        _fail(130, "interrupted")
    if progress is not None:
        progress.clear()
    speed = f"{sent.seconds:.2f} s, {sent.megabytes_per_s:.1f} MB/s"
    sys.stdout.write(f"sent {sent.frames} frames, {sent.payload_bytes} bytes in {speed}\n")
    if isinstance(sent, Delivered):
        _tell_fate(sent)


def _way(
    options: argparse.Namespace,
) -> "Callable[[argparse.Namespace, Iterable[tuple[str, bytes]], _Progress | None], Sent | Delivered]":
    if options.udp:
        return _send_datagrams
    return _send_acknowledged if options.ack else _send


def _send(options: argparse.Namespace, images: Iterable[tuple[str, bytes]], progress: "_Progress | None") -> Sent:
    framing, tls = IMAGE_FRAMINGS[options.framing or _FRAMING], tls_of(options, options.address[0])
    return send_frames(options.address, images, framing, rate=options.rate, progress=progress, tls=tls)


def _send_acknowledged(
    options: argparse.Namespace, images: Iterable[tuple[str, bytes]], progress: "_Progress | None"
) -> Delivered:
    sender_id = options.sender_id or f"sightline-send-{uuid4().hex}"
    patience_s, tls = options.patience or PATIENCE_S, tls_of(options, options.address[0])
    with AckSender(options.address, sender_id, patience_s=patience_s, on_lost=_tell_lost, tls=tls) as sender:
        return send_acknowledged(sender, images, rate=options.rate, progress=progress)


def _send_datagrams(
    options: argparse.Namespace, images: Iterable[tuple[str, bytes]], progress: "_Progress | None"
) -> Sent:
    if wants_tls(options):
        raise SendError("there is no TLS over UDP: nothing was sent")
    how = DatagramOptions(options.megabits, options.datagram_bytes, options.stream_id)
    return send_datagrams(options.address, images, how, rate=options.rate, progress=progress)


def _before(frames: int, *, acknowledged: bool) -> str:
    """What became of the frames before the one that failed."""
    count = "1 frame" if frames == 1 else f"{frames} frames"
    return f"{count} acknowledged before" if acknowledged else f"{count} went out before, not confirmed"


def _tell_lost(reason: str) -> None:
    sys.stderr.write(f"{_NEW_LINE if sys.stderr.isatty() else ''}sightline-send: {reason}; trying again\n")


def _tell_fate(sent: Delivered) -> None:
    """What Kafka has of it; exit status 1 when that is not all."""
    sys.stdout.write(
        f"acknowledged {sent.acknowledged}, refused {len(sent.refused)}, sent again {sent.sent_again}, "
        f"connections {sent.connections}\n"
    )
    for refusal in sent.refused:
        sys.stderr.write(f"sightline-send: frame {refusal.frame_id} ({refusal.name}) is refused: {refusal.reason}\n")
    if sent.refused:
        sys.exit(1)


def find_images(paths: Iterable[Path]) -> list[Path]:
    """The files to send: a file as it is, of a folder all images in it and below, by name.

    Raises:
        SendError: a path does not exist, or a folder holds no image.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and sniff(_head(file)) is not None)
            if not inside:
                raise SendError(f"{path} holds no JPEG, PNG, WebP, GIF or BMP file")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise SendError(f"{path} does not exist")
    return found


def _frames(files: list[Path], repeat: int) -> Iterator[tuple[str, bytes]]:
    for _ in range(repeat):
        for file in files:
            try:
                yield fit_name(file.name), file.read_bytes()
            except OSError as error:
                raise SendError(f"cannot read {file}: {error.strerror}") from error


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(SNIFF_BYTES)
    except OSError as error:
        raise SendError(f"cannot read {file}: {error.strerror}") from error


@final
class _Progress:
    """One line on a terminal, rewritten a few times a second."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0.0

    def __call__(self, sent: Sent | Delivered) -> None:
        if time.monotonic() < self._next and sent.frames < self._total:
            return
        self._next = time.monotonic() + PROGRESS_INTERVAL_S
        line = f"{sent.frames}/{self._total} frames, {sent.payload_bytes / 1e6:.1f} MB, {sent.megabytes_per_s:.1f} MB/s"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave the line empty for what follows."""
        sys.stderr.write("\r\x1b[K")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sightline-send", description="Send image files to the bridge, in order.")
    parser.add_argument("address", metavar="HOST:PORT", type=_address, help="where the bridge listens")
    parser.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="image file, or folder of images")
    parser.add_argument("--framing", choices=list(IMAGE_FRAMINGS), help=f"default: {_FRAMING}")
    parser.add_argument("--rate", type=_rate, metavar="N", help="at most N frames a second; default: as fast as taken")
    parser.add_argument("--ack", action="store_true", help="frames are acknowledged, and sent again until they are")
    parser.add_argument("--sender-id", metavar="ID", help="with --ack: the same files sent again under it are the same")
    parser.add_argument(
        "--patience",
        metavar="S",
        type=_rate,
        help="with --ack: give up when S seconds bring none",
    )
    parser.add_argument("--repeat", type=_repeat, metavar="N", default=1, help="send everything N times")
    _add_udp(parser)
    add_tls_options(parser)
    options = parser.parse_args()
    _refuse_what_would_not_hold(parser, options)
    return options


def _refuse_what_would_not_hold(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.udp and options.ack:
        parser.error("--ack and --udp exclude each other: nobody answers over UDP")
    if options.framing is not None and (options.udp or options.ack):
        parser.error(f"--framing would not hold: {'--udp' if options.udp else '--ack'} has frames of its own")
    if not options.ack and (options.sender_id is not None or options.patience is not None):
        parser.error(f"{'--patience' if options.sender_id is None else '--sender-id'} would not hold without --ack")


def _add_udp(parser: argparse.ArgumentParser) -> None:
    udp = parser.add_argument_group("UDP", "Nobody answers over UDP: what arrived only the bridge's metrics tell.")
    udp.add_argument("--udp", action="store_true", help="send datagrams (framing datagram) instead of a TCP stream")
    udp.add_argument(
        "--megabits",
        type=_rate,
        metavar="N",
        default=DEFAULT_MEGABITS,
        help="at most N Mbit/s with headers; default: %(default)g",
    )
    udp.add_argument(
        "--datagram-bytes",
        type=_between(MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES),
        metavar="N",
        default=ETHERNET_DATAGRAM_BYTES,
        help="largest datagram, without the headers of IP and UDP; default: %(default)s",
    )
    udp.add_argument(
        "--stream-id", type=_between(0, 2**32 - 1), metavar="N", help="number of the stream; default: a random one"
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return rate


def _repeat(text: str) -> int:
    repeat = int(text)
    if repeat < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return repeat


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {least} to {most}")
        return value

    return number


def _fail(status: int, message: str) -> NoReturn:
    newline = "\n" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{newline}sightline-send: {message}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
