"""A provider of tokens, and a broker that lets in whom it vouches for (SASL OAUTHBEARER)."""

import base64
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from sightline_local.kafka import EmbeddedKafka
from sightline_local.ports import free_port
from sightline_topics.app import ensure_topics
from sightline_topics.settings import TopicsSettings
from tests.http_server import Quiet, serving

CLIENT: Final = "sightline"
SECRET: Final = 's3cr3t "\\ +/=;'
SECRET_PART: Final = "s3cr3t"  # what no quoting changes
AUDIENCE: Final = "kafka"
LASTS_S: Final = 300


class TokenServer:
    """Gives tokens for a client's secret, and publishes the keys that sign them. A test may change what it gives."""

    def __init__(self) -> None:
        self.audience = AUDIENCE
        self.lasts_s = LASTS_S
        self.answer: tuple[int, bytes] | None = None  # instead of a token
        self.asked: list[dict[str, list[str]]] = []
        self._key = generate_private_key(65537, 2048)
        self.url = ""  # while it is not served

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return f"{self.url}/token"

    def keys(self) -> bytes:
        """The JWKS."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return json.dumps({"keys": [{**public, "kid": "1", "use": "sig", "alg": "RS256"}]}).encode()

    def token(self, form: dict[str, list[str]], authorization: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        self.asked.append(form)
        if self.answer is not None:
            return self.answer
        if authorization != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            return 401, b'{"error": "invalid_client"}'
        if form["grant_type"] != ["client_credentials"]:
            return 400, b'{"error": "unsupported_grant_type"}'
        now = int(time.time())
        times = {"iat": now, "exp": now + self.lasts_s}
        claims = {"iss": self.url, "aud": self.audience, "sub": CLIENT, "scope": "kafka", **times}
        token = jwt.encode(claims, self._key, "RS256", {"kid": "1"})
        return 200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": self.lasts_s}).encode()


class _Handler(Quiet, BaseHTTPRequestHandler):
    def __init__(self, server: TokenServer, *arguments: Any) -> None:
        self._server = server
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """The keys."""
        self._send(200, self._server.keys())

    def do_POST(self) -> None:
        """A token."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._send(*self._server.token(form, self.headers["Authorization"]))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self._server.token_url)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """A running one."""
    server = TokenServer()
    with serving(partial(_Handler, server)) as server.url:
        yield server


class OAuthKafka:
    """Clients that show a token reach `servers`; the broker's own listener stays plain."""

    def __init__(self, folder: Path, tokens: TokenServer) -> None:
        self.tokens = tokens
        port, guarded, controller = free_port(), free_port(), free_port()
        self.servers = f"127.0.0.1:{guarded}"
        plain, control = f"PLAINTEXT://127.0.0.1:{port}", f"CONTROLLER://127.0.0.1:{controller}"
        package = "org.apache.kafka.common.security.oauthbearer"
        self.broker = EmbeddedKafka(
            folder / "kafka",
            port,
            controller_port=controller,
            properties={
                "listeners": f"{plain},TOKENS://{self.servers},{control}",
                "advertised.listeners": f"{plain},TOKENS://{self.servers}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TOKENS:SASL_PLAINTEXT",
                "inter.broker.listener.name": "PLAINTEXT",
                "sasl.enabled.mechanisms": "OAUTHBEARER",
                "listener.name.tokens.oauthbearer.sasl.jaas.config": f"{package}.OAuthBearerLoginModule required;",
                "listener.name.tokens.oauthbearer.sasl.server.callback.handler.class": (
                    f"{package}.OAuthBearerValidatorCallbackHandler"
                ),
                "listener.name.tokens.oauthbearer.connections.max.reauth.ms": 3_600_000,
                "sasl.oauthbearer.jwks.endpoint.url": f"{tokens.url}/keys",
                "sasl.oauthbearer.expected.audience": AUDIENCE,
                "sasl.oauthbearer.expected.issuer": tokens.url,
            },
        )

    def start(self) -> None:
        """Start, serve and have the topics. The JVM asks nobody for keys whom it is not told of."""
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.tokens.url}/keys"
        with patch.dict(os.environ, {"JAVA_TOOL_OPTIONS": allowed}):
            self.broker.start()
        self.broker.wait_ready()
        ensure_topics(TopicsSettings(**self.settings()))

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Fields of a settings class."""
        return {
            "kafka_bootstrap_servers": self.servers,
            "kafka_security_protocol": "SASL_PLAINTEXT",
            "kafka_sasl_mechanism": "OAUTHBEARER",
            "kafka_username": CLIENT,
            "kafka_password": SECRET,
            "kafka_oauth_token_url": self.tokens.token_url,
            "kafka_oauth_scope": "kafka",
            **changes,
        }


@contextmanager
def oauth_kafka(folder: Path) -> Iterator[OAuthKafka]:
    """A running one with topics, and its provider."""
    with token_server() as tokens:
        kafka = OAuthKafka(folder, tokens)
        try:
            kafka.start()
            yield kafka
        finally:
            kafka.broker.stop()
