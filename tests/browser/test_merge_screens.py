"""Two entries of one child become one in a real browser, with the pictures."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import col, select

from db import engine
from db.tables import Gender, GuardianKind, Role, SchoolClass, Student
from db.transactions import reading, transaction
from services import guardians, students
from services.guardians import GuardianEntry
from services.student_entries import StudentEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
# The phone first: at the desk the two become one.
SIZES = pytest.mark.parametrize("size", [driver.PHONE, driver.DESKTOP], ids=lambda size: str(size[0]))


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; 江小满 stands in it a second time, in another class, with other telephones."""
    location = copy_of(prepared, tmp_path_factory.mktemp("merges"))
    make_filled_school()
    with at(11, 2), transaction() as session:
        lead = person(session, Role.LEAD)
        school_class = session.exec(select(SchoolClass).order_by(col(SchoolClass.number))).first()
        saved = students.create_student(
            session, lead, class_id=school_class.id if school_class else None, from_day=date(2026, 9, 10),
            entry=StudentEntry(
                name="江小满", gender=Gender.FEMALE, birth_day=date(2014, 3, 18), student_no="L2026009", ethnicity="汉",
                address="青澜县望舒镇归云村 3 组",
            ),
        )  # fmt: skip
        guardians.save_guardian(
            session, lead, student_id=saved.id,
            entry=GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾兰亭", relation="外婆", phone="15400020001"),
        )  # fmt: skip
        guardians.save_guardian(
            session, lead, student_id=saved.id,
            entry=GuardianEntry(
                kind=GuardianKind.FATHER, name="江远山", phone="15400020002", second_phone="15400020003",
                workplace="青石矿",
            ),
        )  # fmt: skip
    with serve(location) as running:
        yield running


@SIZES
def test_two_entries_become_one(school: Server, tab: OpenTab, size: tuple[int, int]):
    engine.use(school.location)
    with reading() as session:
        kept, other = session.exec(select(Student.id).where(Student.name == "江小满").order_by(col(Student.id))).all()[
            -2:
        ]
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    driver.open_page(page, f"{school.address}/merge_students?student={kept}&other={other}")
    driver.see(page, "两份写得不一样的")
    driver.take_picture(page, SCREENS / f"merge-{size[0]}.png")
    if size != driver.DESKTOP:
        return
    page.get_by_role("radiogroup", name="同一天在两个班，按哪一份算").get_by_text("（留下的）").click()
    driver.wait_until_idle(page)
    phones = page.get_by_role("radiogroup", name="父亲江远山的电话，只放得下两个")
    phones.get_by_text("（留下的）").click()
    driver.wait_until_idle(page)
    page.get_by_text("核对过了，这是同一个孩子").click()
    driver.wait_until_idle(page)
    page.get_by_role("button", name="合并到江小满").click()
    driver.see(page, "合并以后分不开")
    driver.take_picture(page, SCREENS / f"merge-confirm-{size[0]}.png")
    driver.press(page, "合并")
    driver.see(page, "已合并")

    driver.open_page(page, f"{school.address}/child?student={other}")
    driver.see(page, "和另一份合并了")
    driver.take_picture(page, SCREENS / f"child-merged-{size[0]}.png")
    with reading() as session:
        assert session.get_one(Student, other).merged_into_id == kept
