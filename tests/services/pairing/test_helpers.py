"""Helpers: accounts or names, how many children at once, vetting, leaving, and whose phone one reads (J-16, J-17)."""

from datetime import date, timedelta

import pytest

from db.tables import Gender, Helper, HelperKind, PairingEnd, PairingRole, Role
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.pairing import helpers
from services.pairing.helpers import HelperEntry, HelperHasChildren
from tests.conftest import codes
from tests.services.children import BAD_TEXTS, LONG

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


def volunteer(**overrides):
    values = {"kind": HelperKind.VOLUNTEER, "name": "试志愿", "gender": Gender.FEMALE, "phone": "15400000001"}
    return HelperEntry(**(values | overrides))


def test_staff_is_an_account_with_as_many_children_as_the_regulations_allow(session, lead, make_user):
    teacher = make_user(Role.SUBJECT_TEACHER, name="试老师")

    saved = helpers.register_helper(
        session, lead, entry=HelperEntry(kind=HelperKind.STAFF, user_id=teacher.user_id, subjects="语文，数学、 语文")
    )

    found = helpers.find_helper(session, lead, helper_id=saved.id)
    assert (found.shown_name, found.entry.capacity, found.entry.subjects) == ("试老师", 15, "语文、数学")


def test_a_volunteer_is_a_name_with_a_phone_nobody_reads_in_the_table(session, lead):
    saved = helpers.register_helper(session, lead, entry=volunteer())

    row = session.get_one(Helper, saved.id)
    assert (row.user_id, row.name, row.capacity) == (None, "试志愿", 3)
    assert b"15400000001" not in (row.phone_sealed or b"")
    assert helpers.find_helper(session, lead, helper_id=saved.id).entry.phone == "15400000001"


def test_an_account_helps_once_and_only_a_teacher_s(session, lead, make_user):
    teacher, money = make_user(Role.MENTOR), make_user(Role.FINANCE)
    entry = HelperEntry(kind=HelperKind.STAFF, user_id=teacher.user_id)
    helpers.register_helper(session, lead, entry=entry)

    with pytest.raises(FieldErrors) as again:
        helpers.register_helper(session, lead, entry=entry)
    with pytest.raises(FieldErrors) as other:
        helpers.register_helper(session, lead, entry=HelperEntry(kind=HelperKind.STAFF, user_id=money.user_id))

    assert codes(again) == {"user_id": "helper_there"}
    assert codes(other) == {"user_id": "helper_no_teacher"}


def test_offered_are_teachers_who_do_not_help_yet(session, lead, make_user):
    teacher, there = make_user(Role.MENTOR, name="试甲"), make_user(Role.MENTOR, name="试乙")
    make_user(Role.FINANCE, name="试财务")
    helpers.register_helper(session, lead, entry=HelperEntry(kind=HelperKind.STAFF, user_id=there.user_id))

    found = helpers.list_accounts_to_register(session, lead)

    assert (teacher.user_id, "试甲") in found
    assert {name for _, name in found}.isdisjoint({"试乙", "试财务"})
    assert helpers.list_accounts_to_register(session, make_user(Role.HOMEROOM)) == []


@pytest.mark.parametrize(
    ("overrides", "refused"),
    [
        ({"kind": None}, {"kind": "required"}),
        ({"name": " "}, {"name": "required"}),
        ({"name": LONG}, {"name": "too_long"}),
        ({"phone": "不知道"}, {"phone": "phone_shape"}),
        ({"capacity": 0}, {"capacity": "outside"}),
        ({"capacity": 61}, {"capacity": "outside"}),
        ({"capacity": 2.5}, {"capacity": "not_whole"}),
        ({"subjects": LONG}, {"subjects": "too_long"}),
        ({"note": LONG}, {"note": "too_long"}),
        ({"pledged_on": date(2026, 11, 21)}, {"pledged_on": "future"}),
    ],
)
def test_what_can_not_be_is_said_beside_its_field(session, lead, overrides, refused):
    with pytest.raises(FieldErrors) as raised:
        helpers.register_helper(session, lead, entry=volunteer(**overrides))
    assert {**refused, **codes(raised)} == codes(raised)


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_any_short_text_is_a_name(session, lead, text):
    saved = helpers.register_helper(session, lead, entry=volunteer(name=text[:40]))
    assert session.get_one(Helper, saved.id).name


