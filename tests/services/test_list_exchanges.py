"""Lists from civil affairs and the like: whom they name, what differs, deciding, what the term owes (S-04)."""

import json
import re
import time
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from types import SimpleNamespace

import pytest
import python_calamine
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlmodel import select

from db.sealing import seal, unseal
from db.tables import (
    Attachment,
    CareOption,
    CategoryKind,
    ConsentAnswer,
    ConsentPurpose,
    DifferencePart,
    DifferenceSide,
    DifferenceState,
    ExchangeBody,
    FoundBy,
    Guardian,
    GuardianKind,
    LeftBehindKind,
    ListExchange,
    Role,
    StudentCategory,
)
from services import (
    categories,
    clock,
    consents,
    contact_cards,
    home,
    list_decisions,
    list_exchanges,
    list_handouts,
    list_receipts,
    parameter_versions,
    posts,
)
from services.calendar import load_calendar
from services.categories import CategoryDetails
from services.errors import FieldErrors, NotAllowed, NotFound
from services.exchange.authority_columns import fits_name, name_mask, number_mask, read_level
from services.exchange.reasons import Reason
from services.guardians import GuardianEntry, save_guardian
from services.home import DutyGroup, DutyKind
from services.imports import names
from services.imports.authorities import KnownBy, Scope
from services.list_decisions import CannotAdopt, Chosen, DecidedMeanwhile
from services.list_receipts import AlreadyReceived, ReceiptDetails, StaleComparison
from services.regulations.deadlines import DutyState
from services.student_keys import id_number_hash
from tests.conftest import codes
from tests.exchange.makers import xlsx
from tests.services.children import id_number
from ui.exchange_words import leaving_words, since_words

DIFFICULTY, LEFT_BEHIND, FAMILY = (
    CategoryKind.IN_DIFFICULTY,
    CategoryKind.LEFT_BEHIND,
    CategoryKind.SPECIAL_FAMILY,
)
HEADER = [
    "序号",
    "儿童姓名",
    "身份证号码",
    "性别",
    "就读学校",
    "班级",
    "困境类型",
    "认定时间",
    "监护人",
    "联系电话",
    "家庭住址",
]
ALL_DIFFICULTIES = Scope(DIFFICULTY)
FROM_CIVIL_AFFAIRS = ReceiptDetails(body=ExchangeBody.CIVIL_AFFAIRS, day=date(2026, 11, 18))


def number(day: date, order: int) -> str:
    return id_number(day, order=order)


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    """七（1）班 with children civil affairs know by number, by name, by a masked name, and one they have forgotten."""
    found = make_class(7, 1)
    lead = make_user(Role.LEAD, name="何知微")
    options = {row.label: row.id for row in session.exec(select(CareOption).where(CareOption.level.is_(None)))}

    def child(name: str, order: int, **more):
        row = make_student(name, in_class=found, birth_day=date(2013, 5, order), **more)
        seal(row, "id_number_sealed", number(row.birth_day, order * 2))
        row.id_number_hash = id_number_hash(number(row.birth_day, order * 2))
        session.flush()
        return row

    known, named, masked, forgotten = (
        child(name, order) for name, order in (("江小满", 1), ("霍半夏", 2), ("孟紫苏", 3), ("沈忍冬", 4))
    )
    for row, label in ((known, "低保"), (forgotten, "孤儿")):
        categories.add_category(
            session, lead, student_id=row.id, kind=DIFFICULTY, from_day=date(2026, 9, 1),
            details=CategoryDetails(difficulty_id=options[label]),
        )  # fmt: skip
    return SimpleNamespace(
        lead=lead, options=options, known=known, named=named, masked=masked, forgotten=forgotten, in_class=found
    )


def messy(school, *more) -> bytes:
    """A list as a county sends it: title and filing rows, a merged class, a note at the end, numbers as numbers."""
    rows = [
        ["青澜县困境儿童信息台账（2026年下半年）"],
        ["填报单位：青澜县民政局", None, None, None, "填报时间：2026年11月18日"],
        HEADER,
        [1, "江小满", number(date(2013, 5, 1), 2), "女", "望舒中心学校", "七（1）班", "孤儿", "2026年3月1日", "江远山",
         15400000211.0, "归云村3号"],
        [2, "霍半夏", None, "女", "望舒中心学校", None, "低保", None, None, "无", None],
        [3, "孟*苏", f"329900********{number(date(2013, 5, 3), 6)[14:]}", None, None, "7.1班",
         "事实无人抚养儿童", None, None, None, None],
        [4, "谷雨生", number(date(2014, 1, 9), 8), "男", "石桥小学", "六（2）班", "低保", None, None, None, None],
        *more,
        ["说明：本表由民政部门提供，注意保密。"],
    ]  # fmt: skip
    return xlsx({"困境儿童": rows}, merged=[("困境儿童", "F4:F5", "七（1）班")])


