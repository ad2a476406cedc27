"""Signing in and staying signed in: accounts, throttle, sessions, the hidden screen.

bcrypt takes a quarter of a second, too long to hold the write lock; so signing in is three steps:
`find_account` (reading), `is_right` (no transaction), `start_session` (writing).
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, and_, col, or_, select, update

from db.engine import keys
from db.locks import Turn, take_turn
from db.sealing import keyed_hash
from db.tables import AppUser, Deputy, LoginThrottle, Pledge, Post, PostHolder, Role, RoleGrant, SignInSession
from services import audit, clock, passwords
from services.access import PLEDGED_ROLES, Permission, permitted
from services.actors import Actor
from services.calendar import school_year_of
from services.errors import DomainError
from services.fields import clean

OFFICE = "office"  # the post that answers for lists, papers and reports (B-04)
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
HIDDEN_WITHOUT_PASSWORD = timedelta(minutes=5)

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=30)
MISSES_FORGOTTEN_AFTER = timedelta(hours=24)
ALLOWED_MISSES = {"pair": 5, "name": 30, "address": 50, "claim": 5}
"""Misses before the waiting begins: for one name from one address, one name, one address (a whole school may share
one), and the claim code."""


KNOWN_FOR = timedelta(days=30)
"""How long a right sign-in keeps a name known at an address. Then only misses of this name from there make it wait:
whoever guesses there at other names, or elsewhere at this one, shuts nobody out who comes and goes (Z)."""


class TooManyTries(DomainError):
    """Too many misses for this name or from this address; try again after `wait_seconds`."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(wait_seconds)
        self.wait_seconds = wait_seconds


class WrongPassword(DomainError):
    """Name or password were wrong; raised by the page once the miss is counted and committed."""

    def __init__(self, missed: "Missed") -> None:
        super().__init__()
        self.missed = missed


class AccountDisabled(DomainError):
    """The password is right, but the account is disabled; said only to who knows the password."""


class PasswordNeeded(DomainError):
    """The screen was hidden for so long that it takes the password to show it again."""


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in needs to know of an account, or of a name nobody has."""

    name: str
    user_id: int | None
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; the token goes into the cookie and is stored nowhere."""

    token: str
    user_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """Name or password were wrong; so many tries are left, or so long is the wait."""

    tries_left: int
    wait_seconds: int


def cookie_key() -> str:
    """Return the key that signs the sign-in cookie."""
    return keys().cookie


def normalise_name(name: str) -> str:
    """Return a user name as it is stored: ＡＤＭＩＮ typed in Chinese full width is admin."""
    return unicodedata.normalize("NFKC", clean(name) or "").strip().lower()


def find_account(session: Session, *, name: str, address: str | None) -> Account:
    """Look an account up by name, whether there is one or not.

    Raises:
        TooManyTries: the name or the address must wait.
    """
    name = normalise_name(name)[:200]
    _refuse_waiting(session, name, address)
    user = session.exec(select(AppUser).where(AppUser.username == name)).first()
    return Account(name, user.id if user else None, user.password_hash if user else None)


def is_right(account: Account, password: str) -> bool:
    """Check the password; slow on purpose, and as slow for a name nobody has."""
    return passwords.matches(password, account.password_hash)


def start_session(session: Session, account: Account, *, is_right: bool, address: str | None) -> SignedIn | Missed:
    """Start a session, or count the miss; a correct password does not help while the name must wait.

    Raises:
        TooManyTries: others have used the tries up meanwhile.
        AccountDisabled: the password is right, but the account is disabled.
    """
    take_turn(session, Turn.SIGN_IN)  # else those who guess at the same moment are counted as one
    _refuse_waiting(session, account.name, address)
    user = session.get(AppUser, account.user_id) if account.user_id and is_right else None
    # The password may have been reset while bcrypt was counting.
    if user is None or user.password_hash != account.password_hash:
        missed = _count_miss(session, account.name, address)
        audit.record(session, _nobody(account), audit.Action.SIGN_IN_MISSED, tries_left=missed.tries_left)
        return missed
    if not user.is_active:
        raise AccountDisabled
    for throttle in _throttles(session, account.name, address):
        session.delete(throttle)
    session.merge(LoginThrottle(subject_hash=_known(account.name, address), last_miss_at=clock.now()))
    return _new_session(session, user)


