"""Pages of results, newest first: for the listing and the export."""

from dataclasses import dataclass

from sightline_gateway.view.filters import Filter
from sightline_gateway.view.reader import Reader


@dataclass(frozen=True, slots=True)
class PageKey:
    """The last row of a page: the next page begins after it."""

    classified_at: int
    id: str
    model: str


@dataclass(frozen=True, slots=True)
class Period:
    """since <= classified_at < until, in Unix ms; None is no bound."""

    since: int | None = None
    until: int | None = None


class Listing(Reader):
    """Reads on a connection of its own: a search for something rare must not hold up those who ask for one image."""

    def page(
        self, wanted: Filter, period: Period, limit: int, after: PageKey | None
    ) -> tuple[list[bytes], PageKey | None]:
        """Result documents and the key of the next page (None: this was the last)."""
        conditions = [*wanted.conditions(), *_bounds(period, after)]
        where = " AND ".join(condition for condition, _ in conditions) or "1"
        values = [value for _, some in conditions for value in (some if isinstance(some, tuple) else (some,))]
        rows = self.rows(
            f"SELECT document, classified_at, id, model FROM results WHERE {where} "  # noqa: S608 - literals only
            "ORDER BY classified_at DESC, id DESC, model DESC LIMIT ?",
            (*values, limit + 1),
        )
        page = rows[:limit]
        return [row[0] for row in page], PageKey(*page[-1][1:]) if len(rows) > limit else None


def _bounds(period: Period, after: PageKey | None) -> list[tuple[str, object]]:
    """Conditions with one upper bound: with two SQLite may begin each page at the looser one."""
    bounds: list[tuple[str, object]] = []
    if period.since is not None:
        bounds.append(("classified_at >= ?", period.since))
    if after is not None and (period.until is None or after.classified_at < period.until):
        bounds.append(("(classified_at, id, model) < (?, ?, ?)", (after.classified_at, after.id, after.model)))
    elif period.until is not None:
        bounds.append(("classified_at < ?", period.until))
    return bounds
