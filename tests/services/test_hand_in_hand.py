"""The hand-in-hand register: a sheet a class, every left-behind child on it, phones as they are read (J-10, J-11)."""

from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from db.sealing import seal
from db.tables import CategoryKind, Helper, HelperKind, Pairing, PairingRole, Role, StudentCategory
from services import class_lists, clock, hand_in_hand
from services.errors import FieldErrors, NotAllowed, NotFound
from services.student_exports import ExportPurpose
from services.student_keys import name_keys
from tests.conftest import codes
from tests.services.children import collected

PURPOSE = ExportPurpose.REGISTER_BOOK


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    one, two = make_class(7, 1), make_class(7, 2)
    children = {
        name: make_student(name, in_class=place) for name, place in (("江一", one), ("江二", one), ("江三", two))
    }
    make_student("江四", in_class=one)
    for name in ("江一", "江二"):
        session.add(
            StudentCategory(
                student_id=children[name].id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1),
                recorded_at=clock.now(),
            )
        )  # fmt: skip
    for friend, child in (("试甲", "江一"), ("试乙", "江一"), ("试丙", "江三")):
        helper = Helper(
            kind=HelperKind.PUPIL, name=friend, name_order=name_keys(friend).order, capacity=2,
            from_day=date(2026, 9, 1), recorded_at=clock.now(),
        )  # fmt: skip
        seal(helper, "phone_sealed", "15400000137")
        session.add(helper)
        session.flush()
        session.add(
            Pairing(
                student_id=children[child].id, helper_id=helper.id, role=PairingRole.BUDDY,
                from_day=date(2026, 9, 10), recorded_at=clock.now(),
            )
        )  # fmt: skip
    session.flush()
    return {"one": one, "two": two, "lead": make_user(Role.LEAD), "teacher": make_user(Role.HOMEROOM, homeroom_of=one)}


def book_of(made):
    book = CalamineWorkbook.from_filelike(BytesIO(made.content()))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_every_class_has_its_sheet_with_a_line_for_each_friend(session, school):
    made = hand_in_hand.export_hand_in_hand(session, school["lead"], class_id=None, purpose=PURPOSE)

    book = book_of(made)
    assert list(book) == ["七（1）班", "七（2）班"]
    lines = [line[:6] for line in book["七（1）班"][1:4]]
    assert lines == [
        [1.0, "江二", "留守", "", "", ""],
        [2.0, "江一", "留守", "试甲", "手拉手好朋友", "15400000137"],
        ["", "", "", "试乙", "手拉手好朋友", "15400000137"],
    ]
    assert "江四" not in str(book)
    assert made.children == 3
    assert "export.made" in collected(session)


def test_a_homeroom_teacher_gets_the_own_class(session, school):
    made = hand_in_hand.export_hand_in_hand(session, school["teacher"], class_id=None, purpose=PURPOSE)

    assert "江三" not in str(book_of(made))
    with pytest.raises(NotFound):
        hand_in_hand.export_hand_in_hand(session, school["teacher"], class_id=school["two"].id, purpose=PURPOSE)


def test_it_asks_what_for(session, school):
    with pytest.raises(FieldErrors) as raised:
        hand_in_hand.export_hand_in_hand(session, school["lead"], class_id=None, purpose=None)

    assert codes(raised) == {"purpose": "required"}


@pytest.mark.parametrize("role", [Role.MENTOR, Role.SUBJECT_TEACHER, Role.LEADERSHIP])
def test_others_make_none(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        hand_in_hand.export_hand_in_hand(session, make_user(role), class_id=None, purpose=PURPOSE)


def test_the_five_lists_name_the_friends_too(session, school):
    lists = class_lists.export_class_lists(session, school["lead"], class_id=school["one"].id, purpose=PURPOSE)

    rows = book_of(lists)["手拉手登记"]
    line = dict(zip(rows[0], next(row for row in rows if "江一" in row), strict=True))
    assert line["手拉手的同学或老师"] == "试甲、试乙"
    assert line["从哪天起"] == "2026-09-10、2026-09-10"
