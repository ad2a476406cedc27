"""What a list of staff would do: which account a row means, what it would add, which rows can't be taken."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import AppUser, ClassTeacher, ClassTeacherKind, Post, PostHolder, PostSpan, Role, RoleGrant, SchoolClass
from services import clock
from services.access import Permission, allows
from services.account_lists import TEAM_ROLES
from services.actors import Actor
from services.answers import holds_on, seat_of
from services.classes import class_label
from services.exchange.classes import ClassName, find_grade
from services.exchange.readings import Position
from services.exchange.reasons import Reason
from services.exchange.staff import StaffRow
from services.exchange.staff_columns import ROLE_WORDS
from services.imports.matching import Outcome
from services.student_keys import name_keys

LEAST_ROLE = Role.SUBJECT_TEACHER  # sees no child before a class is theirs
_LONGEST_USERNAME = 36


@dataclass(frozen=True, slots=True)
class StaffChange:
    """One thing an import would change about an account: what, how it stands, how it would be."""

    label: str
    stored: str
    new: str


@dataclass(frozen=True, slots=True)
class StaffPlan:
    """What one row would do."""

    position: Position
    name: str
    outcome: Outcome
    reason: Reason | None = None
    blamed: str = "name"  # the column the reason is about
    warnings: tuple[tuple[Reason, str], ...] = ()
    username: str = ""
    user_id: int | None = None
    version: int = 0
    staff_no: str | None = None  # to be written
    phone: str | None = field(default=None, repr=False)
    roles: frozenset[Role] = frozenset()  # to be added
    homeroom: tuple[tuple[int, int | None], ...] = ()  # class, whose teacher is replaced
    teaches: tuple[tuple[int, str | None], ...] = ()
    posts: tuple[tuple[int, int | None], ...] = ()  # post, grade
    changes: tuple[StaffChange, ...] = ()


@dataclass
class Stored:
    """The accounts, classes and posts an import is matched against."""

    users: list[AppUser]
    roles: Mapping[int, frozenset[Role]]
    classes: Mapping[tuple[int, int], int]
    homeroom: Mapping[int, int]  # class → user
    teaching: frozenset[tuple[int, int, str | None]]
    posts: list[Post]
    holders: Mapping[tuple[int, str], list[int]]
    names: Mapping[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = {user.id or 0: user.display_name for user in self.users}


def load_stored(session: Session, *, school_year: int) -> Stored:
    """Read everything a list of staff can mean; six statements."""
    roles: dict[int, set[Role]] = defaultdict(set)
    for user_id, role in session.exec(
        select(RoleGrant.user_id, RoleGrant.role).where(col(RoleGrant.ended_at).is_(None))
    ):
        roles[user_id].add(Role(role))
    in_year = select(SchoolClass.id).where(SchoolClass.school_year == school_year)
    taught = session.exec(
        select(ClassTeacher).where(col(ClassTeacher.to_day).is_(None), col(ClassTeacher.class_id).in_(in_year))
    ).all()
    holders: dict[tuple[int, str], list[int]] = defaultdict(list)
    open_or_now = col(PostHolder.to_day).is_(None) | holds_on(clock.today())
    for held in session.exec(select(PostHolder).where(open_or_now)):
        holders[held.post_id, held.seat].append(held.user_id)
    return Stored(
        users=list(session.exec(select(AppUser).order_by(col(AppUser.id)))),
        roles={user_id: frozenset(held) for user_id, held in roles.items()},
        classes={
            (found.grade, found.number): found.id or 0
            for found in session.exec(select(SchoolClass).where(SchoolClass.school_year == school_year))
        },
        homeroom={row.class_id: row.user_id for row in taught if row.kind is ClassTeacherKind.HOMEROOM},
        teaching=frozenset(
            (row.class_id, row.user_id, row.subject) for row in taught if row.kind is ClassTeacherKind.SUBJECT
        ),
        posts=list(session.exec(select(Post).order_by(col(Post.place)))),
        holders=holders,
    )


class _Refused(Exception):
    def __init__(self, reason: Reason, blamed: str) -> None:
        super().__init__(reason)
        self.reason, self.blamed = reason, blamed


def plan_staff(actor: Actor, rows: Sequence[StaffRow], stored: Stored) -> list[StaffPlan]:
    """Say what each row would do, in the order of the file; rows that can't be taken say why."""
    matcher = _Matcher(actor, stored)
    return [matcher.plan(row) for row in rows]


