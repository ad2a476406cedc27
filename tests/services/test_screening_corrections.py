"""Scores that were entered wrongly: the later ones of the same day count, the earlier stay (H-01, H-04)."""

import json

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import CareKind, CarePlace, Role, ScreeningResult
from services import clock
from services.exchange.reasons import Reason
from services.imports.undoing_results import ResultsFollowedUp
from services.records import RecordEntry, record_contact
from services.screening import follow_ups
from services.screening.results import ResultKind, find_child_results, list_results, list_to_follow_up
from services.screening_imports import as_correction, confirm_screening, preview_screening
from services.student_imports import Outcome, undo_import
from tests.services.test_screening_imports import ROW, URGENT, results_of, take

HIGH = ROW | {"PHQ-9总分": "16"}
CALM = ROW | {"PHQ-9总分": "3"}
KEPT = ("total", "needs_contact")


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def child(make_student, make_class, term):
    return make_student(in_class=make_class(7, 1))


def correct(session, actor, *rows):
    seen = preview_screening(session, actor, reading=as_correction(results_of(*rows)))
    return seen, confirm_screening(session, actor, preview=seen, file_name="更正.csv", digest="1" * 64)


def kept(session) -> list[tuple[int, float | None, bool]]:
    session.expire_all()
    rows = session.exec(select(ScreeningResult).order_by(ScreeningResult.number)).all()
    return [(row.number, json.loads(unseal(row, "scores_sealed"))["total"], row.needs_contact) for row in rows]


def talk(session, actor, child) -> int:
    (record_id,) = record_contact(
        session, actor, student_ids=[child.id],
        entry=RecordEntry(kind=CareKind.TALK, day=clock.today(), place=CarePlace.OFFICE, raised="说睡不好。"),
    )  # fmt: skip
    return record_id


def test_other_scores_are_refused_until_somebody_says_that_they_count(session, lead, child):
    take(session, lead, HIGH)
    seen = preview_screening(session, lead, reading=results_of(CALM))
    assert (seen.differing, seen.rows[0].reason) == (1, Reason.RESULT_DIFFERS)

    seen, done = correct(session, lead, CALM)

    assert (seen.differing, seen.rows[0].outcome) == (0, Outcome.CHANGED)
    assert [(each.stored, each.new) for each in seen.rows[0].changes] == [("16 分", "3 分，没有明显症状")]
    assert (done.created, done.changed) == (0, 1)
    assert kept(session) == [(1, 16, False), (2, 3, False)]


def test_the_corrected_one_stays_in_sight_and_counts_no_more(session, lead, child):
    take(session, lead, HIGH)
    round_id = session.exec(select(ScreeningResult.round_id)).one()
    correct(session, lead, CALM)

    shown = find_child_results(session, lead, student_id=child.id).results
    assert [(each.scores.total, each.row.is_corrected) for each in shown] == [(3, False), (16, True)]
    assert list_to_follow_up(session, lead) == []
    for kind in (ResultKind.FLAGGED, ResultKind.HIGH, ResultKind.VOID):
        assert list_results(session, lead, round_id=round_id, kind=kind).rows == ()


def test_a_correction_upwards_asks_for_somebody(session, lead, child):
    take(session, lead, CALM)
    correct(session, lead, HIGH)

    assert kept(session) == [(1, 3, False), (2, 16, True)]
    assert [row.taken_on for row in list_to_follow_up(session, lead)]


def test_an_urgent_one_is_still_talked_about(session, lead, child):
    take(session, lead, URGENT)
    correct(session, lead, ROW)

    assert [needs for _, _, needs in kept(session)] == [True, False]
    assert [row.is_urgent for row in list_to_follow_up(session, lead)] == [True]


def test_what_was_talked_about_stays_so(session, lead, child):
    take(session, lead, HIGH)
    (row,) = session.exec(select(ScreeningResult)).all()
    follow_ups.note_contact(session, lead, result_id=row.id, record_id=talk(session, lead, child))

    correct(session, lead, CALM)

    before = next(each for each in session.exec(select(ScreeningResult)) if each.number == 1)
    assert (before.needs_contact, before.contact_id is not None) == (True, True)


def test_neither_file_changes_anything_when_it_comes_again(session, lead, child):
    take(session, lead, HIGH)
    correct(session, lead, CALM)

    assert take(session, lead, HIGH).wrote_nothing
    assert take(session, lead, CALM).wrote_nothing
    assert correct(session, lead, CALM)[1].wrote_nothing
    correct(session, lead, HIGH)  # the first was right after all
    assert kept(session) == [(1, 16, False), (2, 3, False), (3, 16, True)]


def test_taken_back_the_earlier_counts_again(session, lead, child):
    take(session, lead, HIGH)
    _, done = correct(session, lead, CALM)

    undo_import(session, lead, batch_id=done.batch_id)

    assert kept(session) == [(1, 16, True)]
    assert not find_child_results(session, lead, student_id=child.id).results[0].row.is_corrected


def test_taken_back_in_the_middle_nobody_is_called_up_again(session, lead, child):
    take(session, lead, HIGH)
    _, first = correct(session, lead, CALM)
    correct(session, lead, CALM | {"PHQ-9总分": "2"})

    undo_import(session, lead, batch_id=first.batch_id)

    assert kept(session) == [(1, 16, False), (3, 2, False)]


def test_a_correction_that_was_talked_about_is_not_taken_back(session, lead, child):
    take(session, lead, CALM)
    _, done = correct(session, lead, HIGH)
    row = next(each for each in session.exec(select(ScreeningResult)) if each.number == 2)
    follow_ups.note_contact(session, lead, result_id=row.id, record_id=talk(session, lead, child))

    with pytest.raises(ResultsFollowedUp):
        undo_import(session, lead, batch_id=done.batch_id)


def test_two_others_of_one_file_are_still_refused(session, lead, child):
    seen = preview_screening(session, lead, reading=as_correction(results_of(CALM, HIGH)))

    assert [row.reason for row in seen.rows] == [None, Reason.RESULT_DIFFERS]
