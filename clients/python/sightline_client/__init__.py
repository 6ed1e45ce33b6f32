"""Images to Sightline, labels back: `Client` for plain programs, `AsyncClient` for asyncio."""

from sightline_client.async_client import AsyncClient
from sightline_client.client import Client
from sightline_client.documents import ErrorInfo, ModelRef, Prediction, Result, Timing, Uploaded
from sightline_client.errors import NoResultYet, Refused, SightlineError, UnexpectedAnswer, Unreachable, UnreadableImage
from sightline_client.events import Event
from sightline_client.parallel import Outcome

__all__ = [
    "AsyncClient",
    "Client",
    "ErrorInfo",
    "Event",
    "ModelRef",
    "NoResultYet",
    "Outcome",
    "Prediction",
    "Refused",
    "Result",
    "SightlineError",
    "Timing",
    "UnexpectedAnswer",
    "Unreachable",
    "UnreadableImage",
    "Uploaded",
]
