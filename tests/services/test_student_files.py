"""A child's file: what each role sees of it, and the trace every opening leaves."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.audit_chain import append_collected
from db.sealing import seal
from db.tables import CategoryKind, ClassMembership, ContactOpening, Guardian, GuardianKind, Role, StudentCategory
from services import audit, categories, clock, file_openings, guardians, student_files, students
from services.categories import CategoryDetails
from services.errors import EditedMeanwhile, NotAllowed, NotFound
from services.guardians import GuardianEntry
from services.row_filters import Grounds
from tests.conftest import NOW
from tests.services.children import BAD_TEXTS, LONG, entry, id_number, problems_of

PHONE = "15400000137"


@pytest.fixture
def third(make_class):
    return make_class(7, 3)


@pytest.fixture
def child(session, make_user, third):
    """江小满 of 七（3）班, left-behind, with a grandmother to call."""
    lead = make_user(Role.LEAD, name="秦若谷")
    saved = students.create_student(
        session, lead, entry=entry(id_number=id_number(), student_no="S000318", address="归云村"), class_id=third.id,
        from_day=date(2026, 9, 1),
    )  # fmt: skip
    guardians.save_guardian(
        session, lead, student_id=saved.id,
        entry=GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾兰亭", phone=PHONE, workplace="在家", is_primary=True),
    )  # fmt: skip
    categories.add_category(
        session, lead, student_id=saved.id, kind=CategoryKind.LEFT_BEHIND,
        details=CategoryDetails(subkind="父母都外出", level=2, evidence="父母务工证明"), from_day=date(2026, 9, 8),
    )  # fmt: skip
    return saved.id


def open_file(session, actor, student_id):
    return student_files.find_student(session, actor, student_id=student_id)


# --- what each role sees -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_the_care_room_and_the_homeroom_teacher_see_card_and_categories(session, make_user, third, child, role):
    actor = make_user(role, name="周砚田", homeroom_of=third if role is Role.HOMEROOM else None)

    file = open_file(session, actor, child)

    assert (file.class_label, file.student_no, file.card.age, file.card.address) == (
        "七（3）班",
        "S000318",
        13,
        "归云村",
    )
    assert file.card.id_number_masked == "3299**********0029"
    assert [(each.name, each.phone) for each in file.card.guardians] == [("顾兰亭", PHONE)]
    assert [(each.kind, each.level, each.evidence) for each in file.categories] == [
        (CategoryKind.LEFT_BEHIND, 2, "父母务工证明")
    ]
    assert file.grounds is (Grounds.HOMEROOM if role is Role.HOMEROOM else Grounds.CARE_ROOM)
    assert file.may_write


def test_a_subject_teacher_sees_the_name_and_may_ask_for_phones(session, make_user, third, child):
    file = open_file(session, make_user(Role.SUBJECT_TEACHER, teaches=third), child)

    assert (file.name, file.class_label, file.grounds) == ("江小满", "七（3）班", Grounds.TAUGHT)
    assert (file.card, file.categories, file.can_open_card, file.may_write) == (None, None, True, False)


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR])
def test_a_child_of_others_and_one_that_does_not_exist_look_the_same(session, make_user, make_class, child, role):
    other = make_class(7, 4)
    actor = make_user(role, homeroom_of=other if role is Role.HOMEROOM else None, teaches=other)
    for student_id in (child, 999_999):
        for act in (
            lambda wanted=student_id: open_file(session, actor, wanted),
            lambda wanted=student_id: student_files.note_opening(session, actor, student_id=wanted),
            lambda wanted=student_id: file_openings.list_openings(session, actor, student_id=wanted),
            lambda wanted=student_id: student_files.open_contact_with_reason(
                session, actor, student_id=wanted, reason="家长会"
            ),
        ):
            with pytest.raises(NotFound):
                act()


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
def test_outsiders_open_no_file(session, make_user, child, role):
    actor = make_user(role)
    for act in (
        lambda: open_file(session, actor, child),
        lambda: student_files.note_opening(session, actor, student_id=child),
        lambda: student_files.open_contact_with_reason(session, actor, student_id=child, reason="家长会"),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_an_administrator_sees_no_openings_of_a_file(session, make_user, child):
    with pytest.raises(NotFound):
        file_openings.list_openings(session, make_user(Role.ADMIN), student_id=child)


def test_the_class_history_leaves_out_what_was_put_right_the_same_day(session, make_user, make_class, third, child):
    lead, fourth = make_user(Role.LEAD), make_class(7, 4)
    students.move_to_class(session, lead, student_id=child, version=1, class_id=fourth.id, day=date(2026, 11, 2))
    students.move_to_class(session, lead, student_id=child, version=2, class_id=third.id, day=date(2026, 11, 2))

    history = open_file(session, lead, child).class_history

    assert [(each.label, each.from_day, each.to_day) for each in history] == [
        ("七（3）班", date(2026, 11, 2), None),
        ("七（3）班", date(2026, 9, 1), date(2026, 11, 2)),
    ]
    assert len(session.exec(select(ClassMembership)).all()) == 3


# --- openings ----------------------------------------------------------------------------------------------


def test_an_opening_is_noted_once_in_half_an_hour(session, make_user, child):
    lead = make_user(Role.LEAD, name="秦若谷")

    def times():
        return len(file_openings.list_openings(session, lead, student_id=child).rows)

    for _ in range(3):
        student_files.note_opening(session, lead, student_id=child)
    assert open_file(session, lead, child).is_opening_noted
    append_collected(session)
    assert times() == 1
    clock.set_fixed(NOW + timedelta(minutes=29))
    student_files.note_opening(session, lead, student_id=child)
    append_collected(session)
    assert times() == 1
    clock.set_fixed(NOW + timedelta(minutes=31))
    assert not open_file(session, lead, child).is_opening_noted
    student_files.note_opening(session, lead, student_id=child)
    append_collected(session)
    assert times() == 2


def test_the_lead_sees_all_openings_and_others_their_own(session, make_user, third, child):
    lead, counsellor = make_user(Role.LEAD, name="秦若谷"), make_user(Role.COUNSELLOR, name="何知微")
    teacher = make_user(Role.HOMEROOM, name="周砚田", homeroom_of=third)
    for actor in (lead, counsellor, teacher):
        student_files.note_opening(session, actor, student_id=child)
    append_collected(session)

    def seen(actor):
        return [(each.who, each.grounds) for each in file_openings.list_openings(session, actor, student_id=child).rows]

    assert seen(lead) == [
        ("周砚田", Grounds.HOMEROOM), ("何知微", Grounds.CARE_ROOM), ("秦若谷", Grounds.CARE_ROOM)
    ]  # fmt: skip
    assert seen(teacher) == [("周砚田", Grounds.HOMEROOM)]


def test_phones_open_with_a_reason_for_fifteen_minutes(session, make_user, third, child):
    teacher, lead = make_user(Role.SUBJECT_TEACHER, name="陆衡之", teaches=third), make_user(Role.LEAD)

    until = student_files.open_contact_with_reason(session, teacher, student_id=child, reason="体育课扭伤，要告诉家里")

    append_collected(session)
    card = open_file(session, teacher, child).card
    assert until == clock.now() + timedelta(minutes=15)
    assert [(each.name, each.phone, each.workplace) for each in card.guardians] == [("顾兰亭", PHONE, None)]
    assert (card.address, card.id_number_masked, card.birth_day) == (None, None, None)
    (opening,) = file_openings.list_openings(session, lead, student_id=child).rows
    assert (opening.who, opening.reason) == ("陆衡之", "体育课扭伤，要告诉家里")
    assert opening.what is file_openings.OpenedWhat.CONTACT
    clock.set_fixed(NOW + timedelta(minutes=15))
    assert open_file(session, teacher, child).card is None


@pytest.mark.parametrize(("reason", "code"), [("", "required"), ("  ", "required"), (LONG, "too_long")])
def test_phones_need_a_reason(session, make_user, third, child, reason, code):
    teacher = make_user(Role.SUBJECT_TEACHER, teaches=third)

    assert problems_of(
        lambda: student_files.open_contact_with_reason(session, teacher, student_id=child, reason=reason)
    ) == {"reason": code}
    assert session.exec(select(ContactOpening)).all() == []


# --- guardians ---------------------------------------------------------------------------------------------


def test_a_guardian_is_changed_and_taken_off_the_card(session, make_user, child):
    lead = make_user(Role.LEAD)
    (card,) = open_file(session, lead, child).card.guardians

    guardians.save_guardian(
        session, lead, student_id=child, guardian_id=card.id, version=card.version,
        entry=GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾 兰亭", phone="0000-1234567，15400000138"),
    )  # fmt: skip

    (changed,) = open_file(session, lead, child).card.guardians
    assert (changed.name, changed.phone, changed.second_phone) == ("顾兰亭", "15400000138", "00001234567")
    assert changed.workplace is None
    guardians.end_guardian(session, lead, student_id=child, guardian_id=card.id, version=changed.version)
    assert open_file(session, lead, child).card.guardians == ()


def test_a_child_has_one_main_contact(session, make_user, child):
    lead = make_user(Role.LEAD)

    guardians.save_guardian(
        session, lead, student_id=child,
        entry=GuardianEntry(kind=GuardianKind.FATHER, name="江远山", phone="15400000211", is_primary=True),
    )  # fmt: skip

    assert [(each.name, each.is_primary) for each in open_file(session, lead, child).card.guardians] == [
        ("江远山", True), ("顾兰亭", False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"kind": None}, {"kind": "required"}),
        ({"name": None, "phone": None}, {"name": "someone"}),
        *[({"name": text}, {"name": "not_a_name"}) for text in BAD_TEXTS],
        ({"name": LONG}, {"name": "too_long"}),
        ({"phone": "12345"}, {"phone": "phone_shape"}),
        ({"phone": "=1+1"}, {"phone": "phone_shape"}),
        ({"phone": LONG}, {"phone": "too_long"}),
        ({"second_phone": "<script>"}, {"second_phone": "phone_shape"}),
        ({"relation": LONG}, {"relation": "too_long"}),
        ({"workplace": LONG}, {"workplace": "too_long"}),
        ({"address": LONG}, {"address": "too_long"}),
    ],
    ids=str,
)
def test_bad_input_about_a_guardian_is_told_field_by_field(session, make_user, child, wrong, expected):
    given = {"kind": GuardianKind.FATHER, "name": "江远山", "phone": "15400000211"} | wrong

    assert (
        problems_of(
            lambda: guardians.save_guardian(
                session, make_user(Role.LEAD), student_id=child, entry=GuardianEntry(**given)
            )
        )
        == expected
    )
    assert len(session.exec(select(Guardian)).all()) == 1


def test_the_second_editor_of_a_guardian_is_shown_the_first(session, make_user, child):
    lead = make_user(Role.LEAD)
    (card,) = open_file(session, lead, child).card.guardians
    mine = GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾兰亭", relation="外婆")
    guardians.save_guardian(session, lead, student_id=child, guardian_id=card.id, version=card.version, entry=mine)

    with pytest.raises(EditedMeanwhile) as raised:
        guardians.save_guardian(session, lead, student_id=child, guardian_id=card.id, version=card.version, entry=mine)

    assert (raised.value.current.relation, raised.value.current.version) == ("外婆", card.version + 1)


def test_a_guardian_of_another_child_is_not_found(session, make_user, make_student, child):
    lead, other = make_user(Role.LEAD), make_student()
    stranger = Guardian(student_id=other.id, kind=GuardianKind.FATHER)
    seal(stranger, "phone_sealed", PHONE)
    session.add(stranger)
    session.flush()

    with pytest.raises(NotFound):
        guardians.end_guardian(session, lead, student_id=child, guardian_id=stranger.id, version=1)


# --- categories --------------------------------------------------------------------------------------------


def test_a_category_is_changed_ended_and_begun_again(session, make_user, child):
    lead = make_user(Role.LEAD)
    (first,) = open_file(session, lead, child).categories

    categories.change_category(
        session, lead, student_id=child, category_id=first.id, version=1, details=CategoryDetails(level=1)
    )
    categories.end_category(session, lead, student_id=child, category_id=first.id, version=2, day=date(2026, 11, 1))
    categories.add_category(
        session, lead, student_id=child, kind=first.kind, details=CategoryDetails(), from_day=date(2026, 11, 1)
    )

    assert [(each.level, each.from_day, each.to_day) for each in open_file(session, lead, child).categories] == [
        (None, date(2026, 11, 1), None),
        (1, date(2026, 9, 8), date(2026, 11, 1)),
    ]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"kind": None}, {"kind": "required"}),
        ({"kind": CategoryKind.LEFT_BEHIND}, {"kind": "category_open"}),
        ({"from_day": None}, {"from_day": "required"}),
        ({"from_day": date(2026, 11, 21)}, {"from_day": "future"}),
        ({"from_day": date(2010, 1, 1)}, {"from_day": "too_early"}),
        ({"details": CategoryDetails(level=7)}, {"level": "out_of_range"}),
        ({"details": CategoryDetails(subkind=LONG)}, {"subkind": "too_long"}),
        ({"details": CategoryDetails(evidence=LONG)}, {"evidence": "too_long"}),
    ],
    ids=str,
)
def test_bad_input_about_a_category_is_told_field_by_field(session, make_user, child, wrong, expected):
    given = {"kind": CategoryKind.IN_DIFFICULTY, "details": CategoryDetails(), "from_day": date(2026, 11, 1)} | wrong

    assert (
        problems_of(lambda: categories.add_category(session, make_user(Role.LEAD), student_id=child, **given))
        == expected
    )
    assert len(session.exec(select(StudentCategory)).all()) == 1


def test_times_of_one_category_do_not_overlap(session, make_user, child):
    lead = make_user(Role.LEAD)
    (first,) = open_file(session, lead, child).categories
    assert problems_of(
        lambda: categories.end_category(
            session, lead, student_id=child, category_id=first.id, version=1, day=date(2026, 9, 1)
        )
    ) == {"day": "before_start"}
    session.expire_all()
    row = session.get_one(StudentCategory, first.id)
    categories.end_category(
        session, lead, student_id=child, category_id=first.id, version=row.version, day=date(2026, 11, 1)
    )

    assert problems_of(
        lambda: categories.add_category(
            session, lead, student_id=child, kind=first.kind, details=CategoryDetails(), from_day=date(2026, 10, 1)
        )
    ) == {"from_day": "category_overlaps"}


@pytest.mark.parametrize(
    "role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN]
)
def test_outsiders_write_neither_guardians_nor_categories(session, make_user, third, child, role):
    actor = make_user(role, teaches=third)
    for act in (
        lambda: guardians.save_guardian(session, actor, student_id=child, entry=GuardianEntry()),
        lambda: guardians.end_guardian(session, actor, student_id=child, guardian_id=1, version=1),
        lambda: categories.add_category(
            session, actor, student_id=child, kind=None, details=CategoryDetails(), from_day=None
        ),
        lambda: categories.change_category(
            session, actor, student_id=child, category_id=1, version=1, details=CategoryDetails()
        ),
        lambda: categories.end_category(session, actor, student_id=child, category_id=1, version=1, day=None),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_homeroom_teacher_writes_about_the_own_class_only(session, make_user, make_class, third, child):
    own, other = make_user(Role.HOMEROOM, homeroom_of=third), make_user(Role.HOMEROOM, homeroom_of=make_class(7, 4))
    father = GuardianEntry(kind=GuardianKind.FATHER, name="江远山")

    guardians.save_guardian(session, own, student_id=child, entry=father)

    with pytest.raises(NotFound):
        guardians.save_guardian(session, other, student_id=child, entry=father)


def test_the_openings_are_paged_and_a_printed_card_is_one_of_them(session, make_user, make_class, make_student):
    lead, child = make_user(Role.LEAD), make_student(in_class=make_class(7, 3)).id
    for hour in range(24):
        clock.set_fixed(NOW + timedelta(hours=hour))
        student_files.note_opening(session, lead, student_id=child)
        append_collected(session)
    audit.record(session, lead, audit.Action.EXPORT_MADE, student_id=child, list="contact_card", count=1)
    append_collected(session)

    pages = [file_openings.list_openings(session, lead, student_id=child, page=page) for page in (1, 2, 99)]

    assert [len(page.rows) for page in pages] == [20, 5, 20]  # past the end stands the first page
    assert pages[0].total == 25
    assert pages[0].rows[0].what is file_openings.OpenedWhat.PRINT