def file_of(content: bytes, name: str = "名单.xlsx"):
    return list_receipts.read_authority(content, file_name=name)


def preview(session, school, *more, scope=ALL_DIFFICULTIES, content=None):
    file = file_of(content or messy(school, *more))
    return list_receipts.preview_receipt(session, school.lead, file=file, scope=scope)


def receive(session, school, *more, ticked=None, scope=ALL_DIFFICULTIES, content=None, details=FROM_CIVIL_AFFAIRS):
    seen = preview(session, school, *more, scope=scope, content=content)
    chosen = seen.comparison.to_tick if ticked is None else ticked
    return list_receipts.confirm_receipt(session, school.lead, preview=seen, details=details, ticked=chosen)


def lines(session, school, exchange_id, side):
    return list_exchanges.list_differences(session, school.lead, exchange_id=exchange_id, side=side).lines


def pick(session, school, exchange_id, side, *names, part=None):
    found = [
        Chosen(line.id, line.version, line.standing)
        for line in lines(session, school, exchange_id, side)
        if (not names or line.name in names) and part in (None, line.part)
    ]
    assert found
    return found


def adopt(session, school, exchange_id, chosen, *, from_day=date(2026, 11, 18), evidence="民政名单", **more):
    return list_decisions.adopt_differences(
        session, school.lead, exchange_id=exchange_id, chosen=chosen, from_day=from_day, evidence=evidence, **more
    )


def open_labels(session, student):
    rows = session.exec(
        select(CareOption.label)
        .join(StudentCategory, StudentCategory.difficulty_id == CareOption.id)
        .where(StudentCategory.student_id == student.id, StudentCategory.to_day.is_(None))
    )
    return set(rows.all())


# --- reading what others write ---


@pytest.mark.parametrize(
    ("mask", "name", "fits"),
    [
        ("张*明", "张晓明", True), ("张*明", "张晓华", False), ("张**", "张晓明", True), ("张*", "张晓明", True),
        ("*晓明", "张晓明", True), ("张*", "李明", False), ("张*明", "张明", False),
    ],
)  # fmt: skip
def test_a_masked_name_fits_those_it_may_hide(mask, name, fits):
    assert fits_name(name, mask) is fits


@given(name=st.text("江满", max_size=8), mask=st.text("江满*", max_size=8))
def test_a_mask_of_another_length_fits_as_its_runs_say(name, mask):
    parts = [re.escape(part) for part in re.split(r"\*+", mask)]
    assume(len(name) != len(mask))

    assert fits_name(name, mask) is (re.fullmatch(".+".join(parts), name) is not None)


def test_a_mask_is_told_in_no_time():
    began = time.thread_time()

    assert not fits_name("江" * 40, "江*" * 13 + "王")
    assert time.thread_time() - began < 0.1  # tried again and again, it takes more than a second


def test_a_long_list_of_masked_names_asks_few_children_about_each(session, school, monkeypatch):
    asked = []
    monkeypatch.setattr(names, "fits_name", lambda *pair: asked.append(pair) or fits_name(*pair))
    content = f"姓名,出生日期\n{'江*花花花,' + chr(10)}".encode() + "江*花花花,\n孟**,\n".encode() * 200

    seen = preview(session, school, content=content)

    assert len(seen.comparison.rows) == 401
    assert asked == [("孟紫苏", "孟**")]  # nobody is called 花, and a mask is looked up once


def test_a_list_is_compared_once_where_nothing_has_changed(session, school, monkeypatch):
    seen = preview(session, school)
    monkeypatch.setattr(list_receipts, "compare", lambda *_args, **_more: pytest.fail("compared while others wait"))

    list_receipts.confirm_receipt(session, school.lead, preview=seen, details=FROM_CIVIL_AFFAIRS, ticked=())

    assert len(session.exec(select(ListExchange)).all()) == 1


def test_masks_are_told_from_names():
    assert [name_mask(text) for text in ("张*明", "张某明", "张○明", "张晓明")] == ["张*明", "张*明", "张*明", None]
    assert number_mask(3.29900201305210e17) == "329900201305210***"
    assert [number_mask(cell) for cell in ("329900201305210021", 12, True, None)] == [None] * 4
    assert [read_level(text) for text in ("一级", "2", "三类", "重点", "")] == [1, 2, 3, None, None]


# --- whom it names ---


def test_by_number_by_name_by_a_masked_name_and_nobody(session, school):
    rows = {row.name: row for row in preview(session, school).comparison.rows}

    assert [(row.known_by, row.student_id) for row in rows.values()] == [
        (KnownBy.ID, school.known.id),
        (KnownBy.NAME, school.named.id),
        (KnownBy.MASK, school.masked.id),
        (None, None),
    ]


def test_only_a_whole_name_is_ticked_before_anybody_looked(session, school):
    comparison = preview(session, school).comparison
    by_name = {row.name: row.position for row in comparison.rows}

    assert comparison.to_tick == {by_name["霍半夏"], by_name["孟紫苏"]}
    assert comparison.ticked_first == {by_name["霍半夏"]}


