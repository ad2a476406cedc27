"""Two at once, on both engines: one wins, the other gets a sentence, nothing is lost or done twice."""

import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from db import engine
from db.audit_chain import append_collected, find_breaks
from db.engine import WRITE
from db.tables import (
    AppUser,
    Case,
    CategoryKind,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClassMembership,
    ClassTeacher,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    Deputy,
    DifferencePart,
    Domain,
    DropOut,
    DropOutOutcome,
    DropOutStepKind,
    ExchangeBody,
    Gender,
    GroupKind,
    GroupMember,
    GroupRole,
    Guardian,
    GuardianKind,
    ListDifference,
    LoginThrottle,
    Pledge,
    Post,
    PostHolder,
    Referral,
    ReferralChannel,
    Role,
    RoleGrant,
    SchoolClass,
    Severity,
    Student,
    StudentCategory,
    StudyLevel,
    Term,
    TermEntry,
)
from db.transactions import reading, transaction
from services import (
    accounts,
    assessments,
    categories,
    check_returns,
    check_rounds,
    classes,
    clock,
    consents,
    deputies,
    drafts,
    drop_outs,
    groups,
    guardians,
    intake,
    list_decisions,
    list_receipts,
    merges,
    pledges,
    posts,
    referral_moves,
    schools,
    sign_in,
    students,
    term_entries,
    year_changes,
    year_plans,
)
from services.calendar import SCHOOL_NAME
from services.drop_outs import DropOutEntry, EndingEntry, StepEntry
from services.errors import DomainError
from services.guardians import GuardianEntry
from services.imports.authorities import Scope
from services.merges import Side
from services.student_entries import StudentEntry
from tests.services.intake_makers import register

pytestmark = pytest.mark.long

Act = Callable[[Session], Any]
HEAD_START = 0.4


@pytest.fixture
def session(location):
    """The makers' session; `settled` commits what they made, before the race."""
    with Session(engine.runtime().engine, expire_on_commit=False) as open_session:
        open_session.connection(execution_options=WRITE)
        yield open_session


def settled(session: Session) -> None:
    session.flush()
    append_collected(session)
    session.commit()


def race(first: Act, second: Act) -> list[str]:
    """Do both at once: the first has acted, but isn't committed, when the second begins. Return how they ended."""
    first_acted, second_acted = threading.Event(), threading.Event()
    outcomes = ["", ""]

    def do(place: int, act: Act, before: threading.Event | None, after: threading.Event) -> None:
        if before:
            before.wait(10)
        try:
            clock.set_fixed(clock.now())
            with transaction() as session:
                act(session)
                after.set()
                if before is None:
                    second_acted.wait(HEAD_START)
        except DomainError as error:
            outcomes[place] = type(error).__name__
        except Exception as error:
            outcomes[place] = f"!{type(error).__name__}"
        else:
            outcomes[place] = "done"
        after.set()

    _run([lambda: do(0, first, None, first_acted), lambda: do(1, second, first_acted, second_acted)])
    return outcomes


def crowd(acts: list[Act]) -> list[str]:
    """Do all at the same moment."""
    gate, outcomes = threading.Barrier(len(acts)), [""] * len(acts)

    def do(place: int, act: Act) -> None:
        gate.wait(10)
        try:
            with transaction() as session:
                act(session)
        except DomainError as error:
            outcomes[place] = type(error).__name__
        except Exception as error:
            outcomes[place] = f"!{type(error).__name__}"
        else:
            outcomes[place] = "done"

    _run([lambda place=place, act=act: do(place, act) for place, act in enumerate(acts)])  # type: ignore[misc]
    return outcomes


