"""`sightline-topics`: exit 0 when all topics are as the contracts say, 1 with one line when they cannot be."""

import logging
import sys

from sightline_common.logging import configure_logging
from sightline_common.settings import load_settings
from sightline_topics.app import ensure_topics
from sightline_topics.errors import TopicsError
from sightline_topics.settings import TopicsSettings


def main() -> None:
    """Run the job once."""
    settings = load_settings(TopicsSettings, "sightline-topics", "Create and check Sightline's Kafka topics.")
    configure_logging(settings, "topics")
    try:
        ensure_topics(settings)
    except TopicsError as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - the message says it all
        sys.exit(1)


if __name__ == "__main__":
    main()