def _new_session(session: Session, user: AppUser) -> SignedIn:
    token, now = secrets.token_urlsafe(32), clock.now()
    row = SignInSession(
        token_hash=_hash(token),
        user_id=user.id or 0,
        started_at=now,
        last_seen_at=now,
        expires_at=now + ABSOLUTE,
    )
    session.add(row)
    session.flush()
    actor = Actor(user.id, user.display_name, frozenset(), row.id)
    audit.record(session, actor, audit.Action.SIGNED_IN, target=row)
    return SignedIn(token, user.id or 0, row.expires_at)


def roles_held(session: Session, user_id: int) -> frozenset[Role]:
    """Return the roles an account holds at this moment."""
    rows = session.exec(
        select(RoleGrant.role).where(RoleGrant.user_id == user_id, col(RoleGrant.ended_at).is_(None))
    ).all()
    return frozenset(Role(role) for role in rows)


def resolve(session: Session, token: str | None) -> Actor | None:
    """Return who holds this token now, with the roles of this moment; one statement."""
    if not token:
        return None
    now = clock.now()
    asked = {"token": _hash(token), "now": now, "idle_since": now - IDLE}
    found = session.execute(_who_holds(clock.today()), asked).all()  # one row for each role
    if not found:
        return None
    row, user, pledge_id, holds_office, _ = found[0]
    roles = frozenset(Role(role) for *_, role in found if role is not None)
    return Actor(
        user_id=user.id,
        display_name=user.display_name,
        roles=roles,
        session_id=row.id,
        must_change_password=user.must_change_password,
        must_pledge=pledge_id is None and not roles.isdisjoint(PLEDGED_ROLES),
        is_protection_leader=user.is_protection_leader,
        holds_office=bool(holds_office),
        hidden_since=row.hidden_at,
        last_seen_at=row.last_seen_at,
    )


@lru_cache(maxsize=2)  # the question alone, of this day: every page asks it, and putting it together takes longer
def _who_holds(today: date) -> Any:  # a select of more columns than the stubs know
    """Return the question of who holds a token, which is handed in with the moment."""
    columns: list[Any] = [SignInSession, AppUser, Pledge.id, _holds_office(today), RoleGrant.role]
    return (
        select(*columns)
        .select_from(SignInSession)
        .join(AppUser, col(AppUser.id) == col(SignInSession.user_id))
        .join(
            RoleGrant, and_(col(RoleGrant.user_id) == col(AppUser.id), col(RoleGrant.ended_at).is_(None)), isouter=True
        )
        .join(Pledge, and_(Pledge.user_id == AppUser.id, Pledge.school_year == school_year_of(today)), isouter=True)
        .where(
            SignInSession.token_hash == bindparam("token"),
            col(SignInSession.ended_at).is_(None),
            col(SignInSession.expires_at) > bindparam("now"),
            col(SignInSession.last_seen_at) > bindparam("idle_since"),
            AppUser.is_active,
        )
    )


def _holds_office(today: date) -> ColumnElement[bool]:
    """Return, inside a query of an account, whether it holds the office post today (B-04) or stands in."""
    stood_in_for = (
        select(Deputy.absent_id)
        .where(Deputy.deputy_id == AppUser.id, col(Deputy.from_day) <= today, col(Deputy.to_day) > today)
        .correlate(AppUser)
    )
    return (
        select(PostHolder.id)
        .join(Post, col(Post.id) == col(PostHolder.post_id))
        .where(
            Post.code == OFFICE,
            or_(PostHolder.user_id == AppUser.id, col(PostHolder.user_id).in_(stood_in_for)),
            col(PostHolder.from_day) <= today,
            or_(col(PostHolder.to_day).is_(None), col(PostHolder.to_day) > today),
        )
        .correlate(AppUser)
        .exists()
        .label("holds_office")
    )


