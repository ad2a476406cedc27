"""Archives and tiers in a real browser: a child put into a tier, a lowering answered from home, the pictures."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page
from sqlmodel import Session, col, select

from db import engine
from db.tables import Role, Student, Tier, TierChange, WarningRole
from db.transactions import reading, transaction
from services import archives, tiers, warning_groups
from services.tiers import TierEntry
from services.warning_groups import MemberEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
HISTORY = [
    ("柳立夏", [(9, 8, 1, "两周没交作业，说夜里在等爸爸的电话。"), (10, 9, 2, "说活着没意思，没有打算；已告诉外婆。"),
              (10, 27, 2, "愿意来谈了，还睡不好，先不动。")]),
    ("江小满", [(9, 15, 1, "和同桌闹翻，一个人吃饭。"), (11, 5, 3, "写了告别的话，说想好了怎么做；家里已接到。")]),
    ("陆青黛", [(9, 15, 1, "爸爸出去打工以后话少了。"), (10, 15, 0, "连着三次谈话都平稳，家里也这么说。")]),
    ("方惊蛰", [(11, 10, 1, "换了座位还是不和人说话。")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school, its archives begun, and four children in tiers."""
    location = copy_of(prepared, tmp_path_factory.mktemp("archives"))
    make_filled_school()
    with at(9, 3), transaction() as session:
        children = session.exec(select(Student.id).order_by(col(Student.id))).all()
        archives.begin_archives(
            session, person(session, Role.COUNSELLOR), student_ids=children[:-4], ordinary_reason="建档时了解过。"
        )
    for name, changes in HISTORY:
        for month, day, rank, reason in changes:
            with at(month, day, 16), transaction() as session:
                _put(session, name, rank, date(2026, month, day), reason)
    with at(11, 6), transaction() as session:
        child = session.exec(select(Student.id).where(Student.name == "江小满")).one() or 0
        group = warning_groups.found_group(session, person(session, Role.COUNSELLOR), student_id=child)
        for role, of_staff, name in (
            (WarningRole.HOMEROOM, Role.HOMEROOM, None),
            (WarningRole.SUBJECT_TEACHER, Role.SUBJECT_TEACHER, None),
            (WarningRole.PARENT, None, "江外婆"),
        ):
            entry = MemberEntry(
                role=role, user_id=person(session, of_staff).user_id if of_staff else None, name=name,
                phone="15400002222" if name else None, was_asked=True,
            )  # fmt: skip
            warning_groups.add_member(session, person(session, Role.LEAD), group_id=group, entry=entry)
    with serve(location) as running:
        yield running


def _put(session: Session, name: str, rank: int, day: date, reason: str) -> None:
    child = session.exec(select(Student.id).where(Student.name == name)).one() or 0
    numbers = select(TierChange.number).where(TierChange.student_id == child, col(TierChange.number).is_not(None))
    follows = max((each or 0 for each in session.exec(numbers)), default=0)
    tier_id = session.exec(select(Tier.id).where(Tier.rank == rank)).one()
    entry = TierEntry(tier_id=tier_id, from_day=day, reason=reason)
    counsellor = person(session, Role.COUNSELLOR)
    tiers.set_tier(session, counsellor, student_id=child, follows=follows, entry=entry)


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


def child_called(school: Server, name: str) -> int:
    engine.use(school.location)
    with reading() as session:
        return session.exec(select(Student.id).where(Student.name == name)).one() or 0


@SIZES
def test_the_list_the_archive_and_the_figures(school: Server, tab: OpenTab, size: tuple[int, int]):
    page, width = enter(school, tab, Role.COUNSELLOR, size), size[0]
    driver.open_page(page, f"{school.address}/archives")
    driver.see(page, "42 人")
    driver.take_picture(page, SCREENS / f"archives-{width}.png")
    child = child_called(school, "柳立夏")
    driver.open_page(page, f"{school.address}/archives?student={child}")
    driver.see(page, "等级的经过")
    driver.see(page, "说活着没意思，没有打算；已告诉外婆。")
    driver.take_picture(page, SCREENS / f"archives-child-{width}.png")
    driver.press(page, "定等级、复核")
    driver.see(page, "为什么（看到什么、和谁商量过）")
    driver.take_picture(page, SCREENS / f"archives-tier-{width}.png")
    driver.open_page(page, f"{school.address}/archives?view=tiers&first=2026-09-10")
    driver.see(page, "的流动")
    driver.take_picture(page, SCREENS / f"archives-figures-{width}.png")
    driver.open_page(page, f"{school.address}/archives?view=rates")
    driver.see(page, "建档率")
    driver.take_picture(page, SCREENS / f"archives-rates-{width}.png")


def test_a_lowering_is_asked_and_answered_from_home(school: Server, tab: OpenTab):
    child = child_called(school, "江小满")
    page = enter(school, tab, Role.COUNSELLOR, driver.DESKTOP)
    driver.open_page(page, f"{school.address}/archives?student={child}")
    driver.press(page, "定等级、复核")
    page.get_by_role("radio", name="二级重点").click()
    page.get_by_label("为什么（看到什么、和谁商量过）").fill("医院复诊说好转，家里一直有人陪。")
    driver.press(page, "保存江小满的等级")
    driver.see(page, "等第二个人")

    page = enter(school, tab, Role.LEAD, driver.DESKTOP)
    driver.see(page, "降级，等您答复：江小满")
    driver.press(page, "看看，答复")
    driver.see(page, "医院复诊说好转，家里一直有人陪。")
    driver.take_picture(page, SCREENS / "archives-answer-1280.png")
    driver.press(page, "同意江小满降级")
    driver.see(page, "已保存。")

    engine.use(school.location)
    with reading() as session:
        numbers = select(TierChange.number, Tier.rank).join(Tier).where(TierChange.student_id == child)
        assert max(session.exec(numbers).all(), key=lambda row: row[0] or 0)[1] == 2


@SIZES
def test_a_teacher_of_the_group_finds_the_child_there(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.SUBJECT_TEACHER, size)
    driver.open_page(page, f"{school.address}/warning_groups")
    driver.press(page, "打开")
    driver.see(page, "江外婆")
    driver.see(page, "还缺")
    driver.take_picture(page, SCREENS / f"warning_groups-{size[0]}.png")
