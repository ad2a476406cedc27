"""The quarter's check of the 四特 children: who was seen by whom, when, how; what is missing is named (G-01, G-02)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlmodel import col, select

from db.tables import (
    CategoryKind,
    CheckFinding,
    CheckKind,
    CheckResult,
    ClassMembership,
    FoundBy,
    Role,
    StudentCategory,
)
from services import categories, check_returns, check_rounds, check_sheets, clock, home, special_lists
from services.calendar import SchoolCalendar, TermDates
from services.check_kinds import period_of
from services.check_rounds import RoundOpened
from services.check_sight import CheckAnswer, NewFinding
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotFound
from services.regulations import deadlines
from services.regulations.deadlines import DutyState
from tests.conftest import NOW, codes

SPECIAL = CheckKind.SPECIAL_CHECK
FAMILY, MIND = CategoryKind.SPECIAL_FAMILY, CategoryKind.SPECIAL_PSYCHOLOGY
DAY = date(2026, 11, 10)
TERMS = [
    TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22)),
    TermDates(2, 2026, 2, date(2027, 2, 22), date(2027, 7, 3)),
    TermDates(3, 2027, 1, date(2027, 9, 1), date(2028, 1, 21)),
]


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    """七（1） with two 四特 children, one of them without a level, and one left behind; 七（2） without any."""
    one, two = make_class(7, 1), make_class(7, 2)
    lead = make_user(Role.LEAD)
    teacher = make_user(Role.HOMEROOM, name="周砚田", homeroom_of=one)
    other = make_user(Role.HOMEROOM, homeroom_of=two)
    children = [make_student(name, in_class=one) for name in ("江小满", "霍半夏", "孟紫苏")]
    make_student("柳立夏", in_class=two)
    made = [
        categories.add_category(
            session, lead, student_id=child.id, kind=kind, details=categories.CategoryDetails(level=level),
            from_day=date(2026, 9, 1),
        )
        for child, kind, level in zip(children, (FAMILY, MIND, CategoryKind.LEFT_BEHIND), (2, None, 2), strict=True)
    ]  # fmt: skip
    check_rounds.open_round(session, lead, kind=SPECIAL)
    return SimpleNamespace(one=one, two=two, lead=lead, teacher=teacher, other=other, children=children, rows=made)


def seen(school, place, result=CheckResult.UNCHANGED, **more):
    said = {"level": 3 if place == 1 and result is CheckResult.UNCHANGED else None}
    said |= {"seen_on": DAY, "seen_by_id": school.teacher.user_id}
    return CheckAnswer(category_id=school.rows[place], version=1, result=result, **(said | more))


def give(session, school, *answers, actor=None, version=0, found=(), in_class=None):
    return check_returns.return_check(
        session, actor or school.teacher, class_id=(in_class or school.one).id, version=version, answers=answers,
        found=found, has_asked_others=True, kind=SPECIAL,
    )  # fmt: skip


def row_of(session, school, place):
    return session.get_one(StudentCategory, school.rows[place])


def view_of(session, school, actor=None):
    return check_rounds.find_round(session, actor or school.lead, kind=SPECIAL)


@pytest.mark.parametrize(
    ("today", "quarter", "begins"),
    [
        (date(2026, 9, 1), date(2026, 7, 1), date(2026, 9, 1)),
        (date(2026, 11, 22), date(2026, 10, 1), date(2026, 10, 1)),
        (date(2027, 1, 5), date(2027, 1, 1), date(2027, 1, 1)),
        (date(2027, 2, 23), date(2027, 1, 1), date(2027, 1, 1)),
        (date(2027, 7, 20), date(2027, 4, 1), date(2027, 4, 1)),
        (date(2027, 9, 1), date(2027, 7, 1), date(2027, 9, 1)),
    ],
    ids=["autumn", "fourth", "January", "one quarter over two terms", "summer", "the next year's classes"],
)
def test_every_quarter_belongs_to_the_classes_of_one_school_year(today, quarter, begins):
    clock.set_fixed(datetime.combine(today, datetime.min.time(), tzinfo=clock.SCHOOL_ZONE))

    found = period_of(SchoolCalendar(TERMS), SPECIAL)

    assert (found.quarter_from, found.first_day) == (quarter, begins)


@pytest.mark.parametrize(
    ("first_day", "opened_on", "due"),
    [
        (date(2026, 10, 1), date(2026, 10, 8), date(2026, 11, 17)),
        (date(2026, 10, 1), date(2026, 11, 23), date(2026, 11, 27)),
        (date(2026, 10, 1), date(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 30)),
    ],
    ids=["30th school day", "opened late", "on the last day", "fewer school days in the quarter"],
)
def test_the_check_is_due_on_a_school_day_of_the_quarter(first_day, opened_on, due):
    found = deadlines.special_check_due(first_day=first_day, opened_on=opened_on, calendar=SchoolCalendar(TERMS))

    assert found == due


def test_a_quarter_is_opened_once_and_the_term_s_check_beside_it(session, school):
    with pytest.raises(RoundOpened):
        check_rounds.open_round(session, school.lead, kind=SPECIAL)

    check_rounds.open_round(session, school.lead)
    assert view_of(session, school).label == "2026 年第四季度"


def test_the_sheet_has_the_special_children_only(session, school):
    sheet = check_sheets.find_sheet(session, school.teacher, class_id=school.one.id, kind=SPECIAL)

    assert [line.name for line in sheet.lines] == ["霍半夏", "江小满"]
    assert set(sheet.kinds) == {kind for kind in CategoryKind if kind.value.startswith("special")}
    assert {school.teacher.user_id, school.lead.user_id} <= set(sheet.people)
    assert school.other.user_id not in sheet.people
    with pytest.raises(NotFound):
        check_sheets.find_sheet(session, school.other, class_id=school.one.id, kind=SPECIAL)


def test_who_was_seen_by_whom_is_kept_and_the_register_follows(session, school):
    new = NewFinding(
        student_id=school.children[2].id, kind=FAMILY, level=1, note="父母分开了", seen_on=DAY,
        seen_by_id=school.lead.user_id,
    )  # fmt: skip

    give(session, school, seen(school, 0, CheckResult.CHANGED, level=1, note="外婆走了"), seen(school, 1), found=[new])

    said = session.exec(select(CheckFinding).order_by(col(CheckFinding.id))).all()
    assert [(each.result, each.level, each.seen_on) for each in said] == [
        (CheckResult.CHANGED, 1, DAY), (CheckResult.UNCHANGED, 3, DAY), (CheckResult.FOUND, 1, DAY),
    ]  # fmt: skip
    assert [each.seen_by_id for each in said] == [school.teacher.user_id, school.teacher.user_id, school.lead.user_id]
    assert [row_of(session, school, place).level for place in (0, 1)] == [1, 3]
    found = session.get_one(StudentCategory, said[2].category_id)
    assert (found.kind, found.level, found.found_by) == (FAMILY, 1, FoundBy.CHECK_ROUND)
    listed = special_lists.list_special_children(session, school.teacher)
    assert {(each.name, each.seen_by, each.is_seen_now) for each in listed} == {
        ("江小满", "周砚田", True), ("霍半夏", "周砚田", True), ("孟紫苏", school.lead.display_name, True),
    }  # fmt: skip
    assert special_lists.list_special_children(session, school.other) == []


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"seen_on": None}, "seen_on_{0}:required"),
        ({"seen_by_id": None}, "seen_by_{0}:required"),
        ({"seen_by_id": 999_999}, "seen_by_{0}:unknown_choice"),
        ({"seen_on": date(2026, 9, 30)}, "seen_on_{0}:before_the_check"),
        ({"seen_on": date(2026, 12, 1)}, "seen_on_{0}:future"),
        ({"result": CheckResult.NOT_SEEN}, "note_{0}:required"),
        ({"level": None}, "level_{0}:required"),
        ({"result": None, "level": None, "seen_on": None, "seen_by_id": None}, "result_{0}:required"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(session, school, said, problem):
    with pytest.raises(FieldErrors) as refused:
        give(session, school, seen(school, 0), replace(seen(school, 1), **said))

    field, code = problem.format(school.rows[1]).split(":")
    assert codes(refused) == {field: code}


def test_a_new_one_needs_kind_of_special_level_reason_and_who_saw_it(session, school):
    new = NewFinding(student_id=school.children[2].id, kind=CategoryKind.IN_DIFFICULTY, row=4)

    with pytest.raises(FieldErrors) as refused:
        give(session, school, seen(school, 0), seen(school, 1), found=[new])

    assert codes(refused) == {
        "found_kind_4": "unknown_choice", "found_level_4": "required", "found_note_4": "required",
        "found_seen_on_4": "required", "found_seen_by_4": "required",
    }  # fmt: skip


def test_not_seen_is_no_answer_of_the_term_s_check(session, school):
    check_rounds.open_round(session, school.lead)
    answers = [seen(school, place, CheckResult.NOT_SEEN, note="住院") for place in range(3)]

    with pytest.raises(FieldErrors) as refused:
        check_returns.return_check(
            session, school.teacher, class_id=school.one.id, version=0, answers=answers, has_asked_others=True
        )

    assert set(codes(refused).values()) == {"unknown_choice"}


def test_what_is_missing_is_named_until_everybody_was_seen(session, school):
    give(session, school, seen(school, 0), seen(school, 1, CheckResult.NOT_SEEN, note="住院"))

    one, two = view_of(session, school).classes
    assert (one.unseen, one.state, one.returned_at is not None) == (("霍半夏",), DutyState.DUE, True)
    assert (two.unseen, two.returned_at) == ((), None)
    assert [each.target_id for each in duties(session, school.teacher)] == [school.one.id]
    assert duties(session, school.lead)[0].labels == ("七（1）班", "七（2）班")
    assert [each.name for each in special_lists.list_special_children(session, school.lead)] == ["霍半夏", "江小满"]

    give(session, school, seen(school, 0), seen(school, 1), version=1)

    assert view_of(session, school).classes[0].is_complete
    assert duties(session, school.teacher) == []
    assert duties(session, school.lead)[0].labels == ("七（2）班",)


def test_a_class_without_any_says_so(session, school):
    give(session, school, actor=school.other, in_class=school.two)

    sheet = check_sheets.find_sheet(session, school.other, class_id=school.two.id, kind=SPECIAL)
    assert (sheet.returns[0].lines, sheet.returns[0].children_count) == ((), 1)
    assert view_of(session, school).classes[1].is_complete


def test_who_comes_from_a_class_that_did_not_see_it_is_owed_by_the_new_one(session, school):
    give(session, school, actor=school.other, in_class=school.two)
    child = row_of(session, school, 0).student_id
    stay = session.exec(select(ClassMembership).where(ClassMembership.student_id == child)).one()
    stay.to_day = clock.today()
    session.add_all([stay, ClassMembership(student_id=child, class_id=school.two.id, from_day=clock.today())])
    session.flush()

    assert view_of(session, school).classes[1].unseen == ("江小满",)


def test_who_is_registered_after_the_class_returned_is_not_owed(session, school):
    give(session, school, actor=school.other, in_class=school.two)
    clock.set_fixed(NOW + timedelta(days=1))
    child = check_sheets.children_of_class(session, school.two.id)
    categories.add_category(
        session, school.lead, student_id=next(iter(child)), kind=MIND, details=categories.CategoryDetails(level=2),
        from_day=clock.today(),
    )  # fmt: skip

    assert view_of(session, school).classes[1].is_complete


def test_the_slower_of_two_sees_who_was_seen(session, school):
    give(session, school, seen(school, 0), seen(school, 1))

    with pytest.raises(EditedMeanwhile) as refused:
        give(session, school, seen(school, 0), seen(school, 1), actor=school.lead)

    current = refused.value.current
    assert (current[f"seen_on_{school.rows[0]}"], current[f"seen_by_{school.rows[0]}"]) == (DAY, school.teacher.user_id)


def test_what_an_earlier_quarter_said_stays_and_everybody_is_owed_anew(session, school):
    give(session, school, seen(school, 0), seen(school, 1))
    clock.set_fixed(datetime(2027, 1, 6, 9, tzinfo=clock.SCHOOL_ZONE))

    assert [each.kind for each in duties(session, school.lead)] == [DutyKind.OPEN_SPECIAL_CHECK]
    with pytest.raises(NotFound):
        check_sheets.find_sheet(session, school.teacher, class_id=school.one.id, kind=SPECIAL)
    check_rounds.open_round(session, school.lead, kind=SPECIAL)
    (owed,) = duties(session, school.teacher)
    assert (owed.kind, owed.group) == (DutyKind.RETURN_SPECIAL_CHECK, DutyGroup.UPCOMING)
    assert {each.is_seen_now for each in special_lists.list_special_children(session, school.lead)} == {False}
    assert {each.seen_on for each in special_lists.list_special_children(session, school.lead)} == {DAY}


def duties(session, actor):
    return [duty for duty in home.list_duties(session, actor) if "special_check" in duty.kind]
