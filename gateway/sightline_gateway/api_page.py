"""The API's description as a page for people: /openapi.json as HTML, without scripts and without outside resources."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any, Final

_STYLES: Final = ("tokens", "base", "docs")
_SCHEMAS: Final = "#/components/schemas/"

Node = Mapping[str, Any]


def render_api(api: Node) -> str:
    """The page of an OpenAPI 3.1 document."""
    operations = list(_operations(api))
    title = escape(api["info"]["title"])
    styles = "".join(f'<link rel="stylesheet" href="console/css/{name}.css">' for name in _STYLES)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{title}: HTTP API</title><link rel="icon" href="console/mark.svg" type="image/svg+xml">{styles}</head>'
        f'<body class="api"><header><h1>{title}: HTTP API</h1>{_prose(api["info"].get("description", ""))}'
        '<p><a href="openapi.json">The same for programs</a> (OpenAPI) · <a href="./">Console</a></p></header>'
        f'<nav aria-label="Calls">{_contents(operations)}</nav><main>{"".join(map(_operation, operations))}'
        f"{_schemas(api)}</main></body></html>\n"
    )


def _operations(api: Node) -> Iterator[Node]:
    """Every operation with its `path`, `method` and `anchor`, in the document's order, which groups them by tag."""
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield {**operation, "path": path, "method": method.upper(), "anchor": operation["operationId"]}


def _contents(operations: Iterable[Node]) -> str:
    parts = []
    for tag, members in groupby(operations, lambda operation: operation.get("tags", ["other"])[0]):
        links = "".join(
            f'<li><a href="#{escape(one["anchor"])}">{_call(one)}</a> {_words(one.get("summary", ""))}</li>'
            for one in members
        )
        parts.append(f"<h2>{escape(tag)}</h2><ul>{links}</ul>")
    return "".join(parts)


def _operation(operation: Node) -> str:
    return (
        f'<section id="{escape(operation["anchor"])}"><h2>{_call(operation)}</h2>'
        f'<p class="lead">{_words(operation.get("summary", ""))}</p>{_prose(operation.get("description", ""))}'
        f"<pre><code>{escape(_curl(operation))}</code></pre>"
        f"{_parameters(operation.get('parameters', []))}{_body(operation.get('requestBody', {}))}"
        f"<h3>Answers</h3>{_answers(operation['responses'])}</section>"
    )


def _call(operation: Node) -> str:
    return f"<code><b>{operation['method']}</b> {escape(operation['path'])}</code>"


def _curl(operation: Node) -> str:
    """A line to copy; the reader replaces what is in braces."""
    data = "--data-binary @photo.jpg " if "image/*" in operation.get("requestBody", {}).get("content", {}) else ""
    method = f"-X {operation['method']} " if operation["method"] != "GET" and not data else ""
    return f"curl -i {method}{data}http://127.0.0.1:8080{operation['path']}"


def _parameters(parameters: Iterable[Node]) -> str:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td>{_type(one.get('schema', {}))}</td><td>{_words(one.get('description', ''))}</td></tr>"
        for one in parameters
    ]
    return f"<h3>Parameters</h3>{_table(('name', 'in', 'type', 'meaning'), rows)}" if rows else ""


def _body(body: Node) -> str:
    kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in body.get("content", {}))
    return f"<h3>Body</h3><p>{kinds}</p>" if kinds else ""


def _answers(responses: Mapping[str, Node]) -> str:
    rows = [
        f"<tr><td><b>{escape(status)}</b></td><td>{_words(answer.get('description', ''))}{_contained(answer)}</td></tr>"
        for status, answer in sorted(responses.items())  # the digits first, `default` last
    ]
    return _table(("status", "meaning"), rows)


def _contained(answer: Node) -> str:
    parts = []
    for kind, media in answer.get("content", {}).items():
        parts.append(f'<p class="fine"><code>{escape(kind)}</code> {_type(media.get("schema", {}))}</p>')
        examples = {name: one["value"] for name, one in media.get("examples", {}).items() if "value" in one}
        examples |= {"example": media["example"]} if "example" in media else {}
        for name, value in examples.items():
            text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            parts.append(f"<details><summary>{escape(name)}</summary><pre><code>{escape(text)}</code></pre></details>")
    return "".join(parts)


def _schemas(api: Node) -> str:
    found = api.get("components", {}).get("schemas", {})
    return "".join(
        f'<section id="schema-{escape(name)}"><h2>{escape(name)}</h2>{_prose(schema.get("description", ""))}'
        f"{_properties(schema)}</section>"
        for name, schema in found.items()
    )


def _properties(schema: Node) -> str:
    rows = [
        f"<tr><td><code>{escape(name)}</code></td><td>{_type(one)}</td><td>{_words(one.get('description', ''))}</td>"
        f"<td>{_examples(one)}</td></tr>"
        for name, one in schema.get("properties", {}).items()
    ]
    return _table(("field", "type", "meaning", "for example"), rows) if rows else ""


def _examples(schema: Node) -> str:
    return ", ".join(
        f"<code>{escape(json.dumps(one, ensure_ascii=False))}</code>" for one in schema.get("examples", [])
    )


def _type(schema: Node) -> str:
    """What a value may be, in a few words; a schema that has a name is linked."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_SCHEMAS))
        return f'<a href="#schema-{name}">{name}</a>'
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(choice) for choice in choices)
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("title") if schema.get("type") == "object" else schema.get("type", "any")))


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _prose(text: str) -> str:
    return "".join(f"<p>{_words(part)}</p>" for part in text.split("\n\n") if part.strip())


def _words(text: str) -> str:
    """`text` as HTML, with what stands between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
