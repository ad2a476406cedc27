"""The student register."""

from dataclasses import dataclass

from sqlmodel import Session

from services.access import Permission, permitted
from services.actors import Actor


@dataclass(frozen=True, slots=True)
class FoundStudent:
    """One child as the find box shows it."""

    id: int
    name: str
    class_label: str
    student_no: str


@permitted(Permission.STUDENT_READ)
def find_students(session: Session, actor: Actor, *, text: str, limit: int = 8) -> list[FoundStudent]:
    """Return the children a text may mean."""
    return []
