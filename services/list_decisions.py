"""Deciding on what differs between a list and the register: nothing changes without somebody's tick (S-04)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    CategoryKind,
    DifferencePart,
    DifferenceSide,
    DifferenceState,
    FoundBy,
    Guardian,
    GuardianKind,
    LeftBehindKind,
    ListDifference,
    ListExchange,
    Student,
    StudentCategory,
)
from services import categories, clock, contact_cards, guardians
from services.access import Permission, permitted
from services.actors import Actor
from services.categories import CategoryDetails
from services.errors import DomainError, FieldErrors, NotFound, Problem
from services.fields import LINE, LONG, Checker
from services.guardians import GuardianEntry
from services.list_exchanges import close_difference, content_of
from services.list_standing import Standing, phones_after, phones_of, standings_of
from services.student_files import guardian_card
from services.students import lock_named


@dataclass(frozen=True, slots=True)
class Chosen:
    """A difference somebody ticked, as it stood on screen."""

    id: int
    version: int
    standing: Standing | None = None  # our side as it was shown; None: as it stood when the list came


@dataclass(frozen=True, slots=True)
class DecidedRow:
    """A difference somebody else has decided meanwhile: whose, by whom."""

    name: str
    decided_by: str | None


class DecidedMeanwhile(DomainError):
    """Somebody decided on one of these first; nothing was changed."""

    def __init__(self, rows: tuple[DecidedRow, ...]) -> None:
        super().__init__(len(rows))
        self.rows = rows


class CannotAdopt(DomainError):
    """The list can't be followed for a child: the register says otherwise by now; nothing was changed."""

    def __init__(self, name: str, problem: Problem | None) -> None:
        super().__init__()
        self.name, self.problem = name, problem


@permitted(Permission.LIST_EXCHANGE)
def adopt_differences(
    session: Session,
    actor: Actor,
    *,
    exchange_id: int,
    chosen: Sequence[Chosen],
    from_day: date | None,
    evidence: str | None,
    takes_listed_days: bool = False,
) -> int:
    """Follow the list in what was ticked, all or nothing; return how many.

    Who stands on the list only is registered from a day on, with the list as source and evidence; who stands with us
    only is no longer, from that day; what is written otherwise is written as on the list. With `takes_listed_days`
    the day the list itself gives comes first.

    Raises:
        FieldErrors: nothing is ticked, somebody nobody here knows is, or the day can't be.
        NotFound: there is no such difference.
        DecidedMeanwhile: somebody decided on one of them first.
        CannotAdopt: the register no longer says what is shown beside the list.
    """
    _lock_children(session, exchange_id, chosen)
    exchange, rows = _locked(session, exchange_id, chosen)
    check = Checker()
    marks = [row for row in rows if row.part is DifferencePart.MARK]
    if marks and from_day is None:
        check.add("from_day", "required")
    check.not_future("from_day", from_day, today=clock.today())
    words = check.text("evidence", evidence, limit=LONG, required=any(row.side is DifferenceSide.LIST for row in rows))
    if any(row.student_id is None for row in rows):
        check.add("chosen", "nobody_here")
    check.finish()
    shown = {each.id: each.standing for each in chosen}
    for row in rows:
        day = (_listed_day(row) if takes_listed_days else None) or from_day or clock.today()
        try:
            _adopt(session, actor, exchange, row, shown.get(row.id or 0), from_day=day, evidence=words or "")
        except FieldErrors as error:
            raise CannotAdopt(_name(session, row), next(iter(error.problems.values()))) from error
        except DomainError as error:  # ended, or written otherwise, since the list came
            raise CannotAdopt(_name(session, row), None) from error
        close_difference(session, actor, row, DifferenceState.ADOPTED)
    return len(rows)


