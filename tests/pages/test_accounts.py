"""The accounts page: adding with a slip, changing as it was seen, asking before disabling."""

from sqlmodel import Session, select

from db.tables import AppUser, ClassTeacher, ClassTeacherKind, Role
from db.transactions import reading
from services import account_lists, accounts, sign_in
from services.actors import Actor
from tests.conftest import token_for
from tests.pages.conftest import OpenPage, World, commit, words_on


def stored(actor) -> AppUser:
    with reading() as session:
        return session.get_one(AppUser, actor.user_id)


def set_active(session: Session, by: Actor, whom: Actor, *, is_active: bool) -> None:
    version = session.get_one(AppUser, whom.user_id, populate_existing=True).version
    accounts.set_active(session, by, user_id=whom.id_of_staff, version=version, is_active=is_active)
    commit(session)


def test_a_new_account_shows_its_first_password_once(open_page: OpenPage, world: World):
    screen = open_page("accounts", world.staff[Role.LEAD])
    screen.button(key="accounts_add").click().run()
    screen.text_input(key="account_new_display_name").set_value("苏念安")
    screen.text_input(key="account_new_username").set_value("sunianan")
    screen.button_group(key="account_new_roles").set_value([Role.HOMEROOM]).run()
    screen.selectbox(key="account_new_class_id").set_value(world.school_class.id).run()

    screen.button(key="account_new_save").click().run()

    assert not screen.exception
    username, password = (block.value for block in screen.code)
    with reading() as session:
        account = sign_in.find_account(session, name=username, address=None)
        row = account_lists.find_account(session, world.staff[Role.ADMIN], user_id=account.user_id or 0)
    assert sign_in.is_right(account, password)
    assert row.homeroom_of == ("七（3）班",)
    screen.button(key="slip_done").click().run()
    assert not screen.code
    assert password not in words_on(screen)


def test_after_a_slip_the_browser_is_told_which_accounts_are_shown(open_page: OpenPage, world: World):
    """It forgets a switch that isn't on screen, and the server doesn't: neither side would have been marked."""
    screen = open_page("accounts", world.staff[Role.ADMIN])
    screen.button(key="accounts_add").click().run()
    screen.text_input(key="account_new_display_name").set_value("苏念安")
    screen.text_input(key="account_new_username").set_value("sunianan")
    screen.button_group(key="account_new_roles").set_value([Role.COUNSELLOR]).run()
    screen.button(key="account_new_save").click().run()
    assert not screen.get("button_group")

    screen.button(key="slip_done").click().run()

    view = screen.segmented_control(key="accounts_view")
    assert (view.value, view.proto.set_value) == ("active", True)
    assert not screen.run().segmented_control(key="accounts_view").proto.set_value  # once is enough


def test_what_is_wrong_in_the_dialog_stands_at_its_field(open_page: OpenPage, world: World):
    screen = open_page("accounts", world.staff[Role.LEAD])
    screen.button(key="accounts_add").click().run()
    screen.text_input(key="account_new_display_name").set_value("长" * 10_000)
    screen.text_input(key="account_new_username").set_value("<script>").run()

    screen.button(key="account_new_save").click().run()

    assert not screen.exception
    for sentence in ("太长了", "账号用 2 到 40 个小写字母", "请选，至少选一项"):
        assert sentence in words_on(screen)
    assert screen.text_input(key="account_new_username").value == "<script>"


def test_a_subject_teacher_is_given_the_classes_taught_at_once(
    open_page: OpenPage, world: World, make_class, make_student
):
    other = make_class(7, 4)
    make_student("陆青黛", in_class=other)
    make_class(8, 1)
    screen = open_page("accounts", world.staff[Role.ADMIN])
    screen.button(key="accounts_add").click().run()
    screen.text_input(key="account_new_display_name").set_value("苏念安")
    screen.text_input(key="account_new_username").set_value("sunianan").run()
    assert "account_new_taught" not in {each.key for each in screen.multiselect}
    screen.button_group(key="account_new_roles").set_value([Role.SUBJECT_TEACHER]).run()
    screen.multiselect(key="account_new_taught").set_value([world.school_class.id, other.id]).run()
    screen.text_input(key="account_new_subject").set_value("体育").run()

    screen.button(key="account_new_save").click().run()

    assert not screen.exception
    with reading() as session:
        teacher = session.exec(select(AppUser).where(AppUser.username == "sunianan")).one()
        taught = session.exec(select(ClassTeacher).where(ClassTeacher.user_id == teacher.id)).all()
    assert {(each.class_id, each.kind, each.subject) for each in taught} == {
        (each.id, ClassTeacherKind.SUBJECT, "体育") for each in (world.school_class, other)
    }


def test_classes_chosen_for_a_role_taken_back_are_not_given(open_page: OpenPage, world: World):
    screen = open_page("accounts", world.staff[Role.LEAD])
    screen.button(key="accounts_add").click().run()
    screen.text_input(key="account_new_display_name").set_value("苏念安")
    screen.text_input(key="account_new_username").set_value("sunianan")
    screen.button_group(key="account_new_roles").set_value([Role.SUBJECT_TEACHER]).run()
    screen.multiselect(key="account_new_taught").set_value([world.school_class.id]).run()
    screen.button_group(key="account_new_roles").set_value([Role.MENTOR]).run()

    screen.button(key="account_new_save").click().run()

    with reading() as session:
        teacher = session.exec(select(AppUser).where(AppUser.username == "sunianan")).one()
        assert not session.exec(select(ClassTeacher).where(ClassTeacher.user_id == teacher.id)).all()