class _Matcher:
    def __init__(self, actor: Actor, stored: Stored) -> None:
        self.actor, self.stored = actor, stored
        self.by_number = {user.staff_no: user for user in stored.users if user.staff_no}
        self.by_name: dict[str, list[AppUser]] = defaultdict(list)
        for user in stored.users:
            self.by_name[user.display_name].append(user)
        self.post_called = {post.name: post for post in stored.posts}
        self.usernames = {user.username for user in stored.users}
        self.taken_homeroom: set[int] = set()
        self.taken_posts: set[tuple[int, str]] = set()
        self.matched: Counter[int] = Counter()

    def plan(self, row: StaffRow) -> StaffPlan:
        try:
            return self._plan(row)
        except _Refused as refused:
            return StaffPlan(
                row.position, row.name, Outcome.CONFLICT, reason=refused.reason, blamed=refused.blamed,
                staff_no=row.staff_no,
            )  # fmt: skip

    def _plan(self, row: StaffRow) -> StaffPlan:
        user = self._account(row)
        user_id = user.id if user else None
        homeroom = self._homeroom(row, user_id)
        teaches = self._teaches(row, user_id)
        roles, posts = self._roles_and_posts(row, user_id)
        held = self.stored.roles.get(user_id or 0, frozenset())
        if not allows(self.actor, Permission.ACCOUNT_MANAGE) and not (held | roles) <= TEAM_ROLES:
            raise _Refused(Reason.STAFF_NOT_YOURS, "posts")
        # Nothing is kept for this row before nothing can refuse it any more.
        self.taken_homeroom |= {class_id for class_id, _ in homeroom}
        self.taken_posts |= {(post_id, seat_of(grade=grade)) for post_id, grade in posts}
        warnings = tuple(
            (Reason.STAFF_HOMEROOM_REPLACED, "homeroom") for _, replaced in homeroom if replaced is not None
        )
        if user is None:
            roles = roles or frozenset({LEAST_ROLE})
            return StaffPlan(
                row.position, row.name, Outcome.NEW, warnings=warnings, username=self._username(row),
                staff_no=row.staff_no, phone=row.phone, roles=roles, homeroom=homeroom, teaches=teaches, posts=posts,
            )  # fmt: skip
        self.matched[user.id or 0] += 1
        new_phone = row.phone if row.phone and row.phone != unseal(user, "phone_sealed") else None
        plan = StaffPlan(
            row.position, row.name, Outcome.UNCHANGED, warnings=warnings, username=user.username, user_id=user.id,
            version=user.version, staff_no=row.staff_no if row.staff_no != user.staff_no else None, phone=new_phone,
            roles=roles - held, homeroom=homeroom, teaches=teaches, posts=posts,
        )  # fmt: skip
        return self._with_changes(plan, user)

    def _account(self, row: StaffRow) -> AppUser | None:
        """Match by number, else by name; an account with another number is another person."""
        found = self.by_number.get(row.staff_no or "")
        if found is not None and found.display_name != row.name:
            raise _Refused(Reason.STAFF_NO_CONFLICT, "staff_no")
        if found is None:
            same = [
                user
                for user in self.by_name[row.name]
                if (row.staff_no is None or user.staff_no is None) and not self.matched[user.id or 0]
            ]
            if len(same) > 1 and row.phone:
                same = [user for user in same if unseal(user, "phone_sealed") == row.phone] or same
            if len(same) > 1:
                raise _Refused(Reason.STAFF_AMBIGUOUS, "name")
            found = same[0] if same else None
        if found is not None and not found.is_active:
            raise _Refused(Reason.STAFF_DISABLED, "name")
        return found

    def _class(self, name: ClassName, blamed: str) -> int:
        class_id = self.stored.classes.get((name.grade, name.class_no))
        if class_id is None:
            raise _Refused(Reason.STAFF_CLASS_UNKNOWN, blamed)
        return class_id

    def _homeroom(self, row: StaffRow, user_id: int | None) -> tuple[tuple[int, int | None], ...]:
        wanted = []
        for name in row.homeroom:
            class_id = self._class(name, "homeroom")
            if class_id in self.taken_homeroom:
                raise _Refused(Reason.STAFF_HOMEROOM_TWICE, "homeroom")
            now = self.stored.homeroom.get(class_id)
            if now is None or now != user_id:
                wanted.append((class_id, now))
        return tuple(wanted)

    def _teaches(self, row: StaffRow, user_id: int | None) -> tuple[tuple[int, str | None], ...]:
        wanted = [(self._class(each.class_name, "teaches"), each.subject) for each in row.teaches]
        known = {(class_id, subject) for class_id, teacher, subject in self.stored.teaching if teacher == user_id}
        taught = {class_id for class_id, _ in known}
        return tuple(
            (class_id, subject)
            for class_id, subject in wanted
            if (class_id, subject) not in known and not (subject is None and class_id in taught)
        )

    def _roles_and_posts(
        self, row: StaffRow, user_id: int | None
    ) -> tuple[frozenset[Role], tuple[tuple[int, int | None], ...]]:
        roles = {Role.HOMEROOM} if row.homeroom else set()
        roles |= {Role.SUBJECT_TEACHER} if row.teaches else set()
        posts: list[tuple[int, int | None]] = []
        for word in row.posts:
            if word in ROLE_WORDS:
                roles.add(Role(ROLE_WORDS[word]))
                continue
            post, grade = self._post(word)
            if post.role is not None:
                roles.add(Role(post.role))
            elif self._adds_holder(post, seat_of(grade=grade), user_id) and (post.id, grade) not in posts:
                posts.append((post.id or 0, grade))
        return frozenset(roles), tuple(posts)

    def _post(self, word: str) -> tuple[Post, int | None]:
        if (post := self.post_called.get(word)) and post.span is PostSpan.SCHOOL:
            return post, None
        grade = find_grade(word) if "年级" in word or word[:1] in "初高" else None
        for post in self.stored.posts:
            if post.span is PostSpan.GRADE and grade is not None and word.endswith(post.name.removeprefix("年级")):
                return post, grade
        raise _Refused(Reason.STAFF_POST_UNKNOWN, "posts")

    def _adds_holder(self, post: Post, seat: str, user_id: int | None) -> bool:
        now = self.stored.holders.get((post.id or 0, seat), [])
        if user_id is not None and user_id in now:
            return False
        if post.is_sole and (now or (post.id or 0, seat) in self.taken_posts):
            raise _Refused(Reason.STAFF_POST_TAKEN, "posts")
        return True

    def _username(self, row: StaffRow) -> str:
        """Derive a user name nobody has: pinyin, then pinyin with a figure."""
        letters = "".join(sign for sign in name_keys(row.name).pinyin if sign.isascii() and sign.isalnum())
        base = (letters or "laoshi")[:_LONGEST_USERNAME]
        if len(base) == 1:
            base += "1"
        number, username = 1, base
        while username in self.usernames:
            number += 1
            username = f"{base}{number}"
        self.usernames.add(username)
        return username

    def _with_changes(self, plan: StaffPlan, user: AppUser) -> StaffPlan:
        labels = {class_id: class_label(*named) for named, class_id in self.stored.classes.items()}
        found = list(self._changes(plan, user, labels))
        outcome = Outcome.CHANGED if found else Outcome.UNCHANGED
        return replace(plan, outcome=outcome, changes=tuple(found))

    def _changes(self, plan: StaffPlan, user: AppUser, labels: Mapping[int, str]) -> Iterable[StaffChange]:
        held = self.stored.roles.get(user.id or 0, frozenset())
        if plan.staff_no:
            yield StaffChange("工号", user.staff_no or "", plan.staff_no)
        if plan.phone:
            yield StaffChange("电话", unseal(user, "phone_sealed") or "", plan.phone)
        if plan.roles:
            yield StaffChange("岗位", _role_words(held), _role_words(held | plan.roles))
        for class_id, replaced in plan.homeroom:
            yield StaffChange(f"{labels[class_id]}班主任", self.stored.names.get(replaced or 0, ""), user.display_name)
        for class_id, subject in plan.teaches:
            yield StaffChange(f"任教{labels[class_id]}", "", subject or "任课")
        names = {post.id: post.name for post in self.stored.posts}
        for post_id, _grade in plan.posts:
            yield StaffChange("岗位", "", names[post_id])


def _role_words(roles: frozenset[Role]) -> str:
    return "、".join(role.label for role in Role if role in roles)
