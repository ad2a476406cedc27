"""The invented school of the browser tests: the demonstration's person for each role, straight into the database."""

from datetime import date, time

import bcrypt
from sqlmodel import select

from db.tables import AppUser, ClassTeacher, ClassTeacherKind, Document, Pledge, Role, SchoolClass, SystemFact, Term
from db.transactions import transaction
from services import accounts, bell_times, clock, documents, parameter_versions, schools, setup
from services.actors import Actor
from services.calendar import SCHOOL_NAME
from services.demonstration.plan import PASSWORD
from services.demonstration.staff import NAMED as NAMES
from services.documents import DocumentEntry

SCHOOL = "青澜县望舒中心学校"
SPARE = {"reset": ("gengmima", "耿明澈"), "disabled": ("tingyong", "丁用之"), "idle": ("likai", "黎开远")}
"""People whose accounts a test spoils; nobody else uses them."""


def make_school() -> None:
    """Write school, term, a grade of classes and the people, all with the same password and nothing to change."""
    password_hash = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    nobody = Actor(None, "", frozenset())
    with transaction() as session:
        session.add(SystemFact(name=setup.CLAIMED, value=clock.now().isoformat()))
        schools.save_setting(session, SCHOOL_NAME, SCHOOL)
        session.add(Term(school_year=2026, number=1, first_day=date(2026, 9, 1), last_day=date(2027, 1, 22)))
        classes = [SchoolClass(school_year=2026, grade=7, number=number) for number in (1, 2, 3)]
        session.add_all(classes)
        session.flush()
        people = [(name, role) for role, name in NAMES.items()] + [(name, Role.MENTOR) for name in SPARE.values()]
        ids = {}
        for (username, display_name), role in people:
            user = AppUser(
                username=username,
                display_name=display_name,
                password_hash=password_hash,
                must_change_password=False,
                created_at=clock.now(),
            )
            accounts.add_user(session, nobody, user, frozenset({role}))
            ids[username] = user.id
            session.add(Pledge(user_id=user.id or 0, school_year=2026, text_id=1, accepted_at=clock.now()))
        homeroom, subject_teacher = NAMES[Role.HOMEROOM][0], NAMES[Role.SUBJECT_TEACHER][0]
        teaching = [(homeroom, ClassTeacherKind.HOMEROOM, None), (subject_teacher, ClassTeacherKind.SUBJECT, "语文")]
        for username, kind, subject in teaching:
            session.add(
                ClassTeacher(
                    class_id=classes[2].id, user_id=ids[username], kind=kind, subject=subject, from_day=date(2026, 9, 1)
                )
            )


USUAL_BELLS = """早读 07:40-08:00
第一节 08:10-08:50
大课间 08:50-09:20
第二节 09:20-10:00
第三节 10:10-10:50
第四节 11:00-11:40
午休 12:10-13:50
第五节 14:10-14:50
第六节 15:00-15:40
课后服务 15:50-17:00 课外"""


def make_bells() -> None:
    """Write the bell times of the term: usual days, a shorter Friday, and a make-up Saturday that follows Friday."""
    actor = Actor(None, "", frozenset({Role.LEAD}))
    friday = "\n".join(USUAL_BELLS.splitlines()[:8])
    with transaction() as session:
        made = bell_times.begin_timetable(session, actor, from_day=date(2026, 9, 1))
        for name, weekdays, periods in (("平日", [0, 1, 2, 3], USUAL_BELLS), ("周五", [4], friday)):
            bell_times.save_day_kind(
                session, actor, timetable_id=made.id or 0, name=name, weekdays=weekdays, periods=periods
            )
        bell_times.save_bell_date(session, actor, day=date(2026, 10, 10), follows_weekday=4)


def make_numbers() -> None:
    """Change one limit of intake last month and plan another for next term."""
    actor = Actor(None, "", frozenset({Role.LEAD}), os_user=NAMES[Role.ADMIN][0])
    name = "D-06.assessment_school_days"
    try:
        for number, (now, value, day, reason) in enumerate(
            [
                (date(2026, 10, 12), 5, date(2026, 10, 12), "十月例会定的，开学忙，先放宽"),
                (date(2026, 11, 16), 3, date(2027, 2, 22), "下学期起改回来"),
            ]
        ):
            clock.set_fixed(clock.at_school(now, time(9)))
            with transaction() as session:
                parameter_versions.set_parameter(
                    session, actor, name=name, value=value, in_force_from=day, reason=reason, version=number
                )
    finally:
        clock.set_fixed(None)


def make_documents() -> None:
    """File some of what a school has to have: in order, running out, over, not looked through, and two editions."""
    actor = Actor(None, "", frozenset({Role.LEAD}), os_user=NAMES[Role.LEAD][0])
    pdf = b"%PDF-1.7\n% invented\n" + b"0" * 48_000 + b"\n%%EOF\n"
    filed = [
        ("emergency_plan", "突发事件应急预案", date(2025, 9, 1), None, date(2025, 9, 10)),
        ("rules", "关爱室管理制度", date(2024, 9, 1), None, date(2026, 9, 3)),
        ("rules", "值班制度", date(2026, 9, 1), date(2026, 12, 10), date(2026, 9, 3)),
        ("job_descriptions", "关爱室人员职责", date(2026, 9, 1), None, date(2026, 9, 4)),
        ("left_behind_plan", "留守儿童关爱行动方案", date(2026, 9, 1), None, date(2026, 9, 4)),
        ("team_list", "工作专班名单", date(2026, 9, 1), None, date(2026, 9, 7)),
        ("activity_records", "十月主题活动", date(2026, 10, 16), None, date(2026, 10, 19)),
        ("curriculum", "心理课计划（上学年）", date(2025, 9, 1), None, date(2025, 9, 8)),
    ]
    try:
        for kind, title, first, last, on in filed:
            clock.set_fixed(clock.at_school(on, time(10)))
            with transaction() as session:
                entry = DocumentEntry(kind, title, first, last)
                documents.file_document(session, actor, entry=entry, content=pdf)
        clock.set_fixed(clock.at_school(date(2026, 11, 2), time(10)))
        with transaction() as session:
            plan = session.exec(select(Document).where(Document.kind == "left_behind_plan")).one()
            entry = DocumentEntry("left_behind_plan", "留守儿童关爱行动方案（修订）", date(2026, 11, 1))
            made = documents.file_document(session, actor, entry=entry, content=pdf, replaces_id=plan.id)
            documents.note_looked_through(session, actor, document_id=made.id or 0)
    finally:
        clock.set_fixed(None)
