"""Records that have reached their term: who is due, who is kept, the second yes, and that nothing of a child stays."""

from datetime import date, datetime, time
from types import SimpleNamespace

import pytest
from sqlalchemy import Table, insert
from sqlmodel import AutoString, Session, col, func, select

from db import engine
from db.engine import WRITE
from db.scrubbing import scrub
from db.sealing import seal_bytes
from db.tables import (
    METADATA,
    Attachment,
    AuditEvent,
    Case,
    CategoryKind,
    Draft,
    DropOut,
    EnrolmentState,
    HandoverChild,
    HandoverPackage,
    ImportAction,
    ImportedRow,
    ListExchange,
    OutwardReferral,
    OutwardTarget,
    Post,
    PostHolder,
    Referral,
    RetentionItem,
    RetentionState,
    Role,
    Severity,
    Student,
    Tier,
    TierChange,
    YearChangeRow,
)
from db.transactions import reading, transaction
from services import categories, clock, deputies, drafts, home, retention, retention_rows, retention_work
from services.access import Permission, allows
from services.actors import command_line
from services.duties import DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.retention import DueChanged, NoSecondPerson, NothingDue, RunOpen
from services.retention_due import REGISTER_YEARS, Kept, years_after, years_before
from tests.conftest import codes

LEFT = date(2023, 7, 1)  # three years and some months before the still clock


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    """A lead, a leader who gives second yeses, and three who left: 2016, 2023, and last summer."""
    in_class = make_class(9, 1)
    lead, leader = make_user(Role.LEAD, name="何知微"), make_user(Role.LEADERSHIP, name="贺兰舟")
    from db.tables import AppUser

    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    days = {"old": date(2016, 7, 1), "due": LEFT, "recent": date(2026, 7, 1)}
    children = {
        name: make_student(f"试{place}", state=EnrolmentState.GRADUATED, left_on=day)
        for place, (name, day) in enumerate(days.items())
    }
    session.flush()
    return SimpleNamespace(lead=lead, leader=leader, in_class=in_class, **children)


def view(session, actor):
    return retention.find_retention(session, actor)


def due_names(session, actor):
    return [child.student_id for child in view(session, actor).children]


def make_referral(session, child, lead, **more) -> Referral:
    values = {
        "student_id": child.id, "channel": "observation", "registered_by_id": lead.user_id, "noticed_on": LEFT,
        "received_at": clock.now(), "recorded_at": clock.now(), "state": "routed",
    }  # fmt: skip
    row = Referral(**(values | more))
    session.add(row)
    session.flush()
    return row


