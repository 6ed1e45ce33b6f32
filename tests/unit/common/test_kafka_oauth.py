"""Tokens for Kafka: which are asked for, how long one is used, and what of a provider is not taken."""

from collections.abc import Iterator
from typing import Any

import pytest
from kafka.net.sasl.oauth import SaslMechanismOAuth
from pydantic import ValidationError

from sightline_common.kafka_oauth import ClientCredentials, NoToken, TokenSource, fetch_token
from sightline_common.settings import KafkaSettings, problems
from tests.oauth import CLIENT, LASTS_S, SECRET, TokenServer, token_server
from tests.unit.gateway.test_keys import Clock

SETTINGS: dict[str, Any] = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "OAUTHBEARER",
    "kafka_username": CLIENT,
    "kafka_password": SECRET,
    "kafka_oauth_token_url": "https://login.example/token",
}


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_server() as running:
        yield running


def credentials(server: TokenServer, secret: str = SECRET) -> ClientCredentials:
    """A client's."""
    return ClientCredentials(server.token_url, CLIENT, lambda: secret, None)


def test_a_token_is_used_until_most_of_its_time_is_over(server: TokenServer) -> None:
    clock = Clock()
    source = TokenSource(credentials(server), clock)
    first = source.token()
    clock.now = 0.8 * LASTS_S - 1
    assert source.token() == first
    assert server.asked == [{"grant_type": ["client_credentials"]}]
    clock.now += 1
    source.token()
    assert len(server.asked) == 2


def test_while_the_provider_is_away_a_valid_token_goes_on(
    server: TokenServer, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    source = TokenSource(credentials(server), clock)
    first = source.token()
    server.answer = 503, b"later"
    clock.now = 0.9 * LASTS_S
    assert source.token() == first
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    clock.now = LASTS_S
    with pytest.raises(NoToken, match=r"check SIGHTLINE_KAFKA_OAUTH_TOKEN_URL \(503\)"):
        source.token()


def test_a_provider_that_is_away_is_not_asked_at_each_connection(server: TokenServer) -> None:
    """Each waited for the provider again, and all that the client's network thread does waited with it."""
    clock = Clock()
    source = TokenSource(credentials(server), clock)
    first = source.token()
    server.answer = 503, b"later"
    clock.now = 0.8 * LASTS_S
    assert (source.token(), source.token()) == (first, first)
    assert len(server.asked) == 2
    clock.now = LASTS_S - 5
    assert source.token() == first
    assert len(server.asked) == 3
    clock.now, server.answer = LASTS_S, None  # soon after that, but the token is over
    assert source.token()
    assert len(server.asked) == 4


def test_a_wrong_secret_is_told_and_not_shown(server: TokenServer) -> None:
    with pytest.raises(NoToken, match=r"SIGHTLINE_KAFKA_PASSWORD_FILE \(401 invalid_client\)") as caught:
        fetch_token(credentials(server, "guessed"))
    assert "guessed" not in str(caught.value)


def test_the_secret_goes_nowhere_else(server: TokenServer) -> None:
    """Urllib takes the header along to wherever a redirect leads."""
    server.answer = 302, b""
    with pytest.raises(NoToken, match=r"TOKEN_URL \(302\)"):
        fetch_token(credentials(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"access_token": 7}',
        b'{"access_token": "x\\u0001auth=Bearer y", "expires_in": 9}',
        b'{"access_token": "x", "expires_in": -1}',
        b'{"access_token": "x", "expires_in": "soon"}',
        b"[" * 5000,
        b'{"access_token": "x", "expires_in": 9}' + b" " * 256 * 1024,  # good, but for its size
    ],
    ids=range(9),
)
def test_an_answer_without_a_usable_token_is_none(server: TokenServer, body: bytes) -> None:
    server.answer = 200, body
    with pytest.raises(NoToken, match="its answer has no bearer token"):
        fetch_token(credentials(server))


def test_kafkas_client_takes_the_source() -> None:
    options = KafkaSettings(**SETTINGS).client_options()
    assert options["sasl_mechanism"] == "OAUTHBEARER"
    assert "sasl_plain_password" not in options
    assert not SaslMechanismOAuth(**options).is_done()


def test_all_clients_of_a_process_show_the_same_token() -> None:
    settings, other = KafkaSettings(**SETTINGS), KafkaSettings(**SETTINGS)
    sources = [made.client_options()["sasl_oauth_token_provider"] for made in (settings, settings, other)]
    assert sources[0] is sources[1]
    assert sources[0] is not sources[2]
    assert settings == other


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kafka_oauth_token_url": None}, "SIGHTLINE_KAFKA_OAUTH_TOKEN_URL is needed with OAUTHBEARER"),
        (
            {"kafka_oauth_token_url": "http://login.example/token"},
            "SIGHTLINE_KAFKA_OAUTH_TOKEN_URL: is no",
        ),
        ({"kafka_oauth_scope": "a\nb"}, "SIGHTLINE_KAFKA_OAUTH_SCOPE: has a control character"),
        ({"kafka_password": None}, "SIGHTLINE_KAFKA_PASSWORD or SIGHTLINE_KAFKA_PASSWORD_FILE is needed"),
        ({"kafka_username": None}, "SIGHTLINE_KAFKA_USERNAME is needed"),
        (
            {"kafka_sasl_mechanism": "PLAIN"},
            "SIGHTLINE_KAFKA_OAUTH_TOKEN_URL is set, but SIGHTLINE_KAFKA_SASL_MECHANISM is PLAIN",
        ),
        (
            {"kafka_security_protocol": "SSL", "kafka_username": None, "kafka_password": None},
            "SIGHTLINE_KAFKA_OAUTH_TOKEN_URL is set, but SIGHTLINE_KAFKA_SECURITY_PROTOCOL is SSL",
        ),
    ],
)
def test_what_could_not_work_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        KafkaSettings(**{**SETTINGS, **changes})
    assert any(said in problem for problem in problems(caught.value))
    assert SECRET not in str(caught.value)
