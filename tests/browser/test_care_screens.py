"""Every role walks every page of a school at work; pictures of the care room's pages at both widths."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from sqlmodel import select

from db import engine
from db.tables import AppUser, Referral, Role, Student
from db.transactions import reading, transaction
from services import intake, referral_views
from services.actors import Actor
from services.intake import ReferralChange
from tests.browser import driver
from tests.browser.conftest import SCREENS, SIZES, OpenTab, Server, copy_of, serve, some_now
from tests.browser.people import NAMES, PASSWORD, SPARE
from tests.browser.school import make_filled_school
from tests.browser.words import english_on
from tests.roles import may_open
from ui import navigation
from ui.session import NOT_FOR_YOU

pytestmark = pytest.mark.browser
CRASH = "出了错，编号"
NAMELESS = {Role.MENTOR, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN, Role.LEADERSHIP}
"""Roles to whom no child of this school is named anywhere."""


@pytest.fixture(scope="module")
def school(prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, whose school has children and worries in every state."""
    location = copy_of(prepared, tmp_path_factory.mktemp("school"))
    make_filled_school()
    with serve(location) as running:
        yield running


@pytest.fixture(scope="module")
def ids(school: Server) -> dict[str, int]:
    """The rows the pictures show, by name."""
    engine.use(school.location)
    with reading() as session:
        child = session.exec(select(Student.id).where(Student.name == "沈忍冬")).one()
        left_behind = session.exec(select(Student.id).where(Student.name == "宋紫苏")).one()
        urgent = session.exec(select(Referral).join(Student).where(Student.name == "霍半夏")).one()
        begun = session.exec(select(Referral).join(Student).where(Student.name == "柳立夏")).one()
        in_case = session.exec(select(Student.id).where(Student.name == "秦霜降")).one()
        abuse = session.exec(select(Referral).where(Referral.is_suspected_abuse)).one()
    return {
        "child": child or 0,
        "left_behind": left_behind or 0,
        "referral": urgent.id or 0,
        "begun": begun.id or 0,
        "protection": abuse.id or 0,
        "in_case": in_case or 0,
    }


def enter(school: Server, tab: OpenTab, role: Role, size: tuple[int, int] = driver.DESKTOP) -> Page:
    """Sign the person of a role in."""
    page = tab(size=size, on=school)
    driver.sign_in(page, NAMES[role][0], PASSWORD)
    return page


@pytest.mark.long  # the page tests walk every role in the fast run; here once more in a real browser
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_a_role_opens_its_pages_and_no_other(school: Server, tab: OpenTab, ids: dict[str, int], role: Role):
    """And what it reads there is Chinese."""
    page, english = enter(school, tab, role), {}
    known = {name for name, _ in [*NAMES.values(), *SPARE.values()]} | {"usb", "mnt", "backup"}
    entries = navigation.existing_entries()
    closed = [entry for entry in entries if not may_open(role, entry)]
    addresses = {entry.name: entry for entry in [entry for entry in entries if may_open(role, entry)] + closed[:2]}
    addresses |= {f"child?student={ids['child']}": next(entry for entry in entries if entry.name == navigation.CHILD)}
    for address, entry in addresses.items():
        driver.open_page(page, f"{school.address}/{'' if address == navigation.HOME else address}")
        words = driver.visible_text(page)
        assert CRASH not in words, address
        assert (NOT_FOR_YOU in words) is not may_open(role, entry), address
        if role in NAMELESS:
            assert not any(name in page.content() for name in ("忍冬", "半夏", "寒露", "1540000")), address
        for each in page.locator('[data-testid="stExpander"] summary').all():
            each.click()
        english[address] = english_on(page, known=known)
    assert {address: words for address, words in english.items() if words} == {}


def test_a_homeroom_teacher_sees_the_own_class_only(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.HOMEROOM)

    driver.open_page(page, f"{school.address}/")
    page.get_by_placeholder("找学生：姓名、拼音、班级、学号").press_sequentially("xiaoman")
    driver.see(page, "江小满，七（3）班")

    assert "苏小满" not in page.content()
    assert "陆小满" not in page.content()


