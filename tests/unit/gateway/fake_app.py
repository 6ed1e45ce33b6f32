"""The gateway without Kafka: accepts uploads and invents a result 300 ms later. For work on the console.

python -m tests.unit.gateway.fake_app [PORT]
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import uvicorn

from sightline_common.publisher import Ack
from sightline_contracts.images import ImageRecord
from sightline_contracts.results import ErrorInfo
from sightline_gateway.app import Doors, create_app
from sightline_gateway.metrics import Metrics
from sightline_gateway.protocol import limited_protocol
from sightline_gateway.settings import GatewaySettings
from sightline_gateway.view.store import Store
from sightline_gateway.view.view import ResultsView
from tests.unit.gateway.fakes import PARTITIONS, TOPIC, FakeImages, FakePublisher, FakeTopic, make_result

_DELAY_S = 0.3


class ClassifyingPublisher(FakePublisher):
    """A fake publisher whose records get a result after a while; the model `unknown` fails."""

    def __init__(self, view: ResultsView, next_offsets: dict[int, int] | None = None) -> None:
        super().__init__()
        self._topic = FakeTopic(view, next_offsets, self.origins)
        self._tasks: set[asyncio.Task[None]] = set()

    async def publish(self, record: ImageRecord) -> Ack:
        """Acknowledge and classify `record`."""
        ack = await super().publish(record)
        task = asyncio.create_task(self._classify(record))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return ack

    async def _classify(self, record: ImageRecord) -> None:
        await asyncio.sleep(_DELAY_S)
        unknown = record.model == "unknown"
        error = ErrorInfo("unknown-model", "there is no model 'unknown'") if unknown else None
        self._topic.append([make_result(record, version=None if unknown else "1", error=error)])


async def serve(port: int, folder: Path) -> None:
    """Serve on 127.0.0.1:`port` with the view in `folder` until stopped."""
    settings = GatewaySettings(
        gateway_state_dir=folder, models_dir=Path(os.environ.get("SIGHTLINE_MODELS_DIR", "models"))
    )
    store, metrics = Store(folder), Metrics()
    store.restart(TOPIC, dict.fromkeys(range(PARTITIONS), 0))
    view = ResultsView(store, metrics)
    view.start()
    publisher = ClassifyingPublisher(view)
    kafka = Doors(publisher, FakeImages(publisher))
    app = create_app(settings, kafka, view, metrics, lambda: {"fake": publisher.readiness()})
    config = uvicorn.Config(app, port=port, http=limited_protocol(), timeout_graceful_shutdown=1, access_log=False)
    await uvicorn.Server(config).serve()
    await app.state.gateway.pictures.close()


def main() -> None:
    """Serve on the port given as first argument, 8080 by default."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8080, Path(folder)))


if __name__ == "__main__":
    main()
