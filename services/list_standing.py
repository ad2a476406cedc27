"""What the register says now beside what a list says: a difference keeps our words of the day the list came (S-04)."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, and_, col, or_, select

from db.sealing import unseal
from db.tables import (
    CareOption,
    CategoryKind,
    DifferencePart,
    DifferenceSide,
    Guardian,
    ListDifference,
    Student,
    StudentCategory,
)

PHONES = 2  # as many as a line of the card holds


@dataclass(frozen=True, slots=True)
class Standing:
    """Our side of one difference as it stands now; whoever decides on it says which one was on screen."""

    words: str
    version: int | None = None  # of the entry the words are from, where they are from one
    is_there: bool = True  # False: we have no such entry, or it has ended
    leaves: str = ""  # the telephone the card would have no room for, were the list followed


@dataclass(frozen=True, slots=True)
class _Entry:
    row: StudentCategory
    difficulty: str | None

    @property
    def words(self) -> str:
        if self.row.left_behind_kind is not None:
            return self.row.left_behind_kind.label
        return self.difficulty or self.row.subkind or ""


def standings_of(session: Session, rows: Sequence[ListDifference], *, kind: CategoryKind) -> dict[int, Standing]:
    """Return our side of these differences of one list by their ids; three statements at most.

    Whom nobody here knows has none.
    """
    known = [row for row in rows if row.student_id is not None]
    mains = _main_contacts(session, {row.student_id for row in known if row.part is DifferencePart.PHONE})
    addresses = _addresses(session, {row.student_id for row in known if row.part is DifferencePart.ADDRESS})
    entries = _entries(session, known, kind)
    found = {}
    for row in known:
        match row.part:
            case DifferencePart.PHONE:
                standing = _of_phones(row, mains.get(row.student_id))
            case DifferencePart.ADDRESS:
                standing = Standing(addresses.get(row.student_id, ""))
            case _:
                standing = _of_entry(row, _entry_of(row, entries))
        found[row.id or 0] = standing
    return found


def phones_after(stored: Sequence[str], listed: str) -> tuple[list[str], list[str]]:
    """Return the main contact's telephones once a list is followed, its own first, and what two places don't hold."""
    phones = list(dict.fromkeys([listed, *stored]))
    return phones[:PHONES], phones[PHONES:]


def phones_of(main: Guardian) -> tuple[str, ...]:
    """Return what telephones somebody has, the first one first."""
    found = (unseal(main, "phone_sealed"), unseal(main, "second_phone_sealed"))
    return tuple(each for each in found if each)


def _of_phones(row: ListDifference, main: Guardian | None) -> Standing:
    if main is None:
        return Standing("")
    listed = str(json.loads(unseal(row, "content_sealed") or "{}").get("value", ""))
    _, gone = phones_after(phones_of(main), listed)
    return Standing(unseal(main, "phone_sealed") or "", leaves="、".join(gone))


def _of_entry(row: ListDifference, entry: _Entry | None) -> Standing:
    if entry is None:
        return Standing("", is_there=False)
    match row.part:
        case DifferencePart.LEVEL:
            words = f"{entry.row.level} 级" if entry.row.level else ""
        case DifferencePart.DOCUMENT:
            words = unseal(entry.row, "document_sealed") or ""
        case _:
            words = entry.words
    return Standing(words, entry.row.version)


def _entry_of(row: ListDifference, entries: Sequence[_Entry]) -> _Entry | None:
    """Return the open entry a difference speaks of; of who stood on the list only, the one made since."""
    if row.side is not DifferenceSide.LIST:
        return next((entry for entry in entries if entry.row.id == row.category_id), None)
    of_child = (entry for entry in entries if entry.row.student_id == row.student_id)
    return next((entry for entry in of_child if row.difficulty_id in (None, entry.row.difficulty_id)), None)


def _entries(session: Session, rows: Sequence[ListDifference], kind: CategoryKind) -> list[_Entry]:
    named = {row.category_id for row in rows if row.side is not DifferenceSide.LIST}
    listed = {row.student_id for row in rows if row.side is DifferenceSide.LIST}
    if not named - {None} and not listed:
        return []
    since = and_(col(StudentCategory.student_id).in_(listed), StudentCategory.kind == kind)
    found = session.exec(
        select(StudentCategory, CareOption.label)
        .join(CareOption, col(CareOption.id) == col(StudentCategory.difficulty_id), isouter=True)
        .where(col(StudentCategory.to_day).is_(None), or_(col(StudentCategory.id).in_(named), since))
        .order_by(col(StudentCategory.id))
    )
    return [_Entry(row, label) for row, label in found]


def _main_contacts(session: Session, student_ids: Collection[int | None]) -> Mapping[int | None, Guardian]:
    """Return whom to call first about each child."""
    if not student_ids:
        return {}
    rows = session.exec(
        select(Guardian)
        .where(col(Guardian.student_id).in_(student_ids), col(Guardian.ended_at).is_(None))
        .order_by(col(Guardian.is_primary), col(Guardian.id).desc())
    )
    return {row.student_id: row for row in rows}  # the main contact comes last


def _addresses(session: Session, student_ids: Collection[int | None]) -> Mapping[int | None, str]:
    if not student_ids:
        return {}
    rows = session.exec(select(Student).where(col(Student.id).in_(student_ids)))
    return {row.id: unseal(row, "address_sealed") or "" for row in rows}
