"""`compliance`: how the clauses of the regulations stand on a day, as the page tells it."""

import argparse
import json
from datetime import date
from typing import TYPE_CHECKING

from commands.parsing import Subparsers, command_parser
from commands.problems import DayTooFar, DayUnreadable

if TYPE_CHECKING:
    from services.regulations.compliance import ClauseRow


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `compliance`."""
    parser = command_parser(subparsers, "compliance", json=True)
    parser.add_argument("--on", metavar="日期", help="哪一天的情况，写成 2026-10-30；不写就是今天")


def run(args: argparse.Namespace) -> int:
    """Print every clause there are records for: state, numbers, who answers for it; no child's name."""
    from db.engine import use
    from db.location import Location
    from db.transactions import reading
    from db.upgrade import check_current, refuse_empty
    from services import clock
    from services.actors import command_line
    from services.regulations.compliance import list_clauses

    day = _day(args.on)
    location = Location.from_environment(args.data)
    refuse_empty(location)
    check_current(use(location))
    with reading() as session:
        on = day or clock.today()
        rows = [
            each for each in list_clauses(session, command_line(), on=on, with_wholes=True) if each.state is not None
        ]
    if args.json:
        print(json.dumps({"date": on.isoformat(), "clauses": [_as_json(each) for each in rows]}, ensure_ascii=False))
    else:
        _tell(on, rows)
    return 0


def _day(text: str | None) -> date | None:
    from services.calendar import is_school_year

    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise DayUnreadable(text) from None
    if not is_school_year(day.year):
        raise DayTooFar(text)
    return day


def _as_json(row: "ClauseRow") -> dict[str, object]:
    totals = row.totals
    names = ("required", "done", "due", "overdue", "missed", "exempt")
    return {
        "id": row.clause.id,
        "kind": row.clause.kind.value,
        "state": row.state.value if row.state is not None else None,
        **{name: getattr(totals, name) if totals is not None else None for name in names},
        "responsible": row.responsible,
    }


def _tell(on: date, rows: list["ClauseRow"]) -> None:
    from services.regulations.catalogue import ClauseKind
    from services.regulations.words import STATE_WORDS

    print(f"{on:%Y-%m-%d} 的制度执行情况：")
    for row in rows:
        totals = row.totals
        if row.state is None or totals is None:
            continue
        if row.clause.kind is ClauseKind.COMPLETE:
            print(
                f"· {row.clause.id} （要写全 {totals.required:,}，齐全 {totals.done:,}，还缺 {totals.due:,}；"
                f"{row.responsible}）{row.clause.text}"
            )
            continue
        numbers = (
            f"应做 {totals.required:,}，已做 {totals.done:,}，待做 {totals.due:,}，逾期 {totals.overdue:,}，"
            f"漏做 {totals.missed:,}，免做 {totals.exempt:,}"
        )
        print(f"· {row.clause.id} {STATE_WORDS[row.state]}（{numbers}；{row.responsible}）{row.clause.text}")