def test_a_lead_is_offered_the_team_s_roles_only(open_page: OpenPage, world: World):
    screen = open_page("accounts", world.staff[Role.LEAD], account=world.staff[Role.MENTOR].user_id)

    offered = screen.button_group(key=f"account_{world.staff[Role.MENTOR].user_id}_roles").options

    assert offered == [role.label for role in Role if role in account_lists.TEAM_ROLES]


def test_a_lead_may_only_look_at_the_administrator(open_page: OpenPage, world: World):
    screen = open_page("accounts", world.staff[Role.LEAD], account=world.staff[Role.ADMIN].user_id)

    assert "这个账号归信息老师管" in words_on(screen)
    assert not [button for button in screen.button if button.key in ("account_reset", "account_disable")]


def test_the_second_of_two_editors_sees_both_versions(open_page: OpenPage, world: World, session):
    mentor, key = world.staff[Role.MENTOR], f"account_{world.staff[Role.MENTOR].user_id}"
    first = open_page("accounts", world.staff[Role.LEAD], account=mentor.user_id)
    second = open_page("accounts", world.staff[Role.ADMIN], account=mentor.user_id)
    first.text_input(key=f"{key}_display_name").set_value("第一个人写的")
    first.button(key=f"{key}_save").click().run()
    assert not first.error

    second.text_input(key=f"{key}_display_name").set_value("第二个人写的")
    second.button(key=f"{key}_save").click().run()

    assert "刚改过这一条" in second.error[0].value
    assert second.text_input(key=f"{key}_display_name").value == "第二个人写的"
    assert stored(mentor).display_name == "第一个人写的"
    assert "第一个人写的" in str(second.table[0].value)
    second.button(key=f"{key}_keep_mine").click().run()
    second.button(key=f"{key}_save").click().run()
    assert stored(mentor).display_name == "第二个人写的"


def test_disabling_asks_first_and_ends_the_session(open_page: OpenPage, world: World, session):
    mentor = world.staff[Role.MENTOR]
    token = token_for(session, mentor)
    screen = open_page("accounts", world.staff[Role.LEAD], account=mentor.user_id)
    screen.button(key="account_disable").click().run()
    assert f"停用{mentor.display_name}" in [button.label for button in screen.button]
    screen.button(key="account_disable_keep").click().run()
    assert stored(mentor).is_active

    screen.button(key="account_disable").click().run()
    screen.button(key="account_disable_yes").click().run()

    assert not screen.exception
    assert not stored(mentor).is_active
    commit(session)
    assert sign_in.resolve(session, token) is None


def test_enabling_again_acts_on_the_account_as_it_was_shown(open_page: OpenPage, world: World, session):
    mentor, lead = world.staff[Role.MENTOR], world.staff[Role.LEAD]
    set_active(session, lead, mentor, is_active=False)
    first = open_page("accounts", lead, account=mentor.user_id, view="disabled")
    second = open_page("accounts", world.staff[Role.ADMIN], account=mentor.user_id, view="disabled")
    first.button(key="account_enable").click().run()
    assert "的账号可以用了" in words_on(first)
    set_active(session, lead, mentor, is_active=False)  # and disabled once more, which the second has not seen

    second.button(key="account_enable").click().run()

    assert not second.exception
    assert any("刚刚有人改过这个账号" in error.value for error in second.error)
    assert not stored(mentor).is_active
    second.button(key="account_enable").click().run()  # now as it stands
    assert stored(mentor).is_active


def test_enabling_what_somebody_enabled_already_says_so(open_page: OpenPage, world: World, session):
    mentor, lead = world.staff[Role.MENTOR], world.staff[Role.LEAD]
    set_active(session, lead, mentor, is_active=False)
    screen = open_page("accounts", lead, account=mentor.user_id, view="disabled")
    set_active(session, world.staff[Role.ADMIN], mentor, is_active=True)

    screen.button(key="account_enable").click().run()

    assert any("刚刚有人改过这个账号" in error.value for error in screen.error)
    assert stored(mentor).is_active


def test_a_reset_shows_the_new_first_password(open_page: OpenPage, world: World):
    mentor = world.staff[Role.MENTOR]
    screen = open_page("accounts", world.staff[Role.ADMIN], account=mentor.user_id)
    screen.button(key="account_reset").click().run()

    screen.button(key="account_reset_yes").click().run()

    assert screen.code[0].value == stored(mentor).username
    assert stored(mentor).must_change_password


def test_a_first_password_is_gone_once_who_made_it_is_signed_out(open_page: OpenPage, world: World, session):
    mentor, admin = world.staff[Role.MENTOR], world.staff[Role.ADMIN]
    screen = open_page("accounts", admin, account=mentor.user_id)
    screen.button(key="account_reset").click().run()
    screen.button(key="account_reset_yes").click().run()
    password = screen.code[1].value
    sign_in.end_sessions_of(session, admin.user_id or 0)
    commit(session)

    screen.run()

    assert [button.label for button in screen.button] == ["登录"]
    assert password not in [code.value for code in screen.code]


def test_the_last_administrator_is_told_why(open_page: OpenPage, world: World):
    admin = world.staff[Role.ADMIN]
    key = f"account_{admin.user_id}"
    screen = open_page("accounts", admin, account=admin.user_id)
    screen.button_group(key=f"{key}_roles").set_value([Role.MENTOR]).run()

    screen.button(key=f"{key}_save").click().run()

    assert "最后一个信息老师" in screen.error[0].value
    assert not [button for button in screen.button if button.key == "account_disable"]


def test_an_address_of_somebody_else_s_making_opens_nothing(open_page: OpenPage, world: World):
    for odd in ("999", "-1", "' OR 1=1", "<script>", "x" * 10_000):
        screen = open_page("accounts", world.staff[Role.ADMIN], account=odd, view=odd)
        assert not screen.exception
        assert screen.title[0].value == "账号"