def test_a_homeroom_teacher_registers_who_is_no_staff_and_changes_only_those(session, lead, make_user, make_class):
    teacher = make_user(Role.HOMEROOM, homeroom_of=make_class())
    own = helpers.register_helper(session, teacher, entry=volunteer(kind=HelperKind.PARENT, name="试家长"))
    other = helpers.register_helper(session, lead, entry=volunteer(kind=HelperKind.PARENT, name="试别人"))
    cadre = helpers.register_helper(session, lead, entry=volunteer(kind=HelperKind.PARTY_CADRE, name="试干部"))

    with pytest.raises(NotAllowed):
        helpers.register_helper(session, teacher, entry=HelperEntry(kind=HelperKind.STAFF, user_id=teacher.user_id))
    with pytest.raises(NotFound):  # a parent of another class
        helpers.find_helper(session, teacher, helper_id=other.id)
    with pytest.raises(NotAllowed):  # known, not the own
        helpers.change_helper(session, teacher, helper_id=cadre.id, version=1, entry=volunteer())
    helpers.change_helper(session, teacher, helper_id=own.id, version=1, entry=volunteer(name="试家长二"))

    assert helpers.find_helper(session, teacher, helper_id=cadre.id).entry.phone is None
    assert helpers.find_helper(session, teacher, helper_id=own.id).entry.phone == "15400000001"


def test_who_is_paired_with_the_own_class_is_known_with_the_phone(
    session, lead, make_user, make_class, make_student, make_helper, make_pair
):
    own_class = make_class()
    teacher = make_user(Role.HOMEROOM, homeroom_of=own_class)
    saved = helpers.register_helper(session, lead, entry=volunteer(kind=HelperKind.PARENT))
    make_pair(make_student(in_class=own_class), session.get_one(Helper, saved.id), role=PairingRole.PEER_PARENT)

    assert helpers.find_helper(session, teacher, helper_id=saved.id).entry.phone == "15400000001"


def test_nobody_else_writes_helpers(session, make_user):
    for role in (Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN):
        with pytest.raises(NotAllowed):
            helpers.register_helper(session, make_user(role), entry=volunteer())


def test_fewer_places_than_children_are_refused(session, lead, make_student, make_helper, make_pair):
    helper = make_helper(capacity=3)
    for name in ("江一", "江二"):
        make_pair(make_student(name), helper, role=PairingRole.PEER_PARENT)

    with pytest.raises(FieldErrors) as raised:
        helpers.change_helper(
            session, lead, helper_id=helper.id, version=1, entry=HelperEntry(name="试帮手", capacity=1)
        )

    assert codes(raised) == {"capacity": "fewer_than_children"}
    assert raised.value.problems["capacity"].facts == {"count": 2}


def test_as_many_places_as_children_are_enough(session, lead, make_student, make_helper, make_pair):
    helper = make_helper(capacity=3)
    for name in ("江一", "江二"):
        make_pair(make_student(name), helper, role=PairingRole.PEER_PARENT)

    helpers.change_helper(session, lead, helper_id=helper.id, version=1, entry=HelperEntry(name="试帮手", capacity=2))

    assert helper.capacity == 2


