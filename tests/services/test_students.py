"""The register: finding children, writing them down, moving them, letting them go."""

from datetime import date
from functools import partial

import pytest
from sqlmodel import col, select

from db import sealing
from db.audit_chain import COLLECTED
from db.tables import ClassMembership, EnrolmentState, Gender, Role, Student
from services import clock, students
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound, Problem
from services.student_entries import StudentEntry
from services.student_keys import name_keys
from tests.conftest import codes
from tests.services.children import BAD_TEXTS, LONG, collected, entry, id_number, problems_of

OTHERS = [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN]


# --- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("江小满", "jiangxiaoman", "jxm"),
        ("单立春", "shanlichun", "slc"),
        ("曾谷雨", "zengguyu", "zgy"),
        ("仇白露", "qiubailu", "qbl"),
        ("解惊蛰", "xiejingzhe", "xjz"),
        ("尉迟清明", "yuchiqingming", "ycqm"),
        ("欧阳清明", "ouyangqingming", "oyqm"),
        ("阿依·夏至", "ayixiazhi", "ayxz"),
        ("Anna", "anna", "a"),
        ("😀", "", ""),
    ],
)
def test_a_name_is_found_as_it_is_spoken(name, pinyin, initials):
    assert name_keys(name)[:2] == (pinyin, initials)


# --- finding -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("江小满", "小满", " 江 小 满 ", "jiangxiaoman", "jiang xiao", "JXM", "jx"),
        *("七3", "七（3）班", "703", "7.3班", "S000318", "s000318", "0318", "七3 江"),
    ],
)
def test_one_box_finds_by_name_pinyin_class_and_number(session, make_user, make_class, make_student, text):
    lead, third = make_user(Role.LEAD), make_class(7, 3)
    child = make_student("江小满", in_class=third, student_no="S000318")
    make_student("柳立夏", in_class=make_class(8, 1), student_no="S000901", name_pinyin="liulixia", name_initials="llx")

    found = students.find_students(session, lead, text=text)

    assert [(each.id, each.name, each.class_label, each.student_no) for each in found] == [
        (child.id, "江小满", "七（3）班", "S000318")
    ]


@pytest.mark.parametrize(
    "text", ["", "   ", "%", "_", "'; DROP TABLE student; --", "江" * 10_000, "\x00", "=1+1", "😀"]
)
def test_odd_texts_find_nobody(session, make_user, make_student, text):
    make_student()

    assert students.find_students(session, make_user(Role.LEAD), text=text) == []


def test_namesakes_can_be_told_apart(session, make_user, make_class, make_student):
    third = make_class(7, 3)
    make_student(in_class=third, student_no="S1")
    make_student(in_class=make_class(7, 4), student_no="S2")
    make_student(in_class=third, student_no=None, birth_day=date(2013, 12, 2))

    found = students.find_students(session, make_user(Role.LEAD), text="江小满")

    assert [(each.class_label, each.student_no) for each in found] == [
        ("七（3）班", "S1"),
        ("七（3）班", "还没有（12月2日生）"),
        ("七（4）班", "S2"),
    ]


def test_a_birthday_is_told_only_to_who_may_read_the_card(session, make_user, make_class, make_student):
    in_class = make_class(7, 3)
    make_student(in_class=in_class, student_no=None, birth_day=date(2013, 12, 2))
    teacher = make_user(Role.SUBJECT_TEACHER, teaches=in_class)

    assert [each.student_no for each in students.find_students(session, teacher, text="江小满")] == ["还没有"]


def test_finding_takes_one_statement_however_many_there_are(session, make_user, make_student, statements):
    lead = make_user(Role.LEAD)
    for _ in range(30):
        make_student()
    statements.clear()

    assert len(students.find_students(session, lead, text="江", limit=8)) == 8
    assert len(statements) == 1


