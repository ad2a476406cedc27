"""我结对的孩子 on screen: for every role that can hold a pair, month by month, recording at one click."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from bench.counting import counted
from bench.figures import STATEMENTS_LIMIT
from db import engine
from db.tables import CareKind, CareRecord, ClauseSwitch, Deputy, Helper, HelperKind, Pairing, PairingRole, Role
from db.transactions import reading
from services import clock
from services.access import HOLDERS, Permission
from services.pairing import own_children
from services.pairing.strips import DutyStrip, MonthCell
from services.regulations.deadlines import DutyState
from services.regulations.measures import measures
from services.regulations.periods import Unit
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui import own_children as box
from ui import pairing_words
from ui.navigation import menu_for

FROM = date(2026, 9, 1)
HELPERS = sorted(HOLDERS[Permission.PAIRING_OWN])


@pytest.fixture(autouse=True)
def _everything_counts(session, world: World) -> None:
    for clause_id in measures():
        session.add(ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=FROM, set_at=clock.now()))


def pair(session, child, *, actor=None, name="试干部", kind=HelperKind.PARTY_CADRE, role=PairingRole.MENTOR) -> Helper:
    helper = Helper(
        kind=HelperKind.STAFF if actor else kind, user_id=actor.user_id if actor else None,
        name=None if actor else name, capacity=3, from_day=FROM, recorded_at=clock.now(),
    )  # fmt: skip
    session.add(helper)
    session.flush()
    session.add(Pairing(student_id=child.id, helper_id=helper.id, role=role, from_day=FROM, recorded_at=clock.now()))
    commit(session)
    return helper


def press(screen, key: str):
    return screen.button(key=key).click().run()


def strip(screen, row: int = 0) -> dict[str, str]:
    """One duty as its row tells it, without the marks that keep a word on one line."""
    cells = screen.table[0].value.iloc[row].items()
    return {name.replace("\u2060", ""): str(value).replace("\u2060", "") for name, value in cells}


@pytest.mark.parametrize("role", HELPERS)
def test_whoever_is_paired_sees_the_child_and_what_is_due(open_page: OpenPage, session, world: World, role: Role):
    pair(session, world.students[0], actor=world.staff[role])

    screen = open_page("my_children", world.staff[role])

    assert not screen.exception
    words = words_on(screen)
    assert "江小满" in words
    assert "霍半夏" not in words
    assert "每月谈心，11月30日以前" in words
    months = strip(screen)
    assert months["要做的"] == "每月谈心"
    assert "漏做" in months["9月"]
    assert "待做" in months["11月"]
    assert "12月" not in months


@pytest.mark.parametrize("role", HELPERS)
def test_who_has_nobody_is_told_whom_to_ask(open_page: OpenPage, world: World, role: Role):
    screen = open_page("my_children", world.staff[role])

    assert "现在没有和您结对的孩子" in words_on(screen)
    assert "my_children" in [entry.name for entries in menu_for(world.staff[role]).values() for entry in entries]


@pytest.mark.parametrize("role", sorted(set(Role) - set(HELPERS)))
def test_it_is_not_for_who_can_hold_no_pair(open_page: OpenPage, session, world: World, role: Role):
    pair(session, world.students[0], actor=world.staff[role])

    assert "江小满" not in words_on(open_page("my_children", world.staff[role]))
    assert "my_children" not in [entry.name for entries in menu_for(world.staff[role]).values() for entry in entries]


def test_one_click_records_and_the_month_changes(open_page: OpenPage, session, world: World):
    mentor, child = world.staff[Role.MENTOR], world.students[0]
    pair(session, child, actor=mentor)
    with reading() as now:
        pair_id = now.exec(select(Pairing.id)).one()

    screen = press(open_page("my_children", mentor), f"my_children_due_{pair_id}")
    assert screen.selectbox(key="record_kind").value is CareKind.TALK
    screen = open_page("record", mentor, kind="talk", student=child.id)  # a test's next run is of the page before
    screen.text_area(key="record_raised").set_value("说期中考好了").run()
    press(screen, "record_submit")
    assert not screen.exception

    assert "已完成" in strip(open_page("my_children", mentor))["11月"]


def test_a_homeroom_teacher_writes_for_who_has_no_account(open_page: OpenPage, session, world: World):
    homeroom, child = world.staff[Role.HOMEROOM], world.students[0]
    cadre = pair(session, child, name="林初雪", role=PairingRole.PARTY_CADRE)
    with reading() as now:
        pair_id = now.exec(select(Pairing.id)).one()

    screen = open_page("my_children", homeroom)
    assert "林初雪（党员干部），9月1日起" in words_on(screen)
    press(screen, f"my_children_due_{pair_id}")
    assert screen.selectbox(key="record_helper_id").value == cadre.id
    screen = open_page("record", homeroom, kind="talk", student=child.id, helper=cadre.id)
    screen.text_area(key="record_raised").set_value("一起看了书").run()
    press(screen, "record_submit")

    assert not screen.exception
    assert "林初雪做的，试班主任在" in words_on(screen)
    with reading() as now:
        assert now.exec(select(CareRecord.helper_id)).one() == cadre.id
    assert "已完成" in strip(open_page("my_children", homeroom))["11月"]


def test_both_lists_stand_apart(open_page: OpenPage, session, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    pair(session, world.students[0], actor=homeroom)
    pair(session, world.students[1], name="林初雪", role=PairingRole.PARTY_CADRE)

    first = open_page("my_children", homeroom)
    other = open_page("my_children", homeroom, view="class")

    assert ("江小满" in words_on(first), "霍半夏" in words_on(first)) == (True, False)
    assert ("江小满" in words_on(other), "霍半夏" in words_on(other)) == (False, True)


def test_a_form_about_another_child_forgets_the_helper(open_page: OpenPage, session, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    cadre = pair(session, world.students[0], name="林初雪", role=PairingRole.PARTY_CADRE)

    screen = open_page("record", homeroom, kind="talk", student=world.students[1].id, helper=cadre.id)
    screen.text_area(key="record_raised").set_value("自己谈的").run()
    press(screen, "record_submit")

    assert not screen.exception
    with reading() as now:
        assert now.exec(select(CareRecord.helper_id)).one() is None


def test_a_helper_stays_in_the_form_that_amends(open_page: OpenPage, session, world: World):
    homeroom, child = world.staff[Role.HOMEROOM], world.students[0]
    cadre = pair(session, child, name="林初雪", role=PairingRole.PARTY_CADRE)
    screen = open_page("record", homeroom, kind="talk", student=child.id, helper=cadre.id)
    screen.text_area(key="record_raised").set_value("一起看了书").run()
    press(screen, "record_submit")
    with reading() as now:
        record_id = now.exec(select(CareRecord.id)).one()

    again = open_page("record", homeroom, record=record_id, edit=1)
    assert again.selectbox(key=f"record_amend_{record_id}_helper_id").value == cadre.id
    again.text_area(key=f"record_amend_{record_id}_raised").set_value("一起看了两本书").run()
    press(again, f"record_amend_{record_id}_save")

    assert not again.exception
    with reading() as now:
        row = now.get_one(CareRecord, record_id)
        assert (row.version, row.helper_id) == (2, cadre.id)


def test_who_stands_in_reads_whose_child_it_is(open_page: OpenPage, session, world: World):
    mentor, deputy = world.staff[Role.MENTOR], world.staff[Role.SUBJECT_TEACHER]
    pair(session, world.students[0], actor=mentor)
    today = clock.today()
    session.add(Deputy(absent_id=mentor.user_id, deputy_id=deputy.user_id, from_day=today,
                       to_day=today + timedelta(days=3), recorded_at=clock.now()))  # fmt: skip

    assert "试结对教师（教职工），9月1日起" in words_on(open_page("my_children", deputy))


def test_the_diary_is_asked_for_and_made(open_page: OpenPage, session, world: World):
    mentor = world.staff[Role.MENTOR]
    pair(session, world.students[0], actor=mentor)
    with reading() as now:
        pair_id = now.exec(select(Pairing.id)).one()

    screen = press(open_page("my_children", mentor), f"pairing_diary_{pair_id}")
    press(screen, f"pairing_diary_form_{pair_id}_make")
    assert "这一项请选一个" in words_on(screen)
    screen.selectbox(key=f"pairing_diary_form_{pair_id}_purpose").select_index(0).run()
    press(screen, f"pairing_diary_form_{pair_id}_make")

    assert not screen.exception
    assert [each.label for each in screen.get("download_button")] == ["下载江小满的结对工作日记"]


def test_every_duty_of_a_pair_has_its_words(session, world: World):
    mentor = world.staff[Role.MENTOR]
    for role in PairingRole:
        session.add(Helper(kind=HelperKind.STAFF, name=f"试{role.value}", capacity=3, from_day=FROM,
                           recorded_at=clock.now()))  # fmt: skip
    helper = Helper(kind=HelperKind.STAFF, user_id=mentor.user_id, capacity=20, from_day=FROM, recorded_at=clock.now())
    session.add(helper)
    session.flush()
    for role in PairingRole:
        session.add(Pairing(student_id=world.students[0].id, helper_id=helper.id, role=role, from_day=FROM,
                            recorded_at=clock.now()))  # fmt: skip
    commit(session)

    with reading() as now:
        [child] = own_children.list_own_children(now, mentor).own
    words = [pairing_words.duty_words(strip) for each in child.pairs for strip in each.strips]

    assert len(words) == 12
    assert all(word.startswith("每") for word in words)


@pytest.mark.parametrize("role", [Role.LEAD, Role.HOMEROOM])
def test_who_reads_a_pair_prints_its_diary_from_the_pairs(open_page: OpenPage, session, world: World, role: Role):
    pair(session, world.students[0], actor=world.staff[Role.MENTOR])
    with reading() as now:
        pair_id = now.exec(select(Pairing.id)).one()

    screen = press(open_page("pairing", world.staff[role], pair=pair_id), f"pairing_diary_{pair_id}")

    assert not screen.exception
    assert "打印谁的、做什么用" in words_on(screen)


def test_a_record_for_a_helper_asks_no_more_than_any_page_may(open_page: OpenPage, session, world: World):
    child = world.students[0]
    cadre = pair(session, child, name="林初雪", role=PairingRole.PARTY_CADRE)
    screen = open_page("record", world.staff[Role.HOMEROOM], kind="talk", student=child.id, helper=cadre.id)

    with counted(engine.runtime().engine) as tally:
        screen.run()

    assert not screen.exception
    assert "替林初雪（党员干部）记的" in words_on(screen)
    assert tally.total <= STATEMENTS_LIMIT


def test_what_is_due_by_a_month_to_come_stands_in_this_one():
    ahead, now = MonthCell(DutyState.DUE, 0, 1), date(2026, 11, 1)
    strip = DutyStrip("J-07", None, None, Unit.TERM, CareKind.HOME_VISIT, {date(2027, 1, 1): ahead}, ())

    assert box._of_month(strip, now, now) is ahead
    assert box._of_month(strip, date(2026, 10, 1), now) is None
