"""Posts (岗位): what there is to hold, who holds it from when to when, who stands in for an absence (area B)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from db.base import new_uid
from db.locks import Turn, take_turn
from db.tables import AppUser, Post, PostHolder, PostSpan, SchoolClass
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.answers import seat_label, seat_of
from services.editing import changed_fields, last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotFound
from services.fields import LINE, SHORT, Checker

LONGEST_AHEAD = timedelta(days=366)
LONGEST_BACK = timedelta(days=366 * 40)
DAY = timedelta(days=1)


class PostTaken(DomainError):
    """Somebody holds a post that has one holder at a time, and the form did not know of it."""

    def __init__(self, *, holder: str, from_day: date) -> None:
        super().__init__()
        self.holder, self.from_day = holder, from_day


class HeldByRole(DomainError):
    """A post held by whoever holds a role: it is filled where accounts are kept, not here."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Who held a post at a place, from–to, half-open."""

    id: int
    version: int
    user_id: int
    name: str
    is_active: bool
    seat: str
    seat_label: str
    from_day: date
    to_day: date | None

    def lasts_on(self, day: date) -> bool:
        """Say whether it lasts on a day, or begins later and has no end."""
        return self.to_day is None or self.to_day > day


@dataclass(frozen=True, slots=True)
class PostDetail:
    """One post with everybody who held it, the newest first."""

    id: int
    version: int
    code: str
    name: str
    answers_for: str
    clause_id: str | None
    span: PostSpan
    is_sole: bool
    is_needed: bool
    is_held_by_role: bool
    holdings: tuple[Holding, ...]

    def open_at(self, seat: str) -> list[Holding]:
        """Return who holds it at a place and has no end, or one to come."""
        today = clock.today()
        return [each for each in self.holdings if each.seat == seat and each.lasts_on(today)]


@permitted(Permission.POST_READ)
def find_post(session: Session, actor: Actor, *, post_id: int) -> PostDetail:
    """Return one post with its history.

    Raises:
        NotFound: there is no such post.
    """
    post = session.get(Post, post_id)
    if post is None:
        raise NotFound
    columns: list[Any] = [PostHolder, AppUser.display_name, AppUser.is_active, SchoolClass.grade, SchoolClass.number]
    rows = session.exec(
        select(*columns)
        .select_from(PostHolder)
        .join(AppUser, col(AppUser.id) == col(PostHolder.user_id))
        .join(SchoolClass, col(SchoolClass.id) == col(PostHolder.class_id), isouter=True)
        .where(PostHolder.post_id == post_id)
        .order_by(col(PostHolder.from_day).desc(), col(PostHolder.id).desc())
    ).all()
    holdings = tuple(
        Holding(
            id=held.id or 0,
            version=held.version,
            user_id=held.user_id,
            name=name,
            is_active=is_active,
            seat=held.seat,
            seat_label=seat_label(held.seat, grade=held.grade or grade, number=number),
            from_day=held.from_day,
            to_day=held.to_day,
        )
        for held, name, is_active, grade, number in rows
    )
    return PostDetail(
        id=post_id,
        version=post.version,
        code=post.code,
        name=post.name,
        answers_for=post.answers_for or "",
        clause_id=post.clause_id,
        span=post.span,
        is_sole=post.is_sole,
        is_needed=post.is_needed,
        is_held_by_role=post.role is not None,
        holdings=holdings,
    )


@permitted(Permission.POST_WRITE)
def add_post(
    session: Session, actor: Actor, *, name: str, answers_for: str, span: PostSpan, is_sole: bool, is_needed: bool
) -> int:
    """Add a post of the school's own and return its id.

    Raises:
        FieldErrors: the name is missing, too long, or another post's.
    """
    take_turn(session, Turn.POSTS)
    check = Checker()
    cleaned, told = _checked(session, check, name=name, answers_for=answers_for, post_id=None)
    check.finish()
    last = session.exec(select(func.max(Post.place))).one()
    post = Post(
        code=f"own_{new_uid()[:12]}",
        name=cleaned,
        answers_for=told,
        span=span,
        is_sole=is_sole,
        is_needed=is_needed,
        place=(last or 0) + 1,
    )
    session.add(post)
    session.flush()
    audit.record(session, actor, audit.Action.POST_SAVED, target=post)
    return post.id or 0


@permitted(Permission.POST_WRITE)
def change_post(
    session: Session, actor: Actor, *, post_id: int, version: int, name: str, answers_for: str, is_needed: bool
) -> None:
    """Change what a post is called, what it answers for, and whether its vacancy is a duty of the lead.

    Raises:
        NotFound: there is no such post.
        EditedMeanwhile: somebody changed it since the form was drawn.
        FieldErrors: the name is missing, too long, or another post's.
    """
    take_turn(session, Turn.POSTS)
    check = Checker()
    cleaned, told = _checked(session, check, name=name, answers_for=answers_for, post_id=post_id)
    check.finish()
    try:
        post = lock_version(session, Post, post_id, version=version)
    except EditedMeanwhile as error:
        current = find_post(session, actor, post_id=post_id)
        raise EditedMeanwhile(current, edited_by=last_editor(session, session.get_one(Post, post_id))) from error
    changed = changed_fields(post, {"name": cleaned, "answers_for": told, "is_needed": is_needed})
    audit.record(session, actor, audit.Action.POST_SAVED, target=post, fields=changed)


def _checked(
    session: Session, check: Checker, *, name: str, answers_for: str, post_id: int | None
) -> tuple[str, str | None]:
    cleaned = check.required_text("name", name, limit=SHORT)
    told = check.text("answers_for", answers_for, limit=LINE)
    if cleaned and session.exec(select(Post.id).where(Post.name == cleaned, Post.id != (post_id or 0))).first():
        check.add("name", "taken", value=cleaned)
    return cleaned, told


