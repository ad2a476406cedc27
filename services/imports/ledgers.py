"""Which stored child a row of a left-behind ledger means, and what the row asks to be stored of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from db.tables import CategoryKind, Gender, GuardianKind, Guardianship, LeftBehindKind, Whereabouts
from services.classes import class_label
from services.exchange.left_behind import LeftBehindRow
from services.exchange.left_behind_columns import fits_mask
from services.exchange.readings import RosterRow
from services.exchange.reasons import Reason
from services.imports.matching import Match, MatchedBy, Outcome, PreviewRow, field_changes
from services.imports.stored import StoredChild, StoredChildren
from services.imports.wanted import FATHER_WORDS, MOTHER_WORDS, WantedChild, WantedGuardian, WantedLeftBehind
from services.left_behind import state_marker
from services.student_keys import id_number_hash, phone_hash
from services.students import LEFT_SCHOOL, NO_CLASS

_AWAY = {True: Whereabouts.AWAY, False: Whereabouts.AT_HOME, None: None}
_LONGEST_NAME, _LONGEST_RELATION, _LONGEST_ETHNICITY = 40, 20, 20


@dataclass(slots=True)
class LedgerMatch:
    """A row, what it would do, and the remarks it gets if it is taken."""

    row: LeftBehindRow
    shown: PreviewRow
    match: Match | None = None
    remarks: tuple[Reason, ...] = ()


def match_ledger(
    rows: Sequence[LeftBehindRow], stored: StoredChildren, *, school_year: int, today: date
) -> list[LedgerMatch]:
    """Say of every row whom it means; the first row about a child is taken, later ones repeat it."""
    taken: set[int] = set()
    found = []
    for row in rows:
        child, by, reason = find_child(row, stored)
        if child is not None and child.id in taken:
            child, reason = None, Reason.DUPLICATE
        if child is None or by is None:
            label = class_label(row.grade, row.class_no) if row.grade and row.class_no else ""
            shown = PreviewRow(row.position, row.name, label, Outcome.CONFLICT, reason=reason)
            found.append(LedgerMatch(row, shown))
            continue
        taken.add(child.id)
        found.append(_taken(row, child, by, school_year=school_year, today=today))
    return found


class Names(Protocol):
    """What a row of any list that makes no children says of whom it means."""

    name: str
    student_no: str | None
    id_number: str | None
    id_mask: str | None
    grade: int | None
    class_no: int | None


def find_child(row: Names, stored: StoredChildren) -> tuple[StoredChild | None, MatchedBy | None, Reason | None]:
    """Find by student number or ID number; else by name and class, where the roster knows no number that differs."""
    by_number = _here(stored.by_number.get(row.student_no)) if row.student_no else None
    by_id = _here(stored.by_id_hash.get(id_number_hash(row.id_number))) if row.id_number else None
    for child in (by_number, by_id):
        if child is not None and child.name != row.name:
            return None, None, Reason.NAME_ID_MISMATCH
    if by_number is not None and by_id is not None and by_number.id != by_id.id:
        return None, None, Reason.STUDENT_AMBIGUOUS
    if by_number is not None:
        return by_number, MatchedBy.NUMBER, None
    if by_id is not None:
        return by_id, MatchedBy.ID, None
    return _find_by_name(row, stored)


def _find_by_name(row: Names, stored: StoredChildren) -> tuple[StoredChild | None, MatchedBy | None, Reason | None]:
    if row.grade is None or row.class_no is None:
        return None, None, Reason.STUDENT_NOT_IN_ROSTER
    named = [
        child for child in stored.by_place.get((row.name, row.grade, row.class_no), ()) if _here(child) is not None
    ]
    if row.id_number is not None:  # a whole number that no child has: only one without a number can be meant
        named = [child for child in named if child.id_number_hash is None]
    if not named:
        return None, None, Reason.STUDENT_NOT_IN_ROSTER
    if len(named) > 1:  # a masked number cannot decide between them, nor a birthday
        return None, None, Reason.STUDENT_AMBIGUOUS
    if row.id_mask is not None and (number := named[0].text("id_number")) and not fits_mask(number, row.id_mask):
        return None, None, Reason.NAME_ID_MISMATCH
    return named[0], MatchedBy.NAME_AND_CLASS, None


def _here(child: StoredChild | None) -> StoredChild | None:
    """Who has left the school is in no roster any more."""
    return child if child is not None and child.state not in LEFT_SCHOOL else None


def _taken(row: LeftBehindRow, child: StoredChild, by: MatchedBy, *, school_year: int, today: date) -> LedgerMatch:
    wanted = _wanted(row, child, school_year=school_year, today=today)
    changes = tuple(field_changes(wanted, child, school_year))
    place = child.class_in(school_year)
    shown = PreviewRow(
        row.position,
        child.name,
        class_label(*place) if place else NO_CLASS,
        Outcome.CHANGED if changes else Outcome.UNCHANGED,
        by,
        child.id,
        child.version,
        changes,
    )
    remarks = _remarks(row, child, place, wanted, today=today)
    return LedgerMatch(row, shown, Match(wanted, shown, child), remarks)


def _remarks(
    row: LeftBehindRow, child: StoredChild, place: tuple[int, int] | None, wanted: WantedChild, *, today: date
) -> tuple[Reason, ...]:
    remarks = []
    gender = {"男": Gender.MALE, "女": Gender.FEMALE}.get(row.gender or "")
    if (
        gender not in (None, child.gender)
        or row.birth_day not in (None, child.birth_day)
        or (row.grade is not None and place is not None and (row.grade, row.class_no) != place)
    ):
        remarks.append(Reason.ROSTER_DIFFERS)
    kind = wanted.left_behind.kind if wanted.left_behind else None
    is_rural = child.is_rural if wanted.is_rural is None else wanted.is_rural
    marker = state_marker(kind, birth_day=child.birth_day, is_rural=is_rural, today=today)
    if kind is LeftBehindKind.NONE_AWAY:
        remarks.append(Reason.NO_PARENT_AWAY)
    elif marker is not None and not marker.meets:
        remarks.append(Reason.OUTSIDE_STATE_DEFINITION)
    return tuple(remarks)


def _wanted(row: LeftBehindRow, child: StoredChild, *, school_year: int, today: date) -> WantedChild:
    """Put a row into the terms of our tables; who the child is and where it sits stays as the roster says."""
    grade, class_no = child.class_in(school_year) or (0, 0)
    stays = RosterRow(
        position=row.position,
        name=child.name,
        gender=child.gender.label,
        birth_day=child.birth_day,
        id_number=None,
        grade=grade,
        class_no=class_no,
        address=row.home_address,
        residence=row.residence,
        boarding=row.boarding,
    )
    return WantedChild(
        row=stays,
        gender=child.gender,
        student_no=None,
        id_hash=None,
        ethnicity=row.ethnic if row.ethnic and len(row.ethnic) <= _LONGEST_ETHNICITY else None,
        guardians=tuple(_guardians(row, today)),
        categories=frozenset({CategoryKind.LEFT_BEHIND}),
        extra=dict(row.unknown),
        is_rural=row.rural,
        left_behind=WantedLeftBehind(
            LeftBehindKind(row.away.kind) if row.away.kind else None,
            Guardianship(row.guardianship) if row.guardianship else None,
        ),
        keeps_class=True,
    )


def _guardians(row: LeftBehindRow, today: date) -> list[WantedGuardian]:
    """Return father, mother and whoever looks after the child, each once."""
    father = _parent(row, "father", GuardianKind.FATHER, row.away.father_away)
    mother = _parent(row, "mother", GuardianKind.MOTHER, row.away.mother_away)
    found = [each for each in (father, mother) if each is not None]
    if not (row.guardian_name or row.guardian_phone or row.guardian_relation):
        return found
    main = WantedGuardian(
        kind=GuardianKind.ENTRUSTED,
        name=_fitting(row.guardian_name, _LONGEST_NAME),
        relation=_fitting(row.guardian_relation, _LONGEST_RELATION),
        phone=row.guardian_phone,
        second_phone=row.guardian_second_phone,
        is_primary=True,
        phone_hash=phone_hash(row.guardian_phone) if row.guardian_phone else None,
        address=row.guardian_address,
        birth_year=today.year - row.guardian_age if row.guardian_age in _AGES else None,  # type: ignore[operator]
        occupation=row.guardian_occupation,
        health=row.guardian_health,
    )
    for words, parent in ((FATHER_WORDS, father), (MOTHER_WORDS, mother)):
        if main.relation not in words:
            continue
        if parent is not None and main.name in (None, parent.name):
            found[found.index(parent)] = _both(parent, main)
            return found
        # Called the father, but by another name than the father's: somebody in his place.
        return [*found, replace(main, kind=GuardianKind.STATUTORY)]
    return [*found, main]


_AGES = range(16, 111)


def _parent(row: LeftBehindRow, who: str, kind: GuardianKind, is_away: bool | None) -> WantedGuardian | None:
    name, phone = _fitting(getattr(row, f"{who}_name"), _LONGEST_NAME), getattr(row, f"{who}_phone")
    workplace = getattr(row, f"{who}_workplace")
    if not (name or phone or workplace):
        return None
    return WantedGuardian(
        kind=kind,
        name=name,
        relation=None,
        phone=phone,
        second_phone=getattr(row, f"{who}_second_phone"),
        is_primary=False,
        phone_hash=phone_hash(phone) if phone else None,
        workplace=workplace,
        whereabouts=_AWAY[is_away],
    )


def _both(parent: WantedGuardian, main: WantedGuardian) -> WantedGuardian:
    """A parent who looks after the child."""
    phone = parent.phone or main.phone
    other = main.phone if main.phone != phone else None
    return replace(
        parent,
        phone=phone,
        phone_hash=phone_hash(phone) if phone else None,
        second_phone=parent.second_phone or other,
        is_primary=True,
        address=main.address,
        birth_year=main.birth_year,
        occupation=main.occupation,
        health=main.health,
    )


def _fitting(text: str | None, limit: int) -> str | None:
    return text if text and len(text) <= limit else None
