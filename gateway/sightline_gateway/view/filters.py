"""What results are filtered by: the same rules for rows in SQLite and for results of the live stream."""

from dataclasses import dataclass

from sightline_contracts.results import Result


@dataclass(frozen=True, slots=True)
class Facets:
    """What a filter looks at; `model` is name@version, `label` the most probable one, None when the image failed."""

    model: str
    status: str
    stream: str | None
    label: str | None


def facets_of(result: Result) -> Facets:
    """The facets of `result`."""
    model = f"{result.model.name}@{result.model.version or ''}"
    label = result.predictions[0].label if result.predictions else None
    return Facets(model, result.status, result.stream, label)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which results are wanted; None asks for nothing. `model` is a name, for all its versions, or name@version."""

    model: str | None = None
    status: str | None = None
    stream: str | None = None
    label: str | None = None

    def admits(self, facets: Facets) -> bool:
        """Whether a result with these facets is wanted."""
        return (
            (self.model is None or self.model == facets.model or facets.model.startswith(f"{self.model}@"))
            and self.status in (None, facets.status)
            and self.stream in (None, facets.stream)
            and self.label in (None, facets.label)
        )

    def conditions(self) -> list[tuple[str, str]]:
        """The same in SQL: conditions with one placeholder each, and its value."""
        wanted = [
            ("? IN (model, substr(model, 1, instr(model, '@') - 1))", self.model),
            ("status = ?", self.status),
            ("stream = ?", self.stream),
            ("label = ?", self.label),
        ]
        return [(condition, value) for condition, value in wanted if value is not None]
