"""What the gateway counts of results, and that its series exist before anything happens."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import sightline_contracts
from sightline_common.budget import ByteBudget
from sightline_contracts.errors import ContractError
from sightline_contracts.ids import new_image_id
from sightline_contracts.images import ImageRecord
from sightline_contracts.results import ERROR_CODES, ErrorInfo, Result, Timing, decode_result, encode_result
from sightline_gateway.metrics import CHECKS, REFUSALS, Metrics
from sightline_gateway.problems import KINDS
from sightline_gateway.uploads import Reservation
from tests.unit.gateway.conftest import Served
from tests.unit.gateway.fakes import make_result
from tests.unit.gateway.process import image_bytes


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def outcomes(metrics: Metrics, status: str, code: str) -> float | None:
    return metrics.registry.get_sample_value("sightline_gateway_view_outcomes_total", {"status": status, "code": code})


def result(error: str | None = None, *, accepted_at: int | None = 1_000, classified_at: int = 3_500) -> Result:
    record = ImageRecord(new_image_id(), b"", "image/png", "http", accepted_at=1)
    made = make_result(record, error=None if error is None else ErrorInfo(error, "a sentence"))
    return replace(made, accepted_at=accepted_at, classified_at=classified_at, timing_ms=Timing(1500.0, 20.0, 4.0))


def test_results_count_by_status_and_code(metrics: Metrics) -> None:
    for error in (None, None, "corrupt", "of-a-later-version"):
        metrics.first_result(result(error))

    assert outcomes(metrics, "classified", "none") == 2
    assert outcomes(metrics, "failed", "corrupt") == 1
    assert outcomes(metrics, "failed", "other") == 1, "label values are bounded, whatever a result says"


def test_latency_is_from_acceptance_to_classification_and_by_stage(metrics: Metrics) -> None:
    metrics.first_result(result())
    metrics.first_result(result(accepted_at=None))
    metrics.first_result(result(accepted_at=5_000))  # a clock that is ahead

    value = metrics.registry.get_sample_value
    assert value("sightline_gateway_result_seconds_sum") == 2.5
    assert value("sightline_gateway_result_seconds_count") == 2
    assert value("sightline_gateway_result_stage_seconds_sum", {"stage": "queue"}) == 4.5
    assert value("sightline_gateway_result_stage_seconds_sum", {"stage": "decode"}) == pytest.approx(0.06)


def test_every_series_exists_from_the_start(metrics: Metrics) -> None:
    value = metrics.registry.get_sample_value
    assert {outcomes(metrics, "failed", code) for code in ERROR_CODES} == {0}
    outcomes_of_images = {"accepted", *KINDS} - set(REFUSALS)
    assert {value("sightline_gateway_uploads_total", {"outcome": code}) for code in outcomes_of_images} == {0}
    assert {value("sightline_gateway_refused_total", {"code": code}) for code in REFUSALS} == {0}
    assert {value("sightline_gateway_ready", {"check": check}) for check in CHECKS} == {0}
    assert value("sightline_gateway_stream_ends_total", {"reason": "slow"}) == 0


def test_the_error_codes_are_those_of_the_contract() -> None:
    schema = json.loads((Path(sightline_contracts.__file__).parent / "schemas" / "result.json").read_text())
    error = next(kind for kind in schema["properties"]["error"]["oneOf"] if kind.get("type") == "object")

    assert list(ERROR_CODES) == error["properties"]["code"]["enum"]


async def test_what_is_in_flight_stands_beside_its_limit(served: Served) -> None:
    metrics = served.gateway.metrics
    reservation = Reservation(ByteBudget(2_000), metrics)
    assert reservation.grow(1_500)

    value = metrics.registry.get_sample_value
    assert value("sightline_gateway_in_flight_bytes") == 1_500
    assert value("sightline_gateway_in_flight_limit_bytes") == served.gateway.settings.body_bytes


async def test_an_upload_refused_while_it_arrives_counts(served: Served) -> None:
    """Bodies that were too large or found no room were in nobody's count: an overload showed on no dashboard."""
    limit = served.gateway.settings.max_image_bytes
    answer = await served.client.post("/v1/images", content=image_bytes() + bytes(limit))

    assert answer.status_code == 413
    value = served.gateway.metrics.registry.get_sample_value
    assert value("sightline_gateway_uploads_total", {"outcome": "too-large"}) == 1


async def test_only_the_first_result_of_an_image_counts(served: Served) -> None:
    once = result()
    served.topic.append([once])
    served.topic.append([once, result("truncated")])

    assert outcomes(served.metrics, "classified", "none") == 1
    assert outcomes(served.metrics, "failed", "truncated") == 1


@pytest.mark.parametrize("field", ["accepted_at", "classified_at"])
@pytest.mark.parametrize("value", ['"now"', "NaN", "true", "1e999", "[]"])
def test_a_result_whose_times_are_no_numbers_is_no_result(field: str, value: str) -> None:
    """A NaN in a histogram's sum would stay there for ever, and text would end the view's thread."""
    document = json.loads(encode_result(result()))
    document[field] = "VALUE"

    with pytest.raises(ContractError):
        decode_result(json.dumps(document).replace('"VALUE"', value).encode())
