"""Two at one screening at once, on both engines: one round, each result once, one suggestion, nothing half."""

import pytest
from sqlmodel import func, select

from db.tables import Role, ScreeningResult, ScreeningRound, TierSuggestion
from services import merges
from services.screening import follow_ups, rounds
from services.screening_imports import confirm_screening, preview_screening
from tests.services.test_races import chain_is_whole, count_of, crowd, race, settled
from tests.services.test_races import session as race_session
from tests.services.test_screening import talk
from tests.services.test_screening_imports import FLAGGED, ROW, results_of, stored, take

pytestmark = pytest.mark.long
session = race_session


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def child(session, lead, make_class, make_student):
    return make_student("江小满", in_class=make_class(7, 1))


def test_many_who_begin_a_round_begin_one(session, lead):
    settled(session)

    told = crowd([lambda s: rounds.open_round(s, lead, scale="mht")] * 4)
    assert sorted(told) == ["RoundThere", "RoundThere", "RoundThere", "done"]
    assert count_of(select(func.count()).select_from(ScreeningRound)) == 1


def test_one_list_brought_in_by_two_is_there_once(session, lead, child):
    seen = preview_screening(session, lead, reading=results_of(ROW))
    settled(session)

    def bring_in(s):
        confirm_screening(s, lead, preview=seen, file_name="筛查.csv", digest="0" * 64)

    assert sorted(race(bring_in, bring_in)) == ["StalePreview", "done"]
    assert count_of(select(func.count()).select_from(ScreeningResult)) == 1
    assert chain_is_whole()


def test_a_talk_noted_by_two_proposes_one_tier(session, lead, child):
    take(session, lead, FLAGGED)
    record_id, (result,) = talk(session, lead, child), stored(session)
    result_id = result.id
    settled(session)

    def note(s):
        follow_ups.note_contact(s, lead, result_id=result_id, record_id=record_id)

    assert set(race(note, note)) == {"done"}
    assert count_of(select(func.count()).select_from(TierSuggestion)) == 1
    assert chain_is_whole()


def test_a_result_followed_up_while_its_child_is_merged_is_lost_to_nobody(session, lead, child, make_student):
    other = make_student("江晓满", student_no="S2")
    take(session, lead, FLAGGED | {"姓名": "江晓满", "学号": "S2"})
    record_id, (result,) = talk(session, lead, other), stored(session)
    result_id = result.id
    settled(session)
    shown = merges.compare_entries(session, lead, kept_id=child.id, other_id=other.id)
    settled(session)

    def merge(s):
        merges.merge_entries(
            s, lead, kept_id=child.id, other_id=other.id, digest=shown.digest, choices={}, is_one_child=True
        )

    def note(s):
        follow_ups.note_contact(s, lead, result_id=result_id, record_id=record_id)

    told = race(merge, note)
    assert "done" in told
    assert set(told) <= {"done", "ComparisonChanged", "CrossedEachOther"}
    assert chain_is_whole()
