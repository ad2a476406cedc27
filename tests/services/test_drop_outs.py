"""A child that stays away: noticed, followed by whoever answers for it, brought back; the register says the same."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from db.audit_chain import append_collected
from db.base import new_uid
from db.sealing import unseal
from db.tables import (
    AppUser,
    ClassMembership,
    DropOut,
    DropOutOutcome,
    DropOutReason,
    DropOutStepKind,
    EnrolmentChange,
    EnrolmentState,
    Post,
    PostHolder,
    Role,
    Student,
)
from services import clock, deputies, drop_out_views, drop_outs, file_openings, home, student_lists, students
from services.drop_outs import AlreadyFollowed, DropOutEnded, DropOutEntry, EndingEntry, StepEntry
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.file_openings import OpenedWhat
from services.row_filters import Grounds
from services.student_lists import StudentFilters
from tests.conftest import NOW, codes
from tests.services.intake_makers import register as register_referral
from ui.messages import explain

TODAY = NOW.date()  # a Friday
DAY = timedelta(days=1)


def entry(**overrides) -> DropOutEntry:
    values = {
        "noticed_on": date(2026, 11, 18),
        "noticed_by": "周砚田",
        "reason": DropOutReason.STUDY,
        "words": "说不想读了",
    }
    return DropOutEntry(**(values | overrides))


def notice(session, actor, child, **overrides):
    dropped = overrides.pop("has_dropped_out", False)
    return drop_outs.register_drop_out(
        session, actor, student_id=child.id, version=child.version, entry=entry(**overrides), has_dropped_out=dropped
    )


def step(session, actor, drop_out_id, kind=DropOutStepKind.CALL, day=TODAY, **more):
    return drop_outs.save_step(
        session,
        actor,
        drop_out_id=drop_out_id,
        entry=StepEntry(
            kind=kind, day=day, words=more.pop("words", None), agreed_with_id=more.pop("agreed_with_id", None)
        ),
        **more,
    )


def end(session, actor, drop_out_id, outcome, *, version=None, ended_on=TODAY, **more):
    current = version or session.get_one(DropOut, drop_out_id).version
    drop_outs.end_drop_out(
        session, actor, drop_out_id=drop_out_id, version=current,
        entry=EndingEntry(outcome=outcome, ended_on=ended_on, **more),
    )  # fmt: skip


def hold_office(session, actor, *, from_day=date(2026, 9, 1), to_day=None):
    post = session.exec(select(Post).where(Post.code == "teaching")).one()
    session.add(
        PostHolder(
            post_id=post.id, user_id=actor.user_id, seat="school", is_sole=True, from_day=from_day, to_day=to_day,
            recorded_at=NOW,
        )
    )  # fmt: skip
    session.flush()


def owed(session, actor):
    return [each for each in home.list_duties(session, actor) if each.kind is DutyKind.BRING_BACK]


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def child(make_student, school_class):
    return make_student("江小满", in_class=school_class)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def homeroom(make_user, school_class):
    return make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school_class)


def test_what_is_noticed_is_kept_sealed_and_the_child_stays_enrolled(session, lead, homeroom, child):
    number = notice(session, homeroom, child)

    row = session.get_one(DropOut, number)
    assert (row.noticed_on, row.reason, unseal(row, "noticed_by_sealed")) == (
        date(2026, 11, 18), DropOutReason.STUDY, "周砚田",
    )  # fmt: skip
    assert "不想读" not in str(row.words_sealed)
    assert session.get_one(Student, child.id).state is EnrolmentState.ENROLLED
    view = drop_out_views.find_drop_out(session, lead, drop_out_id=number)
    assert (view.row.child, view.row.class_label, view.stored.words) == ("江小满", "七（3）班", "说不想读了")


def test_one_that_dropped_out_leaves_the_class_as_of_that_day(session, lead, child):
    notice(session, lead, child, has_dropped_out=True)

    stay = session.exec(select(ClassMembership).where(ClassMembership.student_id == child.id)).one()
    line = session.exec(select(EnrolmentChange).where(EnrolmentChange.student_id == child.id)).one()
    assert session.get_one(Student, child.id).state is EnrolmentState.DROPPED_OUT
    assert (stay.to_day, line.to_state, line.day) == (
        date(2026, 11, 18), EnrolmentState.DROPPED_OUT, date(2026, 11, 18),
    )  # fmt: skip


def test_the_homeroom_teacher_still_follows_a_child_the_register_let_go(session, homeroom, child):
    number = notice(session, homeroom, child, has_dropped_out=True)

    step(session, homeroom, number, DropOutStepKind.TALK)

    assert drop_out_views.find_drop_out(session, homeroom, drop_out_id=number).row.steps == 1


def test_the_register_lets_nobody_drop_out_unfollowed(session, lead, child):
    students.change_state(
        session, lead, student_id=child.id, version=child.version, state=EnrolmentState.DROPPED_OUT, day=TODAY
    )

    row = session.exec(select(DropOut).where(DropOut.student_id == child.id)).one()
    assert (row.noticed_on, row.reason, row.closed_at) == (TODAY, DropOutReason.UNKNOWN, None)


def test_a_child_already_followed_is_not_followed_twice(session, lead, child):
    notice(session, lead, child)

    with pytest.raises(AlreadyFollowed):
        notice(session, lead, child)
    students.change_state(
        session, lead, student_id=child.id, version=child.version, state=EnrolmentState.DROPPED_OUT, day=TODAY
    )
    assert len(session.exec(select(DropOut)).all()) == 1


def test_the_database_keeps_one_open_a_child(session, lead, child):
    notice(session, lead, child)

    again = insert(DropOut).values(
        uid=new_uid(), student_id=child.id, noticed_on=TODAY, reason=DropOutReason.STUDY, recorded_at=NOW, version=1
    )
    with session.begin_nested() as inside:
        with pytest.raises(IntegrityError):
            session.execute(again)
        inside.rollback()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"noticed_on": None}, {"noticed_on": "required"}),
        ({"noticed_on": TODAY + DAY}, {"noticed_on": "future"}),
        ({"noticed_on": date(2020, 1, 1)}, {"noticed_on": "too_early"}),
        ({"noticed_by": " "}, {"noticed_by": "required"}),
        ({"last_seen_on": TODAY}, {"last_seen_on": "after_noticed"}),
        ({"reason": DropOutReason.OTHER, "words": ""}, {"words": "required"}),
        ({"words": "长" * 6000}, {"words": "too_long"}),
    ],
    ids=lambda value: "-".join(value),
)
def test_what_can_t_be_is_refused_at_its_field(session, lead, child, wrong, problem):
    with pytest.raises(FieldErrors) as refused:
        notice(session, lead, child, **wrong)

    assert codes(refused) == problem


def test_a_child_that_left_otherwise_can_t_stay_away(session, lead, child):
    child.state = EnrolmentState.GRADUATED

    with pytest.raises(FieldErrors) as refused:
        notice(session, lead, child)

    assert codes(refused) == {"noticed_on": "has_left"}


def test_nobody_drops_out_of_a_class_before_entering_it(session, lead, child):
    with pytest.raises(FieldErrors) as refused:
        notice(session, lead, child, noticed_on=date(2026, 8, 20), has_dropped_out=True)

    assert codes(refused) == {"noticed_on": "before_entry"}


def test_a_form_drawn_before_somebody_saved_is_a_conflict(session, lead, child):
    number = notice(session, lead, child)
    drop_outs.change_drop_out(session, lead, drop_out_id=number, version=1, entry=entry(reason=DropOutReason.FAMILY))

    with pytest.raises(EditedMeanwhile) as refused:
        drop_outs.change_drop_out(session, lead, drop_out_id=number, version=1, entry=entry())

    assert refused.value.current.reason is DropOutReason.FAMILY


# --- steps ---


def test_steps_are_kept_newest_first_and_put_right(session, lead, child):
    number = notice(session, lead, child)
    first = step(session, lead, number, day=date(2026, 11, 18), words="父亲说在找")
    step(session, lead, number, DropOutStepKind.TOLD_TOWNSHIP, day=date(2026, 11, 19))
    step(
        session,
        lead,
        number,
        DropOutStepKind.TALK,
        day=date(2026, 11, 18),
        words="在网吧找到",
        step_id=first,
        version=1,
    )

    steps = drop_out_views.find_drop_out(session, lead, drop_out_id=number).steps
    assert [(each.kind, each.words, each.taken_by) for each in steps] == [
        (DropOutStepKind.TOLD_TOWNSHIP, None, "何知微"),
        (DropOutStepKind.TALK, "在网吧找到", "何知微"),
    ]
    with pytest.raises(EditedMeanwhile):
        step(session, lead, number, step_id=first, version=1)


@pytest.mark.parametrize(
    ("day", "code"), [(TODAY + DAY, "future"), (date(2026, 11, 17), "before_noticed"), (None, "required")]
)
def test_a_step_lies_between_noticing_and_today(session, lead, child, day, code):
    number = notice(session, lead, child)

    with pytest.raises(FieldErrors) as refused:
        step(session, lead, number, day=day)

    assert codes(refused) == {"day": code}


def test_a_step_of_another_child_is_not_found(session, lead, child, make_student):
    number, other = notice(session, lead, child), notice(session, lead, make_student("霍半夏"))
    of_other = step(session, lead, other)

    with pytest.raises(NotFound):
        step(session, lead, number, step_id=of_other, version=1)


FAMILY_KINDS = (DropOutStepKind.CALL, DropOutStepKind.HOME_VISIT, DropOutStepKind.NOTICE)


@pytest.mark.parametrize("is_marked", [False, True], ids=["nothing suspected", "abuse suspected"])
@pytest.mark.parametrize("kind", FAMILY_KINDS)
def test_a_family_is_reached_only_as_agreed_with_the_room_whoever_s_child(
    session, lead, homeroom, child, kind, is_marked
):
    number = notice(session, homeroom, child)
    if is_marked:
        register_referral(session, lead, student_id=child.id, is_suspected_abuse=True)

    with pytest.raises(FieldErrors) as refused:
        step(session, homeroom, number, kind)
    assert codes(refused) == {"agreed_with_id": "agreement_needed"}
    step(session, homeroom, number, kind, agreed_with_id=lead.user_id)
    step(session, lead, number, kind)

    said = [each.agreed_with for each in drop_out_views.find_drop_out(session, homeroom, drop_out_id=number).steps]
    assert said == [None, "何知微"]


def test_only_who_knows_what_is_suspected_can_agree(session, lead, homeroom, child, make_user):
    number = notice(session, homeroom, child)
    named = make_user(Role.LEADERSHIP, name="容与之")
    session.get_one(AppUser, named.user_id).is_protection_leader = True
    others = [homeroom, make_user(Role.COUNSELLOR), make_user(Role.LEADERSHIP)]

    assert set(drop_out_views.list_who_agrees(session, homeroom)) == {lead.user_id, named.user_id}
    for other in others:
        with pytest.raises(FieldErrors) as refused:
            step(session, homeroom, number, agreed_with_id=other.user_id)
        assert codes(refused) == {"agreed_with_id": "unknown_choice"}
    step(session, homeroom, number, agreed_with_id=named.user_id)


def test_other_words_of_the_same_contact_need_no_new_yes(session, lead, homeroom, child):
    number = notice(session, homeroom, child)
    by_lead = step(session, lead, number)

    step(session, homeroom, number, words="母亲接的", step_id=by_lead, version=1)
    with pytest.raises(FieldErrors) as refused:
        step(session, homeroom, number, DropOutStepKind.HOME_VISIT, step_id=by_lead, version=2)
    assert codes(refused) == {"agreed_with_id": "agreement_needed"}


def test_what_reaches_nobody_at_home_asks_nobody(session, lead, homeroom, child):
    number = notice(session, homeroom, child)
    for kind in set(DropOutStepKind) - set(FAMILY_KINDS):
        step(session, homeroom, number, kind, agreed_with_id=lead.user_id)

    steps = drop_out_views.find_drop_out(session, homeroom, drop_out_id=number).steps
    assert {each.agreed_with_id for each in steps} == {None}


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.HOMEROOM, Role.COUNSELLOR, Role.SUBJECT_TEACHER])
def test_nothing_about_a_followed_child_tells_that_abuse_is_suspected(
    session, lead, make_user, make_class, make_student, role
):
    """Offers, refusals, duties, due times: the same for two children of whom one is marked (疑似侵害)."""
    own = make_class(8, 1)
    follower = make_user(role, homeroom_of=own if role is Role.HOMEROOM else None)
    hold_office(session, follower)
    children = [make_student("同名人", in_class=own) for _ in range(2)]
    numbers = [notice(session, lead, each) for each in children]
    register_referral(session, lead, student_id=children[1].id, is_suspected_abuse=True)

    told = [told_of(session, follower, number) for number in numbers]
    assert told[0] == told[1]
    assert told[0]["refused"]  # it compares something
    assert drop_out_views.find_drop_out(session, lead, drop_out_id=numbers[1]).is_protected
    assert not drop_out_views.find_drop_out(session, lead, drop_out_id=numbers[0]).is_protected


def told_of(session, actor, number):
    """Return all that a person is told of a child that stays away, or is refused, without the row's own numbers."""
    refused = {}
    for kind in DropOutStepKind:
        for agreed_with_id in (None, actor.user_id):
            try:
                with session.begin_nested():
                    step(session, actor, number, kind, agreed_with_id=agreed_with_id)
            except FieldErrors as error:
                refused[kind, agreed_with_id is None] = (type(error), str(error.problems), explain(error))
    view = drop_out_views.find_drop_out(session, actor, drop_out_id=number)
    row = replace(view.row, id=0, student_id=0)
    steps = [replace(each, id=0) for each in view.steps]
    duties = [replace(each, target_id=0) for each in owed(session, actor) if each.target_id == number]
    listed = [replace(each, id=0, student_id=0) for each in drop_out_views.list_drop_outs(session, actor)
              if each.id == number]  # fmt: skip
    return {
        "refused": refused, "duties": duties, "listed": listed, "steps": steps,
        "view": replace(view, row=row, stored=replace(view.stored, id=0), steps=()),
    }  # fmt: skip


