"""`bench`: measure the program against Streamlit itself, and say which limits are met."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from commands.parsing import Subparsers, command_parser
from commands.problems import NoSuchPage, WrongNumberOfStudents
from commands.processes import PROJECT_DIR

if TYPE_CHECKING:
    from bench.figures import Figure
    from bench.measures import Stage
    from bench.school import School
    from bench.visits import Visit

FOLDER = PROJECT_DIR / "data-bench"
STUDENTS, LARGE = 5_000, 20_000


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `bench`."""
    parser = command_parser(subparsers, "bench", json=True)
    parser.add_argument("--students", metavar="人数", type=int, default=STUDENTS, help=f"多少名学生（默认 {STUDENTS}）")
    parser.add_argument("--large", action="store_true", help=f"再和 {LARGE} 名学生的学校比")
    parser.add_argument("--memory", action="store_true", help="再看用久了内存涨多少")
    parser.add_argument("--quick", action="store_true", help="少量几次，只看能不能跑，不写 RESULTS.md")
    parser.add_argument("--only", metavar="页面", help="只量这一页，例如 students，不写 RESULTS.md")
    parser.epilog = "编出来的学校留在 --data 的文件夹里（不写就是 data-bench），下次不用再编。真的数据不会碰。"


def run(args: argparse.Namespace) -> int:
    """Measure, print, and write the results down; 0 also where a limit is not met: that is a result.

    Raises:
        NoSuchPage: there is no page of this name.
        WrongNumberOfStudents: a school has more, or fewer.
    """
    from bench.servers import CLOCK

    os.environ["CARE_CLOCK"] = CLOCK  # before the clock is imported: the school is looked at on the day it was made
    from bench import report, school
    from bench.figures import PAIRS, QUICK_PAIRS
    from bench.measures import Stage
    from services.demonstration.filling import LEAST, MOST

    if not LEAST <= args.students <= MOST:
        raise WrongNumberOfStudents(LEAST, MOST)
    visits = chosen_visits(args.only)
    folder = Path(args.data or FOLDER)
    pairs = QUICK_PAIRS if args.quick else PAIRS
    with tempfile.TemporaryDirectory(prefix="care-bench-") as logs:
        _tell("数据")
        own = school.prepare(folder, args.students, visits)
        large = school.prepare(folder, LARGE, visits) if args.large else None
        figures = list(_measure(args, Stage(own, visits, Path(logs), pairs), large))
    facts = report.facts_of(students=args.students, large=LARGE if large else None, pairs=pairs)
    if args.json:
        print(json.dumps({"facts": facts, "figures": [each.as_json() for each in figures]}, ensure_ascii=False))
    else:
        print("\n".join([*facts, "", report.as_tables(figures)]))
    if not args.quick and not args.only:
        report.RESULTS.write_text(report.as_markdown(figures, facts=facts), "utf-8")
    return 0


def chosen_visits(only: str | None) -> "list[Visit]":
    """Return what is measured: every page, or one alone.

    Raises:
        NoSuchPage: there is no page of this name.
    """
    from bench.visits import list_visits

    every = list_visits()
    chosen = [visit for visit in every if only in (None, visit.page, visit.name)]
    if not chosen:
        raise NoSuchPage(only or "", sorted({visit.page for visit in every}))
    return chosen


def _measure(args: argparse.Namespace, stage: "Stage", large: "School | None") -> "Iterator[Figure]":
    from bench import measures

    _tell("每页问数据库几次")
    yield from measures.count_statements(stage)
    _tell("每一页")
    yield from measures.measure_pages(stage)
    if large is not None:
        _tell("人多以后")
        yield from measures.measure_growth(stage, large)
    _tell("很多人同时用")
    yield from measures.measure_crowd(stage)
    _tell("启动")
    yield from measures.measure_start(stage)
    _tell("制度的每一条")
    yield from measures.measure_clauses(stage, large)
    if args.memory:
        _tell("内存")
        yield from measures.measure_memory(stage)


def _tell(what: str) -> None:
    print(f"正在量：{what}…", file=sys.stderr, flush=True)
