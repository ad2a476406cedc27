"""How each helper keeps what the clauses ask of pairs (area J): who is behind, who has never begun.

Counted is nothing here: these are the duties the clauses' own results hold, put together by whose they are.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from db.base import Labelled
from db.tables import AppUser, Helper, HelperKind
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.pairing.names import helper_name, helper_order
from services.regulations.compliance import StandingLine, lines_of, results_for, sees_numbers_only
from services.regulations.measures import measures
from services.regulations.populations import PAIR
from services.regulations.standings import Standing, Totals, totals_of


class Progress(Labelled):
    """How a helper keeps up."""

    NEVER_BEGUN = "never_begun", "还没有开始"
    BEHIND = "behind", "落下了"
    ON_TIME = "on_time", "都跟上了"


@dataclass(frozen=True, slots=True)
class HelperProgress:
    """One helper with the duties of the term so far, those of all its children together."""

    helper_id: int
    name: str
    kind: HelperKind
    children: int
    totals: Totals

    @property
    def progress(self) -> Progress:
        """Whether something is overdue or was missed, and whether anything was ever done."""
        if not self.totals.overdue and not self.totals.missed:
            return Progress.ON_TIME
        return Progress.BEHIND if self.totals.done else Progress.NEVER_BEGUN


def pair_clauses() -> list[str]:
    """Return the clauses whose duties are a helper's, about one child each."""
    return [
        each.clause_id
        for each in measures().values()
        if each.of.startswith(PAIR) and any(duty.by == "pair" for duty in each.duties)
    ]


@permitted(Permission.REGULATION_READ)
def list_progress(session: Session, actor: Actor, *, on: date | None = None) -> list[HelperProgress]:
    """Return every helper of whom something is asked, those most behind first; statements never grow with them.

    Who may see numbers only gets none. Nothing is asked while none of these clauses is in force.
    """
    found = _by_helper(session, actor, on or clock.today())
    if not found:
        return []
    rows = session.execute(
        select(col(Helper.id), helper_name(), col(Helper.kind))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .order_by(helper_order(), col(Helper.id))
    ).all()
    listed = [
        HelperProgress(
            helper_id, name, kind, len({each.subject_id for each in found[helper_id]}), totals_of(found[helper_id])
        )
        for helper_id, name, kind in rows
        if helper_id in found
    ]
    return sorted(listed, key=_most_behind)


def _most_behind(row: HelperProgress) -> tuple[bool, int, int]:
    return row.progress is not Progress.NEVER_BEGUN, -(row.totals.overdue + row.totals.missed), -row.totals.due


@permitted(Permission.REGULATION_READ)
def list_duties_of(session: Session, actor: Actor, *, helper_id: int, on: date | None = None) -> list[StandingLine]:
    """Return one helper's duties of the term with names, the worst first; none to who may see numbers only."""
    day = on or clock.today()
    wanted: Sequence[Standing] = _by_helper(session, actor, day).get(helper_id, ())
    return lines_of(session, actor, day, wanted) if wanted else []


def _by_helper(session: Session, actor: Actor, day: date) -> dict[int, list[Standing]]:
    found: dict[int, list[Standing]] = defaultdict(list)
    if sees_numbers_only(actor):
        return found
    for result in results_for(session, actor, day, pair_clauses()).values():
        for each in result.standings:
            if each.helper_id is not None:
                found[each.helper_id].append(each)
    return found