def test_a_number_stored_as_a_number_still_tells_by_its_first_digits(session, school):
    row = [5, "沈忍冬", float(number(date(2013, 5, 4), 8)), None, None, None, "孤儿", None, None, None, None]

    found = preview(session, school, row).comparison.rows[-1]

    assert (found.known_by, found.student_id) == (KnownBy.NAME, school.forgotten.id)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({2: "329900201305019999"}, Reason.NAME_ID_MISMATCH),
        ({}, Reason.ONLY_A_NAME),
        ({2: "32990020130504"}, Reason.ID_FORMAT),
        ({5: "七（1）班", 6: "贫困"}, Reason.DIFFICULTY_UNKNOWN),
    ],
    ids=["number of another", "only a name", "number cut short", "no such difficulty"],
)
def test_what_cannot_be_told_is_refused_with_its_reason(session, school, cells, reason):
    if reason is Reason.NAME_ID_MISMATCH:
        cells = {2: number(date(2013, 5, 1), 2)}
    row = [5, "沈忍冬", None, None, None, None, "孤儿", None, None, None, None]
    for column, cell in cells.items():
        row[column] = cell

    seen = preview(session, school, row)

    assert seen.comparison.rows[-1].reason is reason
    assert [problem.reason for problem in seen.full_reading().problems] == [reason]
    assert len(seen.full_reading().rejected) == 1


def test_whom_a_refused_row_may_mean_does_not_count_as_missing(session, school):
    assert preview(session, school).counts([])[DifferenceSide.REGISTER] == 2

    row = [5, "沈忍冬", None, None, None, None, "孤儿", None, None, None, None]
    assert preview(session, school, row).counts([])[DifferenceSide.REGISTER] == 1


def test_two_of_a_name_in_a_class_are_refused(session, school, make_student):
    make_student("霍半夏", in_class=school.in_class, birth_day=date(2013, 8, 8))

    assert preview(session, school).comparison.rows[1].reason is Reason.STUDENT_AMBIGUOUS


def test_who_has_left_is_nobody_of_ours(session, school):
    from db.tables import EnrolmentState

    school.named.state = EnrolmentState.GRADUATED
    session.flush()

    assert preview(session, school).comparison.rows[1].known_by is None


# --- what differs ---


def test_the_three_groups(session, school):
    exchange = receive(session, school)

    told = {
        side: [(line.name, line.part.value, line.theirs) for line in lines(session, school, exchange, side)]
        for side in DifferenceSide
    }
    assert told == {
        DifferenceSide.LIST: [
            ("江小满", "mark", "孤儿"), ("霍半夏", "mark", "低保"), ("孟紫苏", "mark", "事实无人抚养儿童"),
            ("谷雨生", "mark", "低保"),
        ],
        DifferenceSide.REGISTER: [("江小满", "mark", ""), ("沈忍冬", "mark", "")],
        DifferenceSide.BOTH: [("江小满", "phone", "15400000211"), ("江小满", "address", "归云村3号")],
    }  # fmt: skip


def test_nothing_is_changed_before_somebody_decides(session, school):
    before = session.exec(select(StudentCategory.id, StudentCategory.version)).all()

    receive(session, school)

    assert session.exec(select(StudentCategory.id, StudentCategory.version)).all() == before
    assert session.exec(select(Guardian)).all() == []


def test_a_list_of_one_difficulty_says_nothing_of_the_others(session, school):
    content = xlsx({"残联": [["姓名", "身份证号", "残疾证号"], ["江小满", number(date(2013, 5, 1), 2), "C-17"]]})

    seen = preview(session, school, scope=Scope(DIFFICULTY, school.options["残疾"]), content=content)

    assert seen.counts([]) == {DifferenceSide.LIST: 1, DifferenceSide.REGISTER: 0, DifferenceSide.BOTH: 0}


def test_left_behind_lists_compare_who_is_away(session, school):
    categories.add_category(
        session, school.lead, student_id=school.known.id, kind=LEFT_BEHIND, from_day=date(2026, 9, 1),
        details=CategoryDetails(left_behind_kind=LeftBehindKind.ONE_AWAY, level=2),
    )  # fmt: skip
    content = xlsx(
        {
            "妇联": [
                ["姓名", "身份证号", "留守类型", "等级"],
                ["江小满", number(date(2013, 5, 1), 2), "父母均外出", "一级"],
            ]
        }
    )
    exchange = receive(session, school, scope=Scope(LEFT_BEHIND), content=content)

    adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.BOTH))

    row = session.exec(select(StudentCategory).where(StudentCategory.kind == LEFT_BEHIND)).one()
    assert (row.left_behind_kind, row.level) == (LeftBehindKind.BOTH_AWAY, 1)


