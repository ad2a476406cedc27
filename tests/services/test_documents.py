"""The school's documents: their kinds and states, filing, replacing, opening, looking through, and who may."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from db.audit_chain import COLLECTED
from db.errors import SealBroken
from db.tables import Attachment, Document, DocumentReview, Role
from db.transactions import transaction
from services import audit, clock, document_overviews, documents, home
from services.calendar import SchoolCalendar, TermDates
from services.document_kinds import (
    DocumentState,
    Edition,
    Readers,
    document_kinds,
    elsewhere,
    haves,
    last_day_of,
    state_of,
    state_of_kind,
)
from services.documents import DocumentEntry, ReplacedMeanwhile
from services.duties import DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.regulations.catalogue import ClauseKind, clauses
from services.regulations.parameters import Change, Numbers
from tests.conftest import codes
from tests.services.files import DOCX, PDF

TODAY = date(2026, 11, 20)
CALENDAR = SchoolCalendar(
    [
        TermDates(1, 2025, 2, date(2026, 2, 23), date(2026, 7, 3)),
        TermDates(2, 2026, 1, date(2026, 9, 1), date(2027, 1, 22)),
    ]
)
TEAM = {Role.LEAD, Role.COUNSELLOR, Role.LEADERSHIP, Role.SUPERVISOR}
WRITERS = {Role.LEAD, Role.LEADERSHIP, Role.ADMIN}


def entry(**changes) -> DocumentEntry:
    values = {"kind": "emergency_plan", "title": "应急预案（2026 年）", "valid_from": date(2026, 9, 1)}
    return DocumentEntry(**values | changes)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


def file(session, actor, *, content: bytes = PDF, replaces_id: int | None = None, **changes) -> Document:
    return documents.file_document(session, actor, entry=entry(**changes), content=content, replaces_id=replaces_id)


def state_in(session, actor, kind: str = "emergency_plan") -> DocumentState:
    rows = document_overviews.find_overview(session, actor).kinds
    return next(row.state for row in rows if row.kind.name == kind)


def test_every_document_clause_is_filed_or_said_to_stand_elsewhere():
    asked = {each.id for each in clauses().values() if each.kind is ClauseKind.DOCUMENT}
    proved = {clause for kind in document_kinds().values() for clause in kind.clauses}

    assert asked - proved == set(elsewhere())
    assert not proved & set(elsewhere())


def test_the_six_haves_are_six_and_each_has_a_kind():
    assert len(haves()) == 6
    assert all("C-14" in kind.clauses for kind in document_kinds().values() if kind.have)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, DocumentState.CURRENT),
        ({"valid_from": date(2026, 12, 1)}, DocumentState.NOT_YET),
        ({"valid_to": date(2026, 11, 19)}, DocumentState.EXPIRED),
        ({"valid_to": TODAY}, DocumentState.EXPIRING),
        ({"valid_to": date(2026, 12, 20)}, DocumentState.EXPIRING),
        ({"valid_to": date(2026, 12, 21)}, DocumentState.CURRENT),
        ({"looked_on": date(2026, 8, 31)}, DocumentState.REVIEW_DUE),
        ({"looked_on": date(2026, 9, 1)}, DocumentState.CURRENT),
        ({"looked_on": date(2026, 8, 31), "valid_to": date(2026, 9, 30)}, DocumentState.EXPIRED),
        ({"kind": "left_behind_plan", "looked_on": date(2026, 8, 31)}, DocumentState.REVIEW_DUE),
        ({"kind": "superior_documents", "looked_on": date(2020, 1, 1)}, DocumentState.CURRENT),
        ({"kind": "activity_records", "valid_from": date(2026, 6, 1)}, DocumentState.EXPIRED),
        ({"kind": "curriculum", "valid_from": date(2026, 3, 1)}, DocumentState.EXPIRED),
        ({"kind": "curriculum", "valid_from": date(2026, 9, 1)}, DocumentState.CURRENT),
    ],
    ids=[
        "in force", "later", "over since yesterday", "its last day", "30 days left", "31 days left",
        "last looked through in the school year before", "looked through on its first day",
        "over and not looked through", "a plan assessed each term", "never to be looked through",
        "a record of last term", "a plan of last school year", "a plan of this school year",
    ],
)  # fmt: skip
def test_how_a_document_stands(changes: dict, state: DocumentState):
    values = {"kind": "emergency_plan", "valid_from": date(2026, 9, 1), "valid_to": None, "looked_on": date(2026, 9, 1)}

    assert state_of(Edition(**values | changes), today=TODAY, calendar=CALENDAR) is state


def test_when_the_warning_begins_is_the_school_s():
    numbers = Numbers({"L-06.expires_soon_days": [Change(TODAY, 1, 60)]})
    edition = Edition("emergency_plan", date(2026, 9, 1), date(2027, 1, 10), date(2026, 9, 1))

    assert state_of(edition, today=TODAY, calendar=CALENDAR) is DocumentState.CURRENT
    own = SchoolCalendar(CALENDAR.terms, numbers=numbers)
    assert state_of(edition, today=TODAY, calendar=own) is DocumentState.EXPIRING


@given(
    st.sampled_from(sorted(document_kinds())),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_a_document_never_counts_before_it_begins_or_after_it_ends(kind, first, last, looked_on, today):
    edition = Edition(kind, first, last, looked_on)
    end = last_day_of(edition, CALENDAR)
    state = state_of(edition, today=today, calendar=CALENDAR)

    assert (state is DocumentState.NOT_YET) == (today < first)
    if today >= first:
        assert (state is DocumentState.EXPIRED) == (end is not None and today > end)


def test_of_rules_the_worst_one_tells_and_of_records_the_best():
    good, bad = DocumentState.CURRENT, DocumentState.EXPIRED
    rules, records = document_kinds()["rules"], document_kinds()["activity_records"]

    assert state_of_kind(rules, [good, bad]) is bad
    assert state_of_kind(records, [bad, good]) is good
    assert state_of_kind(rules, [DocumentState.NOT_YET]) is DocumentState.MISSING
    assert state_of_kind(document_kinds()["outside_case_report"], []) is DocumentState.NOT_NEEDED


def test_what_is_missing_is_named_until_it_is_filed(session, lead):
    assert state_in(session, lead) is DocumentState.MISSING

    file(session, lead)

    assert state_in(session, lead) is DocumentState.CURRENT


def test_the_six_haves_fill_one_by_one(session, lead, make_user):
    assert not any(document_overviews.find_overview(session, lead).haves.values())
    file(session, lead, kind="activity_records", title="十月活动", valid_from=date(2026, 10, 15))

    assert document_overviews.find_overview(session, lead).haves["activities"]
    assert document_overviews.find_overview(session, make_user(Role.MENTOR)).haves["activities"]


def test_the_file_is_sealed_and_comes_back_under_a_neutral_name(session, lead):
    document = file(session, lead, content=DOCX)
    stored = session.exec(select(Attachment)).one()
    assert DOCX[:40] not in stored.content_sealed
    assert "何知微" not in repr(stored.kind)

    opened = documents.open_document(session, lead, document_id=document.id)

    assert opened.content == DOCX
    assert opened.file_name == "应急预案20260901.docx"


def test_a_file_moved_to_another_row_does_not_open(session, lead):
    one, other = file(session, lead), file(session, lead, content=DOCX)
    first, second = session.exec(select(Attachment).order_by(Attachment.id)).all()
    second.content_sealed = first.content_sealed
    session.flush()

    documents.open_document(session, lead, document_id=one.id)
    with pytest.raises(SealBroken):
        documents.open_document(session, lead, document_id=other.id)


def test_opening_is_noted_once_in_half_an_hour(session, lead):
    document = file(session, lead)
    for _ in range(3):
        documents.open_document(session, lead, document_id=document.id)

    notes = [each.action for each in session.info[COLLECTED]]

    assert notes.count(audit.Action.DOCUMENT_OPENED.value) == 1


def test_a_new_edition_keeps_the_old_one(session, lead):
    old = file(session, lead, title="旧预案")
    file(session, lead, title="新预案", valid_from=date(2026, 11, 1), replaces_id=old.id)

    page = documents.list_documents(session, lead, kind="emergency_plan")

    assert [(row.title, row.is_replaced) for row in page.rows] == [("新预案", False), ("旧预案", True)]
    assert documents.open_document(session, lead, document_id=old.id).content == PDF
    overview = document_overviews.find_overview(session, lead)
    assert next(row for row in overview.kinds if row.kind.name == "emergency_plan").count == 1


def test_only_one_newer_edition_of_a_document(session, lead):
    old = file(session, lead)
    file(session, lead, replaces_id=old.id)

    with pytest.raises(ReplacedMeanwhile):
        file(session, lead, replaces_id=old.id)
    row = Document(
        kind="rules", title="试", clause_ids="", valid_from=TODAY, attachment_id=1, replaces_id=old.id,
        recorded_at=clock.now(),
    )  # fmt: skip
    step = session.begin_nested()
    session.add(row)
    with pytest.raises(IntegrityError):
        session.flush()
    step.rollback()


def test_of_many_who_replace_a_document_at_once_one_does(session, lead):
    old = file(session, lead)
    session.commit()
    outcomes: list[str] = []

    def work() -> None:
        try:
            with transaction() as own:
                file(own, lead, replaces_id=old.id)
            outcomes.append("filed")
        except ReplacedMeanwhile:
            outcomes.append("told")

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["filed", "told", "told", "told"]


def test_looked_through_twice_on_one_day_counts_once_and_mends_the_state(session, lead):
    document = file(session, lead)
    document.recorded_at = datetime(2025, 9, 10, 9, tzinfo=clock.SCHOOL_ZONE)
    document.valid_from = date(2025, 9, 1)
    session.flush()
    assert state_in(session, lead) is DocumentState.REVIEW_DUE

    for _ in range(2):
        documents.note_looked_through(session, lead, document_id=document.id)

    assert state_in(session, lead) is DocumentState.CURRENT
    (row,) = documents.list_documents(session, lead, kind="emergency_plan").rows
    assert (row.looked_on, row.looked_by) == (TODAY, "何知微")
    assert len(session.exec(select(DocumentReview)).all()) == 1


def test_what_was_filed_by_mistake_goes_and_the_one_before_counts_again(session, lead):
    old = file(session, lead, title="旧预案")
    new = file(session, lead, title="错的", replaces_id=old.id)
    with pytest.raises(ReplacedMeanwhile):
        documents.withdraw_document(session, lead, document_id=old.id, version=1)

    documents.withdraw_document(session, lead, document_id=new.id, version=1)

    assert [row.title for row in documents.list_documents(session, lead, kind="emergency_plan").rows] == ["旧预案"]
    assert state_in(session, lead) is DocumentState.CURRENT
    with pytest.raises(NotFound):
        documents.open_document(session, lead, document_id=new.id)
    file(session, lead, title="对的", replaces_id=old.id)


def test_a_document_changed_since_it_was_shown_is_not_taken_away(session, lead):
    document = file(session, lead)

    with pytest.raises(EditedMeanwhile):
        documents.withdraw_document(session, lead, document_id=document.id, version=7)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": None}, {"kind": "required"}),
        ({"kind": "nothing"}, {"kind": "unknown_choice"}),
        ({"title": " "}, {"title": "required"}),
        ({"title": "长" * 81}, {"title": "too_long"}),
        ({"valid_from": None}, {"valid_from": "required"}),
        ({"valid_to": date(2026, 8, 31)}, {"valid_to": "before_start"}),
        ({"clause_ids": ("X-99",)}, {"clause_ids": "unknown_choice"}),
        ({"content": b""}, {"file": "file_empty"}),
        ({"content": b"<html>"}, {"file": "file_unknown"}),
    ],
)
def test_an_impossible_document_is_refused_at_its_field_and_nothing_is_kept(session, lead, changes, expected):
    with pytest.raises(FieldErrors) as refused:
        file(session, lead, **changes)

    assert codes(refused) == expected
    assert session.exec(select(Attachment)).all() == []


def test_the_clauses_it_proves_are_its_kind_s_unless_chosen(session, lead):
    assert file(session, lead).clause_ids == "L-06"
    assert file(session, lead, clause_ids=("R-02", "L-06")).clause_ids == "L-06,R-02"


@pytest.mark.parametrize("role", list(Role))
def test_everybody_reads_the_rules_and_the_team_reads_what_may_name_children(session, lead, make_user, role: Role):
    plan = file(session, lead)
    record = file(session, lead, kind="activity_records", title="十月活动")
    actor = make_user(role)

    documents.open_document(session, actor, document_id=plan.id)
    names = {row.kind.name for row in document_overviews.find_overview(session, actor).kinds}

    assert ("activity_records" in names) == (role in TEAM)
    if role in TEAM:
        assert documents.list_documents(session, actor, kind="activity_records").total == 1
        documents.open_document(session, actor, document_id=record.id)
    else:
        for act in (
            lambda: documents.open_document(session, actor, document_id=record.id),
            lambda: documents.list_documents(session, actor, kind="activity_records"),
        ):
            with pytest.raises(NotFound):
                act()


@pytest.mark.parametrize("role", [role for role in Role if role not in WRITERS])
def test_nobody_else_files_or_looks_through(session, lead, make_user, role: Role):
    document, outsider = file(session, lead), make_user(role)

    for act in (
        lambda: file(session, outsider),
        lambda: documents.note_looked_through(session, outsider, document_id=document.id),
        lambda: documents.withdraw_document(session, outsider, document_id=document.id, version=1),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_the_administrator_files_only_what_all_staff_read(session, make_user, term):
    admin = make_user(Role.ADMIN)
    file(session, admin)

    with pytest.raises(FieldErrors) as refused:
        file(session, admin, kind="feedback")

    assert codes(refused) == {"kind": "unknown_choice"}


def test_statements_do_not_grow_with_the_documents(session, lead, statements):
    def taken() -> tuple[int, int]:
        session.flush()
        session.expire_all()
        statements.clear()
        document_overviews.find_overview(session, lead)
        first = len(statements)
        documents.list_documents(session, lead, kind="emergency_plan")
        return first, len(statements) - first

    file(session, lead)
    before = taken()
    for number in range(12):
        document = file(session, lead, title=f"预案 {number}")
        documents.note_looked_through(session, lead, document_id=document.id)

    assert taken() == before == (2, 2)


def test_the_list_is_paged(session, lead):
    for number in range(12):
        file(session, lead, title=f"预案 {number}")

    pages = [documents.list_documents(session, lead, kind="emergency_plan", page=page) for page in (1, 2, 99)]

    assert [len(page.rows) for page in pages] == [10, 2, 10]
    assert pages[0].total == 12


def test_files_are_never_read_for_a_list(session, lead, statements):
    file(session, lead)
    statements.clear()
    document_overviews.find_overview(session, lead)
    documents.list_documents(session, lead, kind="emergency_plan")

    assert not any("content_sealed" in each for each in statements)


def test_readers_of_what_may_name_children_are_the_team_only():
    open_to_all = {kind.name for kind in document_kinds().values() if kind.readers is Readers.STAFF}

    assert not open_to_all & {"activity_records", "feedback", "outside_case_report", "four_special_plan"}
    text = Path(documents.__file__).with_name("documents.toml").read_text(encoding="utf-8")
    assert re.findall(r'readers = "(\w+)"', text).count("team") == 4


def told_at_home(session, actor) -> tuple[str, ...]:
    found = [duty for duty in home.list_duties(session, actor) if duty.kind is DutyKind.DOCUMENTS_WANTING]
    return found[0].labels if found else ()


OVERDUE = {DocumentState.MISSING, DocumentState.EXPIRED, DocumentState.REVIEW_DUE}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(document_kinds())), st.integers(-700, 30), st.integers(0, 900)), max_size=6
    )
)
def test_home_s_line_says_what_the_page_says(session, lead, filed):
    with session.begin_nested() as step:
        for kind, starts, lasts in filed:
            valid_from = TODAY + timedelta(days=starts)
            file(session, lead, kind=kind, valid_from=valid_from, valid_to=valid_from + timedelta(days=lasts))
        rows = document_overviews.find_overview(session, lead).kinds
        on_page = {row.kind.label for row in rows if row.state in OVERDUE}
        at_home = told_at_home(session, lead)
        step.rollback()

    assert set(at_home) == on_page


def test_home_names_missing_haves_first_and_is_quiet_once_everything_is_there(session, lead, make_user):
    labels = told_at_home(session, lead)
    of_haves = [kind.label for kind in document_kinds().values() if kind.have and kind.is_required]
    assert set(labels[: len(of_haves)]) == set(of_haves)
    assert not told_at_home(session, make_user(Role.COUNSELLOR))

    for kind in document_kinds().values():
        file(session, lead, kind=kind.name, valid_from=TODAY, valid_to=None)

    assert told_at_home(session, lead) == ()


def test_what_was_not_looked_through_this_school_year_is_told_at_home(session, lead):
    clock.set_fixed(datetime(2026, 3, 2, 9, tzinfo=clock.SCHOOL_ZONE))
    file(session, lead, valid_from=date(2026, 3, 2))
    clock.set_fixed(datetime(2026, 11, 20, 9, tzinfo=clock.SCHOOL_ZONE))

    assert state_in(session, lead) is DocumentState.REVIEW_DUE
    assert document_kinds()["emergency_plan"].label in told_at_home(session, lead)
