"""What the bridge's tests share."""

from pathlib import Path

import pytest

from tests.unit.bridge.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of this test's own."""
    return Authority(tmp_path)
