"""Filters of the listing and the export, cursors under filters, and the export's end."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sightline_contracts.results import ErrorInfo, ModelRef, Prediction, Result
from sightline_gateway import export
from sightline_gateway.view.filters import Filter, facets_of
from tests.unit.gateway.conftest import Served, until
from tests.unit.gateway.test_results import ids, results

START = 1_795_327_900_000


def labelled(result: Result, label: str, probability: float = 0.9) -> Result:
    """`result` with this label first."""
    second = Prediction(1, "second", 1 - probability)
    return replace(result, predictions=(Prediction(0, label, probability), second))


def sample() -> list[Result]:
    """Six results, a second apart, that differ in what can be asked for; oldest first."""
    a, b, c, d, e, f = (replace(result, classified_at=START + index * 1000) for index, result in enumerate(results(6)))
    return [
        labelled(replace(a, stream="gate"), "cat"),
        labelled(replace(b, stream="yard"), "dog"),
        labelled(replace(c, stream="gate", model=ModelRef("digits-lenet", "2")), "dog"),
        labelled(replace(d, model=ModelRef("efficientnet-lite0", "1")), "cat"),
        replace(e, status="failed", predictions=(), error=ErrorInfo("corrupt", "made up"), stream="yard"),
        replace(f, status="failed", predictions=(), error=ErrorInfo("x", "y"), model=ModelRef("nope", None)),
    ]


async def which(served: Served, made: list[Result], path: str) -> str:
    """The listed results as digits: their places in `made`."""
    places = {result.id: str(index) for index, result in enumerate(made)}
    return "".join(places[image_id] for image_id in (await ids(served, path))[0])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "543210"),
        ("stream=gate", "20"),
        ("stream=yard&status=failed", "4"),
        ("label=dog", "21"),
        ("label=second", ""),
        ("label=Dog", ""),
        ("status=classified", "3210"),
        ("status=failed", "54"),
        ("model=digits-lenet", "4210"),
        ("model=digits-lenet@2", "2"),
        ("model=digits-len", ""),
        ("model=nope", "5"),
        (f"since={START + 2000}", "5432"),
        (f"until={START + 2000}", "10"),
        (f"since={START + 1000}&until={START + 3000}&label=dog", "21"),
        (f"since={START + 1000}&until={START + 1000}", ""),
    ],
)
async def test_the_listing_shows_what_the_filter_admits(served: Served, query: str, expected: str) -> None:
    made = sample()
    served.topic.append(made)
    assert await which(served, made, f"/v1/images?{query}") == expected


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(model="digits-lenet"),
        Filter(model="digits-lenet@2"),
        Filter(model="nope"),
        Filter(status="failed", stream="yard"),
        Filter(label="dog"),
    ],
)
async def test_rows_and_live_results_are_filtered_alike(served: Served, wanted: Filter) -> None:
    """The same rules are written twice, in SQL and in Python."""
    made = sample()
    served.topic.append(made)
    query = "&".join(f"{name}={value}" for name in Filter.__slots__ if (value := getattr(wanted, name)) is not None)
    listed = (await ids(served, f"/v1/images?{query}"))[0]
    assert sorted(listed) == sorted(result.id for result in made if wanted.admits(facets_of(result)))


async def test_times_can_be_rfc_3339_with_any_zone(served: Served) -> None:
    made = sample()
    served.topic.append(made)
    moment = datetime.fromtimestamp((START + 4000) / 1000, UTC)
    for text in (moment.isoformat().replace("+00:00", "Z"), moment.isoformat().replace("+", "%2B")):
        assert await which(served, made, f"/v1/images?since={text}") == "54"


async def test_pages_under_a_filter_join_up(served: Served) -> None:
    made = [replace(result, stream="gate" if index % 3 else "yard") for index, result in enumerate(results(20))]
    served.topic.append(made)
    bound = made[17].classified_at
    query, cursor = f"/v1/images?stream=gate&limit=4&until={bound}", ""
    found: list[str] = []
    while True:
        page, key = await ids(served, query + cursor)
        found += page
        if key is None:
            break
        cursor = f"&cursor={key}"
    assert found == [result.id for result in reversed(made[:17]) if result.stream == "gate"]


@pytest.mark.parametrize("path", ["/v1/images", "/v1/results/export"])
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("status=pending", "status"),
        ("model=a@b@c", "model"),
        ("stream=", "stream"),
        ("label=%07", "label"),
        ("since=yesterday", "since"),
        ("since=2026-11-22T10:00:00", "since"),
        ("until=-1", "until"),
        ("until=99999999999999999999999", "until"),
        ("top=0", "top"),
        ("lable=cat", "lable"),
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(served: Served, path: str, query: str, parameter: str) -> None:
    answer = await served.client.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    assert answer.json()["parameter"] == parameter


@pytest.mark.parametrize(
    "content", ['[99999999999999999999,"a","b"]', '[1,"\\ud800","b"]', "[" * 300, '[true,"a"]', "1"]
)
async def test_a_made_up_cursor_is_refused(served: Served, content: str) -> None:
    """Numbers that SQLite does not take, and text that is no text, were internal errors."""
    cursor = urlsafe_b64encode(content.encode()).decode().rstrip("=")
    answer = await served.client.get(f"/v1/images?cursor={cursor}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "cursor")


async def test_top_cuts_the_predictions_and_nothing_else(served: Served) -> None:
    (made,) = results(1)
    served.topic.append([made])
    whole = (await served.client.get(f"/v1/images/{made.id}")).json()
    cut = {**whole, "predictions": whole["predictions"][:2]}
    assert len(whole["predictions"]) == 5
    assert (await served.client.get(f"/v1/images/{made.id}?top=2")).json() == cut
    assert (await served.client.get("/v1/images?top=2")).json()["images"] == [cut]
    assert (await served.client.get("/v1/results/export?top=2")).json() == cut


def lines(answer: httpx.Response) -> list[Any]:
    """The documents of an export."""
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_export_has_all_that_the_filter_admits_over_many_pages(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 7)
    made = [replace(result, stream="gate" if index % 2 else None) for index, result in enumerate(results(60))]
    served.topic.append(made)
    everything = lines(await served.client.get("/v1/results/export"))
    assert [image["id"] for image in everything] == [result.id for result in reversed(made)]
    gate = lines(await served.client.get("/v1/results/export?stream=gate"))
    assert [image["id"] for image in gate] == [result.id for result in reversed(made) if result.stream == "gate"]
    assert lines(await served.client.get("/v1/results/export?stream=nowhere")) == []
    await until(lambda: served.view.exports == 0)


async def test_an_export_that_a_stop_cuts_off_does_not_look_complete(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 10)
    served.topic.append([replace(result, name="x" * 50_000) for result in results(2_000)])
    async with served.client.stream("GET", "/v1/results/export") as answer:
        chunks = answer.aiter_bytes()
        await anext(chunks)
        served.view.release()
        with pytest.raises(httpx.HTTPError):
            async for _ in chunks:
                pass
    await until(lambda: served.view.exports == 0)


async def test_an_export_too_many_is_told_to_come_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.view, "exports", export.MAX_EXPORTS)
    answer = await served.client.get("/v1/results/export")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "overloaded", "2")
