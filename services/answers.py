"""Who answers for what (谁负责什么): every post with its holder of today, its deputy, or the gap."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, String, cast, literal, null, union_all
from sqlmodel import Session, and_, col, or_, select

from db.tables import (
    AppUser,
    ClassTeacher,
    ClassTeacherKind,
    Deputy,
    Post,
    PostHolder,
    PostSpan,
    Role,
    RoleGrant,
    SchoolClass,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.classes import class_label, grade_label, is_homeroom_teacher

WHOLE_SCHOOL = "school"
HOMEROOM, SUBJECT_TEACHER = "homeroom", "subject_teacher"
_DERIVED = {
    HOMEROOM: ("班主任", "本班的孩子：发现、谈话、家访、联系家长"),
    SUBJECT_TEACHER: ("任课教师", "课上发现需要关心的孩子，告诉关爱室"),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who answers for something today, and who stands in for them today."""

    user_id: int
    name: str
    deputy: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One post at one place: who holds it today."""

    code: str
    name: str
    seat: str
    seat_label: str  # 七年级, 七（3）班; blank for the whole school
    answers_for: str | None
    clause_id: str | None
    is_needed: bool
    holders: tuple[Holder, ...] = field(default=())
    post_id: int | None = None  # None: derived from the classes
    role: Role | None = None  # held by whoever holds this role
    place: int = 0

    @property
    def is_vacant(self) -> bool:
        """Whether nobody holds it today."""
        return not self.holders

    @property
    def label(self) -> str:
        """The post with its place: 年级组长（七年级）."""
        return _labelled(self.name, self.seat_label)


@permitted(Permission.POST_READ)
def list_answers(session: Session, actor: Actor) -> list[Answer]:
    """Return every post with its holders of today, then each class with its teachers; staff only, no child (B-15).

    Six statements, none growing with rows.
    """
    today = clock.today()
    year, deputies = current_school_year(load_calendar(session), today), deputies_on(session, today)
    posts = load_answers(session, school_year=year, deputies=deputies)
    return [*posts, *_of_classes(session, deputies, school_year=year)]


def load_answers(session: Session, *, school_year: int, deputies: dict[int, str] | None = None) -> list[Answer]:
    """Read the posts, those derived from classes left out; three statements, two where the deputies are known."""
    today = clock.today()
    deputies = deputies_on(session, today) if deputies is None else deputies
    holders = _holders(session, today, deputies)
    seats = _seats(school_year)
    in_order = (col(Post.place), col(Post.id), seats.c.grade, seats.c.number)
    rows: Iterable[Any] = session.exec(_posts_with_seats(seats).order_by(*in_order))
    return [
        Answer(
            code=post.code,
            name=post.name,
            seat=seat,
            seat_label=seat_label(seat, grade=grade, number=number),
            answers_for=post.answers_for,
            clause_id=post.clause_id,
            is_needed=post.is_needed,
            holders=tuple(holders[Role(post.role) if post.role else (post.id, seat)]),
            post_id=post.id,
            role=post.role,
            place=post.place,
        )
        for post, seat, grade, number in rows
    ]


@dataclass(frozen=True, slots=True)
class Vacancy:
    """What nobody answers for today: a needed post, or a class without homeroom teacher."""

    post_id: int | None  # None: a class
    label: str


def vacancy_parts(school_year: int) -> tuple[Any, Any]:
    """Return the queries of the needed posts without a holder, and of the classes without homeroom teacher.

    Says the same as list_answers, but home is asked on every page and may not read it all: six columns each, to be put
    together with whatever else home asks in one statement.
    """
    seats = _seats(school_year)
    posts = _posts_with_seats(seats, col(Post.id), col(Post.name), col(Post.place)).where(
        col(Post.is_needed),
        or_(
            and_(col(Post.role).is_(None), ~_held_at(seats.c.seat).exists()),
            and_(col(Post.role).is_not(None), ~_granted().exists()),
        ),
    )
    nobody: list[Any] = [cast(null(), Integer), literal(HOMEROOM), literal(_LAST), literal("class-")]
    nobody += [SchoolClass.grade, SchoolClass.number]
    classes = select(*nobody).where(SchoolClass.school_year == school_year, lacks_homeroom())
    return posts, classes


def lacks_homeroom() -> ColumnElement[bool]:
    """Return the filter on SchoolClass: those without a homeroom teacher on duty."""
    has_one = (
        select(ClassTeacher.class_id)
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id))
        .where(
            ClassTeacher.kind == ClassTeacherKind.HOMEROOM, col(ClassTeacher.to_day).is_(None), is_homeroom_teacher()
        )
    )
    return col(SchoolClass.id).not_in(has_one)


def vacancies_of(rows: Iterable[Any]) -> list[Vacancy]:
    """Return what the rows of vacancy_parts say, posts first."""
    return [
        Vacancy(post_id, _labelled(name, place) if post_id else place)
        for post_id, name, _, seat, grade, number, *_rest in sorted(rows, key=_by_place)
        for place in [seat_label(seat, grade=grade, number=number)]
    ]


_LAST = 10**6  # behind every post


def _by_place(row: Any) -> Any:  # a row of vacancy_parts
    return row[2], row[0] or 0, row[4:6]


def _held_at(seat: Any) -> Any:
    """Return the query, inside one of posts, of who holds a post at a place today."""
    return (
        select(PostHolder.id)
        .join(AppUser, col(AppUser.id) == col(PostHolder.user_id))
        .where(PostHolder.post_id == Post.id, PostHolder.seat == seat, holds_on(clock.today()), AppUser.is_active)
    )


def _granted() -> Any:
    """Return the query, inside one of posts, of who holds the role a post follows."""
    return (
        select(RoleGrant.id)
        .join(AppUser, col(AppUser.id) == col(RoleGrant.user_id))
        .where(RoleGrant.role == Post.role, col(RoleGrant.ended_at).is_(None), AppUser.is_active)
    )


def _labelled(name: str, place: str) -> str:
    return f"{name}（{place}）" if place else name


def seat_of(*, grade: int | None = None, class_id: int | None = None) -> str:
    """Name a place in one word: the whole school, a grade, a class."""
    if class_id is not None:
        return f"class-{class_id}"
    return WHOLE_SCHOOL if grade is None else f"grade-{grade}"


def seat_label(seat: str, *, grade: int | None, number: int | None) -> str:
    """Write a place for people; blank for the whole school."""
    if grade is None or seat == WHOLE_SCHOOL:
        return ""
    return grade_label(grade) if number is None else class_label(grade, number)


def deputies_on(session: Session, day: date) -> dict[int, str]:
    """Return who is stood in for on a day, by whom; a deputy whose account is closed stands in for nobody."""
    rows = session.exec(
        select(Deputy.absent_id, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(Deputy.deputy_id))
        .where(Deputy.from_day <= day, Deputy.to_day > day, AppUser.is_active)
    ).all()
    return dict(rows)


def holds_on(day: date) -> Any:
    """Return the filter on PostHolder: those who hold their post on a day."""
    return and_(col(PostHolder.from_day) <= day, or_(col(PostHolder.to_day).is_(None), col(PostHolder.to_day) > day))


def _seats(school_year: int) -> Any:
    """Return the places of a school year, each with the span it belongs to: the school, its grades, its classes."""
    none = cast(null(), Integer)
    school = select(literal(PostSpan.SCHOOL.value).label("span"), literal(WHOLE_SCHOOL).label("seat"),
                    none.label("grade"), none.label("number"))  # fmt: skip
    grades = (
        select(
            literal(PostSpan.GRADE.value),
            literal("grade-").concat(cast(col(SchoolClass.grade), String)),
            SchoolClass.grade,
            none,
        )
        .where(SchoolClass.school_year == school_year)
        .distinct()
    )
    classes = select(
        literal(PostSpan.CLASS.value),
        literal("class-").concat(cast(col(SchoolClass.id), String)),
        SchoolClass.grade,
        SchoolClass.number,
    ).where(SchoolClass.school_year == school_year)
    return union_all(school, grades, classes).subquery("seats")


def _posts_with_seats(seats: Any, *columns: Any) -> Any:
    """Return the query of posts × places: a post of every grade stands there once for each."""
    wanted = [*(columns or (Post,)), seats.c.seat, seats.c.grade, seats.c.number]
    return select(*wanted).select_from(Post).join(seats, seats.c.span == cast(col(Post.span), String))


def _holders(session: Session, day: date, deputies: dict[int, str]) -> dict[tuple[int, str] | Role, list[Holder]]:
    """Return who holds each post at its seat, and who holds each role that is a post; one statement for both."""
    of_posts: list[Any] = [
        PostHolder.post_id,
        PostHolder.seat,
        cast(null(), String).label("role"),
        col(AppUser.id).label("user_id"),
        AppUser.display_name,
        col(PostHolder.from_day).label("since"),
        col(PostHolder.id).label("place"),
    ]
    appointed = (
        select(*of_posts)
        .join(AppUser, col(AppUser.id) == col(PostHolder.user_id))
        .where(holds_on(day), AppUser.is_active)
    )
    of_roles: list[Any] = [
        cast(null(), Integer),
        cast(null(), String),
        cast(col(RoleGrant.role), String),
        AppUser.id,
        AppUser.display_name,
        cast(null(), Date),
        RoleGrant.id,
    ]
    wanted = select(Post.role).where(col(Post.role).is_not(None))
    granted = (
        select(*of_roles)
        .join(AppUser, col(AppUser.id) == col(RoleGrant.user_id))
        .where(col(RoleGrant.ended_at).is_(None), AppUser.is_active, col(RoleGrant.role).in_(wanted))
    )
    both = union_all(appointed, granted).subquery()
    found: dict[tuple[int, str] | Role, list[Holder]] = defaultdict(list)
    for row in session.execute(both.select().order_by(both.c.since, both.c.place)):
        found[Role(row.role) if row.role else (row.post_id, row.seat)].append(
            Holder(row.user_id, row.display_name, deputies.get(row.user_id))
        )
    return found


def _of_classes(session: Session, deputies: dict[int, str], *, school_year: int) -> list[Answer]:
    """The posts nobody is appointed to here: the classes say who they are (B-13)."""
    columns: list[Any] = [SchoolClass, ClassTeacher.kind, ClassTeacher.subject, AppUser.id, AppUser.display_name]
    rows: Sequence[Any] = session.exec(
        select(*columns)
        .select_from(SchoolClass)
        .join(
            ClassTeacher,
            and_(col(ClassTeacher.class_id) == col(SchoolClass.id), col(ClassTeacher.to_day).is_(None)),
            isouter=True,
        )
        .join(
            AppUser,
            and_(
                col(AppUser.id) == col(ClassTeacher.user_id),
                AppUser.is_active,
                or_(col(ClassTeacher.kind) == ClassTeacherKind.SUBJECT, is_homeroom_teacher()),
            ),
            isouter=True,
        )
        .where(SchoolClass.school_year == school_year)
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(ClassTeacher.id))
    ).all()
    found: list[Answer] = []
    for code, kind in ((HOMEROOM, ClassTeacherKind.HOMEROOM), (SUBJECT_TEACHER, ClassTeacherKind.SUBJECT)):
        by_class: dict[int, list[Holder]] = defaultdict(list)
        for school_class, of_kind, subject, user_id, name in rows:
            held = by_class[school_class.id]
            if of_kind == kind and user_id is not None:
                held.append(Holder(user_id, name, deputies.get(user_id), subject))
        places = {row[0].id: row[0] for row in rows}
        found += [_derived(code, places[class_id], holders) for class_id, holders in by_class.items()]
    return found


def _derived(code: str, school_class: SchoolClass, holders: list[Holder]) -> Answer:
    name, answers_for = _DERIVED[code]
    return Answer(
        code=code,
        name=name,
        seat=seat_of(class_id=school_class.id),
        seat_label=class_label(school_class.grade, school_class.number),
        answers_for=answers_for,
        clause_id="B-13",
        is_needed=code == HOMEROOM,
        holders=tuple(holders),
    )
