"""What a row of a roster asks to be stored: one child in the terms of our tables."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from db.tables import CategoryKind, Gender, GuardianKind, Guardianship, LeftBehindKind, Whereabouts
from services.exchange.readings import RosterRow
from services.exchange.roster_columns import ROSTER
from services.exchange.values import STUDENT_NO
from services.student_keys import id_number_hash, phone_hash

_GENDERS = {"男": Gender.MALE, "女": Gender.FEMALE}
_SEAT = re.compile(r"\d{1,2}")  # 1 to 45 in each class: a seat, no number of a child
FATHER_WORDS, MOTHER_WORDS = (
    frozenset({"父亲", "父", "爸爸", "父子", "父女"}),
    frozenset({"母亲", "母", "妈妈", "母子", "母女"}),
)
_LONGEST_NAME, _LONGEST_RELATION, _LONGEST_ETHNICITY = 40, 20, 20


@dataclass(frozen=True, slots=True)
class WantedGuardian:
    """A parent or guardian as a row names it; None where the cell is blank."""

    kind: GuardianKind
    name: str | None
    relation: str | None
    phone: str | None
    second_phone: str | None
    is_primary: bool
    phone_hash: str | None = None
    workplace: str | None = None
    address: str | None = None
    birth_year: int | None = None
    occupation: str | None = None
    health: str | None = None
    whereabouts: Whereabouts | None = None


@dataclass(frozen=True, slots=True)
class WantedLeftBehind:
    """What a ledger says of a child left behind; None where it does not say it."""

    kind: LeftBehindKind | None
    guardianship: Guardianship | None


@dataclass(slots=True)
class WantedChild:
    """One child as a row describes it; None where the cell is blank."""

    row: RosterRow
    gender: Gender
    student_no: str | None
    id_hash: str | None
    ethnicity: str | None
    guardians: tuple[WantedGuardian, ...]
    categories: frozenset[CategoryKind]
    extra: dict[str, str] = field(default_factory=dict)  # what has no column here, by its header
    is_rural: bool | None = None
    left_behind: WantedLeftBehind | None = None
    keeps_class: bool = False  # a ledger tells the class only to find the child by

    @property
    def class_key(self) -> tuple[int, int]:
        """Grade and number of the class."""
        return self.row.grade, self.row.class_no


def wanted_children(rows: Iterable[RosterRow]) -> list[WantedChild]:
    """Put every row into the terms of our tables."""
    rows = list(rows)
    times = Counter(row.student_no for row in rows)
    return [_child(row, is_own_number=times[row.student_no] == 1) for row in rows]


def _child(row: RosterRow, *, is_own_number: bool) -> WantedChild:
    child = WantedChild(
        row=row,
        gender=_GENDERS[row.gender],
        student_no=row.student_no,
        id_hash=id_number_hash(row.id_number) if row.id_number else None,
        ethnicity=row.ethnic,
        guardians=tuple(
            replace(guardian, phone_hash=phone_hash(guardian.phone)) if guardian.phone else guardian
            for guardian in _guardians(row)
        ),
        categories=frozenset(CategoryKind(word) for word in row.categories),
        extra=dict(row.unknown),
    )
    number = row.student_no
    if number and not (is_own_number and STUDENT_NO.fullmatch(number) and not _SEAT.fullmatch(number)):
        child.student_no = None
        _keep(child, "student_no", number)
    if row.ethnic and len(row.ethnic) > _LONGEST_ETHNICITY:
        child.ethnicity = None
        _keep(child, "ethnic", row.ethnic)
    if row.national_no:
        _keep(child, "national_no", row.national_no)
    for key in ("guardian_name", "guardian_relation", "father_name", "mother_name"):
        text, limit = getattr(row, key), _LONGEST_RELATION if key == "guardian_relation" else _LONGEST_NAME
        if text and len(text) > limit:
            _keep(child, key, text)
    return child


def _keep(child: WantedChild, key: str, text: str) -> None:
    child.extra.setdefault(ROSTER.labels[key], text)


def _guardians(row: RosterRow) -> tuple[WantedGuardian, ...]:
    """Return father, mother and guardian, each once: a guardian who is the mother is the mother."""
    found = [
        guardian
        for guardian in (
            _guardian(GuardianKind.FATHER, row.father_name, row.father_phone),
            _guardian(GuardianKind.MOTHER, row.mother_name, row.mother_phone),
        )
        if guardian
    ]
    name, relation = _fitting(row.guardian_name, _LONGEST_NAME), _fitting(row.guardian_relation, _LONGEST_RELATION)
    phone, second = row.guardian_phone, row.guardian_second_phone
    main = WantedGuardian(_kind(name, relation), name, relation, phone or second, second if phone else None, True)
    if not (main.name or main.phone):
        return tuple(found)
    same = next((position for position, known in enumerate(found) if _is_same(known, main)), None)
    if same is None:
        return (*found, main)
    known = found[same]
    found[same] = replace(
        known,
        name=known.name or main.name,
        relation=main.relation,
        phone=main.phone or known.phone,
        second_phone=main.second_phone or (known.phone if main.phone and known.phone != main.phone else None),
        is_primary=True,
    )
    return tuple(found)


def _guardian(kind: GuardianKind, name: str | None, phone: str | None) -> WantedGuardian | None:
    name = _fitting(name, _LONGEST_NAME)
    return WantedGuardian(kind, name, None, phone, None, False) if name or phone else None


def _fitting(text: str | None, limit: int) -> str | None:
    return text if text and len(text) <= limit else None


def _kind(name: str | None, relation: str | None) -> GuardianKind:
    if relation in FATHER_WORDS:
        return GuardianKind.FATHER
    if relation in MOTHER_WORDS:
        return GuardianKind.MOTHER
    # A telephone alone does not say whose it is; the card asks for the name (`GuardianCard.is_unnamed`).
    return GuardianKind.STATUTORY if name or relation else GuardianKind.OTHER


def _is_same(known: WantedGuardian, main: WantedGuardian) -> bool:
    if known.name and main.name:
        return known.name == main.name
    if main.name or main.relation:
        return known.kind is main.kind
    return bool(known.phone) and known.phone == main.phone
