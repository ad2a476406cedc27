"""Read the typed line, check what can be checked at once, enter the project's own Python, do it.

Everything up to `run` is done by whatever Python was started, so these modules and the top of every command
module import the standard library only: help and a wrongly typed line must not wait for an installation.
"""

import argparse
import importlib
import io
import sys
from pathlib import Path
from typing import Protocol, cast

from commands import bootstrap
from commands.catalogue import COMMANDS, Command, find_command
from commands.parsing import ChineseParser, Subparsers
from commands.problems import CommandProblem, sentence
from db.disk import is_disk_full
from db.errors import DiskFull, StartupProblem
from db.location import Location
from db.wordless import describe, new_reference

EPILOG = "每条命令自己的说明：python3 manage.py 命令 --help"


class CommandModule(Protocol):
    """What every module of a command offers; `preflight(args)` may be there too."""

    def add_parser(self, subparsers: Subparsers) -> None:
        """Declare the command's options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it and return the exit code."""


def main(argv: list[str]) -> int:
    """Carry out one typed line and return the exit code."""
    _let_the_console_speak_chinese()
    if not argv:
        build_parser().print_help()
        return 2
    try:
        return _carry_out(argv)
    except (CommandProblem, StartupProblem) as problem:
        print(sentence(problem), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # its words may be a child's, so only its class and place are told
        folder = _data_dir(argv)
        if is_disk_full(error, folder):
            print(sentence(DiskFull(folder)), file=sys.stderr)
            return 1
        print(f"出了错，请把下面这一行告诉做维护的人：\n{new_reference()}: {describe(error)}", file=sys.stderr)
        return 1


def build_parser(wanted: str | None = None) -> ChineseParser:
    """Build the tree of commands; only the wanted one is imported, the others stand there with their line of help."""
    parser = ChineseParser(prog="manage.py", description="关爱室：浏览器以外的事都在这里做。", epilog=EPILOG)
    subparsers = parser.add_subparsers(
        dest="command", metavar="命令", title="可以做的事", required=True, parser_class=ChineseParser
    )
    for command in COMMANDS:
        if command.name == wanted:
            load(command).add_parser(subparsers)
        else:
            subparsers.add_parser(command.name, help=command.help)
    return parser


def parse(argv: list[str]) -> argparse.Namespace:
    """Read the typed line; words for another program are kept in `args.rest`."""
    names = {command.name for command in COMMANDS}
    parser = build_parser(next((word for word in argv if word in names), None))
    args, rest = parser.parse_known_args(argv)
    if rest and not find_command(args.command).passes_on:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    args.rest = rest
    return args


def load(command: Command) -> CommandModule:
    """Import the module of a command."""
    return cast(CommandModule, importlib.import_module(command.module))


def _carry_out(argv: list[str]) -> int:
    args = parse(argv)
    command = find_command(args.command)
    module = load(command)
    if preflight := getattr(module, "preflight", None):
        preflight(args)
    bootstrap.enter(argv, needs_dev=command.needs_dev)
    return module.run(args)


def _data_dir(argv: list[str]) -> Path:
    return Location.from_environment(getattr(parse(argv), "data", None)).data_dir


def _let_the_console_speak_chinese() -> None:
    """Keep a console that cannot write Chinese from ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
