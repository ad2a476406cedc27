"""Posts: one holder at a time, who it was when, deputies, the second person, and what nobody answers for."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import union_all
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from db.tables import AppUser, Post, PostHolder, PostSpan, Role
from services import answers, clock, deputies, home, posts, students
from services.duties import DutyKind, DutyTarget
from services.errors import EditedMeanwhile, FieldErrors, NotFound
from services.posts import HeldByRole, PostTaken
from services.row_filters import Grounds, grounds_for
from tests.conftest import NOW, codes

TODAY = NOW.date()
DAY = timedelta(days=1)


def vacancies(session):
    return answers.vacancies_of(session.execute(union_all(*answers.vacancy_parts(2026))))


def post_called(session, code):
    return session.exec(select(Post).where(Post.code == code)).one()


def answer_for(session, actor, code):
    return next(answer for answer in answers.list_answers(session, actor) if answer.code == code)


def appoint(session, actor, code, user, *, from_day=TODAY, **more):
    post = post_called(session, code)
    return posts.appoint(session, actor, post_id=post.id, user_id=user.user_id, from_day=from_day, **more)


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="何知微")


def test_the_regulations_posts_are_there_from_the_first_day(session, lead):
    found = {answer.code: answer for answer in answers.list_answers(session, lead)}

    assert {"principal", "office", "left_behind_coordinator", "safety_officer", "second_person"} <= found.keys()
    assert found["left_behind_coordinator"].is_vacant
    assert [holder.name for holder in found["head_of_room"].holders] == ["何知微"]


def test_a_post_given_is_answered_for_from_that_day_on(session, lead, make_user):
    teacher = make_user(Role.HOMEROOM, name="周砚田")
    appoint(session, lead, "office", teacher, from_day=TODAY + 3 * DAY)

    assert answer_for(session, lead, "office").is_vacant
    clock.set_fixed(NOW + 3 * DAY)
    assert [holder.name for holder in answer_for(session, lead, "office").holders] == ["周砚田"]


def test_whoever_takes_a_sole_post_over_ends_the_one_before(session, lead, make_user):
    first, second = make_user(name="周砚田"), make_user(name="贺兰舟")
    held = appoint(session, lead, "office", first, from_day=date(2026, 9, 1))

    appoint(session, lead, "office", second, replaces_id=held, replaces_version=1)

    detail = posts.find_post(session, lead, post_id=post_called(session, "office").id)
    assert [(each.name, each.from_day, each.to_day) for each in detail.holdings] == [
        ("贺兰舟", TODAY, None),
        ("周砚田", date(2026, 9, 1), TODAY),
    ]


def test_a_holder_the_form_did_not_know_of_is_not_replaced(session, lead, make_user):
    appoint(session, lead, "office", make_user(name="周砚田"))

    with pytest.raises(PostTaken) as refused:
        appoint(session, lead, "office", make_user(name="贺兰舟"))

    assert (refused.value.holder, refused.value.from_day) == ("周砚田", TODAY)


def test_two_who_replace_the_same_holder_the_second_is_told(session, lead, make_user):
    held = appoint(session, lead, "office", make_user(), from_day=date(2026, 9, 1))
    appoint(session, lead, "office", make_user(), replaces_id=held, replaces_version=1)

    with pytest.raises(EditedMeanwhile):
        appoint(session, lead, "office", make_user(), replaces_id=held, replaces_version=1)


def test_several_hold_a_post_that_is_not_sole_nobody_twice(session, lead, make_user):
    first, second = make_user(name="周砚田"), make_user(name="贺兰舟")
    appoint(session, lead, "safety_officer", first)
    appoint(session, lead, "safety_officer", second)

    assert [holder.name for holder in answer_for(session, lead, "safety_officer").holders] == ["周砚田", "贺兰舟"]
    with pytest.raises(PostTaken):
        appoint(session, lead, "safety_officer", first)


def test_the_database_itself_refuses_a_second_holder(session, lead, make_user):
    post = post_called(session, "office")
    values = {"post_id": post.id, "seat": "school", "is_sole": True, "from_day": TODAY, "recorded_at": NOW}
    rows = [PostHolder(user_id=make_user().user_id, **values) for _ in range(2)]

    with pytest.raises(IntegrityError), session.begin_nested():
        session.add_all(rows)


def test_a_post_of_every_grade_stands_there_for_each_grade(session, lead, make_user, make_class):
    make_class(7, 1), make_class(7, 2), make_class(8, 1)
    appoint(session, lead, "grade_head", make_user(name="周砚田"), grade=7)

    found = [answer for answer in answers.list_answers(session, lead) if answer.code == "grade_head"]

    assert [(answer.label, answer.is_vacant) for answer in found] == [
        ("年级组长（七年级）", False),
        ("年级组长（八年级）", True),
    ]


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"user_id": None}, {"user_id": "required"}),
        ({"user_id": 9999}, {"user_id": "unknown"}),
        ({"from_day": None}, {"from_day": "required"}),
        ({"from_day": date(2099, 1, 1)}, {"from_day": "too_far"}),
        ({"from_day": date(1900, 1, 1)}, {"from_day": "too_early"}),
        ({"grade": 7}, {"grade": "unknown_choice"}),
    ],
    ids=str,
)
def test_what_cannot_be_is_said_at_its_field(session, lead, make_user, more, wrong):
    fine = {"post_id": post_called(session, "office").id, "user_id": lead.user_id, "from_day": TODAY}

    with pytest.raises(FieldErrors) as refused:
        posts.appoint(session, lead, **(fine | more))

    assert codes(refused) == wrong


def test_a_post_of_a_role_is_filled_by_the_role(session, lead, make_user):
    with pytest.raises(HeldByRole):
        appoint(session, lead, "counsellor", make_user())


def test_ending_leaves_the_post_vacant_and_the_history_whole(session, lead, make_user):
    held = appoint(session, lead, "office", make_user(name="周砚田"), from_day=date(2026, 9, 1))

    posts.end_holding(session, lead, holder_id=held, version=1, last_day=TODAY - DAY)

    assert answer_for(session, lead, "office").is_vacant
    detail = posts.find_post(session, lead, post_id=post_called(session, "office").id)
    assert [(each.name, each.to_day) for each in detail.holdings] == [("周砚田", TODAY)]
    with pytest.raises(FieldErrors) as refused:
        posts.end_holding(session, lead, holder_id=held, version=2, last_day=TODAY)
    assert codes(refused) == {"last_day": "post_ended"}


def test_a_closed_account_answers_for_nothing(session, lead, make_user):
    teacher = make_user()
    appoint(session, lead, "office", teacher)

    session.get_one(AppUser, teacher.user_id).is_active = False
    session.flush()

    assert answer_for(session, lead, "office").is_vacant


def test_the_school_adds_a_post_and_renames_one(session, lead):
    post_id = posts.add_post(
        session, lead, name="宿舍管理员", answers_for="晚上看护", span=PostSpan.SCHOOL, is_sole=False, is_needed=True
    )
    posts.change_post(session, lead, post_id=post_id, version=1, name="宿管老师", answers_for="", is_needed=False)

    detail = posts.find_post(session, lead, post_id=post_id)
    assert (detail.name, detail.answers_for, detail.is_needed, detail.version) == ("宿管老师", "", False, 2)
    with pytest.raises(EditedMeanwhile):
        posts.change_post(session, lead, post_id=post_id, version=1, name="宿管", answers_for="", is_needed=True)
    with pytest.raises(FieldErrors) as refused:
        posts.change_post(session, lead, post_id=post_id, version=2, name="校长", answers_for="", is_needed=True)
    assert codes(refused) == {"name": "taken"}
    with pytest.raises(NotFound):
        posts.find_post(session, lead, post_id=99_999)


def test_class_teachers_answer_for_their_class(session, lead, make_user, make_class):
    with_one, without = make_class(7, 1), make_class(7, 2)
    make_user(Role.HOMEROOM, name="周砚田", homeroom_of=with_one)
    make_user(Role.SUBJECT_TEACHER, name="贺兰舟", teaches=with_one)

    found = {(each.code, each.seat_label): each for each in answers.list_answers(session, lead) if not each.post_id}

    assert [holder.name for holder in found["homeroom", "七（1）班"].holders] == ["周砚田"]
    assert [holder.name for holder in found["subject_teacher", "七（1）班"].holders] == ["贺兰舟"]
    assert found["homeroom", "七（2）班"].is_vacant
    assert without.id


def test_everybody_on_the_staff_may_read_and_only_two_may_write(session, lead, make_user):
    for role in Role:
        actor = make_user(role)
        assert answers.list_answers(session, actor)


def test_who_answers_takes_nine_statements_however_many_classes(session, lead, make_class, statements):
    for number in range(1, 13):
        make_class(7, number)
    statements.clear()

    answers.list_answers(session, lead)

    assert len(statements) <= 9


# --- what nobody answers for ---


def test_many_vacant_posts_are_one_line_few_a_line_each_above_what_is_late(session, lead, make_user):
    first = home.list_duties(session, lead)[0]
    assert (first.kind, first.target, first.target_id) == (DutyKind.POST_VACANT, DutyTarget.POST, None)
    needed = [answer for answer in answers.list_answers(session, lead) if answer.is_needed and answer.is_vacant]
    for answer in needed[2:]:
        if answer.role is None:
            appoint(session, lead, answer.code, lead)
        else:
            make_user(answer.role)

    vacant = [duty for duty in home.list_duties(session, lead) if duty.kind is DutyKind.POST_VACANT]

    assert [(duty.labels, duty.target_id) for duty in vacant] == [
        ((answer.label,), answer.post_id) for answer in needed[:2]
    ]
    assert not [duty for duty in home.list_duties(session, make_user()) if duty.kind is DutyKind.POST_VACANT]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 17), st.integers(-5, 5), st.integers(0, 9)), max_size=8))
def test_home_s_one_statement_says_what_the_table_says(session, lead, make_user, make_class, steps):
    with session.begin_nested() as step:
        teacher = make_user()
        make_user(Role.HOMEROOM, homeroom_of=make_class(7, 1))
        make_class(8, 2), make_class(8, 10)
        shipped = session.exec(select(Post).order_by(col(Post.place))).all()
        for place, starts, lasts in steps:
            from_day = TODAY + starts * DAY
            post = shipped[place % len(shipped)]
            row = PostHolder(
                post_id=post.id, user_id=teacher.user_id, seat="school", is_sole=False, from_day=from_day,
                to_day=from_day + lasts * DAY, recorded_at=NOW,
            )  # fmt: skip
            session.add(row)
        session.flush()
        everything = answers.list_answers(session, lead)
        gaps = [each for each in everything if each.is_needed and each.is_vacant]
        table = [each.label if each.post_id else each.seat_label for each in gaps]
        line = [each.label for each in vacancies(session)]
        step.rollback()

    assert line == table


# --- deputies and the second person ---


def test_a_deputy_stands_beside_the_absent_one_for_those_days_only(session, lead, make_user, make_class, make_student):
    in_class = make_class(7, 3)
    absent = make_user(Role.HOMEROOM, name="周砚田", homeroom_of=in_class)
    deputy = make_user(Role.HOMEROOM, name="贺兰舟")
    child = make_student(in_class=in_class)
    assert grounds_for(session, deputy, student_id=child.id) is None

    deputies.name_deputy(
        session, lead, absent_id=absent.user_id, deputy_id=deputy.user_id, first_day=TODAY, last_day=TODAY + DAY
    )

    holders = [each.holders for each in answers.list_answers(session, lead) if each.code == "homeroom"]
    assert [(holder.name, holder.deputy) for [holder] in holders] == [("周砚田", "贺兰舟")]
    assert grounds_for(session, deputy, student_id=child.id) is Grounds.HOMEROOM
    assert students.find_students(session, deputy, text="江小满")
    clock.set_fixed(NOW + 2 * DAY)
    assert grounds_for(session, deputy, student_id=child.id) is None
    assert not students.find_students(session, deputy, text="江小满")


def test_a_deputy_sees_no_more_than_the_own_roles_show(session, lead, make_user, make_class, make_student):
    in_class = make_class(7, 3)
    absent = make_user(Role.HOMEROOM, homeroom_of=in_class)
    finance = make_user(Role.FINANCE)
    child = make_student(in_class=in_class)

    deputies.name_deputy(
        session, lead, absent_id=absent.user_id, deputy_id=finance.user_id, first_day=TODAY, last_day=TODAY
    )

    assert grounds_for(session, finance, student_id=child.id) is None


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        (TODAY, None, {"last_day": "required"}),
        (TODAY, TODAY - DAY, {"last_day": "before_start"}),
        (TODAY - 5 * DAY, TODAY + 362 * DAY, {"last_day": "too_many_days"}),
        (TODAY + 2 * DAY, TODAY + 9 * DAY, {"first_day": "absence_overlaps"}),
    ],
    ids=["no end", "backwards", "for ever", "overlaps"],
)
def test_an_absence_that_cannot_be_is_said(session, lead, make_user, first, last, wrong):
    absent, deputy = make_user(), make_user()
    deputies.name_deputy(
        session, lead, absent_id=absent.user_id, deputy_id=deputy.user_id, first_day=TODAY, last_day=TODAY + 2 * DAY
    )

    with pytest.raises(FieldErrors) as refused:
        deputies.name_deputy(
            session, lead, absent_id=absent.user_id, deputy_id=deputy.user_id, first_day=first, last_day=last
        )

    assert codes(refused) == wrong


def test_nobody_stands_in_for_herself(session, lead):
    with pytest.raises(FieldErrors) as refused:
        deputies.name_deputy(
            session, lead, absent_id=lead.user_id, deputy_id=lead.user_id, first_day=TODAY, last_day=TODAY
        )

    assert codes(refused) == {"deputy_id": "same_person"}


def test_who_is_back_earlier_needs_nobody_any_more(session, lead, make_user):
    absent, deputy = make_user(name="周砚田"), make_user(name="贺兰舟")
    row = deputies.name_deputy(
        session, lead, absent_id=absent.user_id, deputy_id=deputy.user_id, first_day=TODAY - DAY, last_day=TODAY + DAY
    )
    assert [each.deputy for each in deputies.list_absences(session, lead)] == ["贺兰舟"]

    deputies.end_absence(session, lead, absence_id=row, version=1)

    assert deputies.list_absences(session, lead) == []
    deputies.name_deputy(
        session, lead, absent_id=absent.user_id, deputy_id=deputy.user_id, first_day=TODAY, last_day=TODAY
    )


def test_home_says_once_that_nobody_can_give_the_second_yes(session, lead, make_user):
    def line():
        return [duty for duty in home.list_duties(session, lead) if duty.kind is DutyKind.SECOND_PERSON]

    [told] = line()
    assert (told.target, told.target_id) == (DutyTarget.POST, post_called(session, "second_person").id)
    assert not [duty for duty in home.list_duties(session, make_user(Role.LEADERSHIP)) if duty in line()]

    named = make_user(Role.LEADERSHIP)
    held = appoint(session, lead, "second_person", named)
    assert line() == []
    assert deputies.find_second_person(session, lead).user_id is not None

    posts.end_holding(session, lead, holder_id=held, version=1, last_day=TODAY - DAY)
    assert len(line()) == 1
    session.get_one(AppUser, named.user_id).is_protection_leader = True
    session.flush()
    assert line() == []


def test_a_second_person_whose_vacancy_is_a_duty_anyway_is_told_once(session, lead):
    post_called(session, "second_person").is_needed = True
    session.flush()

    kinds = [duty.kind for duty in home.list_duties(session, lead)]

    assert DutyKind.SECOND_PERSON not in kinds
    assert DutyKind.POST_VACANT in kinds


def test_the_second_person_is_the_named_leader_until_somebody_holds_the_post(session, lead, make_user):
    assert deputies.find_second_person(session, lead).user_id is None
    leader = make_user(Role.LEADERSHIP, name="温若虚")
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    session.flush()
    found = deputies.find_second_person(session, lead)
    assert (found.name, found.is_default) == ("温若虚", True)

    named, deputy = make_user(name="周砚田"), make_user(name="贺兰舟")
    appoint(session, lead, "second_person", named)
    assert deputies.find_second_person(session, lead).name == "周砚田"
    deputies.name_deputy(
        session, lead, absent_id=named.user_id, deputy_id=deputy.user_id, first_day=TODAY, last_day=TODAY
    )

    found = deputies.find_second_person(session, lead)
    assert (found.name, found.stands_in_for, found.is_default) == ("贺兰舟", "周砚田", False)
