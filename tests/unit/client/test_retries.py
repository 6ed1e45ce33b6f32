"""When the clients try again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from sightline_client import NoResultYet, Refused, SightlineError, Unreachable
from sightline_client.flows import Call, Flows, Pause
from sightline_client.retries import MAX_PAUSE_S, Answer, pause_before_retry, retry_after

CUT = httpx.ReadError("cut")
URL = httpx.Request("GET", "http://gateway/v1/images/1")


def answer(status: int, retry: str | None = None) -> httpx.Response:
    return httpx.Response(status, headers={} if retry is None else {"Retry-After": retry}, request=URL)


@pytest.mark.parametrize("failed", [CUT, answer(503), answer(429), answer(500), answer(502)])
def test_what_may_pass_is_tried_again_with_longer_pauses(failed: Answer) -> None:
    pauses = [pause_before_retry(failed, failures, retries=8) for failures in range(1, 9)]
    assert 0.125 <= pauses[0] <= 0.25
    assert 4 <= pauses[-1] <= 8
    assert 10 < sum(pauses) < 32
    with pytest.raises(SightlineError):
        pause_before_retry(failed, 9, retries=8)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 422, 301])
def test_what_repeating_cannot_mend_is_told_at_once(status: int) -> None:
    with pytest.raises(Refused) as caught:
        pause_before_retry(answer(status), 1, retries=8)
    assert (caught.value.status, caught.value.code) == (status, f"http-{status}")


def test_the_gateway_says_how_long_up_to_a_bound() -> None:
    assert pause_before_retry(answer(503, "20"), 1, retries=8) == 20
    with pytest.raises(Refused) as caught:
        pause_before_retry(answer(429, str(int(MAX_PAUSE_S) + 1)), 1, retries=8)
    assert caught.value.retry_after_s == MAX_PAUSE_S + 1


def test_a_moment_may_be_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (retry_after(answer(503, soon)) or 0) <= 30
    assert retry_after(answer(503, "Sun, 22 Nov 2020 10:00:00 GMT")) == 0
    for nonsense in ("soon", "-1", "1.5", ""):
        assert retry_after(answer(503, nonsense)) is None


def test_an_image_that_another_replica_took_is_waited_for() -> None:
    flow = Flows(retries=1).wait("1", timeout_s=60)
    for reply, pause in [(answer(404, "3"), 3.0), (answer(202), 1.0), (answer(404, "1"), 1.0)]:
        assert isinstance(flow.send(None), Call)
        assert flow.send(reply) == Pause(pause)
    assert isinstance(flow.send(None), Call)
    assert isinstance(flow.send(CUT), Pause)
    assert isinstance(flow.send(None), Call)
    with pytest.raises(Unreachable):
        flow.send(CUT)


@pytest.mark.parametrize("status", [404, 410])
def test_an_image_that_cannot_come_is_not_waited_for(status: int) -> None:
    flow = Flows().wait("1", timeout_s=60)
    next(flow)
    with pytest.raises(Refused, match=f"http-{status}"):
        flow.send(answer(status))


def test_waiting_never_pauses_beyond_its_end() -> None:
    now = 0.0
    flow = Flows(clock=lambda: now).wait("1", timeout_s=2.5)
    next(flow)
    assert flow.send(answer(202, "2")) == Pause(2.0)
    now = 2.0
    flow.send(None)
    assert flow.send(answer(202, "2")) == Pause(0.5)
    now = 2.5
    flow.send(None)
    with pytest.raises(NoResultYet, match=r"after 2\.5 s"):
        flow.send(answer(202, "2"))
