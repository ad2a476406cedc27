"""Staff accounts: who may add, change and disable whom, and what can't be typed."""

import pytest
from sqlmodel import select

from db.tables import AppUser, ClassTeacher, Role, RoleGrant
from services import account_lists, accounts, classes, passwords, sign_in
from services.accounts import LastAdministrator, OwnAccount, PasswordResetMeanwhile
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound

PREPARED = ("abcd-efgh-jkmn", "x" * 60)
FAR_TOO_LONG = "长" * 10_000
OUTSIDERS = [role for role in Role if role not in (Role.ADMIN, Role.LEAD)]
FOR_THE_ADMINISTRATOR = [role for role in Role if role not in account_lists.TEAM_ROLES]


def add(session, actor, **overrides):
    values = {"username": "sunianan", "display_name": "苏念安", "roles": [Role.COUNSELLOR], "prepared": PREPARED}
    return accounts.create_account(session, actor, **(values | overrides))


def change(session, actor, target, **overrides):
    stored = session.get_one(AppUser, target.user_id)
    values = {"version": stored.version, "display_name": stored.display_name, "roles": target.roles}
    accounts.change_account(session, actor, user_id=target.user_id, **(values | overrides))


def row_of(session, actor, target):
    return account_lists.find_account(session, actor, user_id=target.user_id)


def test_a_new_account_has_its_roles_and_a_first_password_to_change(session, make_user):
    admin = make_user(Role.ADMIN)

    slip = add(session, admin, username=" SuNianAn ", roles=[Role.COUNSELLOR, Role.MENTOR], staff_no="T-07")

    assert (slip.username, slip.password) == ("sunianan", "abcd-efgh-jkmn")
    row = account_lists.find_account(session, admin, user_id=slip.user_id)
    assert (row.roles, row.staff_no) == ((Role.COUNSELLOR, Role.MENTOR), "T-07")
    assert (row.state, row.last_seen_at) == ("first_password", None)


def test_a_homeroom_teacher_can_be_added_with_the_class(session, make_user, make_class, term):
    lead, found = make_user(Role.LEAD), make_class(7, 3)

    slip = add(session, lead, roles=[Role.HOMEROOM], class_id=found.id)

    assert session.exec(select(ClassTeacher.user_id).where(ClassTeacher.class_id == found.id)).one() == slip.user_id
    assert row_of(session, lead, lead).homeroom_of == ()
    assert classes.list_classes(session, lead)[0].homeroom_name == "苏念安"


def test_a_subject_teacher_can_be_added_with_the_classes_taught(session, make_user, make_class, make_student, term):
    lead, taught, other = make_user(Role.LEAD), [make_class(7, 3), make_class(7, 4)], make_class(8, 1)
    ids = [each.id for each in taught]

    slip = add(session, lead, roles=[Role.SUBJECT_TEACHER], taught_class_ids=[*ids, ids[0]], subject="体育")

    rows = classes.list_subject_teachers(session, lead, school_year=2026)
    assert [(row.class_id, row.user_id, row.subject) for row in rows] == [(each, slip.user_id, "体育") for each in ids]
    assert other.id not in {row.class_id for row in rows}


@pytest.mark.parametrize(
    ("overrides", "refusal"),
    [({"taught_class_ids": [99_999]}, NotFound), ({"subject": FAR_TOO_LONG}, FieldErrors)],
    ids=["no such class", "too long a subject"],
)
def test_a_class_that_can_not_be_taught_leaves_no_account(session, make_user, make_class, term, overrides, refusal):
    lead, found = make_user(Role.LEAD), make_class(7, 3)
    values = {"roles": [Role.SUBJECT_TEACHER], "taught_class_ids": [found.id]} | overrides

    with pytest.raises(refusal), session.begin_nested():
        add(session, lead, **values)

    assert not session.exec(select(AppUser).where(AppUser.username == "sunianan")).all()


@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_else_touches_accounts(session, make_user, role: Role):
    outsider, other = make_user(role), make_user(Role.MENTOR)

    for act in (
        lambda: account_lists.list_accounts(session, outsider, page_size=10),
        lambda: account_lists.find_account(session, outsider, user_id=other.user_id),
        lambda: add(session, outsider),
        lambda: change(session, outsider, other),
        lambda: accounts.reset_password(session, outsider, user_id=other.user_id, version=1, prepared=PREPARED),
        lambda: accounts.set_active(session, outsider, user_id=other.user_id, version=1, is_active=False),
        lambda: account_lists.list_roles_to_give(session, outsider),
    ):
        with pytest.raises(NotAllowed):
            act()


