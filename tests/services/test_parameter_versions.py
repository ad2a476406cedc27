"""The numbers of the regulations: their catalogue, and that a change leaves the time before it as it was."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from db.tables import ParameterVersion, ReferralChannel, Role, Urgency
from db.transactions import transaction
from services import audit, clock, parameter_versions
from services.calendar import load_calendar
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.regulations import deadlines
from services.regulations.parameters import Change, Numbers, areas, parameters
from tests.conftest import NOW, codes

ROOT = Path(__file__).resolve().parents[2]
NAME = "D-06.assessment_school_days"
TODAY = date(2026, 11, 20)
OUTSIDERS = [role for role in Role if role not in (Role.ADMIN, Role.LEAD)]


def put(session, actor, **changes):
    values = {"name": NAME, "value": 5, "in_force_from": TODAY, "reason": "领导小组定的", "version": 0}
    return parameter_versions.set_parameter(session, actor, **values | changes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("C-09.feedback_to_teacher_school_days", 5),
        ("C-11.open_hours_a_week", 8),
        ("C-17.outside_lessons", 20),
        ("D-05.reply_school_days", 2),
        ("D-06.assessment_school_days", 3),
        ("D-06.urgent_assessment_school_days", 0),
        ("D-08.conference_school_days", 5),
        ("D-09.referral_school_days", 1),
        ("E-05.baseline_days", 90),
        ("E-08.card_fields", 14),
        ("F-04.review_red_days", 7),
        ("H-12.talk_minutes", 15),
        ("J-12.children_a_tutor", 15),
        ("L-01.authority_minutes", 15),
        ("L-02.guardian_minutes", 30),
        ("L-03.parents_minutes", 60),
        ("O-06.group_above_yuan", 1000),
        ("Q-11.reply_school_days", 10),
    ],
)
def test_the_numbers_are_those_of_the_table(name: str, value: int):
    assert parameters()[name].default == value


def test_the_catalogue_is_whole():
    names = list(parameters())

    assert len(names) > 100
    assert all(re.fullmatch(r"[A-Z]-\d\d\.[a-z_]+", name) for name in names)
    assert {each.area for each in parameters().values()} <= set(areas())
    assert len({(each.clause_id, each.label) for each in parameters().values()}) == len(names)


def test_what_is_marked_as_used_is_what_the_program_counts_with():
    files = [*(ROOT / "services").rglob("*.py"), ROOT / "services" / "regulations" / "clauses.toml"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)

    counted = {name for name in parameters() if f'"{name}"' in code}

    assert counted == {name for name, each in parameters().items() if each.is_used}


def test_a_number_nobody_declared_is_an_error():
    with pytest.raises(KeyError):
        Numbers().on("D-06.nothing", TODAY)


@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_else_sets_the_numbers(session, make_user, role: Role):
    for act in (
        lambda actor: put(session, actor),
        lambda actor: parameter_versions.list_parameters(session, actor),
        lambda actor: parameter_versions.find_history(session, actor, name=NAME),
        lambda actor: parameter_versions.withdraw_change(session, actor, change_id=1),
    ):
        with pytest.raises(NotAllowed):
            act(make_user(role))


def test_a_change_counts_from_its_day_and_leaves_the_days_before_alone(session, make_user):
    put(session, make_user(Role.LEAD), value=5, in_force_from=TODAY)

    values = [parameter_versions.parameter_on(session, NAME, TODAY + timedelta(days=each)) for each in (-30, -1, 0, 9)]

    assert values == [3, 3, 5, 5]


def test_a_referral_of_last_month_keeps_last_month_s_limit(session, make_user, term):
    october = datetime(2026, 10, 19, 9, tzinfo=clock.SCHOOL_ZONE)

    def dues() -> list[datetime]:
        calendar = load_calendar(session)
        return [
            deadlines.assessment_due(received_at=moment, urgency=Urgency.ORDINARY, calendar=calendar)
            for moment in (october, NOW)
        ]

    before = dues()
    put(session, make_user(Role.LEAD), value=5)
    after = dues()

    assert after[0] == before[0] == datetime(2026, 10, 22, 17, tzinfo=clock.SCHOOL_ZONE)
    assert (before[1], after[1]) == tuple(datetime(2026, 11, day, 17, tzinfo=clock.SCHOOL_ZONE) for day in (25, 27))


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("D-05.reply_school_days", lambda calendar: deadlines.reply_due(
            received_at=NOW, channel=ReferralChannel.SELF, calendar=calendar)),
        ("C-09.feedback_to_teacher_school_days", lambda calendar: deadlines.feedback_due(
            received_at=NOW, channel=ReferralChannel.TEACHER, calendar=calendar)),
        ("D-06.urgent_assessment_school_days", lambda calendar: deadlines.assessment_due(
            received_at=NOW, urgency=Urgency.URGENT, calendar=calendar)),
        ("D-08.conference_school_days", lambda calendar: deadlines.conference_due(called_at=NOW, calendar=calendar)),
        ("D-09.referral_school_days", lambda calendar: deadlines.teacher_referral_due(
            noticed_on=TODAY, calendar=calendar)),
    ],
)  # fmt: skip
def test_every_limit_of_intake_is_read_by_its_day(session, make_user, term, name: str, act):
    before = act(load_calendar(session))
    put(session, make_user(Role.LEAD), name=name, value=3)

    assert act(load_calendar(session)) != before


def test_a_planned_change_is_shown_and_can_be_taken_back_before_its_day(session, make_user):
    lead = make_user(Role.LEAD, name="何知微")
    row = put(session, lead, in_force_from=date(2027, 2, 22))
    listed = next(each for each in parameter_versions.list_parameters(session, lead) if each.parameter.name == NAME)
    assert (listed.value, listed.next_value, listed.next_from) == (3, 5, date(2027, 2, 22))

    parameter_versions.withdraw_change(session, lead, change_id=row.id)

    (change,) = parameter_versions.find_history(session, lead, name=NAME).changes
    assert (change.withdrawn_by, change.may_withdraw) == ("何知微", False)
    assert parameter_versions.parameter_on(session, NAME, date(2027, 3, 1)) == 3
    with pytest.raises(NotFound):
        parameter_versions.withdraw_change(session, lead, change_id=row.id)


def test_what_counts_already_is_not_taken_back(session, make_user):
    lead = make_user(Role.LEAD)
    row = put(session, lead)

    with pytest.raises(parameter_versions.AlreadyInForce):
        parameter_versions.withdraw_change(session, lead, change_id=row.id)


def test_the_later_word_for_one_day_counts_and_a_planned_change_still_comes(session, make_user):
    lead = make_user(Role.LEAD)
    put(session, lead, value=9, in_force_from=date(2027, 1, 4))
    put(session, lead, value=4, version=1)
    put(session, lead, value=6, version=2)

    values = [parameter_versions.parameter_on(session, NAME, day) for day in (TODAY, date(2027, 1, 4))]

    assert values == [6, 9]
    changes = parameter_versions.find_history(session, lead, name=NAME).changes
    assert [(each.value, each.is_in_force) for each in changes] == [(9, False), (6, True), (4, False)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"value": None}, {"value": "required"}),
        ({"value": 21}, {"value": "beyond_bounds"}),
        ({"value": -1}, {"value": "beyond_bounds"}),
        ({"value": 1.5}, {"value": "not_whole"}),
        ({"value": 3}, {"value": "no_change"}),
        ({"in_force_from": None}, {"in_force_from": "required"}),
        ({"in_force_from": date(2026, 11, 19)}, {"in_force_from": "in_force_before_today"}),
        ({"in_force_from": date(9999, 1, 1)}, {"in_force_from": "out_of_range"}),
        ({"reason": "  "}, {"reason": "required"}),
        ({"reason": "长" * 201}, {"reason": "too_long"}),
    ],
)
def test_an_impossible_change_is_refused_at_its_field(session, make_user, changes, expected):
    with pytest.raises(FieldErrors) as refused:
        put(session, make_user(Role.LEAD), **changes)

    assert codes(refused) == expected
    assert session.exec(select(ParameterVersion)).all() == []


def test_a_parameter_nobody_declared_is_not_there(session, make_user):
    lead = make_user(Role.LEAD)
    with pytest.raises(NotFound):
        put(session, lead, name="D-06.nothing")
    with pytest.raises(NotFound):
        parameter_versions.find_history(session, lead, name="'; DROP TABLE term; --")


def test_the_second_of_two_editors_is_told(session, make_user):
    lead, admin = make_user(Role.LEAD, name="何知微"), make_user(Role.ADMIN)
    put(session, lead, value=5)

    with pytest.raises(EditedMeanwhile) as refused:
        put(session, admin, value=7)

    assert refused.value.edited_by == "何知微"
    assert (refused.value.current["value"], refused.value.current["version"]) == (5, 1)


def test_of_many_who_set_one_number_at_once_one_does(session, make_user):
    lead = make_user(Role.LEAD)
    session.commit()
    outcomes: list[str] = []

    def work(value: int) -> None:
        try:
            with transaction() as own:
                put(own, lead, value=value)
            outcomes.append("set")
        except EditedMeanwhile:
            outcomes.append("told")

    threads = [Thread(target=work, args=(value,)) for value in (4, 5, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["set", "told", "told", "told"]


def test_the_event_names_the_number_and_its_values(session, make_user):
    lead = make_user(Role.LEAD)
    row = put(session, lead)

    (note,) = [each for each in session.info["audit_events"] if each.action == audit.Action.PARAMETER_SET.value]

    assert (note.target_id, note.details) == (row.id, {"kind": NAME, "after": 5, "day": "2026-11-20"})


def test_the_calendar_and_its_numbers_take_one_statement(session, make_user, term, statements):
    put(session, make_user(Role.LEAD))
    session.flush()
    statements.clear()

    calendar = load_calendar(session)

    assert len(statements) == 1
    assert calendar.numbers.on(NAME, TODAY) == 5
    assert [each.label for each in calendar.terms] == ["2026–2027学年第一学期"]


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(st.lists(st.tuples(days, st.integers(0, 20)), max_size=8), days)
def test_a_change_never_touches_a_day_before_it(changes: list[tuple[date, int]], asked: date):
    """The history of a day is settled once it is over: only changes up to that day decide it."""
    written = [Change(day, number, value) for number, (day, value) in enumerate(changes, start=1)]
    known = [each for each in written if each.in_force_from <= asked]

    assert Numbers({NAME: written}).on(NAME, asked) == Numbers({NAME: known}).on(NAME, asked)
    if known:
        last = max(each.in_force_from for each in known)
        newest = [each for each in known if each.in_force_from == last][-1]
        assert Numbers({NAME: written}).on(NAME, asked) == newest.value