def _run(targets: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def chain_is_whole() -> bool:
    with reading() as session:
        return not list(find_breaks(session))


def count_of(statement: Any) -> int:
    with reading() as session:
        return int(session.exec(statement).one())


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def child(session, lead, term, make_class, make_student):
    return make_student(in_class=make_class(7, 3))


def referral_of(session, actor, child, **overrides) -> Referral:
    values: dict[str, Any] = {
        "channel": ReferralChannel.OBSERVATION,
        "facts": "课间一个人坐着",
        "noticed_on": clock.today(),
        "received_at": clock.now() - timedelta(minutes=5),
        "student_id": child.id,
    }
    return intake.register_referral(session, actor, request=intake.ReferralRequest(**(values | overrides)))


def active_administrators() -> int:
    return count_of(
        select(func.count())
        .select_from(RoleGrant)
        .join(AppUser, col(AppUser.id) == col(RoleGrant.user_id))
        .where(RoleGrant.role == Role.ADMIN, col(RoleGrant.ended_at).is_(None), AppUser.is_active)
    )


def test_the_last_two_administrators_cannot_disable_each_other(session, make_user):
    one, other = make_user(Role.ADMIN), make_user(Role.ADMIN)
    settled(session)

    ended = race(
        lambda s: accounts.set_active(s, one, user_id=other.user_id, version=1, is_active=False),
        lambda s: accounts.set_active(s, other, user_id=one.user_id, version=1, is_active=False),
    )

    assert ended == ["done", "LastAdministrator"]
    assert active_administrators() == 1
    assert chain_is_whole()


def test_the_last_two_administrators_cannot_take_each_other_s_role(session, make_user):
    one, other = make_user(Role.ADMIN, Role.LEAD), make_user(Role.ADMIN, Role.LEAD)
    settled(session)

    def take(by, of):
        return lambda s: accounts.change_account(
            s, by, user_id=of.user_id, version=1, display_name="试改名", roles=[Role.LEAD]
        )

    ended = race(take(one, other), take(other, one))

    assert ended == ["done", "LastAdministrator"]
    assert active_administrators() == 1


def test_two_who_begin_one_assessment(session, make_user, lead, child):
    counsellor = make_user(Role.COUNSELLOR)
    found = referral_of(session, lead, child)
    settled(session)

    ended = race(
        lambda s: referral_moves.start_assessment(s, lead, referral_id=found.id, version=1),
        lambda s: referral_moves.start_assessment(s, counsellor, referral_id=found.id, version=1),
    )

    assert ended == ["done", "EditedMeanwhile"]
    assert count_of(select(Referral.owner_id)) == lead.user_id


def test_two_assessments_of_one_referral_open_one_case(session, lead, child):
    found = referral_of(session, lead, child)
    referral_moves.start_assessment(session, lead, referral_id=found.id, version=1)
    settled(session)
    request = assessments.AssessmentRequest(
        referral_id=found.id,
        version=2,
        nature="和同学相处",
        measures="每周谈一次",
        severity=Severity.ORDINARY,
        domains=frozenset({Domain.PEERS}),
    )

    ended = race(*[lambda s: assessments.save_assessment(s, lead, request=request)] * 2)

    assert ended == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(Case)) == 1


def test_two_merged_into_each_other_never_hang(session, lead, child):
    pairs = [(referral_of(session, lead, child), referral_of(session, lead, child)) for _ in range(6)]
    settled(session)

    for one, other in pairs:
        ended = crowd(
            [
                lambda s, a=one, b=other: referral_moves.merge(s, lead, referral_id=a.id, version=1, into_id=b.id),
                lambda s, a=one, b=other: referral_moves.merge(s, lead, referral_id=b.id, version=1, into_id=a.id),
            ]
        )
        assert sorted(ended) in (["CannotMerge", "done"], ["EditedMeanwhile", "done"])


def entry(name: str, number: str) -> StudentEntry:
    return StudentEntry(name=name, gender=Gender.FEMALE, birth_day=date(2013, 5, 21), student_no=number)


def test_a_student_number_is_given_once(session, lead, child):
    settled(session)

    ended = race(
        lambda s: students.create_student(s, lead, entry=entry("试甲", "T900"), class_id=None),
        lambda s: students.create_student(s, lead, entry=entry("试乙", "T900"), class_id=None),
    )

    assert ended == ["done", "FieldErrors"]
    assert count_of(select(func.count()).select_from(Student).where(Student.student_no == "T900")) == 1


def test_two_edits_of_one_child(session, lead, child):
    settled(session)

    ended = race(
        lambda s: students.change_student(s, lead, student_id=child.id, version=1, entry=entry("试甲", "T1")),
        lambda s: students.change_student(s, lead, student_id=child.id, version=1, entry=entry("试乙", "T2")),
    )

    assert ended == ["done", "EditedMeanwhile"]


def test_two_moves_of_one_child(session, lead, child, make_class):
    one, other = make_class(8, 1), make_class(8, 2)
    settled(session)

    ended = race(
        lambda s: students.move_to_class(
            s, lead, student_id=child.id, version=1, class_id=one.id, day=date(2026, 11, 2)
        ),
        lambda s: students.move_to_class(
            s, lead, student_id=child.id, version=1, class_id=other.id, day=date(2026, 11, 2)
        ),
    )

    assert ended == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(ClassMembership).where(col(ClassMembership.to_day).is_(None))) == 1


def test_one_category_of_a_kind(session, lead, child):
    settled(session)

    ended = race(
        *[
            lambda s: categories.add_category(
                s,
                lead,
                student_id=child.id,
                kind=CategoryKind.LEFT_BEHIND,
                details=categories.CategoryDetails(level=2),
                from_day=date(2026, 9, 1),
            )
        ]
        * 2
    )

    assert ended == ["done", "FieldErrors"]


def test_one_main_contact(session, lead, child):
    settled(session)

    def add(name):
        wanted = guardians.GuardianEntry(kind=GuardianKind.MOTHER, name=name, is_primary=True)
        return lambda s: guardians.save_guardian(s, lead, student_id=child.id, entry=wanted)

    ended = race(add("试母甲"), add("试母乙"))

    assert ended == ["done", "done"]
    assert count_of(select(func.count()).select_from(Guardian).where(Guardian.is_primary)) == 1