def make_case(session, child, lead, *, severity=Severity.ORDINARY, closed=True, **referral) -> Case:
    row = Case(
        student_id=child.id, referral_id=make_referral(session, child, lead, **referral).id, severity=severity,
        owner_id=lead.user_id, state="supported", opened_at=clock.now(), closed_at=clock.now() if closed else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def propose(session, school) -> int:
    return retention.propose_run(session, school.lead, digest=view(session, school.lead).digest)


def agree(session, school, run_id, version=1):
    retention.agree_run(session, school.leader, run_id=run_id, version=version)


# --- who is due ---


def test_three_years_after_leaving(session, school):
    assert due_names(session, school.lead) == [school.old.id, school.due.id]

    clock.set_fixed(datetime(2026, 6, 30, 9, tzinfo=clock.SCHOOL_ZONE))
    assert due_names(session, school.lead) == [school.old.id]
    clock.set_fixed(datetime(2026, 7, 1, 9, tzinfo=clock.SCHOOL_ZONE))
    assert due_names(session, school.lead) == [school.old.id, school.due.id]


def test_a_grave_case_keeps_everything_ten_years(session, school):
    make_case(session, school.due, school.lead, severity=Severity.SERIOUS)
    make_case(session, school.old, school.lead, severity=Severity.SERIOUS)

    assert due_names(session, school.lead) == [school.old.id]


def test_who_ever_stood_in_the_gravest_tier_is_kept_ten_years(session, school):
    gravest, lighter = session.exec(select(Tier).order_by(col(Tier.rank).desc())).all()[:2]
    for child in (school.due, school.old):
        for number, tier in ((1, gravest), (2, lighter)):
            session.add(
                TierChange(student_id=child.id, number=number, tier_id=tier.id, from_day=LEFT, recorded_at=clock.now())
            )
    session.flush()

    assert due_names(session, school.lead) == [school.old.id]


@pytest.mark.parametrize(
    ("day", "years", "after"),
    [(date(2024, 2, 29), 3, date(2027, 3, 1)), (date(2024, 2, 29), 4, date(2028, 2, 29)), (LEFT, 3, date(2026, 7, 1))],
)
def test_years_end_on_the_same_day(day, years, after):
    assert years_after(day, years) == after
    assert years_before(after, years) >= day


def test_each_kind_has_a_term_of_its_own(session, school):
    keep_the_register_longer(session, school)
    make_case(session, school.due, school.lead)

    (found,) = view(session, school.lead).children
    assert (found.student_id, found.is_whole, found.has_care) == (school.due.id, False, True)


def test_without_a_day_of_leaving_nobody_is_ever_due(session, school):
    school.due.left_on = None
    session.flush()

    found = view(session, school.lead)
    assert (found.without_day, [child.student_id for child in found.children]) == (1, [school.old.id])


@pytest.mark.parametrize("why", list(Kept))
def test_what_keeps_records(session, school, why):
    match why:
        case Kept.HOLD:
            retention.hold_child(session, school.lead, student_id=school.due.id, reason="法院还在审")
        case Kept.REFERRAL:
            make_referral(session, school.due, school.lead, state="received")
        case Kept.DROP_OUT:
            session.add(DropOut(student_id=school.due.id, noticed_on=LEFT, recorded_at=clock.now()))
            session.flush()
        case Kept.CASE:
            make_case(session, school.due, school.lead, closed=False)
        case Kept.OUTWARD:
            session.add(
                OutwardReferral(
                    student_id=school.due.id, owner_id=school.lead.user_id, target_kind=OutwardTarget.HOSPITAL,
                    referred_on=LEFT, consent_on=LEFT, recorded_at=clock.now(),
                )
            )  # fmt: skip
            session.flush()
        case Kept.HANDOVER:
            package = HandoverPackage(
                reason="graduation", children=1, files=3, size_bytes=9, sha256="0" * 64, made_at=clock.now()
            )
            session.add(package)
            session.flush()
            session.add(HandoverChild(package_id=package.id, student_id=school.due.id, place=1, items=1))
            session.flush()
        case Kept.ABUSE:
            make_referral(session, school.due, school.lead, is_suspected_abuse=True, abuse_marked_at=clock.now())

    found = view(session, school.lead)
    assert [(child.student_id, child.kept) for child in found.kept] == [(school.due.id, (why,))]
    assert found.kept_count == 1


def test_a_hold_takes_a_reason_and_is_lifted_once(session, school):
    with pytest.raises(FieldErrors):
        retention.hold_child(session, school.lead, student_id=school.due.id, reason=" ")
    hold = retention.hold_child(session, school.lead, student_id=school.due.id, reason="法院还在审")
    with pytest.raises(FieldErrors) as refused:
        retention.hold_child(session, school.lead, student_id=school.due.id, reason="再写一次")
    assert codes(refused) == {"reason": "held_already"}
    assert view(session, school.lead).kept[0].hold_reason == "法院还在审"

    retention.lift_hold(session, school.lead, hold_id=hold, version=1)
    assert school.due.id in due_names(session, school.lead)
    with pytest.raises(EditedMeanwhile):
        retention.lift_hold(session, school.lead, hold_id=hold, version=1)


def test_only_the_head_of_the_room_sees_names(session, school, make_user):
    for actor in (make_user(Role.ADMIN), school.leader):
        found = view(session, actor)
        assert (found.children, found.kept, found.due_count) == ((), (), 2)
    with pytest.raises(NotAllowed):
        view(session, make_user(Role.COUNSELLOR))
    with pytest.raises(NotAllowed):
        retention.hold_child(session, make_user(Role.ADMIN), student_id=school.due.id, reason="试")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.LEADERSHIP])
