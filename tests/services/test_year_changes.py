"""The change of school year: the plan, doing it, doing it twice, taking it back."""

from collections import Counter
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import (
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    DropOutOutcome,
    EnrolmentChange,
    EnrolmentState,
    Role,
    SchoolClass,
    Student,
    YearChange,
    YearException,
    YearStep,
)
from services import drop_out_views, drop_outs, home, merges, students, year_changes, year_plans
from services.drop_outs import DropOutEntry, EndingEntry
from services.duties import DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.merges import Side
from services.year_changes import AlreadyChanged, NothingToMove, PlanChanged, YearOptions
from services.year_undoing import YearUndoBlocked
from tests.conftest import codes

DAY, LEFT = date(2026, 9, 1), date(2026, 7, 3)
OPTIONS = YearOptions(day=DAY, leaving_day=LEFT)


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    """Last year's four classes with two children in each; the first term of this year has begun."""
    lead = make_user(Role.LEAD)
    classes = {(g, n): make_class(g, n, school_year=2025) for g, n in ((7, 1), (7, 2), (8, 1), (9, 1))}
    children = {}
    for (grade, number), found in classes.items():
        for seat in "甲乙":
            child = make_student(f"试{grade}{number}{seat}", entered_on=date(2025, 9, 1))
            session.add(ClassMembership(student_id=child.id, class_id=found.id, from_day=date(2025, 9, 1)))
            children[f"{grade}{number}{seat}"] = child
    session.flush()
    return SimpleNamespace(lead=lead, classes=classes, children=children)


def plan(session, school, **options):
    """The whole plan; whatever a test plans, its outline says the same of every class, and so does a class alone."""
    found = year_plans.plan_year(session, school.lead, **options)
    outline = year_plans.outline_year(session, school.lead, **options)
    assert told(outline) == told(found)
    for each in found.classes:
        assert year_plans.find_class(session, school.lead, plan=outline, class_id=each.class_id) == each
    return found


def told(found):
    classes = [
        (each.class_id, each.target_label, each.homeroom_name, each.size, each.on_leave, +Counter(each.counts))
        for each in found.classes
    ]
    return replace(found, classes=(), digest=None), found.leaving_followed, found.size, classes


def change(session, school, options=OPTIONS):
    found = plan(session, school, graduating=options.graduating)
    return year_changes.change_year(session, school.lead, digest=found.digest, options=options)


def note(session, school, name, step, **more):
    child = school.children[name]
    year_plans.note_exception(
        session, school.lead, school_year=2026, student_id=child.id,
        version=more.pop("version", 0), step=step, **more,
    )  # fmt: skip


def place_of(session: Session, child: Student) -> tuple[int, int, int] | None:
    found = session.exec(
        select(SchoolClass)
        .join(ClassMembership)
        .where(ClassMembership.student_id == child.id, col(ClassMembership.to_day).is_(None))
    ).first()
    return (found.school_year, found.grade, found.number) if found else None


def stays(session, child):
    return session.exec(
        select(ClassMembership.from_day, ClassMembership.to_day)
        .where(ClassMembership.student_id == child.id)
        .order_by(ClassMembership.id)
    ).all()


def test_the_plan_says_who_moves_where_and_the_last_grade_graduates(session, school):
    found = plan(session, school)

    assert (found.to_year, found.can_run, found.graduating) == (2026, True, {9})
    assert [(each.label, each.target_label, len(each.children)) for each in found.classes] == [
        ("七（1）班", "八（1）班", 2), ("七（2）班", "八（2）班", 2),
        ("八（1）班", "九（1）班", 2), ("九（1）班", None, 2),
    ]  # fmt: skip
    assert found.count(YearStep.MOVES_UP) == 6
    assert found.count(YearStep.GRADUATES) == 2


def test_who_is_on_leave_or_gone_counts_as_such(session, school):
    school.children["71甲"].state = EnrolmentState.ON_LEAVE
    school.children["71乙"].state = EnrolmentState.ON_LEAVE
    school.children["72甲"].state = EnrolmentState.DROPPED_OUT
    note(session, school, "71乙", YearStep.REPEATS)

    found = plan(session, school)

    assert [(each.size, each.on_leave, each.count(YearStep.REPEATS)) for each in found.classes] == [
        (2, 2, 1), (1, 0, 0), (2, 0, 0), (2, 0, 0),
    ]  # fmt: skip


