"""The children: two school years of classes, those who came and left, families, and why some need care."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

from sqlmodel import col, select

from db.tables import (
    CareOption,
    CategoryKind,
    ClassMembership,
    EnrolmentState,
    FoundBy,
    Gender,
    Guardian,
    GuardianKind,
    Guardianship,
    LeftBehindKind,
    OptionList,
    Student,
    StudentCategory,
    Whereabouts,
)
from services import clock
from services.card_parts import CardPart, CardPerson, missing_of, write_missing
from services.demonstration.names import WORKPLACES
from services.demonstration.plan import GRADES, Child, Plan
from services.demonstration.writer import Values, Writer
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
WITHOUT_ID_NUMBER, WITHOUT_A_PART = 0.01, 0.03


def fill(plan: Plan, writer: Writer) -> None:
    """Write every child of today, and those who left or finished since last year."""
    difficulties = select(CareOption.id).where(CareOption.list_name == OptionList.DIFFICULTY)
    plan.difficulty_ids = [each for each in writer.session.exec(difficulties.order_by(col(CareOption.id))) if each]
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
    is_left_behind = inventor.chance(LEFT_BEHIND_SHARE)
    address = inventor.address()
    family = _family(plan, surname, is_left_behind=is_left_behind, address=address)
    student_id, name = _add_student(
        plan,
        writer,
        surname,
        family,
        grade=grade,
        order=order,
        came_on=came_on,
        state=EnrolmentState.ENROLLED,
        address_sealed=address,
        is_rural=is_left_behind or inventor.chance(0.6),
    )
    if not is_new:
        before = plan.class_ids.get((year - 1, grade - 1, number)) or plan.class_ids[year - 1, grade - 1, 1]
        days = {"from_day": date(year - 1, 9, 1), "to_day": date(year, 9, 1)}
        writer.add(ClassMembership, student_id=student_id, class_id=before, **days)
    class_id = plan.class_ids[year, grade, number]
    writer.add(ClassMembership, student_id=student_id, class_id=class_id, from_day=date(year, 9, 1))
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
    address = inventor.address()
    family = _family(plan, surname, is_left_behind=False, address=address)
    student_id, _ = _add_student(
        plan,
        writer,
        surname,
        family,
        grade=grade + 1,
        order=order,
        came_on=plan.first_day,
        state=state,
        left_on=left_on,
        address_sealed=address,
    )
    class_id = plan.class_ids[year - 1, grade, 1]
    writer.add(ClassMembership, student_id=student_id, class_id=class_id, from_day=plan.first_day, to_day=left_on)


def _add_student(
    plan: Plan,
    writer: Writer,
    surname: str,
    family: list[Values],
    *,
    grade: int,
    order: int,
    came_on: date,
    **values: Any,
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
        name_order=keys.order,
        gender=Gender.MALE if is_male else Gender.FEMALE,
        birth_day=birth_day,
        id_number_sealed=number,
        id_number_hash=id_number_hash(number) if number else None,
        ethnicity="汉族",
        is_boarding=inventor.chance(0.2),
        entered_on=came_on,
        recorded_at=plan.moment(came_on),
        **_card_counts(family),
        **values,
    )
    for person in family:
        writer.add(Guardian, student_id=student_id, **person)
    return student_id, name


def _family(plan: Plan, surname: str, *, is_left_behind: bool, address: str) -> list[Values]:
    """Invent father and mother, and for a left-behind child who looks after it; now and then a part is missing."""
    inventor = plan.inventor
    parents = [
        _person(
            plan,
            kind=kind,
            name=inventor.name(surname if kind is GuardianKind.FATHER else None),
            relation=relation,
            is_primary=kind is GuardianKind.FATHER and not is_left_behind,
            years=range(30, 50),
            whereabouts=Whereabouts.AWAY if is_left_behind else Whereabouts.AT_HOME,
            workplace_sealed=inventor.far_away() if is_left_behind else f"青澜县{inventor.random.choice(WORKPLACES)}",
            address_sealed=None if is_left_behind else address,
        )
        for kind, relation in ((GuardianKind.FATHER, "父亲"), (GuardianKind.MOTHER, "母亲"))
    ]
    if not is_left_behind:
        return parents
    relation = inventor.random.choice(("爷爷", "奶奶", "外公", "外婆"))
    guardian = _person(
        plan,
        kind=GuardianKind.ENTRUSTED,
        name=inventor.name(),
        relation=relation,
        is_primary=True,
        years=range(55, 78),
        whereabouts=Whereabouts.AT_HOME,
        workplace_sealed=None,
        address_sealed=address,
    )
    return [*parents, guardian]


def _person(plan: Plan, *, years: range, **values: Any) -> Values:
    inventor = plan.inventor
    phone = None if inventor.chance(WITHOUT_A_PART) else inventor.phone()
    health = None if inventor.chance(WITHOUT_A_PART) else inventor.random.choice(("良好", "一般", "有慢性病"))
    return values | {
        "birth_year": plan.today.year - inventor.random.choice(years),
        "occupation_sealed": inventor.random.choice(("务农", "务工", "做小生意", "照看孩子")),
        "health_sealed": health,
        "phone_sealed": phone,
        "phone_hash": phone_hash(phone) if phone else None,
    }


def _card_counts(family: list[Values]) -> Values:
    """Return what the register keeps of a contact card: how many parts it has and which it lacks."""
    blank = dict.fromkeys(Guardian.model_fields)
    people = [cast("CardPerson", SimpleNamespace(**(blank | person))) for person in family]
    missing = missing_of(has_address=True, people=people)
    return {"card_parts_filled": len(CardPart) - len(missing), "card_missing": write_missing(missing)}


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
            found_by=inventor.random.choice(list(FoundBy)),
            **_particulars(plan, kind),
            from_day=from_day,
            recorded_at=clock.at_school(from_day, clock.local(plan.moment(from_day)).time()),
        )
    return bool(SPECIAL & set(kinds))


def _particulars(plan: Plan, kind: CategoryKind) -> Values:
    inventor = plan.inventor
    if kind is CategoryKind.LEFT_BEHIND:
        return {
            "left_behind_kind": inventor.random.choices(list(LeftBehindKind)[:3], weights=(6, 1, 3))[0],
            "guardianship": inventor.random.choices(list(Guardianship), weights=(5, 4, 1))[0],
        }
    if kind is CategoryKind.IN_DIFFICULTY:
        document = f"青民救〔{plan.school_year}〕{inventor.random.randint(1, 999)} 号"
        return {"difficulty_id": inventor.random.choice(plan.difficulty_ids), "document_sealed": document}
    return {}
