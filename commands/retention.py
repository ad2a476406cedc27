"""`retention`: how many children's records have reached their term; nothing is removed from here."""

import argparse
import json
from typing import TYPE_CHECKING

from commands.parsing import Subparsers, command_parser

if TYPE_CHECKING:
    from services.retention import RetentionView


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `retention`."""
    parser = command_parser(subparsers, "retention", json=True)
    parser.add_argument("--preview", action="store_true", required=True, help="只看有多少到期，什么都不清")


def run(args: argparse.Namespace) -> int:
    """Tell numbers, no names; removing takes two persons, on the page."""
    from db.engine import use
    from db.location import Location
    from db.transactions import reading
    from db.upgrade import check_current, refuse_empty
    from services.actors import command_line
    from services.retention import find_retention

    location = Location.from_environment(args.data)
    refuse_empty(location)
    check_current(use(location))
    with reading() as session:
        view = find_retention(session, command_line())
    if args.json:
        print(json.dumps(_as_json(view), ensure_ascii=False))
    else:
        _tell(view)
    return 0


def _as_json(view: "RetentionView") -> dict[str, object]:
    return {
        "due": view.due_count,
        "whole": view.whole_count,
        "with_care_records": view.care_count,
        "kept": view.kept_count,
        "without_leaving_day": view.without_day,
        "years": {"register": view.years.register, "care": view.years.care, "grave": view.years.grave},
        "waiting_for_a_second_yes": view.run is not None and view.run.agreed_at is None,
        "unfinished": view.run.waiting if view.run is not None and view.run.agreed_at else 0,
    }


def _tell(view: "RetentionView") -> None:
    print(
        f"到期 {view.due_count} 个孩子：整个档案{_said(view.whole_count)}，有受理、个案的{_said(view.care_count)}；"
        f"到期但要留着{_said(view.kept_count)}。"
    )
    if None in (view.whole_count, view.care_count, view.kept_count):
        print("少于 5 个、会认出是谁的数不显示；关爱室负责人在网页“到期清理”里看得到。")
    if view.without_day:
        print(f"另有 {view.without_day} 个离校的孩子没写离校日子，算不出到期。")
    if view.run is not None:
        words = "还等第二个人点头。" if view.run.agreed_at is None else f"已经同意，还有 {view.run.waiting} 个没清完。"
        print(f"有一次清理{words}请到网页“到期清理”里办。")
    elif view.due_count:
        print("要清掉，请关爱室负责人或信息老师到网页“到期清理”里，请第二个人点头。")


def _said(count: int | None) -> str:
    """Return a number of children; None is so small a group that it would tell who."""
    return "几个（不显示）" if count is None else f" {count} 个"