def test_one_homeroom_teacher(session, lead, make_user, make_class):
    found, one, other = make_class(7, 3), make_user(Role.HOMEROOM), make_user(Role.HOMEROOM)
    settled(session)

    ended = race(
        lambda s: classes.assign_homeroom(s, lead, class_id=found.id, user_id=one.user_id),
        lambda s: classes.assign_homeroom(s, lead, class_id=found.id, user_id=other.user_id),
    )

    assert ended == ["done", "done"]  # the last word counts
    assert count_of(select(ClassTeacher.user_id).where(col(ClassTeacher.to_day).is_(None))) == other.user_id


def test_a_subject_teacher_is_named_once(session, lead, make_user, make_class):
    found, teacher = make_class(7, 3), make_user(Role.SUBJECT_TEACHER)
    settled(session)

    race(
        *[
            lambda s: classes.set_subject_teacher(
                s, lead, class_id=found.id, user_id=teacher.user_id, subject="语文", teaches=True
            )
        ]
        * 2
    )

    assert count_of(select(func.count()).select_from(ClassTeacher)) == 1


def test_a_class_is_made_once(session, lead):
    settled(session)

    ended = race(*[lambda s: classes.ensure_class(s, lead, school_year=2026, grade=7, number=9)] * 2)

    assert ended == ["done", "done"]
    assert count_of(select(func.count()).select_from(SchoolClass)) == 1


def test_a_term_is_made_once(session, lead):
    settled(session)

    ended = race(
        *[
            lambda s: schools.save_term(
                s, lead, school_year=2030, number=1, first_day=date(2030, 9, 1), last_day=date(2031, 1, 20)
            )
        ]
        * 2
    )

    assert ended == ["done", "FieldErrors"]
    assert count_of(select(func.count()).select_from(Term)) == 1


def test_terms_never_overlap(session, lead):
    settled(session)

    ended = race(
        lambda s: schools.save_term(
            s, lead, school_year=2030, number=1, first_day=date(2030, 9, 1), last_day=date(2031, 1, 20)
        ),
        lambda s: schools.save_term(
            s, lead, school_year=2030, number=2, first_day=date(2031, 1, 1), last_day=date(2031, 6, 20)
        ),
    )

    assert ended == ["done", "FieldErrors"]


def test_a_day_is_said_once(session, lead):
    settled(session)

    ended = race(
        *[lambda s: schools.save_day_exception(s, lead, day=date(2026, 12, 1), is_school_day=False, label="运动会")] * 2
    )

    assert ended == ["done", "done"]


def test_two_new_names_for_the_school(session, lead):
    schools.save_setting(session, SCHOOL_NAME, "试验学校")
    settled(session)

    ended = race(
        lambda s: schools.rename_school(s, lead, name="试验一中", version=1),
        lambda s: schools.rename_school(s, lead, name="试验二中", version=1),
    )

    assert ended == ["done", "EditedMeanwhile"]


def test_a_user_name_is_given_once(session, lead):
    settled(session)

    ended = race(
        *[
            lambda s: accounts.create_account(
                s, lead, username="shixin", display_name="试新", roles=[Role.MENTOR], prepared=("x", "y")
            )
        ]
        * 2
    )

    assert ended == ["done", "FieldErrors"]


def test_two_edits_of_one_account(session, make_user):
    admin, other = make_user(Role.ADMIN), make_user(Role.MENTOR)
    settled(session)

    def change(name, role):
        return lambda s: accounts.change_account(
            s, admin, user_id=other.user_id, version=1, display_name=name, roles=[role]
        )

    ended = race(change("试甲", Role.LEAD), change("试乙", Role.COUNSELLOR))

    assert ended == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(RoleGrant).where(col(RoleGrant.ended_at).is_(None))) == 2


def test_two_tabs_save_one_draft(session, lead):
    settled(session)

    ended = race(*[lambda s: drafts.save_draft(s, lead, form="intake", subject="new", content={"facts": "试"})] * 2)

    assert ended == ["done", "done"]


def test_misses_at_the_same_moment_are_all_counted(session, make_user):
    user = make_user(Role.LEAD)
    settled(session)
    account = sign_in.Account("user1", user.user_id, "x")

    ended = crowd([lambda s: sign_in.start_session(s, account, is_right=False, address="10.0.0.9")] * 20)

    assert set(ended) <= {"done", "TooManyTries"}
    assert ended.count("done") == sign_in.ALLOWED_MISSES["pair"]
    with reading() as found:
        assert max(row.misses for row in found.exec(select(LoginThrottle))) == sign_in.ALLOWED_MISSES["pair"]


