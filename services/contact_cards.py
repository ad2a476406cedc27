"""The contact card (联系卡) as one form: what it asks for, saving it, how it stood before (E-08, E-09)."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import AppUser, ContactCardVersion, Guardian, GuardianKind, Student, Whereabouts
from services import audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.card_history import noting_card
from services.card_parts import GONE, PARENTS, CardPart, find_main_guardian, find_parent, read_missing
from services.errors import EditedMeanwhile, NotFound
from services.fields import LINE, Checker
from services.guardians import (
    RELATION,
    checked_birth_year,
    checked_person_name,
    checked_phones,
    demote_others,
    seal_phones,
)
from services.row_filters import sees_students
from services.student_rights import require_writable

LISTED_VERSIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEntry:
    """What somebody types on the contact card; blank is nothing."""

    home_address: str | None = None
    father_name: str | None = None
    father_phone: str | None = None
    father_workplace: str | None = None
    father_whereabouts: Whereabouts | None = None
    mother_name: str | None = None
    mother_phone: str | None = None
    mother_workplace: str | None = None
    mother_whereabouts: Whereabouts | None = None
    guardian_kind: GuardianKind | None = None
    guardian_name: str | None = None
    guardian_relation: str | None = None
    guardian_age: float | None = None  # in whole years, as of today
    guardian_occupation: str | None = None
    guardian_health: str | None = None
    guardian_address: str | None = None
    guardian_phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCard(CardEntry):
    """A card as its form is drawn."""

    id: int  # the child's
    child: str
    version: int
    missing: tuple[CardPart, ...]


@dataclass(frozen=True, slots=True)
class CardVersion:
    """A card as it stood until somebody changed it; `changed` holds the codes of what became otherwise."""

    number: int
    words: dict[str, str]
    changed: tuple[str, ...]
    parts_filled: int
    ended_at: datetime
    ended_by: str | None  # None: the command line


@dataclass(slots=True)
class _Person:
    """One person as typed, checked."""

    name: str | None
    phones: tuple[str | None, str | None]
    workplace: str | None
    whereabouts: Whereabouts | None

    @property
    def is_blank(self) -> bool:
        return not (self.name or self.phones[0] or self.workplace or self.whereabouts)


@permitted(Permission.STUDENT_WRITE)
def find_card(session: Session, actor: Actor, *, student_id: int) -> StoredCard:
    """Return a child's contact card as its form is drawn.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
        NotAllowed: the actor may see it, not change it.
    """
    require_writable(session, actor, student_id)
    return _stored(session, student_id)


@permitted(Permission.STUDENT_WRITE)
def save_card(session: Session, actor: Actor, *, student_id: int, version: int, entry: CardEntry) -> None:
    """Save all of a contact card at once: address, father, mother, guardian; the version before is kept.

    Raises:
        NotFound, NotAllowed: as `find_card`.
        FieldErrors: something can't be saved as it is.
        EditedMeanwhile: somebody changed the card since; `current` is a StoredCard.
    """
    require_writable(session, actor, student_id)
    student = session.get_one(Student, student_id, with_for_update={"key_share": True}, populate_existing=True)
    if student.card_version != version:
        raise EditedMeanwhile(_stored(session, student_id), edited_by=_last_editor(session, student_id))
    people = _people(session, student_id)
    check = Checker()
    parents = {kind: _checked_parent(check, entry, kind) for kind in PARENTS}
    guardian = _checked_guardian(check, entry, parents, main=find_main_guardian(people))
    address = check.text("home_address", entry.home_address, limit=LINE)
    check.finish()
    with noting_card(session, actor, student_id):
        if unseal(student, "address_sealed") != address:
            seal(student, "address_sealed", address)
            student.version += 1
            session.add(student)
        for kind, typed in parents.items():
            _save_parent(session, student_id, find_parent(people, kind), kind, typed, is_guardian=guardian.kind is kind)
        _save_guardian(session, student_id, guardian)
    audit.record(session, actor, audit.Action.CARD_SAVED, target=student, student_id=student_id)


@permitted(Permission.STUDENT_READ)
def list_versions(session: Session, actor: Actor, *, student_id: int) -> list[CardVersion]:
    """Return how a child's card stood before, the latest first; for whoever may read the card by right.

    Raises:
        NotFound: there is no such child, or the actor may not read its card.
    """
    may_read = sees_students(actor), sees_students(actor, Subject.CONTACT)
    if session.exec(select(Student.id).where(Student.id == student_id, *may_read)).first() is None:
        raise NotFound
    rows = session.exec(
        select(ContactCardVersion, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(ContactCardVersion.ended_by_id), isouter=True)
        .where(ContactCardVersion.student_id == student_id)
        .order_by(col(ContactCardVersion.number).desc())
        .limit(LISTED_VERSIONS)
    ).all()
    return [
        CardVersion(
            number=row.number,
            words=json.loads(unseal(row, "content_sealed") or "{}"),
            changed=tuple(row.changed.split(",")),
            parts_filled=row.parts_filled,
            ended_at=row.ended_at,
            ended_by=name,
        )
        for row, name in rows
    ]


def _people(session: Session, student_id: int) -> list[Guardian]:
    rows = session.exec(
        select(Guardian)
        .where(Guardian.student_id == student_id, col(Guardian.ended_at).is_(None))
        .order_by(col(Guardian.id))
        .with_for_update()
    )
    return list(rows.all())


def _stored(session: Session, student_id: int) -> StoredCard:
    student = session.get_one(Student, student_id, populate_existing=True)
    people = _people(session, student_id)
    values: dict[str, Any] = {}  # columns of several types
    for who, kind in (("father", GuardianKind.FATHER), ("mother", GuardianKind.MOTHER)):
        if parent := find_parent(people, kind):
            values |= {f"{who}_name": parent.name, f"{who}_whereabouts": parent.whereabouts}
            values |= {f"{who}_{part}": unseal(parent, f"{part}_sealed") for part in ("phone", "workplace")}
    if main := find_main_guardian(people):
        values["guardian_kind"] = main.kind
        values["guardian_age"] = clock.today().year - main.birth_year if main.birth_year else None
        parts = ["occupation", "health", "address"]
        if main.kind not in PARENTS:  # a parent's name and telephone stand in its own part of the form
            values |= {"guardian_name": main.name, "guardian_relation": main.relation}
            parts.append("phone")
        values |= {f"guardian_{part}": unseal(main, f"{part}_sealed") for part in parts}
    return StoredCard(
        id=student_id,
        child=student.name,
        version=student.card_version,
        missing=read_missing(student.card_missing),
        home_address=unseal(student, "address_sealed"),
        **values,
    )


def _last_editor(session: Session, student_id: int) -> str | None:
    return session.exec(
        select(AppUser.display_name)
        .join(ContactCardVersion, col(ContactCardVersion.ended_by_id) == col(AppUser.id))
        .where(ContactCardVersion.student_id == student_id)
        .order_by(col(ContactCardVersion.number).desc())
        .limit(1)
    ).first()


# --- checking ---


def _checked_parent(check: Checker, entry: CardEntry, kind: GuardianKind) -> _Person:
    who = kind.value
    return _Person(
        checked_person_name(check, f"{who}_name", getattr(entry, f"{who}_name")),
        checked_phones(check, f"{who}_phone", getattr(entry, f"{who}_phone")),
        check.text(f"{who}_workplace", getattr(entry, f"{who}_workplace"), limit=LINE),
        getattr(entry, f"{who}_whereabouts"),
    )


@dataclass(slots=True)
class _Main:
    """The guardian as typed, checked; without a kind there is none."""

    kind: GuardianKind | None
    stored: Guardian | None
    name: str | None
    relation: str | None
    birth_year: int | None
    phones: tuple[str | None, str | None]
    private: dict[str, str | None]


def _checked_guardian(
    check: Checker, entry: CardEntry, parents: dict[GuardianKind, _Person], *, main: Guardian | None
) -> _Main:
    kind = entry.guardian_kind
    typed = _Main(
        kind,
        main,
        checked_person_name(check, "guardian_name", entry.guardian_name),
        check.text("guardian_relation", entry.guardian_relation, limit=RELATION),
        checked_birth_year(check, "guardian_age", entry.guardian_age, stored=main.birth_year if main else None),
        checked_phones(check, "guardian_phone", entry.guardian_phone),
        {
            part: check.text(f"guardian_{part}", getattr(entry, f"guardian_{part}"), limit=LINE)
            for part in ("occupation", "health", "address")
        },
    )
    named = bool(typed.name or typed.relation or typed.phones[0])
    if kind is None and (named or typed.birth_year or any(typed.private.values())):
        check.add("guardian_kind", "required")
    elif kind in PARENTS:
        parent = parents[kind]
        if parent.is_blank or parent.whereabouts in GONE:
            check.add("guardian_kind", "no_such_parent")
        for field in ("guardian_name", "guardian_phone"):
            if getattr(entry, field):
                check.add(field, "parent_elsewhere")
    elif kind is not None and not (typed.name or typed.phones[0]):
        check.add("guardian_name", "someone")
    return typed


# --- writing; a person's version rises only where something of it changed ---


def _save_parent(
    session: Session,
    student_id: int,
    row: Guardian | None,
    kind: GuardianKind,
    typed: _Person,
    *,
    is_guardian: bool,
) -> None:
    if typed.is_blank and not is_guardian:
        _end(session, row)
        return
    person = row or Guardian(student_id=student_id, kind=kind)
    second = typed.phones[1] or unseal(person, "second_phone_sealed")
    _put(
        session,
        person,
        plain={"name": typed.name, "whereabouts": typed.whereabouts},
        private={"workplace": typed.workplace},
        phones=(typed.phones[0], second if second != typed.phones[0] else None),
    )


def _save_guardian(session: Session, student_id: int, typed: _Main) -> None:
    """Make the one typed the guardian on the card; who was it before stays among the family."""
    people = _people(session, student_id)
    main = next((each for each in people if typed.stored is not None and each.id == typed.stored.id), None)
    if typed.kind is None:
        if main is not None and main.kind not in PARENTS:
            _end(session, main)
        return
    plain: dict[str, Any] = {"birth_year": typed.birth_year}  # columns of several types
    if typed.kind in PARENTS:
        person = find_parent(people, typed.kind)
        if person is None:  # refused when it was checked; said again for the types
            raise NotFound
        phones = unseal(person, "phone_sealed"), unseal(person, "second_phone_sealed")
        for other in people:
            if other.kind in (GuardianKind.ENTRUSTED, GuardianKind.STATUTORY):
                _put(session, other, plain={"kind": GuardianKind.OTHER, "is_primary": False})
    else:
        person = main if main is not None and main.kind not in PARENTS else Guardian(
            student_id=student_id, kind=typed.kind
        )  # fmt: skip
        second = typed.phones[1] or unseal(person, "second_phone_sealed")
        phones = typed.phones[0], second if second != typed.phones[0] else None
        plain |= {"kind": typed.kind, "name": typed.name, "relation": typed.relation}
    must_lead = typed.kind in (*PARENTS, GuardianKind.OTHER)  # only so is it the one of the card
    plain["is_primary"] = person.is_primary or must_lead or not any(each.is_primary for each in people)
    _put(session, person, plain=plain, private=typed.private, phones=phones)
    if plain["is_primary"]:
        demote_others(session, person)


def _put(
    session: Session,
    person: Guardian,
    *,
    plain: dict[str, Any],  # columns of several types
    private: dict[str, str | None] | None = None,
    phones: tuple[str | None, str | None] | None = None,
) -> None:
    changed = [name for name, value in plain.items() if getattr(person, name) != value]
    changed += [name for name, text in (private or {}).items() if unseal(person, f"{name}_sealed") != text]
    if phones and phones != (unseal(person, "phone_sealed"), unseal(person, "second_phone_sealed")):
        changed.append("phone")
        seal_phones(person, *phones)
    if person.id is not None and not changed:
        return
    for name, value in plain.items():
        setattr(person, name, value)
    for name, text in (private or {}).items():
        seal(person, f"{name}_sealed", text)
    if person.id is not None:
        person.version += 1
    session.add(person)
    session.flush()


def _end(session: Session, person: Guardian | None) -> None:
    if person is not None:
        person.ended_at, person.is_primary, person.version = clock.now(), False, person.version + 1
        session.add(person)
        session.flush()
