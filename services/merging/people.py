"""Parents and guardians of two entries: which two rows become one line of the card, and what doesn't fit on it."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlmodel import Session

from db.sealing import seal, unseal
from db.tables import Guardian, GuardianKind, Student
from services.guardians import seal_phones
from services.merging.sides import Collision, Difference, Side, open_rows, written

PARENTS = (GuardianKind.FATHER, GuardianKind.MOTHER)
PHONES = "phones"
ROOM = 2  # telephones a line of the card has room for
_PLAIN = {"relation": "称呼", "birth_year": "出生年份", "whereabouts": "现在在哪里"}
_SEALED = {"workplace": "工作单位", "address": "住址", "occupation": "职业", "health": "身体状况"}


def people_who_meet(session: Session, kept: Student, other: Student) -> Iterator[Collision]:
    """Yield the rows that become one line: both fathers, both mothers, others of one kind and name; each row once."""
    ours, theirs = open_rows(session, Guardian, kept), open_rows(session, Guardian, other)
    met: set[int | None] = set()
    for kind in PARENTS:
        mine, its = (next((row for row in rows if row.kind is kind), None) for rows in (ours, theirs))
        if mine is not None and its is not None:
            met |= {mine.id, its.id}
            yield Collision(f"guardian.{kind.value}", mine, its)
    for its in theirs:
        same = (row for row in ours if row.kind is its.kind and row.name and row.name == its.name and row.id not in met)
        mine = next(same, None) if its.id not in met else None
        if mine is not None:
            met |= {mine.id, its.id}
            yield Collision(f"guardian.{its.kind.value}.{its.id}", mine, its)


def person_differences(session: Session, kept: Student, other: Student) -> Iterator[Difference]:
    """Yield who is somebody else, or said otherwise of one person; gaps are filled without a question."""
    for each in people_who_meet(session, kept, other):
        if are_one_person(each.kept, each.other):
            yield from _of_one_person(each)
        else:
            ours, theirs = (_person_words(row) for row in (each.kept, each.other))
            yield Difference(each.key, each.kept.kind.label, ours, theirs, Side.KEPT)


def are_one_person(one: Guardian, other: Guardian) -> bool:
    """Say whether two rows may speak of one person: of one name, or one without."""
    return one.name == other.name or one.name is None or other.name is None


def join(key: str, stays: Guardian, goes: Guardian, choices: Mapping[str, Side], *, now: datetime) -> None:
    """Let one line stay, with what either knew if they are one person; the other leaves the card."""
    if are_one_person(stays, goes):
        _fill(key, stays, goes, choices)
    goes.ended_at = now
    stays.version, goes.version = stays.version + 1, goes.version + 1


def _fill(key: str, stays: Guardian, goes: Guardian, choices: Mapping[str, Side]) -> None:
    stays.name = stays.name or goes.name
    for name in _PLAIN:
        if getattr(stays, name) is None or choices.get(f"{key}.{name}") is Side.OTHER:
            setattr(stays, name, getattr(goes, name))
    for name in _SEALED:
        if getattr(stays, f"{name}_sealed") is None or choices.get(f"{key}.{name}") is Side.OTHER:
            seal(stays, f"{name}_sealed", unseal(goes, f"{name}_sealed"))
    pair = (goes, stays) if choices.get(f"{key}.{PHONES}") is Side.OTHER else (stays, goes)
    seal_phones(stays, *[*_phones(*pair), None, None][:ROOM])


def _of_one_person(each: Collision) -> Iterator[Difference]:
    who = f"{each.kept.kind.label}{each.kept.name or each.other.name or ''}"
    if len(_phones(each.kept, each.other)) > ROOM:
        ours, theirs = _phone_words(each.kept, each.other), _phone_words(each.other, each.kept)
        yield Difference(f"{each.key}.{PHONES}", f"{who}的电话，只放得下两个", ours, theirs, None)
    for name, label in (_PLAIN | _SEALED).items():
        ours, theirs = (_said(row, name) for row in (each.kept, each.other))
        if ours and theirs and ours != theirs:
            yield Difference(f"{each.key}.{name}", f"{who}的{label}", ours, theirs, Side.KEPT)


def _said(row: Guardian, name: str) -> str:
    return written(getattr(row, name)) if name in _PLAIN else unseal(row, f"{name}_sealed") or ""


def _phones(*rows: Guardian) -> list[str]:
    """Return the telephones of these rows, each once, the first row's first."""
    found = [unseal(row, column) for row in rows for column in ("phone_sealed", "second_phone_sealed")]
    return list(dict.fromkeys(each for each in found if each))


def _phone_words(first: Guardian, then: Guardian) -> str:
    """Return which two stay where the first one's count, and which leave the card."""
    phones = _phones(first, then)
    return f"{'、'.join(phones[:ROOM])}；{'、'.join(phones[ROOM:])} 不再留"


def _person_words(row: Guardian) -> str:
    return "，".join(each for each in (row.name, *_phones(row)) if each)
