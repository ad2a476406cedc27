"""Archives: who must have one, what is in them and who owes the rest, figures by the tier held, home's lines."""

import itertools
from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from db.tables import (
    AppUser,
    ArchiveLook,
    Case,
    CategoryKind,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    EnrolmentState,
    Post,
    PostHolder,
    PsychArchive,
    Referral,
    Role,
    ScreeningResult,
    ScreeningRound,
    StudentCategory,
    TierChange,
)
from services import (
    archive_lists,
    archive_rates,
    archives,
    assessments,
    clock,
    deputies,
    home,
    referral_moves,
    tier_figures,
    tier_requests,
    tier_views,
)
from services.archive_lists import NO_TIER, ArchiveFilters, Review
from services.archive_parts import parts_for
from services.duties import DutyGroup, DutyKind
from services.errors import NotAllowed, NotFound
from services.figures import hold_back_sizes, hold_back_small
from tests.conftest import NOW
from tests.services.intake_makers import register
from tests.services.test_assessments import asked
from tests.services.test_tiers import NONE, ORANGE, RED, YELLOW, put, suggest, tier

TODAY = NOW.date()
LATELY = TODAY - timedelta(days=5)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def counsellor(make_user, term):
    return make_user(Role.COUNSELLOR, name="柳惊蛰")


@pytest.fixture
def seven(make_class):
    return make_class(7, 1)


@pytest.fixture
def homeroom(make_user, seven):
    return make_user(Role.HOMEROOM, name="陆白露", homeroom_of=seven)


def open_case(session, actor, child) -> int:
    """Let a child be referred, assessed and followed: it is helped in a case from then on (D-07)."""
    referral = register(session, actor, student_id=child.id)
    referral_moves.start_assessment(session, actor, referral_id=referral.id, version=referral.version)
    return assessments.save_assessment(session, actor, request=asked(referral)).id or 0


def rows_of(session, actor, **filters):
    wanted = ArchiveFilters(**filters)
    count = archive_lists.count_archives(session, actor, filters=wanted)
    page = archive_lists.list_archives(session, actor, filters=wanted, page=1, total=count.total)
    assert len(page.rows) == min(count.total, archive_lists.PAGE_SIZE)
    return count, page.rows


# --- who must have one ---


def test_a_newcomer_counts_only_after_its_days(session, lead, seven, make_student):
    old, new, had = (
        make_student(name, in_class=seven, entered_on=day)
        for name, day in (
            ("陆青黛", None),
            ("方惊蛰", TODAY - timedelta(days=5)),
            ("霍半夏", TODAY - timedelta(days=5)),
        )
    )
    make_student("宋小雪", state=EnrolmentState.GRADUATED)
    archives.begin_archives(session, lead, student_ids=[had.id])

    school = archive_rates.find_rates(session, lead).school

    assert (school.must, school.have, school.newcomers, school.percent) == (2, 1, 1, 50)
    assert [row.name for row in rows_of(session, lead, is_without=True)[1]] == [old.name]
    assert set(archive_lists.list_without_archive(session, lead, filters=ArchiveFilters())) == {old.id, new.id}


def test_rates_by_class_grade_and_left_behind(session, lead, homeroom, seven, make_class, make_student):
    other = make_class(8, 2)
    here, there = make_student("陆青黛", in_class=seven), make_student("方惊蛰", in_class=other)
    session.add(
        StudentCategory(
            student_id=there.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1), recorded_at=clock.now()
        )
    )
    archives.begin_archives(session, homeroom, student_ids=[here.id])

    rates = archive_rates.find_rates(session, lead)
    assert [(row.label, row.have, row.must) for row in rates.classes] == [("七（1）班", 1, 1), ("八（2）班", 0, 1)]
    assert [row.left_behind for row in rates.classes] == [0, 1]
    assert [row.must for row in archive_rates.find_rates(session, homeroom).classes] == [1]


