"""Reading the audit events: who did what about whom, as far as one may know, without a word of what was written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.base import Labelled
from db.tables import METADATA, AppUser, AuditEvent, Student
from services import audit, clock
from services.access import Permission, Scope, Subject, is_protection_leader, permitted, scopes_of
from services.actors import Actor
from services.audit import Action
from services.audit_words import AuditGroup, action_label, actions_of, details_in_words
from services.errors import FieldErrors, Problem
from services.exchange.writing import write_xlsx
from services.paging import page_there
from services.row_filters import sees_events, sees_students
from services.student_rights import ids_of

PAGE_SIZE = 50
MOST_LISTED, MOST_EXPORTED = 5_000, 50_000
SOME_CHILD = "一名学生"
_OF_ABUSE = frozenset({Action.ABUSE_MARKED.value, Action.ABUSE_UNMARKED.value, Action.ABUSE_REPORTED.value})
_CARE_WORK = ("referral.", "assessment.", "case.", "conference.", "record.")
COMMAND_LINE = "命令行"


class AuditPurpose(Labelled):
    """What a list of events leaves the program for."""

    INSPECTION = "inspection", "监督检查"
    QUESTION = "question", "查清一件事"
    ARCHIVE = "archive", "学校存档"


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Which events a list shows; nothing set means all one may know of. Both days are included."""

    actor_id: int | None = None
    group: AuditGroup | None = None
    student_id: int | None = None
    target_table: str | None = None
    target_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event, ready to show."""

    seq: int
    at: datetime
    who: str
    action: str
    child: str | None  # the name where the reader may know it, else that it is a child
    student_id: int | None
    details: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of events, the newest first."""

    rows: tuple[AuditRow, ...]
    total: int  # the newest MOST_LISTED at most
    has_older: bool  # beyond those
    page: int
    child: str | None  # whose events these are, where the filter names a child


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may have done something."""

    id: int
    name: str


@permitted(Permission.AUDIT_READ)
def list_events(
    session: Session, actor: Actor, *, filters: AuditFilters | None = None, page: int = 1, page_size: int = PAGE_SIZE
) -> AuditPage:
    """Return one page of the events this actor may know of, the newest first; two or three statements.

    Only the newest 5,000 can be leafed through: there are millions, and counting them would be the page's main work.
    """
    wanted = filters or AuditFilters()
    conditions = _conditions(actor, wanted)
    counted = select(AuditEvent.seq).where(*conditions).limit(MOST_LISTED + 1).subquery()
    found = session.exec(select(func.count()).select_from(counted)).one()
    total = min(found, MOST_LISTED)
    page = page_there(page, total=total, page_size=page_size)
    rows = session.execute(
        _detailed(actor)
        .where(*conditions)
        .order_by(col(AuditEvent.seq).desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    listed = tuple(_row(actor, *row) for row in rows)
    child = _name_of(session, actor, wanted.student_id) if wanted.student_id is not None else None
    return AuditPage(listed, total, found > MOST_LISTED, page, child)


@permitted(Permission.AUDIT_READ)
def list_people(session: Session, actor: Actor) -> list[Person]:
    """Return the people whose events this actor may ask for; nobody else for whom only sees the own ones."""
    if scopes_of(actor, Subject.AUDIT) <= {Scope.OWN}:
        return []
    columns: list[Any] = [AppUser.id, AppUser.display_name]
    rows = session.execute(select(*columns).order_by(col(AppUser.name_order), col(AppUser.id)))
    return [Person(number, name) for number, name in rows]


@permitted(Permission.AUDIT_READ)
def export_events(
    session: Session, actor: Actor, *, filters: AuditFilters, purpose: AuditPurpose | None
) -> "AuditExport":
    """Return the filtered events, ready to become a file; that they left is an event itself.

    Raises:
        FieldErrors: no purpose is given.
    """
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    conditions = _conditions(actor, filters)
    found = session.execute(
        _detailed(actor).where(*conditions).order_by(col(AuditEvent.seq).desc()).limit(MOST_EXPORTED)
    )
    rows = [_row(actor, *row) for row in found]
    audit.record(
        session, actor, audit.Action.EXPORT_MADE, list="audit", purpose=purpose.value, form="xlsx", count=len(rows)
    )
    return AuditExport(rows, _notes(actor, purpose, len(rows)))


@dataclass(frozen=True, slots=True)
class AuditExport:
    """Events that may leave the program, already noted; `content` is slow, so it belongs outside the transaction."""

    rows: Sequence[AuditRow]
    notes: Sequence[str]

    def content(self) -> bytes:
        """Return the file."""
        rows = [
            [row.seq, clock.local(row.at), row.who, row.action, row.child, row.details or None] for row in self.rows
        ]
        columns = ["序号", "时间", "谁", "做了什么", "关于", "说明"]
        return write_xlsx(rows, columns, sheet_name="操作记录", notes=self.notes)


def _notes(actor: Actor, purpose: AuditPurpose, count: int) -> Sequence[str]:
    who = f"{actor.display_name}（{actor.os_user}）" if actor.is_command_line else actor.display_name
    cut = f"记录太多，只有最近的 {MOST_EXPORTED:,} 条。" if count == MOST_EXPORTED else ""
    return (
        f"{who}于 {clock.local(clock.now()):%Y-%m-%d %H:%M} 导出，共 {count} 条，用途：{purpose.label}。{cut}",
        "只用于上面写的用途，用完请删除。",
    )


def _conditions(actor: Actor, filters: AuditFilters) -> list[ColumnElement[bool]]:
    conditions = [sees_events(actor)]
    if filters.actor_id is not None:
        conditions.append(col(AuditEvent.actor_id) == filters.actor_id)
    if filters.group is not None:
        conditions.append(col(AuditEvent.action).in_(actions_of(filters.group)))
    if filters.student_id is not None:
        conditions.append(col(AuditEvent.student_id).in_(ids_of(filters.student_id)))
        if not is_protection_leader(actor):  # else the number would tell of whom the nameless care work is
            is_other_work = and_(*(col(AuditEvent.action).not_like(f"{word}%") for word in _CARE_WORK))
            conditions.append(or_(is_other_work, col(AuditEvent.actor_id) == actor.user_id))
    if filters.target_table is not None:
        is_table = filters.target_table in METADATA.tables  # anything else may not even be sendable text
        conditions.append(col(AuditEvent.target_table) == filters.target_table if is_table else false())
    if filters.target_id is not None:
        conditions.append(col(AuditEvent.target_id) == filters.target_id)
    if filters.first_day is not None:
        conditions.append(col(AuditEvent.at) >= clock.at_school(filters.first_day, time.min))
    if filters.last_day is not None and filters.last_day < date.max:
        conditions.append(col(AuditEvent.at) < clock.at_school(filters.last_day + timedelta(days=1), time.min))
    return conditions


def _detailed(actor: Actor) -> Any:  # a select of more columns than the stubs know
    """Return events with who did it, and the child's name only where the reader may know it."""
    entry = aliased(Student)  # the chain keeps the id of an entry that was merged since
    kept = func.coalesce(col(entry.merged_into_id), col(entry.id))
    columns: list[Any] = [AuditEvent, AppUser.display_name, Student.name]
    return (
        select(*columns)
        .select_from(AuditEvent)
        .join(AppUser, col(AppUser.id) == col(AuditEvent.actor_id), isouter=True)
        .join(entry, col(entry.id) == col(AuditEvent.student_id), isouter=True)
        .join(Student, (col(Student.id) == kept) & sees_students(actor), isouter=True)
    )


