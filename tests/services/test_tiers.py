"""Tiers: dated changes, a second person for lowering, review days, who may know, two at once (F-04)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from sqlmodel import col, select

from db.sealing import unseal
from db.tables import AppUser, Role, Tier, TierChange, TierColour, TierState, TierSuggestion
from db.transactions import transaction
from services import merges, tier_kinds, tier_requests, tiers
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.merging.tiers import GRAVER_STAYS
from services.tier_kinds import tier_order
from services.tier_rows import held_on, raised_today
from services.tiers import NobodyToAgree, RequestWaits, TierEntry
from tests.conftest import NOW, codes

TODAY = NOW.date()
NONE, YELLOW, ORANGE, RED = range(4)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def counsellor(make_user, term):
    return make_user(Role.COUNSELLOR, name="柳惊蛰")


@pytest.fixture
def child(make_class, make_student):
    return make_student(in_class=make_class())


def tier(session, rank: int) -> int:
    return session.exec(select(Tier.id).where(Tier.rank == rank)).one()


def put(session, actor, child, rank, *, follows=None, day=TODAY, reason="上课不说话，两周没交作业", **more):
    if follows is None:
        numbers = select(TierChange.number).where(
            TierChange.student_id == child.id, col(TierChange.number).is_not(None)
        )
        follows = max(session.exec(numbers).all(), default=0)
    entry = TierEntry(tier_id=tier(session, rank), from_day=day, reason=reason, **more)
    return tiers.set_tier(session, actor, student_id=child.id, follows=follows, entry=entry)


def rank_on(session, child, day=TODAY) -> int | None:
    held = held_on(day)
    return session.execute(select(held.c.rank).where(held.c.student_id == child.id)).scalar()


def test_every_change_is_an_event_of_its_own_and_nothing_is_overwritten(session, counsellor, child):
    put(session, counsellor, child, YELLOW, day=TODAY - timedelta(days=30), evidence="家长 9 月签的回执")
    put(session, counsellor, child, ORANGE, day=TODAY - timedelta(days=10), reason="说不想活了，没有打算")
    put(session, counsellor, child, ORANGE, reason="这周平稳，先不动")

    rows = session.exec(select(TierChange).order_by(col(TierChange.number))).all()
    assert [row.number for row in rows] == [1, 2, 3]
    assert [unseal(row, "reason_sealed") for row in rows][1] == "说不想活了，没有打算"
    assert unseal(rows[0], "evidence_sealed") == "家长 9 月签的回执"
    assert {row.author_id for row in rows} == {counsellor.user_id}


def test_the_tier_of_a_day_is_the_last_one_that_began_by_then(session, counsellor, child):
    put(session, counsellor, child, YELLOW, day=date(2026, 9, 10))
    put(session, counsellor, child, RED, day=date(2026, 10, 8))

    held = [rank_on(session, child, day) for day in (date(2026, 9, 9), date(2026, 9, 10), date(2026, 10, 7), TODAY)]
    assert held == [None, YELLOW, YELLOW, RED]


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [(RED, ORANGE, True), (ORANGE, YELLOW, True), (RED, NONE, True), (YELLOW, NONE, False), (ORANGE, RED, False)],
)
def test_out_of_the_upper_two_takes_a_second_person(session, counsellor, lead, child, before, after, waits):
    put(session, counsellor, child, before)

    assert put(session, counsellor, child, after).waits is waits
    assert rank_on(session, child) == (before if waits else after)


def test_the_head_agrees_and_it_counts_from_that_day(session, counsellor, lead, child):
    put(session, counsellor, child, RED, day=TODAY - timedelta(days=7))
    asked = put(session, counsellor, child, ORANGE, day=TODAY - timedelta(days=2))
    shown = tier_requests.find_request(session, lead, change_id=asked.id)

    tier_requests.agree_to_lower(session, lead, change_id=asked.id, version=shown.version)

    assert (shown.child, shown.asked_by) == (child.name, "柳惊蛰")
    assert rank_on(session, child, TODAY - timedelta(days=1)) == RED
    assert rank_on(session, child) == ORANGE


def test_nobody_answers_their_own_and_no_outsider(session, counsellor, lead, make_user, child):
    put(session, counsellor, child, RED)
    asked = put(session, counsellor, child, ORANGE)

    for other in (counsellor, make_user(Role.COUNSELLOR), make_user(Role.LEADERSHIP)):
        with pytest.raises(NotFound):
            tier_requests.agree_to_lower(session, other, change_id=asked.id, version=1)
        with pytest.raises(NotFound):
            tier_requests.find_request(session, other, change_id=asked.id)
    assert rank_on(session, child) == RED


def test_the_head_s_own_is_answered_by_who_gives_the_second_yes(session, lead, make_user, child):
    put(session, lead, child, RED)
    with pytest.raises(NobodyToAgree):
        put(session, lead, child, YELLOW)
    leader = make_user(Role.LEADERSHIP, name="顾白露")
    _name_leader(session, leader)

    asked = put(session, lead, child, YELLOW)
    with pytest.raises(NotFound):
        tier_requests.agree_to_lower(session, lead, change_id=asked.id, version=1)
    assert tier_requests.find_request(session, leader, change_id=asked.id).child == child.name
    tier_requests.agree_to_lower(session, leader, change_id=asked.id, version=1)

    assert rank_on(session, child) == YELLOW


def test_of_several_leaders_the_first_alone_answers_for_a_head(session, lead, make_user, child):
    first, second = make_user(Role.LEADERSHIP, name="顾白露"), make_user(Role.LEADERSHIP, name="江清明")
    for leader in (second, first):
        _name_leader(session, leader)
    put(session, lead, child, RED)
    asked = put(session, lead, child, YELLOW)

    with pytest.raises(NotFound):
        tier_requests.agree_to_lower(session, second, change_id=asked.id, version=1)
    tier_requests.agree_to_lower(session, first, change_id=asked.id, version=1)

    assert rank_on(session, child) == YELLOW


def test_beside_a_head_the_second_person_reads_and_answers_no_lowering(session, lead, counsellor, make_user, child):
    """Tiers are numbers to leaders; the dialog with its words is for where no head can answer (0027)."""
    leader = make_user(Role.LEADERSHIP, name="顾白露")
    _name_leader(session, leader)
    put(session, counsellor, child, RED)
    asked = put(session, counsellor, child, YELLOW)

    with pytest.raises(NotFound):
        tier_requests.find_request(session, leader, change_id=asked.id)
    with pytest.raises(NotFound):
        tier_requests.agree_to_lower(session, leader, change_id=asked.id, version=1)


def _name_leader(session, leader) -> None:
    user = session.get_one(AppUser, leader.user_id)
    user.is_protection_leader = True
    session.add(user)
    session.flush()


def test_a_no_has_a_reason_and_changes_nothing(session, counsellor, lead, child):
    put(session, counsellor, child, RED)
    asked = put(session, counsellor, child, NONE)
    with pytest.raises(FieldErrors) as refused:
        tier_requests.decline_to_lower(session, lead, change_id=asked.id, version=1, note=" ")
    assert codes(refused) == {"note": "required"}

    tier_requests.decline_to_lower(session, lead, change_id=asked.id, version=1, note="医院的复诊还没有做")

    row = session.get_one(TierChange, asked.id)
    assert (row.state, unseal(row, "note_sealed")) == (TierState.DECLINED, "医院的复诊还没有做")
    assert rank_on(session, child) == RED
    with pytest.raises(NotFound):
        tier_requests.agree_to_lower(session, lead, change_id=asked.id, version=row.version)


def test_one_request_at_a_time_and_looking_again_takes_it_back(session, counsellor, lead, child):
    put(session, counsellor, child, RED)
    asked = put(session, counsellor, child, ORANGE)
    with pytest.raises(RequestWaits):
        put(session, lead, child, YELLOW)

    put(session, counsellor, child, RED, reason="又出现了，先不降")

    assert session.get_one(TierChange, asked.id).state is TierState.WITHDRAWN


def test_only_who_asked_takes_it_back(session, counsellor, lead, make_user, child):
    put(session, counsellor, child, RED)
    asked = put(session, counsellor, child, ORANGE)
    with pytest.raises(NotAllowed):
        tier_requests.withdraw_request(session, make_user(), change_id=asked.id, version=1)
    tier_requests.withdraw_request(session, counsellor, change_id=asked.id, version=1)
    assert session.get_one(TierChange, asked.id).state is TierState.WITHDRAWN


def test_what_can_t_be_is_said_at_its_field(session, counsellor, child, make_student):
    put(session, counsellor, child, YELLOW, day=TODAY - timedelta(days=3))
    with pytest.raises(FieldErrors) as refused:
        put(session, counsellor, child, RED, day=TODAY - timedelta(days=4), reason=None)
    assert codes(refused) == {"from_day": "before_last_tier", "reason": "required"}
    with pytest.raises(FieldErrors) as refused:
        put(session, counsellor, child, RED, day=TODAY + timedelta(days=1), record_id=999, assessment_id=999)
    assert codes(refused) == {
        "from_day": "future", "record_id": "unknown_choice", "assessment_id": "unknown_choice",
    }  # fmt: skip


def test_a_tier_goes_back_two_years_and_no_further(session, counsellor, child):
    with pytest.raises(FieldErrors) as refused:
        put(session, counsellor, child, YELLOW, day=TODAY - tiers.LONGEST_AGO - timedelta(days=1))
    put(session, counsellor, child, YELLOW, day=TODAY - tiers.LONGEST_AGO)

    assert codes(refused) == {"from_day": "too_early"}
    assert rank_on(session, child) == YELLOW


def test_a_form_drawn_over_an_older_change_is_refused(session, counsellor, lead, child):
    put(session, counsellor, child, YELLOW)
    with pytest.raises(EditedMeanwhile) as refused:
        put(session, lead, child, RED, follows=0)
    assert refused.value.current["tier_id"] == tier(session, YELLOW)


def test_two_at_once_are_one(session, location, counsellor, lead, child):
    """Both were drawn over nothing; the database lets one be the first, the other is told."""
    session.commit()
    barrier = Barrier(2)

    def act(actor) -> str:
        barrier.wait()
        try:
            with transaction() as own:
                put(own, actor, child, RED, follows=0)
        except EditedMeanwhile:
            return "refused"
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(act, [counsellor, lead]))

    assert results == ["refused", "saved"]
    with transaction() as own:
        assert own.exec(select(TierChange.number)).all() == [1]


def test_yes_and_no_at_once_are_one(session, location, counsellor, lead, make_user, child):
    other = make_user(Role.LEAD)
    put(session, counsellor, child, RED)
    asked = put(session, counsellor, child, ORANGE)
    session.commit()
    barrier = Barrier(2)

    def agree(own) -> None:
        tier_requests.agree_to_lower(own, lead, change_id=asked.id, version=1)

    def decline(own) -> None:
        tier_requests.decline_to_lower(own, other, change_id=asked.id, version=1, note="再看一周")

    def act(answer) -> bool:
        barrier.wait()
        try:
            with transaction() as own:
                answer(own)
        except (EditedMeanwhile, NotFound, NotAllowed):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, [agree, decline])) == [False, True]


def test_outsiders_put_nobody_anywhere(session, make_user, make_class, child):
    for role in set(Role) - {Role.LEAD, Role.COUNSELLOR}:
        with pytest.raises(NotAllowed):
            put(session, make_user(role), child, YELLOW)
    with pytest.raises(NotFound):
        tiers.set_tier(session, make_user(Role.LEAD), student_id=999, follows=0, entry=TierEntry())


# --- suggestions ---


def suggest(session, actor, child, rank, key="screening:1") -> int:
    return tiers.suggest_tier(
        session, actor, student_id=child.id, tier_id=tier(session, rank), reason="总分 68，分界 65", source_key=key
    )


def test_a_suggestion_is_taken_up_or_left_by_a_person(session, counsellor, child, make_student):
    first, other = suggest(session, counsellor, child, ORANGE), make_student("方惊蛰")
    assert suggest(session, counsellor, child, ORANGE) == first  # read again
    assert rank_on(session, child) is None

    entry = TierEntry(tier_id=tier(session, YELLOW), from_day=TODAY, reason="面谈过，没有看上去重")
    saved = tiers.set_tier(session, counsellor, student_id=child.id, follows=0, entry=entry, suggestion_id=first)
    second = suggest(session, counsellor, other, RED, "screening:2")
    tiers.leave_suggestion(session, counsellor, suggestion_id=second, version=1, note="填错了，重测")

    rows = {row.id: row for row in session.exec(select(TierSuggestion)).all()}
    assert (rows[first].change_id, rows[second].change_id) == (saved.id, None)
    assert all(row.ended_at for row in rows.values())
    assert suggest(session, counsellor, child, ORANGE) == first
    with pytest.raises(NotFound):
        tiers.leave_suggestion(session, counsellor, suggestion_id=first, version=rows[first].version, note="x")


# --- the school's own tiers ---


def test_a_school_adds_renames_and_drops_tiers(session, make_user, lead, counsellor, child):
    put(session, counsellor, child, ORANGE)
    new = tier_kinds.add_tier(session, lead, label="橙色预警", colour=TierColour.ORANGE, above_id=tier(session, YELLOW))
    order = tier_order(session)
    assert [each.label for each in order.kinds] == ["一级危机", "二级重点", "橙色预警", "三级关注", "一般"]
    assert [order.place(each.rank) for each in order.kinds][:3] == [1, 2, 3]
    row = session.get_one(Tier, new)
    tier_kinds.change_tier(
        session, lead, tier_id=new, version=row.version, label="橙", colour=TierColour.RED, is_offered=False
    )

    with pytest.raises(FieldErrors):
        tiers.set_tier(
            session, counsellor, student_id=child.id, follows=1,
            entry=TierEntry(tier_id=new, from_day=TODAY, reason="不再用的"),
        )  # fmt: skip
    none = session.exec(select(Tier).where(Tier.rank == 0)).one()
    with pytest.raises(FieldErrors) as refused:
        tier_kinds.change_tier(
            session, lead, tier_id=none.id, version=none.version, label="一级危机", colour=None, is_offered=False
        )
    assert codes(refused) == {"is_offered": "tier_stays", "colour": "choice_needed"}
    with pytest.raises(NotAllowed):
        tier_kinds.add_tier(session, counsellor, label="x", colour=TierColour.RED, above_id=none.id)


@pytest.mark.parametrize("count", [3, 4, 5, 6])
def test_whatever_their_number_leaving_one_of_the_upper_two_tiers_in_force_takes_a_second_person(session, lead, count):
    if count == 3:
        red = session.exec(select(Tier).where(Tier.rank == RED)).one()
        tier_kinds.change_tier(
            session, lead, tier_id=red.id, version=red.version, label=red.label, colour=red.colour, is_offered=False
        )
    for more in range(count - 4):
        gravest = tier_order(session).kinds[0].id
        tier_kinds.add_tier(session, lead, label=f"更重{more}", colour=TierColour.RED, above_id=gravest)

    order = tier_order(session)
    ranks = [each.rank for each in order.offered]
    falls = [order.takes_second(before=high, after=low) for high, low in pairwise(ranks)]
    assert falls == [True, True] + [False] * (count - 3)
    assert not any(order.takes_second(before=low, after=high) for high, low in pairwise(ranks))


def test_review_days_follow_from_the_place_among_the_tiers(session):
    order = tier_order(session)
    names = [order.review_parameter(each.rank) for each in order.kinds]
    assert names == ["F-04.review_red_days", "F-04.review_orange_days", "F-04.review_yellow_days", None]
    assert order.key_rank == ORANGE


# --- merging ---


def test_a_merge_keeps_both_histories_and_the_graver_tier(session, lead, counsellor, make_class, make_student):
    kept = make_student("江小满", in_class=make_class())
    other = make_student("江小满", student_no=None)
    put(session, counsellor, other, RED, day=date(2026, 9, 8))
    put(session, counsellor, kept, YELLOW, day=date(2026, 9, 20))
    put(session, counsellor, other, RED, day=date(2026, 10, 1))
    put(session, counsellor, kept, NONE, day=date(2026, 10, 9))
    found = merges.compare_entries(session, lead, kept_id=kept.id, other_id=other.id)

    merges.merge_entries(
        session, lead, kept_id=kept.id, other_id=other.id, digest=found.digest, is_one_child=True,
        choices={each.key: each.proposed or merges.Side.KEPT for each in found.differences},
    )  # fmt: skip

    rows = session.exec(select(TierChange).order_by(col(TierChange.number))).all()
    assert [(row.student_id, row.number) for row in rows] == [(kept.id, number) for number in range(1, 6)]
    assert rank_on(session, kept) == RED
    assert unseal(rows[-1], "reason_sealed") == GRAVER_STAYS
    assert rank_on(session, kept, date(2026, 9, 10)) == RED


def test_who_stands_above_the_ordinary_tier_is_the_same_however_it_is_asked(session, counsellor, make_student):
    for number, rank in enumerate((NONE, RED, YELLOW, ORANGE)):
        child = make_student(f"松{number}")
        put(session, counsellor, child, YELLOW, day=TODAY - timedelta(days=40))
        put(session, counsellor, child, rank, day=TODAY - timedelta(days=3))
    make_student("竹一")

    held, raised = held_on(TODAY), raised_today()
    wanted = select(held).where(held.c.rank > 0).order_by(held.c.student_id)
    found = session.execute(select(raised).order_by(raised.c.student_id)).all()

    assert [row.rank for row in found] == [RED, YELLOW, ORANGE]
    assert found == session.execute(wanted).all()
