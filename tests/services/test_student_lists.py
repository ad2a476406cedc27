"""The register as a list: filters, order, pages, and who sees which columns."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import CategoryKind, ClassTeacher, EnrolmentState, Gender, Role, StudentCategory
from services import clock, student_files, student_lists, students
from services.errors import NotAllowed, NotFound
from services.student_lists import CategoryGroup, StudentFilters, StudentOrder


@pytest.fixture
def put_in_category(session):
    def put(student, kind=CategoryKind.LEFT_BEHIND, *, to_day=None):
        session.add(
            StudentCategory(
                student_id=student.id, kind=kind, from_day=date(2026, 9, 1), to_day=to_day, recorded_at=clock.now()
            )
        )
        session.flush()

    return put


@pytest.fixture
def school(make_class, make_student, put_in_category):
    """Two classes, four children; 江小满 and 方惊蛰 are in categories, 柳立夏 no longer."""
    third, first = make_class(7, 3), make_class(8, 1)
    children = {
        "江小满": make_student("江小满", in_class=third),
        "柳立夏": make_student("柳立夏", in_class=third, name_pinyin="liulixia", name_initials="llx"),
        "白石英": make_student("白石英", in_class=third, name_pinyin="baishiying", gender=Gender.MALE),
        "方惊蛰": make_student("方惊蛰", in_class=first, name_pinyin="fangjingzhe", student_no=None),
    }
    put_in_category(children["江小满"])
    put_in_category(children["江小满"], CategoryKind.SPECIAL_FAMILY)
    put_in_category(children["方惊蛰"], CategoryKind.IN_DIFFICULTY)
    put_in_category(children["柳立夏"], to_day=date(2026, 10, 1))  # no longer
    return third, first, children


def names(page) -> list[str]:
    return [row.name for row in page.rows]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["白石英", "江小满", "柳立夏", "方惊蛰"]),
        ({"grade": 8}, ["方惊蛰"]),
        ({"text": "ll"}, ["柳立夏"]),
        ({"category": CategoryGroup.LEFT_BEHIND}, ["江小满"]),
        ({"category": CategoryGroup.FOUR_SPECIAL}, ["江小满"]),
        ({"category": CategoryGroup.IN_DIFFICULTY, "grade": 7}, []),
        ({"state": EnrolmentState.TRANSFERRED}, []),
    ],
    ids=str,
)
def test_the_register_is_filtered(session, make_user, school, filters, expected):
    page = student_lists.list_students(session, make_user(Role.LEAD), filters=StudentFilters(**filters))

    assert (names(page), page.total) == (expected, len(expected))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (StudentOrder.CLASS, ["白石英", "江小满", "柳立夏", "方惊蛰"]),
        (StudentOrder.NAME, ["白石英", "方惊蛰", "江小满", "柳立夏"]),
        (StudentOrder.NUMBER, ["江小满", "柳立夏", "白石英", "方惊蛰"]),
        (StudentOrder.NEWEST, ["方惊蛰", "白石英", "柳立夏", "江小满"]),
    ],
)
def test_the_register_is_ordered(session, make_user, school, order, expected):
    assert names(student_lists.list_students(session, make_user(Role.LEAD), order=order)) == expected


def test_a_page_that_no_longer_exists_becomes_the_first_one(session, make_user, school):
    page = student_lists.list_students(session, make_user(Role.LEAD), page=9, page_size=3)

    assert (page.page, page.pages, page.total, len(page.rows)) == (1, 2, 4, 3)


def test_a_row_is_ready_to_show(session, make_user, school):
    make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school[0])

    page = student_lists.list_students(session, make_user(Role.LEAD), filters=StudentFilters(text="江"))

    (row,) = page.rows
    assert (row.class_label, row.homeroom_name, row.groups) == (
        "七（3）班", "周砚田", (CategoryGroup.LEFT_BEHIND, CategoryGroup.FOUR_SPECIAL)
    )  # fmt: skip


def test_the_number_of_statements_does_not_grow(session, make_user, school, make_student, statements):
    lead = make_user(Role.LEAD)
    for _ in range(40):
        make_student(in_class=school[0])
    statements.clear()

    student_lists.list_students(session, lead, page_size=50)

    assert len(statements) == 3


def test_pills_count_with_the_other_filters_applied(session, make_user, school):
    lead = make_user(Role.LEAD)

    assert student_lists.count_categories(
        session, lead, filters=StudentFilters(grade=7, category=CategoryGroup.IN_DIFFICULTY)
    ) == {CategoryGroup.LEFT_BEHIND: 1, CategoryGroup.FOUR_SPECIAL: 1, CategoryGroup.IN_DIFFICULTY: 0}


def test_a_homeroom_teacher_sees_the_own_class_with_categories(session, make_user, school):
    teacher = make_user(Role.HOMEROOM, homeroom_of=school[0])

    page = student_lists.list_students(session, teacher)

    assert names(page) == ["白石英", "江小满", "柳立夏"]
    assert page.shows_categories
    assert page.rows[1].categories == (CategoryKind.LEFT_BEHIND, CategoryKind.SPECIAL_FAMILY)
    assert [each.label for each in student_lists.list_register_classes(session, teacher)] == ["七（3）班"]


def test_a_subject_teacher_sees_names_only_and_cannot_filter_for_categories(session, make_user, school):
    teacher = make_user(Role.SUBJECT_TEACHER, teaches=school[0])

    page = student_lists.list_students(session, teacher)
    guessed = student_lists.list_students(session, teacher, filters=StudentFilters(category=CategoryGroup.LEFT_BEHIND))

    assert not page.shows_categories
    assert {(row.categories, row.birth_day) for row in page.rows} == {((), None)}
    assert guessed.total == 0
    assert student_lists.count_categories(session, teacher, filters=StudentFilters()) == {}


def test_who_teaches_one_class_and_leads_another_sees_categories_of_the_own_only(session, make_user, school):
    teacher = make_user(Role.HOMEROOM, Role.SUBJECT_TEACHER, homeroom_of=school[1], teaches=school[0])

    page = student_lists.list_students(session, teacher)

    assert {row.name: row.categories for row in page.rows if row.categories} == {
        "方惊蛰": (CategoryKind.IN_DIFFICULTY,)
    }
    assert [each.label for each in student_lists.list_writable_classes(session, teacher)] == ["八（1）班"]


def test_a_mentor_without_pairs_sees_nobody(session, make_user, school):
    page = student_lists.list_students(session, make_user(Role.MENTOR))

    assert (page.total, page.shows_categories, page.shows_needs_care) == (0, False, True)


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
def test_outsiders_may_not_list_children(session, make_user, role):
    actor = make_user(role)
    for act in (
        lambda: student_lists.list_students(session, actor),
        lambda: student_lists.count_students(session, actor, filters=StudentFilters()),
        lambda: student_lists.count_categories(session, actor, filters=StudentFilters()),
        lambda: student_lists.list_register_classes(session, actor),
        lambda: student_lists.list_writable_classes(session, actor),
    ):
        with pytest.raises(NotAllowed):
            act()


@pytest.mark.parametrize("kind", ["homeroom_of", "teaches"])
def test_who_no_longer_teaches_a_class_no_longer_sees_it(session, make_user, school, kind):
    third, _, children = school
    role = Role.HOMEROOM if kind == "homeroom_of" else Role.SUBJECT_TEACHER
    teacher = make_user(role, **{kind: third})
    assert student_lists.list_students(session, teacher).total == 3

    post = session.exec(select(ClassTeacher).where(ClassTeacher.user_id == teacher.user_id)).one()
    post.to_day = clock.today()
    session.flush()

    assert student_lists.list_students(session, teacher).total == 0
    with pytest.raises(NotFound):
        student_files.find_student(session, teacher, student_id=children["江小满"].id)


@pytest.mark.parametrize("kind", ["homeroom_of", "teaches"])
def test_a_child_that_changed_class_is_seen_by_its_new_teachers_alone(session, make_user, school, kind):
    third, first, children = school
    role = Role.HOMEROOM if kind == "homeroom_of" else Role.SUBJECT_TEACHER
    before, after = make_user(role, **{kind: third}), make_user(role, **{kind: first})
    child = children["江小满"]

    students.move_to_class(
        session, make_user(Role.LEAD), student_id=child.id, version=1, class_id=first.id, day=clock.today()
    )

    assert child.name not in names(student_lists.list_students(session, before))
    assert child.name in names(student_lists.list_students(session, after))
    with pytest.raises(NotFound):
        student_files.find_student(session, before, student_id=child.id)
