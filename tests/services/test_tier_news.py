"""That a colleague put a child into the gravest tier is told until its archive was read, to whom it concerns."""

from datetime import timedelta

import pytest

from db.audit_chain import append_collected
from db.tables import Case, Deputy, EnrolmentState, Role, TierChange
from services import archives, clock, home, tier_news
from services.duties import DutyGroup, DutyKind
from tests.conftest import NOW
from tests.services.test_archives import open_case
from tests.services.test_tiers import ORANGE, RED, TODAY, put, tier


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def counsellor(make_user, term):
    return make_user(Role.COUNSELLOR, name="林初雪")


@pytest.fixture
def seven(make_class):
    return make_class()


@pytest.fixture
def homeroom(make_user, seven):
    return make_user(Role.HOMEROOM, homeroom_of=seven)


@pytest.fixture
def child(make_student, seven):
    return make_student("江小满", in_class=seven)


def told(session, actor) -> list[tuple]:
    session.flush()
    append_collected(session)
    found = [each for each in home.list_duties(session, actor) if each.kind is DutyKind.GRAVEST_TIER]
    return [(each.child, each.owner_name, each.group, each.is_first, each.target_id) for each in found]


def test_the_head_and_the_homeroom_teacher_are_told_and_nobody_else(
    session, lead, counsellor, homeroom, make_user, make_class, seven, child
):
    others = make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM, homeroom_of=make_class(number=2))
    put(session, counsellor, child, RED)

    line = ("江小满", "林初雪", DutyGroup.WAITING, True, child.id)
    assert told(session, lead) == told(session, homeroom) == [line]
    assert told(session, counsellor) == []  # who did it knows
    assert [told(session, each) for each in others] == [[], []]
    for role in (Role.LEADERSHIP, Role.SUPERVISOR, Role.MENTOR, Role.SUBJECT_TEACHER, Role.FINANCE, Role.ADMIN):
        assert told(session, make_user(role)) == []


def test_who_has_a_case_of_the_child_is_told_and_who_stands_in(session, lead, counsellor, make_user, child, homeroom):
    owner, deputy = make_user(Role.COUNSELLOR, name="顾谷雨"), make_user(Role.HOMEROOM)
    case_id = open_case(session, owner, child)
    session.add(
        Deputy(
            absent_id=homeroom.user_id, deputy_id=deputy.user_id, from_day=TODAY, to_day=TODAY + timedelta(days=2),
            recorded_at=NOW,
        )
    )  # fmt: skip
    put(session, counsellor, child, RED)
    assert len(told(session, owner)) == len(told(session, deputy)) == 1

    session.get_one(Case, case_id).closed_at = NOW

    assert told(session, owner) == []


def test_it_goes_once_the_archive_was_read_and_comes_again_with_the_next_one(
    session, lead, counsellor, child, monkeypatch
):
    put(session, counsellor, child, RED)
    archives.note_opening(session, lead, student_id=child.id)
    assert told(session, lead) == []

    for later, (author, rank) in enumerate(((counsellor, RED), (lead, ORANGE), (counsellor, RED)), start=1):
        at = NOW + timedelta(minutes=later)  # left in it, out of it, and into it once more
        session.add(
            TierChange(
                student_id=child.id, number=later + 1, follows=later, tier_id=tier(session, rank), from_day=TODAY,
                author_id=author.user_id, recorded_at=at,
            )
        )  # fmt: skip
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        assert len(told(session, lead)) == (later == 3)


def test_an_archive_that_was_open_just_before_has_to_be_read_again(session, lead, counsellor, child, monkeypatch):
    archives.note_opening(session, lead, student_id=child.id)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=5))
    put(session, counsellor, child, RED)
    assert len(told(session, lead)) == 1
    assert tier_news.is_news(session, lead, student_id=child.id)

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=6))
    archives.note_opening(session, lead, student_id=child.id)

    assert told(session, lead) == []


@pytest.mark.parametrize("rank", [ORANGE])
def test_a_lighter_tier_is_no_news(session, lead, counsellor, child, rank):
    put(session, counsellor, child, rank)

    assert told(session, lead) == []


def test_what_was_written_down_long_ago_and_who_has_left_is_no_news(
    session, lead, counsellor, make_student, seven, monkeypatch
):
    for name, written in (("霍半夏", NOW - tier_news.NEWS_FOR - timedelta(days=1)), ("方惊蛰", NOW)):
        left = {"state": EnrolmentState.TRANSFERRED} if written == NOW else {"in_class": seven}
        monkeypatch.setattr(clock, "now", lambda at=written: at)
        put(session, counsellor, make_student(name, **left), RED, day=clock.today())

    assert told(session, lead) == []


def test_a_tier_that_began_long_ago_is_news_when_it_is_written_down_now(session, lead, counsellor, child):
    put(session, counsellor, child, RED, day=TODAY - tier_news.NEWS_FOR)

    assert [line[0] for line in told(session, lead)] == ["江小满"]


def test_it_takes_no_statement_more(session, lead, counsellor, child, statements):
    told(session, lead)
    statements.clear()
    home.list_duties(session, lead)
    before = len(statements)
    put(session, counsellor, child, RED)
    assert len(told(session, lead)) == 1
    statements.clear()

    home.list_duties(session, lead)

    assert len(statements) <= before
