"""Two entries side by side: where they differ, what would move, and what stands in the way."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Table, select
from sqlalchemy import func as sql
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from db.base import Labelled
from db.sealing import unseal
from db.tables import (
    METADATA,
    CareOption,
    ClassMembership,
    DropOut,
    SchoolClass,
    Student,
    StudentCategory,
)
from services.classes import class_label
from services.merging.people import person_differences
from services.merging.sides import Collision, Difference, Side, open_rows, written
from services.merging.spans import overlap
from services.special_kinds import words_of_kinds
from services.student_entries import masked
from services.students import GONE_FOR_GOOD, LEFT_SCHOOL

PLAIN = {
    "name": "姓名", "gender": "性别", "birth_day": "出生日期", "student_no": "学号", "ethnicity": "民族",
    "is_boarding": "是否寄宿", "is_rural": "农村户口", "entered_on": "入学日期",
}  # fmt: skip
SEALED = {"id_number": "身份证号", "address": "家庭住址", "residence": "户籍所在地", "note": "备注"}
CLASS, STATE, LEFT_ON = "class", "state", "left_on"

# Every table that refers to a child: how people call what moves, and what it is counted in. A test asks each foreign
# key for its line, so that a new table is decided about; None: it goes along unmentioned.
MOVES: dict[tuple[str, str], tuple[str, str] | None] = {
    ("class_membership", "student_id"): ("班级", "段"),
    ("guardian", "student_id"): ("家人", "位"),
    ("contact_card_version", "student_id"): ("联系卡以前的样子", "份"),
    ("student_category", "student_id"): ("类别", "条"),
    ("contact_opening", "student_id"): None,
    ("year_exception", "student_id"): ("升年级的例外", "条"),
    ("enrolment_change", "student_id"): ("学籍变动", "条"),
    ("check_finding", "student_id"): ("排查的结果", "条"),
    ("term_entry", "student_id"): ("学期记录", "个学期"),
    ("parents_promise", "student_id"): ("承诺书", "份"),
    ("family_survey", "student_id"): ("家庭情况调查", "次"),
    ("consent", "student_id"): ("家里的同意", "条"),
    ("list_difference", "student_id"): ("和外面名单的差别", "条"),
    ("retention_hold", "student_id"): ("延长保存", "条"),
    ("drop_out", "student_id"): ("控辍保学", "件"),
    ("referral", "student_id"): ("受理", "件"),
    ("assessment", "student_id"): ("评估", "份"),
    ("care_case", "student_id"): ("个案", "件"),
    ("care_record", "student_id"): ("工作记录", "条"),
    ("tier_change", "student_id"): ("等级的记录", "条"),
    ("tier_suggestion", "student_id"): None,
    ("psych_archive", "student_id"): None,
    ("support_plan", "student_id"): ("帮扶方案", "份"),
    ("outward_referral", "student_id"): ("转介出去", "次"),
    ("screening_result", "student_id"): ("筛查结果", "份"),
    ("screening_absence", "student_id"): None,
    ("warning_group", "student_id"): ("干预小组", "个"),
    ("handover_child", "student_id"): ("档案移交", "次"),
    ("pairing", "student_id"): ("结对", "对"),
    ("clause_excuse", "student_id"): ("免做、另法", "条"),
}
# Unique rules a child's rows stand under, each decided about in `services.merging.moving`; a test asks each one.
UNIQUE = {
    "uq_class_membership_open", "uq_student_category_open", "uq_student_category_difficulty",
    "uq_student_category_difficulty_unnamed", "uq_contact_card_version_student_id_number",
    "uq_year_exception_school_year_student_id", "uq_term_entry_student_id_term_id", "uq_parents_promise_current",
    "uq_family_survey_current",
    "uq_consent_current", "uq_drop_out_open", "uq_retention_hold_open", "uq_care_record_entry_uid_student_id",
    "uq_tier_change_student_id_number", "uq_tier_change_waiting", "uq_psych_archive_student_id",
    "uq_screening_result_round_id_student_id_taken_on_number", "uq_screening_absence_round_id_student_id",
    "uq_handover_child_package_id_student_id",
    "uq_warning_group_open", "uq_pairing_one_of_kind", "uq_pairing_same_helper",
}  # fmt: skip


class InTheWay(Labelled):
    """Why two entries can't become one."""

    BOTH_STAY_AWAY = "both_stay_away", "两份都有没结束的控辍保学，请先结束其中一件。"
    FOLLOWED_THOUGH_GONE = "followed_though_gone", "还有没结束的控辍保学，不能合成已经毕业或转走的。请先结束那一件。"


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """Who an entry is about, as its head says it."""

    id: int
    version: int
    name: str
    class_label: str
    student_no: str | None
    birth_day: date


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two entries side by side; `digest` names exactly what is shown."""

    kept: EntryFacts
    other: EntryFacts
    differences: tuple[Difference, ...]
    moves: tuple[tuple[str, int, str], ...]  # what, how many, counted in
    in_the_way: tuple[InTheWay, ...]
    ids_differ: bool  # both have an ID number, and not the same one: hardly one child
    digest: str


def compare(session: Session, kept: Student, other: Student) -> Comparison:
    """Return two entries side by side as they stand in this transaction."""
    differences = (
        *_plain_differences(kept, other),
        *_state_differences(session, kept, other),
        *_sealed_differences(kept, other),
        *_class_difference(session, kept, other),
        *_category_differences(session, kept, other),
        *person_differences(session, kept, other),
    )
    moves = tuple(_counted(session, other.id or 0))
    return Comparison(
        kept=_facts(session, kept),
        other=_facts(session, other),
        differences=differences,
        moves=moves,
        in_the_way=_in_the_way(session, kept, other),
        ids_differ=None not in (kept.id_number_hash, other.id_number_hash),
        digest=_digest(kept, other, differences, moves),
    )


def references_to_students() -> Iterator[tuple[Table, str]]:
    """Yield every column that refers to a child, found in the tables themselves."""
    target = METADATA.tables["student"]
    for table in METADATA.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is target:
                yield table, key.parent.name


def category_collisions(session: Session, kept: Student, other: Student) -> Iterator[Collision]:
    """Yield the categories in which both are now."""
    ours = {_category_key(row): row for row in open_rows(session, StudentCategory, kept)}
    for row in open_rows(session, StudentCategory, other):
        if (key := _category_key(row)) in ours:
            yield Collision(f"category.{key[0]}.{key[1] or 0}", ours[key], row)


def in_two_classes(session: Session, kept: Student, other: Student) -> bool:
    """Say whether the two were in different classes on the same day."""
    ours, theirs = _stays(session, kept), _stays(session, other)
    return any(
        mine.class_id != its.class_id and overlap((mine.from_day, mine.to_day), (its.from_day, its.to_day))
        for mine in ours
        for its in theirs
    )


def _stays(session: Session, student: Student) -> Sequence[ClassMembership]:
    return session.exec(
        select_rows(ClassMembership)
        .where(ClassMembership.student_id == student.id)
        .order_by(col(ClassMembership.from_day), col(ClassMembership.id))
    ).all()


def _plain_differences(kept: Student, other: Student) -> Iterator[Difference]:
    for name, label in PLAIN.items():
        yield from _difference(name, label, written(getattr(kept, name)), written(getattr(other, name)))


def _state_differences(session: Session, kept: Student, other: Student) -> Iterator[Difference]:
    """Who is here by one entry and gone by the other is for somebody to say; of two last days the later one counts."""
    if kept.state is not other.state:
        is_disputed = (kept.state in LEFT_SCHOOL) is not (other.state in LEFT_SCHOOL)
        ours, theirs = _state_words(session, kept, other), _state_words(session, other, kept)
        yield Difference(STATE, "学籍", ours, theirs, None if is_disputed else Side.KEPT)
    if {kept.state, other.state} <= LEFT_SCHOOL and kept.left_on != other.left_on:
        later = Side.KEPT if (kept.left_on or date.min) > (other.left_on or date.min) else Side.OTHER
        yield Difference(LEFT_ON, "哪天离校", written(kept.left_on), written(other.left_on), later)


def _state_words(session: Session, student: Student, beside: Student) -> str:
    """Return a state with what it costs: who has left is in no class from that day on, whichever entry said so."""
    if student.state not in LEFT_SCHOOL or beside.state in LEFT_SCHOOL:
        return str(student.state.label)
    day = student.left_on
    if day is None or not open_rows(session, ClassMembership, beside):
        return f"{student.state.label}{f'，{written(day)}' if day else ''}"
    return f"{student.state.label}，{written(day)}；留这个，从那天起就不算在{_facts(session, beside).class_label}"


def _sealed_differences(kept: Student, other: Student) -> Iterator[Difference]:
    for name, label in SEALED.items():
        ours, theirs = unseal(kept, f"{name}_sealed") or "", unseal(other, f"{name}_sealed") or ""
        if name == "id_number" and ours != theirs:
            ours, theirs = masked(ours) or "", masked(theirs) or ""
            if ours == theirs:  # masked alike and yet another
                ours, theirs = f"{ours}（这一份的）", f"{theirs}（另一份的）"
        yield from _difference(name, label, ours, theirs)


def _difference(key: str, label: str, kept: str, other: str) -> Iterator[Difference]:
    """What only the kept one says is no question; what only the other says is taken unless somebody says no."""
    if other and kept != other:
        yield Difference(key, label, kept, other, Side.KEPT if kept else Side.OTHER)


def _class_difference(session: Session, kept: Student, other: Student) -> Iterator[Difference]:
    if in_two_classes(session, kept, other):
        ours, theirs = (_class_words(session, each) for each in (kept, other))
        yield Difference(CLASS, "同一天在两个班，按哪一份算", ours, theirs, None)


def _class_words(session: Session, student: Student) -> str:
    stays = _stays(session, student)
    rows = session.exec(
        select_rows(SchoolClass).where(col(SchoolClass.id).in_([stay.class_id for stay in stays]))
    ).all()
    labels = {row.id: class_label(row.grade, row.number) for row in rows}
    return "；".join(
        f"{labels[stay.class_id]}（{written(stay.from_day)}起{f'，到{written(stay.to_day)}' if stay.to_day else ''}）"
        for stay in stays
        if stay.to_day != stay.from_day
    )


def _category_differences(session: Session, kept: Student, other: Student) -> Iterator[Difference]:
    for each in category_collisions(session, kept, other):
        ours, theirs = (_category_words(session, row) for row in (each.kept, each.other))
        if ours != theirs:
            yield Difference(each.key, f"类别：{words_of_kinds(session)[each.kept.kind]}", ours, theirs, Side.KEPT)


def _category_words(session: Session, row: StudentCategory) -> str:
    difficulty = session.get(CareOption, row.difficulty_id) if row.difficulty_id else None
    said = [
        difficulty.label if difficulty else None,
        row.subkind,
        row.left_behind_kind.label if row.left_behind_kind else None,
        f"{row.level} 级" if row.level else None,
        f"监护{row.guardianship.label}" if row.guardianship else None,
        unseal(row, "document_sealed"),
        unseal(row, "evidence_sealed"),
        f"{written(row.from_day)}起",
    ]
    return "，".join(each for each in said if each)


def _category_key(row: StudentCategory) -> tuple[str, int | None]:
    return row.kind.value, row.difficulty_id


def count_followed(session: Session, kept: Student, other: Student) -> int:
    """Return how many of the two are followed because they stay away."""
    open_ones = select_rows(sql.count()).where(
        col(DropOut.student_id).in_([kept.id, other.id]), col(DropOut.closed_at).is_(None)
    )
    return session.exec(open_ones).one()


def _in_the_way(session: Session, kept: Student, other: Student) -> tuple[InTheWay, ...]:
    followed = count_followed(session, kept, other)
    if followed > 1:
        return (InTheWay.BOTH_STAY_AWAY,)
    if followed and is_gone_for_good(kept) and is_gone_for_good(other):
        return (InTheWay.FOLLOWED_THOUGH_GONE,)
    return ()


def is_gone_for_good(student: Student) -> bool:
    """Say whether a child has left and nobody has to bring it back."""
    return student.state in GONE_FOR_GOOD


def _counted(session: Session, other_id: int) -> Iterator[tuple[str, int, str]]:
    """Yield what hangs on the other entry, by kind: one statement for all tables."""
    named = [
        (table, column, said) for table, column in references_to_students() if (said := MOVES.get((table.name, column)))
    ]
    counts = [
        select(sql.count()).select_from(table).where(table.c[column] == other_id).scalar_subquery()
        for table, column, _said in named
    ]
    row = session.execute(select(*counts)).one()
    for (_table, _column, (what, unit)), count in zip(named, row, strict=True):
        if count:
            yield what, count, unit


def _facts(session: Session, student: Student) -> EntryFacts:
    stay = next(iter(open_rows(session, ClassMembership, student)), None)
    found = session.get(SchoolClass, stay.class_id) if stay else None
    label = class_label(found.grade, found.number) if found else student.state.label
    return EntryFacts(student.id or 0, student.version, student.name, label, student.student_no, student.birth_day)


def _digest(kept: Student, other: Student, differences: Iterable[Difference], moves: Iterable[object]) -> str:
    shown = [kept.id, kept.version, other.id, other.version, *differences, *moves]
    return hashlib.sha256("\n".join(map(repr, shown)).encode()).hexdigest()