@pytest.mark.parametrize("role", FOR_THE_ADMINISTRATOR)
def test_a_lead_manages_the_team_and_nobody_else(session, make_user, role: Role):
    lead, other, mentor = make_user(Role.LEAD), make_user(role, Role.MENTOR), make_user(Role.MENTOR)

    for act in (
        lambda: add(session, lead, roles=[Role.MENTOR, role]),
        lambda: change(session, lead, other, roles=[Role.MENTOR]),
        lambda: change(session, lead, mentor, roles=[Role.MENTOR, role]),
        lambda: accounts.reset_password(session, lead, user_id=other.user_id, version=1, prepared=PREPARED),
        lambda: accounts.set_active(session, lead, user_id=other.user_id, version=1, is_active=False),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert not row_of(session, lead, other).is_mine_to_manage
    assert row_of(session, lead, mentor).is_mine_to_manage
    assert set(account_lists.list_roles_to_give(session, lead)) == account_lists.TEAM_ROLES


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        ({"display_name": " "}, "display_name", "required"),
        ({"display_name": FAR_TOO_LONG}, "display_name", "too_long"),
        ({"username": ""}, "username", "required"),
        ({"username": "x"}, "username", "username_shape"),
        ({"username": "苏念安"}, "username", "username_shape"),
        ({"username": "🙂🙂"}, "username", "username_shape"),
        ({"username": "=HYPERLINK(1)"}, "username", "username_shape"),
        ({"username": "<script>"}, "username", "username_shape"),
        ({"username": "a' OR 1=1 --"}, "username", "username_shape"),
        ({"username": "admin' --"}, "username", "username_shape"),
        ({"username": "su nianan"}, "username", "username_shape"),
        ({"username": "su\u3000nianan"}, "username", "username_shape"),
        ({"username": "a" * 10_000}, "username", "too_long"),
        ({"username": "user1"}, "username", "taken"),
        ({"staff_no": FAR_TOO_LONG}, "staff_no", "too_long"),
        ({"roles": []}, "roles", "required"),
    ],
)
def test_what_can_t_be_used_is_refused_at_its_field(session, make_user, typed, field, code):
    admin = make_user(Role.ADMIN)

    with pytest.raises(FieldErrors) as refused:
        add(session, admin, **typed)

    assert {name: problem.code for name, problem in refused.value.problems.items()} == {field: code}
    assert len(session.exec(select(AppUser)).all()) == 1


@pytest.mark.parametrize("name", ["🙂 老师", "=HYPERLINK(1)", "<script>alert(1)</script>", "a'; DROP TABLE app_user"])
def test_an_odd_name_stays_text(session, make_user, name: str):
    admin = make_user(Role.ADMIN)

    slip = add(session, admin, display_name=name)

    assert session.get_one(AppUser, slip.user_id).display_name == name


def test_two_people_can_t_have_one_staff_number(session, make_user):
    admin = make_user(Role.ADMIN)
    add(session, admin, staff_no="T-07")

    with pytest.raises(FieldErrors) as refused:
        add(session, admin, username="another", staff_no="T-07")

    assert refused.value.problems["staff_no"].code == "taken"


def test_an_edit_drawn_from_an_older_version_is_refused(session, make_user):
    admin, mentor = make_user(Role.ADMIN), make_user(Role.MENTOR)
    change(session, admin, mentor, display_name="改过的名字")

    with pytest.raises(EditedMeanwhile) as refused:
        change(session, admin, mentor, version=1, display_name="另一个名字")

    assert refused.value.current.display_name == "改过的名字"
    assert set(refused.value.current.roles) == {Role.MENTOR}


def test_a_role_taken_back_stays_in_the_history(session, make_user):
    admin, mentor = make_user(Role.ADMIN), make_user(Role.MENTOR)

    change(session, admin, mentor, roles=[Role.SUBJECT_TEACHER])

    grants = session.exec(select(RoleGrant).where(RoleGrant.user_id == mentor.user_id)).all()
    assert {grant.role: grant.ended_at is None for grant in grants} == {Role.MENTOR: False, Role.SUBJECT_TEACHER: True}


