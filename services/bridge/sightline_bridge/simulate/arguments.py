"""The arguments of `sightline-simulate`, and which of them do not go together."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sightline_bridge.datagram.codec import ETHERNET_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES
from sightline_bridge.datagram.sender import DEFAULT_MEGABITS
from sightline_bridge.framing import FRAMINGS
from sightline_bridge.send_tls import add_tls_options, wants_tls
from sightline_bridge.simulate.target import Kind, Target, parse_target

DEFAULT_FRAMING: Final = "fixed28"
DEFAULT_RATE: Final = 10.0
DEFAULT_SECONDS: Final = 10.0
_DESCRIPTION: Final = """\
Sends images to the bridge as cameras would: several at a time, at a rate, for a while, and with the faults that
networks and cables have. Without a PATH each sender is a camera that is drawn: 640x480 JPEG, every image different.
"""
_EXAMPLES: Final = """\
targets:
  tcp://HOST:PORT         a source tcp-listen
  tcp-listen://HOST:PORT  a source tcp-connect: the bridge dials, the simulator listens
  unix:PATH               a source unix-listen
  udp://HOST:PORT         a source udp
  file:PATH               a source device: a FIFO or a plain file
  -                       standard output, for a source stdin

examples:
  sightline-simulate tcp://127.0.0.1:9500 --senders 4 --rate 25 --seconds 60
  sightline-simulate tcp://127.0.0.1:9500 photos/ --cut 0.05 --corrupt 0.01
  sightline-simulate tcp://127.0.0.1:9600 --ack --cut 0.1 --frames 1000
  sightline-simulate udp://127.0.0.1:9503 --drop 0.001 --reorder 0.05 --duplicate 0.01
  sightline-simulate - --framing jpeg --frames 100 | SIGHTLINE_BRIDGE_SOURCE=stdin \\
      SIGHTLINE_BRIDGE_FRAMING=jpeg sightline-bridge

The report tells what was sent and what the bridge confirmed: with --ack each frame, over TCP and Unix sockets all
frames of a connection that the bridge closed in good order, elsewhere none. Ctrl-C ends it in good order, a second one
at once; a sender whom the bridge keeps waiting for 20 s beyond the end is left behind. Exit status: 0 when every sender
did its part, 1 when one gave up, 2 for wrong arguments.
"""


def arguments() -> argparse.Namespace:
    """What the command line says; ends the process with status 2 where it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="sightline-simulate",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", metavar="TARGET", type=_target, help="where the bridge takes them, see below")
    parser.add_argument("paths", metavar="PATH", type=Path, nargs="*", help="image file, or folder of images")
    _add_load(parser.add_argument_group("what is sent"))
    _add_way(parser.add_argument_group("how it is sent"))
    _add_faults(parser.add_argument_group("faults, each a chance from 0 to 1; with --ack only --cut"))
    add_tls_options(parser)
    options = parser.parse_args()
    if wrong := _contradiction(options):
        parser.error(wrong)
    return options


