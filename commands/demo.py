"""`demo`: fill an empty database with an invented school, to look at and to measure with."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from commands.parsing import Subparsers, command_parser
from commands.problems import DataThere, WrongNumberOfStudents

if TYPE_CHECKING:
    from services.demonstration.filling import Demonstration


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `demo`."""
    parser = command_parser(subparsers, "demo", json=True)
    parser.add_argument("--students", metavar="人数", type=int, default=1200, help="多少名学生（默认 1200）")
    parser.add_argument("--seed", metavar="数", type=int, default=7, help="同一天、同一个数，编出来的一样（默认 7）")


def run(args: argparse.Namespace) -> int:
    """Make the demonstration and say how to sign in.

    Raises:
        DataThere: somebody's data are here already.
        WrongNumberOfStudents: a school has more, or fewer.
    """
    from db.location import Location
    from db.transactions import transaction
    from db.upgrade import prepare
    from services.demonstration.filling import LEAST, MOST, NotEmpty, WrongSize, fill

    prepare(Location.from_environment(args.data))
    try:
        with transaction() as session:
            made = fill(session, students=args.students, seed=args.seed, progress=_tell_area)
    except NotEmpty as error:
        raise DataThere from error
    except WrongSize as error:
        raise WrongNumberOfStudents(LEAST, MOST) from error
    if args.json:
        print(json.dumps(_as_json(made), ensure_ascii=False))
    else:
        _tell(made)
    return 0


def _tell_area(area: str) -> None:
    print(f"正在编：{area}…", file=sys.stderr, flush=True)


def _as_json(made: "Demonstration") -> dict[str, object]:
    accounts = {role.value: username for role, username in made.accounts.items()}
    return {"school": made.school, "password": made.password, "accounts": accounts, "rows": made.rows}


def _tell(made: "Demonstration") -> None:
    print(f"{made.school}编好了，人和事全是假的。密码都是 {made.password}，账号：")
    for role, username in made.accounts.items():
        print(f"  {role.label}：{username}")
    print("看完请删掉这个文件夹，不要往里面录真的学生。")
