"""`check`: how the code is written, and whether its types fit."""

import argparse
import os
import sys

from commands.parsing import Subparsers, command_parser
from commands.processes import PROJECT_DIR, run_through

CHECKS = (
    ("写法", ["ruff", "check", "."]),
    ("排版", ["ruff", "format", "--check", "."]),
    ("类型", ["mypy", "-p", "db", "-p", "services", "-p", "ui", "-p", "pages", "-p", "commands", "-p", "bench"]),
)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `check`."""
    command_parser(subparsers, "check")


def run(args: argparse.Namespace) -> int:
    """Run every check, also after one that found something; return 1 if any did."""
    return run_checks()


def run_checks() -> int:
    """Run every check and return 0 only if none found anything."""
    codes = []
    for title, command in CHECKS:
        print(f"== 检查{title}：{' '.join(command)}", flush=True)
        codes.append(run_through([sys.executable, "-m", *command], env=os.environ, cwd=PROJECT_DIR))
    return int(any(codes))
