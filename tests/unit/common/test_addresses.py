"""Which addresses only this machine reaches."""

import pytest

from sightline_common.addresses import is_loopback, is_safe_url


@pytest.mark.parametrize(
    ("host", "stays"),
    [("::1", True), ("[::1]", True), ("127.0.0.2", True), ("localhost", True), ("10.0.0.1", False), ("driver", False)],
)
def test_only_loopback_stays_on_this_machine(host: str, stays: bool) -> None:
    assert is_loopback(host) is stays


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://keys.example", True),
        ("http://127.0.0.1:8080/keys", True),
        ("http://[::1]/keys", True),
        ("http://keys.example", False),
        ("https://", False),
        ("http://[", False),
    ],
)
def test_a_url_is_safe_when_nobody_in_between_can_change_what_it_gives(url: str, safe: bool) -> None:
    assert is_safe_url(url) is safe
