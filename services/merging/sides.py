"""What a comparison of two entries is made of: the two sides, and where they differ or meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session
from sqlmodel import select as select_rows

from db.base import Labelled
from db.tables import Guardian, Student


class Side(Labelled):
    """Which of the two entries."""

    KEPT = "kept", "留下的"
    OTHER = "other", "另一份"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing the two say otherwise: how each says it, and which one is proposed."""

    key: str
    label: str
    kept: str
    other: str
    proposed: Side | None  # None: somebody has to say


@dataclass(frozen=True, slots=True)
class Collision:
    """Two open rows of which only one may stay open."""

    key: str
    kept: Any
    other: Any


def open_rows(session: Session, table: type[Any], student: Student) -> Sequence[Any]:
    """Return a child's memberships or categories that go on, or its guardians who are on the card."""
    end = table.ended_at if table is Guardian else table.to_day
    return session.exec(
        select_rows(table).where(table.student_id == student.id, end.is_(None)).order_by(table.id)
    ).all()


def written(value: object) -> str:
    """Write a value as people read it; nothing for none."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case Labelled():
            return value.label
        case date():
            return f"{value.year}年{value.month}月{value.day}日"
    return str(value)
