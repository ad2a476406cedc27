"""Work records on screen: written in one form, drafts, read as far as one may, amended, withdrawn, for a group."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from db.tables import CareKind, CarePlace, CareRecord, CareRecordWords, Role
from db.transactions import reading, transaction
from services import clock, drafts, records
from services.record_kinds import WORDS
from services.records import RecordEntry
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import register as register_referral
from ui.messages import CANNOT_BE_SEEN
from ui.problems import SENTENCES

SECRET = "说夜里睡不着"
WRITERS = [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER]


def press(screen, key: str):
    return screen.button(key=key).click().run()


def write(session, actor, *children, kind=CareKind.TALK, **more) -> int:
    entry = RecordEntry(kind=kind, day=clock.today(), **({"raised": SECRET, "place": CarePlace.OFFICE} | more))
    made = records.record_contact(session, actor, student_ids=[child.id for child in children], entry=entry)
    commit(session)
    return made[0]


def stored() -> list[CareRecord]:
    with reading() as session:
        return list(session.exec(select(CareRecord).order_by(col(CareRecord.id))))


@pytest.fixture
def spoken(session, world: World) -> int:
    """The homeroom teacher talked with 江小满."""
    return write(session, world.staff[Role.HOMEROOM], world.students[0])


@pytest.mark.parametrize("role", WRITERS)
def test_a_talk_is_written_from_the_child_with_an_error_on_the_way(open_page: OpenPage, world: World, role):
    screen = open_page("record", world.staff[role], kind="talk", student=world.students[0].id)
    press(screen, "record_submit")
    assert SENTENCES["required"] in words_on(screen)
    screen.text_area(key="record_raised").set_value(SECRET).run()
    screen.text_area(key="record_effect").set_value("走的时候笑了").run()
    press(screen, "record_submit")

    assert not screen.exception
    (row,) = stored()
    assert (row.kind, row.student_id, row.day) == (CareKind.TALK, world.students[0].id, clock.today())
    assert row.author_id == world.staff[role].user_id
    assert SECRET in words_on(screen)  # it stands on its own page now
    with reading() as session:
        assert drafts.list_drafts(session, world.staff[role], form="record") == []


def test_home_and_the_child_lead_there(open_page: OpenPage, world: World):
    screen = open_page("home", world.staff[Role.HOMEROOM])
    press(screen, "home_record")
    assert screen.selectbox(key="record_kind").value is CareKind.TALK
    screen = open_page("child", world.staff[Role.HOMEROOM], student=world.students[0].id)
    press(screen, "child_record")
    assert "保存江小满的谈心谈话" in [button.label for button in screen.button]


def test_nobody_else_is_offered_it(open_page: OpenPage, world: World):
    for role in set(Role) - {*WRITERS, Role.MENTOR}:
        keys = [button.key for button in open_page("home", world.staff[role]).button]
        assert "home_record" not in keys


@pytest.mark.parametrize("kind", CareKind, ids=lambda kind: kind.value)
def test_the_form_of_every_kind_opens_for_the_head(open_page: OpenPage, world: World, kind):
    screen = open_page("record", world.staff[Role.LEAD], kind=kind.value, student=world.students[0].id)

    assert not screen.exception
    assert screen.selectbox(key="record_kind").value is kind
    screen.text_area(key="record_raised").set_value(SECRET).run()
    press(screen, "record_submit")
    assert not screen.exception


def test_a_teacher_is_not_offered_counselling(open_page: OpenPage, world: World):
    screen = open_page("record", world.staff[Role.HOMEROOM], kind="counselling", student=world.students[0].id)

    assert screen.selectbox(key="record_kind").value is CareKind.TALK
    assert CareKind.COUNSELLING.label not in screen.selectbox(key="record_kind").options


def test_another_kind_keeps_the_words_and_brings_its_own_place(open_page: OpenPage, world: World):
    screen = open_page("record", world.staff[Role.COUNSELLOR], kind="talk", student=world.students[0].id)
    screen.text_area(key="record_raised").set_value(SECRET).run()
    screen.selectbox(key="record_kind").set_value(CareKind.COUNSELLING).run()

    assert not screen.exception
    assert screen.text_area(key="record_raised").value == SECRET
    assert screen.selectbox(key="record_place").value is CarePlace.COUNSELLING_ROOM
    assert screen.number_input(key="record_minutes").value == 40


def test_what_is_typed_comes_back_with_its_own_child_and_on_no_other(open_page: OpenPage, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("record", homeroom, kind="talk", student=world.students[0].id)
    screen.text_area(key="record_raised").set_value(SECRET).run()
    with reading() as session:
        (draft,) = drafts.list_drafts(session, homeroom, form="record")
    subject = draft.subject

    again = open_page("record", homeroom, draft=subject)
    assert again.text_area(key="record_raised").value == SECRET
    assert "保存江小满的谈心谈话" in [button.label for button in again.button]

    other = open_page("record", homeroom, kind="talk", student=world.students[1].id)
    assert other.text_area(key="record_raised").value == ""
    assert "没记完：江小满的谈心谈话" in words_on(other)
    press(other, f"record_take_{subject}")
    assert other.text_area(key="record_raised").value == SECRET
    assert "保存江小满的谈心谈话" in [button.label for button in other.button]
    assert "没记完" not in words_on(open_page("record", world.staff[Role.COUNSELLOR]))


def test_a_group_is_written_at_once(open_page: OpenPage, world: World):
    screen = open_page("record", world.staff[Role.HOMEROOM], kind="group_activity", student=world.students[0].id)
    screen.multiselect(key="record_others").set_value([world.students[1].id, world.students[2].id]).run()
    screen.text_area(key="record_raised").set_value("一起包了饺子").run()
    assert "保存 3 个孩子的小组活动" in [button.label for button in screen.button]
    press(screen, "record_submit")

    assert not screen.exception
    assert [row.student_id for row in stored()] == [child.id for child in world.students[:3]]


@pytest.mark.parametrize("place", [0, 1])
def test_reaching_a_family_asks_who_agreed_whichever_child_it_is(session, open_page: OpenPage, world: World, place):
    """One of the two is marked as suspected abuse: the page is the same, word for word."""
    register_referral(session, world.staff[Role.LEAD], student_id=world.students[0].id, is_suspected_abuse=True)
    commit(session)
    child = world.students[place]
    screen = open_page("record", world.staff[Role.HOMEROOM], kind="home_visit", student=child.id)
    screen.text_area(key="record_raised").set_value("见到外婆").run()
    press(screen, "record_submit")

    assert SENTENCES["agreement_needed"] in words_on(screen)
    assert stored() == []
    screen.selectbox(key="record_agreed_with_id").set_value(world.staff[Role.LEAD].user_id).run()
    press(screen, "record_submit")
    assert not screen.exception
    assert stored()[0].agreed_with_id == world.staff[Role.LEAD].user_id


def test_the_head_is_not_asked(open_page: OpenPage, world: World):
    screen = open_page("record", world.staff[Role.LEAD], kind="home_visit", student=world.students[0].id)
    assert "record_agreed_with_id" not in [each.key for each in screen.selectbox]


def test_a_talk_at_the_child_s_home_asks_too(open_page: OpenPage, world: World):
    screen = open_page("record", world.staff[Role.HOMEROOM], kind="talk", student=world.students[0].id)
    assert "record_agreed_with_id" not in [each.key for each in screen.selectbox]
    screen.selectbox(key="record_place").set_value(CarePlace.HOME).run()
    assert "record_agreed_with_id" in [each.key for each in screen.selectbox]


# --- reading ---


@pytest.mark.parametrize(
    ("role", "reads"),
    [(Role.LEAD, True), (Role.COUNSELLOR, True), (Role.HOMEROOM, True), (Role.SUBJECT_TEACHER, None)],
)
def test_the_child_s_page_lists_it_as_far_as_one_may_know(open_page: OpenPage, world: World, spoken, role, reads):
    screen = open_page("child", world.staff[role], student=world.students[0].id)
    screen.session_state["child_tab"] = "工作记录"
    screen.run()

    assert ("谈心谈话，试班主任" in words_on(screen)) is (reads is not None)
    assert SECRET not in words_on(screen)
    assert (f"child_record_{spoken}" in [button.key for button in screen.button]) is bool(reads)


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.LEAD])
def test_who_may_reads_it_and_that_is_noted(open_page: OpenPage, world: World, spoken, role):
    assert SECRET in words_on(open_page("record", world.staff[role], record=spoken))
    screen = open_page("child", world.staff[Role.LEAD], student=world.students[0].id)
    screen.session_state["child_tab"] = "谁看过"
    assert "看了工作记录" in words_on(screen.run())


def test_counselling_is_there_for_the_homeroom_teacher_without_its_words(session, open_page: OpenPage, world: World):
    number = write(
        session, world.staff[Role.COUNSELLOR], world.students[0], kind=CareKind.COUNSELLING,
        start_time=clock.local(clock.now() - timedelta(hours=1)).time(), minutes=40,
        place=CarePlace.COUNSELLING_ROOM, measures="听",
    )  # fmt: skip
    screen = open_page("record", world.staff[Role.HOMEROOM], record=number)
    assert "只有记录人和负责人能看" in words_on(screen)
    assert SECRET not in words_on(screen)
    assert SECRET in words_on(open_page("record", world.staff[Role.COUNSELLOR], record=number))


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR])
def test_for_others_there_is_none(open_page: OpenPage, world: World, spoken, role):
    screen = open_page("record", world.staff[role], record=spoken)
    assert [error.value for error in screen.error] == [CANNOT_BE_SEEN]


# --- amending ---


def test_it_is_amended_and_the_earlier_text_stays(open_page: OpenPage, world: World, spoken):
    screen = open_page("record", world.staff[Role.HOMEROOM], record=spoken, edit=1)
    form = f"record_amend_{spoken}"
    assert screen.text_area(key=f"{form}_raised").value == SECRET
    screen.text_area(key=f"{form}_raised").set_value("其实是和同桌吵了架").run()
    press(screen, f"{form}_save")

    assert not screen.exception
    assert "其实是和同桌吵了架" in words_on(screen)
    assert SECRET in words_on(screen)  # folded, as it stood
    assert stored()[0].version == 2


def test_a_half_typed_amendment_comes_back(open_page: OpenPage, world: World, spoken):
    form = f"record_amend_{spoken}"
    screen = open_page("record", world.staff[Role.HOMEROOM], record=spoken, edit=1)
    screen.text_area(key=f"{form}_effect").set_value("第二天好多了").run()

    again = open_page("record", world.staff[Role.HOMEROOM], record=spoken, edit=1)
    assert again.text_area(key=f"{form}_effect").value == "第二天好多了"
    assert again.selectbox(key=f"{form}_place").value is CarePlace.OFFICE


def test_two_editors_see_both(open_page: OpenPage, world: World, spoken):
    form = f"record_amend_{spoken}"
    screen = open_page("record", world.staff[Role.HOMEROOM], record=spoken, edit=1)
    with transaction() as session:
        entry = RecordEntry(kind=CareKind.TALK, day=clock.today(), raised="负责人先改的", place=CarePlace.OFFICE)
        records.amend_record(session, world.staff[Role.LEAD], record_id=spoken, version=1, entry=entry)
    screen.text_area(key=f"{form}_raised").set_value("班主任后改的").run()
    press(screen, f"{form}_save")

    assert "刚改过这一条" in words_on(screen)
    press(screen, f"{form}_keep_mine")
    press(screen, f"{form}_save")
    with reading() as session:
        row = session.exec(select(CareRecordWords)).one()
    assert row is not None
    assert "班主任后改的" in words_on(screen)
    assert stored()[0].version == 3


def test_the_counsellor_reads_and_does_not_amend(open_page: OpenPage, world: World, spoken):
    screen = open_page("record", world.staff[Role.COUNSELLOR], record=spoken, edit=1)
    assert "record_edit" not in [button.key for button in screen.button]
    assert not [area for area in screen.text_area if area.key.endswith(WORDS)]


def test_it_is_withdrawn_with_a_reason(open_page: OpenPage, world: World, spoken):
    screen = open_page("record", world.staff[Role.HOMEROOM], record=spoken)
    press(screen, "record_withdraw")
    form = f"record_withdraw_form_{spoken}"
    press(screen, f"{form}_save")
    assert SENTENCES["required"] in words_on(screen)
    screen.text_input(key=f"{form}_reason").set_value("写到别的孩子名下了")
    press(screen, f"{form}_save")

    assert not screen.exception
    assert stored()[0].withdrawn_at is not None
    assert "为什么作废：写到别的孩子名下了" in words_on(screen)
    assert [each.label for each in screen.expander] == []  # nothing else stood there before
    assert "record_edit" not in [button.key for button in screen.button]