def test_only_the_administrator_names_who_handles_suspected_abuse(session, make_user):
    admin, lead, mentor = make_user(Role.ADMIN), make_user(Role.LEAD), make_user(Role.MENTOR)
    leader = make_user(Role.LEADERSHIP)

    change(session, lead, mentor, is_protection_leader=True)
    change(session, admin, leader, is_protection_leader=True)

    assert not row_of(session, admin, mentor).is_protection_leader
    assert row_of(session, admin, leader).is_protection_leader


def test_the_last_administrator_stays(session, make_user):
    admin = make_user(Role.ADMIN, Role.MENTOR)
    sleeping = make_user(Role.ADMIN)
    accounts.set_active(session, admin, user_id=sleeping.user_id, version=1, is_active=False)

    with pytest.raises(LastAdministrator):
        change(session, admin, admin, roles=[Role.MENTOR])


def test_nobody_disables_the_own_account_or_gives_up_the_own_administration(session, make_user):
    admin = make_user(Role.ADMIN, Role.MENTOR)
    make_user(Role.ADMIN)

    with pytest.raises(OwnAccount):
        accounts.set_active(session, admin, user_id=admin.user_id, version=1, is_active=False)
    with pytest.raises(OwnAccount):
        change(session, admin, admin, roles=[Role.MENTOR])


def test_a_disabled_account_can_be_enabled_again(session, make_user):
    lead, mentor = make_user(Role.LEAD), make_user(Role.MENTOR)

    accounts.set_active(session, lead, user_id=mentor.user_id, version=1, is_active=False)
    assert row_of(session, lead, mentor).state == "disabled"
    accounts.set_active(session, lead, user_id=mentor.user_id, version=2, is_active=True)

    assert row_of(session, lead, mentor).state == "active"


def test_an_account_that_is_not_there_is_told_so(session, make_user):
    admin = make_user(Role.ADMIN)

    for act in (
        lambda: accounts.reset_password(session, admin, user_id=999, version=1, prepared=PREPARED),
        lambda: accounts.set_active(session, admin, user_id=999, version=1, is_active=False),
        lambda: accounts.change_account(session, admin, user_id=999, version=1, display_name="谁", roles=[Role.MENTOR]),
    ):
        with pytest.raises(NotFound):
            act()


def test_staff_pickers_offer_active_people_of_the_roles_asked_for(session, make_user):
    lead, homeroom = make_user(Role.LEAD), make_user(Role.HOMEROOM, name="周砚田")
    gone = make_user(Role.HOMEROOM, name="已停用")
    accounts.set_active(session, lead, user_id=gone.user_id, version=1, is_active=False)

    found = account_lists.list_staff(session, lead, roles=[Role.HOMEROOM])

    assert [staff.id for staff in found] == [homeroom.user_id]
    assert [staff.id for staff in account_lists.list_staff(session, homeroom)] == [homeroom.user_id]


@pytest.mark.parametrize(
    ("old", "new", "again", "expected"),
    [
        ("", "Xin-mima-2027", "Xin-mima-2027", {"old_password": "required"}),
        ("old", "", "", {"new_password": "required", "again": "required"}),
        ("old", "x1y2z3" * 12 + "x", "x1y2z3" * 12 + "x", {"new_password": "password_too_long"}),
        ("old", "密" * 24 + "x", "密" * 24 + "x", {"new_password": "password_too_long"}),
        ("old", "abc1", "abc1", {"new_password": "password_too_short"}),
        ("old", "ababababab", "ababababab", {"new_password": "password_too_easy"}),
        ("old", "12345678", "12345678", {"new_password": "password_too_easy"}),
        ("old", "hgfedcba", "hgfedcba", {"new_password": "password_too_easy"}),
        ("old", "User-0001", "User-0001", {"new_password": "password_too_easy"}),
        ("Same-2027", "Same-2027", "Same-2027", {"new_password": "password_same"}),
        ("old", "Xin-mima-2027", "Xin-mima-2028", {"again": "password_differs"}),
    ],
)
def test_a_new_password_that_can_t_be_used(old, new, again, expected):
    with pytest.raises(FieldErrors) as refused:
        accounts.check_new_password(username="user-0001", old=old, new=new, again=again)

    assert {name: problem.code for name, problem in refused.value.problems.items()} == expected


