"""Both log formats carry the message and what the caller added."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sightline_common.logging import configure_logging, log_fields
from sightline_common.settings import ServiceSettings
from sightline_contracts.images import ImageRecord


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_lines_are_one_object_with_service_level_and_extras(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(ServiceSettings(log_format="json"), "gateway")
    logging.getLogger("door").info("accepted %s", "x", extra={"image_id": "0199"})
    line = json.loads(capsys.readouterr().err)
    assert line["message"] == "accepted x"
    assert (line["service"], line["level"], line["logger"], line["image_id"]) == ("gateway", "INFO", "door", "0199")
    assert "T" in line["time"]


def test_text_is_one_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(ServiceSettings(log_format="text"), "gateway")
    logging.getLogger("door").warning("slow", extra={"image_id": "0199"})
    assert capsys.readouterr().err.endswith("WARNING gateway: slow image_id=0199\n")


def test_a_line_about_an_image_has_its_id_and_its_traces(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(ServiceSettings(log_format="json"), "bridge")
    image = ImageRecord("0199", b"", "image/png", "tcp", 1, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    logging.getLogger("door").info("accepted", extra=log_fields(image))
    logging.getLogger("door").info("accepted", extra=log_fields(replace(image, traceparent=None)))
    traced, untraced = map(json.loads, capsys.readouterr().err.splitlines())
    assert (traced["image_id"], traced["trace_id"]) == ("0199", "a" * 32)
    assert untraced["image_id"] == "0199"
    assert "trace_id" not in untraced


def test_the_level_and_the_chatty_client_are_kept_down(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(ServiceSettings(log_level="WARNING", log_format="text"), "gateway")
    logging.getLogger("door").info("hidden")
    logging.getLogger("kafka.net.manager").error("Connection failed")
    assert capsys.readouterr().err == ""
