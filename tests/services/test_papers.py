"""Papers of records: what stands on them, who may have them, and that it is noted; opened as Word opens them."""

from io import BytesIO

import pytest
from docx import Document

from db.audit_chain import COLLECTED, append_collected
from db.tables import CareKind, CategoryKind, GuardianKind, Role
from services import (
    assessments,
    card_prints,
    categories,
    file_openings,
    guardians,
    record_prints,
    records,
    referral_moves,
    referral_prints,
    safeguarding,
)
from services.categories import CategoryDetails
from services.errors import NotAllowed, NotFound
from services.guardians import GuardianEntry
from services.student_exports import ExportPurpose
from tests.conftest import NOW
from tests.services.children import problems_of
from tests.services.intake_makers import FACTS, register
from tests.services.test_assessments import asked
from tests.services.test_records import SECRET, write

FOR = ExportPurpose.MEETING
PLACEHOLDER = "{{"


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def child(session, lead, make_student, school_class):
    made = make_student("江小满", in_class=school_class)
    entry = GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾兰亭", relation="外婆", phone="15400000137")
    guardians.save_guardian(session, lead, student_id=made.id, entry=entry)
    return made


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def homeroom(make_user, school_class):
    return make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school_class)


def words_of(made) -> str:
    """Everything written in a document, table cells included."""
    document = Document(BytesIO(made.content()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(each.text for each in document.paragraphs), *cells])


def record(session, actor, record_id):
    return record_prints.print_record(session, actor, record_id=record_id, purpose=FOR)


def last_event(session):
    return session.info[COLLECTED][-1]


@pytest.mark.parametrize(
    ("kind", "title", "also"),
    [
        (CareKind.TALK, "谈 心 谈 话 记 录", "20 分钟"),
        (CareKind.HOME_VISIT, "家 访 记 录", "顾兰亭（外婆）"),
        (CareKind.HOMEWORK_CHECK, "工 作 记 录", "作业情况"),
    ],
)
def test_a_record_is_a_paper_of_its_kind(session, homeroom, lead, child, kind, title, also):
    made = record(session, homeroom, write(session, homeroom, child, kind=kind))

    words = words_of(made)
    for seen in (title, also, "江小满", "七（3）班", "2026年11月20日", SECRET, "周砚田", "用途：会议研究"):
        assert seen in words
    assert PLACEHOLDER not in words
    assert made.file_name == f"{kind.label} 七（3）班 江小满 20261120.docx"
    event = last_event(session)
    assert (event.details["list"], event.details["purpose"], event.student_id) == (
        record_prints.PAPERS.get(kind, record_prints.ANY), FOR.value, child.id,
    )  # fmt: skip


def test_a_mark_no_paper_can_hold_takes_no_other_with_it(session, homeroom, child):
    made = record(session, homeroom, write(session, homeroom, child, raised="语文\uffff < 60 & 数学\ufffe > 90"))

    assert "语文 < 60 & 数学 > 90" in words_of(made)


def test_whose_words_are_not_to_be_read_are_not_to_be_printed(session, homeroom, counsellor, lead, child, make_user):
    told, talk = (
        write(session, counsellor, child, kind=CareKind.COUNSELLING),
        write(session, homeroom, child, day=NOW.date()),
    )
    colleague = make_user(Role.COUNSELLOR)

    assert SECRET in words_of(record(session, lead, told))
    assert SECRET in words_of(record(session, colleague, talk))
    for actor in (homeroom, colleague):
        with pytest.raises(NotFound):
            record(session, actor, told)
    with pytest.raises(NotAllowed):
        record(session, make_user(Role.MENTOR), talk)
    records.withdraw_record(session, homeroom, record_id=talk, version=1, reason="写错了孩子")
    with pytest.raises(NotFound):
        record(session, homeroom, talk)


