"""Printing from the pages: a record, a referral, an assessment, a class's cards: asked what for, noted, fetched."""

from io import BytesIO

import pytest
from docx import Document
from sqlmodel import select

from db.tables import AuditEvent, ConsentAnswer, ConsentPurpose, OutwardTarget, Role
from db.transactions import reading
from services import assessments, clock, consents, outward_referrals, referral_moves
from services.outward_referrals import OutwardEntry
from services.student_exports import ExportPurpose
from tests.pages.conftest import OpenPage, World, commit
from tests.services.intake_makers import register
from tests.services.test_assessments import asked
from tests.services.test_records import write

RECORD, REFERRAL, ASSESSMENT = "record_print", "referral_print", "assessment_print"


@pytest.fixture
def made(session, world: World) -> dict[str, int]:
    """A talk of the homeroom teacher with 江小满, a referral of the counsellor and the case it became."""
    counsellor, child = world.staff[Role.COUNSELLOR], world.students[0]
    talk = write(session, world.staff[Role.HOMEROOM], child)
    referral = register(session, counsellor, student_id=child.id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    case = assessments.save_assessment(session, counsellor, request=asked(referral))
    agreed = {
        "purpose": ConsentPurpose.REFERRAL,
        "answer": ConsentAnswer.GIVEN,
        "day": clock.today(),
        "by_whom": "妈妈",
    }
    consents.record_consent(session, counsellor, student_id=child.id, **agreed)
    entry = OutwardEntry(
        target_kind=OutwardTarget.HOSPITAL, target="栖云医院", reason="睡不着", referred_on=clock.today()
    )
    sent = outward_referrals.refer_out(session, counsellor, student_id=child.id, entry=entry)
    commit(session)
    return {"record": talk, "referral": referral.id, "case": case.id, "student": child.id, "outward": sent}


def buttons(screen) -> set[str]:
    return {each.key for each in screen.button}


def fetched(screen, form: str) -> str:
    """The title of what was made."""
    _name, content = screen.session_state[f"care_word_{form}"]
    return Document(BytesIO(content)).paragraphs[1].text


@pytest.mark.parametrize(
    ("page", "parameter", "button", "title"),
    [
        ("record", "record", RECORD, "谈 心 谈 话 记 录"),
        ("referrals", "referral", REFERRAL, "受 理 登 记 表"),
        ("cases", "case", ASSESSMENT, "需 求 评 估 报 告"),
        ("archives", "student", "archive_print", "学 生 心 理 档 案"),
        ("outward", "outward", "outward_letter", "转 介 信"),
    ],
)
def test_what_one_reads_one_prints_and_it_is_noted(open_page: OpenPage, world, made, page, parameter, button, title):
    number = made[parameter]
    screen = open_page(page, world.staff[Role.COUNSELLOR], **{parameter: number})
    form = f"{button}_form_{number}"

    screen.button(key=button).click().run()
    screen.button(key=f"{form}_make").click().run()
    assert f"care_word_{form}" not in screen.session_state  # what for was not said
    screen.selectbox(key=f"{form}_purpose").set_value(ExportPurpose.MEETING).run()
    screen.button(key=f"{form}_make").click().run()

    assert not screen.exception
    assert fetched(screen, form) == title
    with reading() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "export.made")).all()
    assert [event.student_id for event in events] == [world.students[0].id]


def test_who_only_knows_of_it_or_exports_nothing_is_offered_no_paper(open_page: OpenPage, session, world, made):
    own = write(session, world.staff[Role.SUBJECT_TEACHER], world.students[0])
    told = write(session, world.staff[Role.COUNSELLOR], world.students[0])
    commit(session)

    assert RECORD not in buttons(open_page("record", world.staff[Role.SUBJECT_TEACHER], record=own))
    assert RECORD not in buttons(open_page("record", world.staff[Role.HOMEROOM], record=told))
    assert REFERRAL not in buttons(open_page("referrals", world.staff[Role.HOMEROOM], referral=made["referral"]))


def test_a_class_s_cards_are_asked_for_below_the_register(open_page: OpenPage, session, world):
    screen = open_page("students", world.staff[Role.HOMEROOM])
    screen.session_state["students_cards"] = True
    screen.run()
    screen.button(key="students_print_cards").click().run()
    screen.selectbox(key="class_cards_form_purpose").set_value(ExportPurpose.VISIT).run()
    screen.button(key="class_cards_form_make").click().run()

    assert not screen.exception
    name, content = screen.session_state["care_word_class_cards_form"]
    assert name == "联系卡 七（3）班 3人.docx"
    assert len(Document(BytesIO(content)).tables) == 3