def test_a_difficulty_nobody_has_named_becomes_the_list_s(session, school):
    categories.add_category(
        session, school.lead, student_id=school.named.id, kind=DIFFICULTY, from_day=date(2026, 9, 1),
        details=CategoryDetails(),
    )  # fmt: skip
    exchange = receive(session, school)

    adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.BOTH, part=DifferencePart.KIND))

    assert open_labels(session, school.named) == {"低保"}


def test_a_family_list_takes_the_words_as_they_are(session, school):
    content = xlsx({"妇联": [["姓名", "班级", "家庭类型"], ["霍半夏", "七（1）班", "离异"]]})
    exchange = receive(session, school, scope=Scope(FAMILY), content=content)

    adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.LIST))

    row = session.exec(select(StudentCategory).where(StudentCategory.kind == FAMILY)).one()
    assert (row.subkind, row.found_by, unseal(row, "evidence_sealed")) == ("离异", FoundBy.AUTHORITY, "民政名单")


# --- keeping it ---


def test_the_file_is_kept_sealed_and_given_back_as_it_came(session, school):
    content = messy(school)
    exchange = receive(session, school, content=content)

    stored = session.exec(select(Attachment)).one()
    assert content[:200] not in stored.content_sealed
    opened = list_exchanges.open_file(session, school.lead, exchange_id=exchange)
    assert opened.content == content
    assert opened.file_name == "民政困境名单20261118.xlsx"


def test_a_text_file_is_kept_as_a_sheet_of_the_same_cells(session, school):
    text = f"姓名,身份证号,困境类型\n江小满,{number(date(2013, 5, 1), 2)},孤儿\n"
    file = file_of(text.encode("gb18030"), "名单.csv")
    seen = list_receipts.preview_receipt(session, school.lead, file=file, scope=Scope(DIFFICULTY))
    exchange = list_receipts.confirm_receipt(session, school.lead, preview=seen, details=FROM_CIVIL_AFFAIRS, ticked=())

    kept = list_exchanges.open_file(session, school.lead, exchange_id=exchange).content
    rows = python_calamine.CalamineWorkbook.from_filelike(BytesIO(kept)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["姓名", "身份证号", "困境类型"]
    assert rows[1][0] == "江小满"


def test_the_same_file_twice_changes_nothing(session, school):
    content = messy(school)
    exchange = receive(session, school, content=content)

    with pytest.raises(AlreadyReceived) as again:
        preview(session, school, content=content)
    assert again.value.exchange_id == exchange
    assert len(session.exec(select(ListExchange)).all()) == 1


def test_the_counts_of_an_exchange(session, school):
    row = [5, "沈忍冬", None, None, None, None, "孤儿", None, None, None, None]
    exchange = receive(session, school, row)

    found = list_exchanges.find_exchange(session, school.lead, exchange_id=exchange)

    assert (found.rows, found.matched, found.refused, found.differences, found.open) == (5, 3, 1, 7, 7)
    assert (found.with_whom, found.what) == ("民政", "困境")


def test_a_row_nobody_ticked_is_nobody_of_ours(session, school):
    exchange = receive(session, school, ticked=())

    strangers = [line.name for line in lines(session, school, exchange, DifferenceSide.LIST) if not line.student_id]
    assert strangers == ["霍半夏", "孟*苏", "谷雨生"]


def test_who_and_when_are_asked_for(session, school):
    with pytest.raises(FieldErrors) as refused:
        receive(session, school, details=ReceiptDetails())
    assert codes(refused) == {"body": "required", "day": "required"}
    with pytest.raises(FieldErrors) as refused:
        receive(session, school, details=ReceiptDetails(body=ExchangeBody.OTHER, day=date(2026, 12, 1)))
    assert codes(refused) == {"body_name": "required", "day": "future"}


def test_a_register_changed_since_the_preview_is_said(session, school):
    seen = preview(session, school)
    categories.add_category(
        session, school.lead, student_id=school.named.id, kind=DIFFICULTY, from_day=date(2026, 9, 1),
        details=CategoryDetails(difficulty_id=school.options["低保"]),
    )  # fmt: skip

    with pytest.raises(StaleComparison):
        list_receipts.confirm_receipt(session, school.lead, preview=seen, details=FROM_CIVIL_AFFAIRS, ticked=())
    assert session.exec(select(ListExchange)).all() == []


def test_mind_body_and_conduct_are_never_exchanged(session, school):
    for kind in set(CategoryKind) - {LEFT_BEHIND, DIFFICULTY, FAMILY}:
        with pytest.raises(FieldErrors):
            preview(session, school, scope=Scope(kind))
        with pytest.raises(FieldErrors):
            list_handouts.give_list(
                session, school.lead, body=ExchangeBody.CIVIL_AFFAIRS, body_name=None, scope=Scope(kind)
            )


# --- deciding ---


def test_adopting_opens_the_entry_with_source_evidence_and_day(session, school):
    exchange = receive(session, school)

    adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.LIST, "霍半夏"))

    row = session.exec(select(StudentCategory).where(StudentCategory.student_id == school.named.id)).one()
    assert (row.from_day, row.found_by, unseal(row, "evidence_sealed")) == (
        date(2026, 11, 18), FoundBy.AUTHORITY, "民政名单",
    )  # fmt: skip
    assert open_labels(session, school.named) == {"低保"}
    assert list_exchanges.find_exchange(session, school.lead, exchange_id=exchange).open == 7


