"""For operators and machines: models, health, metrics."""

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from sightline_common.management import readiness_document
from sightline_gateway import documents
from sightline_gateway.models import list_models
from sightline_gateway.openapi import problems
from sightline_gateway.problems import require_ready
from sightline_gateway.state import TheGateway

router = APIRouter(tags=["operations"])


@router.get("/v1/models", summary="Installed models", responses={200: {"model": documents.Models}})
async def read_models(gateway: TheGateway) -> JSONResponse:
    """Read from the models folder at each call, so that a new bundle shows at once."""
    settings = gateway.settings
    found = await asyncio.to_thread(list_models, settings.models_dir, settings.default_model)
    return JSONResponse({"models": found})


@router.get("/healthz", summary="Whether the process answers")
async def read_health() -> dict[str, bool]:
    """Always 200: a gateway without Kafka is not ready, but restarting it would not help."""
    return {"healthy": True}


@router.get(
    "/readyz",
    summary="Whether images can be accepted and results read",
    responses={
        200: {"description": "Ready", "model": documents.Readiness},
        **problems("not-ready"),
    },
)
async def read_readiness(gateway: TheGateway) -> JSONResponse:
    """One check a dependency. A gateway that is not ready answers with a problem document, which has them as well."""
    checks = gateway.readiness()
    require_ready(checks)
    return JSONResponse(readiness_document(checks)[1])


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def read_metrics(gateway: TheGateway) -> Response:
    """Text exposition format."""
    payload: Any = generate_latest(gateway.metrics.registry)
    return Response(payload, media_type=CONTENT_TYPE_LATEST)
