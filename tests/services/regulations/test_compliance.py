"""Who reads which duties behind a clause's numbers."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from db.tables import CategoryKind, ClassMembership, ClauseSwitch, Role, StudentCategory
from services import clock
from services.regulations import compliance, kept_results
from services.regulations.measures import measures
from tests.services.regulations.test_evaluation import left_behind, talk

ON = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def school(session, term, make_class, make_student):
    """Two classes, each with a left-behind child without a pair (J-01)."""
    kept_results.forget_all()
    clock.set_fixed(datetime(2026, 11, 20, 18, tzinfo=clock.SCHOOL_ZONE))
    classes = [make_class(7, 1), make_class(7, 2)]
    for name, place in zip(("江一", "江二"), classes, strict=True):
        child = make_student(name, in_class=place)
        session.add(
            StudentCategory(
                student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1), recorded_at=clock.now()
            )
        )
    session.add(ClauseSwitch(clause_id="J-01", number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now()))
    session.flush()
    return classes


def read(session, actor) -> list[str]:
    return [line.what for line in compliance.list_standings(session, actor, clause_id="J-01")]


def test_the_head_reads_of_everybody(session, make_user):
    assert read(session, make_user(Role.LEAD)) == ["江一", "江二"]


def test_a_list_goes_by_class_and_by_the_sound_of_names(session, make_user, make_class, make_student):
    for (grade, number), names in {(2, 1): "霍安陆", (1, 10): "沈", (1, 2): "陈白"}.items():
        school_class = make_class(grade, number)
        for name in names:
            left_behind(session, make_student(f"{name}小满", in_class=school_class))

    told = [name for name in read(session, make_user(Role.LEAD)) if name.endswith("小满")]

    assert told == ["白小满", "陈小满", "沈小满", "安小满", "霍小满", "陆小满"]


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.SUPERVISOR])
def test_who_reads_numbers_only_is_told_of_nobody(session, make_user, role):
    assert read(session, make_user(role)) == []


def test_a_class_is_who_sits_in_it_now(session, school, make_user):
    teacher = make_user(Role.HOMEROOM, homeroom_of=school[0])
    before = read(session, teacher)

    stay = session.exec(select(ClassMembership).where(ClassMembership.class_id == school[0].id)).one()
    stay.to_day = ON
    session.add(ClassMembership(student_id=stay.student_id, class_id=school[1].id, from_day=ON))
    session.flush()
    kept_results.forget_all()

    assert (before, read(session, teacher)) == (["江一"], [])


@pytest.fixture
def busy(session, school, make_student, make_user):
    """Every clause counts; ten children more, of whom the second class's were talked to, some of them late."""
    for clause_id in measures().keys() - {"J-01"}:
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    author = make_user(Role.COUNSELLOR)
    for number in range(10):
        child = make_student(f"陆{number}", in_class=school[number % 2])
        left_behind(session, child)
        for month in (9, 10) if number % 2 else ():
            day = date(2026, month, 14)
            talk(session, child, author, day, written=day + timedelta(days=5 * (number % 3)))
    return make_user(Role.HOMEROOM, homeroom_of=school[0])


@pytest.mark.parametrize("on", [date(2026, 10, 15), ON], ids=str)
@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_every_figure_of_every_clause_is_as_long_as_the_list_it_opens(session, busy, make_user, role, on):
    reader = busy if role is Role.HOMEROOM else make_user(role)
    rows = [row for row in compliance.list_clauses(session, reader, on=on) if row.totals is not None]

    told = {(row.clause.id, name): getattr(row.totals, name) for row in rows for name in compliance.FIGURES}
    listed = {
        (clause_id, name): len(compliance.list_standings(session, reader, clause_id=clause_id, on=on, which=name))
        for clause_id, name in told
    }

    assert told == listed
    assert {name for (_, name), count in told.items() if count} >= {"done", "overdue", "missed", "due"}


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.SUPERVISOR])
def test_who_reads_numbers_only_is_told_the_same_numbers_or_none(session, busy, make_user, role):
    reader, lead = make_user(role), make_user(Role.LEAD)
    whole = {row.clause.id: row.totals for row in compliance.list_clauses(session, lead)}
    told = {row.clause.id: row.totals for row in compliance.list_clauses(session, reader)}
    figures = [
        (getattr(whole[clause_id], name), getattr(found, name))
        for clause_id, found in told.items()
        if found is not None
        for name in compliance.FIGURES
    ]

    assert {said for said, _ in figures if said} & {said for _, said in figures}
    assert [pair for pair in figures if pair[1] not in (None, pair[0])] == []
    assert not any(compliance.list_standings(session, reader, clause_id=clause_id) for clause_id in told)
