"""Wires the gateway: one place where its objects meet."""

from pathlib import Path
from typing import Any, Final, NamedTuple

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp

from sightline_common.management import ReadinessCheck
from sightline_common.tracing import Tracing
from sightline_gateway.body import Bodies
from sightline_gateway.errors import add_error_door
from sightline_gateway.guard import session
from sightline_gateway.guard.described import describe_security
from sightline_gateway.guard.guard import guarded
from sightline_gateway.heads import HeadAsGet
from sightline_gateway.metrics import Metrics
from sightline_gateway.openapi import any_problem
from sightline_gateway.pictures.pictures import Pictures
from sightline_gateway.pictures.source import ImageSource
from sightline_gateway.routes import inference, operations, pages, results, uploads
from sightline_gateway.routes import pictures as picture_routes
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.state import Gateway
from sightline_gateway.uploads import ImagePublisher, Uploads
from sightline_gateway.view.view import ResultsView

_UNTRACED: Final = Tracing()
_ABOUT = """\
Upload images, get their labels.

An upload is answered once Kafka has the image on all in-sync replicas. Every error is an RFC 9457 problem document
whose `code` is stable and whose `type` leads to a page that says what to do.
"""


class _Guarded(FastAPI):
    """A FastAPI behind the guard."""

    def build_middleware_stack(self) -> ASGIApp:
        """Around all of the framework's own, whose answers to faults would else go without the guard's headers."""
        gateway: Gateway = self.state.gateway
        app = super().build_middleware_stack()
        if (tracer := self.state.tracing.tracer) is not None:
            # Behind the guard, so that a stranger makes no span.
            from sightline_gateway.tracing import Traced  # noqa: PLC0415 - it loads OpenTelemetry

            paths = [route.path_format for route in iter_route_contexts(self.routes) if route.path_format is not None]
            app = Traced(app, tracer, paths)
        return guarded(HeadAsGet(app), gateway.settings, gateway.metrics)

    def openapi(self) -> dict[str, Any]:
        """The framework's description, and what the guard asks for."""
        if self.openapi_schema is None:
            gateway: Gateway = self.state.gateway
            describe_security(super().openapi(), identifies=gateway.settings.identifies)
        return super().openapi()


class Doors(NamedTuple):
    """What the application wants of Kafka beside the results view."""

    publisher: ImagePublisher
    images: ImageSource


def create_app(
    settings: GatewaySettings,
    kafka: Doors,
    view: ResultsView,
    metrics: Metrics,
    readiness: ReadinessCheck,
    tracing: Tracing = _UNTRACED,
) -> FastAPI:
    """The application; starting and stopping what it is given, and closing its pictures, is the caller's."""
    app = _Guarded(
        title="Sightline",
        version="1",
        description=_ABOUT,
        docs_url=None,  # FastAPI's page loads scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,  # one spelling a path
        telemetry={"tracing": False, "metrics": False, "logs": False},  # ours cover uploads, and no probe or stream
        responses=any_problem(),
    )
    app.state.tracing = tracing
    app.state.gateway = Gateway(
        settings=settings,
        metrics=metrics,
        bodies=Bodies(settings),
        uploads=Uploads(settings, kafka.publisher, view, metrics, tracing),
        view=view,
        pictures=Pictures(settings, kafka.images, metrics),
        readiness=readiness,
    )
    modules = (uploads, results, picture_routes, inference, operations, session, pages)
    for module in modules:
        app.include_router(module.router)
    pages.mount_console(app, Path(__file__).parent / "console")
    app.add_middleware(uploads.ShortWay, gateway=app.state.gateway)
    add_error_door(app)
    return app
