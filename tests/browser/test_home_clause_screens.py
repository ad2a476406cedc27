"""Home's lines of the clauses in a real browser: a post's numbers come by themselves, right after a save by others."""

from collections.abc import Iterator

import pytest
from sqlmodel import col, select

from db.tables import (
    CategoryKind,
    ClauseSwitch,
    EnrolmentState,
    Post,
    PostHolder,
    Role,
    Student,
    StudentCategory,
)
from db.transactions import transaction
from services import clock
from services.enrolment import enrolment_change
from tests.browser import driver
from tests.browser.conftest import OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
UNCOUNTED = "您的岗位负责的"


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school, in which the counsellor answers for left-behind children, and E-12 counts."""
    location = copy_of(prepared, tmp_path_factory.mktemp("home_clauses"))
    make_filled_school()
    with at(9, 1), transaction() as session:
        switched = ClauseSwitch(clause_id="E-12", number=1, is_on=True, from_day=clock.today(), set_at=clock.now())
        post_id = session.exec(select(Post.id).where(Post.code == "left_behind_coordinator")).one()
        holder = PostHolder(
            post_id=post_id, user_id=person(session, Role.COUNSELLOR).user_id, seat="school", is_sole=True,
            from_day=clock.today(), recorded_at=clock.now(),
        )  # fmt: skip
        session.add_all([switched, holder])
    with serve(location) as running:
        yield running


def test_a_post_s_numbers_come_without_a_click_and_follow_a_save_by_somebody_else(school: Server, tab: OpenTab):
    give_up_school(0)
    page = tab("", on=school)
    driver.sign_in(page, NAMES[Role.COUNSELLOR][0], PASSWORD)
    driver.see(page, "逾期 1 件")

    give_up_school(1)
    driver.open_page(page, school.address)

    driver.see(page, "逾期 2 件")
    page.get_by_text(UNCOUNTED).wait_for(state="detached")


def give_up_school(place: int) -> None:
    """Have the left-behind child in this place of the register give up school."""
    with at(11, 19, 16), transaction() as session:
        left_behind = select(StudentCategory.student_id).where(StudentCategory.kind == CategoryKind.LEFT_BEHIND)
        child_id = session.exec(left_behind.order_by(col(StudentCategory.student_id)).offset(place)).first()
        child = session.get_one(Student, child_id)
        change = enrolment_change(
            person(session, Role.LEAD), student_id=child.id or 0, before=child.state,
            after=EnrolmentState.DROPPED_OUT, day=clock.today(), place=None,
        )  # fmt: skip
        child.state = EnrolmentState.DROPPED_OUT
        session.add(change)
