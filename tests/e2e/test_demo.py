"""The first command a newcomer runs."""

import re

import pytest

from tests.e2e.system import System

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(700)
def test_the_demo_names_the_palace_and_the_daisy(system: System) -> None:
    shown = system.command("demo", "--no-follow", deadline_s=600)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    rows = [re.split(r"\s{2,}", line.strip()) for line in shown.stdout.splitlines()]
    table = {(row[0], row[1]): row[3] for row in rows if len(row) == 6}
    for via in ("http", "tcp"):
        assert table["china.jpg", via] == "palace"
        assert table["flower.jpg", via] == "daisy"
        digits = {name: label for (name, source), label in table.items() if source == via and "digit" in name}
        assert len(digits) == 4
        assert all(name.split("-")[1] == label for name, label in digits.items())
    assert system.url in shown.stdout
