"""The people of the invented school, its terms and classes, and who teaches them."""

import json
from datetime import date, datetime, time, timedelta

from db.tables import (
    AppUser,
    BackupReason,
    BackupRun,
    ClassTeacher,
    ClassTeacherKind,
    Pledge,
    Role,
    RoleGrant,
    SchoolClass,
    Setting,
    SystemFact,
    Term,
)
from services import clock, passwords, setup
from services.access import PLEDGED_ROLES
from services.audit import Action
from services.calendar import SCHOOL_NAME
from services.demonstration.plan import CLASS_SIZE, GRADES, PASSWORD, SCHOOL, Person, Plan
from services.demonstration.writer import Writer
from services.student_keys import name_keys

NAMED = {
    Role.LEAD: ("fuzeren", "何知微"),
    Role.COUNSELLOR: ("xinli", "苏念安"),
    Role.HOMEROOM: ("banzhuren", "周砚田"),
    Role.SUBJECT_TEACHER: ("renke", "贺兰舟"),
    Role.MENTOR: ("jiedui", "陆衡之"),
    Role.LEADERSHIP: ("lingdao", "温若虚"),
    Role.FINANCE: ("caiwu", "钱算清"),
    Role.SUPERVISOR: ("jiandu", "简明远"),
    Role.ADMIN: ("xinxi", "方信"),
}
SUBJECTS = ("语文", "数学", "英语", "科学", "体育")
TAUGHT_CLASSES = 3
_BACKUP_DAYS = 3
_SHIPPED_TEXT = 1  # the first wording of the pledge comes with the migration


def fill(plan: Plan, writer: Writer) -> None:
    """Write school, terms, classes and staff."""
    began = _began(plan)
    writer.add(SystemFact, name=setup.CLAIMED, value=began.isoformat())
    _add_backup(plan, writer)
    writer.add(Setting, name=SCHOOL_NAME, value=json.dumps(SCHOOL, ensure_ascii=False))
    for term in plan.terms:
        writer.add(
            Term, school_year=term.school_year, number=term.number, first_day=term.first_day, last_day=term.last_day
        )
    _add_staff(plan, writer, began)
    _add_classes(plan, writer)


def _add_backup(plan: Plan, writer: Writer) -> None:
    """The last backup: proven and off this disk, some days ago; there is no file of it."""
    made_at = clock.at_school(plan.today - timedelta(days=_BACKUP_DAYS), time(2, 10))
    writer.add(
        BackupRun, reason=BackupReason.MANUAL, started_at=made_at, made_at=made_at, proven_at=made_at,
        off_disk_at=made_at,
    )  # fmt: skip


def _began(plan: Plan) -> datetime:
    return clock.at_school(plan.first_day, time(8))


def _add_staff(plan: Plan, writer: Writer, began: datetime) -> None:
    password_hash = passwords.hash_password(PASSWORD)
    classes = sum(_classes_of(plan, grade) for grade in GRADES)
    wanted = dict.fromkeys(Role, 1) | {
        Role.COUNSELLOR: max(2, plan.count_of(2)),
        Role.HOMEROOM: classes,
        Role.SUBJECT_TEACHER: max(3, classes),
        Role.MENTOR: plan.count_of(20),
        Role.LEADERSHIP: 3,
        Role.SUPERVISOR: 2,
    }
    for role, count in wanted.items():
        for number in range(count):
            username, name = NAMED[role] if number == 0 else (f"{NAMED[role][0]}{number + 1}", plan.inventor.name())
            user_id = writer.add(
                AppUser,
                username=username,
                display_name=name,
                name_order=name_keys(name).order,
                password_hash=password_hash,
                must_change_password=False,
                created_at=began,
            )
            writer.add(RoleGrant, user_id=user_id, role=role, granted_at=began)
            plan.staff.append(Person(user_id, username, name, role))
    admin = plan.of_role(Role.ADMIN)[0]
    for person in plan.staff:
        plan.did(began, admin.id, Action.ACCOUNT_CREATED, ("app_user", person.id))
    _accept_pledges(plan, writer)


def _accept_pledges(plan: Plan, writer: Writer) -> None:
    """Let everybody whose role shows children have accepted the pledge of each school year, in the shipped wording."""
    for year in plan.years:
        accepted_at = clock.at_school(date(year, 9, 1), time(7, 40))
        for person in plan.staff:
            if person.role in PLEDGED_ROLES:
                row = writer.add(
                    Pledge, user_id=person.id, school_year=year, text_id=_SHIPPED_TEXT, accepted_at=accepted_at
                )
                plan.did(accepted_at, person.id, Action.PLEDGE_ACCEPTED, ("pledge", row))


def _classes_of(plan: Plan, grade: int) -> int:
    """Return how many classes a grade has; the same in both years."""
    return max(1, round(plan.students / len(GRADES) / CLASS_SIZE)) if grade else 0


def _add_classes(plan: Plan, writer: Writer) -> None:
    homeroom, subject = plan.of_role(Role.HOMEROOM), plan.of_role(Role.SUBJECT_TEACHER)
    for year in plan.years:
        turn = 0
        for grade in GRADES:
            for number in range(1, _classes_of(plan, grade) + 1):
                class_id = writer.add(SchoolClass, school_year=year, grade=grade, number=number)
                plan.class_ids[year, grade, number] = class_id
                teacher = homeroom[turn % len(homeroom)]
                plan.homeroom_of[class_id] = teacher.id
                ended = None if year == plan.school_year else date(year + 1, 9, 1)
                days = {"from_day": date(year, 9, 1), "to_day": ended}
                writer.add(ClassTeacher, class_id=class_id, user_id=teacher.id, kind=ClassTeacherKind.HOMEROOM, **days)
                for offset in range(TAUGHT_CLASSES):
                    teaching = subject[(turn + offset) % len(subject)]
                    writer.add(
                        ClassTeacher,
                        class_id=class_id,
                        user_id=teaching.id,
                        kind=ClassTeacherKind.SUBJECT,
                        subject=SUBJECTS[(turn + offset) % len(subject) % len(SUBJECTS)],
                        **days,
                    )
                turn += 1
