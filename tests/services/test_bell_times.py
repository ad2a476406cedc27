"""Keeping the bell periods: kinds of day, their weekdays, copies, and days that go otherwise."""

from datetime import date
from threading import Thread

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from db.tables import BellPeriod, BellTimetable, BellWeekday, Role
from db.transactions import transaction
from services import bell_times
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from tests.conftest import codes

TWO = "第一节 08:00-08:40\n第二节 08:50-09:30"
OUTSIDERS = [role for role in Role if role not in (Role.ADMIN, Role.LEAD)]


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def timetable(session, lead) -> BellTimetable:
    return bell_times.begin_timetable(session, lead, from_day=date(2026, 9, 1))


def save(session, lead, timetable, **changes):
    values = {"timetable_id": timetable.id, "name": "平日", "weekdays": [0, 1, 2, 3], "periods": TWO}
    return bell_times.save_day_kind(session, lead, **values | changes)


@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_else_changes_the_bells(session, make_user, timetable, role: Role):
    outsider = make_user(role)

    for act in (
        lambda: bell_times.begin_timetable(session, outsider, from_day=date(2027, 2, 22)),
        lambda: save(session, outsider, timetable),
        lambda: bell_times.save_bell_date(session, outsider, day=date(2026, 10, 10), follows_weekday=4),
        lambda: bell_times.remove_timetable(session, outsider, timetable_id=timetable.id, version=1),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_what_is_saved_is_found(session, lead, timetable):
    kind = save(session, lead, timetable)

    (found,) = bell_times.find_bells(session, lead).timetables

    assert [(each.name, each.weekdays) for each in found.kinds] == [("平日", (0, 1, 2, 3))]
    assert bell_times.kind_values(found.kinds[0])["periods"] == TWO
    assert found.kinds[0].id == kind.id


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": " "}, {"name": "required"}),
        ({"name": "平" * 21}, {"name": "too_long"}),
        ({"name": "周五"}, {"name": "taken"}),
        ({"weekdays": [7]}, {"weekdays": "unknown_choice"}),
        ({"periods": "\n "}, {"periods": "required"}),
        ({"periods": "第一节 08:00"}, {"periods": "period_line"}),
        ({"periods": f"{TWO}\n第三节 09:20-10:00"}, {"periods": "periods_overlap"}),
    ],
)
def test_an_impossible_kind_is_refused_at_its_field_and_writes_nothing(session, lead, timetable, changes, expected):
    save(session, lead, timetable, name="周五", weekdays=[4])

    with pytest.raises(FieldErrors) as refused:
        save(session, lead, timetable, **changes)

    assert codes(refused) == expected
    assert len(session.exec(select(BellPeriod)).all()) == 2


def test_a_kind_is_changed_only_as_it_was_seen(session, lead, timetable):
    kind = save(session, lead, timetable)
    save(session, lead, timetable, day_kind_id=kind.id, version=1, periods="第一节 08:00-08:45")

    with pytest.raises(EditedMeanwhile) as refused:
        save(session, lead, timetable, day_kind_id=kind.id, version=1)

    assert refused.value.current["periods"] == "第一节 08:00-08:45"


def test_a_weekday_moves_to_the_kind_that_chose_it_and_a_stale_form_can_t_take_it_back(session, lead, timetable):
    usual = save(session, lead, timetable, weekdays=[0, 1, 2, 3, 4])
    save(session, lead, timetable, name="周五", weekdays=[4])

    (found,) = bell_times.find_bells(session, lead).timetables
    assert [each.weekdays for each in found.kinds] == [(0, 1, 2, 3), (4,)]
    with pytest.raises(EditedMeanwhile):
        save(session, lead, timetable, day_kind_id=usual.id, version=1, weekdays=[0, 1, 2, 3, 4])


def test_the_database_keeps_a_weekday_in_one_kind_of_its_own_timetable(session, lead, timetable):
    kind = save(session, lead, timetable)
    other = bell_times.begin_timetable(session, lead, from_day=date(2027, 2, 22))
    for row in (
        BellWeekday(timetable_id=timetable.id, weekday=0, day_kind_id=kind.id),
        BellWeekday(timetable_id=other.id, weekday=0, day_kind_id=kind.id),
    ):
        step = session.begin_nested()
        session.add(row)
        with pytest.raises(IntegrityError):
            session.flush()
        step.rollback()


