"""The page of pairs: whom nobody helps, who is paired, who helps, what is owed; for every role that opens it."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import (
    CategoryKind,
    Helper,
    HelperKind,
    Pairing,
    PairingEnd,
    PairingRole,
    PairingSubsidy,
    Role,
    StudentCategory,
)
from db.transactions import reading, transaction
from services import clock
from tests.pages.conftest import OpenPage, World, commit, words_on

TODAY = date(2026, 11, 20)
SINCE = date(2026, 9, 1)
NUMBERS_ONLY = (Role.LEADERSHIP, Role.SUPERVISOR)


@pytest.fixture
def helpers(session, world: World):
    """A teacher with room, and a volunteer nobody has vetted."""
    made = [
        Helper(
            kind=HelperKind.STAFF, user_id=world.staff[Role.MENTOR].user_id, capacity=3, from_day=SINCE,
            recorded_at=clock.now(),
        ),
        Helper(
            kind=HelperKind.VOLUNTEER, name="试志愿", name_order="sz", capacity=3, from_day=SINCE,
            recorded_at=clock.now(),
        ),
    ]  # fmt: skip
    session.add_all(made)
    commit(session)
    return made


@pytest.fixture
def pair(session, world: World, helpers):
    row = Pairing(
        student_id=world.students[0].id, helper_id=helpers[0].id, role=PairingRole.GUARDIAN_ANGEL, from_day=SINCE,
        recorded_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    commit(session)
    return row


def table(screen, column):
    return list(screen.dataframe[0].value[column])


def pairs():
    with reading() as session:
        return session.exec(select(Pairing).order_by(Pairing.id)).all()


def click(screen, key, place):
    """AppTest can't click in a table: what the browser would have sent stands here."""
    screen.session_state[key] = {"row": place}
    return screen.run()


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_who_has_nobody_stands_first_thing_with_who_needs_it_most_on_top(
    session, open_page: OpenPage, world: World, pair, role
):
    session.add(
        StudentCategory(
            student_id=world.students[2].id, kind=CategoryKind.LEFT_BEHIND, from_day=SINCE, recorded_at=clock.now()
        )
    )

    screen = open_page("pairing", world.staff[role])

    assert not screen.exception
    assert table(screen, "name") == ["孟紫苏", "霍半夏"]
    assert "留守 1" in screen.pills(key="pairing_group").options
    screen.pills(key="pairing_group").set_value(screen.pills(key="pairing_group").options[0]).run()


@pytest.mark.parametrize("role", NUMBERS_ONLY)
def test_who_reads_numbers_only_sees_no_child_and_no_list(open_page: OpenPage, world: World, pair, role):
    for query in ({}, {"view": "pairs"}, {"pair": pair.id}, {"helper": pair.helper_id}):
        screen = open_page("pairing", world.staff[role], **query)

        assert not screen.exception
        told = "\n".join(str(frame.value.to_dict()) for frame in screen.dataframe)
        assert "少于 5 人" in told
        assert not any(child.name in told + words_on(screen) for child in world.students)


def test_finding_somebody_for_a_child(session, open_page: OpenPage, world: World, helpers):
    screen = open_page("pairing", world.staff[Role.HOMEROOM])
    child = table(screen, "name")[0]
    click(screen, "pairing_waiting_pair", 0)
    screen.selectbox(key="pairing_start_form_role").set_value(PairingRole.MENTOR).run()
    screen.button(key="pairing_start_form_save").click().run()
    assert "没有存上" in words_on(screen)
    assert "请" in words_on(screen)

    screen.selectbox(key="pairing_start_form_helper_id").set_value(helpers[0].id)
    screen.text_area(key="pairing_start_form_content").set_value("每周读书")
    screen.button(key="pairing_start_form_save").click().run()

    assert not screen.exception
    (row,) = pairs()
    assert (row.helper_id, row.role, row.from_day) == (helpers[0].id, PairingRole.MENTOR, clock.today())
    assert child not in table(screen, "name")


def test_who_is_not_vetted_is_not_offered(open_page: OpenPage, world: World, helpers):
    screen = open_page("pairing", world.staff[Role.LEAD])
    click(screen, "pairing_waiting_pair", 0)
    screen.selectbox(key="pairing_start_form_role").set_value(PairingRole.VOLUNTEER).run()

    assert screen.selectbox(key="pairing_start_form_helper_id").options == []