def test_leaving_takes_no_statement_for_each_child(session, school, make_student, make_user, statements):
    def needed() -> int:
        statements.clear()
        done = change(session, school)
        count = len(statements)
        year_changes.undo_year(session, school.lead, change_id=done.id)
        return count

    for found in school.classes.values():
        make_user(Role.HOMEROOM, homeroom_of=found)
    before = needed()
    for seat in range(30):
        child = make_student(f"试91{seat}", entered_on=date(2025, 9, 1))
        leaving = school.classes[9, 1]
        session.add(ClassMembership(student_id=child.id, class_id=leaving.id, from_day=date(2025, 9, 1)))
    session.flush()

    assert needed() <= before + 2


def test_everybody_moves_and_memberships_touch(session, school):
    done = change(session, school)

    assert (done.moved, done.repeated, done.graduated, done.left) == (6, 0, 2, 0)
    assert place_of(session, school.children["71甲"]) == (2026, 8, 1)
    assert stays(session, school.children["71甲"]) == [(date(2025, 9, 1), DAY), (DAY, None)]
    graduate = school.children["91甲"]
    session.refresh(graduate)
    assert (graduate.state, graduate.left_on, graduate.version) == (EnrolmentState.GRADUATED, LEFT, 2)
    assert stays(session, graduate) == [(date(2025, 9, 1), LEFT)]


def test_one_repeats_one_changes_class_one_leaves(session, school):
    note(session, school, "81甲", YearStep.REPEATS)
    note(session, school, "71甲", YearStep.OTHER_CLASS, class_number=3)
    note(session, school, "72甲", YearStep.LEAVES, place="栖云市第二中学")
    note(session, school, "91甲", YearStep.REPEATS, class_number=2)

    done = change(session, school)

    assert (done.moved, done.repeated, done.graduated, done.left) == (4, 2, 1, 1)
    assert place_of(session, school.children["81甲"]) == (2026, 8, 1)
    assert place_of(session, school.children["71甲"]) == (2026, 8, 3)
    assert place_of(session, school.children["91甲"]) == (2026, 9, 2)
    gone = school.children["72甲"]
    line = session.exec(select(EnrolmentChange).where(EnrolmentChange.student_id == gone.id)).one()
    assert (line.from_state, line.to_state, line.day) == (EnrolmentState.ENROLLED, EnrolmentState.TRANSFERRED, LEFT)
    assert unseal(line, "place_sealed") == "栖云市第二中学"


def test_a_primary_grade_goes_on_where_the_school_says_so(session, school):
    done = change(session, school, YearOptions(day=DAY, leaving_day=LEFT, graduating=frozenset()))

    assert done.graduated == 0
    assert place_of(session, school.children["91甲"]) == (2026, 10, 1)


def test_a_second_run_changes_nothing(session, school):
    found = plan(session, school)
    change(session, school)
    before = session.exec(select(ClassMembership)).all()

    with pytest.raises(AlreadyChanged):
        year_changes.change_year(session, school.lead, digest=found.digest, options=OPTIONS)

    assert len(session.exec(select(ClassMembership)).all()) == len(before)
    assert len(session.exec(select(YearChange)).all()) == 1


def test_what_was_not_shown_is_not_done(session, school):
    found = plan(session, school)
    note(session, school, "81甲", YearStep.REPEATS)

    with pytest.raises(PlanChanged) as refused:
        year_changes.change_year(session, school.lead, digest=found.digest, options=OPTIONS)

    assert refused.value.current.count(YearStep.REPEATS) == 1
    assert place_of(session, school.children["71甲"]) == (2025, 7, 1)


def test_next_year_is_only_prepared(session, school):
    change(session, school)

    found = plan(session, school)

    assert (found.to_year, found.can_run, found.done.moved) == (2027, False, 6)
    assert [each.label for each in found.classes] == ["八（1）班", "八（2）班", "九（1）班"]


def test_a_school_without_last_years_classes_has_nothing_to_move(session, term, make_user):
    lead = make_user(Role.LEAD)
    found = year_plans.plan_year(session, lead)

    with pytest.raises(NothingToMove):
        year_changes.change_year(session, lead, digest=found.digest, options=OPTIONS)


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        (YearOptions(day=None, leaving_day=None), {"day": "required", "leaving_day": "required"}),
        (YearOptions(day=date(2026, 12, 1), leaving_day=LEFT), {"day": "future"}),
        (YearOptions(day=date(2026, 7, 20), leaving_day=LEFT), {"day": "other_school_year"}),
        (YearOptions(day=DAY, leaving_day=date(2026, 9, 2)), {"leaving_day": "after_change"}),
        (YearOptions(day=DAY, leaving_day=date(2025, 6, 30)), {"leaving_day": "other_school_year"}),
    ],
)
def test_days_that_cannot_be_are_refused(session, school, options, problems):
    with pytest.raises(FieldErrors) as refused:
        change(session, school, options)

    assert codes(refused) == problems


