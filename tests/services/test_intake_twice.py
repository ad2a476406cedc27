"""Two at once, each in a transaction of its own: one wins, and nothing is there twice."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, func, select

from db.base import new_uid
from db.tables import (
    Assessment,
    Case,
    Domain,
    ParentsInformed,
    Referral,
    ReferralChannel,
    ReferralMove,
    ReferralWay,
    Role,
    Severity,
    Urgency,
)
from db.transactions import reading, transaction
from services import assessments, intake, referral_moves
from services.assessments import AssessmentRequest
from services.errors import DomainError, EditedMeanwhile
from services.intake import AlreadyRegistered
from tests.conftest import NOW
from tests.pages.conftest import commit
from tests.services.intake_makers import register, request


def at_once(session: Session, *acts: Callable[[Session], Any]) -> list[Any]:
    """Commit what the makers made, then do the acts at the same time; return what each gave, or its refusal."""
    commit(session)
    start, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[Session], Any]) -> None:
        start.wait()
        try:
            with transaction() as own:
                outcomes[place] = act(own)
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def count(table: type) -> int:
    with reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def refused(outcomes: list[Any]) -> list[type]:
    found = [type(each) for each in outcomes if isinstance(each, Exception)]
    assert all(issubclass(each, DomainError) for each in found), outcomes
    return found


def test_a_double_click_registers_once(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    typed = request(student_id=make_student().id, form_uid=new_uid())

    outcomes = at_once(session, *[lambda own: intake.register_referral(own, counsellor, request=typed).id] * 4)

    assert refused(outcomes) == []
    assert len(set(outcomes)) == 1
    assert (count(Referral), count(ReferralMove)) == (1, 1)


def test_the_same_form_with_other_words_or_by_somebody_else_is_refused(session, make_user, make_student):
    counsellor, other = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    typed = request(student_id=make_student().id, form_uid=new_uid())
    intake.register_referral(session, counsellor, request=typed)

    with pytest.raises(AlreadyRegistered):
        intake.register_referral(session, counsellor, request=replace(typed, facts="别的话"))
    with pytest.raises(AlreadyRegistered):
        intake.register_referral(session, other, request=typed)


@pytest.mark.parametrize(
    "other",
    [
        {"is_suspected_abuse": True},
        {"urgency": Urgency.DANGER},
        {"channel": ReferralChannel.SELF},
        {"channel": ReferralChannel.PARENT, "way": ReferralWay.PHONE},
        {"noticed_on": date(2026, 11, 18)},
        {"received_at": NOW - timedelta(hours=2)},
        {"parents_informed": ParentsInformed.YES},
        {"is_answered": True, "answer": "当场说好了"},
        {"speaker": "另一位老师"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_same_form_that_says_more_is_refused_and_not_lost(session, make_user, make_student, other):
    counsellor = make_user(Role.COUNSELLOR)
    typed = request(student_id=make_student().id, form_uid=new_uid())
    intake.register_referral(session, counsellor, request=typed)

    with pytest.raises(AlreadyRegistered):
        intake.register_referral(session, counsellor, request=replace(typed, **other))

    assert intake.register_referral(session, counsellor, request=typed).id


@pytest.mark.parametrize("channel", [ReferralChannel.SELF, ReferralChannel.TEACHER])
def test_an_answered_form_sent_twice_is_one_referral(session, make_user, make_student, channel):
    counsellor = make_user(Role.COUNSELLOR)
    typed = request(student_id=make_student().id, form_uid=new_uid(), channel=channel, is_answered=True, answer="好")

    one, other = (intake.register_referral(session, counsellor, request=typed) for _ in range(2))

    assert one.id == other.id
    with pytest.raises(AlreadyRegistered):
        intake.register_referral(session, counsellor, request=replace(typed, answer="别的答复"))


def test_two_people_begin_one_referral_and_one_has_it(session, make_user, make_student):
    one, other = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    referral = register(session, one, student_id=make_student().id)

    def begin(actor):
        return lambda own: referral_moves.start_assessment(own, actor, referral_id=referral.id, version=1).owner_id

    outcomes = at_once(session, begin(one), begin(other))

    assert refused(outcomes) == [EditedMeanwhile]
    with reading() as own:
        stored = own.get_one(Referral, referral.id)
    assert stored.owner_id in outcomes
    assert (stored.version, count(ReferralMove)) == (2, 2)


def test_two_assessments_of_one_referral_open_one_case(session, make_user, make_student):
    one, other = make_user(Role.COUNSELLOR), make_user(Role.LEAD)
    referral = register(session, one, student_id=make_student().id)
    referral_moves.start_assessment(session, one, referral_id=referral.id, version=1)
    typed = AssessmentRequest(
        referral.id, 2, "和同桌闹别扭", "每周谈一次", Severity.ORDINARY, frozenset({Domain.PEERS})
    )

    def assess(actor):
        return lambda own: assessments.save_assessment(own, actor, request=typed).id

    outcomes = at_once(session, assess(one), assess(other))

    assert refused(outcomes) == [EditedMeanwhile]
    assert (count(Assessment), count(Case)) == (1, 1)