def needs_touch(actor: Actor) -> bool:
    """Say whether it is time to note that the actor is still there; at most once a minute."""
    return actor.last_seen_at is not None and clock.now() - actor.last_seen_at >= TOUCH_EVERY


@permitted(Permission.OWN_ACCOUNT)
def touch(session: Session, actor: Actor) -> None:
    """Note that the actor is still there."""
    session.exec(
        update(SignInSession)
        .where(col(SignInSession.id) == actor.session_id, col(SignInSession.ended_at).is_(None))
        .values(last_seen_at=clock.now())
    )


@permitted(Permission.OWN_ACCOUNT)
def sign_out(session: Session, actor: Actor) -> None:
    """End this session, in all tabs of this browser."""
    _set(session, actor, ended_at=clock.now())
    audit.record(session, actor, audit.Action.SIGNED_OUT)


@permitted(Permission.OWN_ACCOUNT)
def hide(session: Session, actor: Actor) -> None:
    """Hide the screen of this session, in all its tabs and over a reload."""
    if actor.hidden_since is None:
        _set(session, actor, hidden_at=clock.now())
        audit.record(session, actor, audit.Action.SCREEN_HIDDEN)


def takes_password(actor: Actor) -> bool:
    """Say whether the screen was hidden for so long that showing it takes the password."""
    return actor.hidden_since is not None and clock.now() - actor.hidden_since > HIDDEN_WITHOUT_PASSWORD


@permitted(Permission.OWN_ACCOUNT)
def find_own_account(session: Session, actor: Actor, *, address: str | None) -> Account:
    """Return the actor's own account, to check the password before the screen is shown again.

    Raises:
        TooManyTries: too many misses.
    """
    user = session.get_one(AppUser, actor.id_of_staff)
    _refuse_waiting(session, user.username, address)
    return Account(user.username, user.id, user.password_hash)


@permitted(Permission.OWN_ACCOUNT)
def count_own_miss(session: Session, actor: Actor, *, account: Account, address: str | None) -> Missed:
    """Count that somebody at this screen did not know the account's password."""
    take_turn(session, Turn.SIGN_IN)
    missed = _count_miss(session, account.name, address)
    audit.record(session, actor, audit.Action.SIGN_IN_MISSED, tries_left=missed.tries_left)
    return missed


@permitted(Permission.OWN_ACCOUNT)
def unhide(
    session: Session,
    actor: Actor,
    *,
    account: Account | None = None,
    is_right: bool = False,
    address: str | None = None,
) -> Missed | None:
    """Show the screen again; None when it is shown, else the counted miss.

    Raises:
        PasswordNeeded: more than five minutes have passed and no password was given.
        TooManyTries: too many misses.
    """
    if takes_password(actor):
        if account is None:
            raise PasswordNeeded
        take_turn(session, Turn.SIGN_IN)
        _refuse_waiting(session, account.name, address)
        if not is_right or account.user_id != actor.user_id:
            return count_own_miss(session, actor, account=account, address=address)
    _set(session, actor, hidden_at=None, last_seen_at=clock.now())
    audit.record(session, actor, audit.Action.SCREEN_SHOWN)
    return None


def end_sessions_of(session: Session, user_id: int, *, except_id: int | None = None) -> None:
    """End every session of an account; called when its password, roles or state change."""
    statement = update(SignInSession).where(
        col(SignInSession.user_id) == user_id, col(SignInSession.ended_at).is_(None)
    )
    if except_id is not None:
        statement = statement.where(col(SignInSession.id) != except_id)
    session.exec(statement.values(ended_at=clock.now()))


