"""Filling an empty database with the invented school, all or nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session, func, select

from db.statistics import count_rows_anew
from db.tables import AppUser, Role, Student, SystemFact
from services import clock, setup
from services.demonstration import (
    checks,
    children,
    clauses,
    families,
    frozen_weeks,
    handovers,
    pairs,
    past,
    records,
    screening,
    staff,
    tiers,
    trail,
    worries,
)
from services.demonstration.names import Inventor
from services.demonstration.plan import GRADES, PASSWORD, SCHOOL, Plan
from services.demonstration.writer import Writer

LEAST, MOST = len(GRADES) * 3, 50_000
AREAS = {
    "老师和班级": staff.fill,
    "学生": children.fill,
    "家庭情况": families.fill,
    "受理和评估": worries.fill,
    "以前的记录": past.fill,
    "工作记录": records.fill,
    "档案和分级": tiers.fill,
    "四特排查": checks.fill,
    "心理筛查": screening.fill,
    "档案移交": handovers.fill,
    "结对帮扶": pairs.fill,
    "制度执行": clauses.fill,
}
TRAIL, FROZEN = "留痕", "定格的周"

Progress = Callable[[str], None]
"""Is told the area being filled."""


class NotEmpty(Exception):
    """Somebody's data are here already; a demonstration never stands beside them."""


class WrongSize(Exception):
    """Fewer children than a school has, or more than this is made for."""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What was made, and how to get in."""

    school: str
    password: str
    accounts: dict[Role, str]
    rows: dict[str, int]


def fill(session: Session, *, students: int, seed: int, progress: Progress | None = None) -> Demonstration:
    """Fill an empty database with a school of so many children, the same for the same seed and day.

    Raises:
        NotEmpty: there are accounts or children, or the installation is set up.
        WrongSize: as said.
    """
    if not LEAST <= students <= MOST:
        raise WrongSize
    _refuse_data(session)
    tell = progress or (lambda _area: None)
    plan = Plan(students, clock.today(), Inventor(seed))
    writer = Writer(session)
    for area, fill_area in AREAS.items():
        tell(area)
        fill_area(plan, writer)
    tell(TRAIL)
    events = trail.fill(plan, writer)
    writer.finish()
    count_rows_anew(session)
    tell(FROZEN)
    writer.counts["clause_week"] = frozen_weeks.fill(plan, writer)
    accounts = {person.role: person.username for person in reversed(plan.staff)}
    return Demonstration(
        SCHOOL, PASSWORD, {role: accounts[role] for role in Role}, writer.counts | {"audit_event": events}
    )


def _refuse_data(session: Session) -> None:
    people = session.exec(select(func.count()).select_from(AppUser)).one()
    known = session.exec(select(func.count()).select_from(Student)).one()
    if people or known or session.get(SystemFact, setup.CLAIMED) is not None:
        raise NotEmpty
    if (announced := session.get(SystemFact, setup.CLAIM_CODE)) is not None:
        session.delete(announced)