def test_the_day_the_list_gives_may_come_first(session, school):
    exchange = receive(session, school)

    chosen = pick(session, school, exchange, DifferenceSide.LIST, "江小满", "霍半夏")
    adopt(session, school, exchange, chosen, takes_listed_days=True)

    assert {
        row.from_day
        for row in session.exec(select(StudentCategory).where(StudentCategory.found_by == FoundBy.AUTHORITY))
    } == {date(2026, 3, 1), date(2026, 11, 18)}


def test_adopting_that_the_list_lacks_somebody_ends_the_entry(session, school):
    exchange = receive(session, school)

    adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.REGISTER, "沈忍冬"))

    assert open_labels(session, school.forgotten) == set()


def test_adopting_a_telephone_keeps_the_one_before_as_the_second(session, school):
    save_guardian(
        session, school.lead, student_id=school.known.id,
        entry=GuardianEntry(kind=GuardianKind.FATHER, name="江远山", phone="15400000999", is_primary=True),
    )  # fmt: skip
    exchange = receive(session, school)

    adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.BOTH))

    father = session.exec(select(Guardian)).one()
    assert [unseal(father, f"{part}_sealed") for part in ("phone", "second_phone")] == ["15400000211", "15400000999"]
    session.refresh(school.known)
    assert unseal(school.known, "address_sealed") == "归云村3号"


FATHER = GuardianEntry(kind=GuardianKind.FATHER, name="江远山", is_primary=True)


@pytest.mark.parametrize(
    ("before", "after", "leaves"),
    [
        (("15400000999", "15400000888"), ["15400000211", "15400000999"], "15400000888"),
        ((None, "15400000888"), ["15400000211", "15400000888"], ""),
        (("15400000999", None), ["15400000211", "15400000999"], ""),
        ((None, None), ["15400000211", None], ""),
    ],
)
def test_no_telephone_leaves_the_card_unsaid(session, school, before, after, leaves):
    first, second = before
    save_guardian(
        session, school.lead, student_id=school.known.id, entry=replace(FATHER, phone=first, second_phone=second)
    )
    exchange = receive(session, school)
    line = line_of(session, school, exchange, DifferenceSide.BOTH, "江小满", DifferencePart.PHONE)
    assert line.standing.leaves == leaves
    assert ("154****0888" in leaving_words(line)) is bool(leaves)
    assert "改过" not in since_words(line)

    adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.BOTH, part=DifferencePart.PHONE))

    father = session.exec(select(Guardian)).one()
    assert [unseal(father, f"{part}_sealed") for part in ("phone", "second_phone")] == after


def test_a_second_telephone_written_since_is_not_pushed_out_unseen(session, school):
    guardian = save_guardian(
        session, school.lead, student_id=school.known.id, entry=replace(FATHER, phone="15400000999")
    )
    exchange = receive(session, school)
    chosen = pick(session, school, exchange, DifferenceSide.BOTH, part=DifferencePart.PHONE)
    save_guardian(
        session, school.lead, student_id=school.known.id, guardian_id=guardian, version=1,
        entry=replace(FATHER, phone="15400000999", second_phone="15400000888"),
    )  # fmt: skip

    for unseen in (chosen, [replace(each, standing=None) for each in chosen]):
        with pytest.raises(CannotAdopt) as refused:
            adopt(session, school, exchange, unseen)
        assert refused.value.problem.code == "register_changed"
    father = session.exec(select(Guardian)).one()
    assert unseal(father, "second_phone_sealed") == "15400000888"


def test_leaving_takes_a_reason_and_changes_nothing(session, school):
    exchange = receive(session, school)
    chosen = pick(session, school, exchange, DifferenceSide.REGISTER, "沈忍冬")

    with pytest.raises(FieldErrors):
        list_decisions.leave_differences(session, school.lead, exchange_id=exchange, chosen=chosen, reason=" ")
    list_decisions.leave_differences(session, school.lead, exchange_id=exchange, chosen=chosen, reason="民政还没有更新")

    assert open_labels(session, school.forgotten) == {"孤儿"}
    (decided,) = lines(session, school, exchange, None)
    assert (decided.state, decided.reason, decided.decided_by) == (DifferenceState.LEFT, "民政还没有更新", "何知微")


