"""`handover`: whether a package of archives that was copied somewhere is whole, by its password."""

import argparse
import getpass
import json
import os
import sys
from pathlib import Path

from commands.parsing import Subparsers, command_parser
from commands.problems import FileUnreadable, PackageRefused

PASSWORD = "CARE_HANDOVER_PASSWORD"  # noqa: S105  the name of the variable, for other programs


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `handover`."""
    parser = command_parser(subparsers, "handover", json=True)
    parser.add_argument("file", metavar="文件", type=Path, help="移交包，以 .zip 结尾；不用先解开")


def preflight(args: argparse.Namespace) -> None:
    """Refuse a file that is not there, before anything is asked.

    Raises:
        FileUnreadable: as said.
    """
    if not args.file.is_file() or not os.access(args.file, os.R_OK):
        raise FileUnreadable(args.file)


def run(args: argparse.Namespace) -> int:
    """Look at every byte and return 0 only if all is as it was made; nothing is unpacked.

    Raises:
        FileUnreadable: the disk doesn't give it out.
        PackageRefused: the password is wrong, or the file was damaged or changed.
    """
    from services.exchange.packages import PackageUnreadable, open_package

    try:
        package = open_package(args.file, password=_ask())
    except PackageUnreadable as error:
        raise PackageRefused from error
    except OSError as error:
        raise FileUnreadable(args.file) from error
    count, children = len(package.files), package.head.get("人数", 0)
    if args.json:
        print(json.dumps({"is_whole": True, "files": count, "children": children}, ensure_ascii=False))
    else:
        print(f"完整，没有被改过：{package.head.get('学校', '')}移交的 {children} 个孩子，{count} 个文件都对得上。")
    return 0


def _ask() -> str:
    """Return the password: typed unseen, or by the environment, or what is piped in; never on the command line."""
    if given := os.environ.get(PASSWORD):
        return given
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass("移交包的密码（输入时不显示）：")
    return sys.stdin.readline().strip() if sys.stdin is not None else ""
