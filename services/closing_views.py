"""The closings of a case as somebody may read them, and a request as whoever answers it does (I-25)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from db.aliases import shared_alias
from db.sealing import unseal
from db.tables import (
    AppUser,
    Case,
    CaseClosure,
    ClassMembership,
    ClosingOutcome,
    ClosingState,
    Referral,
    Role,
    SchoolClass,
    Severity,
    Student,
)
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.classes import class_label
from services.closing_checks import CheckLine, check_columns, labels_of, lines_of
from services.closings import find_waiting, who_answers
from services.errors import NotFound
from services.kept_statements import kept_for_asker
from services.row_filters import sees_cases, sees_students
from services.students import is_in_class


@dataclass(frozen=True, slots=True)
class ClosureView:
    """One time a case was to be closed: what was asked, the answer, the look afterwards, and the way back."""

    id: int
    version: int
    state: ClosingState
    outcome: ClosingOutcome
    reason: str | None
    missing: tuple[str, ...]
    despite: str | None
    follow_up_on: date | None
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    followed_on: date | None
    follow_up: str | None
    reopened_at: datetime | None
    reopened_by: str | None
    reopen_reason: str | None

    @property
    def counts(self) -> bool:
        """Whether the case is closed by it."""
        return self.state is ClosingState.AGREED and self.reopened_at is None


@dataclass(frozen=True, slots=True)
class CaseClosing:
    """Where closing a case stands for its reader."""

    closures: tuple[ClosureView, ...]  # the latest first
    checks: tuple[CheckLine, ...]  # of a case that is open
    answerers: tuple[str, ...]  # whose yes a request waits for
    may_close: bool  # ask, take back, open again, write the follow-up down
    may_answer: bool

    @property
    def waiting(self) -> ClosureView | None:
        """What waits for an answer."""
        return next((each for each in self.closures if each.state is ClosingState.WAITING), None)

    @property
    def standing(self) -> ClosureView | None:
        """What the case is closed by."""
        return next((each for each in self.closures if each.counts), None)


@dataclass(frozen=True, slots=True)
class ClosingRequest:
    """A request as whoever answers it reads it, and no more of the case."""

    closure: ClosureView
    child: str | None  # where the reader may know the name
    class_label: str | None
    severity: Severity
    owner_name: str
    opened_at: datetime


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def find_closing(session: Session, actor: Actor, *, case_id: int) -> CaseClosing:
    """Return where closing a case stands; one statement, and who answers where it waits.

    Raises:
        NotFound: there is no case this actor may open.
    """
    found = session.execute(_asked_of_case(actor), {"case_id": case_id}).all()
    if not found:
        raise NotFound
    rows, case, is_protected = [row for row in found if row[0]], found[0].Case, found[0].is_suspected_abuse
    asked_by = [row[0].asked_by_id for row in rows if row[0].state is ClosingState.WAITING]
    answerers = (
        who_answers(session, actor, asked_by_id=asked_by[0], is_protected=bool(is_protected)) if asked_by else ()
    )
    is_mine = actor.has_role(Role.LEAD) or case.owner_id == actor.user_id
    return CaseClosing(
        closures=tuple(_view(row) for row in rows),
        checks=lines_of(actor, found[0]) if case.closed_at is None else (),
        answerers=tuple(name for _, name in answerers),
        may_close=is_mine and allows(actor, Permission.CASE_READ),
        may_answer=any(user_id == actor.user_id for user_id, _ in answerers),
    )


@kept_for_asker
def _asked_of_case(actor: Actor) -> Any:  # a select of more columns than the stubs know
    columns: list[Any] = [*_columns(), Case, Referral.is_suspected_abuse, *check_columns(actor)]
    return _with_names(
        select(*columns)
        .select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(CaseClosure, col(CaseClosure.case_id) == col(Case.id), isouter=True)
    ).where(Case.id == bindparam("case_id"), sees_cases(actor))


@permitted(Permission.CASE_CLOSE)
def find_request(session: Session, actor: Actor, *, closing_id: int) -> ClosingRequest:
    """Return a request that waits for this person's answer.

    Raises:
        NotFound: there is none.
    """
    _, case, _ = find_waiting(session, actor, closing_id)
    columns: list[Any] = [
        Student.name, SchoolClass.grade, SchoolClass.number, AppUser.display_name,
        sees_cases(actor).label("may_open"), sees_students(actor).label("may_name"),
    ]  # fmt: skip
    about = session.execute(
        select(*columns)
        .select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(AppUser, col(AppUser.id) == col(Case.owner_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(Case.id == case.id)
    ).one()
    may_name = bool(about.may_open or about.may_name)
    row = session.execute(_with_names(select(*_columns())).where(CaseClosure.id == closing_id)).one()
    return ClosingRequest(
        closure=_view(row),
        child=about.name if may_name else None,
        class_label=class_label(about.grade, about.number) if may_name and about.grade else None,
        severity=case.severity,
        owner_name=about.display_name,
        opened_at=case.opened_at,
    )


_ASKED, _DECIDED, _REOPENED = shared_alias(AppUser), shared_alias(AppUser), shared_alias(AppUser)


def _columns() -> list[Any]:
    return [
        CaseClosure,
        col(_ASKED.display_name).label("asked_by"),
        col(_DECIDED.display_name).label("decided_by"),
        col(_REOPENED.display_name).label("reopened_by"),
    ]


def _with_names(query: Any) -> Any:  # a Select
    """Join who asked, answered and opened again, the latest closing first."""
    return (
        query.join(_ASKED, col(_ASKED.id) == col(CaseClosure.asked_by_id), isouter=True)
        .join(_DECIDED, col(_DECIDED.id) == col(CaseClosure.decided_by_id), isouter=True)
        .join(_REOPENED, col(_REOPENED.id) == col(CaseClosure.reopened_by_id), isouter=True)
        .order_by(col(CaseClosure.asked_at).desc(), col(CaseClosure.id).desc())
    )


def _view(found: Any) -> ClosureView:
    row: CaseClosure = found[0]
    return ClosureView(
        id=row.id or 0,
        version=row.version,
        state=row.state,
        outcome=row.outcome,
        reason=unseal(row, "reason_sealed"),
        missing=labels_of(row.missing),
        despite=unseal(row, "despite_sealed"),
        follow_up_on=row.follow_up_on,
        asked_by=found.asked_by,
        asked_at=row.asked_at,
        decided_by=found.decided_by,
        decided_at=row.decided_at,
        note=unseal(row, "note_sealed"),
        followed_on=row.followed_on,
        follow_up=unseal(row, "follow_up_sealed"),
        reopened_at=row.reopened_at,
        reopened_by=found.reopened_by,
        reopen_reason=unseal(row, "reopen_reason_sealed"),
    )