def test_numbers_tell_no_small_group_of_left_behind(session, make_user, seven, make_student):
    make_student("陆青黛", in_class=seven)
    assert archive_rates.find_rates(session, make_user(Role.SUPERVISOR)).school.left_behind is None


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.SUPERVISOR])
def test_numbers_tell_neither_classes_nor_how_few_lack_one(session, make_user, lead, seven, make_student, role):
    children = [make_student(f"梅{number}", in_class=seven) for number in range(12)]
    archives.begin_archives(session, lead, student_ids=[each.id for each in children[:10]])

    rates = archive_rates.find_rates(session, make_user(role))

    assert (rates.grades, rates.classes) == ((), ())
    assert (rates.school.must, rates.school.have, rates.school.percent) == (12, None, None)
    assert rates.is_held_back
    archives.begin_archives(session, lead, student_ids=[each.id for each in children[10:]])
    assert archive_rates.find_rates(session, make_user(role)).school.percent == 100


_SIZES, _MOST = st.integers(0, 7), 16


@example(archive_rates.Counts(0, 0, 0, 0, 1, 0))
@given(st.builds(archive_rates.Counts, _SIZES, _SIZES, _SIZES, _SIZES, _SIZES, _SIZES))
def test_no_small_group_is_left_of_what_rates_tell(counts):
    """Every whole-number answer that fits what is told: no cell is the same in all of them and small."""
    told = archive_rates.told_in_numbers(counts)
    fits = [
        each
        for each in itertools.product(range(_MOST), repeat=3)
        if told.must in (None, each[0] + each[1]) and told.have in (None, each[0]) and told.newcomers in (None, each[2])
    ]
    for place in range(3):
        found = {each[place] for each in fits}
        assert len(found) > 1 or not 0 < found.pop() < 5
    if told.left_behind is not None:
        assert not any(0 < each < 5 for each in asdict(counts).values())


def test_begun_twice_is_begun_once_and_only_own_children(session, lead, homeroom, seven, make_class, make_student):
    own, other = make_student("陆青黛", in_class=seven), make_student("方惊蛰", in_class=make_class(8, 2))

    assert archives.begin_archives(session, homeroom, student_ids=[own.id]) == 1
    assert archives.begin_archives(session, lead, student_ids=[own.id, other.id], ordinary_reason="了解过") == 1
    assert sorted(session.exec(select(TierChange.student_id)).all()) == sorted([own.id, other.id])
    with pytest.raises(NotFound):
        archives.begin_archives(session, homeroom, student_ids=[own.id, other.id])
    with pytest.raises(NotFound):
        archives.look_through(session, homeroom, student_id=other.id)
    archives.look_through(session, homeroom, student_id=own.id)
    assert session.exec(select(ArchiveLook.day)).all() == [TODAY]


def test_a_homeroom_teacher_s_archives_put_nobody_into_a_tier(session, homeroom, seven, make_student):
    own = make_student("陆青黛", in_class=seven)
    archives.begin_archives(session, homeroom, student_ids=[own.id], ordinary_reason="了解过")
    assert session.exec(select(TierChange.id)).all() == []
    assert session.exec(select(PsychArchive.student_id)).all() == [own.id]


# --- what is in it ---


def test_what_is_missing_follows_from_what_the_child_is(session, lead, counsellor, homeroom, seven, make_student):
    plain = make_student("陆青黛", in_class=seven, card_missing="father_phone", card_parts_filled=13)
    helped = make_student("方惊蛰", in_class=seven)
    put(session, counsellor, plain, NONE)
    open_case(session, counsellor, helped)

    rows = {row.name: row for row in rows_of(session, lead)[1]}
    assert [part.code for part in rows[plain.name].missing] == []
    assert [part.code for part in rows[helped.name].missing] == ["basics", "family", "tier", "plan", "records"]
    assert "assessment" in [part.code for part in rows[helped.name].there]
    # Of care work a homeroom teacher is told nothing, neither that it must be there nor that it is missing.
    seen = {row.name: row for row in rows_of(session, homeroom)[1]}[helped.name]
    assert {part.code for part in (*seen.there, *seen.missing)} == {"basics", "family", "tier"}
    assert not any(part.is_care_work for part in parts_for(homeroom))