def test_small_groups_are_told_to_the_head_of_the_room_only(session, school, make_user, make_student, role):
    for place in range(10):
        make_student(f"旁{place}", state=EnrolmentState.GRADUATED, left_on=LEFT)
    make_case(session, school.due, school.lead)
    retention.hold_child(session, school.lead, student_id=school.old.id, reason="留着")
    exact = view(session, school.lead)
    assert (exact.due_count, exact.whole_count, exact.care_count, exact.kept_count) == (11, 11, 1, 1)

    found = view(session, make_user(role))
    assert (found.due_count, found.whole_count, found.care_count, found.kept_count) == (11, 11, None, None)

    keep_the_register_longer(session, school)
    found = view(session, make_user(role))
    assert (found.due_count, found.whole_count, found.care_count) == (1, None, None)


def test_all_but_a_few_are_not_told_either(session, school, make_student):
    for place in range(8):
        make_case(session, make_student(f"旁{place}", state=EnrolmentState.GRADUATED, left_on=LEFT), school.lead)

    assert view(session, school.lead).care_count == 8
    assert view(session, school.leader).care_count is None, "ten are due, so two have none"


# --- two persons ---


def test_somebody_else_says_yes(session, school):
    run = propose(session, school)

    with pytest.raises(NotAllowed):
        retention.agree_run(session, school.lead, run_id=run, version=1)
    with pytest.raises(NotFound):
        retention.remove_next(session, school.lead, run_id=run)
    assert DutyKind.AGREE_RETENTION in [duty.kind for duty in home.list_duties(session, school.leader)]
    agree(session, school, run)
    assert view(session, school.lead).run.agreed_by == "贺兰舟"


@pytest.mark.parametrize("role", list(Role))
def test_who_is_due_is_told_to_the_head_of_the_room_only(session, school, make_user, role):
    """Administrator and leadership decide about terms; neither they nor the console see a name or a small group."""
    make_referral(session, school.due, school.lead, state="received")
    readers = [make_user(role), command_line()] if role is not Role.LEAD else [command_line()]
    for actor in readers:
        if not allows(actor, Permission.RETENTION_PREPARE, Permission.RETENTION_AGREE):
            with pytest.raises(NotAllowed):
                view(session, actor)
            continue
        seen = view(session, actor)
        assert (seen.children, seen.kept) == ((), ())
        assert (seen.whole_count, seen.care_count, seen.kept_count) == (None, None, None)
        assert not any(child.name in repr(seen) for child in (school.old, school.due))
    known = view(session, school.lead)
    assert {child.name for child in (*known.children, *known.kept)} == {school.old.name, school.due.name}
    assert None not in (known.whole_count, known.care_count, known.kept_count)


def test_without_a_second_person_nothing_begins(session, school):
    from db.tables import AppUser

    session.get_one(AppUser, school.leader.user_id).is_protection_leader = False
    session.flush()

    with pytest.raises(NoSecondPerson):
        propose(session, school)
    assert not view(session, school.lead).may_propose


def name_second(session, user) -> None:
    post = session.exec(select(Post).where(Post.code == "second_person")).one()
    session.add(
        PostHolder(
            post_id=post.id, user_id=user.user_id, from_day=date(2026, 9, 1), recorded_at=clock.now(), seat=1,
            is_sole=True,
        )
    )  # fmt: skip
    session.flush()


def test_whose_role_may_not_say_yes_is_not_asked(session, school, make_user):
    name_second(session, make_user(Role.HOMEROOM, name="温老师"))

    found = view(session, school.lead)
    assert (found.may_propose, found.lacks_yes, found.second.name) == (False, True, "温老师")
    with pytest.raises(NoSecondPerson):
        propose(session, school)


