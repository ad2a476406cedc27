"""The whole archive on paper, and the letter of a referral out: what stands on them, for whom, how fast."""

import json
import time
from datetime import timedelta
from io import BytesIO

import pytest
from docx import Document

from db.tables import CareKind, ConsentAnswer, ConsentPurpose, Role
from services import (
    archive_contents,
    archive_prints,
    assessments,
    consents,
    outward_letters,
    outward_referrals,
    referral_moves,
    safeguarding,
)
from services.archive_parts import PARTS
from services.archive_sections import WRITERS
from services.errors import NotAllowed, NotFound
from services.outward_letters import ConsentGone
from tests.conftest import NOW
from tests.services.children import problems_of
from tests.services.intake_makers import register
from tests.services.test_archives import open_case
from tests.services.test_assessments import asked
from tests.services.test_outward import ENTRY, WHY
from tests.services.test_papers import FOR, PLACEHOLDER, last_event, words_of
from tests.services.test_records import SECRET, write
from tests.services.test_tiers import ORANGE, put

TODAY = NOW.date()
TOLD = "孩子说不敢回家。"
AT_MOST_SECONDS = 5.0


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def homeroom(make_user, school_class):
    return make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school_class)


@pytest.fixture
def child(session, counsellor, homeroom, make_student, school_class):
    made = make_student("江小满", in_class=school_class)
    put(session, counsellor, made, ORANGE, reason="说不想活了，没有打算")
    open_case(session, counsellor, made)
    write(session, homeroom, made)
    write(session, counsellor, made, kind=CareKind.COUNSELLING, raised=TOLD)
    return made


def print_for(session, actor, child):
    return archive_prints.print_archive(session, actor, student_id=child.id, purpose=FOR)


def test_every_part_stands_on_it_in_its_order_and_what_is_missing_is_named(session, counsellor, child):
    made = print_for(session, counsellor, child)
    words = words_of(made)

    assert made.file_name == "心理档案 七（3）班 江小满.docx"
    places = [words.index(each) for each in ("　基本情况", "　分级", "　需求评估报告", "　帮扶方案", "　工作记录")]
    assert places == sorted(places)
    for seen in (SECRET, TOLD, "说不想活了", "每周谈一次。", "缺，何知微（个案负责人）补", "用途：会议研究"):
        assert seen in words
    assert [each for each in (PLACEHOLDER, "{%") if each in words] == []
    assert (last_event(session).details["list"], last_event(session).student_id) == ("whole_archive", child.id)


def test_counselling_in_words_is_for_author_and_head_and_others_see_that_it_was(
    session, lead, homeroom, child, make_user, make_class
):
    colleague = make_user(Role.COUNSELLOR)

    assert TOLD in words_of(print_for(session, lead, child))
    for reader, reads_talk in ((colleague, True), (homeroom, True)):
        words = words_of(print_for(session, reader, child))
        assert (TOLD in words, "心理辅导" in words, SECRET in words) == (False, True, reads_talk)
    words = words_of(print_for(session, homeroom, child))
    assert "说不想活了" not in words  # the tier without its reason
    assert "需求评估" not in words
    with pytest.raises(NotFound):
        print_for(session, make_user(Role.HOMEROOM, homeroom_of=make_class(9, 9)), child)
    for role in (Role.MENTOR, Role.SUBJECT_TEACHER, Role.LEADERSHIP, Role.ADMIN, Role.SUPERVISOR, Role.FINANCE):
        with pytest.raises(NotAllowed):
            print_for(session, make_user(role), child)
    assert problems_of(lambda: archive_prints.print_archive(session, lead, student_id=child.id, purpose=None)) == {
        "purpose": "required"
    }


def leaves(session, actor, child, *, with_notes=False) -> str:
    contents = archive_contents.read_archive(session, actor, student_id=child.id, leaves=True, with_notes=with_notes)
    return json.dumps(archive_contents.as_plain(contents), ensure_ascii=False)


def test_what_leaves_the_school_is_less_than_the_head_reads(session, lead, counsellor, child):
    words = leaves(session, lead, child)

    assert [each for each in (SECRET, "每周谈一次。", "江小满") if each not in words] == []
    for stays in (TOLD, "说不想活了"):  # counselling without consent, why somebody stands in a tier
        assert stays not in words
    assert "需求评估　" in words
    assert TOLD in leaves(session, lead, child, with_notes=True)


def test_nothing_of_a_matter_marked_as_abuse_leaves(session, lead, counsellor, make_student, school_class):
    child = make_student("霍半夏", in_class=school_class)
    referral = register(session, counsellor, student_id=child.id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    assessments.save_assessment(session, counsellor, request=asked(referral))
    safeguarding.mark_suspected_abuse(session, lead, referral_id=referral.id, version=referral.version)

    assert "每周谈一次。" in words_of(print_for(session, lead, child))
    words = leaves(session, lead, child)
    assert [each for each in ("需求评估", "每周谈一次。") if each in words] == []  # nor that there was one


def agree(session, counsellor, child, answer=ConsentAnswer.GIVEN, replaces_id=None):
    return consents.record_consent(
        session, counsellor, student_id=child.id, purpose=ConsentPurpose.REFERRAL, answer=answer, day=TODAY,
        by_whom="妈妈", replaces_id=replaces_id,
    )  # fmt: skip


def test_the_letter_says_what_was_agreed_and_no_more(session, lead, counsellor, homeroom, child):
    first = agree(session, counsellor, child)
    made = outward_referrals.refer_out(session, counsellor, student_id=child.id, entry=ENTRY)

    def letter(actor):
        return outward_letters.print_letter(session, actor, outward_id=made, purpose=FOR)

    words = words_of(letter(counsellor))
    for seen in ("转 介 信", "江小满", "栖云市第三医院心理科", WHY, "转介信一份", "家里同意转介", "2026年12月4日"):
        assert seen in words
    for stays in (SECRET, TOLD, "说不想活了", "每周谈一次", PLACEHOLDER):
        assert stays not in words
    assert last_event(session).details["list"] == "outward_letter"
    with pytest.raises(NotAllowed):
        letter(homeroom)
    agree(session, counsellor, child, ConsentAnswer.WITHDRAWN, first)
    with pytest.raises(ConsentGone):
        letter(lead)


@pytest.mark.long
def test_an_archive_of_300_records_is_printed_in_five_seconds(session, lead, counsellor, homeroom, child):
    for back in range(149):
        write(session, homeroom, child, day=TODAY - timedelta(days=back % 60))
        write(session, counsellor, child, kind=CareKind.COUNSELLING, day=TODAY - timedelta(days=back % 60))
    session.flush()

    began = time.perf_counter()
    content = print_for(session, lead, child).content()
    took = time.perf_counter() - began

    titles = [each.text for each in Document(BytesIO(content)).paragraphs]
    assert sum(f"　{kind.label}" in each for each in titles for kind in (CareKind.TALK, CareKind.COUNSELLING)) == 300
    assert took <= AT_MOST_SECONDS, f"{took:.2f} s, {len(content) // 1024} kB"


def test_every_part_has_somebody_who_writes_it():
    assert WRITERS.keys() == {part.code for part in PARTS}
