"""Class checks: opened once a term, returned by each class, put right with history, owed on home (E-02, E-07)."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from sqlmodel import col, select

from db.tables import (
    CareOption,
    CategoryKind,
    CheckFinding,
    CheckResult,
    CheckReturn,
    FoundBy,
    OptionList,
    Role,
    StudentCategory,
    SystemFact,
)
from services import categories, check_returns, check_rounds, check_sheets, clock, home, setup, student_files
from services.calendar import SchoolCalendar, TermDates
from services.check_kinds import NoTerm
from services.check_returns import CheckAnswer, NewFinding
from services.check_rounds import RoundOpened
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.regulations import deadlines
from services.regulations.deadlines import DutyState
from tests.conftest import NOW, codes

LB, FAMILY = CategoryKind.LEFT_BEHIND, CategoryKind.SPECIAL_FAMILY


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    """七（1） with three children, one of them left behind, and 七（2） with one; a homeroom teacher each."""
    one, two = make_class(7, 1), make_class(7, 2)
    lead = make_user(Role.LEAD)
    teacher = make_user(Role.HOMEROOM, name="周砚田", homeroom_of=one)
    other = make_user(Role.HOMEROOM, homeroom_of=two)
    children = [make_student(name, in_class=one) for name in ("江小满", "霍半夏", "孟紫苏")]
    make_student("柳立夏", in_class=two)
    category = categories.add_category(
        session, lead, student_id=children[0].id, kind=LB,
        details=categories.CategoryDetails(level=2, subkind="双亲外出", evidence="家访"), from_day=date(2026, 9, 1),
    )  # fmt: skip
    return SimpleNamespace(
        one=one, two=two, lead=lead, teacher=teacher, other=other, children=children, category=category
    )


def give(session, school, *answers, actor=None, version=0, found=(), asked=True):
    if not answers:
        answers = (CheckAnswer(category_id=school.category, version=1, result=CheckResult.UNCHANGED),)
    return check_returns.return_check(
        session, actor or school.teacher, class_id=school.one.id, version=version, answers=answers, found=found,
        has_asked_others=asked,
    )  # fmt: skip


def sheet(session, school, actor=None):
    return check_sheets.find_sheet(session, actor or school.teacher, class_id=school.one.id)


def kinds_of(session, student_id):
    return {
        row.kind
        for row in session.exec(
            select(StudentCategory).where(
                StudentCategory.student_id == student_id, col(StudentCategory.to_day).is_(None)
            )
        )
    }


@pytest.mark.parametrize(
    ("opened_on", "due"),
    [
        (date(2026, 9, 1), date(2026, 9, 21)),
        (date(2026, 8, 30), date(2026, 9, 21)),
        (date(2026, 9, 10), date(2026, 9, 30)),
        (date(2027, 1, 20), date(2027, 1, 22)),
        (date(2027, 2, 1), date(2027, 2, 1)),
    ],
    ids=["first day", "before", "later", "ends with the term", "after the term"],
)
def test_a_round_is_due_three_weeks_from_its_start(opened_on, due):
    term = TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))

    found = deadlines.class_check_due(term=term, opened_on=opened_on, calendar=SchoolCalendar([term]))

    assert found == due


def test_a_round_is_opened_once(session, school):
    check_rounds.open_round(session, school.lead)

    with pytest.raises(RoundOpened):
        check_rounds.open_round(session, school.lead)


def test_a_round_needs_a_term(session, make_user):
    with pytest.raises(NoTerm):
        check_rounds.open_round(session, make_user(Role.LEAD))


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.ADMIN])
def test_only_the_lead_opens_a_round(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        check_rounds.open_round(session, make_user(role))


def test_each_class_stands_in_the_round_with_what_it_found(session, school):
    check_rounds.open_round(session, school.lead)
    give(
        session, school,
        CheckAnswer(category_id=school.category, version=1, result=CheckResult.CHANGED, level=1, note="母亲也外出了"),
        found=[NewFinding(student_id=school.children[1].id, kind=FAMILY, level=3, note="父母分开了")],
    )  # fmt: skip

    view = check_rounds.find_round(session, school.lead)

    assert [(each.label, each.state, each.found, each.changed) for each in view.classes] == [
        ("七（1）班", DutyState.MET, 1, 1),
        ("七（2）班", DutyState.DUE, 0, 0),
    ]
    assert view.returned == 1
    assert kinds_of(session, school.children[1].id) == {FAMILY}
    assert session.get(StudentCategory, school.category).level == 1
    subkinds = {line.category_id: line.subkind for line in sheet(session, school).lines}
    assert subkinds[school.category] == "双亲外出"


def test_a_homeroom_teacher_sees_the_own_class_only(session, school):
    check_rounds.open_round(session, school.lead)

    assert [each.label for each in check_rounds.find_round(session, school.teacher).classes] == ["七（1）班"]
    with pytest.raises(NotFound):
        sheet(session, school, actor=school.other)
    with pytest.raises(NotFound):
        give(session, school, actor=school.other)


def test_every_registered_child_must_be_confirmed_and_the_others_asked(session, school):
    check_rounds.open_round(session, school.lead)

    with pytest.raises(FieldErrors) as refused:
        give(session, school, CheckAnswer(category_id=school.category, version=1, result=None), asked=False)

    assert codes(refused) == {f"result_{school.category}": "required", "has_asked_others": "required_tick"}
    assert session.exec(select(CheckReturn)).all() == []


@pytest.mark.parametrize(
    ("answer", "found", "problem"),
    [
        ({"result": CheckResult.CHANGED}, {}, "note_{0}:required"),
        ({"result": CheckResult.ENDED, "note": " "}, {}, "note_{0}:required"),
        ({"result": CheckResult.FOUND}, {}, "result_{0}:unknown_choice"),
        ({"result": CheckResult.UNCHANGED, "level": 4}, {}, "level_{0}:out_of_range"),
        ({}, {"student_id": None}, "found_student_5:required"),
        ({}, {"student_id": 999_999}, "found_student_5:unknown_choice"),
        ({}, {"kind": None}, "found_kind_5:required"),
        ({}, {"note": "长" * 6000}, "found_note_5:too_long"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(session, school, answer, found, problem):
    check_rounds.open_round(session, school.lead)
    given = CheckAnswer(**({"category_id": school.category, "version": 1, "result": CheckResult.UNCHANGED} | answer))
    new = NewFinding(**({"student_id": school.children[1].id, "kind": FAMILY, "row": 5} | found))

    with pytest.raises(FieldErrors) as refused:
        give(session, school, given, found=[new])

    field, code = problem.format(school.category).split(":")
    assert codes(refused)[field] == code


def test_what_is_registered_already_is_not_found_again(session, school):
    check_rounds.open_round(session, school.lead)
    twice = [NewFinding(student_id=school.children[1].id, kind=FAMILY, row=row) for row in (0, 1)]

    with pytest.raises(FieldErrors) as refused:
        give(session, school, found=[NewFinding(student_id=school.children[0].id, kind=LB, row=7), *twice])

    assert codes(refused) == {"found_kind_7": "category_open", "found_kind_1": "category_open"}


def test_ended_ends_today_and_is_no_line_any_more(session, school):
    check_rounds.open_round(session, school.lead)
    give(
        session,
        school,
        CheckAnswer(category_id=school.category, version=1, result=CheckResult.ENDED, note="父亲回来了"),
    )

    assert session.get(StudentCategory, school.category).to_day == clock.today()
    assert sheet(session, school).lines == ()
    assert sheet(session, school).returns[0].lines[0].note == "父亲回来了"


def test_a_second_return_is_refused_with_what_the_first_says(session, school):
    check_rounds.open_round(session, school.lead)
    give(session, school)

    with pytest.raises(EditedMeanwhile) as refused:
        give(session, school, actor=school.lead)

    assert refused.value.edited_by == "周砚田"
    assert refused.value.current["version"] == 1
    assert refused.value.current[f"result_{school.category}"] is CheckResult.UNCHANGED


def test_putting_right_keeps_what_was_said_before(session, school):
    check_rounds.open_round(session, school.lead)
    give(session, school, found=[NewFinding(student_id=school.children[1].id, kind=FAMILY)])
    lines = sheet(session, school).lines
    answers = [
        CheckAnswer(category_id=line.category_id, version=1, result=CheckResult.CHANGED, note=f"核对{place}")
        for place, line in enumerate(lines)
    ]

    assert give(session, school, *answers, version=1, actor=school.lead) == 2

    current, before = sheet(session, school).returns
    assert sorted((line.kind, line.result) for line in current.lines) == [
        (LB, CheckResult.CHANGED), (FAMILY, CheckResult.FOUND),  # this round found it, whatever is added later
    ]  # fmt: skip
    assert sorted((line.kind, line.result) for line in before.lines) == [
        (LB, CheckResult.UNCHANGED), (FAMILY, CheckResult.FOUND),
    ]  # fmt: skip
    assert before.returned_by == "周砚田"


def test_the_words_are_sealed(session, school):
    check_rounds.open_round(session, school.lead)
    give(
        session,
        school,
        CheckAnswer(category_id=school.category, version=1, result=CheckResult.CHANGED, note="夜里没人在家"),
    )

    stored = session.exec(select(CheckFinding)).one().note_sealed

    assert stored is not None
    assert "夜里".encode() not in stored


def test_each_category_knows_when_it_was_last_confirmed(session, school):
    before = student_files.find_student(session, school.teacher, student_id=school.children[0].id).categories or ()
    assert [entry.confirmed_on for entry in before] == [None]

    check_rounds.open_round(session, school.lead)
    give(session, school)
    child = school.children[0].id

    (entry,) = student_files.find_student(session, school.teacher, student_id=child).categories or ()

    assert (entry.kind, entry.confirmed_on) == (LB, clock.today())


# --- home --------------------------------------------------------------------------------------------------


def duties(session, actor):
    return [duty for duty in home.list_duties(session, actor) if "check" in duty.kind and "special" not in duty.kind]


def test_the_lead_is_asked_to_open_the_round(session, school):
    assert [duty.kind for duty in duties(session, school.lead)] == [DutyKind.OPEN_CHECK]
    assert duties(session, school.teacher) == []


def test_nobody_waited_for_the_round_before_the_school_was_set_up(session, school):
    assert duties(session, school.lead)[0].since == clock.at_school(date(2026, 9, 1), time(8))

    session.add(SystemFact(name=setup.CLAIMED, value=NOW.isoformat()))
    session.flush()

    assert duties(session, school.lead)[0].since == NOW


def test_who_has_not_returned_has_it_on_home_and_the_lead_sees_who(session, school):
    check_rounds.open_round(session, school.lead)

    (own,) = duties(session, school.teacher)
    (all_of,) = duties(session, school.lead)

    assert (own.kind, own.group, own.target_id) == (DutyKind.RETURN_CHECK, DutyGroup.UPCOMING, school.one.id)
    assert (all_of.kind, all_of.labels) == (DutyKind.CHECKS_MISSING, ("七（1）班", "七（2）班"))

    clock.set_fixed(NOW + timedelta(days=30))
    assert duties(session, school.teacher)[0].group is DutyGroup.LATE
    give(session, school)
    assert duties(session, school.teacher) == []
    assert duties(session, school.lead)[0].labels == ("七（2）班",)
    assert check_rounds.find_round(session, school.lead).classes[0].state is DutyState.MET_LATE


def test_before_the_term_nothing_is_asked(session, school):
    clock.set_fixed(datetime(2026, 8, 20, 9, tzinfo=clock.SCHOOL_ZONE))

    assert duties(session, school.lead) == []


def test_the_round_takes_as_many_statements_for_many_classes(session, school, make_class, make_student, statements):
    check_rounds.open_round(session, school.lead)
    check_rounds.find_round(session, school.lead)
    few = len(statements)
    for number in range(3, 13):
        make_student(f"试{number}", in_class=make_class(7, number))
    statements.clear()

    assert len(check_rounds.find_round(session, school.lead).classes) == 12
    assert len(statements) <= min(few, 6)


def test_an_answer_about_another_class_is_refused(session, school, make_student):
    check_rounds.open_round(session, school.lead)
    answer = CheckAnswer(category_id=school.category, version=1, result=CheckResult.UNCHANGED)

    with pytest.raises(FieldErrors) as refused:
        give(session, school, answer, replace(answer, category_id=999_999))

    assert codes(refused) == {"result_999999": "category_gone"}


def test_a_child_in_difficulty_in_two_ways_is_confirmed_for_each(session, school):
    child = school.children[1].id
    options = [CareOption(list_name=OptionList.DIFFICULTY, label=f"试难处{place}") for place in (1, 2)]
    session.add_all(options)
    session.flush()
    rows = [
        StudentCategory(
            student_id=child, kind=CategoryKind.IN_DIFFICULTY, difficulty_id=option.id, from_day=date(2026, 9, 1),
            recorded_at=clock.now(),
        )
        for option in options
    ]  # fmt: skip
    session.add_all(rows)
    session.flush()
    check_rounds.open_round(session, school.lead)
    answers = [
        CheckAnswer(category_id=category_id, version=1, result=CheckResult.UNCHANGED)
        for category_id in (school.category, rows[0].id)
    ]

    give(
        session,
        school,
        *answers,
        CheckAnswer(category_id=rows[1].id, version=1, result=CheckResult.ENDED, note="已经脱困"),
    )

    assert sorted(line.result for line in sheet(session, school).returns[0].lines) == [
        "ended",
        "unchanged",
        "unchanged",
    ]


def test_what_a_check_found_says_so(session, school):
    check_rounds.open_round(session, school.lead)
    give(session, school, found=[NewFinding(student_id=school.children[1].id, kind=FAMILY)])

    found = session.exec(select(StudentCategory).where(StudentCategory.student_id == school.children[1].id)).one()
    assert found.found_by is FoundBy.CHECK_ROUND


# --- somebody else changed a category while the sheet was open ---------------------------------------------


def change_level(session, school, level, *, category=None, **more):
    row = session.get_one(StudentCategory, category or school.category)
    categories.change_category(
        session, school.lead, student_id=row.student_id, category_id=row.id, version=row.version,
        details=replace(categories.details_of(row), level=level, **more),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("result", "level", "shown"),
    [(CheckResult.CHANGED, 3, 1), (CheckResult.ENDED, None, None), (CheckResult.UNCHANGED, None, None)],
    ids=["another level", "ended", "confirmed as it was"],
)
def test_what_somebody_changed_since_is_not_overwritten(session, school, result, level, shown):
    check_rounds.open_round(session, school.lead)
    (line,) = sheet(session, school).lines
    change_level(session, school, 1)
    answer = CheckAnswer(
        category_id=line.category_id, version=line.version, result=result, level=level, note="父亲回来了"
    )

    with pytest.raises(EditedMeanwhile) as refused:
        give(session, school, answer)

    current = refused.value.current
    assert (current["version"], current[f"version_{line.category_id}"]) == (0, line.version + 1)
    assert (line.standing, current[f"standing_{line.category_id}"]) == ("双亲外出，2 级", "双亲外出，1 级")
    assert current.get(f"level_{line.category_id}") == shown
    row = session.get_one(StudentCategory, line.category_id)
    assert (row.level, row.to_day, session.exec(select(CheckReturn)).all()) == (1, None, [])
    assert give(session, school, replace(answer, version=line.version + 1)) == 1  # seen, and said knowingly


def test_only_the_child_that_was_changed_is_told(session, school):
    other = categories.add_category(
        session, school.lead, student_id=school.children[1].id, kind=FAMILY,
        details=categories.CategoryDetails(level=2), from_day=date(2026, 9, 1),
    )  # fmt: skip
    check_rounds.open_round(session, school.lead)
    answers = [
        CheckAnswer(
            category_id=line.category_id, version=line.version, result=CheckResult.CHANGED, level=3, note="换了照看的人"
        )
        for line in sheet(session, school).lines
    ]
    change_level(session, school, 1, category=other)

    with pytest.raises(EditedMeanwhile) as refused:
        give(session, school, *answers)

    levels = {name: value for name, value in refused.value.current.items() if name.startswith("level_")}
    assert levels == {f"level_{other}": 1}
    assert session.get_one(StudentCategory, school.category).level == 2  # all or nothing
