"""Warning groups on screen: set up from the archive, a member added with an error on the way, what a member sees."""

from sqlmodel import col, select

from db.tables import Role, WarningMember
from db.transactions import reading
from services import warning_groups
from services.warning_groups import MemberEntry, WarningRole
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.pages.test_archives import press, put
from ui.messages import CANNOT_BE_SEEN
from ui.problems import SENTENCES


def test_a_group_is_set_up_and_filled(session, open_page: OpenPage, world: World):
    child = world.students[0]
    put(session, world.staff[Role.LEAD], child, 3)
    screen = open_page("archives", world.staff[Role.LEAD], student=child.id)
    press(screen, "archive_found_group")
    assert "还缺" in words_on(screen)
    screen = open_page("warning_groups", world.staff[Role.LEAD], group=1)
    press(screen, "warning_add_1")
    screen.selectbox(key="warning_add_form_1_role").set_value(WarningRole.FRIEND).run()
    screen.text_input(key="warning_add_form_1_name").set_value("柳谷雨")
    press(screen, "warning_add_form_1_save")
    assert SENTENCES["ask_first"] in words_on(screen)
    screen.checkbox(key="warning_add_form_1_was_asked").set_value(True)
    press(screen, "warning_add_form_1_save")

    assert not screen.exception
    assert "柳谷雨" in words_on(screen)
    with reading() as own:
        (row,) = own.exec(select(WarningMember).order_by(col(WarningMember.id))).all()
    assert (row.user_id, row.role) == (None, WarningRole.FRIEND)


def test_a_member_sees_the_group_and_the_child_until_taken_out(session, open_page: OpenPage, world: World):
    child, mentor, lead = world.students[0], world.staff[Role.MENTOR], world.staff[Role.LEAD]
    put(session, lead, child, 3)
    group = warning_groups.found_group(session, lead, student_id=child.id)
    assert child.name not in words_on(open_page("warning_groups", mentor))
    assert CANNOT_BE_SEEN in words_on(open_page("warning_groups", mentor, group=group))
    entry = MemberEntry(role=WarningRole.PARTY_CADRE, user_id=mentor.user_id)
    seat = warning_groups.add_member(session, lead, group_id=group, entry=entry)
    commit(session)

    shown = open_page("warning_groups", mentor, group=group)
    assert child.name in words_on(shown)
    assert "一级危机" in words_on(shown)
    assert not [each for each in shown.button if each.key and each.key.startswith("warning_out")]
    assert child.name in words_on(open_page("child", mentor, student=child.id))
    screen = open_page("warning_groups", lead, group=group)
    press(screen, f"warning_out_{seat}")
    press(screen, f"warning_out_form_{seat}_save")

    assert not screen.exception
    assert CANNOT_BE_SEEN in words_on(open_page("warning_groups", mentor, group=group))
    assert CANNOT_BE_SEEN in words_on(open_page("child", mentor, student=child.id))
