"""Consent and the parents' promise: the answer that counts, its history, what can't be (E-20)."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import Consent, ConsentAnswer, ConsentPurpose, Role, Student
from services import consents, promises
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from tests.conftest import codes

GIVEN, REFUSED, WITHDRAWN = ConsentAnswer
PHOTO, DATA = ConsentPurpose.PHOTO, ConsentPurpose.DATA
DAY = date(2026, 9, 5)


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def child(make_student, make_class):
    return make_student("江小满", in_class=make_class(7, 1))


def record(session, actor, child, answer=GIVEN, **more):
    values = {"purpose": PHOTO, "day": DAY, "by_whom": "母亲", "replaces_id": None} | more
    return consents.record_consent(session, actor, student_id=child.id, answer=answer, **values)


def agreeing(session, purpose=PHOTO):
    return session.exec(select(Student.id).where(consents.has_consent(purpose))).all()


def test_nobody_asked_is_no_consent(session, child):
    assert consents.current_answer(session, student_id=child.id, purpose=PHOTO) is None
    assert agreeing(session) == []


def test_the_newest_answer_counts_and_the_others_stay(session, lead, child):
    first = record(session, lead, child)
    assert agreeing(session) == [child.id]
    second = record(session, lead, child, WITHDRAWN, day=date(2026, 10, 1), replaces_id=first, evidence="家长来校签字")

    assert consents.current_answer(session, student_id=child.id, purpose=PHOTO) is WITHDRAWN
    assert agreeing(session) == []
    assert [(line.id, line.answer, line.is_current, line.evidence) for line in
            consents.list_consents(session, lead, student_id=child.id)] == [
        (second, WITHDRAWN, True, "家长来校签字"), (first, GIVEN, False, None),
    ]  # fmt: skip


def test_each_purpose_stands_for_itself(session, lead, child):
    record(session, lead, child)
    record(session, lead, child, REFUSED, purpose=DATA)

    assert agreeing(session) == [child.id]
    assert agreeing(session, DATA) == []


@pytest.mark.parametrize(
    ("answer", "values", "problem"),
    [
        (None, {}, {"answer": "required"}),
        (WITHDRAWN, {}, {"answer": "nothing_to_withdraw"}),
        (GIVEN, {"purpose": None}, {"purpose": "required"}),
        (GIVEN, {"day": None}, {"day": "required"}),
        (GIVEN, {"day": date(2026, 12, 1)}, {"day": "future"}),
        (GIVEN, {"day": date(2000, 1, 1)}, {"day": "before_last"}),
        (GIVEN, {"by_whom": " "}, {"by_whom": "required"}),
        (GIVEN, {"evidence": "长" * 300}, {"evidence": "too_long"}),
    ],
)
def test_what_cannot_be_is_refused(session, lead, child, answer, values, problem):
    with pytest.raises(FieldErrors) as refused:
        record(session, lead, child, answer, **values)

    assert codes(refused) == problem


def test_an_answer_is_not_older_than_the_one_before(session, lead, child):
    first = record(session, lead, child)

    with pytest.raises(FieldErrors) as refused:
        record(session, lead, child, REFUSED, day=date(2026, 9, 4), replaces_id=first)

    assert codes(refused) == {"day": "before_last"}


def test_the_slower_of_two_is_told(session, lead, child):
    record(session, lead, child)

    with pytest.raises(EditedMeanwhile) as refused:
        record(session, lead, child, REFUSED)

    assert refused.value.current.answer is GIVEN
    assert refused.value.edited_by == lead.display_name


def test_words_are_sealed(session, lead, child):
    record(session, lead, child, by_whom="外婆顾兰亭", evidence="签字在档案盒")
    row = session.exec(select(Consent)).one()

    assert "顾兰亭".encode() not in (row.by_whom_sealed or b"")
    assert "档案盒".encode() not in (row.evidence_sealed or b"")


def test_another_class_is_not_seen_nor_written(session, child, make_user, make_class):
    other = make_user(Role.HOMEROOM, homeroom_of=make_class(7, 2))

    assert consents.list_consents(session, other, student_id=child.id) == ()
    with pytest.raises(NotFound):
        record(session, other, child)


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.ADMIN, Role.LEADERSHIP])
def test_others_may_not(session, child, make_user, role):
    with pytest.raises(NotAllowed):
        record(session, make_user(role), child)


# --- the parents' promise ----------------------------------------------------------------------------------


def promise(session, actor, child, **more):
    values = {"signed_on": DAY, "signer": "江远山", "place": "档案柜二层", "replaces_id": None} | more
    return promises.record_promise(session, actor, student_id=child.id, **values)


def test_a_new_promise_replaces_the_one_before(session, lead, child):
    first = promise(session, lead, child)
    second = promise(session, lead, child, signed_on=date(2026, 10, 1), replaces_id=first, place=None)

    assert [(line.id, line.is_current, line.place) for line in
            promises.list_promises(session, lead, student_id=child.id)] == [
        (second, True, None), (first, False, "档案柜二层"),
    ]  # fmt: skip
    assert session.exec(select(Student.id).where(promises.has_promise())).all() == [child.id]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"signed_on": None}, {"signed_on": "required"}),
        ({"signed_on": date(2026, 12, 1)}, {"signed_on": "future"}),
        ({"signer": ""}, {"signer": "required"}),
        ({"place": "长" * 300}, {"place": "too_long"}),
    ],
)
def test_a_promise_that_cannot_be_is_refused(session, lead, child, values, problem):
    with pytest.raises(FieldErrors) as refused:
        promise(session, lead, child, **values)

    assert codes(refused) == problem


def test_two_promises_at_once_are_told(session, lead, child):
    promise(session, lead, child)

    with pytest.raises(EditedMeanwhile):
        promise(session, lead, child)
