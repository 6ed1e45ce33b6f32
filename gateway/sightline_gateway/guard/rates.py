"""Token buckets: how often a caller may call."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# About 2 MB. Beyond it the caller that was quiet longest is forgotten: its bucket is the likeliest to be full anyway.
MOST_BUCKETS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a bucket said to a call: `wait_s` is 0 when it may go on, else the seconds until the next may."""

    policy: str
    quota: int
    window_s: int
    remaining: int
    full_in_s: int
    wait_s: int

    def headers(self) -> dict[str, str]:
        """RateLimit fields as the IETF's draft has them, and Retry-After for a call that has to wait."""
        sent = {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window_s}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.full_in_s}',
        }
        return {**sent, "Retry-After": str(self.wait_s)} if self.wait_s else sent


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """One bucket a caller, of this process: `rate` calls a second, `burst_s` seconds' worth at once."""

    def __init__(self, policy: str, rate: float, burst_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._rate = rate
        self._size = max(rate * burst_s, 1.0)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, who: str) -> Verdict:
        """Take one call's token from the bucket of `who`, if there is one."""
        now = self._clock()
        bucket = self._buckets.setdefault(who, _Bucket(self._size, now))
        self._buckets.move_to_end(who)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._size, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        wait_s = 0 if bucket.tokens >= 1 else max(math.ceil((1 - bucket.tokens) / self._rate), 1)
        if not wait_s:
            bucket.tokens -= 1
        return Verdict(
            policy=self._policy,
            quota=int(self._size),
            window_s=math.ceil(self._size / self._rate),
            remaining=int(bucket.tokens),
            full_in_s=math.ceil((self._size - bucket.tokens) / self._rate),
            wait_s=wait_s,
        )
