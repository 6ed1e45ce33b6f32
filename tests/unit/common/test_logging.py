"""Both log formats carry the message and what the caller added."""

import json
import logging
from collections.abc import Iterator

import pytest

from sightline_common.logging import configure_logging
from sightline_common.settings import ServiceSettings


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


def test_the_level_and_the_chatty_client_are_kept_down(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(ServiceSettings(log_level="WARNING", log_format="text"), "gateway")
    logging.getLogger("door").info("hidden")
    logging.getLogger("kafka.net.manager").error("Connection failed")
    assert capsys.readouterr().err == ""