def test_nobody_begins_to_help_after_the_first_child_came(session, lead, make_student, make_helper, make_pair):
    helper = make_helper()
    make_pair(make_student(), helper, role=PairingRole.PEER_PARENT, from_day=TODAY - DAY)
    asked = HelperEntry(name="试帮手", from_day=TODAY)

    with pytest.raises(FieldErrors) as raised:
        helpers.change_helper(session, lead, helper_id=helper.id, version=1, entry=asked)

    assert codes(raised) == {"from_day": "after_first_pair"}


def test_a_pair_made_by_mistake_and_ended_on_its_day_is_no_beginning(
    session, lead, make_student, make_helper, make_pair
):
    helper = make_helper()
    mistake = {"from_day": TODAY - DAY, "to_day": TODAY - DAY, "end_reason": PairingEnd.MISTAKE}
    make_pair(make_student(), helper, role=PairingRole.PEER_PARENT, **mistake)

    helpers.change_helper(
        session, lead, helper_id=helper.id, version=1, entry=HelperEntry(name="试帮手", from_day=TODAY)
    )

    assert helper.from_day == TODAY


def test_a_pair_written_down_by_mistake_keeps_nobody(session, lead, make_student, make_helper, make_pair):
    helper, later = make_helper(), TODAY + 9 * DAY
    make_pair(
        make_student(), helper, role=PairingRole.PEER_PARENT, from_day=later, to_day=later,
        end_reason=PairingEnd.MISTAKE,
    )  # fmt: skip

    helpers.end_helper(session, lead, helper_id=helper.id, version=1, day=TODAY)

    assert helper.to_day == TODAY


def test_who_changed_it_first_is_not_overwritten(session, lead):
    saved = helpers.register_helper(session, lead, entry=volunteer())
    helpers.change_helper(session, lead, helper_id=saved.id, version=1, entry=volunteer(name="试改名"))

    with pytest.raises(EditedMeanwhile) as raised:
        helpers.change_helper(session, lead, helper_id=saved.id, version=1, entry=volunteer(name="试又改"))

    assert raised.value.current.shown_name == "试改名"


def test_a_volunteer_is_vetted_by_the_care_room_and_not_taken_back_while_there_are_children(
    session, lead, make_user, make_student, make_pair
):
    saved = helpers.register_helper(session, lead, entry=volunteer())
    with pytest.raises(NotAllowed):
        helpers.vet_helper(session, make_user(Role.HOMEROOM), helper_id=saved.id, version=1, day=TODAY)
    helpers.vet_helper(session, lead, helper_id=saved.id, version=1, day=TODAY)
    make_pair(make_student(), session.get_one(Helper, saved.id), role=PairingRole.VOLUNTEER)

    with pytest.raises(FieldErrors) as raised:
        helpers.vet_helper(session, lead, helper_id=saved.id, version=2, day=None)

    assert codes(raised) == {"vetted_on": "has_children"}


def test_who_leaves_has_no_children_any_more(session, lead, make_student, make_helper, make_pair):
    helper = make_helper()
    pair = make_pair(make_student(), helper, role=PairingRole.PEER_PARENT)

    with pytest.raises(HelperHasChildren) as raised:
        helpers.end_helper(session, lead, helper_id=helper.id, version=1, day=TODAY)
    assert raised.value.count == 1
    session.expire_all()
    pair.to_day, pair.end_reason = TODAY, "helper_left"
    session.add(pair)
    session.flush()
    helpers.end_helper(session, lead, helper_id=helper.id, version=helper.version, day=TODAY)

    assert helper.to_day == TODAY


def test_who_was_registered_by_mistake_leaves_on_the_first_day_and_none_before(session, lead, make_helper):
    helper = make_helper(from_day=TODAY)
    with pytest.raises(FieldErrors) as raised:
        helpers.end_helper(session, lead, helper_id=helper.id, version=1, day=TODAY - DAY)
    session.expire_all()

    helpers.end_helper(session, lead, helper_id=helper.id, version=helper.version, day=TODAY)

    assert codes(raised) == {"to_day": "before_start"}
    assert helper.to_day == TODAY
