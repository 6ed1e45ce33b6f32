"""What a part of the benchmark found: figures against goals, tables, remarks; as text, as JSON and as Markdown."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

BLOCK = "bench-engine"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and, where there is one, the goal it is held against."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    sense: Literal[">=", "<="] = ">="

    @property
    def met(self) -> bool:
        """Whether the goal is reached; a figure without a goal always is."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.sense == ">=" else self.value <= self.goal

    def line(self) -> str:
        """As every benchmark of the project prints its figures."""
        goal = "" if self.goal is None else f" goal {self.sense} {self.goal:g}"
        return f"FIGURE {self.name} {number(self.value)} {self.unit}{goal}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under one header; the first column is text, the others are numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """A pipe table. Raises ValueError for a row with more or fewer cells than the header."""
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"a row does not fit under {self.header}")
        rule = ("---", *("---:" for _ in self.header[1:]))
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.header, rule, *self.rows))


@dataclass(frozen=True, slots=True)
class Report:
    """All that one part found, with where, when and by which command."""

    part: str
    title: str
    machine: str
    date: str
    command: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    def markdown(self) -> str:
        """The part's section of docs/benchmarks.md."""
        blocks = [f"### {self.title}", f"{self.machine}. {self.date}, `{self.command}`."]
        blocks += [table.markdown() for table in self.tables]
        if self.figures:
            blocks.append(goals(self.figures).markdown())
        blocks += ["\n".join(f"- {remark}" for remark in self.remarks)] if self.remarks else []
        return "\n\n".join(blocks)

    def save(self, folder: Path) -> None:
        """Keep it, so that later runs of other parts can write the page whole."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.part}.json").write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Self:
        """What `save` kept."""
        fields: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        fields["figures"] = tuple(Figure(**figure) for figure in fields["figures"])
        fields["tables"] = tuple(
            Table(tuple(table["header"]), tuple(map(tuple, table["rows"]))) for table in fields["tables"]
        )
        return cls(**{**fields, "remarks": tuple(fields["remarks"])})


def goals(figures: Sequence[Figure]) -> Table:
    """The figures as a table."""
    rows = tuple(
        (
            figure.name,
            f"{number(figure.value)} {figure.unit}",
            "" if figure.goal is None else f"{figure.sense} {figure.goal:g}",
            "" if figure.goal is None else ("met" if figure.met else "**missed**"),
        )
        for figure in figures
    )
    return Table(("figure", "seen", "goal", ""), rows)


def number(value: float) -> str:
    """Three digits that count: 0.0123, 1.23, 12.3, 123, 12300."""
    digits = 3 - len(str(int(abs(value)))) if abs(value) >= 1 else 3
    return f"{value:.{max(0, digits)}f}"


def markers(block: str) -> tuple[str, str]:
    """The lines between which a benchmark writes."""
    return f"<!-- {block}: begin -->", f"<!-- {block}: end -->"


def renew(page: str, sections: Iterable[str], block: str = BLOCK) -> str:
    """The page with `sections` between the markers of `block`. Raises ValueError unless it has both, in order."""
    opening, closing = markers(block)
    begin, end = page.find(opening), page.find(closing)
    if not 0 <= begin < end:
        raise ValueError(f"the page lacks the lines {opening} and {closing}")
    body = "\n\n".join(sections)
    return f"{page[: begin + len(opening)]}\n\n{body}\n\n{page[end:]}"


def renew_page(page: Path, files: Iterable[Path], block: str = BLOCK) -> None:
    """Renew the page's block from those of the saved reports that there are, in this order."""
    sections = [Report.load(file).markdown() for file in files if file.exists()]
    page.write_text(renew(page.read_text(encoding="utf-8"), sections, block), encoding="utf-8")
