"""The invented school that is measured: made once per size, with a way in for each role."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
from sqlmodel import Session, col, select

from bench.visits import Visit
from db import engine, upgrade
from db.location import Location
from db.tables import (
    AppUser,
    Case,
    CaseConference,
    PlanState,
    PlanVersion,
    Referral,
    ReferralState,
    Role,
    SupportPlan,
    WarningGroup,
)
from db.transactions import reading, transaction
from services import row_filters, sign_in
from services.actors import Actor
from services.demonstration import filling, staff
from services.errors import NotAllowed
from services.outward_views import list_outward
from services.pairing import pair_lists
from services.pairing.pair_lists import PairFilters
from services.record_views import list_own_records
from services.student_lists import list_students
from ui.cookies import ALGORITHM

SEED = 7
_HOURS = 3600 * 10


@dataclass(frozen=True, slots=True)
class School:
    """Where the data lie, what signs each role in, and what it has open on each page."""

    students: int
    place: Location
    cookies: dict[Role, str]
    records: dict[Visit, int]

    def query_of(self, visit: Visit) -> str:
        """Return the address's question of a visit."""
        asked = {visit.record or "": str(self.records[visit])} if visit in self.records else {}
        return urlencode(asked | dict([visit.view] if visit.view else []))


def place_of(folder: Path, students: int) -> Location:
    """Return where the school of a size lies: apart for each version of the tables."""
    inside = folder / f"{students}-{upgrade.known_head()}"
    return Location((inside / "data").resolve(), (inside / "key" / "care.key").resolve())


def prepare(folder: Path, students: int, visits: list[Visit]) -> School:
    """Make the school where it isn't yet, and sign a person of each role in."""
    place = place_of(folder, students)
    upgrade.prepare(place)
    try:
        with transaction() as session:
            filling.fill(session, students=students, seed=SEED)
    except filling.NotEmpty:
        pass  # made by a run before
    with transaction() as session:
        people = {role: _person(session, role) for role in Role}
        cookies = {role: _cookie(session, person) for role, person in people.items()}
    with reading() as session:
        found = {visit: _record(session, people[visit.role], visit.record) for visit in visits if visit.record}
    engine.runtime().engine.dispose()
    return School(students, place, cookies, {visit: number for visit, number in found.items() if number})


def actor_of(session: Session, role: Role) -> Actor:
    """Return the demonstration's person of a role as an actor."""
    user = _person(session, role)
    return Actor(user.id, user.display_name, sign_in.roles_held(session, user.id or 0))


def _person(session: Session, role: Role) -> AppUser:
    return session.exec(select(AppUser).where(AppUser.username == staff.NAMED[role][0])).one()


def _cookie(session: Session, user: AppUser) -> str:
    account = sign_in.Account(user.username, user.id, user.password_hash)
    signed_in = sign_in.start_session(session, account, is_right=True, address=None)
    if not isinstance(signed_in, sign_in.SignedIn):
        raise TypeError(user.username)
    expires = int(time.time()) + _HOURS
    return jwt.encode({"sid": signed_in.token, "exp": expires}, sign_in.cookie_key(), algorithm=ALGORITHM)


def _record(session: Session, user: AppUser, kind: str | None) -> int | None:
    """Return a record this person can open, the last one, or None where the school has none for it."""
    try:
        return _last(session, user, kind)
    except NotAllowed:  # opens the page for something else than one of these records
        return None


def _last(session: Session, user: AppUser, kind: str | None) -> int | None:
    actor = Actor(user.id, user.display_name, sign_in.roles_held(session, user.id or 0))
    if kind == "student":
        page = list_students(session, actor, page_size=1)
        return page.rows[0].id if page.rows else None
    if kind == "case":
        cases = (
            select(Case.id)
            .join(Referral, col(Referral.id) == col(Case.referral_id))
            .join(CaseConference, col(CaseConference.case_id) == col(Case.id), isouter=True)
            .where(row_filters.sees_cases(actor))
        )
        without_record = col(CaseConference.held_at).is_(None)  # last: there is less on the page
        return session.exec(cases.order_by(without_record, col(Case.id).desc())).first()
    if kind == "plan":
        plan_id: int | None = session.exec(_plans(actor)).first()
        return plan_id
    if kind == "group":
        standing = select(WarningGroup.id).where(col(WarningGroup.to_day).is_(None))
        return session.exec(standing.order_by(col(WarningGroup.id))).first()
    if kind in ("pair", "helper"):
        filters = PairFilters()
        total = pair_lists.count_pairs(session, actor, filters=filters).total
        pairs = pair_lists.list_pairs(session, actor, filters=filters, page=1, total=total, page_size=1)
        return (pairs[0].id if kind == "pair" else pairs[0].helper_id) if pairs else None
    if kind == "record":
        records = list_own_records(session, actor, limit=1)
        return records[0].id if records else None
    if kind == "outward":
        listed = list_outward(session, actor, page_size=1)
        return listed.rows[0].id if listed.rows else None
    own = select(Referral.id).where(row_filters.sees_referrals(actor), Referral.owner_id == user.id)
    open_ones = own.where(col(Referral.state).in_([ReferralState.RECEIVED, ReferralState.IN_ASSESSMENT]))
    return session.exec(open_ones.order_by(col(Referral.id).desc())).first() or session.exec(own).first()


def _plans(actor: Actor) -> Any:  # a Select of plans this person can go on with, the last one first
    submitted = select(PlanVersion.plan_id).where(PlanVersion.state == PlanState.SUBMITTED)
    in_force = select(PlanVersion.plan_id).where(PlanVersion.state == PlanState.IN_FORCE)
    return (
        select(SupportPlan.id)
        .join(Case, col(Case.id) == col(SupportPlan.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(
            row_filters.sees_plans(actor),
            col(SupportPlan.id).in_(in_force),
            col(SupportPlan.id).not_in(submitted),
        )
        .order_by(col(SupportPlan.id).desc())
    )
