"""A class's plan and summary for its left-behind children: filed, put right, by whom, and what the clauses read."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from sqlmodel import select

from db.tables import AuditEvent, CareKind, CategoryKind, ClassPaper, ClassPaperKind, ClauseSwitch, NotReached, Role
from db.transactions import transaction
from services import categories, class_papers, clock
from services.actors import Actor
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.regulations.deadlines import DutyState
from services.regulations.kept_results import whole_school
from tests.conftest import codes
from tests.services.children import collected
from tests.services.test_records import write as record

PLAN, SUMMARY = ClassPaperKind.PLAN, ClassPaperKind.SUMMARY
WORDS = "每周和小满谈一次，先把作业补上。"


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    one, two = make_class(7, 1), make_class(7, 2)
    child, _ = (make_student(name, in_class=one) for name in ("江小满", "霍半夏"))
    lead = make_user(Role.LEAD)
    categories.add_category(
        session, lead, student_id=child.id, kind=CategoryKind.LEFT_BEHIND, details=categories.CategoryDetails(),
        from_day=term.first_day,
    )  # fmt: skip
    return SimpleNamespace(
        one=one, term=term, lead=lead, child=child,
        teacher=make_user(Role.HOMEROOM, homeroom_of=one), other=make_user(Role.HOMEROOM, homeroom_of=two),
    )  # fmt: skip


def read(session, school, actor=None):
    return class_papers.find_class_papers(
        session, actor or school.teacher, class_id=school.one.id, term_id=school.term.id
    )


def file(session, school, words=WORDS, *, kind=PLAN, version=None, actor=None):
    class_papers.file_paper(
        session, actor or school.teacher, class_id=school.one.id, term_id=school.term.id, kind=kind, words=words,
        version=version,
    )  # fmt: skip


def test_both_are_owed_until_they_are_filed(session, school):
    found = read(session, school)

    assert [(each.kind, each.id, each.due_on) for each in found.papers] == [
        (PLAN, None, school.term.first_day + timedelta(days=14)), (SUMMARY, None, school.term.last_day),
    ]  # fmt: skip
    assert found.children == ((school.child.id, "江小满"),)


def test_what_is_filed_is_read_back_sealed(session, school):
    file(session, school)

    plan = read(session, school).papers[0]
    assert (plan.words, plan.version, plan.filed_on) == (WORDS, 1, clock.today())
    assert WORDS.encode() not in session.exec(select(ClassPaper.words_sealed)).one()


def test_put_right_it_keeps_the_day_it_was_filed(session, school):
    file(session, school)
    filed_at = session.exec(select(ClassPaper.recorded_at)).one()
    file(session, school, "换个做法", version=1)

    (row,) = session.exec(select(ClassPaper)).all()
    assert (row.recorded_at, row.version) == (filed_at, 2)
    assert read(session, school).papers[0].words == "换个做法"


def test_the_same_words_are_no_amendment(session, school):
    file(session, school)
    file(session, school, version=1)
    assert "class_paper.amended" not in collected(session)

    file(session, school, "换个做法", version=2)

    assert "class_paper.amended" in collected(session)


@pytest.mark.parametrize(("days", "is_late"), [(0, False), (1, True)])
def test_a_paper_is_late_from_the_day_after_its_day(session, school, days, is_late):
    due_on = clock.today() - timedelta(days=days)
    owed = replace(read(session, school).papers[0], due_on=due_on)

    assert owed.is_late is is_late
    assert replace(owed, filed_on=clock.today()).is_late is is_late
    assert not replace(owed, filed_on=due_on).is_late


def test_the_slower_of_two_overwrites_nobody(session, school):
    file(session, school)
    file(session, school, "换个做法", version=1, actor=school.lead)

    for version in (None, 1):
        with pytest.raises(EditedMeanwhile) as refused:
            file(session, school, "又一个", version=version)
        assert refused.value.current["words"] == "换个做法"
    assert read(session, school).papers[0].words == "换个做法"


@pytest.mark.parametrize(("words", "code"), [(None, "required"), (" \u3000\n", "required"), ("长" * 5001, "too_long")])
def test_what_cannot_be_is_refused(session, school, words, code):
    with pytest.raises(FieldErrors) as refused:
        file(session, school, words)

    assert codes(refused) == {"words": code}
    assert session.exec(select(ClassPaper)).all() == []


def test_only_the_own_class_and_terms_that_have_begun(session, school):
    for act in (read, file):
        with pytest.raises(NotFound):
            act(session, school, actor=school.other)
    with pytest.raises(NotFound):
        class_papers.find_class_papers(session, school.lead, class_id=school.one.id, term_id=999)


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.ADMIN])
def test_others_have_none(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        read(session, school, actor=make_user(role))


def test_what_was_done_is_counted_for_left_behind_children_of_the_class(session, school):
    record(session, school.teacher, school.child, kind=CareKind.TALK)
    record(session, school.teacher, school.child, is_done=False, not_reached=NotReached.NOT_THERE)

    assert read(session, school).done == ((CareKind.TALK, 1),)


def test_a_filed_paper_meets_its_clause(session, school):
    session.add(ClauseSwitch(clause_id="I-05", number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now()))
    session.commit()
    before = whole_school(session, on=clock.today(), clause_ids=["I-05"])["I-05"]
    with transaction() as writing:
        file(writing, school)
    session.expire_all()
    session.rollback()
    after = whole_school(session, on=clock.today(), clause_ids=["I-05"])["I-05"]

    assert (before.totals.required, before.totals.done) == (1, 0)
    assert (after.totals.required, after.totals.done) == (1, 1)
    assert after.state in (DutyState.MET, DutyState.MET_LATE)


def test_two_who_file_at_once_leave_one(session, school):
    session.commit()
    together = Barrier(2)

    def one(actor: Actor) -> str:
        together.wait()
        try:
            with transaction() as writing:
                file(writing, school, f"{actor.display_name}写的", actor=actor)
        except EditedMeanwhile:
            return "told"
        return "filed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, (school.teacher, school.lead))) == ["filed", "told"]
    session.rollback()
    assert len(session.exec(select(ClassPaper)).all()) == 1
    assert session.exec(select(AuditEvent.action).where(AuditEvent.target_table == "class_paper")).all() == [
        "class_paper.filed"
    ]