def test_not_a_pupil_of_ours(session, school):
    exchange = receive(session, school)
    strangers = pick(session, school, exchange, DifferenceSide.LIST, "谷雨生")

    with pytest.raises(FieldErrors) as refused:
        adopt(session, school, exchange, strangers)
    assert codes(refused) == {"chosen": "nobody_here"}
    with pytest.raises(FieldErrors):
        list_decisions.note_not_ours(
            session, school.lead, exchange_id=exchange,
            chosen=pick(session, school, exchange, DifferenceSide.REGISTER),
        )  # fmt: skip
    assert list_decisions.note_not_ours(session, school.lead, exchange_id=exchange, chosen=strangers) == 1


def test_the_second_to_decide_is_told_and_changes_nothing(session, school, make_user):
    exchange = receive(session, school)
    chosen = pick(session, school, exchange, DifferenceSide.LIST, "霍半夏", "江小满")
    other = make_user(Role.COUNSELLOR, name="周砚田")
    list_decisions.leave_differences(session, other, exchange_id=exchange, chosen=chosen[1:], reason="再问问")

    with pytest.raises(DecidedMeanwhile) as told:
        adopt(session, school, exchange, chosen)

    assert [(row.name, row.decided_by) for row in told.value.rows] == [("霍半夏", "周砚田")]
    assert open_labels(session, school.known) == {"低保"}


def test_what_the_register_says_otherwise_by_now_cannot_be_adopted(session, school):
    exchange = receive(session, school)
    chosen = pick(session, school, exchange, DifferenceSide.LIST, "霍半夏")
    categories.add_category(
        session, school.lead, student_id=school.named.id, kind=DIFFICULTY, from_day=date(2026, 9, 1),
        details=CategoryDetails(difficulty_id=school.options["低保"]),
    )  # fmt: skip

    with pytest.raises(CannotAdopt) as refused:
        adopt(session, school, exchange, chosen)
    assert refused.value.problem.code == "category_open"


def move_away(session, school):
    card = contact_cards.find_card(session, school.lead, student_id=school.known.id)
    contact_cards.save_card(
        session, school.lead, student_id=school.known.id, version=card.version,
        entry=replace(card, home_address="青澜县北街9号"),
    )  # fmt: skip


def call_anew(session, school):
    entry = GuardianEntry(kind=GuardianKind.MOTHER, name="江母", phone="15400000007", is_primary=True)
    save_guardian(session, school.lead, student_id=school.known.id, entry=entry)


def look_again(session, school):
    entry = session.exec(select(StudentCategory).where(StudentCategory.student_id == school.forgotten.id)).one()
    categories.change_category(
        session, school.lead, student_id=school.forgotten.id, category_id=entry.id, version=entry.version,
        details=replace(categories.details_of(entry), evidence="11月20日复核，继续认定"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "name", "side", "part"),
    [
        (move_away, "江小满", DifferenceSide.BOTH, DifferencePart.ADDRESS),
        (call_anew, "江小满", DifferenceSide.BOTH, DifferencePart.PHONE),
        (look_again, "沈忍冬", DifferenceSide.REGISTER, DifferencePart.MARK),
    ],
)
def test_what_was_changed_since_is_not_overwritten(session, school, change, name, side, part):
    exchange = receive(session, school)
    chosen = pick(session, school, exchange, side, name, part=part)
    change(session, school)

    with pytest.raises(CannotAdopt) as refused:
        adopt(session, school, exchange, chosen)

    assert (refused.value.name, refused.value.problem.code) == (name, "register_changed")


@pytest.mark.parametrize(
    ("change", "name", "side", "part", "ours"),
    [
        (move_away, "江小满", DifferenceSide.BOTH, DifferencePart.ADDRESS, "青澜县北街9号"),
        (call_anew, "江小满", DifferenceSide.BOTH, DifferencePart.PHONE, "15400000007"),
        (look_again, "沈忍冬", DifferenceSide.REGISTER, DifferencePart.MARK, None),
    ],
)
def test_beside_the_list_stands_what_the_register_says_now(session, school, change, name, side, part, ours):
    exchange = receive(session, school)
    before = line_of(session, school, exchange, side, name, part)
    change(session, school)

    now = line_of(session, school, exchange, side, name, part)
    assert since_words(before) == ""
    assert "改过" in since_words(now)
    assert now.ours == (before.ours if ours is None else ours)
    assert now.ours_then == before.ours
    adopt(session, school, exchange, pick(session, school, exchange, side, name, part=part))  # as it is shown now
    assert line_of(session, school, exchange, side, name, part) is None


