"""Importing a list of staff: read it, see what it would do, confirm it in one transaction; first passwords on paper."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from db.locks import Turn, take_turn
from db.sealing import seal
from db.tables import AppUser, RoleGrant
from services import audit, clock
from services.access import Permission, permitted
from services.accounts import add_user
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.classes import assign_homeroom, class_label, set_subject_teacher
from services.exchange.readings import Kind, ReturnedRow, RowProblem
from services.exchange.staff import StaffReading, StaffRow, parse_staff
from services.exchange.staff_columns import STAFF
from services.imports.matching import Outcome
from services.imports.previews import Counts, Preview, PreviewOvertaken, written_whole
from services.imports.reading import reader_of
from services.imports.returning import put_in_file_order
from services.passwords import NewPassword, Slip
from services.posts import appoint
from services.sign_in import end_sessions_of
from services.staff_matching import StaffChange, StaffPlan, load_stored, plan_staff

__all__ = ["StaffChange", "StaffPlan", "StaffPreview", "StaffResult", "StaleStaffPreview"]

Progress = Callable[[int, int], None]


class StaleStaffPreview(PreviewOvertaken):
    """Somebody changed accounts, classes or posts since the preview; `current` is what the import would do now."""

    current: "StaffPreview"


@dataclass(frozen=True, slots=True)
class StaffPreview(Preview):
    """What an import of staff would do, row by row."""

    reading: StaffReading
    plans: tuple[StaffPlan, ...]  # one for each row taken from the file, in its order

    @property
    def planned(self) -> tuple[StaffPlan, ...]:
        """One for each row taken from the file, in its order."""
        return self.plans

    def full_reading(self) -> StaffReading:
        """Return the reading with the rows that can't be taken among the rejected: for the list and the file."""
        taken: list[StaffRow] = []
        full = replace(self.reading, rejected=list(self.reading.rejected), problems=[])
        refused = {plan.position for plan in self.plans if plan.reason is not None}
        full.problems += [
            each for each in self.reading.problems if each.kind is not Kind.WARNING or each.position not in refused
        ]
        for row, plan in zip(self.reading.rows, self.plans, strict=True):
            if plan.reason is None:
                taken.append(row)
                full.problems += [_problem(row, Kind.WARNING, *warning) for warning in plan.warnings]
            else:
                full.rejected.append(ReturnedRow(row.position, plan.reason, row.header, list(row.original), row.sheet))
                full.problems.append(_problem(row, Kind.REJECTED, plan.reason, plan.blamed))
        full.rows = taken
        put_in_file_order(self.reading, full.rejected, full.problems)
        return full


@dataclass(frozen=True, slots=True)
class StaffResult(Counts):
    """What an import did, and the first passwords to hand out; those are stored nowhere but as hashes."""

    slips: tuple[Slip, ...] = field(default=(), repr=False)


read_staff = reader_of(parse_staff)
"""Read a spreadsheet of staff."""


@permitted(Permission.STAFF_IMPORT)
def preview_staff(session: Session, actor: Actor, *, reading: StaffReading) -> StaffPreview:
    """Say what an import of staff would do; writes nothing. Eight statements, however long the list."""
    return _preview(session, actor, reading)


@permitted(Permission.STAFF_IMPORT)
def confirm_staff(
    session: Session,
    actor: Actor,
    *,
    preview: StaffPreview,
    prepared: Sequence[tuple[str, str]],
    progress: Progress | None = None,
) -> StaffResult:
    """Do what the preview says, in the caller's one transaction; a list that says nothing new writes nothing.

    `prepared` holds a first password with its hash for each new account (`passwords.first_passwords`).

    Raises:
        StaleStaffPreview: accounts, classes or posts have changed since, and the import would now do something else.
    """
    for turn in (Turn.ACCOUNTS, Turn.SCHOOL, Turn.POSTS):  # in this order everywhere
        take_turn(session, turn)
    current = _preview(session, actor, preview.reading)
    if current.plans != preview.plans or len(prepared) != current.count(Outcome.NEW):
        raise StaleStaffPreview(current)
    outcomes = Counter(plan.outcome for plan in current.plans)
    result = StaffResult(
        created=outcomes[Outcome.NEW],
        changed=outcomes[Outcome.CHANGED],
        unchanged=outcomes[Outcome.UNCHANGED],
        rejected=len(preview.reading.rejected) + outcomes[Outcome.CONFLICT],
    )
    if result.says_nothing_new:
        return result
    with written_whole(session, otherwise=StaleStaffPreview(current)):
        slips = _write(session, actor, current.plans, list(prepared), progress)
    audit.record(
        session,
        actor,
        audit.Action.STAFF_IMPORTED,
        created=result.created,
        changed=result.changed,
        unchanged=result.unchanged,
        rejected=result.rejected,
    )
    return replace(result, slips=tuple(slips))