@pytest.mark.long
@SIZES
def test_pictures_of_the_counsellors_pages(school: Server, tab: OpenTab, ids: dict[str, int], size: tuple[int, int]):
    page = tab(size=size, on=school)
    driver.take_picture(page, SCREENS / f"sign-in-{size[0]}.png")
    driver.sign_in(page, NAMES[Role.COUNSELLOR][0], PASSWORD)
    driver.see(page, "评估霍半夏")
    driver.take_picture(page, SCREENS / f"home-{size[0]}.png")
    shots = {
        "students": ("students", "42 人"),
        f"child?student={ids['child']}": ("child", "联系卡"),
        f"student_edit?student={ids['child']}": ("student_edit", "沈忍冬"),
        f"child?student={ids['left_behind']}": ("child-left-behind", "国家留守儿童口径"),
        f"card_edit?student={ids['child']}": ("card_edit", "平时照看孩子的那一位"),
        "import_students?list=left_behind": ("import_left_behind", "留守儿童台账文件"),
        "intake": ("intake", "怎么来的"),
        "referrals": ("referrals", "霍半夏"),
        f"referrals?referral={ids['referral']}": ("referral", "霍半夏"),
        f"assessment?referral={ids['begun']}": ("assessment", "柳立夏"),
        "cases": ("cases", "秦霜降"),
    }
    for address, (name, awaited) in shots.items():
        driver.open_page(page, f"{school.address}/{address}")
        driver.see(page, awaited)
        driver.take_picture(page, SCREENS / f"{name}-{size[0]}.png")


@pytest.mark.long
@SIZES
def test_the_case_stands_in_the_head_of_the_child_s_page_and_opens_from_its_tab(
    school: Server, tab: OpenTab, ids: dict[str, int], size: tuple[int, int]
):
    page = enter(school, tab, Role.COUNSELLOR, size)
    driver.open_page(page, f"{school.address}/child?student={ids['in_case']}&child_tab=受理")
    driver.see(page, f"个案 · {NAMES[Role.COUNSELLOR][1]}")
    driver.take_picture(page, SCREENS / f"child-case-{size[0]}.png")
    page.get_by_role("button", name="打开").first.click()
    driver.see(page, "个案与方案")
    driver.see(page, "秦霜降")


@pytest.mark.long
@SIZES
def test_half_a_contact_card_outlives_the_tab(school: Server, tab: OpenTab, ids: dict[str, int], size: tuple[int, int]):
    page = enter(school, tab, Role.COUNSELLOR, size)
    driver.open_page(page, f"{school.address}/card_edit?student={ids['child']}")
    driver.see(page, "平时照看孩子的那一位")
    page.get_by_label("身体状况").fill("膝盖不好，走不了远路")
    page.get_by_label("身体状况").blur()
    driver.see(page, "草稿已在")
    page.reload()
    driver.see(page, "草稿已在")
    assert page.get_by_label("身体状况").input_value() == "膝盖不好，走不了远路"
    driver.take_picture(page, SCREENS / f"card_edit-draft-{size[0]}.png")
    driver.press(page, "不要了")
    driver.see(page, "联系卡")
    driver.open_page(page, f"{school.address}/card_edit?student={ids['child']}")
    assert page.get_by_label("身体状况").input_value() == "良好"


# A row that scrolls by itself holds the wheel on its way to the page.
SCROLLING_ROWS = """[...document.querySelectorAll('[data-testid="stHorizontalBlock"]')]
    .filter(row => getComputedStyle(row).overflowY === "auto" && row.scrollHeight > row.clientHeight)
    .map(row => row.innerText)"""


@SIZES
@pytest.mark.parametrize(
    "role",
    some_now([Role.LEAD, Role.HOMEROOM, Role.ADMIN, Role.LEADERSHIP], Role.LEAD),
    ids=lambda role: role.value,
)
def test_pictures_of_home_by_role(school: Server, tab: OpenTab, role: Role, size: tuple[int, int]):
    page = enter(school, tab, role, size)
    driver.see(page, "先做逾期的")
    driver.take_picture(page, SCREENS / f"home-{role.value}-{size[0]}.png")
    assert page.evaluate(SCROLLING_ROWS) == []


@SIZES
def test_pictures_of_protection_and_the_hidden_screen(
    school: Server, tab: OpenTab, ids: dict[str, int], size: tuple[int, int]
):
    page = enter(school, tab, Role.LEAD, size)
    driver.open_page(page, f"{school.address}/protection?referral={ids['protection']}")
    driver.see(page, "郑寒露")
    driver.take_picture(page, SCREENS / f"protection-{size[0]}.png")
    page.keyboard.press("Alt+h")
    driver.see(page, "屏幕已隐藏")
    driver.take_picture(page, SCREENS / f"hidden-{size[0]}.png")


@pytest.mark.long
@SIZES
def test_whoever_assesses_what_was_changed_meanwhile_sees_what(
    school: Server, tab: OpenTab, ids: dict[str, int], size: tuple[int, int]
):
    page = enter(school, tab, Role.COUNSELLOR, size)
    driver.open_page(page, f"{school.address}/assessment?referral={ids['begun']}")
    driver.see(page, "打算怎么做")
    _change_background(ids["begun"], f"父母上个月都外出了（{size[0]}）。")
    page.get_by_label("是什么问题").fill("和同桌闹别扭，近两周不愿说话。")
    page.get_by_label("打算怎么做").fill("每周谈一次。")
    # Another one on the phone: what was ticked at the desk stands in the draft, and a click would take it away.
    page.get_by_text("同伴" if size == driver.DESKTOP else "学习", exact=True).click()

    page.get_by_role("button", name="保存柳立夏的评估").click()

    driver.see(page, "我打开时")
    driver.see(page, f"父母上个月都外出了（{size[0]}）。")
    driver.take_picture(page, SCREENS / f"conflict-{size[0]}.png")


