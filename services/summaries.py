"""Summing up a stretch of a case: what changed and what is next; what was done is counted from the records (I-04)."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import Case, StageSummary, StageSummaryVersion
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.case_papers import find_to_write, lock_paper
from services.case_rhythms import SUMMARY_EVERY
from services.errors import NotFound
from services.fields import LONG, Checker


@dataclass(frozen=True, slots=True)
class SummaryEntry:
    """A summary as typed: the first and last day it is about, the words, and when the next one is due."""

    from_on: date | None
    to_on: date | None
    changed: str | None
    next_steps: str | None
    next_on: date | None


@permitted(Permission.CASE_READ)
def write_summary(session: Session, actor: Actor, *, case_id: int, entry: SummaryEntry) -> int:
    """Sum up a stretch of a case; return the summary's id (I-04).

    Raises:
        NotFound: there is no such case this actor may open.
        NotAllowed: it is somebody else's case.
        CaseClosed: the case is closed.
        FieldErrors: a part is missing or can't be, or the days were summed up already.
    """
    case, _ = find_to_write(session, actor, case_id, is_new=True)
    changed, next_steps = _check(session, case, entry)
    row = StageSummary(
        case_id=case_id,
        from_on=entry.from_on or clock.today(),
        to_on=entry.to_on or clock.today(),
        next_on=entry.next_on or clock.today(),
        written_by_id=actor.id_of_staff,
        written_at=clock.now(),
    )
    _put(row, changed, next_steps)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.SUMMARY_WRITTEN, target=row, student_id=case.student_id)
    return row.id or 0


@permitted(Permission.CASE_READ)
def amend_summary(session: Session, actor: Actor, *, summary_id: int, version: int, entry: SummaryEntry) -> None:
    """Put a summary right; how it stood before is kept (F-10).

    Raises:
        NotFound: there is none in a case this actor may open.
        NotAllowed: it is somebody else's case.
        FieldErrors: a part is missing or can't be, or the days were summed up in another one.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    found = session.get(StageSummary, summary_id)
    if found is None:
        raise NotFound
    case, _ = find_to_write(session, actor, found.case_id, is_new=False)
    changed, next_steps = _check(session, case, entry, before=found)
    row = lock_paper(session, StageSummary, summary_id, version=version, stored=as_stored)
    kept = StageSummaryVersion(
        summary_id=summary_id, number=row.version - 1, ended_at=clock.now(), ended_by_id=actor.user_id
    )
    content = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in as_stored(row).items()
        if name not in ("id", "version")
    }
    seal(kept, "content_sealed", json.dumps(content, ensure_ascii=False))
    session.add(kept)
    row.from_on = entry.from_on or row.from_on
    row.to_on = entry.to_on or row.to_on
    row.next_on = entry.next_on or row.next_on
    _put(row, changed, next_steps)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.SUMMARY_AMENDED, target=row, student_id=case.student_id)


def as_stored(row: StageSummary) -> dict[str, object]:
    """Return a summary as its form names its fields."""
    return {
        "id": row.id,
        "version": row.version,
        "from_on": row.from_on,
        "to_on": row.to_on,
        "changed": unseal(row, "changed_sealed"),
        "next_steps": unseal(row, "next_sealed"),
        "next_on": row.next_on,
    }


def _put(row: StageSummary, changed: str, next_steps: str) -> None:
    seal(row, "changed_sealed", changed)
    seal(row, "next_sealed", next_steps)


def _check(session: Session, case: Case, entry: SummaryEntry, *, before: StageSummary | None = None) -> tuple[str, str]:
    check, today = Checker(), clock.today()
    opened_on = clock.local(case.opened_at).date()
    for name, day in (("from_on", entry.from_on), ("to_on", entry.to_on), ("next_on", entry.next_on)):
        if day is None:
            check.add(name, "required")
    if entry.from_on and entry.from_on < opened_on:
        check.add("from_on", "before_case", day=opened_on)
    check.not_future("to_on", entry.to_on, today=today)
    if entry.from_on and entry.to_on and entry.to_on < entry.from_on:
        check.add("to_on", "ends_first")
    changed = check.required_text("changed", entry.changed, limit=LONG)
    next_steps = check.required_text("next_steps", entry.next_steps, limit=LONG)
    _check_next(session, check, entry, before)
    check.finish()
    _check_overlap(session, check, case, entry, before)
    check.finish()
    return changed, next_steps


def _check_next(session: Session, check: Checker, entry: SummaryEntry, before: StageSummary | None) -> None:
    """The next one is after today, and no later than the clause's number of days; a day that stood there may stay."""
    day, today = entry.next_on, clock.today()
    if day is None or (before is not None and day == before.next_on and (entry.to_on is None or day > entry.to_on)):
        return
    most = load_calendar(session).numbers.on(SUMMARY_EVERY, today)
    if day <= today or (entry.to_on is not None and day <= entry.to_on):
        check.add("next_on", "not_after_today", day=day)
    elif day > today + timedelta(days=most):
        check.add("next_on", "next_too_late", days=most, day=today + timedelta(days=most))


def _check_overlap(
    session: Session, check: Checker, case: Case, entry: SummaryEntry, before: StageSummary | None
) -> None:
    row = StageSummary
    another = session.exec(
        select(row)
        .where(
            row.case_id == case.id,
            col(row.id) != (before.id if before else 0),
            col(row.from_on) <= entry.to_on,
            col(row.to_on) >= entry.from_on,
        )
        .order_by(col(row.to_on).desc())
    ).first()
    if another is not None:
        check.add("from_on", "summed_up_already", day=another.to_on)
