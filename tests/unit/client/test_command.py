"""The command `sightline`, against the real gateway."""

import json
import sys
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from sightline_client.__main__ import main
from sightline_client.retries import Answer, pause_before_retry
from sightline_local.ports import free_port
from tests.browser.gateway import GatewayUnderTest, png


class Finished:
    """What a run of the command left behind."""

    def __init__(self, status: object, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err


class Command:
    """Runs `sightline classify --url URL ARGUMENTS`."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._url = url
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Finished:
        argv = ["sightline", "classify", "--url", self._url, *map(str, arguments)]
        self._monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as ended:
            main()
        captured = self._capsys.readouterr()
        return Finished(ended.value.code, captured.out, captured.err)


@pytest.fixture
def sightline(
    gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command with the gateway's address."""
    return Command(gateway.url, monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images, two of them good, beside a file that is none."""
    photos = tmp_path / "photos"
    (photos / "deeper").mkdir(parents=True)
    (photos / "a.png").write_bytes(png("teal"))
    (photos / "deeper" / "B.PNG").write_bytes(png("red"))
    (photos / "cut.png").write_bytes(png()[:-8])
    (photos / "notes.txt").write_text("no image")
    return photos


def test_a_photo_comes_back_with_its_labels(sightline: Command, photo: Path) -> None:
    done = sightline(photo, "--wait", "--model", "efficientnet-lite0", "--top", "2")
    assert (done.status, done.err) == (0, "")
    path, _, labels = done.out.rstrip("\n").rpartition(": ")
    assert path == str(photo)
    assert len(labels.split(", ")) == 2
    assert labels.endswith("%")


def test_without_wait_the_id_is_printed(sightline: Command, photo: Path) -> None:
    done = sightline(photo)
    assert done.status == 0
    path, _, image_id = done.out.rstrip("\n").rpartition(": ")
    assert (path, str(UUID(image_id))) == (str(photo), image_id)


def test_a_folder_goes_on_after_a_bad_file_and_the_status_tells(sightline: Command, folder: Path) -> None:
    done = sightline(folder, "--wait", "--jobs", "2")
    assert done.status == 1
    assert sorted(line.partition(": ")[0] for line in done.out.splitlines()) == [
        str(folder / "a.png"),
        str(folder / "deeper" / "B.PNG"),
    ]
    assert f"{folder / 'cut.png'}: truncated: " in done.err
    assert "3 of 3 images" in done.err
    assert "1 failed" in done.err


def test_json_has_a_document_for_each_file(sightline: Command, folder: Path) -> None:
    done = sightline(folder, "--wait", "--json")
    documents = {Path(document["path"]).name: document for document in map(json.loads, done.out.splitlines())}
    assert documents["a.png"]["status"] == "classified"
    assert documents["a.png"]["predictions"][0]["probability"] > 0
    assert documents["cut.png"]["error"]["code"] == "truncated"
    assert set(documents) == {"a.png", "B.PNG", "cut.png"}


def test_json_has_as_many_labels_as_are_asked_for(sightline: Command, photo: Path) -> None:
    """`--top` was for people alone: programs that asked for one label got five."""
    for asked, labels in ([], 5), (["--top", "1"], 1), (["--top", "9"], 5):
        document = json.loads(sightline(photo, "--wait", "--json", *asked).out)
        assert len(document["predictions"]) == labels


def test_a_gateway_that_does_not_answer_is_told_once_at_the_first_try(
    photo: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was silent until all retries had failed: 20 s without a word."""
    told: list[str] = []

    def pause(answer: Answer, failures: int, retries: int) -> float:
        told.append(capsys.readouterr().err)
        return pause_before_retry(answer, failures + 6, retries) / 1000

    monkeypatch.setattr("sightline_client.flows.pause_before_retry", pause)
    done = Command(f"http://127.0.0.1:{free_port()}", monkeypatch, capsys)(folder)
    assert done.status == 1
    lines = "".join([*told, done.err]).splitlines()
    retried = [line for line in lines if line.endswith("; trying again")]
    assert len(retried) == 1
    assert retried[0].startswith("sightline: http://127.0.0.1:")
    assert "no answer: " in retried[0]
    assert retried[0] in "".join(told)
    assert sum(line.startswith(str(folder)) for line in lines) == 3


def test_an_image_that_fails_is_told_and_counts(sightline: Command, photo: Path) -> None:
    done = sightline(photo, "--wait", "--model", "unknown")
    assert (done.status, done.out) == (1, "")
    assert "unknown-model: there is no model 'unknown'" in done.err


@pytest.mark.parametrize(
    ("name", "reason"), [("none.png", "does not exist"), (".", "holds no file named .bmp")], ids=["file", "folder"]
)
def test_a_path_without_images_is_named(sightline: Command, tmp_path: Path, name: str, reason: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = sightline(empty / name, "--wait")
    assert (done.status, done.out) == (1, "")
    assert reason in done.err


@pytest.mark.parametrize(
    "arguments", [["--jobs", "0"], ["--timeout", "inf"], ["--url", "localhost"], ["--url", "http://x:y"], []]
)
def test_wrong_arguments_are_told_from_failures(sightline: Command, photo: Path, arguments: list[str]) -> None:
    done = sightline(*arguments, *([photo] if arguments else []))
    assert done.status == 2
    assert "usage: sightline classify" in done.err


def test_a_file_name_cannot_move_the_cursor(sightline: Command, tmp_path: Path) -> None:
    odd = tmp_path / "a\x1b[2Jb.png"
    odd.write_bytes(png())
    done = sightline(odd, "--wait")
    assert done.status == 0
    assert "a?[2Jb.png: " in done.out


def test_the_environment_gives_the_address(
    photo: Path, gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGHTLINE_URL", gateway.url)
    monkeypatch.setattr(sys, "argv", ["sightline", "classify", str(photo)])
    with pytest.raises(SystemExit) as ended:
        main()
    image_id = capsys.readouterr().out.rstrip("\n").rpartition(": ")[2]
    assert ended.value.code == 0
    assert httpx.get(f"{gateway.url}v1/images/{image_id}", timeout=30).is_success
