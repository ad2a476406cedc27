"""Referring a child out in a real browser: the form with what follows beside it, then one that is followed."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page
from sqlmodel import Session, col, select

from db import engine
from db.tables import ConsentAnswer, ConsentPurpose, OutwardContact, OutwardReferral, OutwardTarget, Role, Student
from db.transactions import reading, transaction
from services import consents, outward_referrals
from services.outward_referrals import FollowUpEntry, OutwardEntry
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD
from tests.browser.school import at, make_filled_school, person

pytestmark = [pytest.mark.browser, pytest.mark.long]
HOSPITAL = "栖云市第三医院心理科"


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The filled school; of two children the family agrees, one of them was referred to a hospital in October."""
    location = copy_of(prepared, tmp_path_factory.mktemp("outward"))
    make_filled_school()
    with at(10, 30), transaction() as session:
        counsellor = person(session, Role.COUNSELLOR)
        for name in ("柳立夏", "霍半夏"):
            consents.record_consent(
                session, counsellor, student_id=child_called(session, name), purpose=ConsentPurpose.REFERRAL,
                answer=ConsentAnswer.GIVEN, day=date(2026, 10, 30), by_whom="外婆", evidence="签字表在档案柜",
            )  # fmt: skip
        entry = OutwardEntry(
            target_kind=OutwardTarget.HOSPITAL, target=HOSPITAL, contact="门诊 15400009000",
            reason="近一个月睡不着，吃得少，说活着没意思；家里同意去看。", handed="转介信一份。",
            referred_on=date(2026, 10, 30),
        )  # fmt: skip
        number = outward_referrals.refer_out(
            session, counsellor, student_id=child_called(session, "柳立夏"), entry=entry
        )
    with at(11, 6), transaction() as session:
        counsellor = person(session, Role.COUNSELLOR)
        outward_referrals.record_answer(
            session, counsellor, outward_id=number, version=1, answered_on=date(2026, 11, 6),
            answer="看过了，建议每两周门诊一次，学校配合作息。",
        )  # fmt: skip
        follow = FollowUpEntry(day=date(2026, 11, 6), contact=OutwardContact.CHILD, words="说睡得好一些，愿意再去。")
        outward_referrals.save_follow_up(session, counsellor, outward_id=number, entry=follow)
    with serve(location) as running:
        yield running


def child_called(session: Session, name: str) -> int:
    return session.exec(select(Student.id).where(Student.name == name)).one() or 0


def enter(school: Server, tab: OpenTab, size: tuple[int, int]) -> Page:
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[Role.COUNSELLOR][0], PASSWORD)
    return page


@SIZES
def test_a_child_is_referred_out_and_followed(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, size)
    engine.use(school.location)
    with reading() as session:
        child = child_called(session, "霍半夏")
        number = session.exec(select(OutwardReferral.id).order_by(col(OutwardReferral.id))).first()
    driver.open_page(page, f"{school.address}/outward_new?student={child}")
    driver.see(page, "同意转介")
    page.get_by_text("医院、心理门诊", exact=True).click()
    page.get_by_label("哪个单位").fill(HOSPITAL)
    page.get_by_label("为什么转").fill("惊慌发作过两次，家里同意去看。")
    page.get_by_label("交了什么").fill("转介信一份。")
    page.get_by_label("为什么转").click()
    driver.see(page, "草稿已在")
    driver.take_picture(page, SCREENS / f"outward_new-{size[0]}.png")
    if size == driver.DESKTOP:
        driver.press(page, "登记霍半夏的转介")
        driver.see(page, "等回音")
    driver.open_page(page, f"{school.address}/outward?outward={number}")
    driver.see(page, "说睡得好一些")
    driver.take_picture(page, SCREENS / f"outward-{size[0]}.png")