def test_screening_is_owed_once_there_is_a_round_and_the_family_has_not_said_no(
    session, lead, homeroom, seven, make_student
):
    done, missed, refused, void = (
        make_student(name, in_class=seven) for name in ("陆青黛", "方惊蛰", "霍半夏", "宋小雪")
    )

    def lacking() -> set[str]:
        rows = rows_of(session, lead)[1]
        return {row.name for row in rows if "screening" in [part.code for part in row.missing]}

    assert lacking() == set()
    rounds = [ScreeningRound(school_year=year, half=half, scale="mht", opened_at=clock.now())
              for year, half in ((2025, 2), (2026, 1))]  # fmt: skip
    session.add_all(rounds)
    session.add(
        Consent(
            student_id=refused.id, purpose=ConsentPurpose.SCREENING, answer=ConsentAnswer.REFUSED, day=TODAY,
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    for child, found, is_valid in ((done, rounds[1], True), (missed, rounds[0], True), (void, rounds[1], False)):
        session.add(
            ScreeningResult(
                round_id=found.id, student_id=child.id, taken_on=TODAY, is_valid=is_valid, level="low", rank=0,
                recorded_at=clock.now(),
            )
        )  # fmt: skip
    session.flush()

    assert lacking() == {missed.name, void.name}
    assert all("screening" not in [part.code for part in row.missing] for row in rows_of(session, homeroom)[1])


def test_a_mark_of_abuse_changes_nothing_for_who_may_not_know(
    session, lead, make_user, counsellor, seven, make_student
):
    """0018: a counsellor without the case sees the same archive before and after the mark."""
    child, colleague = make_student("方惊蛰", in_class=seven), make_user(Role.COUNSELLOR, name="顾谷雨")
    put(session, counsellor, child, RED, day=TODAY - timedelta(days=9))
    open_case(session, counsellor, child)
    before = tier_views.find_archive(session, colleague, student_id=child.id).row
    duties = home.list_duties(session, counsellor)

    referral = session.exec(select(Referral)).one()
    referral.is_suspected_abuse, referral.abuse_marked_at = True, clock.now()
    session.add(referral)
    session.flush()

    assert tier_views.find_archive(session, colleague, student_id=child.id).row == before
    reviews = [each for each in home.list_duties(session, counsellor) if each.kind is DutyKind.REVIEW_TIER]
    assert reviews == [each for each in duties if each.kind is DutyKind.REVIEW_TIER]
    assert len(reviews) == 1


def test_what_a_tier_rests_on_is_told_to_who_may_know_of_it(session, lead, make_user, counsellor, seven, make_student):
    child, colleague = make_student("方惊蛰", in_class=seven), make_user(Role.COUNSELLOR, name="顾谷雨")
    case = session.get_one(Case, open_case(session, counsellor, child))
    (_records, (assessed,)) = tier_views.list_grounds(session, counsellor, student_id=child.id)
    put(session, counsellor, child, RED, assessment_id=assessed.id)
    for actor in (lead, counsellor, colleague):
        (change,) = tier_views.find_archive(session, actor, student_id=child.id).changes
        assert change.referral_id == case.referral_id
    referral = session.get_one(Referral, case.referral_id)
    referral.is_suspected_abuse, referral.abuse_marked_at = True, clock.now()
    session.add(referral)
    session.flush()
    (change,) = tier_views.find_archive(session, colleague, student_id=child.id).changes
    assert (change.referral_id, change.reason) == (None, "上课不说话，两周没交作业")


def test_the_homeroom_teacher_reads_no_reason_and_no_history(
    session, counsellor, homeroom, seven, make_class, make_student
):
    child, other = make_student("方惊蛰", in_class=seven), make_student("陆青黛", in_class=make_class(8, 2))
    put(session, counsellor, child, RED)
    suggest(session, counsellor, child, RED)

    view = tier_views.find_archive(session, homeroom, student_id=child.id)

    assert view.row.tier is not None
    assert view.row.tier.rank == RED
    assert (view.changes, view.suggestions, view.row.review_on, view.may_set) == ((), (), None, False)
    with pytest.raises(NotFound):
        tier_views.find_archive(session, homeroom, student_id=other.id)
    with pytest.raises(NotAllowed):
        tier_views.list_grounds(session, homeroom, student_id=child.id)


# --- the list ---


def test_reviews_are_late_by_the_days_of_the_tier(session, lead, counsellor, seven, make_student):
    red, orange, yellow = (make_student(name, in_class=seven) for name in ("陆青黛", "方惊蛰", "霍半夏"))
    for child, rank, days in ((red, RED, 8), (orange, ORANGE, 14), (yellow, YELLOW, 31)):
        put(session, counsellor, child, rank, day=TODAY - timedelta(days=days))

    count, rows = rows_of(session, lead, review=Review.LATE)
    assert (count.late, count.soon) == (2, 1)
    assert {row.name for row in rows} == {red.name, yellow.name}
    assert [row.review_on for row in rows_of(session, lead, review=Review.SOON)[1]] == [TODAY]
    assert rows_of(session, lead, tier_id=tier(session, RED))[1][0].name == red.name
    assert rows_of(session, lead, tier_id=NO_TIER)[1] == ()
    assert count.by_tier == {tier(session, rank): 1 for rank in (RED, ORANGE, YELLOW)}


# --- figures ---


def test_the_distribution_counts_the_tier_and_the_class_of_its_day(session, lead, counsellor, seven, make_student):
    child = make_student("陆青黛", in_class=seven)
    put(session, counsellor, child, YELLOW, day=date(2026, 9, 10))
    put(session, counsellor, child, RED, day=date(2026, 11, 2))

    on = {
        day: tier_figures.find_distribution(session, lead, day=day).school.counts
        for day in (date(2026, 8, 31), date(2026, 9, 9), date(2026, 11, 1), TODAY)
    }
    assert list(on.values()) == [{}, {0: 1}, {tier(session, YELLOW): 1}, {tier(session, RED): 1}]
    flows = tier_figures.list_flows(session, lead, first_day=date(2026, 9, 11), last_day=TODAY)
    assert [(each.from_tier_id, each.to_tier_id, each.children) for each in flows] == [
        (tier(session, YELLOW), tier(session, RED), 1)
    ]


def test_who_sees_numbers_gets_no_small_group_and_no_class(session, make_user, counsellor, seven, make_student):
    for number in range(12):
        child = make_student(f"梅{number}", in_class=seven)
        put(session, counsellor, child, RED if number < 2 else NONE, day=date(2026, 9, 10))

    found = tier_figures.find_distribution(session, make_user(Role.LEADERSHIP), day=TODAY)

    assert found.is_held_back
    assert found.classes == found.grades == ()
    assert found.school.counts == {tier(session, RED): None, tier(session, NONE): None}
    assert found.day == TODAY - timedelta(days=TODAY.isoweekday() % 7)
    with pytest.raises(NotAllowed):
        tier_figures.list_flows(session, make_user(Role.LEADERSHIP), first_day=TODAY, last_day=TODAY)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.integers(1, 5), st.integers(0, 12), max_size=5))