# --- whose it is ---


def test_the_teaching_office_brings_children_back(session, lead, homeroom, child, make_user):
    office = make_user(Role.SUBJECT_TEACHER, name="贺兰舟")
    hold_office(session, office)
    number = notice(session, homeroom, child)

    duty = owed(session, office)[0]
    assert (duty.child, duty.target_id, duty.group) == ("江小满", number, DutyGroup.LATE)
    assert owed(session, lead) == []
    assert owed(session, homeroom) == []
    assert drop_out_views.find_drop_out(session, office, drop_out_id=number).row.owner_name == "贺兰舟"


@pytest.mark.parametrize("why", ["nobody", "over", "account", "role"])
def test_where_nobody_holds_the_office_it_is_the_lead_s(session, lead, child, make_user, why):
    office = make_user(Role.FINANCE if why == "role" else Role.SUBJECT_TEACHER)
    if why != "nobody":
        hold_office(session, office, to_day=TODAY if why == "over" else None)
    if why == "account":
        session.get_one(AppUser, office.user_id).is_active = False
    notice(session, lead, child)

    assert [duty.is_mine for duty in owed(session, lead)] == [False]


def test_who_is_named_for_a_child_owes_it_instead_of_the_office(session, lead, child, make_user):
    office, named = make_user(Role.SUBJECT_TEACHER), make_user(Role.MENTOR, name="柳青黛")
    hold_office(session, office)
    number = notice(session, lead, child)

    drop_outs.name_owner(session, office, drop_out_id=number, version=1, owner_id=named.user_id)

    assert (len(owed(session, named)), len(owed(session, office))) == (1, 0)
    assert drop_out_views.find_drop_out(session, named, drop_out_id=number).may_settle