def test_a_new_timetable_copies_the_old_one_and_leaves_it_alone(session, lead, timetable):
    kind = save(session, lead, timetable)
    spring = bell_times.begin_timetable(session, lead, from_day=date(2027, 2, 22), copy_from_id=timetable.id)
    (copied,) = bell_times.find_bells(session, lead).timetables[1].kinds

    save(session, lead, spring, day_kind_id=copied.id, version=1, periods="第一节 08:10-08:50")

    old, new = bell_times.find_bells(session, lead).timetables
    assert bell_times.kind_values(old.kinds[0])["periods"] == TWO
    assert old.kinds[0].id == kind.id
    assert (new.kinds[0].weekdays, new.kinds[0].periods[0].name) == ((0, 1, 2, 3), "第一节")


@pytest.mark.parametrize(
    ("day", "code"), [(None, "required"), (date(2026, 9, 1), "timetable_taken"), (date(1, 1, 1), "out_of_range")]
)
def test_a_timetable_begins_on_a_day_of_its_own(session, lead, timetable, day, code):
    with pytest.raises(FieldErrors) as refused:
        bell_times.begin_timetable(session, lead, from_day=day)

    assert codes(refused) == {"from_day": code}


def test_a_make_up_saturday_follows_friday(session, lead, timetable):
    save(session, lead, timetable, weekdays=[4])
    bell_times.save_bell_date(session, lead, day=date(2026, 10, 10), follows_weekday=4)

    bells = bell_times.find_bells(session, lead)

    assert [each.name for each in bells.periods_on(date(2026, 10, 10))] == ["第一节", "第二节"]
    bell_times.remove_bell_date(session, lead, day=date(2026, 10, 10))
    assert bell_times.find_bells(session, lead).periods_on(date(2026, 10, 10)) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"day": None}, {"day": "required"}),
        ({"follows_weekday": None}, {"goes_by": "required"}),
        ({"follows_weekday": 9}, {"goes_by": "unknown_choice"}),
        ({"day": date(2026, 11, 21)}, {"day": "not_school_day"}),
        ({"follows_weekday": None, "day_kind_id": 999}, {"goes_by": "not_in_timetable"}),
    ],
)
def test_an_impossible_day_is_refused_at_its_field(session, lead, timetable, changes, expected):
    with pytest.raises(FieldErrors) as refused:
        bell_times.save_bell_date(session, lead, **{"day": date(2026, 10, 10), "follows_weekday": 4} | changes)

    assert codes(refused) == expected


def test_what_single_days_go_by_is_not_removed(session, lead, timetable):
    kind = save(session, lead, timetable, name="考试", weekdays=[])
    bell_times.save_bell_date(session, lead, day=date(2026, 11, 12), day_kind_id=kind.id)

    with pytest.raises(bell_times.BellsInUse) as refused:
        bell_times.remove_day_kind(session, lead, day_kind_id=kind.id, version=1)
    with pytest.raises(bell_times.BellsInUse):
        bell_times.remove_timetable(session, lead, timetable_id=timetable.id, version=timetable.version)

    assert refused.value.days == [date(2026, 11, 12)]
    bell_times.remove_bell_date(session, lead, day=date(2026, 11, 12))
    bell_times.remove_timetable(session, lead, timetable_id=timetable.id, version=timetable.version)
    assert bell_times.find_bells(session, lead).timetables == []


def test_nothing_is_removed_twice(session, lead, timetable):
    with pytest.raises(NotFound):
        bell_times.remove_bell_date(session, lead, day=date(2026, 11, 12))
    bell_times.remove_timetable(session, lead, timetable_id=timetable.id, version=1)
    with pytest.raises(NotFound):
        bell_times.remove_timetable(session, lead, timetable_id=timetable.id, version=1)


def test_finding_takes_a_fixed_number_of_statements(session, lead, timetable, statements):
    def taken() -> int:
        session.expire_all()
        statements.clear()
        bell_times.find_bells(session, lead)
        return len(statements)

    save(session, lead, timetable)
    before = taken()
    save(session, lead, timetable, name="周五", weekdays=[4])
    bell_times.begin_timetable(session, lead, from_day=date(2027, 2, 22), copy_from_id=timetable.id)

    assert taken() == before <= 6


def test_two_who_begin_a_timetable_on_one_day_make_one(session, lead, timetable):
    session.commit()
    outcomes: list[str] = []

    def begin() -> None:
        try:
            with transaction() as own:
                bell_times.begin_timetable(own, lead, from_day=date(2027, 2, 22))
            outcomes.append("made")
        except FieldErrors:
            outcomes.append("refused")

    threads = [Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
