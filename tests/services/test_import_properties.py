"""What holds of every import, whatever stands in the lists: drawn rosters instead of chosen ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from db.tables import Role
from services.student_imports import undo_import
from tests.services.children import id_number
from tests.services.test_student_imports import dump, take

DAYS = [date(2013, 5, 21), date(2014, 2, 3)]
BLANK = st.just("")
PHONES = st.sampled_from(["15400000001", "15400000002", "说不准"])
DETAILS = {
    "监护人姓名": BLANK | st.sampled_from(["江月桂", "陈大寒"]),
    "与学生关系": BLANK | st.sampled_from(["祖母", "母亲", "父亲"]),
    "监护人电话": BLANK | PHONES,
    "家庭住址": BLANK | st.sampled_from(["望舒镇竹溪村2组", '=HYPERLINK("x")', "望舒街1号😀"]),
    "四特类别": BLANK | st.sampled_from(["留守", "特殊家庭、留守", "特殊心理", "说不清"]),
    "校车线路": BLANK | st.sampled_from(["3号线", "5号线"]),
}
NUMBERS = {
    "学号": BLANK | st.sampled_from(["S1", "S2", "S1001", "1"]),
    "身份证号": BLANK | st.sampled_from([id_number(day, order=order) for day in DAYS for order in (2, 4)]),
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "姓名": st.sampled_from(["江小满", "陈立夏", "司徒高粱"]),
            "出生日期": st.sampled_from([day.isoformat() for day in DAYS]),
            "班级": st.sampled_from(["七（1）班", "七（2）班", "八（1）班"]),
            **NUMBERS,
            **DETAILS,
        }
    ),
    min_size=1,
    max_size=6,
)


def as_different_children(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Give every row a name and numbers of its own, blank ones left blank."""
    return [
        row
        | {"姓名": f"{row['姓名']}{'甲乙丙丁戊己'[place]}"}
        | {"学号": row["学号"] and f"S100{place}"}
        | {"身份证号": row["身份证号"] and id_number(date.fromisoformat(row["出生日期"]), order=2 + 2 * place)}
        for place, row in enumerate(rows)
    ]


drawn = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@contextmanager
def an_empty_register(session: Session) -> Iterator[None]:
    """Take back everything an example wrote, so that each begins alike."""
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()
        session.info.clear()


@drawn
@given(rows=ROWS)
def test_the_same_list_twice_is_the_list_once(session, lead, rows):
    with an_empty_register(session):
        take(session, lead, *rows)
        before = dump(session)

        again = take(session, lead, *rows)

        assert again.wrote_nothing
        assert dump(session) == before


@drawn
@given(first=ROWS, second=ROWS, own=st.sets(st.integers(1, 6)))
def test_an_import_taken_back_was_never_there(session, lead, first, second, own):
    with an_empty_register(session):
        at_first = dump(session)
        one = take(session, lead, *first)
        between = dump(session, without={"version", "card_version"})
        other = take(session, lead, *second, ticked=own)

        if other.batch_id is not None:
            undo_import(session, lead, batch_id=other.batch_id)
        assert dump(session, without={"version", "card_version"}) == between
        if one.batch_id is not None:
            undo_import(session, lead, batch_id=one.batch_id)
        assert dump(session) == at_first


@drawn
@given(rows=ROWS.map(as_different_children), blanks=st.sets(st.sampled_from([*NUMBERS, *DETAILS])))
def test_blank_cells_never_erase(session, lead, rows, blanks):
    with an_empty_register(session):
        take(session, lead, *rows)
        before = dump(session)

        again = take(session, lead, *({**row, **dict.fromkeys(blanks, "")} for row in rows))

        assert (again.created, again.changed) == (0, 0)
        assert dump(session) == before


@pytest.mark.parametrize("told", ["name", "phone"])
def test_a_mother_named_without_the_word_is_not_a_second_person(session, lead, told):
    mother = {"监护人姓名": "陈大寒", "与学生关系": "母亲", "监护人电话": "15400000001"}
    take(session, lead, mother)
    before = dump(session)

    blank = {"与学生关系": "", "监护人电话" if told == "name" else "监护人姓名": ""}
    again = take(session, lead, mother | blank)

    assert again.wrote_nothing
    assert dump(session) == before