def test_teachers_find_only_the_children_of_their_classes(session, make_user, make_class, make_student):
    third, fourth = make_class(7, 3), make_class(7, 4)
    own, _other = make_student(in_class=third), make_student(in_class=fourth)
    actors = [make_user(Role.HOMEROOM, homeroom_of=third), make_user(Role.SUBJECT_TEACHER, teaches=third)]

    assert [[each.id for each in students.find_students(session, actor, text="江")] for actor in actors] == [
        [own.id]
    ] * 2


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
def test_outsiders_may_not_find_children(session, make_user, role):
    actor = make_user(role)

    with pytest.raises(NotAllowed):
        students.find_students(session, actor, text="江")
    with pytest.raises(NotAllowed):
        students.find_namesakes(session, actor, name="江小满")


# --- creating ----------------------------------------------------------------------------------------------


def test_a_new_child_has_all_it_was_given(session, make_user, make_class):
    lead, third = make_user(Role.LEAD), make_class(7, 3)
    given = entry(
        name=" 江 小满 ", student_no="s000318", id_number=id_number(), ethnicity="汉族", is_boarding=True,
        address="青澜县望舒镇归云村 8 号", residence="青澜县", entered_on=date(2026, 9, 1), note="午饭在校吃",
    )  # fmt: skip

    saved = students.create_student(session, lead, entry=given, class_id=third.id)

    stored = students.find_entry(session, lead, student_id=saved.id)
    assert (stored.name, stored.student_no, stored.id_number_masked) == ("江小满", "S000318", "3299**********0029")
    assert (stored.address, stored.note, stored.is_boarding) == ("青澜县望舒镇归云村 8 号", "午饭在校吃", True)
    assert session.exec(select(ClassMembership.from_day)).one() == date(2026, 9, 1)
    assert collected(session)[-1] == "student.created"


def test_a_valid_id_number_fills_birthday_and_gender(session, make_user):
    given = StudentEntry(name="江小满", id_number=id_number(order=3))

    saved = students.create_student(session, make_user(Role.LEAD), entry=given, class_id=None)

    child = session.get_one(Student, saved.id)
    assert (child.birth_day, child.gender) == (date(2013, 5, 21), Gender.MALE)


def test_what_is_private_is_not_in_the_clear(session, make_user):
    given = entry(id_number=id_number(), address="归云村", note="怕黑")

    saved = students.create_student(session, make_user(Role.LEAD), entry=given, class_id=None)

    child = session.get_one(Student, saved.id)
    assert "归云村".encode() not in child.address_sealed
    assert sealing.unseal(child, "id_number_sealed") == id_number()
    assert child.id_number_hash != id_number()


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"name": ""}, {"name": "required"}),
        ({"name": None}, {"name": "required"}),
        ({"name": LONG}, {"name": "too_long"}),
        *[({"name": text}, {"name": "not_a_name"}) for text in BAD_TEXTS],
        ({"gender": None}, {"gender": "required"}),
        ({"birth_day": None}, {"birth_day": "required"}),
        ({"birth_day": date(2026, 11, 21)}, {"birth_day": "future"}),
        ({"birth_day": date(1980, 1, 1)}, {"birth_day": "age"}),
        ({"student_no": LONG}, {"student_no": "too_long"}),
        *[({"student_no": text}, {"student_no": "code_shape"}) for text in BAD_TEXTS if len(text) < 41],
        ({"id_number": "32990020130521002"}, {"id_number": "id_format"}),
        ({"id_number": LONG}, {"id_number": "too_long"}),
        ({"id_number": "<script>"}, {"id_number": "id_format"}),
        ({"id_number": "329900201305210021"}, {"id_number": "id_checksum"}),
        ({"id_number": id_number(date(2013, 5, 22))}, {"birth_day": "birth_day_differs"}),
        ({"id_number": id_number(order=3)}, {"gender": "gender_differs"}),
        ({"ethnicity": LONG}, {"ethnicity": "too_long"}),
        ({"address": LONG}, {"address": "too_long"}),
        ({"residence": LONG}, {"residence": "too_long"}),
        ({"note": LONG}, {"note": "too_long"}),
        ({"entered_on": date(2027, 9, 1)}, {"entered_on": "future"}),
    ],
    ids=str,
)
def test_bad_input_is_told_field_by_field_and_nothing_is_written(session, make_user, wrong, expected):
    lead = make_user(Role.LEAD)

    problems = problems_of(lambda: students.create_student(session, lead, entry=entry(**wrong), class_id=None))

    assert problems == expected
    assert session.exec(select(Student)).all() == []


