"""Names are sorted as a Chinese dictionary sorts them, the same on both engines."""

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from db.tables import AppUser, Role, Student
from services import account_lists, accounts, student_lists
from services.student_keys import name_keys
from services.student_lists import StudentFilters, StudentOrder


def test_syllables_are_compared_with_syllables(session, make_user, make_student):
    # fan < fang; fang1 before fang2; 张 and 章, both zhang1, each stand together; lu < lü; 单 is shan or chan.
    names = ["章一诺", "张竹", "张安", "吕白露", "鲁小满", "房安", "方竹", "方一诺", "范杉", "单立夏", "单于飞"]
    for name in names:
        make_student(name)

    page = student_lists.list_students(session, make_user(Role.LEAD), filters=StudentFilters(), order=StudentOrder.NAME)

    assert [row.name for row in page.rows] == [
        "单于飞", "范杉", "方一诺", "方竹", "房安", "鲁小满", "吕白露", "单立夏", "张安", "张竹", "章一诺",
    ]  # fmt: skip


def test_staff_are_sorted_likewise(session, make_user):
    admin = make_user(Role.ADMIN, name="周砚田")
    for name in ("方竹", "范杉", "丁香"):
        make_user(Role.COUNSELLOR, name=name)

    found = account_lists.list_staff(session, admin, roles=[Role.COUNSELLOR])

    assert [person.display_name for person in found] == ["丁香", "范杉", "方竹"]


@pytest.mark.parametrize("name", ["", "Anna", "Anna 方", "😀", "方" * 40])
def test_any_name_has_a_place(name):
    order = name_keys(name).order

    assert len(order) <= 360
    assert name_keys("范杉").order < name_keys("方竹").order


def test_the_order_does_not_hang_on_the_locale_of_the_server():
    for table in (Student, AppUser):
        made = str(CreateTable(table.__table__).compile(dialect=postgresql.dialect()))

        assert 'name_order VARCHAR(360) COLLATE "C"' in made


def test_a_changed_name_changes_its_place(session, make_user):
    admin, teacher = make_user(Role.ADMIN), make_user(Role.MENTOR, name="方竹")

    accounts.change_account(
        session, admin, user_id=teacher.user_id, version=1, display_name="安竹", roles=[Role.MENTOR]
    )

    stored = session.execute(select(AppUser.name_order).where(AppUser.id == teacher.user_id)).scalar_one()
    assert stored == name_keys("安竹").order
