"""A confusion matrix of two columns of a frame, as a picture."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from pyspark.sql import DataFrame

NONE: Final = "(none)"  # a row without a label: its image could not be classified
OTHERS: Final = "(others)"
_INCH_A_CLASS: Final = 0.42
_DPI: Final = 120


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows by truth, columns by label, both in the order of `labels`; `right` of all `rows` have their truth."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    rows: int
    right: int

    @property
    def accuracy(self) -> float:
        """The share that is right; 0 of no rows."""
        return self.right / self.rows if self.rows else 0.0


def confusion_matrix(
    frame: DataFrame, truth: str, label: str = "label", *, most: int = 30, title: str | None = None
) -> Image.Image:
    """How often each `truth` was given each `label`: a notebook shows it, `.save("matrix.png")` keeps it.

    Spark counts; only the counts come to this process.

    Args:
        frame: has both columns.
        truth: column, or SQL expression, of what is right: its rows.
        label: column, or SQL expression, of what the model said: its columns.
        most: classes shown, the most frequent ones; the rest are one, "(others)".
        title: in place of the number of rows and the accuracy.

    Raises:
        ValueError: `most` is below 1.
    """
    if most < 1:
        raise ValueError("most is at least 1")
    pairs = frame.selectExpr(f"CAST({truth} AS STRING) AS truth", f"CAST({label} AS STRING) AS label")
    rows = pairs.groupBy("truth", "label").count().collect()
    return _draw(matrix_of({(row.truth, row.label): row["count"] for row in rows}, most), title)


def matrix_of(counts: Mapping[tuple[str | None, str | None], int], most: int) -> Matrix:
    """The matrix of the counts by truth and label, None being no label."""
    seen = Counter[str]()
    for pair, count in counts.items():
        for name in {part for part in pair if part is not None}:
            seen[name] += count
    kept = sorted(sorted(seen, key=lambda name: (-seen[name], name))[:most], key=_natural)
    named = {(_place(truth, kept), _place(label, kept)) for truth, label in counts}
    extra = [name for name in (OTHERS, NONE) if any(name in pair for pair in named)]
    labels = (*kept, *extra)
    cells = Counter[tuple[str, str]]()
    for (truth, label), count in counts.items():
        cells[_place(truth, kept), _place(label, kept)] += count
    right = sum(count for (truth, label), count in counts.items() if truth is not None and truth == label)
    table = tuple(tuple(cells[truth, label] for label in labels) for truth in labels)
    return Matrix(labels, table, sum(counts.values()), right)


def _place(name: str | None, kept: Sequence[str]) -> str:
    if name is None:
        return NONE
    return name if name in kept else OTHERS


def _natural(name: str) -> tuple[bool, int, str]:
    """Numbers by their value, before words."""
    return (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)


def _draw(matrix: Matrix, title: str | None) -> Image.Image:
    side = max(4.0, 2.0 + _INCH_A_CLASS * len(matrix.labels))
    figure = Figure(figsize=(side, side), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    places = range(len(matrix.labels))
    totals = [max(sum(row), 1) for row in matrix.counts]
    shares = [[count / total for count in row] for row, total in zip(matrix.counts, totals, strict=True)]
    if shares:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(places, matrix.labels, rotation=90)
    axes.set_yticks(places, matrix.labels)
    axes.set_xlabel("label")
    axes.set_ylabel("truth")
    axes.set_title(title if title is not None else f"{matrix.rows} rows, {matrix.accuracy:.1%} right")
    for down, row in enumerate(matrix.counts):
        for across, count in enumerate(row):
            if count:
                ink = "white" if shares[down][across] > 0.5 else "black"
                axes.text(across, down, str(count), ha="center", va="center", color=ink, fontsize=8)
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    picture = Image.open(file)
    picture.load()
    return picture