def test_several_problems_are_told_at_once(session, make_user):
    lead = make_user(Role.LEAD)

    assert problems_of(lambda: students.create_student(session, lead, entry=StudentEntry(), class_id=None)) == {
        "name": "required",
        "gender": "required",
        "birth_day": "required",
    }


@pytest.mark.parametrize("text", ["'); DROP TABLE student; --", "<b>归云村</b>", "=1+1", "😀 村"])
def test_free_text_is_kept_as_typed(session, make_user, text):
    lead = make_user(Role.LEAD)

    saved = students.create_student(session, lead, entry=entry(address=text), class_id=None)

    assert students.find_entry(session, lead, student_id=saved.id).address == text


@pytest.mark.parametrize("field", ["student_no", "id_number"])
def test_a_number_belongs_to_one_child(session, make_user, field):
    lead = make_user(Role.LEAD)
    same = {field: {"student_no": "S000318", "id_number": id_number()}[field]}
    students.create_student(session, lead, entry=entry(**same), class_id=None)

    assert problems_of(
        lambda: students.create_student(session, lead, entry=entry(name="柳立夏", **same), class_id=None)
    ) == {field: "taken"}


def test_namesakes_are_a_warning(session, make_user, make_class, make_student):
    make_student(in_class=make_class(7, 3))

    saved = students.create_student(session, make_user(Role.LEAD), entry=entry(), class_id=None)

    assert [each.class_label for each in saved.namesakes] == ["七（3）班"]


def test_a_homeroom_teacher_writes_only_the_own_class(session, make_user, make_class, make_student):
    third, fourth = make_class(7, 3), make_class(7, 4)
    teacher = make_user(Role.HOMEROOM, Role.SUBJECT_TEACHER, homeroom_of=third, teaches=fourth)
    taught = make_student(in_class=fourth)
    unseen = make_student(in_class=make_class(9, 1))

    own = students.create_student(session, teacher, entry=entry(), class_id=third.id)

    assert students.find_entry(session, teacher, student_id=own.id).name == "江小满"
    with pytest.raises(NotAllowed):
        students.create_student(session, teacher, entry=entry(), class_id=fourth.id)
    assert problems_of(lambda: students.create_student(session, teacher, entry=entry(), class_id=None)) == {
        "class_id": "required"
    }
    with pytest.raises(NotAllowed):
        students.find_entry(session, teacher, student_id=taught.id)
    with pytest.raises(NotFound):
        students.find_entry(session, teacher, student_id=unseen.id)


