"""The children: two school years of classes, those who came and left, families, and why some need care."""

from datetime import date, timedelta

from db.tables import (
    CategoryKind,
    ClassMembership,
    EnrolmentState,
    Gender,
    Guardian,
    GuardianKind,
    Student,
    StudentCategory,
)
from services import clock
from services.demonstration.names import Inventor
from services.demonstration.plan import GRADES, Child, Plan
from services.demonstration.writer import Writer
from services.student_keys import id_number_hash, name_keys, phone_hash

SHARES = {
    CategoryKind.SPECIAL_FAMILY: 0.045,
    CategoryKind.SPECIAL_PHYSIQUE: 0.022,
    CategoryKind.SPECIAL_PSYCHOLOGY: 0.024,
    CategoryKind.SPECIAL_CONDUCT: 0.013,
    CategoryKind.IN_DIFFICULTY: 0.05,
}
SPECIAL = frozenset(SHARES) - {CategoryKind.IN_DIFFICULTY}
LEFT_BEHIND_SHARE = 0.17
NEW_THIS_YEAR, LEFT_LAST_YEAR = 0.03, 0.015
WITHOUT_ID_NUMBER = 0.01


def fill(plan: Plan, writer: Writer) -> None:
    """Write every child of today, and those who left or finished since last year."""
    per_class: dict[tuple[int, int], int] = {}
    numbers = {grade: [number for year, found, number in plan.class_ids if found == grade and year == plan.school_year]
               for grade in GRADES}  # fmt: skip
    for order in range(plan.students):
        grade = GRADES[order % len(GRADES)]
        number = numbers[grade][order // len(GRADES) % len(numbers[grade])]
        per_class[grade, number] = per_class.get((grade, number), 0) + 1
        _add_child(plan, writer, grade=grade, number=number, order=order)
    leavers = plan.count_of(1000 / len(GRADES)) + plan.count_of(1000 * LEFT_LAST_YEAR)
    for order in range(leavers):
        _add_leaver(plan, writer, order=plan.students + order, is_graduate=order < plan.count_of(1000 / len(GRADES)))


def _add_child(plan: Plan, writer: Writer, *, grade: int, number: int, order: int) -> None:
    inventor, year = plan.inventor, plan.school_year
    is_new = grade == GRADES[0] or inventor.chance(NEW_THIS_YEAR)
    came_on = date(year, 9, 1) if is_new else date(year - 1, 9, 1)
    surname = inventor.surname()
    student_id, name = _add_student(
        plan, writer, surname, grade=grade, order=order, came_on=came_on, state=EnrolmentState.ENROLLED
    )
    if not is_new:
        before = plan.class_ids.get((year - 1, grade - 1, number)) or plan.class_ids[year - 1, grade - 1, 1]
        days = {"from_day": date(year - 1, 9, 1), "to_day": date(year, 9, 1)}
        writer.add(ClassMembership, student_id=student_id, class_id=before, **days)
    class_id = plan.class_ids[year, grade, number]
    writer.add(ClassMembership, student_id=student_id, class_id=class_id, from_day=date(year, 9, 1))
    is_left_behind = inventor.chance(LEFT_BEHIND_SHARE)
    _add_family(inventor, writer, student_id, surname, is_left_behind=is_left_behind)
    is_special = _add_categories(plan, writer, student_id, came_on, is_left_behind=is_left_behind)
    plan.children.append(
        Child(student_id, name, grade, class_id, plan.homeroom_of[class_id], is_left_behind, is_special, came_on)
    )


def _add_leaver(plan: Plan, writer: Writer, *, order: int, is_graduate: bool) -> None:
    inventor, year = plan.inventor, plan.school_year
    grade = GRADES[-1] if is_graduate else inventor.random.choice(GRADES)
    left_on = date(year, 7, 4) if is_graduate else inventor.day_between(date(year - 1, 10, 8), date(year, 6, 20))
    state = EnrolmentState.GRADUATED if is_graduate else EnrolmentState.TRANSFERRED
    surname = inventor.surname()
    student_id, _ = _add_student(
        plan, writer, surname, grade=grade + 1, order=order, came_on=plan.first_day, state=state, left_on=left_on
    )
    class_id = plan.class_ids[year - 1, grade, 1]
    writer.add(ClassMembership, student_id=student_id, class_id=class_id, from_day=plan.first_day, to_day=left_on)
    _add_family(inventor, writer, student_id, surname, is_left_behind=False)


def _add_student(
    plan: Plan,
    writer: Writer,
    surname: str,
    *,
    grade: int,
    order: int,
    came_on: date,
    state: EnrolmentState,
    left_on: date | None = None,
) -> tuple[int, str]:
    inventor = plan.inventor
    name, is_male = inventor.name(surname), inventor.chance(0.52)
    born = plan.school_year - 6 - grade
    birth_day = inventor.day_between(date(born, 9, 1), date(born + 1, 8, 31))
    keys = name_keys(name)
    number = None if inventor.chance(WITHOUT_ID_NUMBER) else inventor.id_number(birth_day, is_male=is_male)
    student_id = writer.add(
        Student,
        student_no=f"Y{order + 1:06d}",
        name=name,
        name_initials=keys.initials,
        name_pinyin=keys.pinyin,
        gender=Gender.MALE if is_male else Gender.FEMALE,
        birth_day=birth_day,
        id_number_sealed=number,
        id_number_hash=id_number_hash(number) if number else None,
        ethnicity="汉族",
        is_boarding=inventor.chance(0.2),
        address_sealed=inventor.address(),
        state=state,
        entered_on=came_on,
        left_on=left_on,
        recorded_at=plan.moment(came_on),
    )
    return student_id, name


def _add_family(inventor: Inventor, writer: Writer, student_id: int, surname: str, *, is_left_behind: bool) -> None:
    for kind, given, relation in (
        (GuardianKind.FATHER, inventor.name(surname), "父亲"),
        (GuardianKind.MOTHER, inventor.name(), "母亲"),
    ):
        _add_guardian(
            inventor,
            writer,
            student_id=student_id,
            kind=kind,
            name=given,
            relation=relation,
            is_primary=kind is GuardianKind.FATHER and not is_left_behind,
            workplace_sealed=inventor.far_away() if is_left_behind else None,
        )
    if is_left_behind:
        relation = inventor.random.choice(("爷爷", "奶奶", "外公", "外婆"))
        _add_guardian(
            inventor,
            writer,
            student_id=student_id,
            kind=GuardianKind.ENTRUSTED,
            name=inventor.name(),
            relation=relation,
            is_primary=True,
        )


def _add_guardian(inventor: Inventor, writer: Writer, **values: object) -> None:
    phone = None if inventor.chance(0.03) else inventor.phone()
    writer.add(Guardian, phone_sealed=phone, phone_hash=phone_hash(phone) if phone else None, **values)


def _add_categories(plan: Plan, writer: Writer, student_id: int, came_on: date, *, is_left_behind: bool) -> bool:
    inventor = plan.inventor
    kinds = [kind for kind, share in SHARES.items() if inventor.chance(share)]
    if is_left_behind:
        kinds.append(CategoryKind.LEFT_BEHIND)
    for kind in kinds:
        from_day = inventor.day_between(came_on, min(came_on + timedelta(days=40), plan.today))
        writer.add(
            StudentCategory,
            student_id=student_id,
            kind=kind,
            level=inventor.random.choices((1, 2, 3), weights=(1, 3, 6))[0] if kind in SPECIAL else None,
            evidence_sealed=inventor.narrative(20, 80),
            from_day=from_day,
            recorded_at=clock.at_school(from_day, clock.local(plan.moment(from_day)).time()),
        )
    return bool(SPECIAL & set(kinds))
