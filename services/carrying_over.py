"""Carrying posts and groups over into a new term: who would drop out of what, and going on in one act (area B)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, and_, case, cast, literal, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.aliases import shared_alias
from db.locks import Turn, take_turn
from db.tables import AppUser, CareGroup, GroupMember, Post, PostHolder, SchoolClass
from services import clock, groups, posts
from services.access import Permission, permitted
from services.actors import Actor
from services.answers import seat_label
from services.asking_together import asked
from services.calendar import load_calendar
from services.errors import DomainError, FieldErrors, Problem
from services.fields import Checker
from services.posts import DAY, check_day
from services.terms_ahead import TermAhead, term_to_prepare

POSTS, GROUPS, CLOSED_MEMBERS = "posts", "groups", "closed_members"

_before, _after, _later = shared_alias(SchoolClass), shared_alias(SchoolClass), shared_alias(PostHolder)
_POST_COLUMNS: list[Any] = [
    PostHolder,
    Post.name,
    AppUser.display_name,
    AppUser.is_active,
    _after.id,
    _after.grade,
    _after.number,
]


class CarriedMeanwhile(DomainError):
    """Something chosen is not as it was shown any more; nothing was carried over."""

    def __init__(self, *, labels: Sequence[str]) -> None:
        super().__init__()
        self.labels = tuple(labels)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One line somebody ticked, in the version shown."""

    id: int
    version: int


@dataclass(frozen=True, slots=True)
class EndingPost:
    """Somebody who drops out of a post before the term begins."""

    id: int
    version: int
    post_id: int
    post_name: str
    place_label: str  # where they would go on; blank for the whole school
    holder: str
    is_active: bool  # False: the account is closed, somebody else has to be named
    last_day: date | None  # None: the post stays with a class of last year
    class_id: int | None  # the class it becomes, or the same
    grade: int | None

    @property
    def label(self) -> str:
        """年级组长（七年级）."""
        return f"{self.post_name}（{self.place_label}）" if self.place_label else self.post_name


@dataclass(frozen=True, slots=True)
class EndingGroup:
    """A working group of a class of last year; it moves on with its class, or ends where the class has left."""

    id: int
    version: int
    name: str
    place_label: str
    class_id: int | None  # the class it becomes; None: there is none, or it has a group of its own
    target_label: str


@permitted(Permission.POST_WRITE)
def list_ending_posts(session: Session, actor: Actor) -> list[EndingPost]:
    """Return who drops out of which post before the term to prepare begins; one statement beside the calendar."""
    rows: Any = session.execute(
        _ending(
            _ahead(session),
            select(*_POST_COLUMNS),
        ).order_by(col(Post.place), col(PostHolder.id))
    )
    return [_ending_post(*row) for row in rows]


@permitted(Permission.POST_WRITE)
def carry_posts_over(session: Session, actor: Actor, *, chosen: Sequence[Chosen], from_day: date | None) -> int:
    """Let the holders chosen go on from a day, or from when they end if that is later; return how many. All or none.

    Each is a new holding like any other: it is taken back by ending it.

    Raises:
        FieldErrors: nobody is chosen, or the day is missing or impossible.
        CarriedMeanwhile: one of them was carried over, replaced or disabled since it was shown.
    """
    take_turn(session, Turn.POSTS)
    offered = {each.id: each for each in list_ending_posts(session, actor)}
    check = Checker()
    if not chosen:
        check.add("chosen", "required")
    check_day(check, "from_day", from_day)
    check.finish()
    _refuse_changed(chosen, {each.id: each for each in offered.values() if each.is_active}, offered)
    for each in chosen:
        _carry_post(session, actor, offered[each.id], version=each.version, from_day=from_day or clock.today())
    return len(chosen)


