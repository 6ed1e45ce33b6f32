"""Writes what follows from other files: `.env.example` from the settings classes, requirements/images from the lock,
docs/asyncapi.yaml from the contracts, the chart's values, schema and README from tools/chart.

`python -m tools.generate` writes them; with `--check` it writes nothing and exits 1 when one is out of date.
"""

import argparse
import sys
import textwrap
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings

from sightline_bridge.settings import BridgeSettings
from sightline_common.settings import PREFIX, ServiceSettings
from sightline_gateway.settings import GatewaySettings
from sightline_local.settings import LocalSettings
from sightline_spark.settings import ClassifierSettings
from sightline_topics.settings import AccessSettings, TopicsSettings
from tools import asyncapi, bridge_reference
from tools.chart.files import chart_files
from tools.chart.golden import golden_files
from tools.images.requirements import image_requirements
from tools.images.settings import ComposeSettings
from tools.observability import dashboards, metrics

ROOT: Final = Path(__file__).resolve().parents[1]
SECTIONS: Final[dict[str, type[BaseSettings]]] = {
    "Every process": ServiceSettings,
    "Gateway": GatewaySettings,
    "Bridge": BridgeSettings,
    "Classifier": ClassifierSettings,
    "Topics job": TopicsSettings,
    "Access job (users and rights on a secured Kafka)": AccessSettings,
    "The run on one machine (make up)": LocalSettings,
    "Containers (docker compose up)": ComposeSettings,
}
_HEAD: Final = """\
# Every setting with its default. Copy this file to .env and uncomment what you change.
# The environment wins over .env. `make gen` writes this file from the settings classes.
"""


def env_example() -> str:
    """The text of `.env.example`: each variable once, in the section of the first class that has it."""
    seen: set[str] = set()
    sections = []
    for title, kind in SECTIONS.items():
        fields = {name: field for name, field in kind.model_fields.items() if name not in seen}
        seen |= set(fields)
        lines = [_variable(name, field.description or "", field.default) for name, field in fields.items()]
        sections.append(f"\n# --- {title} ---\n\n" + "\n".join(lines))
    return _HEAD + "".join(sections)


def generated() -> dict[Path, str]:
    """The text of every generated file, by path."""
    return {
        ROOT / ".env.example": env_example(),
        metrics.PATH: metrics.page(),
        asyncapi.PATH: asyncapi.page(),
        bridge_reference.PATH: bridge_reference.page(),
        **dashboards.dashboard_files(),
        **image_requirements(),
        **chart_files(),
        **golden_files(),
    }


def _variable(name: str, description: str, default: object) -> str:
    comment = textwrap.fill(description, 118, initial_indent="# ", subsequent_indent="# ")
    return f"{comment}\n# {PREFIX}{name.upper()}={_text(default)}\n"


def _text(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, Path):
        return str(default.relative_to(ROOT)) if default.is_relative_to(ROOT) else str(default)
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def main() -> None:
    """Write what is out of date, or with `--check` only say so."""
    parser = argparse.ArgumentParser(description="Write the files that follow from code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    check = parser.parse_args().check
    stale = [path for path, text in generated().items() if _differs(path, text, check)]
    if check and stale:
        sys.exit(f"out of date: {', '.join(path.name for path in stale)}; run `make gen`")


def _differs(path: Path, text: str, check: bool) -> bool:
    differs = not path.exists() or path.read_text(encoding="utf-8") != text
    if differs and not check:
        path.write_text(text, encoding="utf-8")
    return differs


if __name__ == "__main__":
    main()
