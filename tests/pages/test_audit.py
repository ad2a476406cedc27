"""The page of what was done: who sees which events, the filters in the address, and the export."""

import pytest

from db.tables import Role
from services import audit
from tests.pages.conftest import OpenPage, World, commit, words_on


@pytest.fixture
def events(world: World, session) -> World:
    child, other = world.students[0].id, world.students[1].id
    for role, action, about in [
        (Role.COUNSELLOR, audit.Action.STUDENT_OPENED, child),
        (Role.HOMEROOM, audit.Action.STUDENT_CHANGED, child),
        (Role.HOMEROOM, audit.Action.REFERRAL_REGISTERED, other),
        (Role.ADMIN, audit.Action.PASSWORD_RESET, None),
    ]:
        audit.record(session, world.staff[role], action, student_id=about)
    commit(session)
    return world


def shown(screen, column: str) -> list[object]:
    return list(screen.dataframe[0].value[column])


def test_the_administrator_sees_what_was_done_and_no_child(open_page: OpenPage, events: World):
    screen = open_page("audit", events.staff[Role.ADMIN])

    assert {"打开学生档案", "改学生资料", "登记受理", "重设密码"} <= set(shown(screen, "action"))
    assert not {child.name for child in events.students} & set(shown(screen, "about"))
    assert f"一名学生（编号 {events.students[0].id}）" in shown(screen, "about")
    assert all(child.name not in words_on(screen) for child in events.students)


def test_the_lead_sees_openings_and_care_work_with_names(open_page: OpenPage, events: World):
    screen = open_page("audit", events.staff[Role.LEAD])

    found = set(zip(shown(screen, "action"), shown(screen, "about"), strict=True))
    assert {("打开学生档案", "江小满"), ("登记受理", "霍半夏")} <= found
    assert not {"改学生资料", "重设密码"} & set(shown(screen, "action"))


def test_others_see_their_own(open_page: OpenPage, events: World):
    screen = open_page("audit", events.staff[Role.HOMEROOM])

    assert set(shown(screen, "who")) == {"试班主任"}
    assert not [each for each in screen.selectbox if each.label == "谁"]


def test_a_filter_stays_in_the_address(open_page: OpenPage, events: World):
    screen = open_page("audit", events.staff[Role.ADMIN])
    screen.selectbox(key="audit_group").set_value("account").run()
    assert set(shown(screen, "action")) <= {"重设密码", "建账号", "改岗位"}
    assert screen.query_params["group"] in ("account", ["account"])

    again = open_page("audit", events.staff[Role.ADMIN], group="account", who="nonsense", **{"from": "x"})

    assert again.selectbox(key="audit_group").value == "account"
    assert not again.exception


def test_one_child_s_events_and_back_to_everybody_s(open_page: OpenPage, events: World):
    child = events.students[0].id
    screen = open_page("audit", events.staff[Role.LEAD], student=child)
    assert "只看 **江小满** 的记录" in words_on(screen)
    assert set(shown(screen, "about")) == {"江小满"}

    screen.button(key="audit_all_children").click().run()

    assert "霍半夏" in shown(screen, "about")


def test_the_child_s_page_leads_to_its_events(open_page: OpenPage, events: World):
    child = events.students[0].id
    screen = open_page("child", events.staff[Role.LEAD], student=child)
    screen.session_state["child_tab"] = "谁看过"
    screen.run()

    screen.button(key="openings_audit").click().run()

    assert not screen.exception
    assert screen.title[0].value == "操作记录"
    assert "只看 **江小满** 的记录" in words_on(screen)


def test_nothing_found_says_what_to_do(open_page: OpenPage, events: World):
    screen = open_page("audit", events.staff[Role.MENTOR], group="case")

    assert "没有这样的记录" in words_on(screen)


def test_an_export_asks_what_for(open_page: OpenPage, events: World):
    screen = open_page("audit", events.staff[Role.ADMIN])
    screen.button(key="audit_export_open").click().run()
    screen.button(key="audit_export_save").click().run()
    assert "这一项请选一个" in words_on(screen)

    screen.selectbox(key="audit_export_purpose").set_value(
        screen.selectbox(key="audit_export_purpose").options[0]
    ).run()
    screen.button(key="audit_export_save").click().run()

    assert not screen.exception
    assert screen.get("download_button")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.LEAD, Role.HOMEROOM])
def test_the_page_takes_twelve_statements_at_most(open_page: OpenPage, events: World, statements, role: Role):
    screen = open_page("audit", events.staff[role], student=events.students[0].id)
    statements.clear()

    screen.run()

    queries = [each for each in statements if each != "BEGIN"]
    assert len(queries) <= 12, "\n\n".join(queries)