def test_a_right_guess_among_twenty_does_not_slip_through_the_wait(session, make_user):
    user = make_user(Role.LEAD)
    settled(session)
    with reading() as found:
        stored = found.get_one(AppUser, user.user_id).password_hash
    account = sign_in.Account("user1", user.user_id, stored)
    for _ in range(sign_in.ALLOWED_MISSES["pair"]):
        crowd([lambda s: sign_in.start_session(s, account, is_right=False, address="10.0.0.9")])

    ended = crowd([lambda s: sign_in.start_session(s, account, is_right=True, address="10.0.0.9")] * 20)

    assert set(ended) == {"TooManyTries"}


def test_three_who_change_the_school_year_at_once_change_it_once(session, make_user, term, make_class, make_student):
    leads = [make_user(Role.LEAD) for _ in range(3)]
    old = make_class(7, 1, school_year=2025)
    for place in range(6):
        child = make_student(f"试{place}")
        session.add(ClassMembership(student_id=child.id, class_id=old.id, from_day=date(2025, 9, 1)))
    session.flush()
    plan = year_plans.plan_year(session, leads[0])
    settled(session)
    options = year_changes.YearOptions(day=date(2026, 9, 1), leaving_day=date(2026, 7, 3))

    ended = crowd(
        [lambda s, lead=lead: year_changes.change_year(s, lead, digest=plan.digest, options=options) for lead in leads]
    )

    assert sorted(ended) == ["AlreadyChanged", "AlreadyChanged", "done"]
    assert count_of(select(func.count()).select_from(ClassMembership)) == 12
    assert chain_is_whole()


def test_a_child_moved_while_the_year_changes_is_seen_first(session, make_user, term, make_class, make_student):
    lead = make_user(Role.LEAD)
    old, new = make_class(7, 1, school_year=2025), make_class(8, 2)
    child = make_student("试")
    session.add(ClassMembership(student_id=child.id, class_id=old.id, from_day=date(2025, 9, 1)))
    session.flush()
    plan = year_plans.plan_year(session, lead)
    settled(session)
    options = year_changes.YearOptions(day=date(2026, 9, 1), leaving_day=date(2026, 7, 3))

    ended = race(
        lambda s: students.move_to_class(
            s, lead, student_id=child.id, version=1, class_id=new.id, day=date(2026, 9, 1)
        ),
        lambda s: year_changes.change_year(s, lead, digest=plan.digest, options=options),
    )

    assert ended == ["done", "NothingToMove"]
    open_ones = select(func.count()).select_from(ClassMembership).where(col(ClassMembership.to_day).is_(None))
    assert count_of(open_ones) == 1


@pytest.fixture
def checked(session, make_user, term, make_class, make_student):
    """An open round, three classes with a left-behind child and a homeroom teacher each."""
    lead = make_user(Role.LEAD)
    sheets = []
    for number in (1, 2, 3):
        found = make_class(7, number)
        teacher = make_user(Role.HOMEROOM, homeroom_of=found)
        child = make_student(f"试{number}", in_class=found)
        category = categories.add_category(
            session, lead, student_id=child.id, kind=CategoryKind.LEFT_BEHIND,
            details=categories.CategoryDetails(), from_day=date(2026, 9, 1),
        )  # fmt: skip
        sheets.append((teacher, found.id, child.id, category))
    check_rounds.open_round(session, lead)
    settled(session)
    return lead, sheets


def returning(actor, sheet, kind=CategoryKind.SPECIAL_FAMILY):
    """Return a class's check with one new finding."""
    _teacher, class_id, child_id, category_id = sheet
    return lambda s: check_returns.return_check(
        s, actor, class_id=class_id, version=0, has_asked_others=True,
        answers=[check_returns.CheckAnswer(category_id=category_id, version=1, result=CheckResult.UNCHANGED)],
        found=[check_returns.NewFinding(student_id=child_id, kind=kind)],
    )  # fmt: skip


def test_three_homeroom_teachers_return_at_once(checked):
    _lead, sheets = checked

    assert crowd([returning(sheet[0], sheet) for sheet in sheets]) == ["done"] * 3
    assert count_of(select(func.count()).select_from(CheckReturn)) == 3
    assert count_of(select(func.count()).where(CheckReturn.replaced_at.is_(None))) == 3
    assert chain_is_whole()


def test_two_who_return_one_class_at_once_do_it_once(checked):
    lead, sheets = checked

    ended = race(returning(sheets[0][0], sheets[0]), returning(lead, sheets[0]))

    assert ended == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(CheckReturn)) == 1


def test_two_who_open_the_round_at_once_open_it_once(session, make_user, term):
    leads = [make_user(Role.LEAD) for _ in range(3)]
    settled(session)

    ended = crowd([lambda s, lead=lead: check_rounds.open_round(s, lead) for lead in leads])

    assert sorted(ended) == ["RoundOpened", "RoundOpened", "done"]
    assert count_of(select(func.count()).select_from(CheckRound)) == 1


