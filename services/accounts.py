"""Staff accounts: adding, roles, first passwords, disabling."""

import re
from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from db.locks import Turn, take_turn
from db.sealing import seal, unseal
from db.tables import AppUser, Role, RoleGrant
from services import audit, clock, passwords
from services.access import Permission, allows, permitted
from services.account_lists import find_account, may_manage
from services.actors import Actor
from services.classes import assign_homeroom, set_subject_teacher
from services.editing import lock_version
from services.errors import DomainError, EditedMeanwhile, NotAllowed, Problem
from services.exchange.values import read_phones
from services.fields import SHORT, Checker
from services.passwords import NewPassword
from services.sign_in import end_sessions_of, normalise_name, roles_held
from services.student_keys import name_keys

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


class LastAdministrator(DomainError):
    """Nobody could manage accounts any more."""


class PasswordResetMeanwhile(DomainError):
    """The password was reset while its owner was typing a new one; the session has ended with it."""


class OwnAccount(DomainError):
    """Nobody disables the own account or takes the own administrator role away."""


def prepare_password() -> tuple[str, str]:
    """Make a first password and its hash; slow, so before the transaction."""
    password = passwords.first_password()
    return password, passwords.hash_password(password)


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def create_account(
    session: Session,
    actor: Actor,
    *,
    username: str,
    display_name: str,
    roles: Iterable[Role],
    prepared: tuple[str, str],
    staff_no: str | None = None,
    class_id: int | None = None,
    taught_class_ids: Iterable[int] = (),
    subject: str | None = None,
) -> NewPassword:
    """Add an account with a first password that must be changed.

    A class makes its holder homeroom teacher there; the taught ones, all in one subject, make a subject teacher there.

    Raises:
        FieldErrors: name, user name, roles or subject can't be used, or the user name is taken.
        NotAllowed: a lead gives a role that is the administrator's to give.
        NotFound: there is no such class.
    """
    password, password_hash = prepared
    wanted = frozenset(roles)
    if not may_manage(actor, wanted):
        raise NotAllowed
    take_turn(session, Turn.ACCOUNTS)
    user = _new_user(session, username=username, display_name=display_name, staff_no=staff_no, roles=wanted)
    user.password_hash = password_hash
    add_user(session, actor, user, wanted)
    if class_id is not None:
        assign_homeroom(session, actor, class_id=class_id, user_id=user.id)
    for each in sorted(set(taught_class_ids)):
        set_subject_teacher(session, actor, class_id=each, user_id=user.id, subject=subject, teaches=True)
    return NewPassword(user.id or 0, user.username, password)


def _new_user(
    session: Session, *, username: str, display_name: str, staff_no: str | None, roles: frozenset[Role]
) -> AppUser:
    check = Checker()
    name = check.required_text("display_name", display_name, limit=SHORT)
    login = check_username(session, check, username)
    number = check.text("staff_no", staff_no, limit=SHORT)
    if number and session.exec(select(AppUser.id).where(AppUser.staff_no == number)).first() is not None:
        check.add("staff_no", "taken", value=number)
    if not roles:
        check.add("roles", "required")
    check.finish()
    return AppUser(username=login, display_name=name, staff_no=number, password_hash="", created_at=clock.now())


def username_problem(typed: str) -> Problem | None:
    """Return what is wrong with a user name as it is typed; capitals and full-width letters count as small ones."""
    login = normalise_name(typed)
    return Problem("username_shape") if login and not USERNAME.fullmatch(login) else None


def check_username(session: Session, check: Checker, username: str, *, field: str = "username") -> str:
    """Return a user name tidied, noting what is wrong with it."""
    login = normalise_name(check.required_text(field, username, limit=SHORT))
    if login and username_problem(login):
        check.add(field, "username_shape")
    elif login and session.exec(select(AppUser.id).where(AppUser.username == login)).first() is not None:
        check.add(field, "taken", value=login)
    return login


def add_user(session: Session, actor: Actor, user: AppUser, roles: frozenset[Role]) -> None:
    """Write a checked new account with its roles; for the services that add accounts."""
    user.name_order = name_keys(user.display_name).order
    session.add(user)
    session.flush()
    for role in sorted(roles):
        session.add(RoleGrant(user_id=user.id or 0, role=role, granted_at=clock.now()))
    audit.record(session, actor, audit.Action.ACCOUNT_CREATED, target=user, roles=sorted(roles))


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def change_account(
    session: Session,
    actor: Actor,
    *,
    user_id: int,
    version: int,
    display_name: str,
    roles: Iterable[Role],
    is_protection_leader: bool = False,
    phone: str | None = None,
) -> None:
    """Change an account's name, roles and telephone (None leaves it); who loses or gains a role must sign in again.

    Raises:
        NotFound: there is no such account.
        NotAllowed: the account, or a role, is not this actor's to manage.
        EditedMeanwhile: somebody changed it since the form was drawn.
        LastAdministrator: no active administrator would be left.
        OwnAccount: an administrator takes the administrator's role from the own account.
        FieldErrors: the name or the telephone can't be used, or no role is left.
    """
    take_turn(session, Turn.ACCOUNTS)
    held, wanted = roles_held(session, user_id), frozenset(roles)
    if not may_manage(actor, held | wanted):
        raise NotAllowed
    name, number = _checked_change(display_name, phone, roles=wanted)
    try:
        user = lock_version(session, AppUser, user_id, version=version)
    except EditedMeanwhile as error:  # with the roles, which stand in another table
        raise EditedMeanwhile(find_account(session, actor, user_id=user_id)) from error
    if Role.ADMIN in held - wanted:
        _keep_an_administrator(session, user_id)
        if user_id == actor.user_id:
            raise OwnAccount
    is_leader = is_protection_leader if allows(actor, Permission.ACCOUNT_MANAGE) else user.is_protection_leader
    rights_change = held != wanted or is_leader != user.is_protection_leader
    user.display_name, user.name_order = name, name_keys(name).order
    user.is_protection_leader = is_leader
    if phone is not None and number != (unseal(user, "phone_sealed") or ""):
        seal(user, "phone_sealed", number)
    _set_roles(session, user_id, held=held, wanted=wanted)
    audit.record(
        session,
        actor,
        audit.Action.ROLES_CHANGED if rights_change else audit.Action.ACCOUNT_CHANGED,
        target=user,
        roles=sorted(wanted),
        before=sorted(held),
    )
    if rights_change:
        end_sessions_of(session, user_id)


