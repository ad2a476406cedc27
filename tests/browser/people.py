"""The invented school of the browser tests: one person for each role, written straight into the database."""

from datetime import date

import bcrypt

from db.tables import AppUser, ClassTeacher, ClassTeacherKind, Role, SchoolClass, SystemFact, Term
from db.transactions import transaction
from services import accounts, clock, schools, setup
from services.actors import Actor

SCHOOL = "青澜县望舒中心学校"
PASSWORD = "Wangshu-2026"
NAMES = {
    Role.LEAD: ("hezhiwei", "何知微"),
    Role.COUNSELLOR: ("sunianan", "苏念安"),
    Role.HOMEROOM: ("zhouyantian", "周砚田"),
    Role.SUBJECT_TEACHER: ("helanzhou", "贺兰舟"),
    Role.MENTOR: ("luhengzhi", "陆衡之"),
    Role.LEADERSHIP: ("wenruoxu", "温若虚"),
    Role.FINANCE: ("qiansuanqing", "钱算清"),
    Role.SUPERVISOR: ("jianmingyuan", "简明远"),
    Role.ADMIN: ("fangxin", "方信"),
}
SPARE = {"reset": ("gengmima", "耿明澈"), "disabled": ("tingyong", "丁用之"), "idle": ("likai", "黎开远")}
"""People whose accounts a test spoils; nobody else uses them."""


def make_school() -> None:
    """Write school, term, a grade of classes and the people, all with the same password and nothing to change."""
    password_hash = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    nobody = Actor(None, "", frozenset())
    with transaction() as session:
        session.add(SystemFact(name=setup.CLAIMED, value=clock.now().isoformat()))
        schools.save_setting(session, schools.SCHOOL_NAME, SCHOOL)
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
        teaching = [("zhouyantian", ClassTeacherKind.HOMEROOM, None), ("helanzhou", ClassTeacherKind.SUBJECT, "语文")]
        for username, kind, subject in teaching:
            session.add(
                ClassTeacher(
                    class_id=classes[2].id, user_id=ids[username], kind=kind, subject=subject, from_day=date(2026, 9, 1)
                )
            )