def test_two_first_answers_of_a_family_at_once_are_one(session, make_user, lead, child):
    other = make_user(Role.COUNSELLOR)
    settled(session)

    def answering(actor, answer):
        return lambda s: consents.record_consent(
            s, actor, student_id=child.id, purpose=ConsentPurpose.PHOTO, answer=answer, day=date(2026, 9, 5),
            by_whom="母亲",
        )  # fmt: skip

    ended = race(answering(lead, ConsentAnswer.GIVEN), answering(other, ConsentAnswer.REFUSED))

    assert ended == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(Consent)) == 1


def test_two_who_enter_one_class_at_once_overwrite_nobody(session, make_user, term, make_class, make_student):
    found = make_class(7, 1)
    people = [make_user(Role.LEAD), make_user(Role.HOMEROOM, homeroom_of=found)]
    ids = [make_student(f"试{place}", in_class=found).id for place in range(4)]
    settled(session)

    def entering(actor, study):
        rows = [
            term_entries.EntryInput(student_id=child, version=0, values=term_entries.EntryValues(study=study))
            for child in ids
        ]
        return lambda s: term_entries.save_class_entries(s, actor, class_id=found.id, term_id=term.id, rows=rows)

    ended = race(entering(people[0], StudyLevel.GOOD), entering(people[1], StudyLevel.BELOW))

    assert ended == ["done", "EntriesChanged"]
    with reading() as fresh:
        assert {row.study for row in fresh.exec(select(TermEntry))} == {StudyLevel.GOOD}
    assert chain_is_whole()


def test_a_sole_post_goes_to_one_of_two(session, lead, make_user):
    first, second = make_user(), make_user()
    post = session.exec(select(Post).where(Post.code == "office")).one()
    settled(session)

    def appoint(user):
        return lambda s: posts.appoint(s, lead, post_id=post.id, user_id=user.user_id, from_day=clock.today())

    assert sorted(race(appoint(first), appoint(second))) == ["PostTaken", "done"]
    assert count_of(select(func.count()).select_from(PostHolder)) == 1
    assert chain_is_whole()


def test_a_group_has_one_head_whoever_comes_first(session, lead, make_user):
    people = [make_user() for _ in range(4)]
    group_id = groups.found_group(session, lead, kind=GroupKind.LEADING)
    settled(session)

    def head(user):
        return lambda s: groups.add_member(s, lead, group_id=group_id, role=GroupRole.HEAD, user_id=user.user_id)

    assert sorted(crowd([head(user) for user in people])) == ["HeadTaken"] * 3 + ["done"]
    assert count_of(select(func.count()).select_from(GroupMember)) == 1
    assert chain_is_whole()


def test_a_kind_of_group_is_set_up_once(session, lead):
    settled(session)

    outcomes = crowd([lambda s: groups.found_group(s, lead, kind=GroupKind.LEADING)] * 3)

    assert sorted(outcomes) == ["GroupExists", "GroupExists", "done"]


def test_one_person_stands_in_at_a_time(session, lead, make_user):
    absent, first, second = make_user(), make_user(), make_user()
    settled(session)

    def name(user, ahead):
        days = {"first_day": clock.today() + timedelta(days=ahead), "last_day": clock.today() + timedelta(days=9)}
        return lambda s: deputies.name_deputy(s, lead, absent_id=absent.user_id, deputy_id=user.user_id, **days)

    assert sorted(race(name(first, 0), name(second, 2))) == ["FieldErrors", "done"]
    assert count_of(select(func.count()).select_from(Deputy)) == 1


def test_one_pledge_a_school_year_from_however_many_tabs(session, make_user):
    teacher = make_user(pledged=False)
    version = pledges.find_own_pledge(session, teacher).wording.version
    settled(session)

    assert crowd([lambda s: pledges.accept_pledge(s, teacher, version=version)] * 4) == ["done"] * 4
    assert count_of(select(func.count()).select_from(Pledge).where(Pledge.user_id == teacher.user_id)) == 1


def test_two_notice_the_same_child_at_once(session, child, make_user):
    lead = make_user(Role.LEAD)
    settled(session)
    entry = DropOutEntry(noticed_on=clock.today(), noticed_by="试")

    def notice(inner: Session) -> None:
        # Drawn at whatever version stands: only the rule of one at a time is asked.
        version = inner.get_one(Student, child.id).version
        drop_outs.register_drop_out(inner, lead, student_id=child.id, version=version, entry=entry)

    outcomes = crowd([notice] * 4)

    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "AlreadyFollowed", "EditedMeanwhile"}
    with reading() as after:
        assert after.exec(select(func.count()).select_from(DropOut)).one() == 1