def _preview(session: Session, actor: Actor, reading: StaffReading) -> StaffPreview:
    year = current_school_year(load_calendar(session), clock.today())
    stored = load_stored(session, school_year=year)
    return StaffPreview(reading, tuple(plan_staff(actor, reading.rows, stored)))


def _problem(row: StaffRow, kind: Kind, reason: Any, blamed: str) -> RowProblem:
    labels = STAFF.labels
    value = {"name": row.name, "staff_no": row.staff_no or "", "posts": "、".join(row.posts)}.get(blamed, "")
    if blamed in ("homeroom", "teaches"):
        named = row.homeroom if blamed == "homeroom" else tuple(each.class_name for each in row.teaches)
        value = "、".join(class_label(each.grade, each.class_no) for each in named)
    return RowProblem(row.position, labels.get(blamed, ""), reason, kind, value, row.name)


def _write(
    session: Session,
    actor: Actor,
    plans: Sequence[StaffPlan],
    prepared: list[tuple[str, str]],
    progress: Progress | None,
) -> list[Slip]:
    slips: list[Slip] = []
    users: list[tuple[StaffPlan, int]] = []
    made_at = clock.now()  # one moment for all: by it the accounts of one import are known (staff_reissues)
    working = [plan for plan in plans if plan.outcome in (Outcome.NEW, Outcome.CHANGED)]
    for plan in working:
        if plan.outcome is Outcome.NEW:
            password, password_hash = prepared[len(slips)]
            user = _create(session, actor, plan, password_hash, made_at)
            slips.append(Slip(plan.name, plan.staff_no, NewPassword(user.id or 0, user.username, password)))
        else:
            user = _change(session, actor, plan)
        users.append((plan, user.id or 0))
    for done, (plan, user_id) in enumerate(users, start=1):
        _place(session, actor, plan, user_id)
        if progress is not None:
            progress(done, len(users))
    return slips


def _create(session: Session, actor: Actor, plan: StaffPlan, password_hash: str, made_at: datetime) -> AppUser:
    user = AppUser(
        username=plan.username,
        display_name=plan.name,
        staff_no=plan.staff_no,
        password_hash=password_hash,
        created_at=made_at,
    )
    seal(user, "phone_sealed", plan.phone)
    add_user(session, actor, user, plan.roles)
    return user


def _change(session: Session, actor: Actor, plan: StaffPlan) -> AppUser:
    user = session.get_one(AppUser, plan.user_id, with_for_update=True, populate_existing=True)
    if plan.staff_no:
        user.staff_no = plan.staff_no
    if plan.phone:
        seal(user, "phone_sealed", plan.phone)
    for role in sorted(plan.roles):
        session.add(RoleGrant(user_id=user.id or 0, role=role, granted_at=clock.now()))
    user.version += 1
    session.add(user)
    action = audit.Action.ROLES_CHANGED if plan.roles else audit.Action.ACCOUNT_CHANGED
    audit.record(session, actor, action, target=user, roles=sorted(plan.roles))
    if plan.roles:
        end_sessions_of(session, user.id or 0)
    session.flush()
    return user


def _place(session: Session, actor: Actor, plan: StaffPlan, user_id: int) -> None:
    for class_id, _replaced in plan.homeroom:
        assign_homeroom(session, actor, class_id=class_id, user_id=user_id)
    for class_id, subject in plan.teaches:
        set_subject_teacher(session, actor, class_id=class_id, user_id=user_id, subject=subject, teaches=True)
    for post_id, grade in plan.posts:
        appoint(session, actor, post_id=post_id, user_id=user_id, from_day=clock.today(), grade=grade)
    session.flush()