def _row(actor: Actor, event: AuditEvent, name: str | None, child: str | None) -> AuditRow:
    """Return an event as this reader may know it; of suspected abuse, only that a referral was dealt with.

    Of others' care work only who leads it reads about whom it was, by name or by number (that stands in the address of
    its page), and how much was changed: an event without would else be known for a mark.
    """
    action = event.action
    is_care_work, is_leader = action.startswith(_CARE_WORK), is_protection_leader(actor)
    if action in _OF_ABUSE and not is_leader:
        action = Action.REFERRAL_CHANGED.value
    if is_care_work and not is_leader and event.actor_id != actor.user_id:
        child = None
    somebody = SOME_CHILD if is_care_work else f"{SOME_CHILD}（编号 {event.student_id}）"
    is_nameless = event.student_id is not None and child is None
    return AuditRow(
        seq=event.seq,
        at=event.at,
        who=name or (f"{COMMAND_LINE}（{event.actor_label}）" if event.actor_label else COMMAND_LINE),
        action=action_label(action),
        child=somebody if is_nameless else child,
        student_id=None if is_nameless and is_care_work else event.student_id,
        details=details_in_words(action, json.loads(event.details)) if is_leader or not is_care_work else "",
    )


def _name_of(session: Session, actor: Actor, student_id: int) -> str:
    name = session.exec(select(Student.name).where(Student.id == student_id, sees_students(actor))).first()
    return name or f"{SOME_CHILD}（编号 {student_id}）"
