"""`sightline-local logs` and following the live results."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from itertools import islice
from pathlib import Path

import pytest

from sightline_local import follow
from sightline_local.follow import follow_results
from sightline_local.status import Tail
from tests.http_server import Quiet, serving


def test_a_tail_shows_whole_lines_from_near_the_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with Tail("a", log) as tail:
        assert tail.new_lines() == []
        log.write_text("".join(f"line {number}\n" for number in range(2000)))
        shown = tail.new_lines()
    assert shown[-1] == "line 1999"
    assert all(line.startswith("line ") for line in shown)
    assert len(shown) < 2000


def test_a_tail_waits_for_the_rest_of_a_line(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\ntw")
    with Tail("a", log) as tail:
        assert tail.new_lines() == ["one"]
        with log.open("a") as more:
            more.write("o\n")
        assert tail.new_lines() == ["two"]


def test_a_tail_follows_into_the_next_file(tmp_path: Path) -> None:
    """Supervisord moves a log of 20 MB aside: following must neither stop nor lose a line."""
    log = tmp_path / "a.log"
    log.write_text("old\n")
    with Tail("a", log) as tail:
        assert tail.new_lines() == ["old"]
        with log.open("a") as more:
            more.write("last of the old\n")
        log.rename(tmp_path / "a.log.1")
        log.write_text("first of the new\n")
        assert tail.new_lines() == ["last of the old", "first of the new"]


@pytest.fixture
def stream_url() -> Iterator[tuple[str, list[str | None]]]:
    """A live stream that breaks after every result, and the Last-Event-ID of each request to it."""
    asked: list[str | None] = []

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Last-Event-ID"])
            self.send_response(200)
            self.end_headers()
            data = json.dumps({"id": str(len(asked))})
            self.wfile.write(f": heartbeat\n\nevent: result\nid: 0:{len(asked)}\ndata: {data}\n\n".encode())

    with serving(Handler) as url:
        yield url, asked


def test_following_resumes_after_the_last_result(
    stream_url: tuple[str, list[str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_RETRY_S", 0.01)
    url, asked = stream_url
    results = follow_results(url)
    assert [result["id"] for result in islice(results, 3)] == ["1", "2", "3"]
    results.close()
    assert asked == [None, "0:1", "0:2"]
