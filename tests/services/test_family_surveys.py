"""What was found out about a family: the newest counts, earlier ones stay, who may read and write it (E-04)."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import FamilyEconomy, FamilySurvey, PlanKind, Role
from services import family_surveys, plan_forms
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.family_surveys import SurveyEntry
from tests.conftest import codes

DAY = date(2026, 9, 5)


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def seven(make_class):
    return make_class(7, 1)


@pytest.fixture
def child(make_student, seven):
    return make_student("江小满", in_class=seven)


def ask(session, actor, child, *, replaces_id: int | None = None, **more) -> int:
    values = {"asked_on": DAY, "economy": FamilyEconomy.POOR, "means": "外婆种地", "needs": "数学要补"} | more
    return family_surveys.record_survey(
        session, actor, student_id=child.id, entry=SurveyEntry(**values), replaces_id=replaces_id
    )


def test_a_new_survey_replaces_the_one_before(session, lead, child):
    first = ask(session, lead, child)
    second = ask(session, lead, child, asked_on=date(2026, 10, 1), means=" ", replaces_id=first)

    found = family_surveys.list_surveys(session, lead, student_id=child.id)

    assert [(line.id, line.is_current, line.means) for line in found] == [
        (second, True, None), (first, False, "外婆种地"),
    ]  # fmt: skip
    row = session.get_one(FamilySurvey, first)
    assert "外婆".encode() not in (row.means_sealed or b"")
    assert "数学".encode() not in (row.needs_sealed or b"")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"asked_on": None}, {"asked_on": "required"}),
        ({"asked_on": date(2026, 12, 1)}, {"asked_on": "future"}),
        ({"asked_on": date(1999, 1, 1)}, {"asked_on": "before_last"}),
        ({"economy": None, "needs": " "}, {"economy": "required", "needs": "required"}),
        ({"means": "长" * 5001}, {"means": "too_long"}),
    ],
)
def test_a_survey_that_cannot_be_is_refused(session, lead, child, values, problem):
    with pytest.raises(FieldErrors) as refused:
        ask(session, lead, child, **values)

    assert codes(refused) == problem
    assert session.exec(select(FamilySurvey.id)).all() == []


def test_two_surveys_at_once_are_told(session, lead, child):
    ask(session, lead, child)

    with pytest.raises(EditedMeanwhile):
        ask(session, lead, child)


def test_the_homeroom_teacher_asks_the_own_class_alone(session, make_user, child, seven, make_class):
    ask(session, make_user(Role.HOMEROOM, homeroom_of=seven), child)
    other = make_user(Role.HOMEROOM, homeroom_of=make_class(7, 2))

    with pytest.raises(NotFound):
        ask(session, other, child)
    assert family_surveys.list_surveys(session, other, student_id=child.id) == ()


def test_beside_a_plan_it_stands_for_who_may_read_it(session, lead, make_user, child):
    form = {"student_id": child.id, "kind": PlanKind.CARE}
    assert plan_forms.open_form(session, lead, **form).family is None
    first = ask(session, lead, child)
    ask(session, lead, child, economy=FamilyEconomy.FAIR, replaces_id=first)

    found = plan_forms.open_form(session, lead, **form).family

    assert (found.economy, found.needs) == (FamilyEconomy.FAIR, "数学要补")
    helper = make_user(Role.SUBJECT_TEACHER)
    assert session.exec(select(FamilySurvey.id).where(family_surveys.current_survey(helper))).all() == []


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.SUPERVISOR, Role.FINANCE, Role.MENTOR, Role.SUBJECT_TEACHER])
def test_others_may_not(session, make_user, child, role):
    with pytest.raises(NotAllowed):
        ask(session, make_user(role), child)
    with pytest.raises(NotAllowed):
        family_surveys.list_surveys(session, make_user(role), student_id=child.id)