def test_what_is_held_back_can_t_be_reckoned_from_the_rest(counts):
    told = hold_back_sizes(counts)
    parts = {str(key): Counter(range(100 * key, 100 * key + value)) for key, value in counts.items()}
    assert {str(key): value for key, value in told.items()} == hold_back_small(parts)
    hidden = sum(counts[key] for key, value in told.items() if value is None)
    assert hidden == 0 or hidden >= 5 or not any(told.values())  # nothing but the hidden, and that nobody is in a tier


# --- home ---


def tier_duties(session, actor) -> list[tuple[DutyKind, DutyGroup, bool]]:
    session.flush()
    kinds = {DutyKind.REVIEW_TIER, DutyKind.ANSWER_TIER, DutyKind.DECIDE_TIER}
    return [(each.kind, each.group, each.is_mine) for each in home.list_duties(session, actor) if each.kind in kinds]


def test_a_review_has_one_owner_and_comes_to_the_head_when_that_one_is_gone(
    session, lead, counsellor, make_user, seven, make_student
):
    child = make_student("陆青黛", in_class=seven)
    put(session, counsellor, child, RED, day=TODAY - timedelta(days=8))

    assert tier_duties(session, counsellor) == [(DutyKind.REVIEW_TIER, DutyGroup.LATE, True)]
    assert tier_duties(session, lead) == tier_duties(session, make_user(Role.COUNSELLOR)) == []
    user = session.get_one(AppUser, counsellor.user_id)
    user.is_active = False
    session.add(user)
    assert tier_duties(session, lead) == [(DutyKind.REVIEW_TIER, DutyGroup.LATE, False)]


@pytest.mark.parametrize(("days", "stands"), [(3, False), (2, True)], ids=["three days before", "two days before"])
def test_a_review_stands_on_home_from_two_days_before_it_is_due(session, counsellor, seven, make_student, days, stands):
    put(session, counsellor, make_student("陆青黛", in_class=seven), RED, day=TODAY - timedelta(days=7 - days))

    assert bool(tier_duties(session, counsellor)) is stands