def refuse_waiting_claim(session: Session, address: str | None) -> None:
    """Refuse a claim code from an address that has missed too often.

    Raises:
        TooManyTries: as said.
    """
    _refuse(_rows(session, [_subject("claim", address or "")]))


def count_claim_miss(session: Session, address: str | None) -> Missed:
    """Count a wrong claim code."""
    take_turn(session, Turn.SIGN_IN)
    return _add_miss(session, "claim", _subject("claim", address or ""))


def _set(session: Session, actor: Actor, **values: datetime | None) -> None:
    session.exec(update(SignInSession).where(col(SignInSession.id) == actor.session_id).values(**values))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _nobody(account: Account) -> Actor:
    return Actor(account.user_id, "", frozenset())


def _subject(kind: str, value: str) -> str:
    return keyed_hash(f"throttle-{kind}", value)


def _subjects(name: str, address: str | None) -> dict[str, str]:
    address = address or ""
    return {
        "pair": _subject("pair", f"{name}\n{address}"),
        "name": _subject("name", name),
        "address": _subject("address", address),
    }


def _known(name: str, address: str | None) -> str:
    """Return the subject under which a right sign-in is noted; its time stands where a miss's would."""
    return _subject("known", f"{name}\n{address or ''}")


def _rows(session: Session, subjects: list[str]) -> list[LoginThrottle]:
    return list(session.exec(select(LoginThrottle).where(col(LoginThrottle.subject_hash).in_(subjects))))


def _throttles(session: Session, name: str, address: str | None) -> list[LoginThrottle]:
    pair = _subjects(name, address)["pair"]
    return _rows(session, [pair])


def _refuse_waiting(session: Session, name: str, address: str | None) -> None:
    subjects, known = _subjects(name, address), _known(name, address)
    rows = {row.subject_hash: row for row in _rows(session, [*subjects.values(), known])}
    _refuse([rows[subjects[kind]] for kind in _kinds(rows.get(known)) if subjects[kind] in rows])


def _kinds(known: LoginThrottle | None) -> list[str]:
    """Return whose misses make somebody wait."""
    is_known = known is not None and clock.now() - known.last_miss_at < KNOWN_FOR
    return ["pair"] if is_known else ["pair", "name", "address"]


def _refuse(throttles: list[LoginThrottle]) -> None:
    now = clock.now()
    waits = [row.blocked_until for row in throttles if row.blocked_until and row.blocked_until > now]
    if waits:
        raise TooManyTries(wait_seconds=int((max(waits) - now).total_seconds()) + 1)


def _count_miss(session: Session, name: str, address: str | None) -> Missed:
    counted = {kind: _add_miss(session, kind, subject) for kind, subject in _subjects(name, address).items()}
    missed = [counted[kind] for kind in _kinds(session.get(LoginThrottle, _known(name, address)))]
    return Missed(min(miss.tries_left for miss in missed), max(miss.wait_seconds for miss in missed))


def _add_miss(session: Session, kind: str, subject: str) -> Missed:
    now = clock.now()
    row = session.get(LoginThrottle, subject, with_for_update=True)
    if row is None:
        row = LoginThrottle(subject_hash=subject, last_miss_at=now)
    # Forgotten one by one, evenly: fifty people behind one address who mistype once a day never add up to a wait.
    row.misses = max(0, row.misses - int((now - row.last_miss_at) / (MISSES_FORGOTTEN_AFTER / ALLOWED_MISSES[kind])))
    row.misses, row.last_miss_at = row.misses + 1, now
    over = row.misses - ALLOWED_MISSES[kind]
    wait = min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT) if over >= 0 else timedelta(0)
    row.blocked_until = now + wait if wait else None
    session.add(row)
    return Missed(max(-over, 0), int(wait.total_seconds()))
