"""A new term in a real browser: its list, a post carried over, a year of holidays said to be complete."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import col, select

from db import engine
from db.tables import CompleteYear, Post, PostHolder, Role
from db.transactions import reading, transaction
from services import clock, schools
from services.answers import seat_of
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; two posts ended with the term before, one holder has left the school."""
    location = copy_of(prepared, tmp_path_factory.mktemp("new_term"))
    make_filled_school()
    with transaction() as session:
        lead = person(session, Role.LEAD)
        for code, role in (("office", Role.HOMEROOM), ("safety_officer", Role.SUBJECT_TEACHER)):
            post = session.exec(select(Post).where(Post.code == code)).one()
            holder = person(session, role)
            session.add(
                PostHolder(
                    post_id=post.id, user_id=holder.user_id, seat=seat_of(), is_sole=post.is_sole,
                    from_day=date(2025, 9, 1), to_day=date(2026, 8, 20), recorded_at=clock.now(),
                )
            )  # fmt: skip
        schools.save_day_exception(session, lead, day=date(2027, 1, 1), is_school_day=False, label="元旦")
    with serve(location) as running:
        yield running


def enter(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[Role.LEAD][0], PASSWORD)
    return page


@SIZES
def test_a_post_goes_on_and_a_year_is_complete(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, size)
    driver.open_page(page, f"{school.address}/new_term")
    driver.see(page, "要做的")
    driver.take_picture(page, SCREENS / f"new_term-{size[0]}.png")
    if size == driver.DESKTOP:
        driver.press(page, "接着任")
        driver.see(page, "任到8月19日")
        driver.take_picture(page, SCREENS / f"new_term-posts-{size[0]}.png")
        driver.press(page, "2 个岗位接着任")
        driver.see(page, "没有在开学以前到期的")
        engine.use(school.location)
        with reading() as session:
            assert len(session.exec(select(PostHolder).where(col(PostHolder.to_day).is_(None))).all()) == 2

    driver.open_page(page, f"{school.address}/settings?view=days")
    driver.see(page, "2027 年的放假和调休")
    if size == driver.DESKTOP:
        driver.press(page, "写齐了")
        driver.see(page, "对着放假通知看一遍")
        driver.press(page, "2027 年写齐了")
        driver.see(page, "确认")
        engine.use(school.location)
        with reading() as session:
            assert session.exec(select(CompleteYear.year)).all() == [2027]
    driver.take_picture(page, SCREENS / f"settings-complete-year-{size[0]}.png")


@SIZES
def test_the_four_have_the_school_s_own_words(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, size)
    driver.open_page(page, f"{school.address}/settings?view=lists")
    driver.see(page, "四特的类别")
    driver.take_picture(page, SCREENS / f"settings-lists-{size[0]}.png")
