"""First run: one-time code from the server's console, then school, term, administrator and lead in one go."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from db.engine import keys
from db.errors import SheetForeign, SheetWrong
from db.location import Location
from db.sheets import check_groups, tidy, write_groups
from db.tables import AppUser, Role, SystemFact, Term
from db.transactions import transaction
from services import audit, clock, passwords, recovery, schools, sign_in
from services.actors import Actor
from services.calendar import SCHOOL_NAME
from services.errors import DomainError, FieldErrors
from services.fields import LONG, SHORT, Checker
from services.passwords import NewPassword

CLAIM_CODE = "claim_code_sha256"
CLAIMED = "claimed"
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class WrongClaimCode(DomainError):
    """The one-time code is not the one on the console; counted."""

    def __init__(self, missed: sign_in.Missed) -> None:
        super().__init__(missed)
        self.missed = missed


class AlreadyClaimed(DomainError):
    """Somebody has set this installation up already."""


@dataclass(frozen=True, slots=True)
class SetupState:
    """What a visitor who is not signed in may know."""

    is_claimed: bool
    school_name: str | None


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Everything the first-run page asks for."""

    school_name: str
    school_year: int
    term_number: int
    first_day: date | None
    last_day: date | None
    admin_name: str
    admin_username: str
    admin_password: str
    admin_password_again: str
    lead_name: str
    lead_username: str


def state(session: Session) -> SetupState:
    """Return whether the installation is set up, and the school's name; two statements."""
    is_claimed = session.get(SystemFact, CLAIMED) is not None
    return SetupState(is_claimed, schools.school_name(session) if is_claimed else None)


def announce_claim_code(location: Location) -> str | None:
    """Make a new one-time code for the console, or None where the installation is set up already."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))
    with transaction() as session:
        if session.get(SystemFact, CLAIMED) is not None:
            return None
        session.merge(SystemFact(name=CLAIM_CODE, value=_digest(code)))
    return f"{code[:4]}-{code[4:]}"


def check_code(session: Session, *, code: str, address: str | None) -> sign_in.Missed | None:
    """Compare a typed code with the one on the console; a miss is counted and returned.

    Raises:
        FieldErrors: nothing was typed, which is not counted.
        AlreadyClaimed: the installation is set up already.
        TooManyTries: too many wrong codes from this address.
    """
    check = Checker()
    check.required_text("code", code, limit=LONG)
    check.finish()
    if session.get(SystemFact, CLAIMED) is not None:
        raise AlreadyClaimed
    sign_in.refuse_waiting_claim(session, address)
    announced = session.get(SystemFact, CLAIM_CODE)
    if announced is not None and hmac.compare_digest(announced.value, _digest(code)):
        return None
    return sign_in.count_claim_miss(session, address)


def check_claim(session: Session, *, request: ClaimRequest) -> None:
    """Refuse a request that can't be carried out, before the slow hashing.

    Raises:
        FieldErrors: with every problem found.
    """
    from services.accounts import check_username  # knows the classes: not before a school begins, see ui/refusals

    check = Checker()
    check.required_text("school_name", request.school_name, limit=SHORT)
    check.required_text("admin_name", request.admin_name, limit=SHORT)
    check.required_text("lead_name", request.lead_name, limit=SHORT)
    admin = check_username(session, check, request.admin_username, field="admin_username")
    lead = check_username(session, check, request.lead_username, field="lead_username")
    if admin and admin == lead:
        check.add("lead_username", "taken", value=lead)
    if problem := passwords.problem_with(request.admin_password, username=admin):
        check.problems.setdefault("admin_password", problem)
    if request.admin_password != request.admin_password_again:
        check.add("admin_password_again", "password_differs")
    try:
        schools.check_term(
            session,
            school_year=request.school_year,
            number=request.term_number,
            first_day=request.first_day,
            last_day=request.last_day,
        )
    except FieldErrors as error:
        for name, problem in error.problems.items():
            check.problems.setdefault(name, problem)
    check.finish()


def claim(
    session: Session, *, code: str, request: ClaimRequest, admin_hash: str, lead_prepared: tuple[str, str]
) -> NewPassword:
    """Set the installation up: school, term, administrator and lead, all or nothing; returns the lead's password.

    Raises:
        AlreadyClaimed: somebody was faster.
        WrongClaimCode: the code has changed since it was checked.
        FieldErrors: the request can't be carried out.
    """
    from services.accounts import add_user

    announced = session.get(SystemFact, CLAIM_CODE, with_for_update=True)  # a second claim waits here for the first
    if session.get(SystemFact, CLAIMED) is not None:
        raise AlreadyClaimed
    if announced is None or not hmac.compare_digest(announced.value, _digest(code)):
        raise WrongClaimCode(sign_in.Missed(0, 0))
    check_claim(session, request=request)
    session.add(SystemFact(name=CLAIMED, value=clock.now().isoformat()))
    session.delete(announced)
    schools.save_setting(session, SCHOOL_NAME, request.school_name.strip())
    session.add(_term(request))
    setter_up = Actor(None, "", frozenset())
    admin = _user(request.admin_username, request.admin_name, admin_hash, must_change=False)
    add_user(session, setter_up, admin, frozenset({Role.ADMIN}))
    password, lead_hash = lead_prepared
    lead = _user(request.lead_username, request.lead_name, lead_hash, must_change=True)
    add_user(session, setter_up, lead, frozenset({Role.LEAD}))
    audit.record(session, setter_up, audit.Action.SCHOOL_CLAIMED, target=admin)
    return NewPassword(lead.id or 0, lead.username, password)


def confirm_sheet(session: Session, *, typed: Mapping[int, str]) -> None:
    """Note that the recovery sheet shown after the claim was copied: two of its groups were asked back.

    Raises:
        FieldErrors: with the groups that were copied wrongly, as `group_<place>`.
    """
    check = Checker()
    try:
        check_groups(keys(), dict(typed))
    except (SheetWrong, SheetForeign):
        for place, text in typed.items():
            if tidy(text) != write_groups(keys())[place - 1]:
                check.add(f"group_{place}", "group_differs" if text.strip() else "required", place=place)
    check.finish()
    recovery.note_checked(session, Actor(None, "", frozenset({Role.ADMIN})))


def _term(request: ClaimRequest) -> Term:
    if request.first_day is None or request.last_day is None:
        raise ValueError("checked before")
    return Term(
        school_year=request.school_year,
        number=request.term_number,
        first_day=request.first_day,
        last_day=request.last_day,
    )


def _user(username: str, display_name: str, password_hash: str, *, must_change: bool) -> AppUser:
    return AppUser(
        username=sign_in.normalise_name(username),
        display_name=display_name.strip(),
        password_hash=password_hash,
        must_change_password=must_change,
        created_at=clock.now(),
    )


def _digest(code: str) -> str:
    return hashlib.sha256(code.replace("-", "").replace(" ", "").strip().upper().encode(errors="replace")).hexdigest()
