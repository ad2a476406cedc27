"""The pages of lists from outside: receiving one, deciding on its differences, giving ours."""

from datetime import date
from functools import cache

import pytest
from sqlmodel import select

from db.sealing import seal, unseal
from db.tables import (
    CategoryKind,
    DifferenceState,
    ExchangeBody,
    Guardian,
    GuardianKind,
    LeftBehindKind,
    ListDifference,
    ListExchange,
    Role,
    StudentCategory,
)
from db.transactions import reading, transaction
from services import categories, clock, guardians, list_decisions, list_receipts
from services.categories import CategoryDetails
from services.guardians import GuardianEntry
from services.imports.authorities import Scope
from services.list_decisions import Chosen
from services.list_receipts import ReceiptDetails
from services.student_keys import id_number_hash
from tests.exchange.makers import xlsx
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.children import id_number

LEFT_BEHIND = Scope(CategoryKind.LEFT_BEHIND)


@cache
def a_list() -> bytes:
    """One and the same file, however often it is asked for."""
    number = id_number(date(2013, 5, 21), order=2)
    rows = [
        ["青澜县留守儿童名单"],
        ["姓名", "身份证号", "班级", "留守类型", "学校"],
        ["江小满", number, None, "父母均外出", "望舒中心学校"],
        ["霍*夏", None, "七（3）班", "父亲外出", "望舒中心学校"],
        ["谷雨生", None, "六（1）班", "父亲外出", "石桥小学"],
        ["孟紫苏", None, None, "父亲外出", None],
    ]
    return xlsx({"留守": rows})


@pytest.fixture
def register(world: World, session) -> World:
    """The first child has a number; the third is registered as left behind."""
    first, _, third = world.students
    number = id_number(date(2013, 5, 21), order=2)
    seal(first, "id_number_sealed", number)
    first.id_number_hash = id_number_hash(number)
    categories.add_category(
        session, world.staff[Role.LEAD], student_id=third.id, kind=CategoryKind.LEFT_BEHIND,
        details=CategoryDetails(), from_day=clock.today(),
    )  # fmt: skip
    commit(session)
    return world


@pytest.fixture
def received(register: World, session) -> int:
    actor = register.staff[Role.LEAD]
    file = list_receipts.read_authority(a_list(), file_name="名单.xlsx")
    seen = list_receipts.preview_receipt(session, actor, file=file, scope=LEFT_BEHIND)
    details = ReceiptDetails(body=ExchangeBody.WOMEN, day=clock.today())
    found = list_receipts.confirm_receipt(session, actor, preview=seen, details=details, ticked=seen.comparison.to_tick)
    commit(session)
    return found


def upload(screen, content: bytes):
    screen.file_uploader[0].set_value(("名单.xlsx", content, "application/octet-stream")).run()
    return screen


def tick_of(screen, name: str):
    return next(box for box in screen.checkbox if f"**{name}**" in box.label)


def states() -> dict[str, int]:
    with reading() as session:
        found = [row.state.value for row in session.exec(select(ListDifference))]
    return {state: found.count(state) for state in sorted(set(found))}


def test_an_empty_page_says_what_to_do(open_page: OpenPage, world: World):
    screen = open_page("exchanges", world.staff[Role.LEAD])

    assert "还没有和外面核对过名单" in words_on(screen)
    assert not screen.exception


def test_a_list_is_looked_at_and_received(open_page: OpenPage, register: World):
    screen = upload(open_page("exchange_receive", register.staff[Role.LEAD]), a_list())
    assert "共 4 行：对上 1 人，没对上 2 行，认不准没收 1 行" in words_on(screen)
    assert "青澜县" not in words_on(screen)

    screen.button(key="receipt_confirm").click().run()
    assert "这一项请选一个" in words_on(screen)
    screen.session_state["receipt_body"] = ExchangeBody.WOMEN
    tick_of(screen, "霍半夏").check().run()
    assert "对上 2 人，没对上 1 行" in words_on(screen)
    screen.button(key="receipt_confirm").click().run()

    assert not screen.exception
    with reading() as session:
        row = session.exec(select(ListExchange)).one()
        assert (row.body, row.rows_count, row.matched_count, row.refused_count) == (ExchangeBody.WOMEN, 4, 2, 1)
        assert len(session.exec(select(StudentCategory)).all()) == 1


def test_the_same_file_is_told_and_nothing_stored(open_page: OpenPage, received: int, register: World):
    screen = upload(open_page("exchange_receive", register.staff[Role.LEAD]), a_list())

    assert "已经收过了" in words_on(screen)
    assert "receipt_confirm" not in {button.key for button in screen.button}


def test_what_is_no_list_is_refused_in_words(open_page: OpenPage, register: World):
    screen = upload(open_page("exchange_receive", register.staff[Role.LEAD]), b"%PDF-1.7 no list")

    assert not screen.exception
    assert "receipt_confirm" not in {button.key for button in screen.button}


def test_nothing_changes_without_a_tick(open_page: OpenPage, received: int, register: World):
    screen = open_page("exchanges", register.staff[Role.LEAD], exchange=received)

    assert all(screen.button(key=key).disabled for key in ("exchange_act_adopt", "exchange_act_leave"))
    assert [box.value for box in screen.checkbox] == [False] * 3


