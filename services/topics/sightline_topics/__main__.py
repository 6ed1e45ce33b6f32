"""`sightline-topics` and `sightline-access`: exit 0 when all is as it has to be, 1 with one line when it cannot be."""

import logging
import sys
from collections.abc import Callable
from typing import TypeVar

from sightline_common.logging import configure_logging
from sightline_common.settings import load_settings
from sightline_topics.access import ensure_access
from sightline_topics.app import ensure_topics
from sightline_topics.errors import TopicsError
from sightline_topics.settings import AccessSettings, JobSettings, TopicsSettings

S = TypeVar("S", bound=JobSettings)


def main() -> None:
    """Create and check the topics, once."""
    _run(TopicsSettings, ensure_topics, "topics", "Create and check Sightline's Kafka topics.")


def access() -> None:
    """Create the users and their rights, once."""
    _run(AccessSettings, ensure_access, "access", "Give Sightline's Kafka users their passwords and rights.")


def _run(kind: type[S], job: Callable[[S], None], name: str, purpose: str) -> None:
    settings = load_settings(kind, f"sightline-{name}", purpose)
    configure_logging(settings, name)
    try:
        job(settings)
    except TopicsError as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - the message says it all
        sys.exit(1)


if __name__ == "__main__":
    main()
