"""Who owes what a clause asks for: derived from the class, the pair or the case, else whoever holds its post today."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Integer, String, cast, literal, null, or_, select, union_all
from sqlmodel import Session, col

from db.tables import AppUser, Case, Post, PostHolder, Role, RoleGrant
from db.transactions import kept_for_one_run
from services.regulations.catalogue import HELD_BY_ROLE, POST_NAMES, ClausePost, clauses
from services.regulations.facts.children import Children
from services.regulations.standings import Standing, SubjectKind

_ROLE_POSTS = (Role.LEAD, Role.COUNSELLOR, Role.SUPERVISOR, Role.FINANCE)


@dataclass(frozen=True, slots=True)
class Posts:
    """Who holds each post today, by its code, and what it is called."""

    holders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, post: ClausePost) -> str:
        """Return what a post is called at this school."""
        return POST_NAMES.get(post) or self.names.get(post.value) or post.value

    def held_by(self, post: ClausePost) -> tuple[int, ...]:
        """Return who holds a post; nobody where it is derived from each child, or vacant."""
        if post in HELD_BY_ROLE:
            roles = sorted(HELD_BY_ROLE[post] & set(_ROLE_POSTS))
            return tuple(sorted({user for role in roles for user in self.holders.get(_role_key(role), ())}))
        return self.holders.get(post.value, ())


def _role_key(role: Role) -> str:
    return f"role:{role.value}"


def read_posts(session: Session, *, on: date) -> Posts:
    """Read who holds the posts and the roles that are posts on a day; one statement in the whole run of a page."""
    kept = kept_for_one_run(session)
    if kept is None:
        return _read_posts(session, on)
    if f"{_KEPT} {on}" not in kept:
        kept[f"{_KEPT} {on}"] = _read_posts(session, on)
    found: Posts = kept[f"{_KEPT} {on}"]
    return found


_KEPT = "posts_held"


def _read_posts(session: Session, on: date) -> Posts:
    held: Any = (
        select(col(Post.code), col(Post.name), col(PostHolder.user_id).label("user_id"))
        .join(PostHolder, col(PostHolder.post_id) == col(Post.id), isouter=True)
        .where(
            col(Post.role).is_(None),
            or_(col(PostHolder.from_day).is_(None), col(PostHolder.from_day) <= on),
            or_(col(PostHolder.to_day).is_(None), col(PostHolder.to_day) > on),
        )
    )
    by_role = (
        select(col(Post.code), col(Post.name), col(RoleGrant.user_id))
        .join(RoleGrant, cast(col(RoleGrant.role), String) == cast(col(Post.role), String))
        .join(AppUser, col(AppUser.id) == col(RoleGrant.user_id))
        .where(col(RoleGrant.ended_at).is_(None), col(AppUser.is_active))
    )
    roles = (
        select(literal("role:").concat(cast(col(RoleGrant.role), String)), literal("", String), col(RoleGrant.user_id))
        .join(AppUser, col(AppUser.id) == col(RoleGrant.user_id))
        .where(col(RoleGrant.ended_at).is_(None), col(AppUser.is_active), col(RoleGrant.role).in_(_ROLE_POSTS))
    )
    holders: dict[str, set[int]] = defaultdict(set)
    names: dict[str, str] = {}
    for code, name, user_id in session.execute(union_all(held, by_role, roles)):
        names[code] = name
        if user_id is not None:
            holders[code].add(user_id)
    return Posts({code: tuple(sorted(each)) for code, each in holders.items()}, names)


@dataclass(frozen=True, slots=True)
class CaseOwners:
    """Who owns the cases that are open, by the case and by the child."""

    by_case: Mapping[int, int] = field(default_factory=dict)
    by_child: Mapping[int, int] = field(default_factory=dict)


def read_case_owners(session: Session) -> CaseOwners:
    """Return who owns each case that is open; one statement."""
    rows = session.execute(
        _open_cases(col(Case.id), col(Case.owner_id), col(Case.student_id)).order_by(col(Case.id))
    ).all()
    return CaseOwners({row[0]: row[1] for row in rows}, {row[2]: row[1] for row in rows})


def _open_cases(*columns: Any) -> Any:  # a select of any columns
    return select(*columns).where(col(Case.closed_at).is_(None))


@dataclass(frozen=True, slots=True)
class People:
    """What accounts are called, and who owns the cases that are open."""

    names: Mapping[int, str]
    case_owners: CaseOwners


def read_people(session: Session) -> People:
    """Read the accounts' names and the owners of open cases; one statement in the whole run of a page."""
    kept = kept_for_one_run(session)
    if kept is not None and _PEOPLE in kept:
        known: People = kept[_PEOPLE]
        return known
    nothing = cast(null(), Integer)
    people: Any = select(col(AppUser.id), col(AppUser.display_name), nothing, nothing)
    cases = _open_cases(col(Case.id), cast(null(), String), col(Case.owner_id), col(Case.student_id))
    rows = session.execute(union_all(people, cases)).all()
    owned = sorted((row[0], row[2], row[3]) for row in rows if row[2] is not None)  # the newest case last
    found = People(
        {row[0]: row[1] for row in rows if row[2] is None},
        CaseOwners({case: owner for case, owner, _ in owned}, {child: owner for _, owner, child in owned}),
    )
    if kept is not None:
        kept[_PEOPLE] = found
    return found


_PEOPLE = "people_and_case_owners"


@dataclass(frozen=True, slots=True)
class Owners:
    """Who owes each duty on a day."""

    on: date
    children: Children
    posts: Posts
    case_owners: CaseOwners

    def of(self, standing: Standing) -> tuple[int, ...]:
        """Return the accounts that owe a duty; nobody where its post is vacant."""
        post = clauses()[standing.clause_id].post
        if standing.subject is SubjectKind.TEACHER:
            return (standing.subject_id,)
        if standing.subject is SubjectKind.CASE:
            return self._of_case(self.case_owners.by_case.get(standing.subject_id))
        if standing.helper_id is not None:
            account = self.children.helper_accounts.get(standing.helper_id)
            return (account,) if account is not None else self._homeroom(standing)
        if post in (ClausePost.HOMEROOM, ClausePost.HELPER):
            return self._homeroom(standing)
        if post is ClausePost.CASE_OWNER and standing.subject is SubjectKind.CHILD:
            return self._of_case(self.case_owners.by_child.get(standing.subject_id))
        return self.posts.held_by(post)

    def _of_case(self, owner: int | None) -> tuple[int, ...]:
        """Who owns a case; of a child, or a case, that nobody has taken on, the head of the room, who gives it away."""
        return (owner,) if owner is not None else self.posts.held_by(ClausePost.HEAD_OF_ROOM)

    def _homeroom(self, standing: Standing) -> tuple[int, ...]:
        if standing.subject is SubjectKind.CLASS:
            class_id: int | None = standing.subject_id
        else:
            class_id = self.children.class_on(standing.subject_id, self.on)
        teachers: Sequence[int] = [
            each.what for each in self.children.homeroom.get(class_id or 0, ()) if each.holds_on(self.on)
        ]
        return tuple(teachers)