def test_a_deputy_whose_role_may_not_say_yes_is_not_asked(session, school, make_user):
    name_second(session, school.leader)
    run = propose(session, school)
    deputy = make_user(Role.HOMEROOM)
    deputies.name_deputy(
        session, school.lead, absent_id=school.leader.user_id, deputy_id=deputy.user_id, first_day=clock.today(),
        last_day=clock.today(),
    )  # fmt: skip

    found = view(session, school.lead)
    assert (found.run.id, found.lacks_yes) == (run, True), "the page says that nobody can say yes now"


def test_who_asked_and_became_the_second_person_says_no_yes(session, school):
    run = propose(session, school)
    name_second(session, school.lead)

    found = view(session, school.lead)
    assert (found.may_agree, found.lacks_yes) == (False, True)
    with pytest.raises(NotAllowed):
        retention.agree_run(session, school.lead, run_id=run, version=1)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.LEAD])
def test_home_tells_whoever_is_asked(session, school, make_user, role):
    asked = make_user(role)
    name_second(session, asked)
    propose(session, school)

    told = [duty.kind for duty in home.list_duties(session, asked)]
    assert told.count(DutyKind.AGREE_RETENTION) == 1
    assert DutyKind.AGREE_RETENTION not in [duty.kind for duty in home.list_duties(session, school.leader)]


def test_an_entry_merged_into_another_is_not_held(session, school):
    school.old.merged_into_id, school.old.merged_at = school.due.id, clock.now()
    session.flush()

    with pytest.raises(NotFound):
        retention.hold_child(session, school.lead, student_id=school.old.id, reason="法院还在审")


def test_one_at_a_time_and_taken_back_before_the_yes(session, school):
    run = propose(session, school)
    with pytest.raises(RunOpen):
        propose(session, school)

    retention.withdraw_run(session, school.lead, run_id=run, version=1)
    again = propose(session, school)
    agree(session, school, again)
    with pytest.raises(NotFound):
        retention.withdraw_run(session, school.lead, run_id=again, version=2)


def test_what_was_not_shown_is_not_asked_for(session, school):
    seen = view(session, school.lead).digest
    retention.hold_child(session, school.lead, student_id=school.due.id, reason="留着")

    with pytest.raises(DueChanged):
        retention.propose_run(session, school.lead, digest=seen)


def test_nothing_due_is_said(session, school):
    for child in (school.old, school.due):
        retention.hold_child(session, school.lead, student_id=child.id, reason="留着")

    with pytest.raises(NothingDue):
        propose(session, school)


def add_category(session, school, child):
    child.state = EnrolmentState.ENROLLED
    categories.add_category(
        session, school.lead, student_id=child.id, kind=CategoryKind.LEFT_BEHIND,
        details=categories.CategoryDetails(), from_day=date(2026, 11, 1),
    )  # fmt: skip
    child.state = EnrolmentState.GRADUATED
    session.flush()


def test_a_record_added_before_the_yes_refuses_it(session, school):
    run = propose(session, school)
    add_category(session, school, school.due)

    with pytest.raises(DueChanged):
        agree(session, school, run)


def keep_the_register_longer(session, school) -> None:
    from services import parameter_versions

    parameter_versions.set_parameter(
        session, school.lead, name=REGISTER_YEARS, version=0, value=20, in_force_from=clock.today(),
        reason="教育局要求",
    )  # fmt: skip


def test_a_longer_term_before_the_yes_refuses_it(session, school):
    school.old.left_on = None
    make_case(session, school.due, school.lead)
    run = propose(session, school)
    keep_the_register_longer(session, school)
    assert not view(session, school.lead).children[0].is_whole, "only the care records are due now"

    with pytest.raises(DueChanged):
        agree(session, school, run)


def test_a_longer_term_after_the_yes_keeps_the_child(session, school):
    school.old.left_on = None
    make_case(session, school.due, school.lead)
    run = propose(session, school)
    agree(session, school, run)
    keep_the_register_longer(session, school)

    assert retention.remove_next(session, school.lead, run_id=run) == 0

    assert session.exec(select(RetentionItem.state)).one() is RetentionState.KEPT
    assert session.get(Student, school.due.id) is not None
    assert session.exec(select(func.count()).select_from(Case)).one() == 1


