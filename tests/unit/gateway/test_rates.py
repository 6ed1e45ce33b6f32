"""Token buckets: exact with a clock of the test's own."""

from sightline_gateway.guard import rates
from sightline_gateway.guard.rates import Buckets
from tests.unit.gateway.test_keys import Clock


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    buckets = Buckets("key", rate=2.0, burst_s=5.0, clock=clock)
    burst = [buckets.take("a") for _ in range(10)]
    assert [verdict.wait_s for verdict in burst] == [0] * 10
    assert [verdict.remaining for verdict in burst] == list(range(9, -1, -1))
    refused = buckets.take("a")
    assert refused.headers() == {
        "RateLimit-Policy": '"key";q=10;w=5',
        "RateLimit": '"key";r=0;t=5',
        "Retry-After": "1",
    }
    clock.now = 0.5
    assert buckets.take("a").wait_s == 0
    assert buckets.take("a").wait_s == 1
    clock.now = 100.0
    assert buckets.take("a").remaining == 9  # never more than full


def test_waiting_as_long_as_told_is_enough() -> None:
    clock = Clock()
    buckets = Buckets("key", rate=0.3, burst_s=1.0, clock=clock)
    assert buckets.take("a").wait_s == 0
    wait = buckets.take("a").wait_s
    assert wait == 4
    clock.now = float(wait)
    assert buckets.take("a").wait_s == 0


def test_callers_have_a_bucket_each() -> None:
    buckets = Buckets("key", rate=1.0, burst_s=1.0, clock=Clock())
    assert [buckets.take(who).wait_s for who in ("a", "b", "a")] == [0, 0, 1]


def test_the_table_is_bounded_and_forgets_the_quiet_first() -> None:
    buckets = Buckets("address", rate=1.0, burst_s=1.0, clock=Clock())
    buckets.take("busy")
    for number in range(rates.MOST_BUCKETS + 100):
        buckets.take(f"passer-by {number}")
        buckets.take("busy")
    assert len(buckets) == rates.MOST_BUCKETS
    assert buckets.take("busy").wait_s == 1