def test_pairs_are_counted_by_kind_and_a_click_opens_one(open_page: OpenPage, world: World, pair):
    screen = open_page("pairing", world.staff[Role.LEAD], view="pairs")
    assert table(screen, "helper") == ["试结对教师"]
    assert "爱心守护人 1" in screen.pills(key="pairing_role").options
    screen.pills(key="pairing_role").set_value(PairingRole.MENTOR).run()
    assert "这里没有结对" in words_on(screen)
    screen.button(key="pairing_clear").click().run()
    click(screen, "pairing_open", 0)

    assert not screen.exception
    assert screen.title[0].value == f"{world.students[0].name}和试结对教师"
    screen.button(key="pairing_back").click().run()
    assert "".join(screen.query_params["view"]) == "pairs"


def test_ending_a_pair_asks_why(open_page: OpenPage, world: World, pair):
    screen = open_page("pairing", world.staff[Role.COUNSELLOR], pair=pair.id)
    screen.button(key="pairing_end").click().run()
    screen.button(key="pairing_end_form_save").click().run()
    assert "没有存上" in words_on(screen)

    screen.pills(key="pairing_end_form_reason").set_value(PairingEnd.NOT_FITTING)
    screen.button(key="pairing_end_form_save").click().run()

    assert not screen.exception
    assert pairs()[0].end_reason is PairingEnd.NOT_FITTING
    assert [each.key for each in screen.button if each.key == "pairing_end"] == []


def test_what_a_pair_is_about_is_kept_from_a_second_editor(open_page: OpenPage, world: World, pair):
    first, second = (open_page("pairing", world.staff[role], pair=pair.id) for role in (Role.LEAD, Role.COUNSELLOR))
    for screen in (first, second):
        screen.button(key="pairing_content").click().run()
    first.text_area(key="pairing_content_form_content").set_value("读书")
    first.button(key="pairing_content_form_save").click().run()
    second.text_area(key="pairing_content_form_content").set_value("打球")
    second.button(key="pairing_content_form_save").click().run()

    assert not second.exception
    assert "刚改过这一条" in words_on(second)


def test_all_children_of_one_helper_go_to_others_at_once(session, open_page: OpenPage, world: World, helpers, pair):
    taker = Helper(
        kind=HelperKind.STAFF, user_id=world.staff[Role.SUBJECT_TEACHER].user_id, capacity=1, from_day=SINCE,
        recorded_at=clock.now(),
    )  # fmt: skip
    other = Pairing(
        student_id=world.students[1].id, helper_id=helpers[0].id, role=PairingRole.MENTOR, from_day=SINCE,
        recorded_at=clock.now(),
    )  # fmt: skip
    session.add_all([taker, other])
    commit(session)
    screen = open_page("pairing", world.staff[Role.LEAD], helper=helpers[0].id)
    screen.button(key="pairing_hand_over").click().run()
    screen.selectbox(key="pairing_hand_over_form_all").set_value(taker.id).run()
    assert screen.selectbox(key=f"pairing_hand_over_form_to_{pair.id}").value == taker.id

    screen.button(key="pairing_hand_over_form_save").click().run()
    assert "最多同时带 1 个孩子" in words_on(screen)
    assert [row.to_day for row in pairs()] == [None, None]

    screen.selectbox(key=f"pairing_hand_over_form_to_{other.id}").set_value(-1)
    screen.button(key="pairing_hand_over_form_save").click().run()

    assert not screen.exception
    assert [(row.helper_id, row.to_day) for row in pairs()] == [
        (helpers[0].id, clock.today()), (helpers[0].id, clock.today()), (taker.id, None),
    ]  # fmt: skip


def test_a_volunteer_is_registered_vetted_and_says_goodbye(open_page: OpenPage, world: World, helpers):
    lead = world.staff[Role.LEAD]
    screen = open_page("pairing", lead, view="helpers")
    assert "✕ 没审核" in str(table(screen, "states"))
    screen.button(key="pairing_new_helper").click().run()
    screen.segmented_control(key="helper_new_form_kind").set_value(HelperKind.VOLUNTEER).run()
    screen.text_input(key="helper_new_form_name").set_value("试新人")
    screen.text_input(key="helper_new_form_phone").set_value("15400000137")
    screen.button(key="helper_new_form_save").click().run()

    assert not screen.exception
    assert screen.title[0].value == "试新人"
    screen.button(key="helper_vet").click().run()
    screen.button(key="helper_vet_form_save").click().run()
    screen.button(key="helper_edit").click().run()
    screen.number_input(key="helper_edit_form_capacity").set_value(5)
    screen.button(key="helper_edit_form_save").click().run()
    screen.button(key="helper_leave").click().run()
    screen.button(key="helper_leave_form_save").click().run()

    assert not screen.exception
    with reading() as session:
        row = session.exec(select(Helper).where(Helper.name == "试新人")).one()
    assert (row.vetted_on, row.capacity, row.to_day) == (clock.today(), 5, clock.today())