def test_what_was_registered_or_ended_since_is_said(session, school):
    exchange = receive(session, school)
    categories.add_category(
        session, school.lead, student_id=school.named.id, kind=DIFFICULTY, from_day=date(2026, 9, 1),
        details=CategoryDetails(difficulty_id=school.options["低保"]),
    )  # fmt: skip
    entry = session.exec(select(StudentCategory).where(StudentCategory.student_id == school.forgotten.id)).one()
    categories.end_category(
        session, school.lead, student_id=school.forgotten.id, category_id=entry.id, version=entry.version,
        day=date(2026, 11, 19),
    )  # fmt: skip

    on_list = line_of(session, school, exchange, DifferenceSide.LIST, "霍半夏", DifferencePart.MARK)
    with_us = line_of(session, school, exchange, DifferenceSide.REGISTER, "沈忍冬", DifferencePart.MARK)
    assert "我们登记了低保" in since_words(on_list)
    assert "已经结束" in since_words(with_us)
    with pytest.raises(CannotAdopt):
        adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.REGISTER, "沈忍冬"))


def test_a_decided_difference_keeps_what_stood_there(session, school):
    exchange = receive(session, school)
    chosen = pick(session, school, exchange, DifferenceSide.BOTH, "江小满", part=DifferencePart.ADDRESS)
    kept = line_of(session, school, exchange, DifferenceSide.BOTH, "江小满", DifferencePart.ADDRESS).ours
    list_decisions.leave_differences(session, school.lead, exchange_id=exchange, chosen=chosen, reason="没搬")
    move_away(session, school)

    decided = line_of(session, school, exchange, None, "江小满", DifferencePart.ADDRESS)
    assert (decided.ours, decided.standing) == (kept, None)


def test_a_page_of_differences_takes_as_many_statements_for_many(session, school, statements):
    exchange = receive(session, school)
    statements.clear()
    for side in DifferenceSide:
        lines(session, school, exchange, side)
    assert len(statements) <= 3 * 6


def line_of(session, school, exchange, side, name, part):
    found = lines(session, school, exchange, side)
    return next((line for line in found if (line.name, line.part) == (name, part)), None)


@pytest.mark.parametrize("part", [DifferencePart.ADDRESS, DifferencePart.PHONE])
def test_what_the_register_says_as_the_list_by_now_is_no_trouble(session, school, part):
    """Two lists say the same of a child; the second is followed after the first."""
    first = receive(session, school)
    second = receive(session, school, content=messy(school, [5, "方解石"]))
    for exchange in (first, second):
        adopt(session, school, exchange, pick(session, school, exchange, DifferenceSide.BOTH, "江小满", part=part))
        assert part not in {each.part for each in lines(session, school, exchange, DifferenceSide.BOTH)}  # none is open


def test_differences_of_another_exchange_are_not_there(session, school):
    exchange = receive(session, school)
    chosen = pick(session, school, exchange, DifferenceSide.LIST)

    with pytest.raises(NotFound):
        adopt(session, school, exchange + 1, chosen)


# --- our list for them ---


def given(session, school, **more):
    return list_handouts.give_list(
        session, school.lead, body=ExchangeBody.CIVIL_AFFAIRS, body_name=None,
        scope=more.pop("scope", Scope(DIFFICULTY)), **more,
    )  # fmt: skip


def cells(content: bytes) -> list[list[str]]:
    return python_calamine.CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()


def test_what_leaves_is_as_little_as_they_need(session, school):
    found = given(session, school)

    header, *rows = cells(found.content)
    assert header == ["姓名", "性别", "出生日期", "班级", "类别", "从哪天起"]
    assert [row[0] for row in rows[:2]] == ["江小满", "沈忍冬"]
    assert "何知微于" in rows[3][0]
    assert "身份证号" in cells(given(session, school, with_id_numbers=True).content)[0]


def test_a_family_that_refused_is_left_out(session, school):
    consents.record_consent(
        session, school.lead, student_id=school.known.id, purpose=ConsentPurpose.DATA, answer=ConsentAnswer.REFUSED,
        day=date(2026, 9, 5), by_whom="母亲",
    )  # fmt: skip

    found = given(session, school)

    assert (found.children, found.without_consent) == (1, 1)


def test_a_family_that_said_yes_and_withdrew_it_is_left_out(session, school):
    before = None
    for answer, day in ((ConsentAnswer.GIVEN, date(2026, 9, 5)), (ConsentAnswer.WITHDRAWN, date(2026, 10, 9))):
        before = consents.record_consent(
            session, school.lead, student_id=school.known.id, purpose=ConsentPurpose.DATA, answer=answer, day=day,
            by_whom="母亲", replaces_id=before,
        )  # fmt: skip

    assert (given(session, school).children, given(session, school).without_consent) == (1, 1)


def test_an_empty_category_gives_no_file(session, school):
    with pytest.raises(list_handouts.NobodyToGive):
        given(session, school, scope=Scope(FAMILY))


def test_giving_is_an_exchange_and_an_export(session, school):
    from db.audit_chain import COLLECTED

    found = given(session, school)

    row = list_exchanges.find_exchange(session, school.lead, exchange_id=found.exchange_id)
    assert (row.direction.value, row.rows) == ("given", 2)
    notes = {note.action: note.details for note in session.info[COLLECTED]}
    assert notes["export.made"]["count"] == 2
    assert "江小满" not in json.dumps([note.details for note in session.info[COLLECTED]], ensure_ascii=False)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.LEAD, Role.COUNSELLOR}))
