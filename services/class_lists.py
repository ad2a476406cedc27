"""The five lists every class keeps of its left-behind children, as one file (E-10)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import (
    CategoryKind,
    CheckFinding,
    CheckReturn,
    ClassMembership,
    Gender,
    LeftBehindKind,
    PairingRole,
    SchoolClass,
    Student,
    StudentCategory,
    Term,
    TermEntry,
)
from services import audit, clock
from services.access import Permission, Subject, acting_for, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.card_history import CardState, read_cards
from services.card_parts import CardPart
from services.classes import class_label
from services.errors import FieldErrors, NotFound, Problem
from services.exchange.grids import Cell
from services.exchange.values import show_cell
from services.exchange.writing import SheetOut, write_sheets
from services.pairing.friends import COLUMNS, Friend, read_friends
from services.promises import has_promise
from services.row_filters import sees_students
from services.student_exports import ExportPurpose, export_notes
from services.student_lists import GROUP_OF, CategoryGroup
from services.students import LEFT_SCHOOL


@dataclass(frozen=True, slots=True)
class ClassLists:
    """The five lists, already noted; `content` is slow, so it belongs outside the transaction."""

    sheets: tuple[SheetOut, ...]
    children: int
    scope_label: str

    def content(self) -> bytes:
        """Return the file: one sheet a list."""
        return write_sheets(self.sheets)


@dataclass(frozen=True, slots=True)
class _Child:
    """A left-behind child with everything the lists say of it."""

    student: Student
    grade: int
    number: int
    category: StudentCategory
    groups: frozenset[CategoryGroup]
    card: CardState
    entry: TermEntry | None
    confirmed_on: date | None
    has_promise: bool

    @property
    def class_label(self) -> str:
        """The child's class, as the school writes it."""
        return class_label(self.grade, self.number)

    def on_card(self, part: str) -> str | None:
        """What stands on the contact card."""
        return self.card.words.get(part)


@permitted(Permission.STUDENT_EXPORT)
def export_class_lists(
    session: Session, actor: Actor, *, class_id: int | None, purpose: ExportPurpose | None
) -> ClassLists:
    """Return the five lists of one class, or of every class this actor may export; eleven statements.

    Raises:
        NotFound: there is no such class this year, or it is not this actor's.
        FieldErrors: no purpose is given.
    """
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    exporter = acting_for(actor, Permission.STUDENT_EXPORT)
    pupils = _pupils(session, exporter, class_id)
    if not pupils and class_id is not None:
        raise NotFound
    children = _left_behind(session, pupils)
    friends = read_friends(session, exporter, [each.student.id or 0 for each in children], roles=list(PairingRole))
    audit.record(
        session,
        actor,
        audit.Action.EXPORT_MADE,
        list="class_lists",
        purpose=purpose.value,
        form="xlsx",
        count=len(children),
        class_id=class_id,
    )
    notes = export_notes(actor, purpose, len(children))
    tables = (
        ("留守儿童档案", *_archive(children)),
        ("联系卡", *_cards(children)),
        ("统计表", *_statistics(pupils, children)),
        ("基本情况登记", *_basics(children)),
        ("手拉手登记", *_hand_in_hand(children, friends)),
    )
    label = class_label(pupils[0].grade, pupils[0].number) if class_id is not None else "各班"
    return ClassLists(tuple((name, titles, rows, notes) for name, titles, rows in tables), len(children), label)


_Table = tuple[Sequence[str], Sequence[Sequence[Cell]]]


def _pupils(session: Session, exporter: Actor, class_id: int | None) -> Sequence[Any]:  # child, grade, number, promise
    """Return every child of the classes, in the order of the register, as far as its card and categories are open."""
    year = current_school_year(load_calendar(session), clock.today())
    statement = (
        select(Student, SchoolClass.grade, SchoolClass.number, has_promise().label("has_promise"))
        .join(ClassMembership, col(ClassMembership.student_id) == col(Student.id))
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .where(
            SchoolClass.school_year == year,
            col(ClassMembership.to_day).is_(None),
            col(Student.state).not_in(LEFT_SCHOOL),
            sees_students(exporter, Subject.CONTACT),
            sees_students(exporter, Subject.CATEGORY),
        )
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(Student.name_order), col(Student.id))
    )
    if class_id is not None:
        statement = statement.where(ClassMembership.class_id == class_id)
    return session.exec(statement).all()


