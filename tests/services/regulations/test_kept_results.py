"""Results of the whole school are kept until what they were read from is written to."""

from datetime import date, time

import pytest
from sqlalchemy import event

from db.engine import runtime
from db.tables import METADATA, CareKind, CareRecord, ClassPaperKind, ClauseSwitch
from db.transactions import reading, transaction
from services import clock
from services.calendar import END_OF_SCHOOL_DAY, load_calendar
from services.regulations import evaluation, kept_results
from services.regulations.deadlines import DutyState, class_paper_due
from services.regulations.kept_results import whole_school
from services.regulations.measures import measures
from services.regulations.switches import load_switches
from tests.services.regulations.test_evaluation import left_behind

ON = date(2026, 10, 30)


@pytest.fixture(autouse=True)
def school(location, term, make_class, make_student, session):
    kept_results.forget_all()
    seven = make_class()
    child = make_student("江小满", in_class=seven)
    for clause_id in measures():
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    session.commit()
    return child


def counted() -> tuple[int, dict]:
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(runtime().engine, "before_cursor_execute", note)
    try:
        with reading() as session:
            found = whole_school(session, on=ON)
    finally:
        event.remove(runtime().engine, "before_cursor_execute", note)
    return len([each for each in seen if each.lstrip().startswith("SELECT")]), found


def test_nothing_is_evaluated_twice_while_nothing_is_written():
    first, found = counted()
    again, same = counted()

    assert again <= 3 < first
    assert same == found


def test_a_record_makes_what_counts_records_be_evaluated_again(school):
    before = counted()[1]["H-12"]
    with transaction() as session:
        session.add(
            CareRecord(
                student_id=school.id, kind=CareKind.TALK, day=date(2026, 10, 12), minutes=20,
                recorded_at=clock.at_school(date(2026, 10, 12), clock.now().time()),
            )
        )  # fmt: skip
    after = counted()[1]["H-12"]

    assert (before.totals.done, after.totals.done) == (0, 1)


def test_a_step_becomes_overdue_though_nothing_is_written(session, school):
    left_behind(session, school)
    session.commit()
    calendar = load_calendar(session)
    due = class_paper_due(ClassPaperKind.PLAN, term=calendar.terms[0], calendar=calendar)
    states = []

    for moment in (END_OF_SCHOOL_DAY, time(18)):
        clock.set_fixed(clock.at_school(due, moment))
        with reading() as again:
            states.append(whole_school(again, on=due, clause_ids={"I-05"})["I-05"].state)

    assert states == [DutyState.DUE, DutyState.OVERDUE]


def test_every_table_a_source_reads_is_declared():
    """Statements of a source name tables; each one must make what was read from it old."""
    for clause_id, measure in measures().items():
        kept_results.forget_all()
        tables: set[str] = set()

        def note(_connection, _cursor, statement, *_rest, tables=tables):
            tables |= {name for name in _known() if f" {name} " in f"{statement} ".replace("\n", " ")}

        with reading() as session:
            calendar, switches = load_calendar(session), load_switches(session)
            event.listen(runtime().engine, "before_cursor_execute", note)
            try:
                evaluation.evaluate(session, calendar=calendar, switches=switches, on=ON, clause_ids={clause_id})
            finally:
                event.remove(runtime().engine, "before_cursor_execute", note)
        declared = kept_results._ALWAYS | kept_results._TABLES[measure.source]
        assert tables - declared == set(), clause_id


def _known() -> set[str]:
    return set(METADATA.tables)
