"""What the clauses ask of one reader: the own children's duties alone, as the lists behind them have them."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from db.tables import (
    CareKind,
    CareRecord,
    ClauseExcuse,
    ClauseSwitch,
    Deputy,
    EnrolmentState,
    ExcuseKind,
    Helper,
    HelperKind,
    Pairing,
    PairingRole,
    ParameterVersion,
    Post,
    PostHolder,
    Role,
)
from db.written import count_written
from services import clock, home
from services.actors import Actor
from services.duties import DutyKind
from services.regulations import compliance, kept_results, own_duties
from services.regulations.catalogue import clauses
from services.regulations.measures import measures
from services.regulations.own_duties import OwnDuty
from tests.services.regulations.test_evaluation import left_behind, talk

ON = date(2026, 10, 30)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept_results.forget_all()


@pytest.fixture
def counts(session, term):
    """Put clauses into force since September; it is the last Friday of October."""
    clock.set_fixed(datetime(2026, 10, 30, 18, tzinfo=clock.SCHOOL_ZONE))

    def put(*clause_ids: str) -> None:
        for clause_id in clause_ids:
            session.add(
                ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
            )
        session.flush()

    return put


@pytest.fixture
def two_classes(session, counts, make_class, make_student, make_user):
    """Two homeroom teachers, with two left-behind children and one; K-01 and K-10 count."""
    counts("K-01", "K-10")
    classes = [make_class(number=1), make_class(number=2)]
    teachers = [make_user(Role.HOMEROOM, homeroom_of=each) for each in classes]
    children = [
        make_student(name, in_class=classes[place]) for name, place in (("江小满", 0), ("陆小雨", 0), ("许小北", 1))
    ]
    for child in children:
        left_behind(session, child)
    return teachers, children


def pair(session, child, actor: Actor, role: PairingRole = PairingRole.MENTOR) -> None:
    helper = Helper(
        kind=HelperKind.STAFF, user_id=actor.user_id, capacity=15, from_day=date(2026, 9, 1), recorded_at=clock.now()
    )
    session.add(helper)
    session.flush()
    session.add(
        Pairing(
            student_id=child.id, helper_id=helper.id, role=role, from_day=date(2026, 9, 1), recorded_at=clock.now()
        )
    )  # fmt: skip
    session.flush()


def told(session, actor: Actor) -> dict[str, tuple[int | None, int | None]]:
    return {each.clause.id: (each.overdue, each.due) for each in own_duties.list_own_duties(session, actor)}


def test_each_homeroom_teacher_is_told_of_the_own_class(session, two_classes):
    teachers, children = two_classes
    talk(session, children[0], teachers[0], date(2026, 10, 20))

    assert told(session, teachers[0])["K-01"] == (0, 1)
    assert told(session, teachers[1])["K-01"] == (0, 1)
    assert told(session, teachers[0])["K-10"] == (0, 2)


def test_a_line_s_figures_are_the_lengths_of_its_lists(session, two_classes):
    for teacher in two_classes[0]:
        for each in own_duties.list_own_duties(session, teacher):
            for which, count in (("overdue", each.overdue), ("due", each.due)):
                lines = own_duties.list_own_standings(session, teacher, clause_id=each.clause.id, which=which)
                assert len(lines) == count
                assert {line.standing.clause_id for line in lines} <= {each.clause.id}
                assert all(teacher.display_name in line.owners for line in lines)


@pytest.mark.usefixtures("two_classes")
def test_it_is_what_the_whole_school_s_evaluation_says_of_the_class(session, two_classes, counts):
    counts(*(set(measures()) - {"K-01", "K-10"}))
    teacher = two_classes[0][0]

    for clause_id, (overdue, due) in told(session, teacher).items():
        if compliance.clauses()[clause_id].post.value != "homeroom":
            continue
        row = compliance.find_row(session, teacher, clause_id=clause_id)
        assert (row.totals.overdue, row.totals.due) == (overdue, due), clause_id


def test_who_stands_in_is_told_of_the_class_too(session, two_classes, make_user):
    teachers, _ = two_classes
    deputy = make_user(Role.HOMEROOM)
    session.add(
        Deputy(
            absent_id=teachers[0].user_id, deputy_id=deputy.user_id, from_day=date(2026, 10, 28),
            to_day=date(2026, 11, 5), recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()

    assert told(session, deputy)["K-01"] == (0, 2)


def test_who_stood_in_until_today_owes_nothing_of_that_class_any_more(session, two_classes):
    (absent, deputy), children = two_classes
    pair(session, children[0], deputy)
    session.add(
        Deputy(
            absent_id=absent.user_id, deputy_id=deputy.user_id, from_day=date(2026, 10, 1), to_day=ON,
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()

    assert told(session, deputy)["K-01"] == (0, 1)


@pytest.mark.parametrize("role", [Role.MENTOR, Role.SUBJECT_TEACHER])
def test_a_helper_is_told_of_the_own_pairs(session, two_classes, counts, make_user, role):
    counts("J-13")
    helper = make_user(role)
    pair(session, two_classes[1][0], helper)

    assert told(session, helper) == {"J-13": (0, 3)}
    assert "J-13" not in told(session, two_classes[0][0])
    assert len(own_duties.list_own_standings(session, helper, clause_id="J-13")) == 3


def test_each_teacher_without_a_child_is_told_so(session, counts, make_user, make_class, make_student):
    counts("J-09")
    alone, paired = make_user(Role.SUBJECT_TEACHER), make_user(Role.SUBJECT_TEACHER)
    pair(session, make_student("江小满", in_class=make_class()), paired)

    assert told(session, alone) == {"J-09": (1, 0)}
    assert told(session, paired) == {}


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN, Role.COUNSELLOR])
def test_who_owes_nothing_is_told_nothing(session, two_classes, make_user, role):
    assert told(session, make_user(role)) == {}


def coordinator(session, actor: Actor, *, to_day: date | None = None) -> None:
    post_id = session.exec(select(Post.id).where(Post.code == "left_behind_coordinator")).one()
    session.add(
        PostHolder(
            post_id=post_id, user_id=actor.user_id, seat="school", is_sole=True, from_day=date(2026, 9, 1),
            to_day=to_day, recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()


@pytest.mark.parametrize(
    ("to_day", "lines"),
    [(ON, {}), (ON + timedelta(days=1), {"E-05": (0, 3)})],
    ids=["given up today", "given up tomorrow"],
)
def test_a_post_asks_for_something_up_to_the_day_it_is_given_up(session, two_classes, counts, make_user, to_day, lines):
    counts("E-05")
    counsellor = make_user(Role.COUNSELLOR)
    coordinator(session, counsellor, to_day=to_day)
    compliance.find_row(session, counsellor, clause_id="E-05")  # whoever counts it first

    assert told(session, counsellor) == lines


def test_who_holds_a_post_is_told_of_the_whole_school(session, two_classes, counts, make_user):
    counts("E-05")
    counsellor = make_user(Role.COUNSELLOR)
    coordinator(session, counsellor)
    compliance.find_row(session, counsellor, clause_id="E-05")  # whoever counts it first

    assert told(session, counsellor) == {"E-05": (0, 3)}
    assert len(own_duties.list_own_standings(session, counsellor, clause_id="E-05", which="due")) == 3


@pytest.mark.parametrize(("share", "lines"), [(100, {"E-12": (1, 0)}), (50, {})])
def test_a_share_that_is_reached_asks_a_post_for_nothing(session, two_classes, counts, make_user, share, lines):
    counts("E-12")
    counsellor = make_user(Role.COUNSELLOR)
    coordinator(session, counsellor)
    two_classes[1][0].state = EnrolmentState.DROPPED_OUT
    session.add(
        ParameterVersion(
            name="E-12.enrolled_share", number=1, value=str(share), in_force_from=date(2026, 9, 1), reason="试",
            set_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    compliance.find_row(session, counsellor, clause_id="E-12")

    assert told(session, counsellor) == lines


def test_nothing_is_evaluated_of_the_whole_school_for_home(session, two_classes, counts, make_user, statements):
    counts("E-05", "F-08", "E-12")
    counsellor = make_user(Role.COUNSELLOR)
    coordinator(session, counsellor)
    statements.clear()

    lines = own_duties.list_own_duties(session, counsellor)

    assert [(each.clause.id, each.is_counted) for each in lines] == [("E-05", False), ("E-12", False)]
    assert len(statements) == 1


def visit(session, child, author: Actor) -> None:
    session.add(
        CareRecord(
            student_id=child.id, kind=CareKind.HOME_VISIT, day=ON, author_id=author.user_id, recorded_at=clock.now()
        )
    )
    session.flush()
    count_written(session)


def test_what_a_post_owes_is_counted_for_home_when_asked_and_right_after_a_save(
    session, two_classes, counts, make_user
):
    counts("E-05")
    counsellor, others = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    coordinator(session, counsellor)
    for child, left in zip(two_classes[1], (2, 1), strict=False):
        visit(session, child, others)
        [line] = own_duties.list_own_duties(session, counsellor)
        assert not line.is_counted

        own_duties.count_for_posts(session, counsellor, clause_ids=["E-05", "K-01"])

        assert told(session, counsellor) == {"E-05": (0, left)}
        assert len(own_duties.list_own_standings(session, counsellor, clause_id="E-05")) == left


def test_nobody_has_counted_for_them_what_is_another_post_s(session, two_classes, counts, make_user):
    counts("E-05")
    coordinator(session, make_user(Role.COUNSELLOR))

    own_duties.count_for_posts(session, make_user(Role.COUNSELLOR), clause_ids=["E-05"])

    assert kept_results.find_kept({}, on=clock.today(), clause_ids=["E-05"]) == {}


def test_a_post_of_who_sees_no_names_is_told_no_small_number(session, two_classes, counts, make_user):
    counts("E-05")
    leader = make_user(Role.LEADERSHIP)
    coordinator(session, leader)
    compliance.find_row(session, leader, clause_id="E-05")

    assert told(session, leader) == {"E-05": (0, None)}
    assert own_duties.list_own_standings(session, leader, clause_id="E-05") == []


def test_what_home_tells_step_by_step_has_no_second_number(session, counts, two_classes):
    counts(*own_duties.TOLD_BY_STEP)

    assert not own_duties.TOLD_BY_STEP & told(session, two_classes[0][0]).keys()
    assert measures().keys() >= own_duties.TOLD_BY_STEP


def test_nothing_in_force_takes_one_statement(session, term, make_user, statements):
    teacher = make_user(Role.HOMEROOM)
    statements.clear()

    assert own_duties.list_own_duties(session, teacher) == []
    assert len(statements) <= 2


def ask(session, child, asker: Actor) -> None:
    session.add(
        ClauseExcuse(
            kind=ExcuseKind.EXEMPT, clause_id="K-10", student_id=child.id, from_day=date(2026, 9, 1),
            asked_by_id=asker.user_id, asked_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()


def waiting(session, actor: Actor) -> list[tuple[str, ...]]:
    return [each.labels for each in home.list_duties(session, actor) if each.kind is DutyKind.ANSWER_EXCUSE]


def test_excuses_wait_on_the_home_of_who_answers_them(session, two_classes, make_user):
    teachers, children = two_classes
    lead, leader = make_user(Role.LEAD), make_user(Role.LEADERSHIP)
    ask(session, children[0], teachers[0])
    ask(session, children[1], teachers[0])

    assert waiting(session, lead) == [("2",)]
    assert waiting(session, leader) == []
    assert waiting(session, teachers[0]) == []


def test_what_the_only_head_asked_waits_for_the_second_person(session, two_classes, make_user):
    lead, leader = make_user(Role.LEAD), make_user(Role.LEADERSHIP)
    session.get_one(compliance.AppUser, leader.user_id).is_protection_leader = True
    ask(session, two_classes[1][0], lead)

    assert waiting(session, lead) == []
    assert waiting(session, leader) == [("1",)]


@pytest.mark.parametrize(("days", "is_near"), [(7, True), (8, False), (None, False)])
def test_a_clause_stands_alone_from_a_week_before_it_is_due(days, is_near):
    due_on = clock.today() + timedelta(days=days) if days is not None else None

    assert OwnDuty(clauses()["K-01"], overdue=0, due=1, due_on=due_on).is_near is is_near
    assert OwnDuty(clauses()["K-01"], overdue=1, due=1, due_on=due_on).is_near