def test_a_step_and_the_end_at_once(session, child, make_user):
    """What is written after the end is refused, not added to what has ended."""
    lead = make_user(Role.LEAD)
    entry = DropOutEntry(noticed_on=clock.today(), noticed_by="试")
    number = drop_outs.register_drop_out(session, lead, student_id=child.id, version=child.version, entry=entry)
    settled(session)
    ending = EndingEntry(outcome=DropOutOutcome.TRANSFERRED, ended_on=clock.today(), place="试中学")
    step = StepEntry(kind=DropOutStepKind.CALL, day=clock.today())

    outcomes = race(
        lambda inner: drop_outs.end_drop_out(inner, lead, drop_out_id=number, version=1, entry=ending),
        lambda inner: drop_outs.save_step(inner, lead, drop_out_id=number, entry=step),
    )

    assert outcomes == ["done", "DropOutEnded"]


# --- lists from outside ---


@pytest.fixture
def listed(session, make_user, term, make_class, make_student):
    """A list that names a child we have not registered; as a file, and received."""
    lead, other = make_user(Role.LEAD), make_user(Role.COUNSELLOR)
    child = make_student("江小满", in_class=make_class(7, 1))
    settled(session)
    text = "姓名,班级,留守类型\n江小满,七（1）班,父亲外出\n"
    return lead, other, child.id, list_receipts.read_authority(text.encode(), file_name="名单.csv")


def receiving(actor, file):
    """Look at a list and receive it, as one person does in one sitting."""
    with reading() as s:
        seen = list_receipts.preview_receipt(s, actor, file=file, scope=Scope(CategoryKind.LEFT_BEHIND))
    details = list_receipts.ReceiptDetails(body=ExchangeBody.WOMEN, day=date(2026, 11, 18))
    return lambda s: list_receipts.confirm_receipt(
        s, actor, preview=seen, details=details, ticked=seen.comparison.to_tick
    )


def test_one_file_received_by_two_at_once_is_there_once(listed):
    lead, other, _child, file = listed

    assert sorted(race(receiving(lead, file), receiving(other, file))) == ["AlreadyReceived", "done"]
    assert count_of(select(func.count()).select_from(ListDifference)) == 1


def test_two_decide_on_one_difference_and_the_second_is_told(listed):
    lead, other, child, file = listed
    with transaction() as s:
        exchange = receiving(lead, file)(s)
        row = s.exec(select(ListDifference)).one()
        chosen = [list_decisions.Chosen(row.id, row.version)]

    outcome = race(
        lambda s: list_decisions.adopt_differences(
            s, lead, exchange_id=exchange, chosen=chosen, from_day=date(2026, 11, 18), evidence="名单"
        ),
        lambda s: list_decisions.adopt_differences(
            s, other, exchange_id=exchange, chosen=chosen, from_day=date(2026, 11, 18), evidence="名单"
        ),
    )

    assert sorted(outcome) == ["DecidedMeanwhile", "done"]
    assert count_of(select(func.count()).where(StudentCategory.student_id == child)) == 1
    assert chain_is_whole()


# --- two entries become one ---


def merging(session: Session, lead, kept_id: int, other_id: int) -> Act:
    """Merge as drawn now: whoever comes second holds a comparison that is no longer true."""
    shown = merges.compare_entries(session, lead, kept_id=kept_id, other_id=other_id)
    return lambda inner: merges.merge_entries(
        inner, lead, kept_id=kept_id, other_id=other_id, digest=shown.digest,
        choices={each.key: Side.KEPT for each in shown.differences}, is_one_child=True,
    )  # fmt: skip


@pytest.fixture
def entries(session, child, make_student):
    return child.id, make_student("江小满").id


@pytest.mark.parametrize("crossed", [False, True], ids=["the same twice", "one into the other and back"])
def test_two_merge_at_once(session, entries, make_user, crossed):
    lead, (one, two) = make_user(Role.LEAD), entries
    first = merging(session, lead, one, two)
    second = merging(session, lead, *((two, one) if crossed else (one, two)))
    settled(session)

    outcomes = race(first, second)

    assert outcomes == ["done", "NotFound"]
    with reading() as after:
        merged = after.exec(select(Student.id).where(col(Student.merged_into_id).is_not(None))).all()
        assert merged == [two]


def test_many_merge_crosswise(session, entries, make_user):
    lead, (one, two) = make_user(Role.LEAD), entries
    acts = [merging(session, lead, *pair) for pair in ((one, two), (two, one)) * 3]
    settled(session)

    outcomes = crowd(acts)

    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "NotFound", "ComparisonChanged"}


def test_a_referral_is_registered_while_its_child_is_merged(session, entries, make_user):
    """Either it was there in time and moves along, or its child is not found: none stays with the merged entry."""
    lead, (one, two) = make_user(Role.LEAD), entries
    act = merging(session, lead, one, two)
    settled(session)

    outcomes = race(act, lambda inner: register(inner, lead, student_id=two))

    assert outcomes == ["done", "NotFound"]
    with reading() as after:
        assert after.exec(select(Referral).where(Referral.student_id == two)).all() == []


