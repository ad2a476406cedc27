"""Helpers (帮扶人): registering, changing and vetting them, and saying that one has left (J-16, J-17)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, or_, select

from db.sealing import seal, unseal
from db.tables import AppUser, Gender, Helper, HelperKind, Pairing, RoleGrant
from services import audit, clock
from services.access import HOLDERS, Permission, allows, permitted
from services.actors import Actor
from services.editing import changed_fields, last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, FieldErrors, NotAllowed, NotFound, Problem
from services.exchange.values import read_name, read_phones
from services.fields import LINE, LONG, SHORT, Checker
from services.pairing.rules import (
    MOST_CHILDREN,
    TUTOR_PARAMETER,
    USUAL_CAPACITY,
    Days,
    holds_place,
    most_at_once,
    stints_of,
)
from services.pairing.sight import is_of_own_children, reads_contact, sees_helpers
from services.parameter_versions import parameter_on
from services.sign_in import roles_held
from services.student_keys import name_keys

_SUBJECTS_LIMIT = 120


class HelperHasChildren(DomainError):
    """Somebody who leaves has children still: they are handed over or let go first."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperEntry:
    """A helper as typed: an account, or a name with a phone."""

    kind: HelperKind | None = None
    user_id: int | None = None
    name: str | None = None
    gender: Gender | None = None
    phone: str | None = None
    subjects: str | None = None
    capacity: float | None = None  # children at once; None: what is usual
    from_day: date | None = None
    trained_until: date | None = None
    pledged_on: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHelper:
    """A helper as its form is drawn; phone and note only where they are the actor's to read."""

    id: int
    version: int
    shown_name: str
    entry: HelperEntry
    vetted_on: date | None
    to_day: date | None
    may_change: bool


@dataclass(frozen=True, slots=True)
class SavedHelper:
    """A helper just saved, and how many others of exactly this name there are: a warning, no refusal."""

    id: int
    namesakes: int = 0


@permitted(Permission.PAIRING_WRITE)
def usual_capacity(session: Session, actor: Actor, *, kind: HelperKind) -> int:
    """Return how many children at once somebody of this kind takes on where nobody says otherwise (J-12)."""
    usual = USUAL_CAPACITY.get(kind)
    return usual if usual is not None else parameter_on(session, TUTOR_PARAMETER, clock.today())


@permitted(Permission.PAIRING_READ)
def find_helper(session: Session, actor: Actor, *, helper_id: int) -> StoredHelper:
    """Return a helper as its form is drawn.

    Raises:
        NotFound: there is no such helper, or none this actor may know of.
    """
    row = session.exec(
        select(Helper, AppUser.display_name, reads_contact(actor))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .where(Helper.id == helper_id, sees_helpers(actor))
    ).first()
    if row is None:
        raise NotFound
    helper, account, reads = row
    return _stored(helper, account, reads=bool(reads), may_change=_may_change(session, actor, helper))


@permitted(Permission.PAIRING_WRITE)
def register_helper(session: Session, actor: Actor, *, entry: HelperEntry) -> SavedHelper:
    """Register somebody who takes children on; a volunteer is vetted afterwards, before the first child (J-17).

    Raises:
        FieldErrors: something is missing or can't be; an account that helps already, or is no teacher's.
        NotAllowed: members of staff are registered by the care room.
    """
    check = Checker()
    values, phone = _checked(session, actor, check, entry, None)
    check.finish()
    helper = Helper(**values, recorded_by_id=actor.id_of_staff, recorded_at=clock.now())
    _seal(helper, entry, phone)
    session.add(helper)
    _flush(session)
    audit.record(session, actor, audit.Action.HELPER_SAVED, target=helper, kind=helper.kind.value)
    same = select(func.count()).select_from(Helper).where(Helper.name == helper.name, Helper.id != helper.id)
    return SavedHelper(helper.id or 0, session.exec(same).one() if helper.name else 0)


@permitted(Permission.PAIRING_WRITE)
def change_helper(session: Session, actor: Actor, *, helper_id: int, version: int, entry: HelperEntry) -> None:
    """Change what is known of a helper, or how many children it takes on; the kind stays.

    Raises:
        NotFound: there is no such helper, or none this actor may know of.
        NotAllowed: staff, and helpers of other classes, are the care room's to change.
        FieldErrors: as `register_helper`; fewer children at once than are agreed already.
        EditedMeanwhile: somebody changed it since; `current` is a StoredHelper.
    """
    helper = _lock(session, actor, helper_id, version)
    check = Checker()
    values, phone = _checked(session, actor, check, entry, helper)
    _check_children(session, check, helper, values)
    check.finish()
    fields = changed_fields(helper, values)
    before = {name: unseal(helper, f"{name}_sealed") for name in ("phone", "note")}
    _seal(helper, entry, phone)
    fields += [name for name in before if unseal(helper, f"{name}_sealed") != before[name]]
    session.add(helper)
    _flush(session)
    audit.record(session, actor, audit.Action.HELPER_SAVED, target=helper, fields=sorted(fields))