@permitted(Permission.LIST_EXCHANGE)
def leave_differences(
    session: Session, actor: Actor, *, exchange_id: int, chosen: Sequence[Chosen], reason: str | None
) -> int:
    """Leave what was ticked as it stands with us, and say why; return how many.

    Raises:
        FieldErrors: nothing is ticked, or the reason is blank or too long.
        NotFound, DecidedMeanwhile: as `adopt_differences`.
    """
    _, rows = _locked(session, exchange_id, chosen)
    check = Checker()
    text = check.required_text("reason", reason, limit=LINE)
    check.finish()
    for row in rows:
        seal(row, "reason_sealed", text)
        close_difference(session, actor, row, DifferenceState.LEFT)
    return len(rows)


@permitted(Permission.LIST_EXCHANGE)
def note_not_ours(session: Session, actor: Actor, *, exchange_id: int, chosen: Sequence[Chosen]) -> int:
    """Say of those on the list that they are no pupils of this school; return how many.

    Raises:
        FieldErrors: nothing is ticked, or a child that stands in the register without doubt.
        NotFound, DecidedMeanwhile: as `adopt_differences`.
    """
    _, rows = _locked(session, exchange_id, chosen)
    if any(row.side is not DifferenceSide.LIST for row in rows):
        check = Checker()
        check.add("chosen", "is_ours")
        check.finish()
    for row in rows:
        close_difference(session, actor, row, DifferenceState.NOT_OURS)
    return len(rows)


def _lock_children(session: Session, exchange_id: int, chosen: Sequence[Chosen]) -> None:
    """Lock the children before the differences, as a merge does; one that merged them meanwhile names another child."""
    named = select(ListDifference.student_id).where(
        ListDifference.exchange_id == exchange_id,
        col(ListDifference.id).in_([each.id for each in chosen]),
    )
    lock_named(session, named)