def test_a_merge_waits_for_a_referral_just_registered(session, entries, make_user):
    lead, (one, two) = make_user(Role.LEAD), entries
    act = merging(session, lead, one, two)
    settled(session)

    outcomes = race(lambda inner: register(inner, lead, student_id=two), act)

    assert outcomes == ["done", "ComparisonChanged"]  # what would move is no longer what was shown
    with reading() as after:
        assert after.exec(select(Referral.student_id)).all() == [two]


def test_a_guardian_is_saved_while_its_child_is_merged(session, entries, make_user):
    lead, (one, two) = make_user(Role.LEAD), entries
    act = merging(session, lead, one, two)
    settled(session)
    entry = GuardianEntry(kind=GuardianKind.FATHER, name="江远山")

    outcomes = race(act, lambda inner: guardians.save_guardian(inner, lead, student_id=two, entry=entry))

    assert outcomes == ["done", "NotFound"]
    with reading() as after:
        assert after.exec(select(Guardian).where(Guardian.student_id == two)).all() == []


def slow_after(monkeypatch, module, name):
    """Let what `name` returns wait a moment, so that whoever else is at it meets it half done."""
    real = getattr(module, name)

    def slowed(*args, **more):
        found = real(*args, **more)
        time.sleep(HEAD_START)
        return found

    monkeypatch.setattr(module, name, slowed)


def test_an_end_and_a_merge_of_the_child_never_wait_for_each_other(session, entries, make_user, monkeypatch):
    lead, (one, two) = make_user(Role.LEAD), entries
    number = drop_outs.register_drop_out(
        session, lead, student_id=one, version=session.get_one(Student, one).version,
        entry=DropOutEntry(noticed_on=date(2026, 11, 2), noticed_by="试"),
    )  # fmt: skip
    act = merging(session, lead, two, one)
    version = session.get_one(DropOut, number).version
    settled(session)
    slow_after(monkeypatch, drop_outs, "lock_version")
    ending = EndingEntry(outcome=DropOutOutcome.TRANSFERRED, ended_on=date(2026, 11, 10), place="城关小学")

    outcomes = crowd(
        [lambda s: drop_outs.end_drop_out(s, lead, drop_out_id=number, version=version, entry=ending), act]
    )

    assert set(outcomes) <= {"done", "EditedMeanwhile", "ComparisonChanged"}
    assert "done" in outcomes


def test_a_list_is_followed_while_its_child_is_merged(session, entries, make_user, monkeypatch):
    lead, (one, two) = make_user(Role.LEAD), entries
    child = session.get_one(Student, one)
    file = list_receipts.read_authority(
        f"姓名,出生日期,住址\n{child.name},{child.birth_day},归云村3号\n".encode(), file_name="名单.csv"
    )
    session.get_one(Student, two).birth_day = date(2012, 1, 1)
    settled(session)
    with transaction() as s:
        exchange = receiving(lead, file)(s)
        row = s.exec(select(ListDifference).where(ListDifference.part == DifferencePart.ADDRESS)).one()
        chosen = [list_decisions.Chosen(row.id or 0, row.version)]
    with reading() as s:
        act = merging(s, lead, two, one)
    slow_after(monkeypatch, list_decisions, "content_of")

    outcomes = crowd(
        [
            lambda s: list_decisions.adopt_differences(
                s, lead, exchange_id=exchange, chosen=chosen, from_day=date(2026, 11, 18), evidence="名单"
            ),
            act,
        ]
    )

    assert set(outcomes) <= {"done", "CannotAdopt", "ComparisonChanged"}
    assert "done" in outcomes


def assessed(session, lead, child_id: int) -> tuple[int, int]:
    """Return a referral about a child whose assessment was begun, with its version."""
    found = register(session, lead, student_id=child_id)
    referral_moves.start_assessment(session, lead, referral_id=found.id or 0, version=found.version)
    session.flush()
    return found.id or 0, found.version


def test_an_assessment_and_a_merge_of_its_child_never_wait_for_each_other(session, entries, make_user, monkeypatch):
    lead, (one, two) = make_user(Role.LEAD), entries
    referral, version = assessed(session, lead, two)
    act = merging(session, lead, one, two)
    settled(session)
    slow_after(monkeypatch, assessments, "lock_referral")
    request = assessments.AssessmentRequest(
        referral_id=referral, version=version, nature="和同学相处", measures="每周谈一次", severity=Severity.ORDINARY,
        domains=frozenset({Domain.PEERS}),
    )  # fmt: skip

    outcomes = crowd([lambda s: assessments.save_assessment(s, lead, request=request), act])

    assert set(outcomes) <= {"done", "EditedMeanwhile", "ComparisonChanged"}
    assert "done" in outcomes