@permitted(Permission.HELPER_VET)
def vet_helper(session: Session, actor: Actor, *, helper_id: int, version: int, day: date | None) -> None:
    """Say that a volunteer was looked into and may meet children from this day on (J-17); None takes it back.

    Raises:
        NotFound: there is no such helper.
        FieldErrors: the day has not come yet, or it is taken back from somebody who has children.
        EditedMeanwhile: somebody changed it since; `current` is a StoredHelper.
    """
    helper = _lock(session, actor, helper_id, version)
    check = Checker()
    check.not_future("vetted_on", day, today=clock.today())
    if day is None and helper.kind is HelperKind.VOLUNTEER and _children_on(session, helper_id, clock.today()):
        check.add("vetted_on", "has_children")
    check.finish()
    helper.vetted_on, helper.vetted_by_id = day, actor.user_id if day else None
    session.add(helper)
    audit.record(session, actor, audit.Action.HELPER_VETTED, target=helper, day=day.isoformat() if day else None)


@permitted(Permission.PAIRING_WRITE)
def end_helper(session: Session, actor: Actor, *, helper_id: int, version: int, day: date | None) -> None:
    """Say that somebody helps no longer, from a day on; its children are handed over or let go before.

    Raises:
        NotFound, NotAllowed, EditedMeanwhile: as `change_helper`.
        FieldErrors: the day is missing or before it began.
        HelperHasChildren: pairs go on beyond the day.
    """
    helper = _lock(session, actor, helper_id, version)
    check = Checker()
    if day is None:
        check.add("to_day", "required")
    elif day < helper.from_day:
        check.add("to_day", "before_start")
    check.finish()
    if day is None:  # refused above; said again for the types
        raise NotFound
    if count := _children_on(session, helper_id, day):
        raise HelperHasChildren(count)
    helper.to_day = day
    session.add(helper)
    audit.record(session, actor, audit.Action.HELPER_LEFT, target=helper, day=day.isoformat())


@permitted(Permission.PAIRING_WRITE)
def list_accounts_to_register(session: Session, actor: Actor) -> list[tuple[int, str]]:
    """Return the teachers who don't help yet, by name, for the care room; nobody for others. One statement."""
    if not allows(actor, Permission.HELPER_VET):
        return []
    there = select(Helper.user_id).where(col(Helper.user_id).is_not(None))
    teaches = select(RoleGrant.user_id).where(
        col(RoleGrant.ended_at).is_(None), col(RoleGrant.role).in_(HOLDERS[Permission.PAIRING_OWN])
    )
    rows = session.exec(
        select(AppUser.id, AppUser.display_name)
        .where(AppUser.is_active, col(AppUser.id).in_(teaches), col(AppUser.id).not_in(there))
        .order_by(col(AppUser.name_order), col(AppUser.id))
    ).all()
    return [(user_id or 0, name) for user_id, name in rows]


# --- what can be saved ---


def _checked(
    session: Session, actor: Actor, check: Checker, entry: HelperEntry, before: Helper | None
) -> tuple[dict[str, Any], str | None]:
    kind = before.kind if before is not None else entry.kind
    if kind is None:
        check.add("kind", "required")
        check.finish()
        raise NotFound
    if kind is HelperKind.STAFF and not allows(actor, Permission.HELPER_VET):
        raise NotAllowed
    user_id = entry.user_id if kind is HelperKind.STAFF else None
    name = read_name(check.text("name", entry.name, limit=SHORT) or "") or None
    if user_id is not None:
        _check_account(session, check, user_id, before)
        name = None
    elif name is None:
        check.add("user_id" if kind is HelperKind.STAFF else "name", "required")
    capacity = check.whole_number("capacity", entry.capacity)
    if capacity is not None and not 1 <= capacity <= MOST_CHILDREN:
        check.add("capacity", "outside", least=1, most=MOST_CHILDREN)
    if capacity is None and "capacity" not in check.problems:
        capacity = usual_capacity(session, actor, kind=kind)
    from_day = entry.from_day or (before.from_day if before else clock.today())
    check.not_future("pledged_on", entry.pledged_on, today=clock.today())
    phone = _checked_phone(check, entry.phone)
    check.text("note", entry.note, limit=LONG)
    values: dict[str, Any] = {  # columns of different types
        "kind": kind,
        "user_id": user_id,
        "name": name,
        "name_order": name_keys(name).order if name else "",
        "gender": entry.gender,
        "subjects": _subjects(check, entry.subjects),
        "capacity": capacity,
        "from_day": from_day,
        "trained_until": entry.trained_until,
        "pledged_on": entry.pledged_on,
    }
    return values, phone


