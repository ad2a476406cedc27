"""Standing groups: one of each, one head, the complete set of roles, and guests whose names few may read."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from db.tables import GroupKind, GroupMember, GroupRole, Role
from services import group_lists, groups
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.groups import GroupExists, HeadTaken
from tests.conftest import NOW, codes


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


def group_of(session, actor, group_id):
    return next(each for each in group_lists.list_groups(session, actor).groups if each.id == group_id)


def test_what_the_regulations_ask_for_and_nobody_set_up_is_named(session, lead, make_class):
    make_class(7, 1), make_class(7, 2)

    found = group_lists.list_groups(session, lead)

    assert GroupKind.MENTAL_HEALTH in found.unfounded
    assert (found.grades_without, found.classes_without) == (("七年级",), ("七（1）班", "七（2）班"))


def test_the_leadership_group_lacks_what_003_names_until_all_sit_there(session, lead, make_user):
    group_id = groups.found_group(session, lead, kind=GroupKind.MENTAL_HEALTH)
    wanted = groups.WANTED[GroupKind.MENTAL_HEALTH]
    assert group_of(session, lead, group_id).missing == wanted

    for role in wanted[:-1]:
        groups.add_member(session, lead, group_id=group_id, role=role, user_id=make_user().user_id)

    assert group_of(session, lead, group_id).missing == wanted[-1:]


def test_there_is_one_group_of_a_kind_at_a_time(session, lead):
    group_id = groups.found_group(session, lead, kind=GroupKind.LEADING)
    with pytest.raises(GroupExists):
        groups.found_group(session, lead, kind=GroupKind.LEADING)

    groups.dissolve_group(session, lead, group_id=group_id, version=1)

    assert groups.found_group(session, lead, kind=GroupKind.LEADING) != group_id
    groups.found_group(session, lead, kind=GroupKind.OTHER, name="宿舍关爱小组")
    groups.found_group(session, lead, kind=GroupKind.OTHER, name="另一个小组")


def test_a_group_has_one_head_who_is_replaced_on_purpose(session, lead, make_user):
    group_id = groups.found_group(session, lead, kind=GroupKind.LEADING)
    first = groups.add_member(
        session, lead, group_id=group_id, role=GroupRole.HEAD, user_id=make_user(name="温若虚").user_id
    )
    with pytest.raises(HeadTaken):
        groups.add_member(session, lead, group_id=group_id, role=GroupRole.HEAD, user_id=make_user().user_id)

    groups.add_member(
        session, lead, group_id=group_id, role=GroupRole.HEAD, user_id=make_user(name="周砚田").user_id,
        replaces_id=first, replaces_version=1,
    )  # fmt: skip

    group = group_of(session, lead, group_id)
    assert [member.name for member in group.members] == ["周砚田"]
    assert [member.name for member in group.former] == ["温若虚"]


def test_the_database_itself_refuses_a_second_head(session, lead, make_user):
    group_id = groups.found_group(session, lead, kind=GroupKind.LEADING)
    values = {"group_id": group_id, "role": GroupRole.HEAD, "from_day": NOW.date(), "recorded_at": NOW}
    rows = [GroupMember(user_id=make_user().user_id, **values) for _ in range(2)]

    with pytest.raises(IntegrityError), session.begin_nested():
        session.add_all(rows)


def test_a_guest_s_name_and_phone_lie_sealed_and_only_the_care_room_reads_them(session, lead, make_user):
    group_id = groups.found_group(session, lead, kind=GroupKind.MENTAL_HEALTH)
    groups.add_member(session, lead, group_id=group_id, role=GroupRole.PARENT, name="谷雨的妈妈", phone="15400000137")

    stored = session.exec(select(GroupMember)).one()
    assert "谷雨".encode() not in stored.name_sealed
    [seen] = group_of(session, make_user(Role.COUNSELLOR), group_id).members
    assert (seen.name, seen.phone) == ("谷雨的妈妈", "15400000137")
    for role in (Role.ADMIN, Role.HOMEROOM, Role.LEADERSHIP):
        [hidden] = group_of(session, make_user(role), group_id).members
        assert (hidden.name, hidden.phone, hidden.role) == (None, None, GroupRole.PARENT)


def test_the_administrator_writes_no_guest(session, make_user):
    admin = make_user(Role.ADMIN)
    group_id = groups.found_group(session, admin, kind=GroupKind.MENTAL_HEALTH)

    with pytest.raises(NotAllowed):
        groups.add_member(session, admin, group_id=group_id, role=GroupRole.PUPIL, name="谷雨")


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"role": None, "name": "谷雨"}, {"role": "required"}),
        ({"role": GroupRole.MEMBER}, {"user_id": "required"}),
        ({"role": GroupRole.SECURITY, "name": "谷雨"}, {"role": "staff_only"}),
        ({"role": GroupRole.PARENT, "name": "谷雨", "phone": "12"}, {"phone": "phone_shape"}),
        ({"role": GroupRole.MEMBER, "user_id": 9999}, {"user_id": "unknown"}),
        ({"role": GroupRole.MEMBER, "user_id": 1, "name": "谷雨"}, {"name": "one_of_both"}),
    ],
    ids=str,
)
def test_what_cannot_sit_in_a_group_is_said_at_its_field(session, lead, more, wrong):
    group_id = groups.found_group(session, lead, kind=GroupKind.LEADING)

    with pytest.raises(FieldErrors) as refused:
        groups.add_member(session, lead, group_id=group_id, **more)

    assert codes(refused) == wrong


def test_nobody_sits_in_a_group_twice_as_the_same(session, lead, make_user):
    group_id, teacher = groups.found_group(session, lead, kind=GroupKind.LEADING), make_user()
    member = groups.add_member(session, lead, group_id=group_id, role=GroupRole.MEMBER, user_id=teacher.user_id)
    with pytest.raises(FieldErrors) as refused:
        groups.add_member(session, lead, group_id=group_id, role=GroupRole.MEMBER, user_id=teacher.user_id)
    assert codes(refused) == {"user_id": "already_member"}

    groups.end_membership(session, lead, member_id=member, version=1)
    groups.add_member(session, lead, group_id=group_id, role=GroupRole.MEMBER, user_id=teacher.user_id)

    with pytest.raises(NotFound):
        groups.end_membership(session, lead, member_id=member, version=2)


def test_every_grade_and_class_gets_its_working_group_in_one_go(session, lead, make_user, make_class):
    make_user(Role.HOMEROOM, name="周砚田", homeroom_of=make_class(7, 1))
    make_class(7, 2)

    assert groups.found_groups_of_places(session, lead) == 3
    assert groups.found_groups_of_places(session, lead) == 0

    found = group_lists.list_groups(session, lead)
    assert (found.grades_without, found.classes_without) == ((), ())
    by_name = {group.name: group for group in found.groups}
    assert [member.name for member in by_name["七（1）班工作小组"].members] == ["周砚田"]
    assert by_name["七（1）班工作小组"].missing == (GroupRole.PEER_OFFICER,)
    assert by_name["七（2）班工作小组"].missing == (GroupRole.HEAD, GroupRole.PEER_OFFICER)


def test_the_school_says_which_roles_a_group_needs_and_two_editors_meet(session, lead):
    group_id = groups.found_group(session, lead, kind=GroupKind.LEADING)
    groups.change_group(
        session, lead, group_id=group_id, version=1, name="领导小组", wanted_roles=[GroupRole.MEMBER, GroupRole.HEAD]
    )

    assert group_of(session, lead, group_id).wanted_roles == (GroupRole.HEAD, GroupRole.MEMBER)
    with pytest.raises(EditedMeanwhile) as refused:
        groups.change_group(session, lead, group_id=group_id, version=1, name="又一个", wanted_roles=[GroupRole.HEAD])
    assert refused.value.current.name == "领导小组"
    with pytest.raises(FieldErrors) as refused:
        groups.change_group(session, lead, group_id=group_id, version=2, name="", wanted_roles=[])
    assert codes(refused) == {"name": "required", "wanted_roles": "required"}


def test_the_list_takes_seven_statements_however_many_groups(session, lead, make_class, statements):
    for number in range(1, 13):
        make_class(7, number)
    groups.found_groups_of_places(session, lead)
    statements.clear()

    group_lists.list_groups(session, lead)

    assert len(statements) <= 7