def _left_behind(session: Session, pupils: Sequence[Any]) -> list[_Child]:
    ids = [row.Student.id for row in pupils]
    left_behind: dict[int, StudentCategory] = {}
    groups: dict[int, set[CategoryGroup]] = {}
    for category in _categories(session):
        groups.setdefault(category.student_id, set()).add(GROUP_OF[category.kind])
        if category.kind is CategoryKind.LEFT_BEHIND:
            left_behind[category.student_id] = category
    wanted = [student_id for student_id in ids if student_id in left_behind]
    cards, entries, confirmed = read_cards(session, wanted), _entries(session), _confirmed(session)
    return [
        _Child(
            student=row.Student,
            grade=row.grade,
            number=row.number,
            category=left_behind[row.Student.id],
            groups=frozenset(groups[row.Student.id]),
            card=cards[row.Student.id],
            entry=entries.get(row.Student.id),
            confirmed_on=confirmed.get(row.Student.id),
            has_promise=bool(row.has_promise),
        )
        for row in pupils
        if row.Student.id in cards
    ]


def _categories(session: Session) -> Sequence[StudentCategory]:
    return session.exec(select(StudentCategory).where(col(StudentCategory.to_day).is_(None))).all()


def _entries(session: Session) -> dict[int, TermEntry]:
    """Return each child's newest entry."""
    rows = session.exec(
        select(TermEntry).join(Term, col(Term.id) == col(TermEntry.term_id)).order_by(col(Term.first_day))
    ).all()
    return {row.student_id: row for row in rows}


def _confirmed(session: Session) -> dict[int, date]:
    rows = session.exec(
        select(CheckFinding.student_id, func.max(CheckReturn.returned_at))
        .join(CheckReturn, col(CheckReturn.id) == col(CheckFinding.return_id))
        .where(CheckFinding.kind == CategoryKind.LEFT_BEHIND)
        .group_by(col(CheckFinding.student_id))
    ).all()
    return {student_id: clock.local(at).date() for student_id, at in rows}


_Column = tuple[str, Callable[[_Child], Cell]]


def _table(columns: Sequence[_Column], children: Sequence[_Child]) -> _Table:
    titles = ["序号", *[title for title, _ in columns]]
    return titles, [[place, *[cell(child) for _, cell in columns]] for place, child in enumerate(children, start=1)]


_WHO: tuple[_Column, ...] = (
    ("班级", lambda child: child.class_label),
    ("姓名", lambda child: child.student.name),
)


def _kind_words(child: _Child) -> str | None:
    kind = child.category.left_behind_kind
    return kind.label if kind else child.category.subkind


def _boarding(child: _Child) -> str | None:
    is_boarding = child.student.is_boarding
    return None if is_boarding is None else "住校" if is_boarding else "走读"


def _of_entry(name: str) -> Callable[[_Child], Cell]:
    def cell(child: _Child) -> Cell:
        value = getattr(child.entry, name, None) if child.entry else None
        return value.label if value is not None and hasattr(value, "label") else value

    return cell


def _archive(children: Sequence[_Child]) -> _Table:
    """留守儿童档案: who is registered since when, how it is looked after, and what was last known."""
    return _table(
        (
            *_WHO,
            ("性别", lambda child: child.student.gender.label),
            ("出生日期", lambda child: child.student.birth_day),
            ("学号", lambda child: child.student.student_no),
            ("哪天登记", lambda child: child.category.from_day),
            ("留守情况", _kind_words),
            ("程度", lambda child: child.category.level),
            ("监护情况", lambda child: child.category.guardianship.label if child.category.guardianship else None),
            ("监护人", lambda child: child.on_card("guardian_name")),
            ("和孩子的关系", lambda child: child.on_card("guardian_relation")),
            ("最近一次核对", lambda child: child.confirmed_on),
            ("学业", _of_entry("study")),
            ("身体", _of_entry("health")),
            ("预防接种", _of_entry("vaccination")),
            ("承诺书", lambda child: "已交" if child.has_promise else "没交"),
        ),
        children,
    )


