"""Posts and groups on screen: who reads, who writes, and that two editors meet."""

import re

import pytest
from sqlmodel import select

from db.tables import CareGroup, Deputy, GroupMember, Post, PostHolder, Role
from db.transactions import reading, transaction
from services import clock, groups, posts
from tests.pages.conftest import commit, words_on


def post_id(session, code):
    return session.exec(select(Post.id).where(Post.code == code)).one()


def holders():
    with reading() as session:
        return session.exec(select(PostHolder).order_by(PostHolder.id)).all()


def test_every_member_of_staff_reads_who_answers_and_only_two_may_change(open_page, world):
    for role in Role:
        screen = open_page("posts", world.staff[role])

        assert not screen.exception
        assert screen.dataframe
        assert ("加岗位" in [button.label for button in screen.button]) is (role in {Role.LEAD, Role.ADMIN})


def test_no_child_is_named_on_the_page(open_page, world):
    for view in ("school", "places", "groups", "absences"):
        screen = open_page("posts", world.staff[Role.MENTOR], view=view)

        assert not screen.exception
        assert not any(child.name in words_on(screen) for child in world.students)


def test_the_lead_gives_a_vacant_post_to_a_teacher(open_page, world, session):
    teacher = world.staff[Role.HOMEROOM]
    number = post_id(session, "office")
    screen = open_page("posts", world.staff[Role.LEAD], post=number)

    screen.selectbox(key=f"post_{number}_school_user_id").select(teacher.user_id).run()
    screen.button(key=f"post_{number}_school_save").click().run()

    assert not screen.exception
    [held] = holders()
    assert (held.user_id, held.from_day, held.to_day) == (teacher.user_id, clock.today(), None)


def test_nobody_chosen_is_said_under_the_field(open_page, world, session):
    number = post_id(session, "office")
    screen = open_page("posts", world.staff[Role.LEAD], post=number)

    screen.button(key=f"post_{number}_school_save").click().run()

    assert "这一项请选一个。" in words_on(screen)
    assert holders() == []


def test_two_who_give_the_same_post_the_second_is_told(open_page, world, session):
    number = post_id(session, "office")
    screen = open_page("posts", world.staff[Role.ADMIN], post=number)
    screen.selectbox(key=f"post_{number}_school_user_id").select(world.staff[Role.MENTOR].user_id).run()
    with transaction() as other:
        posts.appoint(
            other, world.staff[Role.LEAD], post_id=number, user_id=world.staff[Role.HOMEROOM].user_id,
            from_day=clock.today(),
        )  # fmt: skip

    screen.button(key=f"post_{number}_school_save").click().run()

    assert "任这个岗位" in "".join(error.value for error in screen.error)
    assert [held.user_id for held in holders()] == [world.staff[Role.HOMEROOM].user_id]


def test_a_holding_ends_after_being_asked(open_page, world, session):
    lead, number = world.staff[Role.LEAD], post_id(session, "office")
    held = posts.appoint(
        session, lead, post_id=number, user_id=world.staff[Role.HOMEROOM].user_id, from_day=world_start()
    )
    screen = open_page("posts", lead, post=number)

    screen.button(key=f"post_end_{held}").click().run()
    screen.button(key="post_end_yes").click().run()

    assert not screen.exception
    assert holders()[0].to_day is not None


def world_start():
    return clock.today().replace(month=9, day=1)


def test_the_school_adds_a_post(open_page, world):
    screen = open_page("posts", world.staff[Role.ADMIN])

    screen.button(key="posts_add").click().run()
    screen.text_input(key="post_new_name").set_value("宿舍管理员").run()
    screen.button(key="post_new_save").click().run()

    with reading() as session:
        assert session.exec(select(Post).where(Post.name == "宿舍管理员")).one().is_sole


def test_a_vacant_post_on_home_opens_the_posts(open_page, world):
    screen = open_page("home", world.staff[Role.LEAD])

    assert "个岗位还没有人" in words_on(screen)
    assert "个岗位还没有人" not in words_on(open_page("home", world.staff[Role.COUNSELLOR]))


def test_a_missing_group_is_set_up_and_filled(open_page, world):
    screen = open_page("posts", world.staff[Role.LEAD], view="groups")
    screen.button(key="group_found_mental_health").click().run()
    with reading() as session:
        group = session.exec(select(CareGroup)).one()

    screen = open_page("posts", world.staff[Role.LEAD], view="groups", group=group.id)
    screen.selectbox(key=f"member_new_{group.id}_user_id").select(world.staff[Role.LEADERSHIP].user_id).run()
    screen.button(key=f"member_new_{group.id}_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(GroupMember)).one().user_id == world.staff[Role.LEADERSHIP].user_id


def test_a_guest_s_name_is_for_the_care_room(open_page, world, session):
    lead = world.staff[Role.LEAD]
    group_id = groups.found_group(session, lead, kind=groups.GroupKind.MENTAL_HEALTH)
    groups.add_member(session, lead, group_id=group_id, role=groups.GroupRole.PARENT, name="谷雨的妈妈")
    commit(session)

    assert "谷雨的妈妈" in words_on(open_page("posts", lead, view="groups", group=group_id))
    for role in (Role.ADMIN, Role.HOMEROOM, Role.FINANCE):
        words = words_on(open_page("posts", world.staff[role], view="groups", group=group_id))
        assert "谷雨的妈妈" not in words
        assert "一位家长代表" in words


def test_all_class_groups_in_one_click(open_page, world):
    screen = open_page("posts", world.staff[Role.LEAD], view="groups")

    screen.button(key="group_found_places").click().run()

    assert not screen.exception
    with reading() as session:
        assert len(session.exec(select(CareGroup)).all()) == 2


def test_somebody_stands_in_and_is_back(open_page, world):
    screen = open_page("posts", world.staff[Role.LEAD], view="absences")
    screen.selectbox(key="absence_new_absent_id").select(world.staff[Role.HOMEROOM].user_id).run()
    screen.selectbox(key="absence_new_deputy_id").select(world.staff[Role.SUBJECT_TEACHER].user_id).run()
    screen.button(key="absence_new_save").click().run()
    with reading() as session:
        row = session.exec(select(Deputy)).one()

    assert "由 **试任课教师** 代" in words_on(screen)
    screen.button(key=f"absence_end_{row.id}").click().run()
    assert "现在没有人代班" in words_on(screen)


@pytest.mark.parametrize("address", [{"post": "99999"}, {"post": "x"}, {"view": "groups", "group": "99999"}], ids=str)
def test_an_address_that_means_nothing_shows_the_list(open_page, world, address):
    screen = open_page("posts", world.staff[Role.LEAD], **address)

    assert not screen.exception
    assert screen.title[0].value == "岗位与小组"


def test_the_page_tells_of_every_post_home_counted(open_page, world):
    home = words_on(open_page("home", world.staff[Role.LEAD]))
    counted = int(re.search(r"(\d+) 个岗位还没有人", home)[1])
    screen = open_page("posts", world.staff[Role.LEAD])

    here = int(re.search(r"还没有人：.*等 (\d+) 个", words_on(screen))[1])
    there = int(re.search(r"里还有 (\d+) 个岗位没有人", words_on(screen))[1])
    assert here + there == counted

    screen.button(key="posts_see_places").click().run()

    assert not screen.exception
    assert screen.segmented_control(key="posts_view").value == "places"
    assert f"“全校的岗位”里还有 {here} 个岗位没有人" in words_on(screen)