@pytest.mark.parametrize("new", ["🙂🙃😉😊好的密码", "' OR 1=1 --x", "<script>12", "空 格 也 可 以 1", "a1b2c3" * 12])
def test_any_characters_up_to_72_bytes_make_a_password(new):
    accounts.check_new_password(username="user-0001", old="old", new=new, again=new)

    assert passwords.matches(new, passwords.hash_password(new))


def test_of_two_who_reset_a_password_at_once_the_second_is_refused(session, make_user):
    admin, mentor = make_user(Role.ADMIN), make_user(Role.MENTOR)
    accounts.reset_password(session, admin, user_id=mentor.user_id, version=1, prepared=PREPARED)

    with pytest.raises(EditedMeanwhile):
        accounts.reset_password(session, admin, user_id=mentor.user_id, version=1, prepared=PREPARED)
    with pytest.raises(EditedMeanwhile):
        accounts.set_active(session, admin, user_id=mentor.user_id, version=1, is_active=False)


def test_a_password_reset_while_a_new_one_was_typed_counts(session, make_user):
    mentor = make_user(Role.MENTOR)
    before = session.get_one(AppUser, mentor.user_id).password_hash
    accounts.reset_password(session, make_user(Role.ADMIN), user_id=mentor.user_id, version=1, prepared=PREPARED)

    with pytest.raises(PasswordResetMeanwhile):
        accounts.change_own_password(session, mentor, old_hash=before, new_hash="y" * 60)


def test_a_telephone_is_sealed_and_seen_by_who_manages_the_account(session, make_user):
    admin, lead = make_user(Role.ADMIN), make_user(Role.LEAD)
    finance = make_user(Role.FINANCE, name="钱算清")

    def row_for(actor):
        return account_lists.find_account(session, actor, user_id=finance.user_id)

    change = {"user_id": finance.user_id, "display_name": "钱算清", "roles": [Role.FINANCE]}
    accounts.change_account(session, admin, version=1, phone="154-0000-0137", **change)

    assert (row_for(admin).phone, row_for(lead).phone) == ("15400000137", None)
    accounts.change_account(session, admin, version=2, **change)
    assert row_for(admin).phone == "15400000137"
    with pytest.raises(FieldErrors) as refused:
        accounts.change_account(session, admin, version=3, phone="154", **change)
    assert refused.value.problems["phone"].code == "phone_shape"
    accounts.change_account(session, admin, version=3, phone="", **change)
    assert row_for(admin).phone is None


@pytest.mark.parametrize("typed", ["SuNianAn", "ＳｕＮｉａｎＡｎ", "　sunianan　"])
def test_capitals_and_full_width_letters_are_the_same_account(session, make_user, typed):
    admin = make_user(Role.ADMIN)

    assert add(session, admin, username=typed).username == "sunianan"
    assert sign_in.find_account(session, name=typed, address=None).user_id is not None


def test_accounts_are_read_a_page_at_a_time_and_the_chosen_one_with_them(session, make_user):
    admin = make_user(Role.ADMIN, name="管得住")
    others = [make_user(Role.SUBJECT_TEACHER, name=f"试任课{n}") for n in range(4)]
    away = make_user(Role.SUBJECT_TEACHER, name="试离校")
    accounts.set_active(session, admin, user_id=away.user_id, version=1, is_active=False)

    first = account_lists.list_accounts(session, admin, page_size=2, chosen_id=others[3].user_id)
    third = account_lists.list_accounts(session, admin, page=3, page_size=2)
    beyond = account_lists.list_accounts(session, admin, page=4, page_size=2, chosen_id=away.user_id)
    disabled = account_lists.list_accounts(session, admin, is_active=False, page_size=2, chosen_id=away.user_id)

    assert [row.id for row in first.rows] == [admin.user_id, others[0].user_id]
    assert (first.total, first.page, first.chosen.display_name) == (5, 1, "试任课3")
    assert [row.id for row in third.rows] == [others[3].user_id]
    assert (beyond.page, beyond.rows, beyond.chosen) == (1, first.rows, None)
    assert [row.display_name for row in disabled.rows] == [disabled.chosen.display_name] == ["试离校"]