def _check_account(session: Session, check: Checker, user_id: int, before: Helper | None) -> None:
    user = session.get(AppUser, user_id)
    if user is None or (not user.is_active and (before is None or before.user_id != user_id)):
        check.add("user_id", "unknown_choice")
        return
    if HOLDERS[Permission.PAIRING_OWN].isdisjoint(roles_held(session, user_id)):
        check.add("user_id", "helper_no_teacher")
    taken = select(Helper.id).where(Helper.user_id == user_id, Helper.id != (before.id if before else 0))
    if session.exec(taken).first() is not None:
        check.add("user_id", "helper_there")


def _subjects(check: Checker, typed: str | None) -> str:
    text = check.text("subjects", typed, limit=_SUBJECTS_LIMIT) or ""
    words = text.replace("，", ",").replace("、", ",").replace("；", ",").replace("\n", ",").split(",")
    return ",".join(dict.fromkeys(word.strip() for word in words if word.strip()))


def _checked_phone(check: Checker, phone: str | None) -> str | None:
    typed = check.text("phone", phone, limit=LINE)
    found = read_phones(typed)
    if found.unusable:
        check.add("phone", "phone_shape")
    return found.first or None


def _check_children(session: Session, check: Checker, helper: Helper, values: dict[str, Any]) -> None:
    """Refuse fewer places than are taken from today on, and a beginning after the first pair."""
    stints = stints_of(session, helper.id)
    taken = most_at_once(stints, within=Days(clock.today()))
    first = min((days.first for _, days in stints if not days.is_empty), default=None)
    if values["capacity"] is not None and values["capacity"] < taken:
        check.add("capacity", "fewer_than_children", count=taken)
    if first is not None and values["from_day"] > first:
        check.add("from_day", "after_first_pair", day=first)


def _seal(helper: Helper, entry: HelperEntry, phone: str | None) -> None:
    seal(helper, "phone_sealed", phone)
    seal(helper, "note_sealed", entry.note)


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:  # registered by another process since it was checked
        raise FieldErrors({"user_id": Problem("helper_there")}) from None


# --- which rows, and who ---


def _lock(session: Session, actor: Actor, helper_id: int, version: int) -> Helper:
    seen = session.exec(select(Helper).where(Helper.id == helper_id, sees_helpers(actor))).first()
    if seen is None:
        raise NotFound
    if not _may_change(session, actor, seen):
        raise NotAllowed
    try:
        return lock_version(session, Helper, helper_id, version=version)
    except EditedMeanwhile as error:
        current = find_helper(session, actor, helper_id=helper_id)
        raise EditedMeanwhile(current, edited_by=last_editor(session, error.current)) from None


def _may_change(session: Session, actor: Actor, helper: Helper) -> bool:
    if allows(actor, Permission.HELPER_VET):
        return True
    if helper.kind is HelperKind.STAFF or not allows(actor, Permission.PAIRING_WRITE):
        return False
    own = select(Helper.id).where(Helper.id == helper.id, is_of_own_children(actor))
    return session.exec(own).first() is not None


def _children_on(session: Session, helper_id: int, day: date) -> int:
    """Return how many children's pairs go on, or begin, on a day or after it."""
    wanted = select(func.count(func.distinct(col(Pairing.student_id)))).where(
        Pairing.helper_id == helper_id,
        holds_place(day),
        or_(col(Pairing.to_day).is_(None), col(Pairing.to_day) > col(Pairing.from_day)),
    )
    return session.exec(wanted).one()


def _stored(helper: Helper, account: str | None, *, reads: bool, may_change: bool) -> StoredHelper:
    return StoredHelper(
        id=helper.id or 0,
        version=helper.version,
        shown_name=account or helper.name or "",
        entry=HelperEntry(
            kind=helper.kind,
            user_id=helper.user_id,
            name=helper.name,
            gender=helper.gender,
            phone=unseal(helper, "phone_sealed") if reads else None,
            subjects=helper.subjects.replace(",", "、"),
            capacity=helper.capacity,
            from_day=helper.from_day,
            trained_until=helper.trained_until,
            pledged_on=helper.pledged_on,
            note=unseal(helper, "note_sealed") if reads else None,
        ),
        vetted_on=helper.vetted_on,
        to_day=helper.to_day,
        may_change=may_change,
    )
