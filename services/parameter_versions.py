"""Setting the numbers of the regulations: each with the day it comes into force, so that what was stays as it was."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlmodel import Session, col, func, select

from db.locks import Turn, take_turn
from db.tables import AppUser, ClauseSwitch, ParameterVersion
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import LAST_YEAR
from services.errors import DomainError, EditedMeanwhile, NotFound
from services.fields import LINE, Checker
from services.regulations.parameters import Change, Numbers, Parameter, parameters


class AlreadyInForce(DomainError):
    """A change that counts already can't be taken back: another one has to follow it."""


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter as the list shows it today."""

    parameter: Parameter
    value: int
    since: date | None  # None: the default
    next_value: int | None
    next_from: date | None


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """One change of a parameter, with who made it and why."""

    id: int
    value: int
    in_force_from: date
    reason: str
    set_by: str | None  # None: the command line
    set_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    is_in_force: bool  # the one that counts today
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class ParameterHistory:
    """A parameter with all its changes, the newest first; `version` is what a form is drawn from."""

    parameter: Parameter
    value: int
    version: int
    changes: tuple[ParameterChange, ...]


def load_numbers(session: Session) -> Numbers:
    """Read what the school set, for the services that compute with it; one statement."""
    rows = session.exec(select(ParameterVersion).where(col(ParameterVersion.withdrawn_at).is_(None)))
    return numbers_of((row.name, Change(row.in_force_from, row.number, int(json.loads(row.value)))) for row in rows)


def numbers_of(changes: Iterable[tuple[str, Change]]) -> Numbers:
    """Put changes together by the parameter they belong to."""
    found: dict[str, list[Change]] = defaultdict(list)
    for name, change in changes:
        found[name].append(change)
    return Numbers(dict(found))


def parameter_on(session: Session, name: str, day: date) -> int:
    """Return a number of the regulations as it was, is or will be in force on a day.

    Raises:
        KeyError: there is no such parameter.
    """
    return load_numbers(session).on(name, day)


@permitted(Permission.SCHOOL_WRITE)
def list_parameters(session: Session, actor: Actor) -> list[ParameterRow]:
    """Return every parameter with its value today and its next change; one statement."""
    numbers, today = load_numbers(session), clock.today()
    return [_row(each, numbers, today) for each in parameters().values()]


def _row(parameter: Parameter, numbers: Numbers, today: date) -> ParameterRow:
    following = numbers.next_change(parameter.name, today)
    return ParameterRow(
        parameter=parameter,
        value=numbers.on(parameter.name, today),
        since=numbers.since(parameter.name, today),
        next_value=following.value if following else None,
        next_from=following.in_force_from if following else None,
    )


@permitted(Permission.SCHOOL_WRITE)
def find_history(session: Session, actor: Actor, *, name: str) -> ParameterHistory:
    """Return a parameter with its changes; two statements.

    Raises:
        NotFound: there is no such parameter.
    """
    parameter = _declared(name)
    names = dict(session.exec(select(AppUser.id, AppUser.display_name)).all())
    rows = session.exec(
        select(ParameterVersion)
        .where(ParameterVersion.name == name)
        .order_by(col(ParameterVersion.in_force_from).desc(), col(ParameterVersion.number).desc())
    ).all()
    today = clock.today()
    counting = numbers_of(
        (row.name, Change(row.in_force_from, row.number, int(json.loads(row.value))))
        for row in rows
        if row.withdrawn_at is None
    )
    begun = [row for row in rows if row.withdrawn_at is None and row.in_force_from <= today]
    counts_today = begun[0].number if begun else None  # the newest first, see the order above
    return ParameterHistory(
        parameter=parameter,
        value=counting.on(name, today),
        version=max((row.number for row in rows), default=0),
        changes=tuple(
            ParameterChange(
                id=row.id or 0,
                value=int(json.loads(row.value)),
                in_force_from=row.in_force_from,
                reason=row.reason,
                set_by=names.get(row.set_by_id),
                set_at=row.set_at,
                withdrawn_at=row.withdrawn_at,
                withdrawn_by=names.get(row.withdrawn_by_id),
                is_in_force=row.number == counts_today,
                may_withdraw=row.withdrawn_at is None and row.in_force_from > today,
            )
            for row in rows
        ),
    )


@permitted(Permission.SCHOOL_WRITE)
def set_parameter(
    session: Session,
    actor: Actor,
    *,
    name: str,
    value: float | None,
    in_force_from: date | None,
    reason: str,
    version: int,
) -> ParameterVersion:
    """Set a number from today or a later day on; what fell into the time before keeps the number of its time.

    Raises:
        NotFound: there is no such parameter.
        FieldErrors: the value is out of bounds or no change, the day is past or missing, or the reason is.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    parameter = _declared(name)
    number, day, cleaned = _checked(parameter, value=value, in_force_from=in_force_from, reason=reason)
    take_turn(session, Turn.SCHOOL)
    stored = find_history(session, actor, name=name)
    if stored.version != version:
        raise EditedMeanwhile(form_values(stored), edited_by=_last_editor(session, name))
    if load_numbers(session).on(name, day) == number:
        check = Checker()
        check.add("value", "no_change")
        check.finish()
    row = ParameterVersion(
        name=name,
        number=version + 1,
        value=json.dumps(number),
        in_force_from=day,
        reason=cleaned,
        set_by_id=actor.user_id,
        set_at=clock.now(),
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.PARAMETER_SET, target=row, kind=name, after=number, day=day.isoformat())
    return row