@pytest.mark.parametrize(("keeps", "expected"), [(True, (2026, 8, 1)), (False, None)])
def test_teachers_go_on_with_the_class_as_chosen(session, school, make_user, keeps, expected):
    teacher = make_user(Role.HOMEROOM, Role.SUBJECT_TEACHER, homeroom_of=school.classes[7, 1])

    change(session, school, YearOptions(day=DAY, leaving_day=LEFT, keeps_homeroom=keeps))

    rows = session.exec(
        select(ClassTeacher, SchoolClass).join(SchoolClass).where(ClassTeacher.user_id == teacher.user_id)
    ).all()
    open_ones = [(c.school_year, c.grade, c.number) for t, c in rows if t.to_day is None]
    assert open_ones == ([expected] if expected else [])
    assert [t.to_day for t, c in rows if c.school_year == 2025] == [date(2026, 9, 1)]


def test_a_homeroom_teacher_named_for_the_new_class_stays(session, school, make_user, make_class):
    make_user(Role.HOMEROOM, homeroom_of=school.classes[7, 1])
    named = make_user(Role.HOMEROOM, homeroom_of=make_class(8, 1))

    change(session, school)

    found = session.exec(
        select(ClassTeacher.user_id)
        .join(SchoolClass)
        .where(
            SchoolClass.school_year == 2026, SchoolClass.grade == 8, SchoolClass.number == 1,
            ClassTeacher.kind == ClassTeacherKind.HOMEROOM, col(ClassTeacher.to_day).is_(None),
        )
    ).all()  # fmt: skip
    assert found == [named.user_id]


def everything(session) -> dict[str, list[tuple]]:
    """The register without the marks of having been touched."""
    session.flush()
    session.expire_all()
    return {
        "students": sorted((s.id, s.state.value, s.left_on or date.min) for s in session.exec(select(Student))),
        "stays": sorted((m.student_id, m.class_id, m.from_day, m.to_day or date.max)
                        for m in session.exec(select(ClassMembership))),
        "teachers": sorted((t.class_id, t.user_id, t.kind.value, t.to_day or date.max)
                           for t in session.exec(select(ClassTeacher))),
        "classes": sorted((c.school_year, c.grade, c.number) for c in session.exec(select(SchoolClass))),
        "lines": sorted(c.id for c in session.exec(select(EnrolmentChange))),
    }  # fmt: skip


def test_taken_back_everything_is_as_before_and_can_be_done_again(session, school, make_user):
    make_user(Role.HOMEROOM, homeroom_of=school.classes[7, 1])
    note(session, school, "72甲", YearStep.LEAVES)
    before = everything(session)
    done = change(session, school)

    year_changes.undo_year(session, school.lead, change_id=done.id)

    assert everything(session) == before
    with pytest.raises(NotFound):
        year_changes.undo_year(session, school.lead, change_id=done.id)
    assert change(session, school).moved == 5


def test_undo_is_refused_once_a_child_was_moved_since(session, school, make_class):
    done = change(session, school)
    child = school.children["71甲"]
    session.refresh(child)
    other = session.exec(select(SchoolClass).where(SchoolClass.school_year == 2026, SchoolClass.number == 2)).first()
    students.move_to_class(
        session, school.lead, student_id=child.id, version=child.version, class_id=other.id, day=date(2026, 10, 8)
    )

    with pytest.raises(YearUndoBlocked) as refused:
        year_changes.undo_year(session, school.lead, change_id=done.id)

    assert refused.value.names == ("试71甲",)
    assert place_of(session, school.children["81甲"]) == (2026, 9, 1)


def test_undo_is_refused_once_a_graduate_came_back(session, school):
    done = change(session, school)
    child = school.children["91甲"]
    session.refresh(child)
    students.change_state(
        session, school.lead, student_id=child.id, version=child.version, state=EnrolmentState.ENROLLED, day=DAY
    )

    with pytest.raises(YearUndoBlocked):
        year_changes.undo_year(session, school.lead, change_id=done.id)


