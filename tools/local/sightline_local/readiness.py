"""Says for each program of the run whether it does its work, and if not, what it waits for."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final, Self

import httpx

from sightline_local.client import GatewayClient, readiness_problem
from sightline_local.errors import LocalError
from sightline_local.ports import is_listening
from sightline_local.samples import drawn_zero
from sightline_local.settings import API_KEY, Settings
from sightline_local.supervisor import ProgramState

# Of one attempt; `up` tries again until its own deadline.
_FIRST_IMAGE_WAIT_S: Final = 10
_KEY_REFUSED: Final = (401, 403)


class Readiness:
    """Asks the programs of one run; a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._http = self._stack.enter_context(httpx.Client(timeout=5, trust_env=False))
        self._gateway = self._stack.enter_context(GatewayClient(settings.gateway_url, settings.api_key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def problem(self, state: ProgramState) -> str | None:
        """What the program waits for in a few words, None when it is ready."""
        if state.name == "topics":
            return None if state.done else "creates the topics"
        if state.state != "RUNNING":
            return state.state.lower()
        return self._checks[state.name]()

    def first_image_problem(self) -> str | None:
        """None once a picture sent over HTTP came back classified, else why it has not.

        Raises LocalError when it came back as failed, or our key is refused: waiting longer would not help.
        """
        try:
            result = self._gateway.classify(drawn_zero(), _FIRST_IMAGE_WAIT_S, stream="sightline-local")
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code in _KEY_REFUSED:
                raise LocalError(f"the gateway refuses {API_KEY}: {refused.response.json()['detail']}") from refused
            return f"the gateway answers {refused.response.status_code}: {refused.response.text[:200]}"
        except httpx.HTTPError as error:
            return f"the gateway does not answer: {error}"
        if result["status"] == "failed":
            why = result["error"]
            raise LocalError(f"the first image could not be classified: {why['code']}: {why['detail']}")
        return None if result["status"] == "classified" else "no result yet"

    @property
    def _checks(self) -> Mapping[str, Callable[[], str | None]]:
        bridge, classifier = self._settings.bridge, self._settings.classifier
        return {
            "broker": lambda: None if is_listening(self._settings.kafka_port) else "starts",
            "gateway": self._gateway.not_ready,
            "classifier": lambda: self._management(classifier.classifier_management_port),
            "bridge": lambda: self._management(bridge.bridge_management_port),
        }

    def _management(self, port: int) -> str | None:
        return readiness_problem(self._http, f"http://127.0.0.1:{port}/readyz")
