"""Two at the school's old lists at once, on both engines: everything once, the register never overwritten."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from db.tables import CareRecord, CategoryKind, Role, StudentCategory
from services import merges
from services.categories import CategoryDetails, add_category
from services.past_imports import confirm_past
from services.special_imports import confirm_special
from services.student_imports import undo_import
from tests.services import test_past_imports as past
from tests.services import test_special_imports as special
from tests.services.test_import_properties import an_empty_register
from tests.services.test_races import chain_is_whole, count_of, race, settled
from tests.services.test_races import session as race_session
from tests.services.test_student_imports import dump

pytestmark = pytest.mark.long
session = race_session
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "类别": st.sampled_from(["特殊家庭", "心理、特殊言行", "特殊家庭、特殊体质", "说不清"]),
            "等级": st.sampled_from(["", "一级", "3", "待定"]),
            "发现时间": st.sampled_from(["", "2024-09-01", "2025年3月", "2099-01-01"]),
            "具体表现": st.sampled_from(["", "父母离异", '=HYPERLINK("x")']),
            "变化": st.sampled_from(["", "升", "解除", "未解除"]),
            "更新日期": st.sampled_from(["", "2025-06-01"]),
        }
    ),
    min_size=1,
    max_size=5,
)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def child(session, lead, make_class, make_student):
    return make_student("江小满", in_class=make_class(7, 1))


def test_one_list_brought_in_by_two_is_there_once(session, lead, child):
    seen = past.preview(session, lead, past.ROW, past.OLD)
    settled(session)

    def bring_in(s):
        confirm_past(s, lead, preview=seen, file_name="谈话.csv", digest="0" * 64)

    assert sorted(race(bring_in, bring_in)) == ["StalePreview", "done"]
    assert count_of(select(func.count()).select_from(CareRecord)) == 2
    assert chain_is_whole()


def test_who_registers_by_hand_meanwhile_is_not_overwritten(session, lead, child):
    seen = special.preview(session, lead, special.ROW)
    child_id = child.id
    settled(session)

    def bring_in(s):
        confirm_special(s, lead, preview=seen, file_name="四特.csv", digest="0" * 64)

    def by_hand(s):
        add_category(
            s, lead, student_id=child_id, kind=CategoryKind.SPECIAL_FAMILY, details=CategoryDetails(level=1),
            from_day=date(2025, 9, 10),
        )  # fmt: skip

    assert sorted(race(bring_in, by_hand)) in (["StalePreview", "done"], ["FieldErrors", "done"])
    assert count_of(select(func.count()).select_from(StudentCategory)) == 1
    assert chain_is_whole()


def test_records_of_a_merged_entry_are_the_kept_child_s_and_go_with_their_import(session, lead, child, make_student):
    other = make_student("江晓满", student_no="S2")
    result = past.take(session, lead, past.ROW | {"姓名": "江晓满", "学号": "S2"})
    shown = merges.compare_entries(session, lead, kept_id=child.id, other_id=other.id)
    merges.merge_entries(
        session, lead, kept_id=child.id, other_id=other.id, digest=shown.digest, choices={}, is_one_child=True
    )

    assert [each.student_id for each in past.stored(session)] == [child.id]
    again = past.preview(session, lead, past.ROW | {"学号": "S2"}, past.ROW | {"学号": child.student_no})
    assert [each.outcome.value for each in again.rows] == ["conflict", "conflict"] or again.is_empty
    undo_import(session, lead, batch_id=result.batch_id)
    assert past.stored(session) == []


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ROWS, second=ROWS)
def test_a_ledger_twice_is_the_ledger_once_and_taken_back_was_never_there(session, lead, child, first, second):
    with an_empty_register(session):
        at_first = dump(session)
        one = special.take(session, lead, *first)
        between = dump(session, without={"version"})
        assert special.take(session, lead, *first).wrote_nothing
        other = special.take(session, lead, *second)

        if other.batch_id is not None:
            undo_import(session, lead, batch_id=other.batch_id)
        assert dump(session, without={"version"}) == between
        if one.batch_id is not None:
            undo_import(session, lead, batch_id=one.batch_id)
        assert dump(session) == at_first
