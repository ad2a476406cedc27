"""Standing groups (小组): founding them, seating people in them, and ending both (area B)."""

from collections.abc import Iterable

from sqlmodel import Session, and_, col, select

from db.locks import Turn, take_turn
from db.sealing import seal, unseal
from db.tables import AppUser, CareGroup, GroupKind, GroupMember, GroupRole, SchoolClass
from services import audit, clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.answers import load_answers, seat_of
from services.calendar import current_school_year, load_calendar
from services.classes import class_label, grade_label, list_classes
from services.editing import changed_fields, last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotAllowed, NotFound
from services.exchange.values import read_phones
from services.fields import SHORT, Checker
from services.group_kinds import GUEST_ROLES, OF_PLACES, WANTED
from services.group_lists import list_groups


class GroupExists(DomainError):
    """There is such a group already; of each kind and place there is one at a time."""


class HeadTaken(DomainError):
    """The group has a head already, whom the form did not know of."""

    def __init__(self, *, name: str | None) -> None:
        super().__init__()
        self.name = name


@permitted(Permission.POST_WRITE)
def found_group(session: Session, actor: Actor, *, kind: GroupKind, name: str = "") -> int:
    """Set up a group of the whole school with the roles its kind begins with, and return its id.

    Raises:
        FieldErrors: a group of the school's own needs a name; a kind is that of grades or classes.
        GroupExists: there is one of this kind already.
    """
    check = Checker()
    cleaned = check.text("name", name, limit=SHORT, required=kind is GroupKind.OTHER)
    if kind in OF_PLACES:
        check.add("kind", "unknown_choice")
    check.finish()
    take_turn(session, Turn.POSTS)
    if kind is not GroupKind.OTHER and _stands(session, kind, seat_of()):
        raise GroupExists
    return _found(session, actor, kind=kind, name=cleaned or kind.label)


@permitted(Permission.POST_WRITE)
def found_groups_of_places(session: Session, actor: Actor) -> int:
    """Set up the missing working group of every grade and class, headed by grade head and homeroom teacher (B-08).

    Returns how many that were.
    """
    take_turn(session, Turn.POSTS)
    year = current_school_year(load_calendar(session), clock.today())
    heads = {
        answer.seat: answer.holders[0].user_id
        for answer in load_answers(session, school_year=year)
        if answer.code == "grade_head" and answer.holders
    }
    classes, count = list_classes(session, actor, school_year=year), 0
    for grade in sorted({each.grade for each in classes}):
        if not _stands(session, GroupKind.GRADE, seat := seat_of(grade=grade)):
            name = f"{grade_label(grade)}工作小组"
            group_id = _found(session, actor, kind=GroupKind.GRADE, name=name, grade=grade)
            _sit(session, actor, group_id, GroupRole.HEAD, heads.get(seat))
            count += 1
    for each in classes:
        if not _stands(session, GroupKind.CLASS, seat_of(class_id=each.id)):
            name = f"{each.label}工作小组"
            group_id = _found(session, actor, kind=GroupKind.CLASS, name=name, class_id=each.id)
            _sit(session, actor, group_id, GroupRole.HEAD, each.homeroom_id)
            count += 1
    return count


@permitted(Permission.POST_WRITE)
def change_group(
    session: Session, actor: Actor, *, group_id: int, version: int, name: str, wanted_roles: Iterable[GroupRole]
) -> None:
    """Change a group's name and which roles it needs (X-01).

    Raises:
        NotFound: there is no such group.
        EditedMeanwhile: somebody changed it since the form was drawn.
        FieldErrors: the name is missing or too long, or no role is wanted.
    """
    check = Checker()
    cleaned = check.required_text("name", name, limit=SHORT)
    wanted = frozenset(wanted_roles)
    if not wanted:
        check.add("wanted_roles", "required")
    check.finish()
    take_turn(session, Turn.POSTS)
    group = _locked(session, actor, group_id, version)
    changed = changed_fields(group, {"name": cleaned, "wanted_roles": _stored(wanted)})
    audit.record(session, actor, audit.Action.GROUP_SAVED, target=group, fields=changed)


