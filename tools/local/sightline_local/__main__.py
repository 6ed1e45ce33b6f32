"""`sightline-local`: all of Sightline on one machine, without containers."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError
from rich.console import Console

from sightline_bridge.errors import ConfigError
from sightline_common.settings import problems
from sightline_local.demo import demo
from sightline_local.down import down
from sightline_local.errors import LocalError
from sightline_local.kafka import EmbeddedKafka
from sightline_local.restart import RESTARTABLE, restart
from sightline_local.settings import Settings, forget_api_key, load_environment
from sightline_local.status import logs, status
from sightline_local.supervisor import Supervisor
from sightline_local.up import check, up

Command = Callable[[Settings, argparse.Namespace, Console], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status 0 on success, 1 with a message when it failed, 2 for a refused setting."""
    options = _parser().parse_args(arguments)
    console = Console(soft_wrap=True)
    try:
        load_environment()
        settings = Settings.load()
        forget_api_key()
        return _COMMANDS[options.command](settings, options, console)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except ConfigError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in error.problems)
        return 2
    except ValidationError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in problems(error))
        return 2
    except KeyboardInterrupt:
        if options.command in {"up", "demo"}:
            sys.stderr.write(
                "\nInterrupted. What was started keeps running: `make status` shows it, `make down` stops it.\n"
            )
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sightline-local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("check", help="look for what must be installed, and for taken ports")
    commands.add_parser("up", help="start everything; returns when an image comes back classified")
    commands.add_parser("down", help="stop everything")
    again = commands.add_parser("restart", help="stop programs and start them again; the bridge reads its file anew")
    again.add_argument("names", nargs="+", metavar="NAME", choices=RESTARTABLE, help=", ".join(RESTARTABLE))
    commands.add_parser("status", help="show what runs and whether it is ready")
    show = commands.add_parser("logs", help="show the programs' logs")
    show.add_argument("names", nargs="*", metavar="NAME", help="program; all when none is given")
    show.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    play = commands.add_parser("demo", help="up, then send photos and digits and show what comes back")
    play.add_argument("--no-follow", action="store_true", help="return after the table")
    commands.add_parser("broker", help="run only the Kafka broker, in the foreground")
    return parser


def _check(settings: Settings, _: argparse.Namespace, console: Console) -> int:
    check(settings, Supervisor(settings.state_dir))
    console.print("Everything that Sightline needs is there.")
    return 0


def _up(settings: Settings, _: argparse.Namespace, console: Console) -> int:
    up(settings, console)
    return 0


def _down(settings: Settings, _: argparse.Namespace, console: Console) -> int:
    down(settings, console)
    return 0


def _restart(settings: Settings, options: argparse.Namespace, console: Console) -> int:
    restart(settings, options.names, console)
    return 0


def _status(settings: Settings, _: argparse.Namespace, console: Console) -> int:
    return 0 if status(settings, console) else 1


def _logs(settings: Settings, options: argparse.Namespace, console: Console) -> int:
    def write(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    logs(settings, options.names, follow=options.follow, write=write)
    return 0


def _demo(settings: Settings, options: argparse.Namespace, console: Console) -> int:
    demo(settings, console, follow=not options.no_follow)
    return 0


def _broker(settings: Settings, _: argparse.Namespace, console: Console) -> int:
    broker = EmbeddedKafka(
        settings.state_dir / "kafka",
        settings.kafka_port,
        controller_port=settings.local.local_kafka_controller_port,
        max_record_bytes=settings.local.record_limit,
    )
    console.print(f"Kafka at {broker.bootstrap_servers}, data in {broker.data_dir}", highlight=False)
    broker.run_in_foreground()
    return 0


_COMMANDS: Mapping[str, Command] = {
    "check": _check,
    "up": _up,
    "down": _down,
    "restart": _restart,
    "status": _status,
    "logs": _logs,
    "demo": _demo,
    "broker": _broker,
}


if __name__ == "__main__":
    sys.exit(main())
