"""Evaluating how far a case helped: several voices, four dimensions, over time; who may, what is owed, what closes."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.tables import (
    Case,
    CaseClosure,
    ClosingState,
    EffectEvaluation,
    EffectEvaluationVersion,
    EvaluationMoment,
    ParameterVersion,
    Referral,
    Role,
)
from services import (
    case_paper_prints,
    clock,
    closing_views,
    evaluation_views,
    evaluations,
    home,
    safeguarding,
    tier_views,
    time_line,
)
from services.case_paper_prints import comparison_words
from services.case_stages import CaseClosed
from services.closings import ClosingOutdated
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.evaluation_kinds import Dimension, Voice
from services.evaluations import EvaluationEntry, VoiceEntry
from services.student_exports import ExportPurpose
from tests.conftest import NOW, codes
from tests.services.test_papers import PLACEHOLDER, words_of
from tests.services.test_plans import ordinary

TODAY = NOW.date()
SECRET = "晚上还是一个人睡"
BEGINNING, MIDWAY, END = EvaluationMoment


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def case(session, counsellor, make_student):
    return ordinary(session, counsellor, make_student("江小满"))


def said(voice, *scores, **values):
    """One voice; scores in the order of the dimensions, None where nothing was asked."""
    fine = {"who": voice.label, "said_on": clock.today(), "words": SECRET}
    return VoiceEntry(voice, scores=dict(zip(Dimension, scores, strict=True)), **(fine | values))


def typed(*voices, moment=MIDWAY, conclusion="少一点作业，多一次谈话。"):
    heard = voices or (said(Voice.CHILD, 2, 2, 3, None), said(Voice.TEACHER, 3, 2, 3, 4))
    return EvaluationEntry(moment, heard, conclusion)


def evaluate(session, actor, case, *voices, **values):
    return evaluations.write_evaluation(session, actor, case_id=case.id, entry=typed(*voices, **values))


def amend(session, actor, evaluation_id, *voices, version=1, **values):
    entry = typed(*voices, **values)
    evaluations.amend_evaluation(session, actor, evaluation_id=evaluation_id, version=version, entry=entry)


def seen(session, actor, case):
    return evaluation_views.list_evaluations(session, actor, case_id=case.id)


def due(session, actor):
    return [duty for duty in home.list_duties(session, actor) if duty.kind is DutyKind.EVALUATION]


def go(monkeypatch, day):
    at = NOW + (day - TODAY)
    monkeypatch.setattr(clock, "now", lambda: at)


def unmet(session, actor, case):
    found = closing_views.find_closing(session, actor, case_id=case.id).checks
    return {line.code for line in found if not line.is_met}


# --- writing ---


def test_what_each_voice_says_is_kept_sealed_with_who_wrote_it_down(session, counsellor, case):
    evaluate(session, counsellor, case, moment=BEGINNING)

    found = seen(session, counsellor, case)
    (one,) = found.evaluations
    assert found.head.may_write
    assert (one.moment, one.held_on, one.is_complete, one.conclusion) == (
        BEGINNING, TODAY, True, "少一点作业，多一次谈话。",
    )  # fmt: skip
    assert [(each.voice, each.who, each.written_by) for each in one.said] == [
        (Voice.CHILD, "孩子自己", "何知微"),
        (Voice.TEACHER, "老师", "何知微"),
    ]
    assert one.said[0].scores == {Dimension.PROBLEM: 2, Dimension.MIND: 2, Dimension.STUDY: 3}
    row = session.exec(select(EffectEvaluation)).one()
    assert (row.voices, row.dimensions) == (2, 4)
    assert SECRET.encode() not in row.content_sealed


def test_what_lacks_or_cannot_be_stands_at_its_own_field(session, counsellor, case):
    opened_on = TODAY - timedelta(days=400)
    for voices, moment, expected in (
        ((VoiceEntry(),), None, {"moment": "required", "voice_0_voice": "voice_needed"}),
        (
            (VoiceEntry(voice=None, who=" ", words="好些了"),), END,
            {"voice_0_voice": "required", "voice_0_who": "required", "voice_0_said_on": "required",
             "voice_0_problem": "score_needed"},
        ),
        (
            (said(Voice.CHILD, 2, 2, 2, 2), said(Voice.PARENT, 6, 1.5, None, 0, said_on=TODAY + timedelta(days=1))),
            END,
            {"voice_1_problem": "outside", "voice_1_mind": "not_whole", "voice_1_living": "outside",
             "voice_1_said_on": "future"},
        ),
        ((said(Voice.CHILD, 1, 1, 1, 1, said_on=opened_on),), END, {"voice_0_said_on": "before_worry"}),
        ((said(Voice.CHILD, 1, 1, 1, 1, words="字" * 5001),), END, {"voice_0_words": "too_long"}),
    ):  # fmt: skip
        with pytest.raises(FieldErrors) as refused:
            evaluate(session, counsellor, case, *voices, moment=moment)
        assert codes(refused) == expected

    evaluate(session, counsellor, case)
    with pytest.raises(FieldErrors) as refused:
        evaluate(session, counsellor, case)
    assert codes(refused) == {"moment": "evaluation_exists"}


def test_amending_keeps_how_it_stood_and_who_wrote_what(session, counsellor, lead, case):
    number = evaluate(session, counsellor, case)
    child, teacher = said(Voice.CHILD, 2, 2, 3, None), said(Voice.TEACHER, 4, 2, 3, 4)

    amend(session, lead, number, child, teacher, said(Voice.PARENT, 3, 3, 3, 3))

    (one,) = seen(session, counsellor, case).evaluations
    assert one.is_amended
    assert [(each.voice, each.written_by) for each in one.said] == [
        (Voice.CHILD, "何知微"), (Voice.TEACHER, "秦若谷"), (Voice.PARENT, "秦若谷"),
    ]  # fmt: skip
    (before,) = evaluation_views.list_evaluation_versions(session, counsellor, evaluation_id=number)
    assert ([each.scores[Dimension.PROBLEM] for each in before.said], before.ended_by) == ([2, 3], "秦若谷")
    kept = session.exec(select(EffectEvaluationVersion)).one()
    assert SECRET.encode() not in kept.content_sealed


def test_of_two_editors_the_second_is_told_and_shown_what_stands_there(session, counsellor, lead, case):
    number = evaluate(session, counsellor, case)
    amend(session, lead, number, said(Voice.CHILD, 5, 5, 5, 5))

    with pytest.raises(EditedMeanwhile) as refused:
        amend(session, counsellor, number, said(Voice.CHILD, 1, 1, 1, 1))

    assert refused.value.current["voice_0_problem"] == 5


def test_who_only_came_or_has_nothing_to_do_with_it_writes_nothing(session, counsellor, lead, case, make_user):
    other = make_user(Role.COUNSELLOR, name="白未晞")
    for act in (
        lambda: evaluate(session, other, case),
        lambda: seen(session, other, case),
        lambda: case_paper_prints.print_evaluations(session, other, case_id=case.id, purpose=ExportPurpose.MEETING),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotAllowed):
        evaluate(session, make_user(Role.HOMEROOM), case)
    number = evaluate(session, lead, case)
    safeguarding.mark_suspected_abuse(session, lead, referral_id=case.referral_id, version=_version(session, case))
    with pytest.raises(NotFound):
        amend(session, counsellor, number, said(Voice.CHILD, 1, 1, 1, 1))
    with pytest.raises(NotFound):
        evaluation_views.list_evaluation_versions(session, counsellor, evaluation_id=number)


def _version(session, case):
    return session.get_one(Referral, case.referral_id).version


# --- the change ---


def test_first_and_last_compare_by_those_who_spoke_both_times(session, counsellor, case, monkeypatch):
    evaluate(session, counsellor, case, said(Voice.CHILD, 2, 3, None, 4), moment=BEGINNING)
    go(monkeypatch, TODAY + timedelta(days=60))
    evaluate(
        session, counsellor, case, said(Voice.CHILD, 4, 3, 3, 2), said(Voice.PARENT, 1, 1, 1, 1),
        said(Voice.TEACHER, 5, 5, 5, 5), moment=END,
    )  # fmt: skip

    told = comparison_words(seen(session, counsellor, case).evaluations)

    assert told == (
        "从开始时（2026年11月20日）到结案前（2027年1月19日）：问题解决 2 分到 4 分，好些了；"
        "心理状态 3 分到 3 分，没变；学习成绩没有同一方说过两次，比不了；生活状况 4 分到 2 分，差些了。"
    )
    assert comparison_words(seen(session, counsellor, case).evaluations[:1]) is None


def test_the_paper_says_who_said_what_and_how_it_changed(session, counsellor, lead, case, monkeypatch):
    evaluate(session, counsellor, case, moment=BEGINNING)
    go(monkeypatch, TODAY + timedelta(days=60))
    evaluate(session, counsellor, case, said(Voice.TEACHER, 4, 4, 4, 4, who="班主任周砚田"), moment=END)

    made = case_paper_prints.print_evaluations(session, lead, case_id=case.id, purpose=ExportPurpose.MEETING)

    words = words_of(made)
    for each in ("效 果 评 估", "江小满", "老师：班主任周砚田", SECRET, "问题解决 3 分到 4 分", "少一点作业", "何知微"):
        assert each in words
    assert PLACEHOLDER not in words
    with pytest.raises(FieldErrors):
        case_paper_prints.print_evaluations(session, lead, case_id=case.id, purpose=None)


# --- what is owed ---


def test_once_a_term_it_is_on_home_and_gone_when_enough_were_heard(session, counsellor, lead, case, term, monkeypatch):
    assert due(session, counsellor) == []  # the term has long to go
    go(monkeypatch, term.last_day - timedelta(days=20))
    assert [(duty.child, duty.group, duty.is_mine) for duty in due(session, counsellor)] == [
        ("江小满", DutyGroup.UPCOMING, True)
    ]
    assert due(session, lead) == []

    number = evaluate(session, counsellor, case, said(Voice.CHILD, 2, 2, 3, 3))
    assert len(due(session, counsellor)) == 1  # one voice is not enough
    amend(session, counsellor, number, said(Voice.CHILD, 2, 2, 3, 3), said(Voice.TEACHER, 3, None, None, None))
    assert due(session, counsellor) == []


def test_what_was_not_evaluated_is_late_until_the_next_term(session, counsellor, case, term, monkeypatch):
    go(monkeypatch, term.last_day + timedelta(days=3))

    assert [duty.group for duty in due(session, counsellor)] == [DutyGroup.LATE]


def test_how_many_are_heard_is_what_the_school_set(session, counsellor, case, term, monkeypatch):
    session.add(
        ParameterVersion(
            name="Q-06.sources", number=1, value="3", in_force_from=TODAY, reason="会上定的",
            set_by_id=counsellor.user_id, set_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    go(monkeypatch, term.last_day - timedelta(days=20))

    evaluate(session, counsellor, case)

    assert len(due(session, counsellor)) == 1
    assert not seen(session, counsellor, case).evaluations[0].is_complete


def test_closing_wants_one_of_the_end_and_a_closed_case_takes_no_new_one(session, counsellor, lead, case):
    from tests.services.test_closings import close

    assert "evaluation" in unmet(session, counsellor, case)
    evaluate(session, counsellor, case, moment=MIDWAY)
    assert "evaluation" in unmet(session, counsellor, case)
    number = evaluate(session, counsellor, case, moment=END)
    assert "evaluation" not in unmet(session, counsellor, case)

    close(session, counsellor, lead, case)

    with pytest.raises(CaseClosed):
        evaluate(session, counsellor, case, said(Voice.CHILD, 1, 1, 1, 1), moment=BEGINNING)
    amend(session, counsellor, number, said(Voice.CHILD, 5, 5, 5, 5), said(Voice.PARENT, 5, 5, 5, 5), moment=END)
    assert not seen(session, counsellor, case).head.is_open


def test_what_was_asked_or_closed_before_there_was_a_place_for_it_stays_true(session, counsellor, lead, case):
    from tests.services.test_closings import answer, ask, reopen

    number = ask(session, counsellor, case)
    row = session.get_one(CaseClosure, number)
    row.missing = "plan,archive"  # as the version before wrote it
    with pytest.raises(ClosingOutdated):
        answer(session, lead, number)
    row.state, row.decided_by_id, row.decided_at = ClosingState.AGREED, lead.user_id, NOW
    case.closed_at = NOW
    session.flush()

    found = closing_views.find_closing(session, counsellor, case_id=case.id)
    assert (found.checks, found.standing.missing) == ((), ("帮扶方案", "心理档案"))
    assert due(session, counsellor) == []
    reopen(session, counsellor, case)
    assert "evaluation" in unmet(session, counsellor, case)


def test_a_reopened_case_is_evaluated_anew_before_it_is_closed_again(session, counsellor, lead, case, monkeypatch):
    from tests.services.test_closings import close, reopen

    evaluate(session, counsellor, case, moment=END)
    close(session, counsellor, lead, case)
    go(monkeypatch, TODAY + timedelta(days=10))
    reopen(session, counsellor, case)

    assert "evaluation" in unmet(session, counsellor, case)
    evaluate(session, counsellor, case, moment=END)
    assert "evaluation" not in unmet(session, counsellor, case)


# --- archive and time line ---


def parts(session, actor, case):
    row = tier_views.find_archive(session, actor, student_id=case.student_id).row
    return {part.code for part in row.there}, {part.code for part in row.missing}


def test_the_archive_asks_for_it_once_a_case_has_gone_on_and_never_of_a_closed_one(
    session, counsellor, lead, case, monkeypatch
):
    from tests.services.test_closings import close

    there, missing = parts(session, counsellor, case)
    assert not {"evaluation", "summary"} & (there | missing)
    go(monkeypatch, TODAY + timedelta(days=60))
    assert parts(session, counsellor, case)[1] >= {"evaluation", "summary"}
    evaluate(session, counsellor, case)
    assert "evaluation" in parts(session, counsellor, case)[0]
    session.delete(session.exec(select(EffectEvaluation)).one())
    session.flush()

    close(session, counsellor, lead, case, follow_up_on=clock.today() + timedelta(days=30))

    there, missing = parts(session, counsellor, case)
    assert not {"evaluation", "summary"} & (there | missing)


def test_it_stands_on_the_childs_time_line_for_who_may_open_the_case(session, counsellor, case, make_user):
    evaluate(session, counsellor, case)

    def lines(actor):
        page = time_line.list_time_line(session, actor, student_id=case.student_id)
        return [(row.what, row.number, row.person) for row in page.rows if row.source is time_line.Source.EVALUATION]

    assert lines(counsellor) == [("midway", 2, "何知微")]
    assert lines(make_user(Role.COUNSELLOR)) == []
    assert session.exec(select(Case)).one().closed_at is None
