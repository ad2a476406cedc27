"""What a handover of archives asks and counts: whose are owed, where one stands, what its package is called (F-12)."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import and_, col, func, select

from db.engine import runtime
from db.tables import (
    CategoryKind,
    ClauseExcuse,
    EnrolmentState,
    ExcuseKind,
    ExcuseState,
    HandoverChild,
    HandoverPackage,
    PsychArchive,
    Student,
    StudentCategory,
)
from services import clock

CLAUSE, DAYS = "F-12", "F-12.handover_days"
FILE_DAYS = 30
"""So long a package's file lies here at most; it can be made anew as long as the records are kept."""
SPECIAL = (
    CategoryKind.SPECIAL_FAMILY,
    CategoryKind.SPECIAL_PHYSIQUE,
    CategoryKind.SPECIAL_PSYCHOLOGY,
    CategoryKind.SPECIAL_CONDUCT,
)
HANDED_FROM = frozenset({EnrolmentState.GRADUATED, EnrolmentState.TRANSFERRED})


def package_dir() -> Path:
    """Return where packages lie; what lies there is ciphertext whose password is kept nowhere."""
    return runtime().location.data_dir / "packages"


def path_of(uid: str) -> Path:
    """Return where the file of one package lies."""
    return package_dir() / f"{uid}.zip"


def stands() -> ColumnElement[bool]:
    """Return the filter on packages that count: made, and not taken back."""
    return col(HandoverPackage.withdrawn_at).is_(None)


def in_package(*, is_received: bool | None = None, is_handed: bool = False) -> ColumnElement[bool]:
    """Return whether a child is in a package that counts; `is_received`: with, or without, a receipt.

    `is_handed`: in one that has left the room; one that was only made lies here still.
    """
    found = (
        select(HandoverChild.id)
        .join(HandoverPackage, col(HandoverPackage.id) == col(HandoverChild.package_id))
        .where(HandoverChild.student_id == Student.id, stands())
    )
    if is_received is not None:
        received = col(HandoverPackage.received_on)
        found = found.where(received.is_not(None) if is_received else received.is_(None))
    if is_handed:
        found = found.where(col(HandoverPackage.handed_on).is_not(None))
    return found.correlate(Student).exists()


def received_on() -> Any:  # a scalar subquery of a day
    """Return the day on which somebody signed for a child's archive last; NULL where nobody did."""
    return (
        select(func.max(HandoverPackage.received_on))
        .join(HandoverChild, col(HandoverChild.package_id) == col(HandoverPackage.id))
        .where(HandoverChild.student_id == Student.id, stands())
        .correlate(Student)
        .scalar_subquery()
    )


def is_special() -> ColumnElement[bool]:
    """Return whether a child was of the 四特 when it left: whose archive the clause wants handed over."""
    return (
        select(StudentCategory.id)
        .where(
            StudentCategory.student_id == Student.id,
            col(StudentCategory.kind).in_(SPECIAL),
            or_(col(Student.left_on).is_(None), col(StudentCategory.from_day) <= col(Student.left_on)),
            or_(col(StudentCategory.to_day).is_(None), col(StudentCategory.to_day) >= col(Student.left_on)),
        )
        .correlate(Student)
        .exists()
    )


def excuse_state() -> Any:  # a scalar subquery
    """Return how far it is agreed that a child's archive need not be handed over; NULL where nobody asked for it."""
    today = clock.today()
    return (
        select(func.min(ClauseExcuse.state))  # `standing` stands before `waiting`
        .where(
            ClauseExcuse.clause_id == CLAUSE,
            ClauseExcuse.student_id == Student.id,
            ClauseExcuse.kind == ExcuseKind.EXEMPT,
            col(ClauseExcuse.state).in_((ExcuseState.STANDING, ExcuseState.WAITING)),
            col(ClauseExcuse.from_day) <= today,
            or_(col(ClauseExcuse.to_day).is_(None), col(ClauseExcuse.to_day) > today),
        )
        .correlate(Student)
        .scalar_subquery()
    )


def is_excused() -> ColumnElement[bool]:
    """Return whether a second person agreed that a child's archive need not be handed over."""
    agreed: ColumnElement[bool] = func.coalesce(excuse_state() == ExcuseState.STANDING, False)
    return agreed


def is_to_hand_over() -> ColumnElement[bool]:
    """Return whether a child has gone on to another school, has an archive here, and it is in no package yet."""
    return and_(_has_gone_on(), ~in_package())


def is_not_handed_over() -> ColumnElement[bool]:
    """Return whether the archive of a child that has gone on has not left the room: packed or not (F-12)."""
    return and_(_has_gone_on(), ~in_package(is_handed=True))


def _has_gone_on() -> ColumnElement[bool]:
    archive = select(PsychArchive.id).where(PsychArchive.student_id == Student.id).correlate(Student)
    return and_(col(Student.state).in_(HANDED_FROM), col(Student.merged_into_id).is_(None), archive.exists())


def due_on(left_on: date, days: int) -> date:
    """Return until when an archive is handed over after the child has left."""
    return left_on + timedelta(days=days)
