"""Archives, plans, cases and handovers: who has which, what was looked through, what must follow by when."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time, timedelta

from sqlalchemy import select
from sqlmodel import Session, col, func

from db.tables import (
    ArchiveLook,
    Case,
    CaseClosure,
    EnrolmentState,
    HandoverChild,
    HandoverPackage,
    PlanVersion,
    PsychArchive,
    StageSummary,
    Student,
    SupportPlan,
)
from services import clock
from services.calendar import END_OF_SCHOOL_DAY
from services.handover_rules import DAYS, due_on, is_special
from services.regulations.evaluators import Deed, Step, Stint
from services.regulations.facts.reach import Asked

_SUMMARY_EVERY = "I-04.summary_every_days"


def read_archives(session: Session, asked: Asked) -> dict[int, tuple[date, int]]:
    """Return since when each child has an archive, and which; one statement."""
    rows = session.execute(
        select(col(PsychArchive.student_id), col(PsychArchive.opened_on), col(PsychArchive.id)).where(
            col(PsychArchive.opened_on) <= asked.on, asked.reach.of_child(PsychArchive.student_id)
        )
    )
    return {student_id: (opened_on, row_id) for student_id, opened_on, row_id in rows}


def read_looks(session: Session, asked: Asked) -> dict[int, list[Deed]]:
    """Return the days on which a child's archive was gone through (F-08); one statement."""
    rows = session.execute(
        select(col(PsychArchive.student_id), col(ArchiveLook.day), col(ArchiveLook.recorded_at), col(ArchiveLook.id))
        .join(PsychArchive, col(PsychArchive.id) == col(ArchiveLook.archive_id))
        .where(col(ArchiveLook.day) >= asked.since, asked.reach.of_child(PsychArchive.student_id))
    )
    found: dict[int, list[Deed]] = defaultdict(list)
    for student_id, day, at, row_id in rows:
        found[student_id].append(Deed(day, clock.local(at).date(), True, row_id))
    return found


def read_plans(session: Session, asked: Asked) -> dict[int, list[Stint]]:
    """Return when each child had a plan in force (F-05); one statement."""
    rows = session.execute(
        select(col(SupportPlan.student_id), col(PlanVersion.in_force_at), col(PlanVersion.ended_at))
        .join(PlanVersion, col(PlanVersion.plan_id) == col(SupportPlan.id))
        .where(col(PlanVersion.in_force_at).is_not(None), asked.reach.of_child(SupportPlan.student_id))
    )
    found: dict[int, list[Stint]] = defaultdict(list)
    for student_id, begun_at, ended_at in rows:
        begun = clock.local(begun_at).date()
        # A version that gives way to the next on one day leaves no day without a plan.
        ended = clock.local(ended_at).date() if ended_at is not None else None
        found[student_id].append(Stint(begun, ended))
    return found


def read_summaries(session: Session, asked: Asked) -> Iterator[Step]:
    """Yield each time a case was, or is, to be summed up (I-04): anew from when it was opened again; two statements."""
    reopened = (
        select(func.max(col(CaseClosure.reopened_at)))
        .where(
            col(CaseClosure.case_id) == col(Case.id),
            col(CaseClosure.reopened_at) < clock.at_school(asked.on + timedelta(days=1), time(0)),
        )
        .correlate(Case)
    )
    cases = session.execute(
        select(
            col(Case.id), col(Case.student_id), col(Case.opened_at), col(Case.closed_at), reopened.scalar_subquery()
        ).where(asked.reach.of_child(Case.student_id))
    ).all()
    told: dict[int, list[tuple[date, date, date]]] = defaultdict(list)
    columns = (
        col(StageSummary.case_id),
        col(StageSummary.to_on),
        col(StageSummary.next_on),
        col(StageSummary.written_at),
    )
    rows = session.execute(
        select(*columns)
        .where(col(StageSummary.to_on) <= asked.on)
        .order_by(col(StageSummary.to_on), col(StageSummary.id))
    )
    for case_id, to_on, next_on, written_at in rows:
        if (written_on := clock.local(written_at).date()) <= asked.on:
            told[case_id].append((to_on, next_on, written_on))
    for case_id, student_id, opened_at, closed_at, reopened_at in cases:
        begun = clock.local(reopened_at or opened_at).date()
        if begun <= asked.on:
            closed = clock.local(closed_at).date() if closed_at is not None else None
            for step in _summed_up(asked, case_id, begun, closed, told.get(case_id, [])):
                yield step._replace(excused_as=student_id)


def _summed_up(
    asked: Asked, case_id: int, begun: date, closed: date | None, told: list[tuple[date, date, date]]
) -> Iterator[Step]:
    since, due = begun, begun + timedelta(days=asked.frame.numbers.on(_SUMMARY_EVERY, begun))
    for to_on, next_on, written_on in told:
        if to_on >= begun:
            if due >= asked.since:
                yield _summary(case_id, since, due, written_on)
            since, due = to_on, next_on
    if closed is None or closed > asked.on:
        yield _summary(case_id, since, due, None)


def _summary(case_id: int, since: date, due: date, done: date | None) -> Step:
    return Step(
        case_id, case_id, clock.at_school(since, time(12)), clock.at_school(due, END_OF_SCHOOL_DAY),
        clock.at_school(done, time(0)) if done is not None else None,
    )  # fmt: skip


def read_handovers(session: Session, asked: Asked) -> Iterator[Step]:
    """Yield the 四特 archives of who has graduated, and when they were handed over (F-12); one statement."""
    handed = (
        select(func.min(col(HandoverPackage.handed_on)))
        .join(HandoverChild, col(HandoverChild.package_id) == col(HandoverPackage.id))
        .where(col(HandoverChild.student_id) == col(Student.id), col(HandoverPackage.withdrawn_at).is_(None))
        .correlate(Student)
        .scalar_subquery()
    )
    rows = session.execute(
        select(col(Student.id), col(Student.left_on), col(PsychArchive.id), handed)
        .join(PsychArchive, col(PsychArchive.student_id) == col(Student.id))
        .where(
            col(Student.state) == EnrolmentState.GRADUATED,
            col(Student.merged_into_id).is_(None),
            col(Student.left_on).between(asked.since - timedelta(days=92), asked.on),  # the summer before, too
            is_special(),
            asked.reach.of_child(Student.id),
        )
    )
    for student_id, left_on, archive_id, handed_on in rows:
        due = due_on(left_on, asked.frame.numbers.on(DAYS, left_on))
        yield Step(
            student_id, archive_id, clock.at_school(left_on, time(12)), clock.at_school(due, END_OF_SCHOOL_DAY),
            clock.at_school(handed_on, time(0)) if handed_on is not None else None,
        )  # fmt: skip