@permitted(Permission.POST_WRITE)
def appoint(
    session: Session,
    actor: Actor,
    *,
    post_id: int,
    user_id: int | None,
    from_day: date | None,
    grade: int | None = None,
    class_id: int | None = None,
    replaces_id: int | None = None,
    replaces_version: int | None = None,
) -> int:
    """Give somebody a post from a day on and return the holding's id (B-04, B-05, B-14, B-20).

    Where the post has one holder at a time, the one it is taken from must be named with the version seen;
    that holding ends the day the new one begins.

    Raises:
        NotFound: there is no such post.
        HeldByRole: it is filled by giving a role.
        FieldErrors: nobody is named, the account is closed, the day is missing or impossible, or the place is none.
        PostTaken: somebody holds it whom the form did not know of.
        EditedMeanwhile: the holding it should replace was changed since.
    """
    take_turn(session, Turn.POSTS)
    post = session.get(Post, post_id)
    if post is None:
        raise NotFound
    if post.role is not None:
        raise HeldByRole
    check = Checker()
    check_person(session, check, "user_id", user_id)
    check_day(check, "from_day", from_day)
    _check_place(session, check, post, grade=grade, class_id=class_id)
    check.finish()
    if user_id is None or from_day is None:  # refused above; said again for the types
        raise NotFound
    seat = seat_of(grade=grade, class_id=class_id)
    if replaces_id:
        replaced = lock_version(session, PostHolder, replaces_id, version=replaces_version or 0)
        _take_from(session, replaced, post_id=post_id, seat=seat, from_day=from_day)
    _refuse_clash(session, post, seat=seat, user_id=user_id, from_day=from_day)
    held = PostHolder(
        post_id=post_id,
        user_id=user_id,
        grade=grade,
        class_id=class_id,
        seat=seat,
        is_sole=post.is_sole,
        from_day=from_day,
        recorded_at=clock.now(),
    )
    session.add(held)
    session.flush()
    audit.record(session, actor, audit.Action.POST_FILLED, target=held, post_id=post_id, user_id=user_id)
    return held.id or 0


@permitted(Permission.POST_WRITE)
def end_holding(session: Session, actor: Actor, *, holder_id: int, version: int, last_day: date | None) -> None:
    """Say on which day somebody holds a post for the last time; who it was stays on record.

    Raises:
        NotFound: there is no such holding.
        EditedMeanwhile: somebody changed it since the form was drawn.
        FieldErrors: the day is missing, impossible, or before it began.
    """
    take_turn(session, Turn.POSTS)
    check = Checker()
    check_day(check, "last_day", last_day)
    check.finish()
    held = lock_version(session, PostHolder, holder_id, version=version)
    _end(held, (last_day or clock.today()) + DAY, field="last_day")
    audit.record(session, actor, audit.Action.POST_ENDED, target=held, post_id=held.post_id, user_id=held.user_id)


def _take_from(session: Session, replaced: PostHolder, *, post_id: int, seat: str, from_day: date) -> None:
    """End the holding that another takes the place of."""
    if (replaced.post_id, replaced.seat) != (post_id, seat):
        raise NotFound
    _end(replaced, from_day, field="from_day")
    session.flush()


def _end(held: PostHolder, to_day: date, *, field: str) -> None:
    check = Checker()
    if to_day < held.from_day:
        check.add(field, "before_post", day=held.from_day)
    elif held.to_day is not None and held.to_day <= clock.today():
        check.add(field, "post_ended", day=held.to_day)
    check.finish()
    held.to_day = to_day


def _refuse_clash(session: Session, post: Post, *, seat: str, user_id: int, from_day: date) -> None:
    """Of a sole post nobody else may hold a day from `from_day` on; of any post nobody holds the same twice."""
    rows = session.exec(
        select(PostHolder, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(PostHolder.user_id))
        .where(
            PostHolder.post_id == post.id,
            PostHolder.seat == seat,
            col(PostHolder.to_day).is_(None) | (col(PostHolder.to_day) > from_day),
        )
        .order_by(col(PostHolder.from_day))
    ).all()
    for held, name in rows:
        if post.is_sole or held.user_id == user_id:
            raise PostTaken(holder=name, from_day=held.from_day)


def check_person(session: Session, check: Checker, field: str, user_id: int | None) -> None:
    """Note a field that names nobody, or somebody whose account is closed."""
    if user_id is None:
        check.add(field, "required")
        return
    user = session.get(AppUser, user_id)
    if user is None or not user.is_active:
        check.add(field, "unknown")


def check_day(check: Checker, field: str, day: date | None) -> None:
    """Note a day that is missing, too far ahead, or before anybody's time."""
    today = clock.today()
    if day is None:
        check.add(field, "required")
    elif day > today + LONGEST_AHEAD:
        check.add(field, "too_far", day=day)
    elif day < today - LONGEST_BACK:
        check.add(field, "too_early", day=day)


def _check_place(session: Session, check: Checker, post: Post, *, grade: int | None, class_id: int | None) -> None:
    match post.span:
        case PostSpan.GRADE:
            if grade is None or not 1 <= grade <= 12 or class_id is not None:
                check.add("grade", "required" if grade is None else "unknown_choice")
        case PostSpan.CLASS:
            if class_id is None or grade is not None or session.get(SchoolClass, class_id) is None:
                check.add("class_id", "required" if class_id is None else "unknown_choice")
        case _:
            if grade is not None or class_id is not None:
                check.add("grade", "unknown_choice")
