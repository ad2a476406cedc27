"""Standing groups as the page shows them: which there are, who sits in them as what, and what is missing (area B)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, or_, select

from db.sealing import unseal
from db.tables import AppUser, CareGroup, GroupKind, GroupMember, GroupRole, SchoolClass
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.answers import seat_label, seat_of
from services.classes import grade_label, list_classes
from services.group_kinds import CLAUSES, OF_PLACES


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group; the name of a guest only for those who may know it."""

    id: int
    version: int
    role: GroupRole
    name: str | None
    is_guest: bool
    phone: str | None
    from_day: date
    to_day: date | None


@dataclass(frozen=True, slots=True)
class Group:
    """One standing group, with its members of today and what it still lacks."""

    id: int
    version: int
    kind: GroupKind
    name: str
    place_label: str
    clause_id: str | None
    wanted_roles: tuple[GroupRole, ...]
    from_day: date
    members: tuple[Member, ...]
    former: tuple[Member, ...]

    @property
    def missing(self) -> tuple[GroupRole, ...]:
        """The wanted roles nobody fills (B-02: the complete set)."""
        filled = {member.role for member in self.members}
        return tuple(role for role in self.wanted_roles if role not in filled)


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups, and those the regulations ask for and nobody has set up."""

    groups: tuple[Group, ...]
    unfounded: tuple[GroupKind, ...]  # of the whole school
    grades_without: tuple[str, ...]
    classes_without: tuple[str, ...]


@permitted(Permission.POST_READ)
def list_groups(session: Session, actor: Actor) -> Groups:
    """Return the standing groups with members and gaps, and which groups are missing (B-01 … B-09, B-16, B-23, B-24).

    Seven statements, none growing with rows.
    """
    today = clock.today()
    columns: list[Any] = [CareGroup, SchoolClass.grade, SchoolClass.number]
    rows = session.exec(
        select(*columns)
        .select_from(CareGroup)
        .join(SchoolClass, col(SchoolClass.id) == col(CareGroup.class_id), isouter=True)
        .where(or_(col(CareGroup.to_day).is_(None), col(CareGroup.to_day) > today))
    ).all()
    members = _members(session, actor, [row[0].id for row in rows])
    found = [_group(row[0], row[1], row[2], members[row[0].id], today) for row in rows]
    order = list(GroupKind)
    found.sort(key=lambda group: (order.index(group.kind), group.place_label, group.id))
    classes = list_classes(session, actor)
    taken = {row[0].seat for row in rows if row[0].kind in OF_PLACES}
    grades = sorted({each.grade for each in classes})
    kinds = {group.kind for group in found}
    return Groups(
        groups=tuple(found),
        unfounded=tuple(kind for kind in CLAUSES if kind not in kinds and kind not in OF_PLACES),
        grades_without=tuple(grade_label(grade) for grade in grades if seat_of(grade=grade) not in taken),
        classes_without=tuple(each.label for each in classes if seat_of(class_id=each.id) not in taken),
    )


def _members(session: Session, actor: Actor, group_ids: Sequence[int]) -> dict[int, list[Member]]:
    knows_guests = allows(actor, Permission.GROUP_GUESTS)
    found: dict[int, list[Member]] = defaultdict(list)
    order = list(GroupRole)
    rows = session.exec(
        select(GroupMember, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(GroupMember.user_id), isouter=True)
        .where(col(GroupMember.group_id).in_(group_ids))
        .order_by(col(GroupMember.from_day), col(GroupMember.id))
    ).all()
    for row, name in sorted(rows, key=lambda pair: order.index(pair[0].role)):
        is_guest = row.user_id is None
        found[row.group_id].append(
            Member(
                id=row.id or 0,
                version=row.version,
                role=row.role,
                name=name if not is_guest else unseal(row, "name_sealed") if knows_guests else None,
                is_guest=is_guest,
                phone=unseal(row, "phone_sealed") if knows_guests else None,
                from_day=row.from_day,
                to_day=row.to_day,
            )
        )
    return found


def _group(group: CareGroup, grade: int | None, number: int | None, members: list[Member], today: date) -> Group:
    wanted = frozenset(group.wanted_roles.split())
    label = seat_label(group.seat, grade=group.grade or grade, number=number)
    return Group(
        id=group.id or 0,
        version=group.version,
        kind=group.kind,
        name=group.name,
        place_label=label,
        clause_id=CLAUSES.get(group.kind),
        wanted_roles=tuple(role for role in GroupRole if role.value in wanted),
        from_day=group.from_day,
        members=tuple(member for member in members if member.to_day is None or member.to_day > today),
        former=tuple(member for member in members if member.to_day is not None and member.to_day <= today),
    )
