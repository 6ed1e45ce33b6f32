"""The accepted-id ledger: what was promised, held against what came out."""

import json
from collections import Counter
from collections.abc import Iterable

from sightline_contracts.topics import RESULTS
from tests.e2e.system import System, eventually


def await_results(system: System, accepted: Iterable[str], deadline_s: float) -> Counter[str]:
    """Wait until every accepted id has a result in the topic, read from its beginning; results by id.

    Fails the test with the ids that have none.
    """
    ledger = set(accepted)
    found: Counter[str] = Counter()

    def complete() -> bool:
        nonlocal found
        found = Counter(record.key.decode() for record in system.records(RESULTS))
        return ledger <= found.keys()

    try:
        eventually(complete, deadline_s, "a result for every accepted id")
    except AssertionError as late:
        missing = ledger - found.keys()
        raise AssertionError(f"{len(missing)} of {len(ledger)} accepted ids without a result: {missing}") from late
    return Counter({image_id: count for image_id, count in found.items() if image_id in ledger})


def contents(system: System, ids: Iterable[str]) -> dict[str, set[str]]:
    """What each id's results say, times left out: one entry an id means that duplicates agree."""
    wanted = set(ids)
    said: dict[str, set[str]] = {}
    for record in system.records(RESULTS):
        image_id = record.key.decode()
        if image_id in wanted:
            result = json.loads(record.value)
            kept = {name: result[name] for name in ("status", "model", "predictions", "error")}
            said.setdefault(image_id, set()).add(json.dumps(kept, sort_keys=True))
    return said
