"""What a contact card (联系卡) must have and what one lacks (E-08): one function for pages, lists and imports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from db.base import Labelled
from db.tables import GuardianKind, Whereabouts

PARENTS = (GuardianKind.FATHER, GuardianKind.MOTHER)
GONE = frozenset({Whereabouts.DECEASED, Whereabouts.MISSING})


class CardPart(Labelled):
    """The fourteen parts of E-08, in the order of the card."""

    FATHER_NAME = "father_name", "父亲姓名"
    FATHER_WORKPLACE = "father_workplace", "父亲工作单位"
    FATHER_PHONE = "father_phone", "父亲电话"
    MOTHER_NAME = "mother_name", "母亲姓名"
    MOTHER_WORKPLACE = "mother_workplace", "母亲工作单位"
    MOTHER_PHONE = "mother_phone", "母亲电话"
    HOME_ADDRESS = "home_address", "家庭住址"
    GUARDIAN_NAME = "guardian_name", "监护人姓名"
    GUARDIAN_RELATION = "guardian_relation", "监护人和孩子的关系"
    GUARDIAN_AGE = "guardian_age", "监护人年龄"
    GUARDIAN_OCCUPATION = "guardian_occupation", "监护人职业"
    GUARDIAN_HEALTH = "guardian_health", "监护人身体状况"
    GUARDIAN_ADDRESS = "guardian_address", "监护人住址"
    GUARDIAN_PHONE = "guardian_phone", "监护人电话"


_PARENT_PARTS = ("name", "workplace", "phone")
_GUARDIAN_PARTS = ("name", "relation", "age", "occupation", "health", "address", "phone")


@dataclass(frozen=True, slots=True)
class PersonParts:
    """Which parts of one person a card has; who has died or can't be found owes none."""

    filled: frozenset[str] = field(default_factory=frozenset)
    is_gone: bool = False


NOBODY = PersonParts()


def missing_parts(
    *, has_address: bool, father: PersonParts = NOBODY, mother: PersonParts = NOBODY, guardian: PersonParts = NOBODY
) -> tuple[CardPart, ...]:
    """Return what a card lacks, in the order of the card; nothing where it is complete."""
    has = {CardPart.HOME_ADDRESS} if has_address else set()
    for who, person in (("father", father), ("mother", mother)):
        has |= {CardPart(f"{who}_{part}") for part in _PARENT_PARTS if person.is_gone or part in person.filled}
    has |= {CardPart(f"guardian_{part}") for part in _GUARDIAN_PARTS if part in guardian.filled}
    return tuple(part for part in CardPart if part not in has)


class CardPerson(Protocol):
    """A parent or guardian as stored: a table's row or one read in bulk."""

    @property
    def id(self) -> Any: ...  # a new row has none yet
    @property
    def kind(self) -> GuardianKind: ...
    @property
    def name(self) -> str | None: ...
    @property
    def relation(self) -> str | None: ...
    @property
    def is_primary(self) -> bool: ...
    @property
    def birth_year(self) -> int | None: ...
    @property
    def whereabouts(self) -> Whereabouts | None: ...
    @property
    def phone_sealed(self) -> bytes | None: ...
    @property
    def workplace_sealed(self) -> bytes | None: ...
    @property
    def address_sealed(self) -> bytes | None: ...
    @property
    def occupation_sealed(self) -> bytes | None: ...
    @property
    def health_sealed(self) -> bytes | None: ...


Person = TypeVar("Person", bound=CardPerson)


def parts_of(person: CardPerson | None) -> PersonParts:
    """Return which parts of a stored person are filled; what is sealed counts without being opened."""
    if person is None:
        return NOBODY
    values = {
        "name": person.name,
        "relation": person.relation or (person.kind in PARENTS or None),
        "age": person.birth_year,
        **{
            part: getattr(person, f"{part}_sealed")
            for part in ("phone", "workplace", "address", "occupation", "health")
        },
    }
    filled = frozenset(part for part, value in values.items() if value is not None)
    return PersonParts(filled, person.whereabouts in GONE)


def find_parent(people: Iterable[Person], kind: GuardianKind) -> Person | None:
    """Return the father or the mother on the card."""
    return next((person for person in people if person.kind is kind), None)


def find_main_guardian(people: Sequence[Person]) -> Person | None:
    """Return who looks after the child: the entrusted guardian, else another, else the parent to be called first."""
    ranked = [(_rank(person), not person.is_primary, person.id or 0, place) for place, person in enumerate(people)]
    eligible = [each for each in ranked if each[0] is not None]
    return people[min(eligible)[3]] if eligible else None


def _rank(person: CardPerson) -> int | None:
    match person.kind:
        case GuardianKind.ENTRUSTED:
            return 0
        case GuardianKind.STATUTORY:
            return 1
        case GuardianKind.OTHER:
            return 2 if person.is_primary else 4
    return 3 if person.is_primary else None


def missing_of(*, has_address: bool, people: Sequence[CardPerson]) -> tuple[CardPart, ...]:
    """Return what the card of a stored child lacks."""
    return missing_parts(
        has_address=has_address,
        father=parts_of(find_parent(people, GuardianKind.FATHER)),
        mother=parts_of(find_parent(people, GuardianKind.MOTHER)),
        guardian=parts_of(find_main_guardian(people)),
    )


def read_missing(stored: str) -> tuple[CardPart, ...]:
    """Return the parts a child's `card_missing` names."""
    return tuple(CardPart(code) for code in stored.split(",") if code)


def write_missing(parts: Iterable[CardPart]) -> str:
    """Return the parts as `card_missing` keeps them."""
    return ",".join(part.value for part in parts)