@pytest.mark.parametrize("changed", [{"kind": DropOutStepKind.HOME_VISIT}, {"day": TODAY}])
def test_a_yes_is_for_one_contact_and_by_who_can_give_it_then(session, lead, child, school_class, make_user, changed):
    homeroom, leader = make_user(Role.HOMEROOM, homeroom_of=school_class), make_user(Role.LEAD)
    number = notice(session, lead, child)
    was = {"kind": DropOutStepKind.CALL, "day": date(2026, 11, 19)}
    done = step(session, homeroom, number, **was, agreed_with_id=leader.user_id)
    session.get_one(AppUser, leader.user_id).is_active = False
    session.flush()
    step(session, homeroom, number, **was, agreed_with_id=leader.user_id, step_id=done, version=1, words="没人接")

    with pytest.raises(FieldErrors) as refused:
        step(session, homeroom, number, **(was | changed), agreed_with_id=leader.user_id, step_id=done, version=2)

    assert codes(refused) == {"agreed_with_id": "unknown_choice"}


def test_who_is_in_no_class_did_not_stay_away_before_it_entered(session, lead, make_student):
    child = make_student(entered_on=date(2026, 9, 1))

    with pytest.raises(FieldErrors) as refused:
        notice(session, lead, child, noticed_on=date(2025, 3, 3), has_dropped_out=True)

    assert codes(refused) == {"noticed_on": "before_entry"}


