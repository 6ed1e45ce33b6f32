"""The error door: every failure is a problem document, and OpenAPI says which."""

import logging
from typing import Any

import pytest

from sightline_gateway.problems import KINDS
from tests.unit.gateway.conftest import Served
from tests.unit.gateway.process import image_bytes


def assert_problem(answer: Any, status: int, code: str) -> None:
    """The answer is a whole problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"/problems/{code}"
    assert body["title"]
    assert body["detail"]


@pytest.mark.parametrize("path", ["/nope", "/v1", "/v1/images/", "/console/nope.js", "/problems/nope", "/redoc"])
async def test_an_unknown_path_is_a_problem(served: Served, path: str) -> None:
    assert_problem(await served.client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/images", {"GET", "POST"}),
        ("POST", "/healthz", {"GET"}),
        ("PUT", "/v1/images/x", {"GET"}),
        ("GET", "/v2/models/x/infer", {"POST"}),
        ("POST", "/v2/models/x/versions/1", {"GET"}),
    ],
)
async def test_a_wrong_method_is_a_problem_that_lists_the_right_ones(
    served: Served, method: str, path: str, allowed: set[str]
) -> None:
    answer = await served.client.request(method, path)
    assert_problem(answer, 405, "method-not-allowed")
    assert {name.strip() for name in answer.headers["Allow"].split(",")} - {"HEAD"} == allowed


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("/v1/images/", "try /v1/images"),
        ("/v1/models//", "try /v1/models"),
        ("/v1/image", "see /docs"),
    ],
)
async def test_an_unknown_path_leads_to_one_that_is_known(served: Served, path: str, advice: str) -> None:
    url = f"http://127.0.0.1:{served.port}{path}"
    assert advice in (await served.client.get(url)).json()["detail"]


async def test_advice_is_about_the_path_that_was_asked_for(served: Served) -> None:
    """The framework's URL has no tabs: `there is nothing at /v1/images/; try /v1/images` was about another path."""
    unknown = await served.client.get("/v1/ima%09ges/")
    assert_problem(unknown, 404, "not-found")
    assert unknown.json()["detail"] == "there is nothing at /v1/ima\tges/; see /docs"


@pytest.mark.parametrize("path", ["/", "/console/js/main.js"])
async def test_a_page_takes_no_posts_and_says_what_it_takes(served: Served, path: str) -> None:
    """`Allow` was empty, which says that nothing is allowed."""
    refused = await served.client.post(path)
    assert_problem(refused, 405, "method-not-allowed")
    assert refused.headers["Allow"] == "GET, HEAD"
    assert refused.json()["detail"] == f"{path} does not take POST; it takes GET, HEAD"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=many", "query parameter 'limit': must be a whole number"),
        ("limit=0", "query parameter 'limit': must be 1 at least"),
        ("limit=501", "query parameter 'limit': must be 500 at most"),
        ("status=done", "query parameter 'status': must be 'classified' or 'failed'"),
        ("model=a/b", "query parameter 'model': must be the name of a model, or name@version: "),
        ("cursor=x", "query parameter 'cursor': not a cursor of this API"),
    ],
)
async def test_a_parameter_that_is_not_valid_is_told_what_would_be(served: Served, query: str, detail: str) -> None:
    refused = await served.client.get(f"/v1/images?{query}")
    assert_problem(refused, 400, "bad-request")
    assert refused.json()["detail"].startswith(detail)


async def test_a_fault_is_logged_once_and_tells_the_client_nothing(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(served.view, "find", fail)
    answer = await served.client.get("/v1/images/x")
    assert_problem(answer, 500, "internal")
    assert "secret" not in answer.text
    causes = [record for record in caplog.records if record.exc_info and "secret" in str(record.exc_info[1])]
    assert [record.levelno for record in causes] == [logging.ERROR]


async def test_a_fault_during_an_upload_is_a_problem_too(served: Served) -> None:
    served.publisher.failure = RuntimeError("the secret cause")
    answer = await served.client.post("/v1/images", content=image_bytes())
    assert_problem(answer, 500, "internal")
    assert served.metrics.in_flight_bytes._value.get() == 0


@pytest.mark.parametrize("code", sorted(KINDS))
async def test_every_problem_type_leads_to_a_page(served: Served, code: str) -> None:
    page = await served.client.get(f"/problems/{code}")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert KINDS[code].title in page.text


async def test_openapi_documents_answers_and_problems_with_examples(served: Served) -> None:
    document = (await served.client.get("/openapi.json")).json()
    upload = document["paths"]["/v1/images"]["post"]
    assert set(upload["responses"]) == {"200", "202", "400", "408", "413", "415", "422", "503", "default"}
    problems = upload["responses"]["503"]["content"]["application/problem+json"]["examples"]
    assert set(problems) == {"kafka-unavailable", "overloaded", "delivery-unknown", "stopping"}
    assert set(upload["requestBody"]["content"]) == {"image/*", "application/octet-stream", "multipart/form-data"}
    described = {parameter["name"].lower() for parameter in upload["parameters"]}
    assert {"model", "stream", "x-image-name", "idempotency-key", "prefer", "traceparent"} <= described
    for path in document["paths"].values():
        for operation in path.values():
            assert "application/json" not in operation["responses"].get("422", {}).get("content", {})
            assert operation["summary"]
