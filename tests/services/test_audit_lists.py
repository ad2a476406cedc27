"""Reading the events: who may know of which, the filters, and that nothing names a child to whom it mustn't."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlmodel import select

from db.audit_chain import append_collected
from db.tables import AuditEvent, Role
from services import audit, audit_lists, clock, student_files
from services.audit import Action
from services.audit_lists import AuditFilters, AuditPurpose
from services.audit_words import AuditGroup, action_label, actions_of, details_in_words
from services.errors import FieldErrors, NotAllowed
from tests.conftest import NOW, codes

NONE = [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR]
OWN = [Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR]
CHILD = "一名学生"


@pytest.fixture
def events(session, make_user, make_class, make_student):
    """One event of each sort, each by somebody of its own."""
    school_class = make_class(7, 3)
    child = make_student(in_class=school_class)
    people = {
        role: make_user(
            role, name=f"试{role.label}", **({"homeroom_of": school_class} if role is Role.HOMEROOM else {})
        )
        for role in Role
    }
    for actor, action, about in [
        (people[Role.COUNSELLOR], Action.STUDENT_OPENED, child.id),
        (people[Role.HOMEROOM], Action.STUDENT_CHANGED, child.id),
        (people[Role.HOMEROOM], Action.REFERRAL_REGISTERED, child.id),
        (people[Role.COUNSELLOR], Action.ASSESSMENT_SAVED, child.id),
        (people[Role.ADMIN], Action.PASSWORD_RESET, None),
        (people[Role.LEAD], Action.TERM_SAVED, None),
        (people[Role.MENTOR], Action.SIGNED_IN, None),
    ]:
        audit.record(session, actor, action, student_id=about)
    append_collected(session)
    return people, child


def actions(session, actor, **filters) -> set[str]:
    return {row.action for row in audit_lists.list_events(session, actor, filters=AuditFilters(**filters)).rows}


def test_only_the_newest_can_be_leafed_through(session, events, monkeypatch):
    admin = events[0][Role.ADMIN]
    everything = audit_lists.list_events(session, admin)
    assert (everything.total, everything.has_older) == (len(everything.rows), False)
    monkeypatch.setattr(audit_lists, "MOST_LISTED", 4)

    found = audit_lists.list_events(session, admin, page=2, page_size=3)

    assert (found.total, found.has_older, found.page) == (4, True, 2)
    assert found.rows[0].seq == everything.rows[3].seq


def test_an_action_of_a_later_version_keeps_its_own_name():
    assert action_label("something.of_a_later_version") == "something.of_a_later_version"


@pytest.mark.parametrize("role", NONE)
def test_who_has_no_part_in_it_reads_nothing(session, make_user, role: Role):
    for act in (audit_lists.list_events, audit_lists.list_people):
        with pytest.raises(NotAllowed):
            act(session, make_user(role))


@pytest.mark.parametrize("role", OWN)
def test_others_read_what_they_did_themselves_and_nothing_else(session, events, role: Role):
    people, _ = events
    rows = audit_lists.list_events(session, people[role]).rows

    assert {row.who for row in rows} <= {f"试{role.label}"}
    assert audit_lists.list_people(session, people[role]) == []
    others = people[Role.LEAD].user_id
    assert audit_lists.list_events(session, people[role], filters=AuditFilters(actor_id=others)).rows == ()


def test_the_lead_reads_the_own_events_the_openings_and_the_care_work(session, events):
    people, _ = events

    assert actions(session, people[Role.LEAD]) == {"打开学生档案", "登记受理", "写评估", "写学期"}


def test_the_administrator_reads_everything_and_no_child_s_name(session, events):
    people, child = events
    rows = audit_lists.list_events(session, people[Role.ADMIN]).rows

    assert len([row for row in rows if row.who.startswith("试")]) == 7
    assert {row.action: row.child for row in rows if row.child} == {
        "打开学生档案": f"{CHILD}（编号 {child.id}）",
        "改学生资料": f"{CHILD}（编号 {child.id}）",
        "登记受理": CHILD,  # care work: the number stands in the address of the child's page
        "写评估": CHILD,
    }
    assert child.name not in repr(rows)
    page = audit_lists.list_events(session, people[Role.ADMIN], filters=AuditFilters(student_id=child.id))
    assert page.child == f"{CHILD}（编号 {child.id}）"


@pytest.mark.parametrize("action", [Action.ABUSE_MARKED, Action.ABUSE_UNMARKED, Action.ABUSE_REPORTED])
def test_only_who_handles_suspected_abuse_reads_that_there_was_some(session, events, action: Action):
    people, child = events
    audit.record(session, people[Role.HOMEROOM], action, student_id=child.id)
    append_collected(session)

    for_admin = audit_lists.list_events(session, people[Role.ADMIN]).rows[0]
    for_lead = audit_lists.list_events(session, people[Role.LEAD]).rows[0]

    assert (for_admin.action, for_admin.child, for_admin.student_id) == (action_label("referral.changed"), CHILD, None)
    assert (for_lead.action, for_lead.child) == (action_label(action.value), child.name)


@pytest.mark.parametrize("second", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.COUNSELLOR])
def test_an_administrator_with_a_class_reads_no_child_into_others_care_work(session, events, make_user, second: Role):
    people, child = events
    homeroom = people[Role.HOMEROOM]
    both = replace(homeroom, user_id=make_user(Role.ADMIN).user_id, roles=frozenset({Role.ADMIN, second}))
    both = replace(both, user_id=homeroom.user_id) if second is Role.HOMEROOM else both
    audit.record(session, people[Role.LEAD], Action.REFERRAL_CHANGED, student_id=child.id, fields=["facts"])
    audit.record(session, people[Role.LEAD], Action.ABUSE_MARKED, student_id=child.id)
    append_collected(session)

    rows = [row for row in audit_lists.list_events(session, both).rows if row.who == people[Role.LEAD].display_name]

    care_work = [row for row in rows if row.action == action_label("referral.changed")]
    assert {(row.child, row.student_id, row.details) for row in care_work} == {(CHILD, None, "")}
    assert len(care_work) == 2
    found = audit_lists.list_events(session, both, filters=AuditFilters(student_id=child.id)).rows
    assert people[Role.LEAD].display_name not in {row.who for row in found}


def test_the_lead_reads_how_much_of_a_referral_was_changed_and_that_it_came_marked(session, events):
    people, child = events
    audit.record(session, people[Role.COUNSELLOR], Action.REFERRAL_CHANGED, student_id=child.id, fields=["facts"])
    audit.record(session, people[Role.COUNSELLOR], Action.REFERRAL_REGISTERED, student_id=child.id, is_marked=True)
    append_collected(session)

    registered, changed = audit_lists.list_events(session, people[Role.LEAD]).rows[:2]

    assert (changed.details, registered.details) == ("1 处", "标了疑似侵害")


def test_a_name_stands_only_where_the_child_may_be_seen(session, events, make_class, make_student):
    people, child = events
    other = make_student("霍半夏", in_class=make_class(8, 1))
    audit.record(session, people[Role.HOMEROOM], Action.STUDENT_CHANGED, student_id=other.id)
    append_collected(session)

    rows = audit_lists.list_events(session, people[Role.HOMEROOM]).rows

    assert {row.child for row in rows} == {child.name, f"{CHILD}（编号 {other.id}）"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"group": AuditGroup.OPENINGS}, {"打开学生档案"}),
        ({"group": AuditGroup.SESSIONS}, {"登录"}),
        ({"group": AuditGroup.SCHOOL}, {"写学期"}),
        ({"target_table": "term"}, set()),
        ({"first_day": date(2026, 11, 21)}, set()),
        ({"last_day": date(2026, 11, 19)}, set()),
        ({"first_day": date(2026, 11, 20), "last_day": date(2026, 11, 20), "group": AuditGroup.CASES}, {"写评估"}),
        ({"last_day": date.max, "group": AuditGroup.CASES}, {"写评估"}),
        ({"student_id": 999_999}, set()),
    ],
)
def test_the_filters(session, events, filters: dict, found: set[str]):
    people, _ = events

    assert actions(session, people[Role.ADMIN], **filters) == found


def test_who_and_about_whom(session, events):
    people, child = events
    admin = people[Role.ADMIN]

    assert actions(session, admin, actor_id=people[Role.HOMEROOM].user_id) == {"改学生资料", "登记受理"}
    assert actions(session, admin, student_id=child.id) == {"打开学生档案", "改学生资料"}
    assert len(actions(session, people[Role.LEAD], student_id=child.id)) == 3
    assert [each.name for each in audit_lists.list_people(session, admin)].count("试班主任") == 1


def test_a_day_is_the_school_s_not_utc_s(session, events):
    people, _ = events
    clock.set_fixed(datetime(2026, 11, 21, 7, 30, tzinfo=clock.SCHOOL_ZONE))
    audit.record(session, people[Role.LEAD], Action.SCREEN_HIDDEN)
    append_collected(session)

    assert "隐藏屏幕" in actions(session, people[Role.ADMIN], first_day=date(2026, 11, 21))
    assert "隐藏屏幕" not in actions(session, people[Role.ADMIN], last_day=date(2026, 11, 20))


def test_the_list_is_paged_with_a_fixed_number_of_statements(session, events, statements):
    people, child = events
    child_id = child.id

    def taken(page: int) -> tuple[int, int]:
        session.expire_all()
        statements.clear()
        rows = audit_lists.list_events(
            session, people[Role.ADMIN], filters=AuditFilters(student_id=child_id), page=page, page_size=10
        ).rows
        return len(rows), len(statements)

    few = taken(1)
    for _ in range(20):
        audit.record(session, people[Role.LEAD], Action.STUDENT_CHANGED, student_id=child_id)
    append_collected(session)

    assert few == (2, 3)
    assert [taken(page) for page in (1, 3, 99)] == [(10, 3), (2, 3), (10, 3)]


def test_no_event_shows_a_word_of_what_was_written(session, make_user, make_class, make_student):
    """The reason for reading the phones is a word; it stands on the child's page for the lead, never here."""
    school_class = make_class(7, 3)
    teacher = make_user(Role.SUBJECT_TEACHER, teaches=school_class)
    child = make_student(in_class=school_class)
    student_files.open_contact_with_reason(session, teacher, student_id=child.id, reason="发烧了要接回家")
    append_collected(session)

    for reader in (make_user(Role.ADMIN), make_user(Role.LEAD), teacher):
        (row,) = audit_lists.list_events(session, reader, filters=AuditFilters(student_id=child.id)).rows
        assert row.action == "写明原因看电话"
        assert "发烧" not in repr(row)