def test_a_record_added_after_the_yes_keeps_that_child_only(session, school):
    run = propose(session, school)
    agree(session, school, run)
    add_category(session, school, school.due)

    while retention.remove_next(session, school.lead, run_id=run):
        pass

    states = dict(session.exec(select(RetentionItem.student_id, RetentionItem.state)).all())
    assert states == {school.old.id: RetentionState.REMOVED, school.due.id: RetentionState.KEPT}
    assert set(session.exec(select(Student.id)).all()) == {school.due.id, school.recent.id}


# --- that nothing stays ---


def pointing_tables() -> list[tuple[Table, str]]:
    """Every table that points at a child, or at a row that is a child's, and by which column."""
    found = []
    for table in METADATA.sorted_tables:
        for column in table.columns:
            targets = {key.column.table.name for key in column.foreign_keys}
            if targets & retention_rows.OWNED.keys() or column.name == "student_id":
                found.append((table, column.name))
    return found


def test_every_table_that_points_at_a_child_is_declared():
    """A new table: say in retention_rows whether its rows go with the child, or why they stay."""
    declared = retention_rows.OWNED.keys() | retention_rows.STAYS.keys()

    assert {table.name for table, _ in pointing_tables()} - declared == set()
    assert declared - set(METADATA.tables) == set()


def test_what_goes_is_reached_from_the_child():
    for table in retention_rows.owned_tables():
        assert list(retention_rows._ways(table)), table.name


def python_type(column) -> type:
    if "DateTime" in type(column.type).__name__:  # SQLModel's own types don't say what they hold
        return datetime
    return str if isinstance(column.type, AutoString) else column.type.python_type


class Filler:
    """Puts one row into every owned table, whatever its columns are, so that a new table is met without being told."""

    def __init__(self, session, lead, student_id: int) -> None:
        self.session, self.lead = session, lead
        self.ids: dict[str, int] = {"student": student_id, "app_user": lead.user_id}

    def fill(self) -> None:
        for table in retention_rows.owned_tables():
            self.row(table)

    def row(self, table: Table) -> int:
        if table.name not in self.ids:
            found = self.session.execute(select(func.max(table.c.id))).scalar() if "id" in table.c else None
            if found is None or table.name in retention_rows.OWNED:
                values = {column.name: self.value(column) for column in table.columns if not column.primary_key}
                made = self.session.execute(insert(table).values(**self.fitting(table, values)))
                found = made.inserted_primary_key[0]
            self.ids[table.name] = found
        return self.ids[table.name]

    def value(self, column):
        for key in column.foreign_keys:
            target = key.column.table
            return None if target is column.table else self.row(target)
        if column.name in {"to_day", "left_on", "replaced_at", "lifted_at", "merged_into_id"}:
            return None
        if hasattr(column.type, "enums"):
            return column.type.python_type(column.type.enums[0])
        kind = python_type(column)
        known = {
            int: 1, str: f"试{column.name}"[:12], bool: False, bytes: b"x", date: LEFT, datetime: clock.now(),
            time: time(8),
        }  # fmt: skip
        return known[kind]

    @staticmethod
    def fitting(table: Table, values: dict) -> dict:
        """Columns whose checks ask for more than their type says."""
        special = {
            "case_decision": {"state": "done"},
            "check_round": {"quarter_from": None},
            "case_closure": {"state": "declined", "followed_on": None, "reopened_at": None},
            "warning_member": {"user_id": None},
            "tier_change": {"tier_id": 1},  # not the gravest, which keeps everything longer
            "stage_summary": {"next_on": LEFT.replace(year=2030)},
            "plan_goal": {"state": "reached"},
            "plan_measure": {"state": "done"},
            "plan_version": {"state": "ended"},
            "contact_opening": {"expires_at": clock.now().replace(year=2030)},
            "term_entry": {"height_cm": 150, "weight_grams": 40_000},
            "enrolment_change": {"from_state": None},
            "list_difference": {"state": "adopted"},
            "list_exchange": {"kind": "left_behind", "difficulty_id": None},
            "student_category": {"difficulty_id": None},
            "helper": {"kind": "volunteer", "user_id": None},
            "pairing": {"to_day": None},
            "clause_excuse": {"kind": "exempt", "state": "standing", "class_id": None},
            "handover_package": {"withdrawn_at": None, "attachment_id": None},  # a file belongs to one row
        }
        if "uid" in values:
            values["uid"] = f"{table.name:.20}-filled"
        return values | special.get(table.name, {})


