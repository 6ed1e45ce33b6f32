"""Which addresses only this machine reaches, who counts as one sender, and who is in a network."""

import pytest

from sightline_common.addresses import Networks, is_loopback, is_safe_url, network_of


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


def test_an_ipv6_customer_counts_once() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::4") != network_of("2001:db8:1:2::4")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),  # how a socket for both families names an IPv4 peer
        ("11.0.0.1", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("fe80::1%eth0", True),
        ("camera", False),
        ("", False),
    ],
)
def test_a_peer_is_in_a_network_or_not(host: str, inside: bool) -> None:
    assert (host in Networks(["10.0.0.0/8", "2001:db8::/32", "fe80::/10"])) is inside


@pytest.mark.parametrize("network", ["10.0.0.1/8", "10.0.0.0/33", "camera", ""])
def test_what_is_no_network_is_refused(network: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        Networks([network])