def test_an_export_needs_a_purpose_and_is_noted_with_what_left(session, events):
    people, child = events
    admin = people[Role.ADMIN]
    with pytest.raises(FieldErrors) as refused:
        audit_lists.export_events(session, admin, filters=AuditFilters(), purpose=None)
    assert codes(refused) == {"purpose": "required"}

    export = audit_lists.export_events(
        session, admin, filters=AuditFilters(student_id=child.id), purpose=AuditPurpose.QUESTION
    )

    sheet = CalamineWorkbook.from_filelike(BytesIO(export.content())).get_sheet_by_index(0).to_python()
    assert sheet[0] == ["序号", "时间", "谁", "做了什么", "关于", "说明"]
    assert len([row for row in sheet if isinstance(row[0], float)]) == 2
    assert "试信息老师于 2026-11-20 09:41 导出，共 2 条，用途：查清一件事。" in sheet[4][0]
    assert child.name not in str(sheet)
    append_collected(session)
    last = session.exec(select(AuditEvent).order_by(AuditEvent.seq.desc())).first()  # type: ignore[attr-defined]
    assert (last.action, last.actor_id) == ("export.made", admin.user_id)
    assert audit_lists.list_events(session, admin).rows[0].details == "操作记录，2 行"


def test_the_instant_of_an_event_is_kept(session, events):
    people, _ = events

    assert all(
        abs(row.at - NOW) < timedelta(seconds=1) for row in audit_lists.list_events(session, people[Role.LEAD]).rows
    )


@pytest.mark.parametrize(
    ("action", "details", "words"),
    [
        ("student.changed", {"fields": ["name", "gender"]}, "2 处"),
        ("parameter.set", {"kind": "D-05.reply_school_days", "after": 3, "day": "2026-11-20"},
         "多久答复学生或家长，改成 3个上课日，2026-11-20"),
        ("document.filed", {"kind": "rules"}, "规章制度"),
        ("export.made", {"list": "students", "count": 1200}, "学生名册，1,200 行"),
        ("session.started", {}, ""),
        ("x.y", {"kind": None, "fields": "name", "list": "?"}, ""),
    ],
)  # fmt: skip
def test_the_few_facts_worth_a_glance(action: str, details: dict, words: str):
    assert details_in_words(action, details) == words


def test_every_group_has_actions():
    assert [group for group in AuditGroup if not actions_of(group)] == []