def _change_background(referral_id: int, background: str) -> None:
    """The lead mends what was said, while the counsellor has it open."""
    with transaction() as session:
        lead = session.exec(select(AppUser).where(AppUser.username == NAMES[Role.LEAD][0])).one()
        actor = Actor(lead.id, lead.display_name, frozenset({Role.LEAD}))
        view = referral_views.find_referral(session, actor, referral_id=referral_id)
        change = ReferralChange(view.facts, view.noticed_on, view.child_words, background, view.tried)
        intake.change_referral(session, actor, referral_id=referral_id, version=view.version, change=change)


@pytest.mark.long
@SIZES
def test_a_teacher_without_account_is_named(school: Server, tab: OpenTab, size: tuple[int, int]):
    page = enter(school, tab, Role.COUNSELLOR, size)
    driver.open_page(page, f"{school.address}/intake")
    page.get_by_label("谁说的").click()
    page.get_by_role("option", name="名单里没有").click()

    driver.see(page, "这位老师的名字")
    driver.take_picture(page, SCREENS / f"intake-no-account-{size[0]}.png")


def test_whoever_stands_on_a_child_s_tab_can_sign_out(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.COUNSELLOR, driver.DESKTOP)
    driver.open_page(page, f"{school.address}/child?student=1")
    page.get_by_role("tab", name="受理", exact=True).click()
    page.wait_for_url("**child_tab=**")  # the tab stands in the address, for a reload
    page.get_by_role("button", name=NAMES[Role.COUNSELLOR][1]).click()

    page.get_by_text("退出登录").click()

    driver.see(page, "忘了密码")
    assert "student=" not in page.url


@pytest.mark.long
def test_fields_of_an_act_stand_filled_again_after_another_was_looked_at(
    school: Server, tab: OpenTab, ids: dict[str, int]
):
    """The server keeps fields that weren't drawn for a while, the browser forgets them: shown empty, saved empty."""
    page = enter(school, tab, Role.COUNSELLOR)
    driver.open_page(page, f"{school.address}/referrals?referral={ids['referral']}")
    for act in ("改一改", "写反馈", "改一改"):
        driver.press(page, act)
        if act == "改一改" and not page.get_by_label("背景情况").input_value():
            page.get_by_label("背景情况").fill("外婆在照看。")
            page.keyboard.press("Tab")
            driver.wait_until_idle(page)

    assert page.get_by_label("背景情况").input_value() == "外婆在照看。"
    assert page.get_by_label("孩子的原话").input_value() == "“回家也没人说话，不如在学校待着。”"
    assert page.get_by_label("看到、听到了什么").input_value() == "早读时趴在桌上，说回家也没人说话。"


@pytest.mark.long
@SIZES
def test_half_a_feedback_outlives_the_tab_and_its_form_opens_again(
    school: Server, tab: OpenTab, ids: dict[str, int], size: tuple[int, int]
):
    page = enter(school, tab, Role.COUNSELLOR, size)
    driver.open_page(page, f"{school.address}/referrals?referral={ids['referral']}")
    driver.press(page, "写反馈")
    page.get_by_label("反馈给转介教师").fill("已经谈过一次，请留意午休时的情况。")
    page.keyboard.press("Tab")
    driver.see(page, "草稿已在")
    page.reload()
    driver.see(page, "草稿已在")
    assert page.get_by_label("反馈给转介教师").input_value() == "已经谈过一次，请留意午休时的情况。"
    driver.take_picture(page, SCREENS / f"referral-draft-{size[0]}.png")
    driver.press(page, "不要了")
    page.get_by_label("反馈给转介教师").wait_for(state="detached")
    page.reload()
    driver.see(page, "写反馈")
    assert page.get_by_label("反馈给转介教师").count() == 0


@pytest.mark.long
def test_a_mark_goes_when_what_was_refused_is_mended(school: Server, tab: OpenTab):
    page = enter(school, tab, Role.HOMEROOM)
    driver.open_page(page, f"{school.address}/intake")
    driver.press(page, "登记受理")
    driver.see(page, "请选一个孩子")
    page.get_by_label("哪天收到").first.wait_for()
    page.get_by_label("看到、听到了什么").fill("课间独自坐在楼梯口。")
    page.get_by_label("哪个孩子").fill("没有这个孩子")
    driver.see(page, "就照您写的记下来")
    page.get_by_text("没有存上").wait_for(state="detached")
    assert "请选一个孩子" not in driver.visible_text(page)
    driver.press(page, "不要了")
