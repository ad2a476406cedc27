"""The leadership group's week: each number as long as its list, numbers only for who may see no more, kept for good."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from db.audit_chain import append_collected
from db.sealing import seal
from db.tables import (
    AuditEvent,
    CareKind,
    CareRecord,
    CategoryKind,
    ClassMembership,
    ClauseSwitch,
    ClauseWeek,
    Role,
    Student,
    StudentCategory,
    Tier,
    TierChange,
)
from services import clock, review_lists, review_prints, reviews, tier_figures
from services.access import HOLDERS, Permission
from services.errors import FieldErrors
from services.regulations import clause_views, compliance, kept_results, weeks
from services.review_numbers import Gap
from services.student_exports import ExportPurpose
from tests.conftest import codes
from tests.services.regulations.week_makers import note_use

MONDAYS = (date(2026, 11, 2), date(2026, 11, 9))
WITH_NAMES, NUMBERS_ONLY = (Role.LEAD, Role.COUNSELLOR), (Role.LEADERSHIP, Role.SUPERVISOR)
CHILDREN, FEW = 12, 3


def at(day: date) -> None:
    clock.set_fixed(datetime(day.year, day.month, day.day, 9, tzinfo=clock.SCHOOL_ZONE))
    kept_results.forget_all()


def left_behind(session: Session, child: Student) -> None:
    session.add(
        StudentCategory(
            student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1), recorded_at=clock.now()
        )
    )


def talk(session: Session, child: Student, kind: CareKind, day: date) -> None:
    at_once = datetime(day.year, day.month, day.day, 15, tzinfo=clock.SCHOOL_ZONE)
    session.add(CareRecord(student_id=child.id, kind=kind, day=day, recorded_at=at_once))


def put(session: Session, child: Student, rank: int) -> None:
    tier = session.exec(select(Tier.id).where(Tier.rank == rank)).one()
    session.add(
        TierChange(
            student_id=child.id, tier_id=tier, number=1, from_day=date(2026, 9, 3), state="standing",
            recorded_at=clock.now(),
        )
    )  # fmt: skip


@pytest.fixture
def children(session, term, make_class, make_student, make_user):
    """A class of twelve left-behind children without pairs; two of them stand in tiers."""
    at(date(2026, 11, 2))
    school_class = make_class(7, 3)
    make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school_class)
    made = [make_student(f"江小{number}", in_class=school_class) for number in range(CHILDREN)]
    for child in made:
        left_behind(session, child)
    for child in made[:6]:
        put(session, child, 1)
    put(session, made[6], 3)
    for clause_id in ("J-01", "K-10"):
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    session.flush()
    return made


@pytest.fixture
def school(session, children, make_user):
    """Two weeks frozen, the third running: every child had its video but three, in the second week."""
    staff = {role: make_user(role, name=f"试{role.label}") for role in (*WITH_NAMES, *NUMBERS_ONLY)}
    for monday in (date(2026, 9, 7) + timedelta(weeks=number) for number in range(11)):
        for child in children[FEW if monday == MONDAYS[1] else 0 :]:
            talk(session, child, CareKind.FAMILY_VIDEO, monday + timedelta(days=2))
    session.flush()
    for monday in MONDAYS:
        note_use(session, monday)
        at(monday + timedelta(days=7))
        assert weeks.freeze_week(session, staff[Role.LEAD]) is not None
    at(date(2026, 11, 20))
    return staff


WEEKS = [None, *MONDAYS]


@pytest.mark.parametrize("role", WITH_NAMES)
@pytest.mark.parametrize("monday", WEEKS, ids=str)
def test_every_number_is_as_long_as_the_list_it_opens(session, school, role, monday):
    actor = school[role]
    review = reviews.find_review(session, actor, first_day=monday)

    def length(what: str) -> int:
        found = review_lists.list_lines(session, actor, what=what, first_day=monday, page_size=10_000)
        assert found.total == len(found.lines)
        return found.total

    assert review.overdue.now == length("overdue") > 0
    assert review.unpaired.now == length("unpaired") == CHILDREN
    assert [each.count.now for each in review.owners] == [length(each.key or "") for each in review.owners]
    assert {each.tier.rank: each.count.now for each in review.tiers} == {3: 1, 2: 0, 1: 6}
    assert [each.count.now for each in review.tiers] == [length(f"tier.{each.tier.id}") for each in review.tiers]
    for red in review.red:
        assert (red.told.overdue or 0) + (red.told.missed or 0) == length(f"clause.{red.clause.id}") > 0


@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
def test_the_pages_of_a_list_are_the_list(session, school, make_class, children, page_size):
    others = [make_class(9, number) for number in range(1, 4)]
    for number, child in enumerate(children):  # four classes, so that a page ends in the middle of one
        if number % 4:
            membership = session.exec(select(ClassMembership).where(ClassMembership.student_id == child.id)).one()
            membership.class_id = others[number % 4 - 1].id
    session.flush()
    kept_results.forget_all()

    def read(page: int, size: int) -> tuple[object, ...]:
        return review_lists.list_lines(session, school[Role.LEAD], what="overdue", page=page, page_size=size).lines

    whole = read(1, 10_000)
    pages = [read(number, page_size) for number in range(1, -(-len(whole) // page_size) + 1)]

    assert len(whole) > 7
    assert tuple(line for page in pages for line in page) == whole
    assert read(10_000, page_size) == pages[0]


@pytest.mark.parametrize("role", WITH_NAMES)
def test_the_running_week_says_what_the_clauses_page_says(session, school, role):
    review = reviews.find_review(session, school[role])
    rows = {row.clause.id: row for row in compliance.list_clauses(session, school[role])}

    assert review.overdue.now == sum(row.totals.overdue for row in rows.values() if row.totals)
    assert review.unpaired.now == rows["J-01"].totals.overdue
    assert all(red.told.overdue == rows[red.clause.id].totals.overdue for red in review.red)


@pytest.mark.parametrize("role", NUMBERS_ONLY)
@pytest.mark.parametrize("monday", WEEKS, ids=str)
def test_who_sees_numbers_only_gets_no_list(session, school, role, monday):
    review = reviews.find_review(session, school[role], first_day=monday)
    tiers = [f"tier.{each.tier.id}" for each in review.tiers]

    assert not review.shows_names
    assert [each.key for each in review.owners] == [None] * len(review.owners)
    for what in ("overdue", "unpaired", "clause.K-10", *tiers):
        assert review_lists.list_lines(session, school[role], what=what, first_day=monday).lines == ()


@pytest.mark.parametrize("role", NUMBERS_ONLY)
@pytest.mark.parametrize("monday", WEEKS, ids=str)
def test_numbers_only_are_those_the_clauses_tell_such_a_reader(session, school, role, monday):
    """Three children missed their video: no number of theirs is told, nor left over by taking others away."""
    review = reviews.find_review(session, school[role], first_day=monday)

    assert review.unpaired.now == CHILDREN
    assert review.overdue.now == sum(each.count.now for each in review.owners)
    assert {each.tier.rank: each.count.now for each in review.tiers} == (
        {3: Gap.HELD_BACK, 2: 0, 1: 6} if monday else dict.fromkeys((3, 2, 1), Gap.RUNS)
    )
    assert all(red.told.missed in (None, 0) and red.told.overdue in (None, 0, CHILDREN) for red in review.red)


@pytest.mark.parametrize("role", NUMBERS_ONLY)
def test_a_small_number_without_a_pair_is_held_back(session, school, children, role):
    for child in children[FEW:]:
        category = session.exec(select(StudentCategory).where(StudentCategory.student_id == child.id)).one()
        session.delete(category)
    session.flush()
    kept_results.forget_all()

    review = reviews.find_review(session, school[role])

    assert review.unpaired.now is Gap.HELD_BACK
    assert review.unpaired.before == CHILDREN  # as it was told
    assert review.is_held_back
    assert review.overdue.now is Gap.HELD_BACK or isinstance(review.overdue.now, int)


@pytest.mark.parametrize("role", NUMBERS_ONLY)
def test_tiers_are_told_in_numbers_when_the_week_is_over_only(session, school, role):
    running = reviews.find_review(session, school[role])

    assert {each.count.now for each in running.tiers} == {Gap.RUNS}
    assert Gap.RUNS not in {each.count.before for each in running.tiers}


def test_tiers_are_counted_as_the_archives_page_counts_them(session, school):
    for role, monday in ((Role.LEAD, None), (Role.LEAD, MONDAYS[1]), (Role.LEADERSHIP, MONDAYS[1])):
        review = reviews.find_review(session, school[role], first_day=monday)
        found = tier_figures.find_distribution(session, school[role], day=review.told_on).school.counts

        for each in review.tiers:
            told = found.get(each.tier.id, 0)
            assert each.count.now == (Gap.HELD_BACK if told is None else told)


def test_a_clause_turned_red_in_the_week_it_became_red(session, school):
    running, last, first = (reviews.find_review(session, school[Role.LEAD], first_day=each) for each in
                            (None, MONDAYS[1], MONDAYS[0]))  # fmt: skip

    assert [each.clause.id for each in first.turned] == ["J-01"]  # nothing before it
    assert [each.clause.id for each in last.turned] == ["K-10"]
    assert (last.turned_count.now, last.turned_count.before) == (1, 1)
    assert (running.turned_count.now, running.turned_count.before) == (0, 1)
    assert (first.turned_count.before, first.overdue.before) == (Gap.NO_WEEK, Gap.NO_WEEK)


def test_a_week_that_is_over_stays_as_it_was_told(session, school, children):
    def told() -> tuple[object, ...]:
        found = reviews.find_review(session, school[Role.LEAD], first_day=MONDAYS[1])
        lines = review_lists.list_lines(session, school[Role.LEAD], what="overdue", first_day=MONDAYS[1])
        return found.overdue, found.unpaired, found.tiers, found.red, found.owners, lines

    before = told()
    session.delete(session.exec(select(TierChange).where(TierChange.student_id == children[6].id)).one())
    for child in children:
        talk(session, child, CareKind.FAMILY_VIDEO, MONDAYS[1] + timedelta(days=3))
    for each in session.exec(select(StudentCategory).where(StudentCategory.student_id == children[0].id)).all():
        each.to_day = date(2026, 11, 3)
    session.flush()
    kept_results.forget_all()

    assert told() == before
    assert reviews.find_review(session, school[Role.LEAD]).unpaired.now == CHILDREN - 1


def test_the_week_before_stands_beside(session, school):
    review = reviews.find_review(session, school[Role.LEAD])
    last = reviews.find_review(session, school[Role.LEAD], first_day=MONDAYS[1])

    assert review.before_day == MONDAYS[1]
    assert review.overdue.before == last.overdue.now
    assert [each.count.before for each in review.tiers] == [each.count.now for each in last.tiers]
    assert [each.first_day for each in review.weeks] == [*MONDAYS, date(2026, 11, 16)]
    assert review.frozen == tuple(reversed(MONDAYS))


def test_a_week_nobody_froze_is_the_running_one(session, school):
    review = reviews.find_review(session, school[Role.LEAD], first_day=date(2026, 10, 5))

    assert not review.is_frozen
    assert review.first_day == date(2026, 11, 16)


def test_a_frozen_week_somebody_changed_is_told(session, school):
    assert reviews.find_review(session, school[Role.LEAD]).is_whole

    week = session.exec(select(ClauseWeek).where(ClauseWeek.first_day == MONDAYS[1])).one()
    seal(week, "lists_sealed", '{"K-10":{"overdue":[],"missed":[]}}')
    session.flush()

    assert not reviews.find_review(session, school[Role.LEAD]).is_whole


@pytest.mark.parametrize(
    "damage",
    [
        {"lists_sealed": b"\x01 no seal of ours"},
        {"lists_sealed": b""},
        {"numbers": "no JSON"},
        {"numbers": "[]"},
        {"numbers": '{"K-10": {}}'},
        {"numbers": '{"K-10": {"state": "nothing we know"}}'},
    ],
    ids=str,
)
@pytest.mark.parametrize("role", [*WITH_NAMES, *NUMBERS_ONLY])
def test_a_damaged_week_is_told_and_hides_no_other(session, school, role, damage):
    week = session.exec(select(ClauseWeek).where(ClauseWeek.first_day == MONDAYS[1])).one()
    for name, value in damage.items():
        setattr(week, name, value)
    session.flush()

    assert not reviews.find_review(session, school[role]).is_whole
    assert not reviews.find_review(session, school[role], first_day=MONDAYS[1]).is_whole
    assert reviews.find_review(session, school[role], first_day=MONDAYS[0]).is_whole
    review_lists.list_lines(session, school[role], what="overdue", first_day=MONDAYS[1])


def test_a_clause_that_is_off_is_said_to_be(session, school):
    session.add(ClauseSwitch(clause_id="J-01", number=2, is_on=False, from_day=date(2026, 11, 16), set_at=clock.now()))
    session.flush()
    kept_results.forget_all()

    for role in (Role.LEAD, Role.LEADERSHIP):
        review = reviews.find_review(session, school[role])
        assert (review.unpaired.now, review.unpaired.before) == (Gap.NOT_COUNTED, CHILDREN)


def test_a_child_that_was_removed_stays_counted_and_has_no_name(session, school, children, monkeypatch):
    gone = children[0].id
    of_some = review_lists._children
    monkeypatch.setattr(
        review_lists, "_children", lambda *asked: {key: each for key, each in of_some(*asked).items() if key != gone}
    )

    found = review_lists.list_lines(session, school[Role.LEAD], what="unpaired", first_day=MONDAYS[0])

    assert len(found.lines) == CHILDREN
    assert [each.what for each in found.lines if each.student_id is None] == ["名册里已经没有的孩子"]


def test_vacant_posts_and_people_are_told_apart(session, school):
    review = reviews.find_review(session, school[Role.LEAD])

    assert {each.name for each in review.owners} == {"周砚田"}
    assert reviews.owner_names(session, reviews.read_posts(session, on=clock.today()))["vacant.homeroom"].endswith(
        "（还没有人）"
    )


def test_the_weeks_of_a_clause_are_held_back_like_its_numbers(session, school, make_user):
    def weeks_of(role: Role) -> list[int | None]:
        actor = school.get(role) or make_user(role)
        view = clause_views.find_clause(session, actor, clause_id="K-10")
        return [each.missed if each.overdue == 0 else each.overdue for each in view.weeks]

    assert weeks_of(Role.LEAD)[-1] == FEW
    assert weeks_of(Role.LEADERSHIP)[-1] is None
    assert weeks_of(Role.HOMEROOM) == []  # the school's weeks are not those of the own class


def test_the_paper_says_what_the_page_says_and_is_noted(session, school):
    made = review_prints.print_review(
        session, school[Role.LEADERSHIP], first_day=MONDAYS[1], purpose=ExportPurpose.MEETING
    )
    append_collected(session)
    review = reviews.find_review(session, school[Role.LEADERSHIP], first_day=MONDAYS[1])

    assert made.file_name == "周例会 第11周（11月9日–15日）.docx"
    assert [each["编号"] for each in made.values["变红"]] == [each.clause.id for each in review.turned]
    assert next(each["本周"] for each in made.values["数"]) == f"{CHILDREN} 人"
    assert made.content()[:2] == b"PK"
    event = session.exec(select(AuditEvent).where(AuditEvent.action == "export.made")).one()
    assert "weekly_review" in event.details


def test_a_paper_needs_a_purpose(session, school):
    with pytest.raises(FieldErrors) as refused:
        review_prints.print_review(session, school[Role.LEAD], purpose=None)

    assert codes(refused) == {"purpose": "required"}


def test_the_readers_are_those_of_the_whole_school():
    assert HOLDERS[Permission.REVIEW_READ] == {*WITH_NAMES, *NUMBERS_ONLY}


def test_the_running_week_takes_few_statements(session, school, statements):
    reviews.find_review(session, school[Role.LEAD])
    statements.clear()

    reviews.find_review(session, school[Role.LEAD])

    assert len(statements) <= 14, "\n\n".join(statements)  # a writing session keeps nothing between questions