@pytest.fixture
def filled(session, school):
    """A child of whom there is something in every table, and what points at it without a foreign key."""
    child = school.due
    files = Attachment(kind="xlsx", size_bytes=3, content_sealed=b"", added_at=clock.now())
    files.content_sealed = seal_bytes(engine.keys(), b"abc", table="attachment", column="content_sealed", uid=files.uid)
    session.add(files)
    session.flush()
    filler = Filler(session, school.lead, child.id)
    filler.ids["attachment"] = files.id
    filler.fill()
    session.execute(METADATA.tables["care_case"].update().values(closed_at=clock.now(), severity="ordinary"))
    session.execute(METADATA.tables["referral"].update().values(state="routed", is_suspected_abuse=False))
    session.execute(
        METADATA.tables["drop_out"]
        .update()
        .values(outcome="transferred", ended_on=date(2024, 1, 1), closed_at=clock.now())
    )
    session.execute(METADATA.tables["retention_hold"].update().values(lifted_at=clock.now()))
    merged = make_referral(session, child, school.lead, state="merged", merged_into_id=filler.ids["referral"])
    for form, subject, content in (
        ("assessment", f"referral:{merged.id}", {}),
        ("referral_give_feedback", f"referral:{merged.id}", {"version": 1, "fields": {"feedback": "写到一半"}}),
        ("rounds", "class:1:1", {"about": [child.id]}),
        ("conference", "conference:1", {"about": [child.id], "fields": {"findings": "写到一半"}}),
        ("plan", "plan:case:1", {"about": [child.id], "fields": {"basis": "写到一半"}}),
        ("class_entries", "1-1", {str(child.id): {"version": 0, "cells": {"note": "写到一半"}}}),
    ):
        drafts.save_draft(session, school.lead, form=form, subject=subject, content=content)
    batch = filler.row(METADATA.tables["import_batch"])
    session.add(
        ImportedRow(batch_id=batch, table_name="guardian", row_id=filler.ids["guardian"], action=ImportAction.CREATED)
    )
    change = filler.row(METADATA.tables["year_change"])
    session.add(YearChangeRow(change_id=change, table_name="student", row_id=child.id, action=ImportAction.CREATED))
    session.flush()
    session.expire_all()
    return SimpleNamespace(child=child.id, filler=filler)


def rows_left(session, student_id: int, keys: dict[str, int]) -> dict[str, int]:
    """How many rows there still are of a child, table by table; by the columns, not by the code under test."""
    found = {}
    for table in METADATA.sorted_tables:
        if table.name in retention_rows.OWNED:
            key = keys.get(table.name)
            count = session.execute(select(func.count()).select_from(table).where(table.c.id == key)).scalar()
            if "student_id" in table.c:
                mine = select(func.count()).select_from(table).where(table.c.student_id == student_id)
                count = max(count, session.execute(mine).scalar())
            found[table.name] = count
    return found


def removed(session, school) -> None:
    run = propose(session, school)
    agree(session, school, run)
    while retention.remove_next(session, school.lead, run_id=run):
        pass
    session.expire_all()


def test_of_a_removed_child_no_table_keeps_a_row(session, school, filled):
    before = rows_left(session, filled.child, filled.filler.ids)
    assert min(before.values()) >= 1, "the world has a row in every table"
    others = session.exec(select(func.count()).select_from(Student)).one()

    removed(session, school)

    after = rows_left(session, filled.child, filled.filler.ids)
    assert {name: count for name, count in after.items() if count} == {}
    assert session.exec(select(func.count()).select_from(Student)).one() == others - 2
    for table in (Draft, ImportedRow, YearChangeRow, Attachment):
        assert session.exec(select(func.count()).select_from(table)).one() == 0, table.__tablename__
    assert session.exec(select(ListExchange.attachment_id)).all() == [None]