@pytest.mark.parametrize("role", OTHERS)
def test_outsiders_write_no_child(session, make_user, make_class, make_student, role):
    third = make_class(7, 3)
    child, actor = make_student(in_class=third), make_user(role, teaches=third)
    acts = [
        lambda: students.create_student(session, actor, entry=entry(), class_id=third.id),
        lambda: students.find_entry(session, actor, student_id=child.id),
        lambda: students.change_student(session, actor, student_id=child.id, version=1, entry=entry()),
        lambda: students.move_to_class(session, actor, student_id=child.id, version=1, class_id=third.id, day=None),
        lambda: students.change_state(
            session, actor, student_id=child.id, version=1, state=EnrolmentState.ON_LEAVE, day=date(2026, 11, 1)
        ),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


# --- changing ----------------------------------------------------------------------------------------------


def test_a_change_counts_up_and_names_its_fields(session, make_user):
    lead = make_user(Role.LEAD)
    saved = students.create_student(session, lead, entry=entry(id_number=id_number()), class_id=None)

    changed = students.change_student(
        session, lead, student_id=saved.id, version=1, entry=entry(name="柳小暑", address="归云村")
    )

    stored = students.find_entry(session, lead, student_id=saved.id)
    assert (changed.version, stored.name, stored.id_number_masked) == (2, "柳小暑", "3299**********0029")
    fields = session.info[COLLECTED][-1].details["fields"]
    assert fields == ["address_sealed", "name", "name_initials", "name_order", "name_pinyin"]


def test_a_blank_id_number_is_kept_until_it_is_taken_away(session, make_user):
    lead = make_user(Role.LEAD)
    saved = students.create_student(session, lead, entry=entry(id_number=id_number()), class_id=None)

    kept = problems_of(
        lambda: students.change_student(
            session, lead, student_id=saved.id, version=1, entry=entry(birth_day=date(2013, 5, 22))
        )
    )
    session.refresh(session.get_one(Student, saved.id))
    students.change_student(
        session, lead, student_id=saved.id, version=1,
        entry=entry(birth_day=date(2013, 5, 22), removes_id_number=True),
    )  # fmt: skip

    assert kept == {"birth_day": "birth_day_differs"}
    assert students.find_entry(session, lead, student_id=saved.id).id_number_masked is None
    assert session.get_one(Student, saved.id).id_number_hash is None


def test_the_second_editor_is_shown_what_the_first_saved(session, make_user):
    first, second = make_user(Role.LEAD, name="秦若谷"), make_user(Role.COUNSELLOR)
    saved = students.create_student(session, first, entry=entry(), class_id=None)
    students.change_student(session, first, student_id=saved.id, version=1, entry=entry(ethnicity="汉族"))

    with pytest.raises(EditedMeanwhile) as raised:
        students.change_student(session, second, student_id=saved.id, version=1, entry=entry(ethnicity="苗族"))

    assert (raised.value.current.ethnicity, raised.value.current.version) == ("汉族", 2)


def test_a_child_changes_class_and_keeps_the_old_stay(session, make_user, make_class, make_student):
    lead, third, fourth = make_user(Role.LEAD), make_class(7, 3), make_class(7, 4)
    child = make_student(in_class=third)

    students.move_to_class(session, lead, student_id=child.id, version=1, class_id=fourth.id, day=date(2026, 11, 2))

    stays = session.exec(select(ClassMembership).order_by(col(ClassMembership.id))).all()
    assert [(each.class_id, each.from_day, each.to_day) for each in stays] == [
        (third.id, date(2026, 9, 1), date(2026, 11, 2)),
        (fourth.id, date(2026, 11, 2), None),
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (None, {"day": "required"}),
        (date(2026, 11, 21), {"day": "future"}),
        (date(2026, 8, 31), {"day": "before_entry"}),
    ],
)
def test_a_move_needs_a_day_that_can_be(session, make_user, make_class, make_student, day, expected):
    lead, third, fourth = make_user(Role.LEAD), make_class(7, 3), make_class(7, 4)
    child = make_student(in_class=third)

    assert (
        problems_of(
            lambda: students.move_to_class(session, lead, student_id=child.id, version=1, class_id=fourth.id, day=day)
        )
        == expected
    )


def test_a_move_needs_another_class_that_exists(session, make_user, make_class, make_student):
    lead, third = make_user(Role.LEAD), make_class(7, 3)
    child = make_student(in_class=third)
    for class_id, code in ((None, "required"), (third.id, "same_class"), (999, "unknown_choice")):
        child.version = 1
        assert problems_of(
            lambda wanted=class_id: students.move_to_class(
                session, lead, student_id=child.id, version=1, class_id=wanted, day=date(2026, 11, 2)
            )
        ) == {"class_id": code}
        session.expire(child)
        session.refresh(child)