@permitted(Permission.POST_WRITE)
def list_ending_groups(session: Session, actor: Actor) -> list[EndingGroup]:
    """Return the working groups that still belong to classes of last year; one statement beside the calendar."""
    rows: Any = session.execute(
        _old_groups(
            _ahead(session),
            select(*_group_columns()),
        ).order_by(col(_before.grade), col(_before.number), col(CareGroup.id))
    )
    return [
        EndingGroup(
            id=group.id,
            version=group.version,
            name=group.name,
            place_label=seat_label(group.seat, grade=grade, number=number),
            class_id=class_id,
            target_label=seat_label("", grade=new_grade, number=new_number) if class_id else "",
        )
        for group, grade, number, class_id, new_grade, new_number in rows
    ]


@permitted(Permission.POST_WRITE)
def carry_groups_over(session: Session, actor: Actor, *, chosen: Sequence[Chosen]) -> int:
    """Let the groups chosen go on in the class theirs became, or end where it became none; return how many.

    Raises:
        FieldErrors: none is chosen.
        CarriedMeanwhile: one of them was changed since it was shown.
    """
    take_turn(session, Turn.POSTS)
    offered = {each.id: each for each in list_ending_groups(session, actor)}
    if not chosen:
        raise FieldErrors({"chosen": Problem("required")})
    _refuse_changed(chosen, offered, offered)
    for each in chosen:
        group = offered[each.id]
        if group.class_id is None:
            groups.dissolve_group(session, actor, group_id=group.id, version=group.version)
        else:
            groups.move_group(session, actor, group_id=group.id, version=group.version, class_id=group.class_id)
    return len(chosen)


def posts_part(ahead: TermAhead) -> Any:  # a select
    """Return the query of the holders who drop out, in the shape of asking_together; first: is the account open."""
    is_open = cast(col(AppUser.is_active), Integer)
    part = asked(
        POSTS, of_id=col(PostHolder.id), first=is_open, label=col(Post.name), second=_after.grade, third=_after.number
    )
    return _ending(ahead, part)


def groups_part(ahead: TermAhead) -> Any:  # a select
    """Return the query of the groups of last year's classes, in the same shape."""
    return _old_groups(ahead, asked(GROUPS, of_id=col(CareGroup.id), label=col(CareGroup.name)))


def closed_members_part() -> Any:  # a select
    """Return the query of the members of standing groups whose account is closed, in the same shape."""
    return (
        asked(CLOSED_MEMBERS, of_id=col(GroupMember.id), label=col(CareGroup.name))
        .select_from(GroupMember)
        .join(CareGroup, col(CareGroup.id) == col(GroupMember.group_id))
        .join(AppUser, col(AppUser.id) == col(GroupMember.user_id))
        .where(col(GroupMember.to_day).is_(None), col(CareGroup.to_day).is_(None), col(AppUser.is_active).is_(False))
    )


def _ahead(session: Session) -> TermAhead:
    return term_to_prepare(load_calendar(session), clock.today())


def _carry_post(session: Session, actor: Actor, found: EndingPost, *, version: int, from_day: date) -> None:
    held = session.get_one(PostHolder, found.id)
    first = max(from_day, held.from_day)
    if found.last_day is not None:
        first = max(first, found.last_day + DAY)
    elif held.to_day is None or held.to_day > first:  # with a class of last year: it ends there as it goes on here
        posts.end_holding(session, actor, holder_id=found.id, version=version, last_day=first - DAY)
    posts.appoint(
        session,
        actor,
        post_id=found.post_id,
        user_id=held.user_id,
        from_day=first,
        grade=found.grade,
        class_id=found.class_id,
    )


def _refuse_changed(chosen: Sequence[Chosen], possible: dict[int, Any], shown: dict[int, Any]) -> None:
    """Refuse what is not offered any more, or in another version than was shown."""
    changed = [each for each in chosen if each.id not in possible or possible[each.id].version != each.version]
    if changed or len({each.id for each in chosen}) < len(chosen):
        names = [getattr(shown[each.id], "label", None) or shown[each.id].name for each in changed if each.id in shown]
        raise CarriedMeanwhile(labels=names)