@permitted(Permission.POST_WRITE)
def move_group(session: Session, actor: Actor, *, group_id: int, version: int, class_id: int) -> int:
    """Let a class's group go on in the class it became, with its members; return the new group's id.

    The old group and its memberships end today; whose account is closed does not come along.

    Raises:
        NotFound: there is no such group of a class, it has ended, or there is no such class.
        EditedMeanwhile: somebody changed the group since it was shown.
        GroupExists: the class has such a group already.
    """
    take_turn(session, Turn.POSTS)
    old = _locked(session, actor, group_id, version)
    target = session.get(SchoolClass, class_id)
    if old.class_id is None or old.to_day is not None or target is None:
        raise NotFound
    if _stands(session, old.kind, seat_of(class_id=class_id)):
        raise GroupExists
    name = f"{class_label(target.grade, target.number)}工作小组" if old.kind is GroupKind.CLASS else old.name
    new_id = _found(session, actor, kind=old.kind, name=name, class_id=class_id, wanted_roles=old.wanted_roles)
    rows = session.exec(
        select(GroupMember, AppUser.is_active)
        .join(AppUser, col(AppUser.id) == col(GroupMember.user_id), isouter=True)
        .where(GroupMember.group_id == group_id, col(GroupMember.to_day).is_(None))
        .order_by(col(GroupMember.id))
    ).all()
    for member, is_active in rows:
        _end(member)
        if member.user_id is None or is_active:
            guest, phone = unseal(member, "name_sealed"), unseal(member, "phone_sealed")
            _sit(session, actor, new_id, member.role, member.user_id, guest=guest, phone=phone)
    old.to_day = max(old.from_day, clock.today())
    audit.record(session, actor, audit.Action.GROUP_ENDED, target=old)
    return new_id


@permitted(Permission.POST_WRITE)
def dissolve_group(session: Session, actor: Actor, *, group_id: int, version: int) -> None:
    """End a group from today on; its members and their days stay on record.

    Raises:
        NotFound: there is no such group.
        EditedMeanwhile: somebody changed it since it was shown.
    """
    take_turn(session, Turn.POSTS)
    group = _locked(session, actor, group_id, version)
    if group.to_day is not None:
        raise NotFound
    group.to_day = max(group.from_day, clock.today())
    audit.record(session, actor, audit.Action.GROUP_ENDED, target=group)


@permitted(Permission.POST_WRITE)
def add_member(
    session: Session,
    actor: Actor,
    *,
    group_id: int,
    role: GroupRole | None,
    user_id: int | None = None,
    name: str = "",
    phone: str = "",
    replaces_id: int | None = None,
    replaces_version: int | None = None,
) -> int:
    """Let somebody sit in a group from today on and return the membership's id: an account, or a guest by name.

    A group has one head: the one replaced must be named with the version seen.

    Raises:
        NotFound: there is no such group.
        NotAllowed: a guest's name is for the care room to write.
        FieldErrors: role or person is missing or both kinds are given, the account is closed, or the phone is none.
        HeadTaken: there is a head whom the form did not know of.
        EditedMeanwhile: the head it should replace was changed since.
    """
    take_turn(session, Turn.POSTS)
    group = session.get(CareGroup, group_id)
    if group is None or group.to_day is not None:
        raise NotFound
    is_guest = bool(name.strip() or phone.strip())
    if is_guest and not allows(actor, Permission.GROUP_GUESTS):
        raise NotAllowed
    check = Checker()
    guest = check.text("name", name, limit=SHORT)
    number = _checked_phone(check, phone)
    _check_who(session, check, role=role, user_id=user_id, guest=guest)
    check.finish()
    if role is None:  # refused above; said again for the types
        raise NotFound
    if replaces_id is not None:
        replaced = lock_version(session, GroupMember, replaces_id, version=replaces_version or 0)
        if replaced.group_id != group_id or replaced.role != role:
            raise NotFound
        _end(replaced)
        session.flush()
    _refuse_second(session, group_id, role=role, user_id=user_id)
    return _sit(session, actor, group_id, role, user_id, guest=guest, phone=number)