def test_a_deputy_of_the_office_owes_it_too(session, lead, child, make_user):
    office, deputy = make_user(Role.SUBJECT_TEACHER), make_user(Role.SUBJECT_TEACHER)
    hold_office(session, office)
    deputies.name_deputy(
        session, lead, absent_id=office.user_id, deputy_id=deputy.user_id, first_day=TODAY, last_day=TODAY + DAY
    )
    notice(session, lead, child)

    assert len(owed(session, deputy)) == 1


def test_suspected_abuse_makes_it_the_lead_s_too(session, lead, child, make_user):
    office = make_user(Role.SUBJECT_TEACHER)
    hold_office(session, office)
    notice(session, lead, child)
    before = (len(owed(session, lead)), len(owed(session, office)))
    register_referral(session, lead, student_id=child.id, is_suspected_abuse=True)

    assert before == (0, 1)
    assert (len(owed(session, lead)), len(owed(session, office))) == (1, 1)  # a line that vanishes would tell


def test_somebody_who_can_t_is_not_named(session, lead, child, make_user):
    number = notice(session, lead, child)

    for version, user_id in enumerate((make_user(Role.FINANCE).user_id, 999_999), start=1):
        with pytest.raises(FieldErrors) as refused:
            drop_outs.name_owner(session, lead, drop_out_id=number, version=version, owner_id=user_id)
        assert codes(refused) == {"owner_id": "unknown"}


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.HOMEROOM])
def test_others_know_nothing_of_it(session, lead, child, make_user, make_class, role):
    number = notice(session, lead, child)
    outsider = make_user(role, homeroom_of=make_class(9, 9) if role is Role.HOMEROOM else None)

    assert drop_out_views.list_drop_outs(session, outsider) == []
    with pytest.raises(NotFound):
        drop_out_views.find_drop_out(session, outsider, drop_out_id=number)
    for act in (
        lambda: step(session, outsider, number),
        lambda: end(session, outsider, number, DropOutOutcome.RETURNED),
        lambda: drop_outs.note_opening(session, outsider, drop_out_id=number),
        lambda: drop_outs.change_drop_out(session, outsider, drop_out_id=number, version=1, entry=entry()),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_teacher_of_the_class_is_not_told(session, lead, child, school_class, make_user):
    notice(session, lead, child)

    assert drop_out_views.list_drop_outs(session, make_user(Role.SUBJECT_TEACHER, teaches=school_class)) == []


def test_the_homeroom_teacher_writes_but_does_not_end_it(session, lead, homeroom, child):
    number = notice(session, homeroom, child)
    step(session, homeroom, number, DropOutStepKind.TALK)

    with pytest.raises(NotAllowed):
        end(session, homeroom, number, DropOutOutcome.RETURNED)
    with pytest.raises(NotAllowed):
        drop_outs.name_owner(session, homeroom, drop_out_id=number, version=1, owner_id=homeroom.user_id)


# --- when ---


@pytest.mark.parametrize(
    ("noticed", "stepped", "due"),
    [
        (date(2026, 11, 20), None, date(2026, 11, 23)),  # Friday: Monday
        (date(2026, 11, 18), None, date(2026, 11, 19)),
        (date(2026, 11, 18), date(2026, 11, 20), date(2026, 11, 27)),
    ],
    ids=["over a weekend", "next day", "five school days after a step"],
)
def test_the_first_step_is_due_at_once_and_then_again(session, lead, child, noticed, stepped, due):
    number = notice(session, lead, child, noticed_on=noticed)
    if stepped:
        step(session, lead, number, day=stepped)

    assert clock.local(owed(session, lead)[0].due_at).date() == due


# --- how it ends ---


def test_back_in_class_is_back_on_the_register(session, lead, child, school_class):
    number = notice(session, lead, child, has_dropped_out=True)

    with pytest.raises(FieldErrors) as refused:
        end(session, lead, number, DropOutOutcome.RETURNED)
    assert codes(refused) == {"class_id": "required"}
    end(session, lead, number, DropOutOutcome.RETURNED, class_id=school_class.id)

    stays = session.exec(
        select(ClassMembership).where(ClassMembership.student_id == child.id).order_by(col(ClassMembership.id))
    ).all()
    assert [(each.from_day, each.to_day) for each in stays] == [
        (date(2026, 9, 1), date(2026, 11, 18)), (TODAY, None),
    ]  # fmt: skip
    assert session.get_one(Student, child.id).state is EnrolmentState.ENROLLED
    assert owed(session, lead) == []


def test_a_child_never_taken_out_just_comes_back(session, lead, child):
    number = notice(session, lead, child)

    end(session, lead, number, DropOutOutcome.RETURNED)

    assert session.exec(select(EnrolmentChange)).all() == []
    assert session.get_one(Student, child.id).version == 2  # by the noticing alone


def test_gone_to_another_school_says_which(session, lead, child):
    number = notice(session, lead, child)

    with pytest.raises(FieldErrors) as refused:
        end(session, lead, number, DropOutOutcome.TRANSFERRED)
    assert codes(refused) == {"place": "required"}
    end(session, lead, number, DropOutOutcome.TRANSFERRED, place="栖云市第二中学")

    line = session.exec(select(EnrolmentChange)).one()
    assert (line.to_state, unseal(line, "place_sealed")) == (EnrolmentState.TRANSFERRED, "栖云市第二中学")


def test_no_child_is_given_up_unreported(session, lead, child):
    number = notice(session, lead, child)

    with pytest.raises(FieldErrors) as refused:
        end(session, lead, number, DropOutOutcome.STILL_OUT)
    assert codes(refused) == {"words": "required", "outcome": "not_reported"}
    step(session, lead, number, DropOutStepKind.TOLD_AUTHORITY)
    end(session, lead, number, DropOutOutcome.STILL_OUT, words="全家去了外省，电话不通")

    assert session.get_one(Student, child.id).state is EnrolmentState.DROPPED_OUT
    assert drop_out_views.find_drop_out(session, lead, drop_out_id=number).ending == "全家去了外省，电话不通"


def test_what_has_ended_stays_as_it_is(session, lead, child):
    number = notice(session, lead, child)
    end(session, lead, number, DropOutOutcome.RETURNED)

    for act in (
        lambda: step(session, lead, number),
        lambda: end(session, lead, number, DropOutOutcome.RETURNED),
        lambda: drop_outs.change_drop_out(session, lead, drop_out_id=number, version=2, entry=entry()),
        lambda: drop_outs.name_owner(session, lead, drop_out_id=number, version=2, owner_id=None),
    ):
        with pytest.raises(DropOutEnded):
            act()
    again = session.get_one(Student, child.id)
    assert notice(session, lead, again, noticed_on=TODAY) != number


# --- when the register lets go of somebody who is followed ---


def let_go(session, lead, child, state, *, day=TODAY):
    session.refresh(child)
    students.change_state(session, lead, student_id=child.id, version=child.version, state=state, day=day)


@pytest.mark.parametrize("state", [EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED])
def test_who_leaves_the_register_stays_followed_and_stands_with_the_lead_too(session, lead, child, make_user, state):
    office = make_user(Role.SUBJECT_TEACHER)
    hold_office(session, office)
    number = notice(session, lead, child)
    before = owed(session, office)[0].due_at
    let_go(session, lead, child, state)

    for who in (lead, office):
        duty = owed(session, who)[0]
        assert (duty.target_id, duty.labels, duty.due_at) == (number, (state.label,), before)
    assert drop_out_views.find_drop_out(session, lead, drop_out_id=number).row.outcome is None
    let_go(session, lead, child, EnrolmentState.DROPPED_OUT)
    assert owed(session, lead) == []  # that is what it is followed for: the office's
    assert owed(session, office)[0].labels == ()


@pytest.mark.parametrize("outcome", list(DropOutOutcome))
def test_who_graduated_meanwhile_stays_a_graduate_however_it_ended(session, lead, child, outcome):
    number = notice(session, lead, child)
    step(session, lead, number, DropOutStepKind.TOLD_TOWNSHIP)
    let_go(session, lead, child, EnrolmentState.GRADUATED)

    assert not drop_out_views.find_drop_out(session, lead, drop_out_id=number).asks_class
    end(session, lead, number, outcome, ended_on=date(2026, 11, 19), words="试", place="栖云二中")

    assert session.get_one(Student, child.id).state is EnrolmentState.GRADUATED
    assert len(session.exec(select(EnrolmentChange)).all()) == 1  # the graduation
    assert owed(session, lead) == []


def test_who_was_transferred_meanwhile_comes_back_into_a_class(session, lead, child, school_class):
    number = notice(session, lead, child)
    let_go(session, lead, child, EnrolmentState.TRANSFERRED, day=date(2026, 11, 19))

    assert drop_out_views.find_drop_out(session, lead, drop_out_id=number).asks_class
    with pytest.raises(FieldErrors) as refused:
        end(session, lead, number, DropOutOutcome.RETURNED, ended_on=date(2026, 11, 18), class_id=school_class.id)
    assert codes(refused) == {"ended_on": "before_noticed"}
    end(session, lead, number, DropOutOutcome.RETURNED, class_id=school_class.id)

    assert session.get_one(Student, child.id).state is EnrolmentState.ENROLLED


def test_where_it_went_ends_it_though_the_register_said_so_before(session, lead, child):
    number = notice(session, lead, child)
    let_go(session, lead, child, EnrolmentState.TRANSFERRED)

    end(session, lead, number, DropOutOutcome.TRANSFERRED, ended_on=date(2026, 11, 19), place="栖云市第二中学")

    assert session.get_one(Student, child.id).state is EnrolmentState.TRANSFERRED
    assert owed(session, lead) == []


@pytest.mark.parametrize(
    ("day", "code"), [(None, "required"), (TODAY + DAY, "future"), (date(2026, 11, 17), "before_noticed")]
)
def test_it_ends_after_it_was_noticed_and_not_tomorrow(session, lead, child, day, code):
    number = notice(session, lead, child)

    with pytest.raises(FieldErrors) as refused:
        end(session, lead, number, DropOutOutcome.RETURNED, ended_on=day)

    assert codes(refused) == {"ended_on": code}


# --- the register, and who read ---


def test_the_register_finds_them_also_out_of_class(
    session, lead, homeroom, child, make_student, make_user, school_class
):
    other = make_student("霍半夏", in_class=school_class)
    notice(session, lead, child, has_dropped_out=True)
    notice(session, lead, other)
    away = StudentFilters(stays_away=True)

    found = student_lists.list_students(session, lead, filters=away)
    assert {row.name for row in found.rows} == {"江小满", "霍半夏"}
    assert student_lists.count_students(session, lead, filters=StudentFilters()).staying_away == 2
    assert (
        student_lists.count_students(session, homeroom, filters=StudentFilters()).staying_away == 1
    )  # the other left the class
    teacher = make_user(Role.SUBJECT_TEACHER, teaches=school_class)
    assert student_lists.count_students(session, teacher, filters=StudentFilters()).staying_away is None
    assert student_lists.list_students(session, teacher, filters=away).total == 0


def test_who_read_it_without_the_file_is_noted_once(session, lead, child, make_user):
    office = make_user(Role.LEADERSHIP, name="贺兰舟")
    hold_office(session, office)
    number = notice(session, lead, child)
    for _ in range(2):
        drop_outs.note_opening(session, office, drop_out_id=number)
        session.flush()
        append_collected(session)

    rows = file_openings.list_openings(session, lead, student_id=child.id).rows
    assert [(each.who, each.what, each.grounds) for each in rows] == [("贺兰舟", OpenedWhat.DROP_OUT, Grounds.DROP_OUT)]
    assert drop_out_views.find_drop_out(session, office, drop_out_id=number).is_opening_noted


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.sampled_from(
            [
                "notice",
                "notice_out",
                "returned",
                "transferred",
                "still_out",
                "state_dropped_out",
                "state_enrolled",
                "state_transferred",
                "state_graduated",
            ]
        ),
        max_size=8,
    )
)
def test_register_and_follow_up_never_disagree(session, lead, make_student, school_class, acts):
    """Who the register says has dropped out is followed, or was given up after a report; nobody is open twice."""
    for row in session.exec(select(DropOut).where(col(DropOut.closed_at).is_(None))):  # of an example before
        end(session, lead, row.id, DropOutOutcome.TRANSFERRED, place="栖云二中")
    child = make_student("试一", in_class=school_class)
    for act in acts:
        session.refresh(child)
        current = session.exec(
            select(DropOut).where(DropOut.student_id == child.id, col(DropOut.closed_at).is_(None))
        ).first()
        try:
            if act.startswith("notice"):
                notice(session, lead, child, noticed_on=TODAY, has_dropped_out=act == "notice_out")
            elif act.startswith("state"):
                to = EnrolmentState(act.removeprefix("state_"))
                students.change_state(session, lead, student_id=child.id, version=child.version, state=to, day=TODAY)
            elif current is not None:
                step(session, lead, current.id, DropOutStepKind.TOLD_TOWNSHIP)
                end(
                    session,
                    lead,
                    current.id,
                    DropOutOutcome(act),
                    class_id=school_class.id,
                    place="栖云二中",
                    words="试",
                )
        except (FieldErrors, AlreadyFollowed):
            pass
        session.flush()
        rows = session.exec(select(DropOut).where(DropOut.student_id == child.id)).all()
        is_open = [row for row in rows if row.closed_at is None]
        assert len(is_open) <= 1
        assert len(owed(session, lead)) == len(is_open)  # nobody holds the office
        if session.get_one(Student, child.id).state is EnrolmentState.DROPPED_OUT:
            newest = max(rows, key=lambda row: row.id)
            assert is_open or newest.outcome is DropOutOutcome.STILL_OUT


def test_nobody_comes_back_into_a_class_of_years_ago(session, lead, child, make_class):
    number = notice(session, lead, child, has_dropped_out=True)

    with pytest.raises(FieldErrors) as refused:
        end(session, lead, number, DropOutOutcome.RETURNED, class_id=make_class(6, 1, school_year=2020).id)
    assert codes(refused) == {"class_id": "unknown_choice"}


def test_a_last_day_seen_lies_within_memory(session, lead, child):
    with pytest.raises(FieldErrors) as refused:
        notice(session, lead, child, last_seen_on=date(1, 1, 1))
    assert codes(refused) == {"last_seen_on": "too_early"}
