"""Parents and guardians: whom to call, and where they are (E-03, E-08)."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import seal
from db.tables import Guardian, GuardianKind, Whereabouts
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.card_history import noting_card
from services.card_parts import GONE
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, NotFound
from services.exchange.values import is_name, read_name, read_phones
from services.fields import LINE, SHORT, Checker
from services.student_files import guardian_card
from services.student_keys import phone_hash
from services.student_rights import require_writable

RELATION = 20
YOUNGEST_GUARDIAN, OLDEST_GUARDIAN = 16, 110
PRIVATE_TEXTS = ("workplace", "address", "occupation", "health")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianEntry:
    """What somebody types about a parent or guardian."""

    kind: GuardianKind | None = None
    name: str | None = None
    relation: str | None = None
    is_primary: bool = False
    phone: str | None = None
    second_phone: str | None = None
    workplace: str | None = None
    address: str | None = None
    age: float | None = None  # in whole years, as of today
    occupation: str | None = None
    health: str | None = None
    whereabouts: Whereabouts | None = None


@permitted(Permission.STUDENT_WRITE)
def save_guardian(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    entry: GuardianEntry,
    guardian_id: int | None = None,
    version: int | None = None,
) -> int:
    """Add a guardian of a child, or change one; a new main contact takes the place of the one before.

    Raises:
        NotFound, NotAllowed: the child, or the guardian, is not this actor's to write.
        FieldErrors: something can't be saved as it is.
        EditedMeanwhile: somebody saved the guardian since; `current` is a GuardianCard.
    """
    require_writable(session, actor, student_id)
    # One main contact: two who name one at once come after each other, by the child's row that this locks.
    with noting_card(session, actor, student_id):
        guardian = _write(session, student_id, entry, guardian_id=guardian_id, version=version)
    audit.record(session, actor, audit.Action.GUARDIAN_SAVED, target=guardian, student_id=student_id)
    return guardian.id or 0


@permitted(Permission.STUDENT_WRITE)
def end_guardian(session: Session, actor: Actor, *, student_id: int, guardian_id: int, version: int) -> None:
    """Take somebody off the contact card; what was recorded stays.

    Raises:
        NotFound, NotAllowed, EditedMeanwhile: as `save_guardian`.
    """
    require_writable(session, actor, student_id)
    with noting_card(session, actor, student_id):
        guardian = _locked(session, student_id, guardian_id, version)
        guardian.ended_at, guardian.is_primary = clock.now(), False
        session.add(guardian)
    audit.record(session, actor, audit.Action.GUARDIAN_SAVED, target=guardian, student_id=student_id, ended=True)


def _write(
    session: Session, student_id: int, entry: GuardianEntry, *, guardian_id: int | None, version: int | None
) -> Guardian:
    drawn = _locked(session, student_id, guardian_id, version or 0) if guardian_id is not None else None
    values, phones, private = _checked(entry, drawn)
    guardian = drawn or Guardian(student_id=student_id, **values)
    for name, value in values.items():
        setattr(guardian, name, value)
    for name, text in private.items():
        seal(guardian, f"{name}_sealed", text)
    seal_phones(guardian, *phones)
    session.add(guardian)
    session.flush()
    if guardian.is_primary:
        demote_others(session, guardian)
    return guardian


def _checked(
    entry: GuardianEntry, drawn: Guardian | None
) -> tuple[dict[str, Any], tuple[str | None, str | None], dict[str, str | None]]:
    """Return plain columns, both phones, and the private texts; refuse what can't be saved."""
    check = Checker()
    if entry.kind is None:
        check.add("kind", "required")
    name = checked_person_name(check, "name", entry.name)
    first, spare = checked_phones(check, "phone", entry.phone)
    second, _third = checked_phones(check, "second_phone", entry.second_phone)
    if not name and not first and entry.whereabouts not in GONE and not check.problems:
        check.add("name", "someone")
    values: dict[str, Any] = {  # columns of several types
        "kind": entry.kind,
        "name": name,
        "relation": check.text("relation", entry.relation, limit=RELATION),
        "is_primary": entry.is_primary,
        "birth_year": checked_birth_year(check, "age", entry.age, stored=drawn.birth_year if drawn else None),
        "whereabouts": entry.whereabouts,
    }
    private = {field: check.text(field, getattr(entry, field), limit=LINE) for field in PRIVATE_TEXTS}
    check.finish()
    return values, (first, second or spare), private


def checked_person_name(check: Checker, field: str, typed: str | None) -> str | None:
    """Return a person's name tidied, or None for blank; note what is no name."""
    name = check.text(field, typed, limit=SHORT)
    tidy = read_name(name) if name else None
    if name and not (tidy and is_name(tidy)):
        check.add(field, "not_a_name")
    return tidy or None


def checked_phones(check: Checker, field: str, typed: str | None) -> tuple[str | None, str | None]:
    """Return the first and second telephone of what was typed; note what is none."""
    text = check.text(field, typed, limit=LINE)
    found = read_phones(text)
    if found.unusable:
        check.add(field, "phone_shape")
    return found.first or None, found.second or None


def checked_birth_year(check: Checker, field: str, typed: float | None, *, stored: int | None) -> int | None:
    """Return the year of birth an age means today; an age that still is the stored one keeps its year."""
    age = check.whole_number(field, typed)
    if age is None:
        return None
    if not YOUNGEST_GUARDIAN <= age <= OLDEST_GUARDIAN:
        check.add(field, "guardian_age", low=YOUNGEST_GUARDIAN, high=OLDEST_GUARDIAN)
        return None
    year = clock.today().year
    return stored if stored is not None and year - stored == age else year - age


def seal_phones(guardian: Guardian, first: str | None, second: str | None) -> None:
    """Put both telephones into their sealed columns; the first can be found again."""
    seal(guardian, "phone_sealed", first)
    seal(guardian, "second_phone_sealed", second)
    guardian.phone_hash = phone_hash(first) if first else None


def _locked(session: Session, student_id: int, guardian_id: int, version: int) -> Guardian:
    row = session.get(Guardian, guardian_id)
    if row is None or row.student_id != student_id or row.ended_at is not None:
        raise NotFound
    try:
        return lock_version(session, Guardian, guardian_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(guardian_card(error.current), edited_by=last_editor(session, error.current)) from None


def demote_others(session: Session, main: Guardian) -> None:
    """Let this one be the only main contact of the child."""
    for other in session.exec(
        select(Guardian).where(
            Guardian.student_id == main.student_id, col(Guardian.is_primary), col(Guardian.id) != main.id
        )
    ):
        other.is_primary, other.version = False, other.version + 1
        session.add(other)
    session.flush()