def _locked(session: Session, exchange_id: int, chosen: Sequence[Chosen]) -> tuple[ListExchange, list[ListDifference]]:
    """Lock what was ticked, in the order of its ids, so that two who decide at once come one after the other."""
    if not chosen:
        check = Checker()
        check.add("chosen", "choice_needed")
        check.finish()
    exchange = session.get(ListExchange, exchange_id)
    versions = {each.id: each.version for each in chosen}
    rows = session.exec(
        select(ListDifference)
        .where(ListDifference.exchange_id == exchange_id, col(ListDifference.id).in_(versions))
        .order_by(col(ListDifference.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if exchange is None or len(rows) != len(versions):
        raise NotFound
    stale = [row for row in rows if row.state is not DifferenceState.OPEN or row.version != versions[row.id or 0]]
    if stale:
        who = {row.decided_by_id for row in stale} - {None}
        names: Mapping[int | None, str] = dict(
            session.exec(select(AppUser.id, AppUser.display_name).where(col(AppUser.id).in_(who))).all()
        )
        raise DecidedMeanwhile(tuple(DecidedRow(_name(session, row), names.get(row.decided_by_id)) for row in stale))
    return exchange, list(rows)


def _name(session: Session, row: ListDifference) -> str:
    child = session.get(Student, row.student_id) if row.student_id else None
    return child.name if child else str(content_of(row).get("name", ""))


def _listed_day(row: ListDifference) -> date | None:
    """Return the day a list gives for its mark, if it has come."""
    since = content_of(row).get("since")
    day = date.fromisoformat(since) if since else None
    return day if day is not None and day <= clock.today() else None


def _adopt(
    session: Session,
    actor: Actor,
    exchange: ListExchange,
    row: ListDifference,
    shown: Standing | None,
    *,
    from_day: date,
    evidence: str,
) -> None:
    kept, student_id = content_of(row), row.student_id or 0
    if not _is_as_shown(session, exchange, row, kept, shown):
        raise FieldErrors({"chosen": Problem("register_changed")})
    match row.side, row.part:
        case DifferenceSide.LIST, _:
            categories.add_category(
                session,
                actor,
                student_id=student_id,
                kind=exchange.kind,
                details=_details_of(exchange, row, kept, evidence),
                from_day=from_day,
            )
        case DifferenceSide.REGISTER, _:
            entry = _entry(session, row)
            categories.end_category(
                session, actor, student_id=student_id, category_id=entry.id or 0, version=entry.version, day=from_day
            )
        case _, DifferencePart.PHONE:
            _adopt_phone(session, actor, student_id, str(kept["value"]))
        case _, DifferencePart.ADDRESS:
            card = contact_cards.find_card(session, actor, student_id=student_id)
            changed = replace(card, home_address=str(kept["value"]))
            contact_cards.save_card(session, actor, student_id=student_id, version=card.version, entry=changed)
        case _:
            entry = _entry(session, row)
            categories.change_category(
                session,
                actor,
                student_id=student_id,
                category_id=entry.id or 0,
                version=entry.version,
                details=_changed(entry, row.part, str(kept["value"])),
            )


def _is_as_shown(
    session: Session, exchange: ListExchange, row: ListDifference, kept: dict[str, Any], shown: Standing | None
) -> bool:
    """Say whether the register still says what stood beside the list, so that nothing newer is overwritten."""
    if row.side is DifferenceSide.LIST:
        return True
    now = standings_of(session, [row], kind=exchange.kind)[row.id or 0]
    if not now.is_there:
        raise NotFound
    if row.side is DifferenceSide.REGISTER:
        return now.version == (shown.version if shown else kept.get("version"))
    if now.leaves != (shown.leaves if shown else ""):  # nothing leaves the card that wasn't said beforehand
        return False
    return now.words in (shown.words if shown else kept.get("ours", ""), kept["theirs"])


def _entry(session: Session, row: ListDifference) -> StudentCategory:
    entry = session.get(StudentCategory, row.category_id) if row.category_id else None
    if entry is None or entry.to_day is not None:
        raise NotFound
    return entry


def _details_of(exchange: ListExchange, row: ListDifference, kept: dict[str, Any], evidence: str) -> CategoryDetails:
    value = kept.get("value")
    return CategoryDetails(
        subkind=value if exchange.kind is CategoryKind.SPECIAL_FAMILY else None,
        left_behind_kind=LeftBehindKind(value) if exchange.kind is CategoryKind.LEFT_BEHIND and value else None,
        difficulty_id=row.difficulty_id,
        document=kept.get("document"),
        evidence=evidence,
        found_by=FoundBy.AUTHORITY,
    )


def _changed(entry: StudentCategory, part: DifferencePart, value: str) -> CategoryDetails:
    details = categories.details_of(entry)
    match part:
        case DifferencePart.LEVEL:
            return replace(details, level=int(value))
        case DifferencePart.DOCUMENT:
            return replace(details, document=value)
    match entry.kind:
        case CategoryKind.LEFT_BEHIND:
            return replace(details, left_behind_kind=LeftBehindKind(value))
        case CategoryKind.IN_DIFFICULTY:
            return replace(details, subkind=None, difficulty_id=int(value))
        case _:
            return replace(details, subkind=value)


def _adopt_phone(session: Session, actor: Actor, student_id: int, phone: str) -> None:
    """Write the list's telephone as the main contact's first one; the one before becomes the second.

    Where there were two, one leaves the card: `Standing.leaves` has named it.
    """
    main = _main_contact(session, student_id)
    if main is not None and unseal(main, "phone_sealed") == phone:
        return  # another line of the same list has said so
    if main is None:
        entry = GuardianEntry(kind=GuardianKind.OTHER, phone=phone, is_primary=True)
        guardians.save_guardian(session, actor, student_id=student_id, entry=entry)
        return
    card = guardian_card(main)
    kept = {name: getattr(card, name) for name in GuardianEntry.__dataclass_fields__}
    (first, second), _ = phones_after([*phones_of(main), ""], phone)
    entry = GuardianEntry(**(kept | {"phone": first, "second_phone": second or None}))
    guardians.save_guardian(
        session, actor, student_id=student_id, guardian_id=main.id, version=main.version, entry=entry
    )


def _main_contact(session: Session, student_id: int) -> Guardian | None:
    return session.exec(
        select(Guardian)
        .where(Guardian.student_id == student_id, col(Guardian.ended_at).is_(None))
        .order_by(col(Guardian.is_primary).desc(), col(Guardian.id))
    ).first()