def test_a_referral_and_its_assessment_are_papers(session, counsellor, homeroom, child):
    referral = register(session, counsellor, student_id=child.id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    case = assessments.save_assessment(session, counsellor, request=asked(referral))

    words = words_of(referral_prints.print_referral(session, counsellor, referral_id=referral.id, purpose=FOR))
    for seen in ("受 理 登 记 表", "江小满", FACTS, "教师转介", "代课的岳老师", "已转个案"):
        assert seen in words
    words = words_of(referral_prints.print_assessment(session, counsellor, case_id=case.id, purpose=FOR))
    for seen in ("需 求 评 估 报 告", "江小满", "何知微", "每周谈一次。", "同伴"):
        assert seen in words
    with pytest.raises(NotFound):  # of the own class only the state
        referral_prints.print_referral(session, homeroom, referral_id=referral.id, purpose=FOR)
    with pytest.raises(NotAllowed):
        referral_prints.print_assessment(session, homeroom, case_id=case.id, purpose=FOR)
    assert problems_of(
        lambda: referral_prints.print_referral(session, counsellor, referral_id=referral.id, purpose=None)
    ) == {"purpose": "required"}


def test_what_is_suspected_is_printed_by_who_handles_it_alone(session, counsellor, lead, child):
    referral = register(session, counsellor, student_id=child.id)
    safeguarding.mark_suspected_abuse(session, lead, referral_id=referral.id, version=1)

    assert FACTS in words_of(referral_prints.print_referral(session, lead, referral_id=referral.id, purpose=FOR))
    with pytest.raises(NotFound):
        referral_prints.print_referral(session, counsellor, referral_id=referral.id, purpose=FOR)


def cards(session, actor, school_class, *, only_left_behind=False, purpose=FOR):
    return card_prints.print_class_cards(
        session, actor, class_id=school_class.id, only_left_behind=only_left_behind, purpose=purpose
    )


def test_a_class_s_cards_are_one_file_with_a_page_each(session, lead, homeroom, child, school_class, make_student):
    make_student("霍半夏", in_class=school_class)

    made = cards(session, homeroom, school_class)

    words = words_of(made)
    assert made.file_name == "联系卡 七（3）班 2人.docx"
    assert (words.count("学 生 联 系 卡"), "顾兰亭" in words, "霍半夏" in words) == (2, True, True)
    document = Document(BytesIO(made.content()))
    assert [each.paragraph_format.page_break_before for each in document.paragraphs].count(True) == 1
    assert len(document.sections) == 1
    assert (last_event(session).details["list"], last_event(session).details["count"]) == ("class_cards", 2)


def test_only_the_left_behind_of_a_class_and_only_one_s_own(
    session, lead, homeroom, child, school_class, make_student, make_user, make_class
):
    make_student("霍半夏", in_class=school_class)
    assert problems_of(lambda: cards(session, homeroom, school_class, only_left_behind=True)) == {
        "only_left_behind": "nobody_left_behind"
    }
    categories.add_category(
        session, lead, student_id=child.id, kind=CategoryKind.LEFT_BEHIND, details=CategoryDetails(level=2),
        from_day=NOW.date(),
    )  # fmt: skip

    words = words_of(cards(session, homeroom, school_class, only_left_behind=True))
    assert ("江小满" in words, "霍半夏" in words) == (True, False)
    with pytest.raises(NotFound):
        cards(session, make_user(Role.HOMEROOM, homeroom_of=make_class(9, 9)), school_class)
    with pytest.raises(NotAllowed):
        cards(session, make_user(Role.SUBJECT_TEACHER, teaches=school_class), school_class)
    assert problems_of(lambda: cards(session, homeroom, school_class, purpose=None)) == {"purpose": "required"}


def test_a_printed_paper_stands_among_who_saw_what(session, lead, homeroom, child):
    record(session, homeroom, write(session, homeroom, child))
    session.flush()
    append_collected(session)

    shown = file_openings.list_openings(session, lead, student_id=child.id)

    assert [(each.who, each.paper) for each in shown.rows] == [("周砚田", "谈心谈话记录")]
