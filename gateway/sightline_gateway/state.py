"""What the routes share, held by the application and reached through the request."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from sightline_common.management import ReadinessCheck
from sightline_gateway.body import Bodies
from sightline_gateway.metrics import Metrics
from sightline_gateway.pictures.pictures import Pictures
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.uploads import Uploads
from sightline_gateway.view.view import ResultsView


@dataclass(frozen=True, slots=True)
class Gateway:
    """The objects that `create_app` wires."""

    settings: GatewaySettings
    metrics: Metrics
    bodies: Bodies
    uploads: Uploads
    view: ResultsView
    pictures: Pictures
    readiness: ReadinessCheck


async def gateway_of(request: Request) -> Gateway:
    """The gateway that `request` came to. Asynchronous, because FastAPI would send a plain function to a thread."""
    return cast("Gateway", request.app.state.gateway)


TheGateway = Annotated[Gateway, Depends(gateway_of)]