def _add_load(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--senders", type=_whole(1, 10_000), metavar="N", default=1, help="at a time; default: 1")
    group.add_argument(
        "--rate",
        type=_number(0, 1e6),
        metavar="N",
        default=DEFAULT_RATE,
        help="frames a second of each sender, 0: as fast as they are taken; default: %(default)g",
    )
    group.add_argument("--frames", type=_whole(1, 2**63), metavar="N", help="stop each sender after N frames")
    group.add_argument(
        "--seconds",
        type=_number(0, 1e9),
        metavar="S",
        help=f"stop after S seconds; default: {DEFAULT_SECONDS:g}, or no limit with --frames",
    )
    group.add_argument("--image-bytes", type=_whole(0, 2**30), metavar="N", help="fill drawn images up to N bytes")


def _add_way(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--framing", choices=list(FRAMINGS), help=f"default: {DEFAULT_FRAMING}")
    group.add_argument("--ack", action="store_true", help="acknowledged frames, for a source with ack: frame")
    group.add_argument("--sender-id", metavar="ID", help="with --ack: senders are ID-0, ID-1, …")
    group.add_argument(
        "--megabits",
        type=_number(0.001, 1e6),
        metavar="N",
        help=f"over UDP: at most N Mbit/s of each sender; default: {DEFAULT_MEGABITS:g}",
    )
    group.add_argument(
        "--datagram-bytes",
        type=_whole(MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES),
        metavar="N",
        help=f"over UDP: largest datagram; default: {ETHERNET_DATAGRAM_BYTES}",
    )


def _add_faults(group: "argparse._ArgumentGroup") -> None:
    chance = _number(0, 1)
    group.add_argument("--cut", type=chance, metavar="P", default=0, help="the connection ends inside a frame")
    group.add_argument("--delay", type=chance, metavar="P", default=0, help="a frame pauses in its middle")
    group.add_argument("--delay-seconds", type=_number(0, 3600), metavar="S", default=1, help="for so long; default: 1")
    group.add_argument("--corrupt", type=chance, metavar="P", default=0, help="a bit of a frame or datagram changes")
    group.add_argument("--drop", type=chance, metavar="P", default=0, help="a datagram is lost")
    group.add_argument("--duplicate", type=chance, metavar="P", default=0, help="a datagram comes twice")
    group.add_argument("--reorder", type=chance, metavar="P", default=0, help="a datagram comes after the next one")
    group.add_argument(
        "--seed", type=_whole(0, 2**63), metavar="N", default=0, help="other faults, but always the same; default: 0"
    )


def _contradiction(options: argparse.Namespace) -> str | None:
    """What cannot be together."""
    kind = options.target.kind
    if options.ack and kind is not Kind.TCP:
        return "--ack needs a target tcp://HOST:PORT"
    if options.senders > 1 and kind in {Kind.FILE, Kind.STDOUT}:
        return f"{options.target} takes one sender: the frames of several would be mixed up"
    if kind is not Kind.UDP and (options.drop or options.duplicate or options.reorder):
        return "--drop, --duplicate and --reorder are for udp://HOST:PORT: the other ways do not lose anything"
    if options.ack and (options.delay or options.corrupt):
        return "--ack goes with --cut only: a frame whose checksum is wrong, or that stops, is just sent again"
    if options.framing == "lines" and (options.paths or kind is Kind.UDP or options.ack):
        return "--framing lines sends lines of text that it makes itself, over a stream without --ack"
    return _without_effect(options)


def _without_effect(options: argparse.Namespace) -> str | None:
    """What was asked for and would change nothing."""
    udp = options.target.kind is Kind.UDP
    if options.framing is not None and (udp or options.ack):
        return "--framing is for streams without --ack: datagrams and acknowledged frames have a form of their own"
    if not udp and (options.megabits is not None or options.datagram_bytes is not None):
        return "--megabits and --datagram-bytes are for udp://HOST:PORT"
    if options.sender_id is not None and not options.ack:
        return "--sender-id is for --ack: nobody else has one"
    if options.image_bytes is not None and (options.paths or options.framing == "lines"):
        return "--image-bytes is for images that are drawn"
    return _tls_contradiction(options)


def _tls_contradiction(options: argparse.Namespace) -> str | None:
    if wants_tls(options) and options.target.kind not in {Kind.TCP, Kind.TCP_LISTEN}:
        return "TLS is for tcp://HOST:PORT and tcp-listen://HOST:PORT"
    if options.tls_server_name is not None and options.target.kind is Kind.TCP_LISTEN:
        return "--tls-server-name is for tcp://HOST:PORT: a bridge that dials has no server's name"
    lacking = options.tls_certificate is None or options.tls_key is None
    if wants_tls(options) and options.target.kind is Kind.TCP_LISTEN and lacking:
        return "who is dialled has to show a certificate: --tls-certificate and --tls-key"
    return None


def _target(text: str) -> Target:
    try:
        return parse_target(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _number(least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {least:g} to {most:g}")
        return value

    return number


def _whole(least: int, most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {least} to {most}")
        return value

    return whole