def test_a_homeroom_teacher_registers_no_staff(open_page: OpenPage, world: World, helpers):
    screen = open_page("pairing", world.staff[Role.HOMEROOM], view="helpers")
    screen.button(key="pairing_new_helper").click().run()

    assert "教职工" not in screen.segmented_control(key="helper_new_form_kind").options
    assert "补助" not in screen.segmented_control(key="pairing_view").options


def test_a_subsidy_is_written_down_paid_and_taken_back(open_page: OpenPage, world: World, pair):
    screen = open_page("pairing", world.staff[Role.COUNSELLOR], view="subsidies")
    assert table(screen, "state") == [["▲ 还没登记"]]
    click(screen, "subsidy_act", 0)
    screen.text_input(key="subsidy_form_amount").set_value("三百")
    screen.button(key="subsidy_form_save").click().run()
    assert "以元为单位" in words_on(screen)
    screen.text_input(key="subsidy_form_amount").set_value("300")
    screen.button(key="subsidy_form_save").click().run()
    assert "还没发的一共 300" in words_on(screen).replace("\\", "")

    click(screen, "subsidy_act", 0)
    assert screen.button(key="subsidy_form_save").label == "发了 300\\.00 元"
    screen.button(key="subsidy_form_save").click().run()
    click(screen, "subsidy_act", 0)
    screen.text_input(key="subsidy_form_reason").set_value("发错了人")
    screen.button(key="subsidy_form_save").click().run()

    assert not screen.exception
    with reading() as session:
        row = session.exec(select(PairingSubsidy)).one()
    assert (row.amount_fen, row.paid_on, row.taken_back_on) == (30000, clock.today(), clock.today())
    assert "发错了人" in str(table(screen, "words"))


def test_the_register_is_made_once_it_is_said_what_for(open_page: OpenPage, world: World, pair):
    screen = open_page("pairing", world.staff[Role.HOMEROOM])
    screen.button(key="pairing_register").click().run()
    screen.button(key="hand_in_hand_form_save").click().run()
    assert "没有存上" in words_on(screen)

    screen.selectbox(key="hand_in_hand_form_purpose").select_index(0)
    screen.button(key="hand_in_hand_form_save").click().run()

    assert not screen.exception
    assert screen.get("download_button")


def test_the_suggestions_are_one_click_away_and_lead_back(open_page: OpenPage, world: World, helpers):
    screen = open_page("pairing", world.staff[Role.LEAD])
    screen.button(key="pairing_suggest").click().run()
    assert screen.title[0].value == "推荐结对"
    screen.button(key="suggest_back").click().run()

    assert screen.title[0].value == "结对帮扶"


def test_a_pair_of_another_class_is_not_there(
    session, open_page: OpenPage, world: World, helpers, make_class, make_student
):
    row = Pairing(
        student_id=make_student("江外班", in_class=make_class(8, 1)).id, helper_id=helpers[0].id,
        role=PairingRole.MENTOR, from_day=SINCE, recorded_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    commit(session)

    screen = open_page("pairing", world.staff[Role.HOMEROOM], pair=row.id)

    assert not screen.exception
    assert screen.error
    assert "江外班" not in words_on(screen)


@pytest.mark.parametrize("is_alone", [True, False])
def test_whom_the_children_go_to_is_asked_for_under_the_field(
    session, open_page: OpenPage, world: World, pair, is_alone: bool
):
    if not is_alone:
        other = Pairing(
            student_id=world.students[1].id, helper_id=pair.helper_id, role=PairingRole.MENTOR, from_day=SINCE,
            recorded_at=clock.now(),
        )  # fmt: skip
        session.add(other)
        commit(session)
    screen = open_page("pairing", world.staff[Role.LEAD], helper=pair.helper_id)
    screen.button(key="pairing_hand_over").click().run()

    screen.button(key="pairing_hand_over_form_save").click().run()

    assert not screen.exception
    (on_top,) = screen.error
    assert "交给谁" not in on_top.value  # or the red places it points to are none
    assert "这一项请选一个" in words_on(screen)


def test_a_pair_that_was_ended_while_the_dialog_stood_open_is_told(session, open_page: OpenPage, world: World, pair):
    screen = open_page("pairing", world.staff[Role.LEAD], helper=pair.helper_id)
    screen.button(key="pairing_hand_over").click().run()
    with transaction() as other:
        row = other.get_one(Pairing, pair.id)
        row.to_day, row.end_reason, row.version = clock.today(), PairingEnd.DONE, 2
    screen.selectbox(key=f"pairing_hand_over_form_to_{pair.id}").set_value(-1)
    screen.button(key="pairing_hand_over_form_save").click().run()

    assert not screen.exception
    assert "刚才有人改过或结束了" in words_on(screen)