def test_one_is_registered_as_the_list_says(open_page: OpenPage, received: int, register: World):
    screen = open_page("exchanges", register.staff[Role.LEAD], exchange=received)
    tick_of(screen, "江小满").check().run()
    screen.button(key="exchange_act_adopt").click().run()
    assert "江小满" in words_on(screen)
    screen.button(key=f"exchange_adopt_{received}_save").click().run()

    assert not screen.exception
    assert states() == {"adopted": 1, "open": 2}
    with reading() as session:
        rows = session.exec(select(StudentCategory).where(StudentCategory.student_id == register.students[0].id)).all()
        assert [row.left_behind_kind.value for row in rows] == ["both_away"]


def test_somebody_nobody_knows_is_noted_as_not_ours(open_page: OpenPage, received: int, register: World):
    screen = open_page("exchanges", register.staff[Role.LEAD], exchange=received)
    screen.button(key="exchange_all_strangers").click().run()
    screen.button(key=f"exchange_not_ours_{received}_save").click().run()

    assert not screen.exception
    assert states() == {"not_ours": 1, "open": 2}
    screen.session_state["exchange_side"] = "decided"
    screen.run()
    assert "不是我们的学生" in words_on(screen)


def test_leaving_asks_for_the_reason(open_page: OpenPage, received: int, register: World):
    screen = open_page("exchanges", register.staff[Role.LEAD], exchange=received)
    tick_of(screen, "江小满").check().run()
    screen.button(key="exchange_act_leave").click().run()
    screen.button(key=f"exchange_leave_{received}_save").click().run()
    assert "这一项要填" in words_on(screen)
    screen.text_input(key=f"exchange_leave_{received}_reason").set_value("家里说年底回来")
    screen.button(key=f"exchange_leave_{received}_save").click().run()

    assert states() == {"left": 1, "open": 2}


def test_the_second_of_two_is_told(open_page: OpenPage, received: int, register: World):
    screen = open_page("exchanges", register.staff[Role.LEAD], exchange=received)
    tick_of(screen, "江小满").check().run()
    screen.button(key="exchange_act_adopt").click().run()
    with transaction() as session:
        row = session.exec(select(ListDifference).where(ListDifference.student_id == register.students[0].id)).one()
        list_decisions.leave_differences(
            session, register.staff[Role.COUNSELLOR], exchange_id=received, reason="再问问",
            chosen=[Chosen(row.id or 0, row.version)],
        )  # fmt: skip

    screen.button(key=f"exchange_adopt_{received}_save").click().run()

    assert "刚定过江小满" in screen.error[0].value
    assert states()["left"] == 1
    with reading() as session:
        assert session.get_one(ListDifference, row.id).state is DifferenceState.LEFT


def test_what_was_registered_since_stands_beside_the_list(open_page: OpenPage, received: int, register: World, session):
    child = register.students[0]
    categories.add_category(
        session, register.staff[Role.LEAD], student_id=child.id, kind=CategoryKind.LEFT_BEHIND,
        details=CategoryDetails(left_behind_kind=LeftBehindKind.BOTH_AWAY), from_day=clock.today(),
    )  # fmt: skip
    screen = open_page("exchanges", register.staff[Role.LEAD], exchange=received)

    assert not screen.exception
    assert "我们登记了父母都外出" in tick_of(screen, "江小满").label
    assert "我们登记了" not in tick_of(screen, "谷雨生").label


def test_our_list_is_made_and_noted(open_page: OpenPage, register: World):
    screen = open_page("exchanges", register.staff[Role.LEAD])
    screen.button(key="exchange_give_open").click().run()
    screen.button(key="exchange_give_save").click().run()
    assert "这一项请选一个" in words_on(screen)
    screen.session_state["exchange_give_body"] = ExchangeBody.WOMEN
    screen.session_state["exchange_give_scope"] = LEFT_BEHIND
    screen.run()
    screen.button(key="exchange_give_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(ListExchange)).one().rows_count == 1


def test_a_number_that_would_leave_the_card_is_named_before_anybody_follows_the_list(
    open_page: OpenPage, world: World, session
):
    lead, child = world.staff[Role.LEAD], world.students[0]
    father = GuardianEntry(
        kind=GuardianKind.FATHER, name="江远山", phone="15400000999", second_phone="15400000888", is_primary=True
    )
    guardians.save_guardian(session, lead, student_id=child.id, entry=father)
    content = f"姓名,出生日期,联系电话\n{child.name},{child.birth_day},15400000211\n".encode()
    file = list_receipts.read_authority(content, file_name="名单.csv")
    seen = list_receipts.preview_receipt(session, lead, file=file, scope=LEFT_BEHIND)
    details = ReceiptDetails(body=ExchangeBody.WOMEN, day=clock.today())
    exchange = list_receipts.confirm_receipt(
        session, lead, preview=seen, details=details, ticked=seen.comparison.to_tick
    )
    commit(session)

    screen = open_page("exchanges", lead, exchange=exchange, side="both")
    assert "154****0888 就没有地方放了" in tick_of(screen, child.name).label.replace("\\", "")
    tick_of(screen, child.name).check().run()
    screen.button(key="exchange_act_adopt").click().run()

    assert not screen.exception
    assert any("154****0888 会去掉" in each.value.replace("\\", "") for each in screen.warning)
    screen.button(key=f"exchange_adopt_{exchange}_save").click().run()
    with reading() as reader:
        (row,) = reader.exec(select(Guardian)).all()
        assert [unseal(row, f"{part}_sealed") for part in ("phone", "second_phone")] == ["15400000211", "15400000999"]