def test_a_note_is_drawn_changed_and_taken_back(session, school):
    child = school.children["81甲"]
    note(session, school, "81甲", YearStep.LEAVES, place="栖云市第二中学")
    drawn = year_plans.find_exception(session, school.lead, school_year=2026, student_id=child.id)
    assert (drawn.version, drawn.step, drawn.place) == (1, YearStep.LEAVES, "栖云市第二中学")

    with pytest.raises(EditedMeanwhile):
        note(session, school, "81甲", YearStep.REPEATS)
    note(session, school, "81甲", None, version=1)

    assert plan(session, school).count(YearStep.LEAVES) == 0
    assert session.exec(select(YearException)).one().place_sealed is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"step": YearStep.GRADUATES}, {"step": "unknown_choice"}),
        ({"step": YearStep.OTHER_CLASS}, {"class_number": "required"}),
        ({"step": YearStep.OTHER_CLASS, "class_number": 0}, {"class_number": "beyond_bounds"}),
        ({"step": YearStep.REPEATS, "class_number": 1.5}, {"class_number": "not_whole"}),
        ({"step": YearStep.LEAVES, "place": "长" * 300}, {"place": "too_long"}),
    ],
)
def test_a_note_that_cannot_be_is_refused(session, school, values, problem):
    with pytest.raises(FieldErrors) as refused:
        note(session, school, "81甲", **values)

    assert codes(refused) == problem


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LEAD])
def test_only_the_lead_changes_the_year(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        year_plans.plan_year(session, make_user(role))


@pytest.mark.parametrize("read", [year_plans.plan_year, year_plans.outline_year])
def test_the_plan_takes_as_many_statements_for_many(session, school, make_student, statements, read):
    read(session, school.lead)
    few = len(statements)
    for place in range(30):
        child = make_student(f"试{place}")
        session.add(ClassMembership(student_id=child.id, class_id=school.classes[7, 1].id, from_day=date(2025, 9, 1)))
    session.flush()
    statements.clear()

    read(session, school.lead)

    assert len(statements) == few <= 10


STEPS = st.lists(
    st.sampled_from([None, YearStep.REPEATS, YearStep.OTHER_CLASS, YearStep.LEAVES]), min_size=8, max_size=8
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_nobody_is_lost_and_taking_back_restores_whatever_was_planned(session, school, steps):
    nested = session.begin_nested()
    try:
        for name, step in zip(school.children, steps, strict=True):
            if step:
                note(session, school, name, step, class_number=2 if step is YearStep.OTHER_CLASS else None)
        before = everything(session)
        done = change(session, school)
        assert done.moved + done.repeated + done.graduated + done.left == 8
        for child in school.children.values():
            session.refresh(child)
            assert (place_of(session, child) is None) == (child.state in students.LEFT_SCHOOL)
        year_changes.undo_year(session, school.lead, change_id=done.id)
        assert everything(session) == before
    finally:
        nested.rollback()
        session.expire_all()


# --- children who are followed because they do not come (E-16) ---


def follow(session, school, name, day=date(2026, 9, 7)):
    child = school.children[name]
    return drop_outs.register_drop_out(
        session, school.lead, student_id=child.id, version=child.version,
        entry=DropOutEntry(noticed_on=day, noticed_by="试"),
    )  # fmt: skip


def test_the_plan_says_who_would_leave_though_somebody_looks_for_it(session, school):
    for name in ("91甲", "72甲", "71甲"):
        follow(session, school, name)
    note(session, school, "72甲", YearStep.LEAVES)

    assert plan(session, school).leaving_followed == ("试72甲", "试91甲")
    assert plan(session, school, graduating=frozenset()).leaving_followed == ("试72甲",)


def test_who_leaves_with_its_class_stays_followed_on_the_lead_s_home(session, school, make_user):
    number = follow(session, school, "91甲")

    change(session, school)

    duty = next(each for each in home.list_duties(session, school.lead) if each.kind is DutyKind.BRING_BACK)
    assert (duty.target_id, duty.labels) == (number, ("已毕业",))
    assert duty.due_at is not None


def test_who_moves_up_is_followed_by_the_homeroom_teacher_it_has_now(session, school, make_user):
    before = make_user(Role.HOMEROOM, homeroom_of=school.classes[7, 1])
    number = follow(session, school, "71甲")
    change(session, school, YearOptions(day=DAY, leaving_day=LEFT, keeps_homeroom=False))
    new = session.exec(
        select(SchoolClass).where(SchoolClass.school_year == 2026, SchoolClass.grade == 8, SchoolClass.number == 1)
    ).one()
    after = make_user(Role.HOMEROOM, homeroom_of=new)

    assert drop_out_views.find_drop_out(session, after, drop_out_id=number).row.child == "试71甲"
    assert drop_out_views.list_drop_outs(session, before) == []


def test_who_is_out_of_the_register_is_followed_by_who_leads_its_class_now(session, school, make_user):
    before = make_user(Role.HOMEROOM, homeroom_of=school.classes[7, 1])
    child = school.children["71甲"]
    number = drop_outs.register_drop_out(
        session, school.lead, student_id=child.id, version=child.version, has_dropped_out=True,
        entry=DropOutEntry(noticed_on=date(2026, 6, 8), noticed_by="试"),
    )  # fmt: skip
    other = make_user(Role.HOMEROOM, homeroom_of=school.classes[7, 2])

    change(session, school)

    assert [each.id for each in drop_out_views.list_drop_outs(session, before)] == [number]
    assert drop_out_views.list_drop_outs(session, other) == []


def test_undo_is_refused_once_it_is_said_how_the_staying_away_of_a_graduate_ended(session, school):
    number = follow(session, school, "91甲")
    done = change(session, school)
    drop_outs.end_drop_out(
        session, school.lead, drop_out_id=number, version=1,
        entry=EndingEntry(outcome=DropOutOutcome.TRANSFERRED, ended_on=date(2026, 11, 2), place="外省"),
    )  # fmt: skip

    with pytest.raises(YearUndoBlocked) as refused:
        year_changes.undo_year(session, school.lead, change_id=done.id)

    assert refused.value.names == ("试91甲",)


def test_who_is_followed_since_the_plan_was_shown_is_shown_first(session, school):
    shown = plan(session, school)
    follow(session, school, "91甲")

    with pytest.raises(PlanChanged) as refused:
        year_changes.change_year(session, school.lead, digest=shown.digest, options=OPTIONS)

    assert refused.value.current.leaving_followed == ("试91甲",)


# --- transfer in and out -----------------------------------------------------------------------------------


def test_a_child_who_came_from_another_school_says_so(session, make_user, make_class):
    from services.enrolment import list_enrolment_changes
    from tests.services.children import entry

    lead, found = make_user(Role.LEAD), make_class()
    saved = students.create_student(
        session, lead, entry=entry(), class_id=found.id, from_day=date(2026, 10, 8), came_from="青岚镇小学"
    )
    students.change_state(
        session, lead, student_id=saved.id, version=1, state=EnrolmentState.TRANSFERRED, day=date(2026, 11, 2),
        place="栖云市第二中学",
    )  # fmt: skip

    lines = list_enrolment_changes(session, lead, student_id=saved.id)

    assert [(line.to_state, line.day, line.place) for line in lines] == [
        (EnrolmentState.TRANSFERRED, date(2026, 11, 2), "栖云市第二中学"),
        (EnrolmentState.ENROLLED, date(2026, 10, 8), "青岚镇小学"),
    ]
    assert list_enrolment_changes(session, make_user(Role.HOMEROOM), student_id=saved.id) == ()


def test_undo_is_refused_once_a_child_left_from_the_new_class(session, school):
    done = change(session, school)
    child = school.children["71甲"]
    session.refresh(child)
    students.change_state(
        session, school.lead, student_id=child.id, version=child.version, state=EnrolmentState.TRANSFERRED,
        day=date(2026, 10, 8),
    )  # fmt: skip

    with pytest.raises(YearUndoBlocked) as refused:
        year_changes.undo_year(session, school.lead, change_id=done.id)

    assert refused.value.names == ("试71甲",)


def test_two_entries_merged_since_stand_in_the_way(session, school):
    done = change(session, school)
    kept, other = school.children["71甲"], school.children["71乙"]
    session.flush()
    shown = merges.compare_entries(session, school.lead, kept_id=kept.id, other_id=other.id)
    merges.merge_entries(
        session, school.lead, kept_id=kept.id, other_id=other.id, digest=shown.digest,
        choices={each.key: Side.KEPT for each in shown.differences}, is_one_child=True,
    )  # fmt: skip

    with pytest.raises(YearUndoBlocked) as refused:
        year_changes.undo_year(session, school.lead, change_id=done.id)

    assert refused.value.names == ("试71甲",)
