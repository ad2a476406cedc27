"""Keeping a child's contact card counted and its versions kept, whoever changed what it is made of (E-08, E-09)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session
from sqlmodel import select as select_rows

from db.sealing import open_text, seal
from db.tables import ContactCardVersion, Guardian, GuardianKind, Student
from services import clock
from services.actors import Actor
from services.card_parts import PARENTS, CardPart, find_main_guardian, find_parent, missing_of, write_missing

_STUDENT = Student.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_GUARDIAN = Guardian.__table__  # type: ignore[attr-defined]
_COUNTS = ("card_parts_filled", "card_missing", "card_version")
_AT_ONCE = 5_000  # engines limit how many values one statement may carry


@dataclass(frozen=True, slots=True)
class CardState:
    """A card as it stands: its words by code, what it lacks, its version."""

    words: Mapping[str, str]
    missing: tuple[CardPart, ...]
    version: int

    @property
    def parts_filled(self) -> int:
        """How many of the fourteen parts are there or not owed."""
        return len(CardPart) - len(self.missing)


@contextmanager
def noting_card(session: Session, actor: Actor, student_id: int) -> Iterator[None]:
    """Do what may change a child's card; then count it again and keep the version before, if it changed."""
    session.flush()
    session.exec(select_rows(Student.id).where(Student.id == student_id).with_for_update(key_share=True)).one()
    before = read_cards(session, [student_id])
    yield
    session.flush()
    settle_cards(session, actor, before)


def read_cards(session: Session, student_ids: Iterable[int]) -> dict[int, CardState]:
    """Return the cards of these children with their words; two statements for every 5,000."""
    cards: dict[int, CardState] = {}
    for student, people in _rows(session, student_ids):
        missing = missing_of(has_address=student.address_sealed is not None, people=people)
        cards[student.id] = CardState(_words(student, people), missing, student.card_version)
    return cards


def count_cards(session: Session, student_ids: Iterable[int]) -> None:
    """Count the cards of children just entered; nothing stood there before, so no version is kept."""
    rows = [
        _counts(student.id, missing_of(has_address=student.address_sealed is not None, people=people), version=1)
        for student, people in _rows(session, student_ids)
    ]
    _save_counts(session, rows)


def settle_cards(session: Session, actor: Actor, before: Mapping[int, CardState]) -> None:
    """Count cards anew after a change, and keep how those stood that have changed."""
    now = clock.now()
    rows: list[dict[str, Any]] = []  # columns of several types
    for student_id, card in read_cards(session, before).items():
        stood = before[student_id]
        changed = changed_codes(stood.words, card.words)
        if changed and stood.words:
            version = ContactCardVersion(
                student_id=student_id,
                number=stood.version,
                parts_filled=stood.parts_filled,
                changed=",".join(changed),
                ended_at=now,
                ended_by_id=actor.user_id,
            )
            seal(version, "content_sealed", json.dumps(stood.words, ensure_ascii=False))
            session.add(version)
        if changed or card.missing != stood.missing:
            rows.append(_counts(student_id, card.missing, version=stood.version + bool(changed)))
    session.flush()
    _save_counts(session, rows)


def changed_codes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the codes under which two cards say different things."""
    return sorted(code for code in before.keys() | after.keys() if before.get(code) != after.get(code))


def _rows(session: Session, student_ids: Iterable[int]) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Yield each child's row with those of its parents and guardians."""
    wanted = sorted(student_ids)
    for start in range(0, len(wanted), _AT_ONCE):
        ids = wanted[start : start + _AT_ONCE]
        people: dict[int, list[Any]] = {}
        guardians = select(_GUARDIAN).where(_GUARDIAN.c.student_id.in_(ids), _GUARDIAN.c.ended_at.is_(None))
        for row in session.execute(guardians.order_by(_GUARDIAN.c.id)):
            people.setdefault(row.student_id, []).append(row)
        students = select(_STUDENT.c.id, _STUDENT.c.uid, _STUDENT.c.address_sealed, _STUDENT.c.card_version)
        for student in session.execute(students.where(_STUDENT.c.id.in_(ids))):
            yield student, people.get(student.id, [])


def _words(student: Any, people: Sequence[Any]) -> dict[str, str]:
    """Return what stands on a card, by code; blank parts are left out."""
    said: dict[str, str | None] = {
        "home_address": open_text(student.address_sealed, table="student", column="address_sealed", uid=student.uid)
    }
    for who, kind in (("father", GuardianKind.FATHER), ("mother", GuardianKind.MOTHER)):
        if parent := find_parent(people, kind):
            said |= {
                f"{who}_name": parent.name,
                f"{who}_workplace": _opened(parent, "workplace"),
                f"{who}_phone": _opened(parent, "phone"),
                f"{who}_whereabouts": parent.whereabouts.label if parent.whereabouts else None,
            }
    if main := find_main_guardian(people):
        said |= {
            "guardian_name": main.name,
            "guardian_relation": main.relation or (main.kind.label if main.kind in PARENTS else None),
            "guardian_age": f"{main.birth_year} 年生" if main.birth_year else None,
            **{f"guardian_{part}": _opened(main, part) for part in ("occupation", "health", "address", "phone")},
        }
    return {code: text for code, text in said.items() if text}


def _opened(person: Any, part: str) -> str | None:
    column = f"{part}_sealed"
    return open_text(getattr(person, column), table="guardian", column=column, uid=person.uid)


def _counts(student_id: int, missing: tuple[CardPart, ...], *, version: int) -> dict[str, Any]:
    return {
        "of_student": student_id,
        "new_filled": len(CardPart) - len(missing),
        "new_missing": write_missing(missing),
        "new_version": version,
    }


def _save_counts(session: Session, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    session.connection().execute(
        update(_STUDENT)
        .where(_STUDENT.c.id == bindparam("of_student"))
        .values(
            card_parts_filled=bindparam("new_filled"),
            card_missing=bindparam("new_missing"),
            card_version=bindparam("new_version"),
        ),
        rows,
    )
    written = {row["of_student"] for row in rows}
    for each in list(session.identity_map.values()):  # what was read before the update is read again
        if isinstance(each, Student) and each.id in written:
            session.expire(each, _COUNTS)
