"""A number of the reviews changed by the school: what began before goes by the number of its day (0009, F-04)."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.tables import ParameterVersion, Role
from services import archive_lists, clock, home
from services.archive_lists import ArchiveFilters, Review
from services.duties import DutyKind
from services.regulations.parameters import Change, Numbers, parameters
from services.tier_kinds import REVIEW_DAYS
from tests.conftest import NOW
from tests.services.test_plans import ordinary
from tests.services.test_tiers import RED, put

TODAY = NOW.date()
DAY = timedelta(days=1)
RED_DAYS = REVIEW_DAYS[0]


@pytest.fixture
def counsellor(make_user, term):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="秦若谷")


def change(session, lead, value: int, *, names=REVIEW_DAYS) -> None:
    session.add_all(
        ParameterVersion(
            name=name, number=1, value=str(value), in_force_from=clock.today(), reason="会上定的",
            set_by_id=lead.user_id, set_at=clock.now(),
        )
        for name in names
    )  # fmt: skip
    session.flush()


def kinds(session, actor) -> list[DutyKind]:
    return [duty.kind for duty in home.list_duties(session, actor)]


@pytest.mark.parametrize("value", [1, 3, 60])
def test_what_was_late_stays_late_when_the_number_changes(session, lead, counsellor, make_class, make_student, value):
    school_class = make_class(7, 1)
    for name, days in (("陆青黛", 8), ("方惊蛰", 5), ("霍半夏", 0)):
        put(session, counsellor, make_student(name, in_class=school_class), RED, day=TODAY - days * DAY)
    change(session, lead, value, names=[RED_DAYS])

    count = archive_lists.count_archives(session, lead, filters=ArchiveFilters())
    rows = {
        review: archive_lists.list_archives(session, lead, filters=ArchiveFilters(review=review), page=1, total=3).rows
        for review in Review
    }

    assert [row.review_on for row in rows[Review.LATE]] == [TODAY - DAY]
    soon_on = {TODAY + days * DAY for days in (2, value) if days <= 7}
    assert {row.review_on for row in rows[Review.SOON]} == soon_on
    assert (count.late, count.soon) == (len(rows[Review.LATE]), len(rows[Review.SOON]))


def test_home_forgets_neither_a_review_nor_a_stalled_case_when_the_number_grows(
    session, lead, counsellor, make_student
):
    child = make_student("江小满")
    ordinary(session, counsellor, child)
    put(session, counsellor, child, RED)
    clock.set_fixed(NOW + 10 * DAY)
    before = kinds(session, counsellor)
    assert {DutyKind.REVIEW_TIER, DutyKind.CASE_STALLED} <= set(before)

    change(session, lead, 60)

    assert kinds(session, counsellor) == before


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 90)), max_size=5), st.integers(-2, 8))
def test_the_spans_of_a_number_tell_of_every_day_what_counts_on_it(changes, offset):
    made = [Change(TODAY + begun * DAY, number, value) for number, (begun, value) in enumerate(changes)]
    numbers, day = Numbers({RED_DAYS: made}), TODAY + offset * DAY

    (counting,) = [each.value for each in numbers.spans(RED_DAYS) if each.first <= day < each.until]

    assert counting == numbers.on(RED_DAYS, day)
    assert numbers.spans(RED_DAYS)[0].value == parameters()[RED_DAYS].default