def test_only_the_care_room_exchanges(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        list_exchanges.list_exchanges(session, make_user(role))
    with pytest.raises(NotAllowed):
        given(session, SimpleNamespace(lead=make_user(role)))


# --- what the term owes ---


def at(month: int, day: int, year: int = 2026):
    clock.set_fixed(datetime(year, month, day, 9, 0, tzinfo=clock.SCHOOL_ZONE))


def duties(session, actor):
    wanted = {DutyKind.EXCHANGE_LIST, DutyKind.DECIDE_DIFFERENCES}
    return [(duty.kind, duty.group) for duty in home.list_duties(session, actor) if duty.kind in wanted]


def test_one_a_term_is_owed_by_its_last_day_and_late_after_it(session, school):
    assert list_exchanges.list_exchanges(session, school.lead).term.state is DutyState.DUE
    assert duties(session, school.lead) == []
    at(1, 5, 2027)
    assert duties(session, school.lead) == [(DutyKind.EXCHANGE_LIST, DutyGroup.UPCOMING)]
    at(1, 22, 2027)
    assert duties(session, school.lead) == [(DutyKind.EXCHANGE_LIST, DutyGroup.TODAY)]
    at(1, 25, 2027)
    assert duties(session, school.lead) == [(DutyKind.EXCHANGE_LIST, DutyGroup.LATE)]
    assert list_exchanges.list_exchanges(session, school.lead).term.state is DutyState.OVERDUE


def test_a_list_received_is_what_the_term_asks_and_leaves_what_is_open(session, school):
    receive(session, school)
    at(1, 25, 2027)

    assert duties(session, school.lead) == [(DutyKind.DECIDE_DIFFERENCES, DutyGroup.WAITING)]
    assert list_exchanges.list_exchanges(session, school.lead).term.state is DutyState.MET


def test_our_own_list_alone_is_not_enough(session, school):
    given(session, school)
    at(1, 25, 2027)

    assert duties(session, school.lead) == [(DutyKind.EXCHANGE_LIST, DutyGroup.LATE)]


def test_a_school_may_ask_for_none_or_more(session, school):
    def ask(value: int) -> None:
        found = parameter_versions.find_history(session, school.lead, name=list_exchanges.NEEDED)
        parameter_versions.set_parameter(
            session, school.lead, name=list_exchanges.NEEDED, version=found.version, value=value,
            in_force_from=clock.today(), reason="试",
        )  # fmt: skip

    at(9, 1)
    ask(2)
    at(11, 20)
    assert duties(session, school.lead) == [(DutyKind.EXCHANGE_LIST, DutyGroup.LATE)]
    at(9, 1)
    ask(0)
    at(1, 25, 2027)
    assert duties(session, school.lead) == []


def test_the_office_answers_for_it_where_it_can(session, school, make_user):
    from dataclasses import replace

    office = session.exec(select(posts.Post.id).where(posts.Post.code == "office")).one()
    counsellor = make_user(Role.COUNSELLOR)
    teacher = make_user(Role.SUBJECT_TEACHER)
    at(1, 25, 2027)
    late = [(DutyKind.EXCHANGE_LIST, DutyGroup.LATE)]

    held = posts.appoint(session, school.lead, post_id=office, user_id=teacher.user_id, from_day=clock.today())
    assert duties(session, replace(teacher, holds_office=True)) == late
    assert duties(session, school.lead) == late
    posts.appoint(
        session, school.lead, post_id=office, user_id=counsellor.user_id, from_day=clock.today(),
        replaces_id=held, replaces_version=1,
    )  # fmt: skip
    assert duties(session, replace(counsellor, holds_office=True)) == late
    assert duties(session, school.lead) == []


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("holds_office", [False, True])
def test_how_much_is_open_is_told_to_who_may_decide_only(session, school, make_user, role, holds_office):
    receive(session, school)
    actor = replace(make_user(role), holds_office=holds_office)
    at(1, 25, 2028)

    owed = list_exchanges.find_owed(session, actor, calendar=load_calendar(session))

    if role in {Role.LEAD, Role.COUNSELLOR}:
        assert owed.open_count > 0
    elif holds_office:
        assert (owed.open_count, owed.first_open) == (0, None)
    else:
        assert owed is None


def test_who_holds_the_office_is_known_from_signing_in(session, school, make_user):
    from services import sign_in
    from tests.conftest import token_for

    counsellor = make_user(Role.COUNSELLOR)
    office = session.exec(select(posts.Post.id).where(posts.Post.code == "office")).one()
    token = token_for(session, counsellor)
    assert not sign_in.resolve(session, token).holds_office

    posts.appoint(session, school.lead, post_id=office, user_id=counsellor.user_id, from_day=clock.today())
    assert sign_in.resolve(session, token).holds_office
