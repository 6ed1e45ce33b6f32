"""The command `sightline`."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from sightline_client import transport
from sightline_client.async_client import AsyncClient
from sightline_client.documents import Result, Uploaded
from sightline_client.errors import SightlineError
from sightline_client.images import find_images
from sightline_client.parallel import JOBS, in_parallel
from sightline_client.report import Report, show_json, show_text

_INTERRUPTED: Final = 130


def main() -> None:
    """Exit status: 0 when all images went well, 1 when not, 2 for wrong arguments, 130 after Ctrl-C."""
    options = _arguments()
    try:
        status = asyncio.run(_classify(options))
    except SightlineError as error:
        sys.stderr.write(f"sightline: {error}\n")
        status = 1
    except KeyboardInterrupt:
        sys.stderr.write("\nsightline: interrupted\n")
        status = _INTERRUPTED
    except BrokenPipeError:  # `| head` has seen enough; the interpreter must not complain when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


async def _classify(options: argparse.Namespace) -> int:
    files = find_images(options.paths)
    report = Report(len(files), partial(show_json if options.json else show_text, top=options.top))
    key = os.environ.get("SIGHTLINE_API_KEY")
    with _notices(report, options.url):
        async with AsyncClient(options.url, api_key=key) as client:

            async def send(path: Path) -> Result | Uploaded:
                if options.wait:
                    return await client.classify(
                        path, model=options.model, stream=options.stream, timeout_s=options.timeout
                    )
                return await client.upload(path, model=options.model, stream=options.stream)

            report.begin()
            try:
                async with aclosing(in_parallel(files, send, options.jobs)) as outcomes:
                    async for outcome in outcomes:
                        report.add(outcome)
            finally:
                report.end()
    return 1 if report.failed else 0


class _Notices(logging.Handler):
    """Shows people what the client says on its way."""

    def __init__(self, report: Report, url: str) -> None:
        super().__init__()
        self._report = report
        self._url = url

    def emit(self, record: logging.LogRecord) -> None:
        """Show the line with the gateway's address."""
        self._report.notice(f"sightline: {self._url}: {record.getMessage()}")


@contextmanager
def _notices(report: Report, url: str) -> Iterator[None]:
    log, handler = logging.getLogger("sightline_client"), _Notices(report, url)
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sightline", description="Send images to Sightline and read their labels.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    classify = commands.add_parser(
        "classify",
        help="send images, and with --wait show their labels",
        description="Send image files, or all images of folders. Without --wait it prints the images' ids.",
        epilog="SIGHTLINE_URL and SIGHTLINE_API_KEY in the environment give the gateway's address and a key for it.",
    )
    add = classify.add_argument
    url = os.environ.get("SIGHTLINE_URL", transport.DEFAULT_URL)
    add("paths", metavar="PATH", type=Path, nargs="+", help="image file, or folder of images")
    add("--wait", action="store_true", help="wait for the results and print them")
    add("--timeout", type=_positive, metavar="S", default=transport.DEFAULT_TIMEOUT_S, help="seconds to wait for a "
        "result; default: %(default)g")  # fmt: skip
    add("--model", help="name or name@version; default: the system's default model")
    add("--stream", help="name of the camera or sender; images of one stream keep their order")
    add("--top", type=_count, metavar="N", help="labels to print of each image; default: 3, with --json all")
    add("--jobs", type=_count, metavar="N", default=JOBS, help="images under way at a time; default: %(default)s")
    add("--json", action="store_true", help="print one JSON document a line")
    add("--url", type=_address, default=url, help="the gateway's address; default: %(default)s")
    return parser.parse_args()


def _address(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with http:// or https:// and a host")
    return text


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return value


if __name__ == "__main__":
    main()