def test_leaving_ends_the_stay_and_coming_back_does_not_restore_it(session, make_user, make_class, make_student):
    lead, third = make_user(Role.LEAD), make_class(7, 3)
    child = make_student(in_class=third)

    students.change_state(
        session, lead, student_id=child.id, version=1, state=EnrolmentState.TRANSFERRED, day=date(2026, 11, 10)
    )
    found = students.find_students(session, lead, text="江小满")
    students.change_state(
        session, lead, student_id=child.id, version=2, state=EnrolmentState.ENROLLED, day=date(2026, 11, 20)
    )

    assert [each.class_label for each in found] == ["已转出"]
    assert session.exec(select(ClassMembership.to_day)).one() == date(2026, 11, 10)
    assert (child.state, child.left_on) == (EnrolmentState.ENROLLED, None)
    assert students.find_students(session, lead, text="江小满")[0].class_label == "未编班"


def test_a_state_needs_a_day_that_can_be(session, make_user, make_class, make_student):
    child = make_student(in_class=make_class(7, 3))

    assert problems_of(
        lambda: students.change_state(
            session, make_user(Role.LEAD), student_id=child.id, version=1, state=None, day=date(2027, 1, 1)
        )
    ) == {"state": "required", "day": "future"}


def test_a_number_taken_meanwhile_is_told_like_one_taken_before(session, make_user, monkeypatch):
    lead = make_user(Role.LEAD)
    students.create_student(session, lead, entry=entry(student_no="S000318"), class_id=None)
    monkeypatch.setattr("services.student_entries._is_taken", lambda *_args: False)  # as in a race

    with session.begin_nested(), pytest.raises(FieldErrors) as raised:
        students.create_student(session, lead, entry=entry(name="柳立夏", student_no="S000318"), class_id=None)

    assert raised.value.problems == {"student_no": Problem("taken")}


def test_nobody_is_moved_into_a_class_of_years_ago(session, term, make_user, make_class, make_student):
    lead, child = make_user(Role.LEAD), make_student("江小满", in_class=make_class(7, 1))

    with pytest.raises(FieldErrors) as refused:
        students.move_to_class(
            session, lead, student_id=child.id, version=child.version,
            class_id=make_class(6, 1, school_year=2020).id, day=clock.today(),
        )  # fmt: skip
    assert refused.value.problems == {"class_id": Problem("unknown_choice")}


def test_a_child_enters_a_class_after_it_left_the_last_one_and_leaves_after_it_was_born(
    session, make_user, make_class, make_student
):
    lead, one, two = make_user(Role.LEAD), make_class(7, 1), make_class(7, 2)
    child = make_student("褚谷雨", in_class=one)
    change = partial(students.change_state, session, lead, student_id=child.id)
    change(version=child.version, state=EnrolmentState.TRANSFERRED, day=date(2026, 11, 10))

    with pytest.raises(FieldErrors) as refused:
        change(version=child.version, state=EnrolmentState.ENROLLED, day=date(2026, 11, 9))
    assert codes(refused) == {"day": "before_entry"}
    change(version=child.version, state=EnrolmentState.ENROLLED, day=date(2026, 11, 10))
    with pytest.raises(FieldErrors) as refused:
        students.move_to_class(
            session, lead, student_id=child.id, version=child.version, class_id=two.id, day=date(2026, 11, 9)
        )
    assert codes(refused) == {"day": "before_entry"}

    newborn = make_student("方甜杏", entered_on=None, birth_day=date(2013, 5, 21))
    with pytest.raises(FieldErrors) as refused:
        students.change_state(
            session, lead, student_id=newborn.id, version=newborn.version, state=EnrolmentState.TRANSFERRED,
            day=date(1900, 1, 1),
        )  # fmt: skip
    assert codes(refused) == {"day": "before_entry"}
