"""What somebody types about a child: checked as a whole, the private parts sealed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import Gender, Student
from services import clock
from services.exchange.values import (
    STUDENT_NO,
    IdReading,
    IdState,
    age_in_years,
    can_be_pupil,
    is_name,
    read_code,
    read_id_number,
    read_name,
)
from services.fields import LINE, LONG, SHORT, Checker, clean
from services.student_keys import id_number_hash, name_keys

SEALED = ("id_number_sealed", "address_sealed", "residence_sealed", "note_sealed")
_ETHNICITY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentEntry:
    """What somebody types about a child; blank is nothing. A blank ID number leaves the stored one as it is."""

    name: str | None = None
    gender: Gender | None = None
    birth_day: date | None = None
    student_no: str | None = None
    id_number: str | None = None
    removes_id_number: bool = False
    ethnicity: str | None = None
    is_boarding: bool | None = None
    is_rural: bool | None = None
    address: str | None = None
    residence: str | None = None
    entered_on: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry(StudentEntry):
    """A child as its form is drawn; the ID number only masked."""

    id: int
    version: int
    id_number_masked: str | None


def check_entry(
    session: Session, check: Checker, entry: StudentEntry, *, student_id: int | None
) -> tuple[dict[str, Any], IdReading]:
    """Return the plain columns of an entry and its ID number, noting what is wrong."""
    identity = _checked_id_number(session, check, entry, student_id)
    birth_day, gender = _checked_person(check, entry, identity)
    name = _checked_name(check, entry.name)
    keys = name_keys(name)
    number = check.text("student_no", entry.student_no, limit=SHORT)
    number = read_code(number) or None if number else None
    if number and not STUDENT_NO.fullmatch(number):
        check.add("student_no", "code_shape")
    elif number and _is_taken(session, col(Student.student_no) == number, student_id):
        check.add("student_no", "taken", value=number)
    check.not_future("entered_on", entry.entered_on, today=clock.today())
    for field, limit in (("address", LINE), ("residence", LINE), ("note", LONG)):
        check.text(field, getattr(entry, field), limit=limit)
    values: dict[str, Any] = {  # columns of several types
        "name": name,
        "name_pinyin": keys.pinyin,
        "name_order": keys.order,
        "name_initials": keys.initials,
        "gender": gender,
        "birth_day": birth_day,
        "student_no": number,
        "ethnicity": check.text("ethnicity", entry.ethnicity, limit=_ETHNICITY),
        "is_boarding": entry.is_boarding,
        "is_rural": entry.is_rural,
        "entered_on": entry.entered_on,
    }
    return values, identity


def _checked_name(check: Checker, typed: str | None) -> str:
    text = check.required_text("name", typed, limit=SHORT)
    name = read_name(text)
    if text and not (name and is_name(name)):
        check.add("name", "not_a_name")
    return name


def _checked_id_number(session: Session, check: Checker, entry: StudentEntry, student_id: int | None) -> IdReading:
    text = check.text("id_number", entry.id_number, limit=SHORT)
    identity = read_id_number(text)
    if identity.state is IdState.BAD_FORMAT:
        check.add("id_number", "id_format")
    elif identity.state is IdState.BAD_CHECKSUM:
        check.add("id_number", "id_checksum")
    elif identity.valid and _is_taken(
        session, col(Student.id_number_hash) == id_number_hash(identity.number), student_id
    ):
        check.add("id_number", "taken")
    elif not identity.valid and student_id is not None and not entry.removes_id_number:
        stored = unseal(session.get_one(Student, student_id), "id_number_sealed")
        return read_id_number(stored)  # what is typed beside it must still fit
    return identity


def _checked_person(check: Checker, entry: StudentEntry, identity: IdReading) -> tuple[date | None, Gender | None]:
    """Return birthday and gender; a valid ID number knows both, and must agree."""
    by_number = {"男": Gender.MALE, "女": Gender.FEMALE}.get(identity.gender or "")
    birth_day, gender = entry.birth_day or identity.birth_day, entry.gender or by_number
    today = clock.today()
    if birth_day is None:
        check.add("birth_day", "required")
    elif birth_day > today:
        check.add("birth_day", "future", day=birth_day)
    elif not can_be_pupil(birth_day, today=today):
        check.add("birth_day", "age", age=age_in_years(birth_day, today=today))
    elif identity.birth_day not in (None, birth_day):
        check.add("birth_day", "birth_day_differs", expected=identity.birth_day)
    if gender is None:
        check.add("gender", "required")
    elif by_number not in (None, gender):
        check.add("gender", "gender_differs")
    return birth_day, gender


def _is_taken(session: Session, condition: ColumnElement[bool], student_id: int | None) -> bool:
    return session.exec(select(Student.id).where(condition, col(Student.id) != (student_id or 0))).first() is not None


def masked(number: str | None) -> str | None:
    """Return an ID number of which only the first and last four can be read."""
    return f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}" if number else None


def seal_entry(student: Student, entry: StudentEntry, identity: IdReading) -> None:
    """Put the private parts of a checked entry into its row."""
    if identity.valid or entry.removes_id_number:
        seal(student, "id_number_sealed", identity.number or None)
        student.id_number_hash = id_number_hash(identity.number) if identity.valid else None
    for field in ("address", "residence", "note"):
        seal(student, f"{field}_sealed", clean(getattr(entry, field)))


def stored_entry(student: Student) -> StoredEntry:
    """Return a child as its form is drawn."""
    return StoredEntry(
        id=student.id or 0,
        version=student.version,
        name=student.name,
        gender=student.gender,
        birth_day=student.birth_day,
        student_no=student.student_no,
        id_number_masked=masked(unseal(student, "id_number_sealed")),
        ethnicity=student.ethnicity,
        is_boarding=student.is_boarding,
        is_rural=student.is_rural,
        address=unseal(student, "address_sealed"),
        residence=unseal(student, "residence_sealed"),
        entered_on=student.entered_on,
        note=unseal(student, "note_sealed"),
    )
