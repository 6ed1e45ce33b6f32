"""What "the same content" means for two results of one image."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

# oneDNN adds in another order for another batch size, and a repeated image may share its batch with others: seen to
# move a probability by 5e-7, which rounding to six decimals can make 1e-6.
_TOLERANCE: Final = 2e-6


def say_the_same(results: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all results, as documents, tell a reader the same: times aside, and probabilities to six decimals."""
    first, *others = results
    return all(_same(first, other) for other in others)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if any(one[part] != other[part] for part in ("status", "model", "error")):
        return False
    return [_label(it) for it in one["predictions"]] == [_label(it) for it in other["predictions"]] and all(
        math.isclose(a["probability"], b["probability"], abs_tol=_TOLERANCE)
        for a, b in zip(one["predictions"], other["predictions"], strict=True)
    )


def _label(prediction: Mapping[str, Any]) -> tuple[int, str]:
    return prediction["index"], prediction["label"]