def _checked_change(display_name: str, phone: str | None, *, roles: frozenset[Role]) -> tuple[str, str]:
    """Return name and telephone, tidied; refuse what can't be used, and an account without a role."""
    check = Checker()
    name = check.required_text("display_name", display_name, limit=SHORT)
    if not roles:
        check.add("roles", "required")
    number = read_phones(check.text("phone", phone, limit=SHORT))
    if number.unusable:
        check.add("phone", "phone_shape")
    check.finish()
    return name, number.first


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def reset_password(
    session: Session, actor: Actor, *, user_id: int, version: int, prepared: tuple[str, str]
) -> NewPassword:
    """Give an account a new first password; its sessions end.

    Raises:
        NotFound: there is no such account.
        NotAllowed: the account is not this actor's to manage.
        EditedMeanwhile: somebody changed it since it was shown; another slip may have been handed out.
    """
    user = _managed(session, actor, user_id, version=version)
    password, user.password_hash = prepared
    user.must_change_password = True
    session.add(user)
    end_sessions_of(session, user_id)
    audit.record(session, actor, audit.Action.PASSWORD_RESET, target=user)
    return NewPassword(user_id, user.username, password)


@permitted(Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
def set_active(session: Session, actor: Actor, *, user_id: int, version: int, is_active: bool) -> None:
    """Disable an account, ending its sessions, or enable it again; nothing it wrote is lost.

    Raises:
        NotFound: there is no such account.
        NotAllowed: the account is not this actor's to manage.
        EditedMeanwhile: somebody changed it since it was shown.
        OwnAccount: it is the actor's own.
        LastAdministrator: no active administrator would be left.
    """
    user = _managed(session, actor, user_id, version=version)
    if not is_active:
        if user_id == actor.user_id:
            raise OwnAccount
        if Role.ADMIN in roles_held(session, user_id):
            _keep_an_administrator(session, user_id)
        end_sessions_of(session, user_id)
    user.is_active = is_active
    session.add(user)
    action = audit.Action.ACCOUNT_ENABLED if is_active else audit.Action.ACCOUNT_DISABLED
    audit.record(session, actor, action, target=user)


def check_new_password(*, username: str, old: str, new: str, again: str) -> None:
    """Refuse a new password that can't be used.

    Raises:
        FieldErrors: missing, too long, too short, too easy, the same as before, or typed differently twice.
    """
    check = Checker()
    for name, typed in (("old_password", old), ("new_password", new), ("again", again)):
        if not typed:
            check.add(name, "required")
    if problem := passwords.problem_with(new, username=username):
        check.problems.setdefault("new_password", problem)
    elif new == old:
        check.add("new_password", "password_same")
    if new != again:
        check.add("again", "password_differs")
    check.finish()


@permitted(Permission.OWN_ACCOUNT)
def change_own_password(session: Session, actor: Actor, *, old_hash: str, new_hash: str) -> None:
    """Store a new password for the actor; every other session of the account ends.

    Raises:
        PasswordResetMeanwhile: the password was reset while this was typed.
    """
    user = session.get_one(AppUser, actor.id_of_staff, with_for_update=True)
    if user.password_hash != old_hash:
        raise PasswordResetMeanwhile
    user.password_hash, user.must_change_password, user.version = new_hash, False, user.version + 1
    session.add(user)
    end_sessions_of(session, user.id or 0, except_id=actor.session_id)
    audit.record(session, actor, audit.Action.PASSWORD_CHANGED, target=user)


def _managed(session: Session, actor: Actor, user_id: int, *, version: int) -> AppUser:
    take_turn(session, Turn.ACCOUNTS)  # two who disable each other would else wait for each other
    if not may_manage(actor, roles_held(session, user_id)):
        raise NotAllowed
    return lock_version(session, AppUser, user_id, version=version)


def _set_roles(session: Session, user_id: int, *, held: frozenset[Role], wanted: frozenset[Role]) -> None:
    now = clock.now()
    for grant in session.exec(select(RoleGrant).where(RoleGrant.user_id == user_id, col(RoleGrant.ended_at).is_(None))):
        if grant.role not in wanted:
            grant.ended_at = now
            session.add(grant)
    for role in sorted(wanted - held):
        session.add(RoleGrant(user_id=user_id, role=role, granted_at=now))


def _keep_an_administrator(session: Session, user_id: int) -> None:
    others = session.exec(
        select(func.count())
        .select_from(RoleGrant)
        .join(AppUser, col(AppUser.id) == col(RoleGrant.user_id))
        .where(
            RoleGrant.role == Role.ADMIN,
            col(RoleGrant.ended_at).is_(None),
            AppUser.is_active,
            AppUser.id != user_id,
        )
    ).one()
    if others == 0:
        raise LastAdministrator
