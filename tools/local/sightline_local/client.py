"""The gateway's HTTP API as this tool uses it."""

from typing import Any, Self

import httpx

from sightline_local.samples import Sample

# On one machine everything answers at once, except a request that waits for a result.
_TIMEOUT_S = 5.0


class GatewayClient:
    """Talks to one gateway; a context manager."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        # No proxy of the environment stands between us and our own machine.
        self._http = httpx.Client(base_url=url, headers=authorization(api_key), timeout=_TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def not_ready(self) -> str | None:
        """Why the gateway is not ready, None when it is."""
        return readiness_problem(self._http, "/readyz")

    def classify(self, sample: Sample, wait_s: int, *, model: str | None = None, stream: str | None = None) -> Any:
        """Send a picture and wait for its result document; a pending document when it is late.

        Raises httpx.HTTPError when the gateway does not answer or refuses.
        """
        parameters = {name: value for name, value in (("model", model), ("stream", stream)) if value}
        headers = {"Content-Type": sample.content_type, "X-Image-Name": sample.name, "Prefer": f"wait={wait_s}"}
        answer = self._http.post(
            "/v1/images", params=parameters, content=sample.data, headers=headers, timeout=wait_s + _TIMEOUT_S
        )
        answer.raise_for_status()
        return answer.json()

    def recent(self, limit: int) -> list[Any]:
        """The newest result documents."""
        answer = self._http.get("/v1/images", params={"limit": limit})
        answer.raise_for_status()
        return list(answer.json()["images"])


def authorization(api_key: str | None) -> dict[str, str]:
    """The headers that show the key, if there is one."""
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def readiness_problem(http: httpx.Client, url: str) -> str | None:
    """Ask a readiness URL: None when ready, else the failing checks, or why there is no answer."""
    try:
        answer = http.get(url)
    except httpx.HTTPError:
        return "does not answer yet"
    if answer.status_code == httpx.codes.OK:
        return None
    checks = answer.json().get("checks", {})
    return ", ".join(f"{name}: {check['reason']}" for name, check in checks.items() if not check["ok"]) or "not ready"