def test_a_fingerprint_sees_every_table(session, school, filled):
    """A row changed in any table, the child's whole file otherwise the same."""
    before = retention_rows.fingerprints(session, [filled.child])[filled.child]
    seen = {before}
    for table in retention_rows.owned_tables():
        ends = ("version", "recorded_at", "_at", "_day", "_sealed", "items")
        column = next(each for end in ends for each in table.columns if each.name.endswith(end))
        value = {datetime: clock.now().replace(year=2020), date: date(2020, 1, 1), int: 7, str: "别的", bytes: b"y"}
        key = filled.filler.ids[table.name]
        session.execute(table.update().where(table.c.id == key).values({column.name: value[python_type(column)]}))
        now = retention_rows.fingerprints(session, [filled.child])[filled.child]
        assert now not in seen, table.name
        seen.add(now)


def test_only_the_care_records_go_where_only_they_are_due(session, school, filled):
    keep_the_register_longer(session, school)
    removed(session, school)

    left = rows_left(session, filled.child, filled.filler.ids)
    kinds = {name: retention_rows.OWNED[name] for name, count in left.items() if count}
    assert set(kinds.values()) == {retention_rows.RecordKind.REGISTER}
    assert kinds.keys() == {n for n, kind in retention_rows.OWNED.items() if kind is retention_rows.RecordKind.REGISTER}


def test_what_somebody_else_points_at_is_kept_whole(session, school, filled, make_student):
    make_referral(
        session, make_student("旁人"), school.lead, state="merged", merged_into_id=filled.filler.ids["referral"]
    )

    removed(session, school)

    states = dict(session.exec(select(RetentionItem.student_id, RetentionItem.state)).all())
    assert states[filled.child] is RetentionState.KEPT
    assert min(rows_left(session, filled.child, filled.filler.ids).values()) >= 1


# --- carried out ---


@pytest.fixture
def agreed(session, school):
    run = propose(session, school)
    agree(session, school, run)
    from db.audit_chain import append_collected

    append_collected(session)
    session.commit()
    return run


def test_the_chain_says_that_records_were_removed_and_no_name(agreed, school):
    assert retention_work.remove_all(school.lead, run_id=agreed)

    with reading() as session:
        wanted = select(AuditEvent).where(AuditEvent.action.like("retention.%")).order_by(AuditEvent.seq)
        events = session.exec(wanted).all()
        told = [(event.action.partition(".")[2], event.student_id) for event in events]
        assert told == [
            ("proposed", None), ("agreed", None), ("records_removed", school.old.id),
            ("records_removed", school.due.id), ("finished", None),
        ]  # fmt: skip
        assert not any("试" in event.details for event in events)
        assert retention.find_retention(session, school.lead).last.removed == 2


def test_broken_off_it_goes_on_where_it_was(agreed, school):
    with transaction() as session:
        assert retention.remove_next(session, school.lead, run_id=agreed) == 1
    with Session(engine.runtime().engine) as broken_off:  # never committed, as when the power goes
        broken_off.connection(execution_options=WRITE)
        retention.remove_next(broken_off, school.lead, run_id=agreed)
    with reading() as session:
        assert retention.find_retention(session, school.lead).run.waiting == 1

    told: list[int] = []
    retention_work.remove_all(school.lead, run_id=agreed, told=told.append)

    assert told == [0]
    with reading() as session:
        assert session.exec(select(func.count()).select_from(Student)).one() == 1


def test_nothing_is_left_in_free_pages_or_in_the_log(agreed, school):
    retention_work.remove_all(school.lead, run_id=agreed)

    runtime = engine.runtime()
    if not runtime.location.is_embedded:
        assert scrub(runtime)
        return
    with runtime.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar() == 0
    log = runtime.location.database_file.with_name(runtime.location.database_file.name + "-wal")
    assert not log.exists() or log.stat().st_size == 0
