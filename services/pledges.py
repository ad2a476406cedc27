"""The confidentiality pledge (保密承诺, A-03): read and accepted each school year before anything about a child."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, col, select

from db.locks import Turn, take_turn
from db.tables import AppUser, Pledge, PledgeText, RoleGrant
from services import audit, clock
from services.access import PLEDGED_ROLES, Permission, permitted
from services.actors import Actor
from services.calendar import school_year_of
from services.editing import last_editor
from services.errors import EditedMeanwhile
from services.fields import LONG, Checker


@dataclass(frozen=True, slots=True)
class Wording:
    """The pledge as it reads now; its version is the text's number."""

    version: int
    body: str


@dataclass(frozen=True, slots=True)
class OwnPledge:
    """The pledge of this school year for the person asking; a school year begins on 1 September here."""

    school_year: int
    wording: Wording
    accepted_at: datetime | None
    accepted_body: str | None  # as it read when it was accepted
    is_asked: bool


@permitted(Permission.OWN_ACCOUNT)
def find_own_pledge(session: Session, actor: Actor) -> OwnPledge:
    """Return the wording, and whether the actor has accepted it this school year."""
    year = school_year_of(clock.today())
    found = session.exec(
        select(Pledge, PledgeText.body)
        .join(PledgeText, col(PledgeText.id) == col(Pledge.text_id))
        .where(Pledge.user_id == actor.user_id, Pledge.school_year == year)
    ).first()
    return OwnPledge(
        school_year=year,
        wording=_wording(_newest(session)),
        accepted_at=found[0].accepted_at if found else None,
        accepted_body=found[1] if found else None,
        is_asked=not actor.roles.isdisjoint(PLEDGED_ROLES),
    )


@permitted(Permission.OWN_ACCOUNT)
def accept_pledge(session: Session, actor: Actor, *, version: int) -> None:
    """Accept the pledge for this school year in the wording that was read; a second time changes nothing.

    Raises:
        NotAllowed: the command line asks, which is nobody in particular.
        EditedMeanwhile: the wording was changed while it was read.
    """
    user_id, year = actor.id_of_staff, school_year_of(clock.today())
    session.get(AppUser, user_id, with_for_update=True)  # two tabs of one person accept one after the other
    taken = select(Pledge.id).where(Pledge.user_id == user_id, Pledge.school_year == year)
    if session.exec(taken).first() is not None:
        return
    text = _newest(session)
    if text.id != version:
        raise EditedMeanwhile(_wording(text), edited_by=last_editor(session, text))
    row = Pledge(user_id=user_id, school_year=year, text_id=version, accepted_at=clock.now())
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.PLEDGE_ACCEPTED, target=row)


@permitted(Permission.SCHOOL_WRITE)
def find_wording(session: Session, actor: Actor) -> Wording:
    """Return the wording with the version a form is drawn from."""
    return _wording(_newest(session))


@permitted(Permission.SCHOOL_WRITE)
def change_wording(session: Session, actor: Actor, *, body: str, version: int) -> None:
    """Word the pledge anew; who has accepted an earlier wording this school year has accepted that one.

    Raises:
        FieldErrors: nothing is left, or it is too long.
        EditedMeanwhile: somebody worded it since the form was drawn.
    """
    take_turn(session, Turn.SCHOOL)
    check = Checker()
    cleaned = check.required_text("body", body, limit=LONG)
    check.finish()
    text = _newest(session)
    if text.id != version:
        raise EditedMeanwhile(_wording(text), edited_by=last_editor(session, text))
    if text.body == cleaned:
        return
    row = PledgeText(body=cleaned, written_at=clock.now(), written_by_id=actor.user_id)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.PLEDGE_TEXT_SAVED, target=row)


@dataclass(frozen=True, slots=True)
class Pledges:
    """Who has accepted this school year's pledge, of those it asks."""

    school_year: int
    accepted: int
    waiting: tuple[str, ...]  # names, by name


@permitted(Permission.SCHOOL_WRITE)
def list_pledges(session: Session, actor: Actor) -> Pledges:
    """Return who has not accepted this school year's pledge yet; one statement."""
    year = school_year_of(clock.today())
    asked = select(RoleGrant.user_id).where(
        col(RoleGrant.ended_at).is_(None), col(RoleGrant.role).in_(sorted(PLEDGED_ROLES))
    )
    rows = session.exec(
        select(AppUser.display_name, Pledge.id)
        .join(Pledge, and_(Pledge.user_id == AppUser.id, Pledge.school_year == year), isouter=True)
        .where(AppUser.is_active, col(AppUser.id).in_(asked))
        .order_by(col(AppUser.name_order), col(AppUser.id))
    ).all()
    waiting = tuple(name for name, pledge_id in rows if pledge_id is None)
    return Pledges(year, len(rows) - len(waiting), waiting)


def _newest(session: Session) -> PledgeText:
    return session.exec(select(PledgeText).order_by(col(PledgeText.id).desc()).limit(1)).one()


def _wording(text: PledgeText) -> Wording:
    return Wording(text.id or 0, text.body)