def _checked(
    parameter: Parameter, *, value: float | None, in_force_from: date | None, reason: str
) -> tuple[int, date, str]:
    """Return value, day and reason of a change that can be; refuse everything else at once."""
    check, today = Checker(), clock.today()
    number = check.whole_number("value", value)
    if value is None:
        check.add("value", "required")
    elif number is not None and not parameter.least <= number <= parameter.most:
        check.add("value", "beyond_bounds", least=parameter.least, most=parameter.most, unit=parameter.unit_label)
    if in_force_from is None:
        check.add("in_force_from", "required")
    elif in_force_from < today:
        check.add("in_force_from", "in_force_before_today", day=today)
    elif in_force_from.year > LAST_YEAR:
        check.add("in_force_from", "out_of_range")
    cleaned = check.required_text("reason", reason, limit=LINE)
    check.finish()
    if number is None or in_force_from is None:  # refused above; said again for the types
        raise NotFound
    return number, in_force_from, cleaned


@permitted(Permission.SCHOOL_WRITE)
def withdraw_change(session: Session, actor: Actor, *, change_id: int) -> None:
    """Take back a change before it comes into force; it stays in the history as taken back.

    Raises:
        NotFound: there is no such change, or somebody took it back already.
        AlreadyInForce: it counts by now.
    """
    row = take_back(session, actor, ParameterVersion, change_id, begins=lambda row: row.in_force_from)
    audit.record(session, actor, audit.Action.PARAMETER_WITHDRAWN, target=row, kind=row.name)


Taken = TypeVar("Taken", ParameterVersion, ClauseSwitch)


def take_back(
    session: Session, actor: Actor, table: type[Taken], row_id: int, *, begins: Callable[[Taken], date]
) -> Taken:
    """Take back what was set for a day to come, before that day, and return it; the event is the caller's.

    Raises:
        NotFound: there is no such row, or somebody took it back already.
        AlreadyInForce: it counts by now.
    """
    take_turn(session, Turn.SCHOOL)
    row = session.get(table, row_id, with_for_update=True)
    if row is None or row.withdrawn_at is not None:
        raise NotFound
    if begins(row) <= clock.today():
        raise AlreadyInForce
    row.withdrawn_at, row.withdrawn_by_id = clock.now(), actor.user_id
    session.add(row)
    return row


def form_values(history: ParameterHistory) -> dict[str, object]:
    """Return what the form is drawn from: the newest change, or nothing set yet."""
    newest = max(history.changes, key=lambda each: each.id, default=None)
    return {
        "version": history.version,
        "value": newest.value if newest else history.value,
        "in_force_from": newest.in_force_from if newest else None,
        "reason": newest.reason if newest else None,
    }


def _declared(name: str) -> Parameter:
    try:
        return parameters()[name]
    except KeyError:
        raise NotFound from None


def _last_editor(session: Session, name: str) -> str | None:
    newest = select(func.max(ParameterVersion.number)).where(ParameterVersion.name == name).scalar_subquery()
    return session.exec(
        select(AppUser.display_name)
        .join(ParameterVersion, col(ParameterVersion.set_by_id) == col(AppUser.id))
        .where(ParameterVersion.name == name, ParameterVersion.number == newest)
    ).first()
