"""Who opened a child's file, when, and why access was given; shown on the child's own page."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from db.sealing import unseal
from db.tables import AppUser, AuditEvent, ContactOpening, Referral, Student
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.audit import Action
from services.audit_words import list_label
from services.errors import NotFound
from services.paging import page_there
from services.row_filters import Grounds, sees_students
from services.student_rights import ids_of

PAGE_SIZE = 20


class OpenedWhat(StrEnum):
    """What of the child somebody read or took along."""

    FILE = "file"
    CONTACT = "contact"
    REFERRAL = "referral"
    CASE = "case"
    PRINT = "print"
    DROP_OUT = "drop_out"
    RECORD = "record"
    PLAN = "plan"
    OUTWARD = "outward"
    SCREENING = "screening"


_WHAT = {
    Action.STUDENT_OPENED.value: OpenedWhat.FILE,
    Action.CONTACT_OPENED.value: OpenedWhat.CONTACT,
    Action.REFERRAL_OPENED.value: OpenedWhat.REFERRAL,
    Action.CASE_READ.value: OpenedWhat.CASE,
    Action.EXPORT_MADE.value: OpenedWhat.PRINT,
    Action.DROP_OUT_OPENED.value: OpenedWhat.DROP_OUT,
    Action.RECORD_OPENED.value: OpenedWhat.RECORD,
    Action.PLAN_OPENED.value: OpenedWhat.PLAN,
    Action.OUTWARD_OPENED.value: OpenedWhat.OUTWARD,
    Action.SCREENING_OPENED.value: OpenedWhat.SCREENING,
}


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody opened the file, a referral or case, with a reason the phones, or printed a paper."""

    at: datetime
    who: str
    grounds: Grounds | None
    reason: str | None
    what: OpenedWhat
    paper: str  # of a print, which one


@dataclass(frozen=True, slots=True)
class OpeningPage:
    """One page of openings, the newest first."""

    rows: tuple[Opening, ...]
    total: int


@permitted(Permission.AUDIT_READ)
def list_openings(
    session: Session, actor: Actor, *, student_id: int, page: int = 1, page_size: int = PAGE_SIZE
) -> OpeningPage:
    """Return who opened a child's file, the newest first: the lead reads all of them, others their own.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
    """
    if session.exec(select(Student.id).where(Student.id == student_id, sees_students(actor))).first() is None:
        raise NotFound
    conditions = [_is_opening_of(student_id)]
    if Scope.OWN_OPENINGS_AND_CASES not in scopes_of(actor, Subject.AUDIT):
        conditions.append(col(AuditEvent.actor_id) == actor.user_id)
    total = session.exec(select(func.count()).select_from(AuditEvent).where(*conditions)).one()
    page = page_there(page, total=total, page_size=page_size)
    columns: list[Any] = [AuditEvent, AppUser.display_name, ContactOpening]
    rows = session.execute(
        select(*columns)
        .select_from(AuditEvent)
        .join(AppUser, col(AppUser.id) == col(AuditEvent.actor_id), isouter=True)
        .join(
            ContactOpening,
            (col(ContactOpening.id) == col(AuditEvent.target_id))
            & (col(AuditEvent.action) == Action.CONTACT_OPENED.value),
            isouter=True,
        )
        .where(*conditions)
        .order_by(col(AuditEvent.seq).desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return OpeningPage(tuple(_opening(*row) for row in rows), total)


def _is_opening_of(student_id: int) -> ColumnElement[bool]:
    """Return the filter on events; a referral counts to the child it was matched with since it was opened."""
    of_child = select(Referral.id).where(Referral.student_id == student_id)
    of_file = [action for action in _WHAT if action != Action.REFERRAL_OPENED.value]
    return or_(
        and_(col(AuditEvent.student_id).in_(ids_of(student_id)), col(AuditEvent.action).in_(of_file)),
        and_(
            col(AuditEvent.action) == Action.REFERRAL_OPENED.value,
            col(AuditEvent.target_table) == str(Referral.__tablename__),
            col(AuditEvent.target_id).in_(of_child),
        ),
    )


def _opening(event: AuditEvent, name: str | None, contact: ContactOpening | None) -> Opening:
    details = json.loads(event.details)
    grounds = details.get("grounds")
    return Opening(
        at=event.at,
        who=name or f"命令行（{event.actor_label}）",
        grounds=Grounds(grounds) if grounds else None,
        reason=unseal(contact, "reason_sealed") if contact else None,
        what=_WHAT[event.action],
        paper=list_label(str(details.get("list", ""))),
    )
