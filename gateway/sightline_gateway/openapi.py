"""How routes describe their answers in OpenAPI."""

from typing import Any

from pydantic import BaseModel

from sightline_gateway import documents
from sightline_gateway.problems import KINDS, Problem, problem_document

Responses = dict[int | str, dict[str, Any]]


def problems(*codes: str) -> Responses:
    """The `responses` of a route that can raise these problem codes, with an example each."""
    found: Responses = {}
    for code in codes:
        status = int(KINDS[code].status)
        entry = found.setdefault(
            status,
            {
                "description": "",
                "content": {"application/problem+json": {"schema": _schema(), "examples": {}}},
            },
        )
        entry["description"] = "; ".join(filter(None, [entry["description"], KINDS[code].title]))
        example = problem_document(Problem(code, KINDS[code].advice), None)
        entry["content"]["application/problem+json"]["examples"][code] = {"value": example}
    return found


def any_problem() -> Responses:
    """What every route answers when something else goes wrong; it also replaces FastAPI's own description of errors."""
    content = {"application/problem+json": {"schema": _schema()}}
    return {"default": {"description": "Any other failure is a problem document too", "content": content}}


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of `model` in one piece, for bodies that FastAPI does not parse and so does not describe."""
    schema = model.model_json_schema(ref_template="{model}")
    definitions = schema.pop("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolved(definitions[part["$ref"]])
        return {name: resolved(value) for name, value in part.items()}

    whole: dict[str, Any] = resolved(schema)
    return whole


def _schema() -> dict[str, Any]:
    return documents.Problem.model_json_schema()