def test_a_child_is_matched_while_it_is_merged(session, entries, make_user, monkeypatch):
    lead, (one, two) = make_user(Role.LEAD), entries
    found = register(session, lead, student_id=two)
    number, version = found.id or 0, found.version
    act = merging(session, lead, one, two)
    settled(session)
    slow_after(monkeypatch, intake, "lock_referral")

    outcomes = crowd([lambda s: intake.match_child(s, lead, referral_id=number, version=version, student_id=one), act])

    assert set(outcomes) <= {"done", "EditedMeanwhile", "ComparisonChanged"}
    assert "done" in outcomes


@pytest.fixture
def two_registered(session, term, make_class, make_student, make_user):
    """Two children of a class, each in a category, an open round, and answers that end both, the second first."""
    lead, found = make_user(Role.LEAD), make_class(7, 1)
    children = [make_student(name, in_class=found).id for name in ("江小满", "江晓满")]
    made = [
        categories.add_category(
            session, lead, student_id=child, kind=kind, details=categories.CategoryDetails(level=2),
            from_day=date(2026, 9, 1),
        )
        for child, kind in zip(children, (CategoryKind.LEFT_BEHIND, CategoryKind.SPECIAL_FAMILY), strict=True)
    ]  # fmt: skip
    check_rounds.open_round(session, lead)
    answers = [
        check_returns.CheckAnswer(category_id=each, version=1, result=CheckResult.ENDED, note="好了")
        for each in reversed(made)
    ]
    return lead, found.id, children, answers


def ending_both(lead, class_id, answers) -> Act:
    return lambda s: check_returns.return_check(
        s, lead, class_id=class_id, version=0, answers=answers, has_asked_others=True
    )


def test_a_check_and_a_merge_of_two_of_its_children_never_wait_for_each_other(session, two_registered, monkeypatch):
    lead, class_id, (one, two), answers = two_registered
    act = merging(session, lead, one, two)
    settled(session)
    slow_after(monkeypatch, categories, "end_category")

    outcomes = crowd([ending_both(lead, class_id, answers), act])

    assert set(outcomes) <= {"done", "EditedMeanwhile", "ComparisonChanged"}
    assert "done" in outcomes


def test_a_check_and_a_list_about_the_same_children_never_wait_for_each_other(
    session, term, make_class, make_student, make_user, monkeypatch
):
    """The list ends what it lacks in the order it came in, the check in the order of the class."""
    lead, found = make_user(Role.LEAD), make_class(7, 1)
    children = [make_student(name, in_class=found).id for name in ("江小满", "霍半夏")]
    made = [
        categories.add_category(
            session, lead, student_id=child, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1),
            details=categories.CategoryDetails(level=2),
        )
        for child in children
    ]  # fmt: skip
    named = make_student("孟紫苏", in_class=found, birth_day=date(2013, 6, 1))
    check_rounds.open_round(session, lead)
    file = list_receipts.read_authority(
        f"姓名,出生日期\n{named.name},{named.birth_day}\n".encode(), file_name="名单.csv"
    )
    settled(session)
    with transaction() as s:
        seen = list_receipts.preview_receipt(s, lead, file=file, scope=Scope(CategoryKind.LEFT_BEHIND))
        details = list_receipts.ReceiptDetails(body=ExchangeBody.WOMEN, day=date(2026, 11, 18))
        exchange = list_receipts.confirm_receipt(s, lead, preview=seen, details=details, ticked=seen.comparison.to_tick)
        lines = s.exec(select(ListDifference).where(col(ListDifference.category_id).in_(made))).all()
        chosen = [list_decisions.Chosen(row.id or 0, row.version) for row in lines]
    slow_after(monkeypatch, categories, "end_category")
    answers = [
        check_returns.CheckAnswer(category_id=each, version=1, result=CheckResult.ENDED, note="好了")
        for each in reversed(made)
    ]

    outcomes = crowd(
        [
            ending_both(lead, found.id, answers),
            lambda s: list_decisions.adopt_differences(
                s, lead, exchange_id=exchange, chosen=chosen, from_day=date(2026, 11, 18), evidence=None
            ),
        ]
    )

    assert set(outcomes) <= {"done", "FieldErrors", "CannotAdopt"}
    assert outcomes.count("done") == 1


def test_whoever_waits_for_each_other_all_the_same_is_told_in_a_sentence(session, entries):
    """Nothing in the programme does this any more; should something, one goes through and one is asked again."""
    settled(session)
    one, two = entries

    def touching(*numbers: int) -> Act:
        def act(inner: Session) -> None:
            for number in numbers:
                inner.get_one(Student, number, with_for_update=True)
                time.sleep(HEAD_START)

        return act

    outcomes = crowd([touching(one, two), touching(two, one)])

    is_embedded = session.get_bind().dialect.name == "sqlite"  # there one comes after the other from the beginning
    assert sorted(outcomes) == (["done", "done"] if is_embedded else ["CrossedEachOther", "done"])
