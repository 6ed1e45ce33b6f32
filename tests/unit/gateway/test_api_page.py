"""/docs: the API's description for people."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from sightline_gateway.api_page import render_api
from tests.unit.gateway.conftest import Served

_VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """What a page has: ids, links, tags, text, and whether every element is closed where it must be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note `tag`; styles and handlers inside the page are what a strict policy blocks."""
        told = dict(attrs)
        assert not [name for name in told if name == "style" or name.startswith("on")]
        self.tags.add(tag)
        self.ids += [found for found in [told.get("id")] if found]
        self.links += [found for found in [told.get("href"), told.get("src")] if found]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that `tag` is what was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


async def test_every_call_and_every_schema_is_on_the_page(served: Served) -> None:
    answer = await served.client.get("/docs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    page, api = Page(answer.text), (await served.client.get("/openapi.json")).json()
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            assert operation["operationId"] in page.ids
            assert f"{method.upper()} {path}" in page.text
            for parameter in operation.get("parameters", []):
                assert parameter["name"] in page.text
    assert {f"schema-{name}" for name in api["components"]["schemas"]} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


async def test_every_link_leads_somewhere_on_this_gateway(served: Served) -> None:
    page = Page((await served.client.get("/docs")).text)
    assert len(page.links) > 10
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert re.match(r"[a-z]+:|//", link) is None, "an outside resource"
            assert (await served.client.get(urljoin("/docs", link))).status_code == 200, link


async def test_it_needs_no_script_and_its_policy_allows_none_from_elsewhere(served: Served) -> None:
    answer = await served.client.get("/docs")
    assert Page(answer.text).tags.isdisjoint({"script", "style", "iframe"})
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_what_a_description_says_is_text_and_no_markup() -> None:
    evil = "<script>\"'&"
    operation: dict[str, Any] = {
        "operationId": "x",
        "summary": evil,
        "description": evil,
        "tags": [evil],
        "parameters": [{"name": evil, "in": "query", "description": evil, "schema": {"enum": [evil]}}],
        "responses": {"200": {"description": evil, "content": {evil: {"example": evil, "schema": {"title": evil}}}}},
    }
    schema = {"description": evil, "properties": {evil: {"type": evil, "description": evil, "examples": [evil]}}}
    api = {
        "info": {"title": evil, "description": evil},
        "paths": {f"/{evil}": {"get": operation}},
        "components": {"schemas": {evil: schema}},
    }
    page = Page(render_api(api))
    assert "script" not in page.tags
    assert page.text.count(evil) >= 12


async def test_code_in_a_description_is_shown_as_code(served: Served) -> None:
    text = (await served.client.get("/docs")).text
    assert "its result will be at <code>Location</code>" in text
    assert "`" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)  # JSON stays as it is
