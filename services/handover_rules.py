"""What a handover of archives asks and counts: whose are owed, where one stands, what its package is called (F-12)."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import and_, col, func, select

from db.engine import runtime
from db.tables import (
    CategoryKind,
    EnrolmentState,
    HandoverChild,
    HandoverPackage,
    PsychArchive,
    Student,
    StudentCategory,
)

DAYS = "F-12.handover_days"
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


def in_package(*, is_received: bool | None = None) -> ColumnElement[bool]:
    """Return whether a child is in a package that counts; `is_received`: with, or without, a receipt."""
    found = (
        select(HandoverChild.id)
        .join(HandoverPackage, col(HandoverPackage.id) == col(HandoverChild.package_id))
        .where(HandoverChild.student_id == Student.id, stands())
    )
    if is_received is not None:
        received = col(HandoverPackage.received_on)
        found = found.where(received.is_not(None) if is_received else received.is_(None))
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
            or_(col(StudentCategory.to_day).is_(None), col(StudentCategory.to_day) >= col(Student.left_on)),
        )
        .correlate(Student)
        .exists()
    )


def is_to_hand_over() -> ColumnElement[bool]:
    """Return whether a child has gone on to another school, has an archive here, and it is in no package yet."""
    archive = select(PsychArchive.id).where(PsychArchive.student_id == Student.id).correlate(Student)
    return and_(
        col(Student.state).in_(HANDED_FROM),
        col(Student.merged_into_id).is_(None),
        archive.exists(),
        ~in_package(),
    )


def due_on(left_on: date, days: int) -> date:
    """Return until when an archive is handed over after the child has left."""
    return left_on + timedelta(days=days)
