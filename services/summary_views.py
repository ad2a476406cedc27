"""The stage summaries of a case as its readers have them: what was done counted from the records (I-04, F-09)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_
from sqlmodel import Session, col, func, select

from db.base import JsonObject
from db.sealing import unseal
from db.tables import AppUser, CareKind, CareRecord, Case, StageSummary, StageSummaryVersion, Student
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.calendar import END_OF_SCHOOL_DAY, load_calendar
from services.case_papers import CaseHead, find_to_read
from services.case_rhythms import SUMMARY_EVERY
from services.errors import NotFound
from services.record_views import sees_records
from services.regulations.deadlines import Deadline, state_at
from services.summaries import as_stored

Done = Mapping[CareKind, int]
"""How often what was done, as far as the reader may know of it."""
DoneBySummary = dict[int, dict[CareKind, int]]


@dataclass(frozen=True, slots=True)
class SummaryView:
    """One summary."""

    id: int
    from_on: date
    to_on: date
    next_on: date
    changed: str | None
    next_steps: str | None
    done: Done | None  # None: this reader may not know of records
    written_by: str
    written_at: datetime
    is_amended: bool
    stored: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CaseSummaries:
    """A case's summaries, the latest first, and when the next one is due."""

    head: CaseHead
    summaries: tuple[SummaryView, ...]
    every_days: int

    @property
    def due(self) -> Deadline | None:
        """When the next one is due; None of a closed case."""
        if not self.head.is_open:
            return None
        due_at = clock.at_school(self.head.summary_due_on, END_OF_SCHOOL_DAY)
        return Deadline("I-04", due_at, state_at(due_at=due_at, done_at=None, now=clock.now()))

    @property
    def begin_on(self) -> date:
        """Where the next one would begin."""
        return max(self.head.opened_on, self.summaries[0].to_on + _ONE_DAY) if self.summaries else self.head.opened_on

    def find(self, summary_id: int) -> SummaryView | None:
        """Return one of them."""
        return next((each for each in self.summaries if each.id == summary_id), None)


@dataclass(frozen=True, slots=True)
class SummaryVersion:
    """How a summary stood before somebody amended it."""

    from_on: date
    to_on: date
    changed: str | None
    next_steps: str | None
    ended_at: datetime
    ended_by: str | None


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def list_summaries(session: Session, actor: Actor, *, case_id: int) -> CaseSummaries:
    """Return the summaries of a case; three statements.

    Raises:
        NotFound: there is no such case this actor may open.
    """
    head = find_to_read(session, actor, case_id)
    found = session.exec(
        select(StageSummary, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(StageSummary.written_by_id))
        .where(StageSummary.case_id == case_id)
        .order_by(col(StageSummary.to_on).desc(), col(StageSummary.id).desc())
    ).all()
    done: DoneBySummary | None = None
    if found and allows(actor, Permission.RECORD_READ):
        done = {}
        for summary_id, kind, count in session.execute(done_by_summary(actor, case_id)):
            done.setdefault(summary_id, {})[CareKind(kind)] = count
    return summaries_of(session, head, [(row, name) for row, name in found], done)


def summaries_of(
    session: Session, head: CaseHead, rows: Iterable[tuple[StageSummary, str]], done: DoneBySummary | None
) -> CaseSummaries:
    """Put together what was read, for who has asked the rest."""
    every = load_calendar(session).numbers.on(SUMMARY_EVERY, clock.today())
    return CaseSummaries(head, tuple(_view(row, name, done) for row, name in rows), every)


@permitted(Permission.CASE_READ)
def count_done(
    session: Session, actor: Actor, *, case_id: int, from_on: date | None, to_on: date | None
) -> Done | None:
    """Return what was done for the child of a case in these days, both included, by kind; two statements.

    Nothing where a day is missing, or this actor may not know of records.

    Raises:
        NotFound: there is no such case this actor may open.
    """
    head = find_to_read(session, actor, case_id)
    if from_on is None or to_on is None or not allows(actor, Permission.RECORD_READ):
        return None
    record = CareRecord
    found = session.execute(
        select(record.kind, func.count())
        .join(Student, col(Student.id) == col(record.student_id))
        .where(record.student_id == head.student_id, col(record.day).between(from_on, to_on), _counts(actor))
        .group_by(col(record.kind))
    ).all()
    return _in_order({CareKind(kind): count for kind, count in found})


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def list_summary_versions(session: Session, actor: Actor, *, summary_id: int) -> list[SummaryVersion]:
    """Return how a summary stood before each amendment, the latest first; three statements.

    Raises:
        NotFound: there is none in a case this actor may open.
    """
    row = session.get(StageSummary, summary_id)
    if row is None:
        raise NotFound
    find_to_read(session, actor, row.case_id)
    found = session.exec(
        select(StageSummaryVersion, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(StageSummaryVersion.ended_by_id), isouter=True)
        .where(StageSummaryVersion.summary_id == summary_id)
        .order_by(col(StageSummaryVersion.number).desc())
    ).all()
    return [_version(each, name) for each, name in found]


_ONE_DAY = date.resolution


def _view(row: StageSummary, written_by: str, done: DoneBySummary | None) -> SummaryView:
    return SummaryView(
        id=row.id or 0,
        from_on=row.from_on,
        to_on=row.to_on,
        next_on=row.next_on,
        changed=unseal(row, "changed_sealed"),
        next_steps=unseal(row, "next_sealed"),
        done=None if done is None else _in_order(done.get(row.id or 0, {})),
        written_by=written_by,
        written_at=row.written_at,
        is_amended=row.version > 1,
        stored=as_stored(row),
    )


def done_by_summary(actor: Actor, case_id: int) -> Any:  # a Select
    """Return what was done in the days of each summary of a case: its id, the kind, how often."""
    record = CareRecord
    return (
        select(StageSummary.id, record.kind, func.count().label("often"))
        .select_from(StageSummary)
        .join(Case, col(Case.id) == col(StageSummary.case_id))
        .join(
            record,
            and_(
                col(record.student_id) == col(Case.student_id),
                col(record.day).between(StageSummary.from_on, StageSummary.to_on),
            ),
        )
        .join(Student, col(Student.id) == col(record.student_id))
        .where(StageSummary.case_id == case_id, _counts(actor))
        .group_by(col(StageSummary.id), col(record.kind))
    )


def _counts(actor: Actor) -> Any:  # a condition
    return and_(col(CareRecord.is_done), col(CareRecord.withdrawn_at).is_(None), sees_records(actor))


def _in_order(done: Done) -> Done:
    return {kind: done[kind] for kind in CareKind if kind in done}


def _version(row: StageSummaryVersion, ended_by: str | None) -> SummaryVersion:
    content: JsonObject = json.loads(unseal(row, "content_sealed") or "{}")
    return SummaryVersion(
        from_on=date.fromisoformat(content["from_on"]),
        to_on=date.fromisoformat(content["to_on"]),
        changed=content.get("changed"),
        next_steps=content.get("next_steps"),
        ended_at=row.ended_at,
        ended_by=ended_by,
    )
