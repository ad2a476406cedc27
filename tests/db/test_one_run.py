"""What is read once in the run of a page: the same for everybody, gone with the run or with a write."""

from datetime import date

from db.tables import Term
from db.transactions import one_run, reading, transaction
from services.calendar import load_calendar

TERM = {"school_year": 2026, "number": 1, "first_day": date(2026, 9, 1), "last_day": date(2027, 1, 22)}


def terms_read() -> int:
    with reading() as session:
        return len(load_calendar(session).terms)


def test_the_calendar_is_read_once_in_a_run(location):
    with one_run():
        terms_read()
        with reading() as session:
            first = load_calendar(session)
        with reading() as session:
            assert load_calendar(session) is first


def test_what_the_run_itself_writes_is_seen(location):
    with one_run():
        assert terms_read() == 0
        with transaction() as session:
            session.add(Term(**TERM))

        assert terms_read() == 1


def test_a_writing_transaction_reads_for_itself(location):
    with one_run():
        assert terms_read() == 0
        with transaction() as session:
            session.add(Term(**TERM))
            session.flush()

            assert len(load_calendar(session).terms) == 1


def test_nothing_is_kept_from_one_run_to_the_next_or_outside_one(location):
    with one_run():
        assert terms_read() == 0
    assert terms_read() == 0
    with transaction() as session:
        session.add(Term(**TERM))

    assert terms_read() == 1
    with one_run():
        assert terms_read() == 1