def _ending(ahead: TermAhead, asking: Any) -> Any:
    """Ask about the holdings that end before the term begins and that nobody goes on with."""
    first_day, since = ahead.first_day, ahead.ended_since
    last_year = col(_before.school_year) == ahead.school_year - 1
    to_day, from_day = col(PostHolder.to_day), col(PostHolder.from_day)
    lasts = or_(to_day.is_(None), to_day > first_day)
    ends = and_(to_day > since, to_day <= first_day, to_day > from_day)
    has_place = or_(
        col(PostHolder.class_id).is_(None),
        col(_before.school_year) == ahead.school_year,
        and_(last_year, col(_after.id).is_not(None)),
    )
    stays_behind = and_(last_year, or_(lasts, ends))
    is_closed = and_(lasts, col(AppUser.is_active).is_(False))
    seat = case((last_year, literal("class-", String).concat(cast(col(_after.id), String))), else_=col(PostHolder.seat))
    return (
        asking.select_from(PostHolder)
        .join(Post, col(Post.id) == col(PostHolder.post_id))
        .join(AppUser, col(AppUser.id) == col(PostHolder.user_id))
        .join(_before, col(_before.id) == col(PostHolder.class_id), isouter=True)
        .join(_after, _becomes(ahead), isouter=True)
        .where(
            col(Post.role).is_(None),
            has_place,
            or_(ends, stays_behind, is_closed),
            ~_goes_on(seat, first_day=first_day),
        )
    )


def _becomes(ahead: TermAhead) -> ColumnElement[bool]:
    """Join the class of the term's year: the one a class of last year became, or the same class."""
    moved_up = and_(
        col(_before.school_year) == ahead.school_year - 1,
        col(_after.school_year) == ahead.school_year,
        col(_after.grade) == col(_before.grade) + 1,
        col(_after.number) == col(_before.number),
    )
    unmoved = and_(col(_before.school_year) == ahead.school_year, col(_after.id) == col(_before.id))
    return or_(moved_up, unmoved)


def _goes_on(seat: ColumnElement[str], *, first_day: date) -> ColumnElement[bool]:
    """Say of a holding that somebody holds the place after it: of a sole post anybody, of others the same person."""
    until = case((col(PostHolder.to_day) > first_day, first_day), else_=col(PostHolder.to_day))
    outlasts = or_(
        col(_later.to_day).is_(None),
        and_(col(_later.to_day) > until, col(_later.to_day) > col(_later.from_day)),
        and_(until.is_(None), col(_later.to_day) > first_day),
    )
    follower = select(_later.id).where(
        col(_later.post_id) == col(PostHolder.post_id),
        col(_later.id) != col(PostHolder.id),
        col(_later.seat) == seat,
        or_(col(_later.is_sole), col(_later.user_id) == col(PostHolder.user_id)),
        outlasts,
    )
    return follower.exists()


def _ending_post(
    held: PostHolder,
    post_name: str,
    holder: str,
    is_active: bool,
    class_id: int | None,
    grade: int | None,
    number: int | None,
) -> EndingPost:
    place = seat_label("", grade=held.grade or grade, number=number)
    ended = held.to_day - DAY if held.to_day is not None else None
    return EndingPost(
        id=held.id or 0,
        version=held.version,
        post_id=held.post_id,
        post_name=post_name,
        place_label=place,
        holder=holder,
        is_active=is_active,
        last_day=ended,
        class_id=class_id,
        grade=held.grade,
    )


def _old_groups(ahead: TermAhead, asking: Any) -> Any:
    return (
        asking.select_from(CareGroup)
        .join(_before, col(_before.id) == col(CareGroup.class_id))
        .join(_after, _becomes(ahead), isouter=True)
        .where(col(CareGroup.to_day).is_(None), col(_before.school_year) < ahead.school_year)
    )


def _group_columns() -> list[Any]:
    return [CareGroup, _before.grade, _before.number, _free_class(), _after.grade, _after.number]


def _free_class() -> Any:
    """Return the class a group can go on in: the one its class became, where that has no group of the kind yet."""
    standing = aliased(CareGroup)
    taken = (
        select(standing.id)
        .where(
            col(standing.kind) == col(CareGroup.kind),
            col(standing.class_id) == col(_after.id),
            col(standing.to_day).is_(None),
        )
        .exists()
    )
    return case((taken, None), else_=col(_after.id))
