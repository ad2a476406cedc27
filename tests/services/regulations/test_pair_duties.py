"""Who keeps what is asked of pairs: the same duties as the clauses count, put together by helper (area J)."""

from datetime import date

import pytest

from db.tables import (
    CareKind,
    CareRecord,
    ClauseSwitch,
    Helper,
    HelperKind,
    Pairing,
    PairingRole,
    Role,
)
from services import clock
from services.errors import NotAllowed
from services.regulations import compliance, kept_results, pair_duties
from services.regulations.pair_duties import HelperProgress, Progress
from services.regulations.standings import Totals

ON = date(2026, 11, 20)


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    """Two tutors since September: one talks every month, one never does; their children sit in two classes."""
    kept_results.forget_all()
    classes = [make_class(7, 1), make_class(7, 2)]
    tutors = [make_user(Role.MENTOR, name=name) for name in ("试勤", "试懒")]
    for clause_id in ("J-13", "J-18"):
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    for tutor, place in zip(tutors, classes, strict=True):
        child = make_student(f"江{tutor.display_name}", in_class=place)
        helper = Helper(
            kind=HelperKind.STAFF, user_id=tutor.user_id, capacity=9, from_day=date(2026, 9, 1),
            recorded_at=clock.now(),
        )  # fmt: skip
        session.add(helper)
        session.flush()
        session.add(
            Pairing(
                student_id=child.id, helper_id=helper.id, role=PairingRole.MENTOR, from_day=date(2026, 9, 1),
                recorded_at=clock.now(),
            )
        )  # fmt: skip
        if tutor is tutors[0]:
            for month in (9, 10, 11):
                session.add(
                    CareRecord(
                        student_id=child.id, kind=CareKind.TALK, day=date(2026, month, 12),
                        author_id=tutor.user_id, is_done=True,
                        recorded_at=clock.now(),
                    )
                )  # fmt: skip
    session.flush()
    return {"lead": make_user(Role.LEAD), "classes": classes, "tutors": tutors}


def test_each_helper_has_the_duties_the_clause_counts(session, school):
    rows = pair_duties.list_progress(session, school["lead"], on=ON)

    by_name = {row.name: row for row in rows}
    assert {name: row.progress for name, row in by_name.items()} == {
        "试勤": Progress.ON_TIME if not by_name["试勤"].totals.missed else Progress.BEHIND,
        "试懒": Progress.NEVER_BEGUN,
    }
    assert by_name["试勤"].totals.done == 3
    told = {row.clause.id: row.totals for row in compliance.list_clauses(session, school["lead"], on=ON)}["J-13"]
    for figure in ("required", "done", "due", "overdue", "missed"):
        assert sum(getattr(row.totals, figure) for row in rows) == getattr(told, figure)


@pytest.mark.parametrize(
    ("done", "missed", "progress"),
    [(0, 1, Progress.NEVER_BEGUN), (1, 1, Progress.BEHIND), (0, 0, Progress.ON_TIME)],
    ids=["nothing ever", "once", "nothing late"],
)
def test_who_did_something_once_has_begun(done, missed, progress):
    totals = Totals(required=done + missed, done=done, missed=missed)

    assert HelperProgress(1, "试帮手", HelperKind.STAFF, 1, totals).progress is progress


def test_a_helper_s_list_is_as_long_as_its_numbers(session, school):
    for row in pair_duties.list_progress(session, school["lead"], on=ON):
        lines = pair_duties.list_duties_of(session, school["lead"], helper_id=row.helper_id, on=ON)
        assert len(lines) == row.totals.required + row.totals.exempt


def test_who_never_began_stands_first(session, school):
    assert [row.name for row in pair_duties.list_progress(session, school["lead"], on=ON)] == ["试懒", "试勤"]


def test_a_homeroom_teacher_reads_of_the_own_class_alone(session, school, make_user):
    teacher = make_user(Role.HOMEROOM, homeroom_of=school["classes"][0])

    rows = pair_duties.list_progress(session, teacher, on=ON)

    assert [row.name for row in rows] == ["试勤"]


def test_who_reads_numbers_only_gets_no_names(session, school, make_user):
    leader = make_user(Role.LEADERSHIP)

    assert pair_duties.list_progress(session, leader, on=ON) == []
    assert pair_duties.list_duties_of(session, leader, helper_id=1, on=ON) == []


@pytest.mark.parametrize("role", [Role.MENTOR, Role.SUBJECT_TEACHER, Role.FINANCE, Role.ADMIN])
def test_others_are_refused(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        pair_duties.list_progress(session, make_user(role), on=ON)


def test_nothing_is_asked_while_no_clause_is_in_force(session, term, make_user):
    kept_results.forget_all()

    assert pair_duties.list_progress(session, make_user(Role.LEAD), on=ON) == []
