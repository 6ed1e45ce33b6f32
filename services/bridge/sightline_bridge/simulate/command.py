"""`sightline-simulate TARGET [PATH...]`: cameras for people without hardware."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

from sightline_bridge.ack.sender import AckSender
from sightline_bridge.datagram.codec import ETHERNET_DATAGRAM_BYTES
from sightline_bridge.datagram.sender import DEFAULT_MEGABITS, DatagramOptions
from sightline_bridge.errors import SendError
from sightline_bridge.framing import FRAMINGS, Frame, fit_name
from sightline_bridge.send import find_images
from sightline_bridge.send_tls import serving_tls_of, tls_of
from sightline_bridge.simulate import camera
from sightline_bridge.simulate.arguments import DEFAULT_FRAMING, DEFAULT_SECONDS, arguments
from sightline_bridge.simulate.faults import Chances, Dice
from sightline_bridge.simulate.links import AckLink, DatagramLink, Link, StreamLink
from sightline_bridge.simulate.notices import Notices
from sightline_bridge.simulate.pipes import Opener, opener_of
from sightline_bridge.simulate.player import Player, Report, Schedule
from sightline_bridge.simulate.target import Kind, Target


def main() -> None:
    """Run the command."""
    options = arguments()
    try:
        player = Player(_senders(options), _schedule(options))
    except (SendError, OSError) as error:
        _fail(str(error))
    signal.signal(signal.SIGINT, lambda *_: player.stop())
    signal.signal(signal.SIGTERM, lambda *_: player.stop())
    report = player.play(_show_progress if sys.stderr.isatty() else _keep_quiet)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    (sys.stderr if options.target.kind is Kind.STDOUT else sys.stdout).write(told(report))
    if report.failures:
        _fail("; ".join(sorted(set(report.failures))))


def told(report: Report) -> str:
    """The report for people, on some lines."""
    tally, seconds = report.tally, max(report.seconds, 1e-9)
    speed = f"{tally.sent / seconds:.1f} frames/s, {tally.payload_bytes / 1e6 / seconds:.1f} MB/s"
    lines = [
        f"sent       {tally.sent} frames, {tally.payload_bytes / 1e6:.1f} MB in {seconds:.1f} s ({speed})",
        f"confirmed  {tally.confirmed} frames",
        f"senders    {report.senders}, connections {tally.connections}",
    ]
    if tally.refused:
        lines.append(f"refused    {tally.refused} frames")
    if report.faults:
        lines.append("faults     " + ", ".join(f"{n} {fault}" for fault, n in sorted(report.faults.items())))
    return "\n".join(lines) + "\n"


def _senders(options: argparse.Namespace) -> list[tuple[Link, Iterator[Frame]]]:
    files = find_images(options.paths)
    make = _link_maker(options)
    return [
        (make(number, Dice(_chances(options), options.seed + number)), _frames(options, files, number))
        for number in range(options.senders)
    ]


def _link_maker(options: argparse.Namespace) -> Callable[[int, Dice], Link]:
    target: Target = options.target
    tell = Notices(partial(_show_notice, target)).tell
    if target.kind is Kind.UDP:
        datagrams = DatagramOptions(
            options.megabits or DEFAULT_MEGABITS, options.datagram_bytes or ETHERNET_DATAGRAM_BYTES
        )
        return lambda _, dice: DatagramLink(target.host, target.port, datagrams, dice)
    if options.ack:
        return _ack_link_maker(options, tell)
    opener, framing = _opener(options), FRAMINGS[options.framing or DEFAULT_FRAMING]
    return lambda _, dice: StreamLink(opener, framing, dice, tell)


def _ack_link_maker(options: argparse.Namespace, tell: Callable[[str], object]) -> Callable[[int, Dice], Link]:
    sender_id = options.sender_id or f"simulate-{uuid4().hex[:8]}"
    address, tls = (options.target.host, options.target.port), tls_of(options, options.target.host)

    def link(number: int, dice: Dice) -> Link:
        return AckLink(AckSender(address, f"{sender_id}-{number}", on_lost=tell, tls=tls), dice)

    return link


def _opener(options: argparse.Namespace) -> Opener:
    target: Target = options.target
    if target.kind is Kind.TCP_LISTEN:
        return opener_of(target, serving=serving_tls_of(options))
    return opener_of(target, dialling=tls_of(options, target.host))


def _frames(options: argparse.Namespace, files: list[Path], number: int) -> Iterator[Frame]:
    """The frames of one sender, without end; senders do not all begin with the same image."""
    name = f"camera-{number}"
    if options.framing == "lines":
        return (Frame(None, f"{name} {line}".encode()) for line in count())
    if not files:
        drawn = camera.images(name, options.image_bytes or 0)
        return (Frame(fit_name(f"{name}-{at}.jpg"), image) for at, image in enumerate(drawn))
    start = number % len(files)
    return (Frame(fit_name(file.name), _content(file)) for file in cycle(files[start:] + files[:start]))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SendError(f"cannot read {file}: {error.strerror}") from error


def _chances(options: argparse.Namespace) -> Chances:
    return Chances(
        cut=options.cut,
        delay=options.delay,
        corrupt=options.corrupt,
        drop=options.drop,
        duplicate=options.duplicate,
        reorder=options.reorder,
        delay_s=options.delay_seconds,
    )


def _schedule(options: argparse.Namespace) -> Schedule:
    endless = options.frames is None and options.seconds is None
    return Schedule(
        rate=options.rate or None, frames=options.frames, seconds=DEFAULT_SECONDS if endless else options.seconds
    )


def _show_progress(report: Report) -> None:
    tally = report.tally
    line = f"{tally.sent} frames sent, {tally.confirmed} confirmed, {report.seconds:.0f} s"
    sys.stderr.write(f"\r\x1b[K{line}")
    sys.stderr.flush()


def _show_notice(target: Target, what: str) -> None:
    over_progress = "\r\x1b[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{over_progress}sightline-simulate: {target}: {what}; trying again\n")


def _keep_quiet(report: Report) -> None:
    del report


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"sightline-simulate: {message}\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