def _cards(children: Sequence[_Child]) -> _Table:
    """联系卡: the fourteen parts, and what is missing of them (E-08)."""
    parts: list[_Column] = [(part.label, lambda child, code=part.value: child.on_card(code)) for part in CardPart]  # type: ignore[misc]
    missing: _Column = ("还缺", lambda child: "、".join(part.label for part in child.card.missing) or "齐了")
    return _table((*_WHO, *parts, missing), children)


def _basics(children: Sequence[_Child]) -> _Table:
    """基本情况登记: the columns of the national form that the register knows."""
    return _table(
        (
            *_WHO,
            ("性别", lambda child: child.student.gender.label),
            ("民族", lambda child: child.student.ethnicity),
            ("出生日期", lambda child: child.student.birth_day),
            ("是否寄宿", _boarding),
            ("户籍所在地", lambda child: unseal(child.student, "residence_sealed")),
            ("现居住地", lambda child: child.on_card("home_address")),
            ("身体情况", _of_entry("health")),
            ("父亲姓名", lambda child: child.on_card("father_name")),
            ("父亲务工地点", lambda child: child.on_card("father_workplace")),
            ("父亲电话", lambda child: child.on_card("father_phone")),
            ("母亲姓名", lambda child: child.on_card("mother_name")),
            ("母亲务工地点", lambda child: child.on_card("mother_workplace")),
            ("母亲电话", lambda child: child.on_card("mother_phone")),
            ("监护人姓名", lambda child: child.on_card("guardian_name")),
            ("监护人电话", lambda child: child.on_card("guardian_phone")),
            ("家庭住址", lambda child: child.on_card("guardian_address")),
        ),
        children,
    )


def _hand_in_hand(children: Sequence[_Child], friends: Mapping[int, Sequence[Friend]]) -> _Table:
    """手拉手登记: who walks with whom today; what it did is left to be written by hand."""

    def told(place: int) -> Callable[[_Child], Cell]:
        def cell(child: _Child) -> Cell:
            cells = [each.cells[place] for each in friends.get(child.student.id or 0, ())]
            return "、".join(show_cell(each) for each in cells if each is not None) or None

        return cell

    told_of = tuple((title, told(place)) for place, title in enumerate(COLUMNS))
    return _table((*_WHO, ("情况", _kind_words), *told_of), children)


def _statistics(pupils: Sequence[Any], children: Sequence[_Child]) -> _Table:
    """统计表: one line a class, and the total where there are several."""
    titles = [
        "班级", "在册人数", "男", "女", "留守", "留守男", "留守女",
        *[kind.label for kind in LeftBehindKind], "情况没写",
        "住校的留守", "又是困境", "又是四特", "联系卡齐全", "承诺书已交", "核对过",
    ]  # fmt: skip
    classes = list(dict.fromkeys((row.grade, row.number) for row in pupils))
    rows = [
        [
            class_label(grade, number),
            *_counts(
                [row for row in pupils if (row.grade, row.number) == (grade, number)],
                [child for child in children if (child.grade, child.number) == (grade, number)],
            ),
        ]
        for grade, number in classes
    ]
    if len(rows) > 1:
        rows.append(["合计", *_counts(pupils, children)])
    return titles, rows


def _counts(pupils: Sequence[Any], children: Sequence[_Child]) -> list[Cell]:
    genders: Mapping[Gender, int] = Counter(row.Student.gender for row in pupils)
    of_left: Mapping[Gender, int] = Counter(child.student.gender for child in children)
    kinds = Counter(child.category.left_behind_kind for child in children)
    return [
        len(pupils),
        genders[Gender.MALE],
        genders[Gender.FEMALE],
        len(children),
        of_left[Gender.MALE],
        of_left[Gender.FEMALE],
        *[kinds[kind] for kind in LeftBehindKind],
        kinds[None],
        sum(child.student.is_boarding is True for child in children),
        sum(CategoryGroup.IN_DIFFICULTY in child.groups for child in children),
        sum(CategoryGroup.FOUR_SPECIAL in child.groups for child in children),
        sum(not child.card.missing for child in children),
        sum(child.has_promise for child in children),
        sum(child.confirmed_on is not None for child in children),
    ]