@permitted(Permission.POST_WRITE)
def end_membership(session: Session, actor: Actor, *, member_id: int, version: int) -> None:
    """Say that somebody sits in a group no longer, from today on.

    Raises:
        NotFound: there is no such membership, or it has ended.
        EditedMeanwhile: somebody changed it since it was shown.
    """
    take_turn(session, Turn.POSTS)
    member = lock_version(session, GroupMember, member_id, version=version)
    if member.to_day is not None:
        raise NotFound
    _end(member)
    audit.record(
        session, actor, audit.Action.GROUP_MEMBER_ENDED, target=member, group_id=member.group_id, user_id=member.user_id
    )


def _locked(session: Session, actor: Actor, group_id: int, version: int) -> CareGroup:
    try:
        return lock_version(session, CareGroup, group_id, version=version)
    except EditedMeanwhile as error:
        current = next((each for each in list_groups(session, actor).groups if each.id == group_id), None)
        if current is None:
            raise NotFound from error
        editor = last_editor(session, session.get_one(CareGroup, group_id))
        raise EditedMeanwhile(current, edited_by=editor) from error


def _stands(session: Session, kind: GroupKind, seat: str) -> bool:
    found = select(CareGroup.id).where(CareGroup.kind == kind, CareGroup.seat == seat, col(CareGroup.to_day).is_(None))
    return session.exec(found).first() is not None


def _found(
    session: Session,
    actor: Actor,
    *,
    kind: GroupKind,
    name: str,
    grade: int | None = None,
    class_id: int | None = None,
    wanted_roles: str | None = None,
) -> int:
    group = CareGroup(
        kind=kind,
        name=name,
        grade=grade,
        class_id=class_id,
        seat=seat_of(grade=grade, class_id=class_id),
        wanted_roles=_stored(WANTED[kind]) if wanted_roles is None else wanted_roles,
        from_day=clock.today(),
        recorded_at=clock.now(),
    )
    session.add(group)
    session.flush()
    audit.record(session, actor, audit.Action.GROUP_SAVED, target=group, kind=kind)
    return group.id or 0


def _sit(
    session: Session,
    actor: Actor,
    group_id: int,
    role: GroupRole,
    user_id: int | None,
    *,
    guest: str | None = None,
    phone: str | None = None,
) -> int:
    if user_id is None and guest is None:
        return 0
    member = GroupMember(group_id=group_id, role=role, user_id=user_id, from_day=clock.today(), recorded_at=clock.now())
    seal(member, "name_sealed", guest)
    seal(member, "phone_sealed", phone)
    session.add(member)
    session.flush()
    audit.record(
        session, actor, audit.Action.GROUP_MEMBER_SAVED, target=member, group_id=group_id, user_id=user_id, kind=role
    )
    return member.id or 0


def _end(member: GroupMember) -> None:
    member.to_day = max(member.from_day, clock.today())


def _refuse_second(session: Session, group_id: int, *, role: GroupRole, user_id: int | None) -> None:
    same_person = and_(col(GroupMember.role) == role, col(GroupMember.user_id) == user_id)
    clash = same_person if role is not GroupRole.HEAD else col(GroupMember.role) == GroupRole.HEAD
    row = session.exec(
        select(GroupMember, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(GroupMember.user_id), isouter=True)
        .where(GroupMember.group_id == group_id, col(GroupMember.to_day).is_(None), clash)
    ).first()
    if row is None:
        return
    if role is GroupRole.HEAD:
        raise HeadTaken(name=row[1])
    check = Checker()
    check.add("user_id", "already_member")
    check.finish()


def _check_who(
    session: Session, check: Checker, *, role: GroupRole | None, user_id: int | None, guest: str | None
) -> None:
    if role is None:
        check.add("role", "required")
    if user_id is None and guest is None:
        check.add("user_id", "required")
    elif user_id is not None and guest is not None:
        check.add("name", "one_of_both")
    elif guest is not None and role is not None and role not in GUEST_ROLES:
        check.add("role", "staff_only")
    if user_id is not None:
        user = session.get(AppUser, user_id)
        if user is None or not user.is_active:
            check.add("user_id", "unknown")


def _checked_phone(check: Checker, phone: str) -> str | None:
    typed = check.text("phone", phone, limit=SHORT)
    found = read_phones(typed)
    if found.unusable:
        check.add("phone", "phone_shape")
    return found.first or None


def _stored(roles: Iterable[GroupRole]) -> str:
    wanted = frozenset(roles)
    return " ".join(role.value for role in GroupRole if role in wanted)
