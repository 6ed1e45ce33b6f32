"""docs/operations.md names a test for each fault: they exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = r"^## What the {service} withstands\n(.*?)^## "
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows(service: str) -> list[str]:
    """The lines of the table, without its head."""
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    found = re.search(SECTION.format(service=service), text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return [line for line in found[1].splitlines() if line.startswith("| ")][2:]


def functions_of(path: str) -> set[str]:
    """The names of the functions at the top of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("service", "faults"), [("gateway", 18), ("bridge", 13)])
def test_each_fault_has_a_test_and_each_test_exists(service: str, faults: int) -> None:
    named = [TEST.findall(row) for row in rows(service)]
    assert len(named) >= faults
    assert all(named), "a fault without a test"
    missing = {(path, name) for row in named for path, name in row if name not in functions_of(path)}
    assert not missing