def test_what_is_long_not_due_and_who_has_left_stand_on_no_home(session, counsellor, seven, make_student):
    put(session, counsellor, make_student("陆青黛", in_class=seven), RED, day=TODAY - timedelta(days=2))
    put(session, counsellor, make_student("方惊蛰", state=EnrolmentState.TRANSFERRED), RED, day=date(2026, 9, 1))
    put(session, counsellor, make_student("霍半夏", in_class=seven), NONE, day=date(2026, 9, 1))
    assert tier_duties(session, counsellor) == []


def test_a_request_waits_on_one_home_alone(session, lead, counsellor, make_user, seven, make_student):
    leader = make_user(Role.LEADERSHIP, name="顾白露")
    user = session.get_one(AppUser, leader.user_id)
    user.is_protection_leader = True
    session.add(user)
    first, second = make_student("陆青黛", in_class=seven), make_student("方惊蛰", in_class=seven)
    put(session, counsellor, first, RED)
    put(session, lead, second, RED)
    put(session, counsellor, first, YELLOW)
    answer = [(DutyKind.ANSWER_TIER, DutyGroup.WAITING, True)]
    assert (tier_duties(session, lead), tier_duties(session, leader)) == (answer, [])

    asked = put(session, lead, second, YELLOW)
    assert (tier_duties(session, lead), tier_duties(session, leader)) == (answer, answer)
    tier_requests.agree_to_lower(session, leader, change_id=asked.id, version=1)
    assert tier_duties(session, leader) == []


def test_without_a_head_a_lowering_waits_on_the_second_person_s_home_and_another_s_where_that_one_asks(
    session, counsellor, make_user, seven, make_student, statements
):
    leaders = [make_user(Role.LEADERSHIP, name=name) for name in ("顾白露", "柳小雪")]
    for each in leaders:
        session.get_one(AppUser, each.user_id).is_protection_leader = True
    post = session.exec(select(Post).where(Post.code == deputies.SECOND_PERSON)).one()
    second = make_user(Role.COUNSELLOR, name="方正行")
    session.add(
        PostHolder(
            post_id=post.id, user_id=second.user_id, seat="school", is_sole=True, from_day=TODAY, recorded_at=NOW
        )
    )
    session.flush()

    def homes() -> list[int]:
        return [len(tier_duties(session, each)) for each in (second, *leaders)]

    def ask(actor, name) -> int:
        child = make_student(name, in_class=seven)
        put(session, actor, child, RED)
        return put(session, actor, child, YELLOW).id

    answer = [(DutyKind.ANSWER_TIER, DutyGroup.WAITING, True)]
    first = ask(counsellor, "陆青黛")
    assert [tier_duties(session, each) for each in (second, *leaders)] == [answer, [], []]
    own = ask(second, "方惊蛰")
    assert homes() == [1, 1, 0]
    with pytest.raises(NotFound):
        tier_requests.find_request(session, leaders[1], change_id=own)

    home.list_duties(session, leaders[0])
    statements.clear()
    home.list_duties(session, leaders[0])
    few = len(statements)
    for name in ("霍半夏", "石绿", "陆秋分"):
        ask(make_user(Role.COUNSELLOR), name)
    home.list_duties(session, leaders[0])
    statements.clear()
    home.list_duties(session, leaders[0])
    assert len(statements) == few
    assert homes() == [4, 1, 0]

    tier_requests.agree_to_lower(session, leaders[0], change_id=own, version=1)
    tier_requests.agree_to_lower(session, second, change_id=first, version=1)
    make_user(Role.LEAD, name="秦若谷")  # from now on it is the head's alone
    assert homes() == [0, 0, 0]


def test_a_suggestion_waits_for_who_read_it_in(session, lead, counsellor, seven, make_student):
    suggest(session, counsellor, make_student("陆青黛", in_class=seven), RED)
    assert tier_duties(session, counsellor) == [(DutyKind.DECIDE_TIER, DutyGroup.WAITING, True)]
    assert tier_duties(session, lead) == []


def test_the_statements_of_tiers_do_not_grow(session, lead, counsellor, seven, make_student, statements):
    for number in range(9):
        put(session, counsellor, make_student(f"竹{number}", in_class=seven), RED, day=TODAY - timedelta(days=9))
    session.flush()
    statements.clear()
    list(home.list_duties(session, counsellor))
    assert len(statements) <= 8
    assert session.exec(select(TierChange.id).order_by(col(TierChange.id))).first()
