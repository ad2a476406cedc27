"""What guardian angels are paid (J-14): written down for a term, paid, and taken back with a reason."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, case, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.base import Labelled
from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    ClassMembership,
    Helper,
    Pairing,
    PairingRole,
    PairingSubsidy,
    SchoolClass,
    Student,
    Term,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import TermDates, load_calendar
from services.editing import changed_fields, last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, FieldErrors, NotFound, Problem
from services.exchange.pairing_ledger import read_fen
from services.fields import LINE, Checker
from services.paging import page_there
from services.pairing.names import helper_name, helper_order
from services.pairing.sight import sees_pairs_of
from services.students import is_in_class, lock_students, shown_class

PAGE_SIZE = 15
MOST_FEN = 10_000_000


class SubsidyPaid(DomainError):
    """It is paid already: what was paid isn't changed, it is taken back and written down anew."""


class SubsidyTakenBack(DomainError):
    """It was taken back; what is owed instead is written down anew."""


class SubsidyState(Labelled):
    """How the subsidy of a pair stands in a term."""

    MISSING = "missing", "还没登记"
    OWED = "owed", "还没发"
    PAID = "paid", "发了"


@dataclass(frozen=True, slots=True)
class SubsidyFilters:
    """Which subsidies of one term."""

    term_id: int
    state: SubsidyState | None = None


@dataclass(frozen=True, slots=True)
class SubsidyRow:
    """A pair with what its helper is paid in a term; without an amount nothing is written down."""

    pairing_id: int
    subsidy_id: int | None
    version: int
    student_id: int
    child: str
    class_label: str
    helper: str
    role: PairingRole
    state: SubsidyState
    amount_fen: int | None
    paid_on: date | None
    note: str | None
    taken_back_on: date | None  # what stood here before was taken back,
    taken_back_why: str | None  # and why


@dataclass(frozen=True, slots=True)
class SubsidyCount:
    """How many pairs stand how in a term, and what they come to; amounts in fen."""

    total: int
    by_state: dict[SubsidyState, int]
    owed_fen: int
    paid_fen: int


@permitted(Permission.SUBSIDY_WRITE)
def list_terms(session: Session, actor: Actor) -> list[TermDates]:
    """Return the terms that have begun, the newest first; from the calendar, no statement of its own."""
    today = clock.today()
    begun = [each for each in load_calendar(session).terms if each.first_day <= today]
    return sorted(begun, key=lambda each: each.first_day, reverse=True)


@permitted(Permission.SUBSIDY_WRITE)
def count_subsidies(session: Session, actor: Actor, *, filters: SubsidyFilters) -> SubsidyCount:
    """Return how the subsidies of a term stand; one statement."""
    state, amount = _state(), func.coalesce(func.sum(col(PairingSubsidy.amount_fen)), 0)
    rows = session.execute(
        _joined(select(state, func.count(), amount), filters.term_id)
        .where(*_wanted(session, actor, filters.term_id))
        .group_by(state)
    ).all()
    counts = {SubsidyState(row[0]): (row[1], row[2]) for row in rows}
    by_state = {each: counts.get(each, (0, 0))[0] for each in SubsidyState}
    return SubsidyCount(
        total=sum(by_state.values()) if filters.state is None else by_state[filters.state],
        by_state=by_state,
        owed_fen=int(counts.get(SubsidyState.OWED, (0, 0))[1]),
        paid_fen=int(counts.get(SubsidyState.PAID, (0, 0))[1]),
    )


@permitted(Permission.SUBSIDY_WRITE)
def list_subsidies(
    session: Session, actor: Actor, *, filters: SubsidyFilters, page: int, total: int, page_size: int = PAGE_SIZE
) -> list[SubsidyRow]:
    """Return one page: what is not written down, then what is owed, then what is paid; by helper; one statement."""
    number = page_there(page, total=total, page_size=page_size)
    wanted = _wanted(session, actor, filters.term_id)
    if filters.state is not None:
        wanted.append(_state() == filters.state.value)
    places = {each.value: place for place, each in enumerate(SubsidyState)}
    rows = session.execute(
        _rows(filters.term_id)
        .where(*wanted)
        .order_by(case(places, value=_state()), helper_order(), col(Student.name_order), col(Pairing.id))
        .limit(page_size)
        .offset((number - 1) * page_size)
    ).all()
    return [_row(row) for row in rows]


@permitted(Permission.SUBSIDY_WRITE)
def list_of_pair(session: Session, actor: Actor, *, pairing_id: int) -> list[tuple[int, SubsidyRow]]:
    """Return what was written down for a pair, by term, the newest first; one statement."""
    rows = session.execute(
        _joined(select(*[*_columns(), PairingSubsidy.term_id]), None)
        .join(Term, col(Term.id) == col(PairingSubsidy.term_id))
        .where(col(Pairing.id) == pairing_id, sees_pairs_of(actor))
        .order_by(col(Term.first_day).desc(), col(PairingSubsidy.id))
    ).all()
    return [(row.term_id, _row(row)) for row in rows]


@permitted(Permission.SUBSIDY_WRITE)
def find_subsidy(session: Session, actor: Actor, *, pairing_id: int, term_id: int) -> SubsidyRow:
    """Return a pair with its subsidy of a term, as its form is drawn; one statement.

    Raises:
        NotFound: there is no such pair, or none this actor may know of.
    """
    row = session.execute(_rows(term_id).where(col(Pairing.id) == pairing_id, sees_pairs_of(actor))).first()
    if row is None:
        raise NotFound
    return _row(row)


@permitted(Permission.SUBSIDY_WRITE)
def save_subsidy(
    session: Session,
    actor: Actor,
    *,
    pairing_id: int,
    term_id: int,
    version: int,
    amount: str | None,
    note: str | None = None,
) -> int:
    """Write down what a pair's helper is to be paid for a term, in yuan; it is owed until it is paid.

    `version` is 0 where the form was drawn from nothing.

    Raises:
        NotFound: there is no such pair or term, or none this actor may know of.
        FieldErrors: the amount is missing or none; the pair did not run in the term.
        SubsidyPaid: what stands there is paid already.
        EditedMeanwhile: somebody wrote it down or changed it since; `current` is a SubsidyRow.
    """
    check = Checker()
    fen = _checked_amount(check, amount)
    text = check.text("note", note, limit=LINE)
    check.finish()
    pair = _lock_pair(session, actor, pairing_id)
    _check_term(session, pair, term_id)
    row = _lock(session, actor, pairing_id, term_id, version)
    if row is not None and row.taken_back_on is None and row.paid_on is not None:
        raise SubsidyPaid
    if row is None:
        row = PairingSubsidy(pairing_id=pairing_id, term_id=term_id, amount_fen=fen, recorded_at=clock.now())
    fields = changed_fields(row, {"amount_fen": fen, "paid_on": None, "taken_back_on": None})
    row.recorded_by_id = actor.id_of_staff
    seal(row, "note_sealed", text)
    seal(row, "taken_back_sealed", None)
    session.add(row)
    _flush(session)
    audit.record(
        session, actor, audit.Action.SUBSIDY_SAVED, target=row, student_id=pair.student_id,
        fields=sorted({*fields, "amount_fen"}),
    )  # fmt: skip
    return row.id or 0


@permitted(Permission.SUBSIDY_WRITE)
def pay_subsidy(session: Session, actor: Actor, *, subsidy_id: int, version: int, day: date | None) -> None:
    """Say that a subsidy was paid on a day.

    Raises:
        NotFound: there is no such subsidy, or none this actor may know of.
        FieldErrors: the day is missing, has not come yet, or lies before the pair began.
        SubsidyPaid, SubsidyTakenBack: it is not owed any more.
        EditedMeanwhile: as `save_subsidy`.
    """
    check = Checker()
    if day is None:
        check.add("paid_on", "required")
    check.not_future("paid_on", day, today=clock.today())
    check.finish()
    row, pair = _lock_standing(session, actor, subsidy_id, version)
    if row.paid_on is not None:
        raise SubsidyPaid
    if day is not None and day < pair.from_day:
        check.add("paid_on", "before_pair", day=pair.from_day)
    check.finish()
    row.paid_on = day
    session.add(row)
    audit.record(
        session, actor, audit.Action.SUBSIDY_PAID, target=row, student_id=pair.student_id,
        day=day.isoformat() if day else None,
    )  # fmt: skip


@permitted(Permission.SUBSIDY_WRITE)
def take_back_subsidy(session: Session, actor: Actor, *, subsidy_id: int, version: int, reason: str | None) -> None:
    """Take a subsidy back, paid or not, with the reason: it counts no more, and may be written down anew.

    Raises:
        NotFound: there is no such subsidy, or none this actor may know of.
        FieldErrors: the reason is missing or too long.
        SubsidyTakenBack: it was taken back before.
        EditedMeanwhile: as `save_subsidy`.
    """
    check = Checker()
    text = check.required_text("reason", reason, limit=LINE)
    check.finish()
    row, pair = _lock_standing(session, actor, subsidy_id, version)
    row.taken_back_on = clock.today()
    seal(row, "taken_back_sealed", text)
    session.add(row)
    audit.record(session, actor, audit.Action.SUBSIDY_TAKEN_BACK, target=row, student_id=pair.student_id)


# --- what can be saved ---


def _checked_amount(check: Checker, amount: str | None) -> int:
    text = check.text("amount", amount, limit=LINE, required=True)
    fen = read_fen(text) if text else None
    if text and (fen is None or not 0 < fen <= MOST_FEN):
        check.add("amount", "amount_shape", most=MOST_FEN // 100)
    return fen or 0


def _check_term(session: Session, pair: Pairing, term_id: int) -> None:
    term = next((each for each in load_calendar(session).terms if each.id == term_id), None)
    if term is None:
        raise NotFound
    if pair.from_day > term.last_day or (pair.to_day is not None and pair.to_day <= term.first_day):
        raise FieldErrors({"term_id": Problem("pair_not_in_term")})


def _lock_pair(session: Session, actor: Actor, pairing_id: int) -> Pairing:
    """Lock the child, then read the pair: two who write down the same term's subsidy wait for each other."""
    found = session.exec(
        select(Pairing)
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .where(col(Pairing.id) == pairing_id, sees_pairs_of(actor))
    ).first()
    if found is None:
        raise NotFound
    lock_students(session, [found.student_id])
    session.refresh(found)
    return found


def _lock(session: Session, actor: Actor, pairing_id: int, term_id: int, version: int) -> PairingSubsidy | None:
    there = session.exec(
        select(PairingSubsidy)
        .where(PairingSubsidy.pairing_id == pairing_id, PairingSubsidy.term_id == term_id)
        .execution_options(populate_existing=True)
    ).first()
    if there is None:
        if version:
            raise NotFound
        return None
    return _lock_version(session, actor, there, version)


def _lock_standing(session: Session, actor: Actor, subsidy_id: int, version: int) -> tuple[PairingSubsidy, Pairing]:
    there = session.get(PairingSubsidy, subsidy_id)
    if there is None:
        raise NotFound
    pair = _lock_pair(session, actor, there.pairing_id)
    row = _lock_version(session, actor, there, version)
    if row.taken_back_on is not None:
        raise SubsidyTakenBack
    return row, pair


def _lock_version(session: Session, actor: Actor, there: PairingSubsidy, version: int) -> PairingSubsidy:
    try:
        return lock_version(session, PairingSubsidy, there.id or 0, version=version)
    except EditedMeanwhile as error:
        current = find_subsidy(session, actor, pairing_id=there.pairing_id, term_id=there.term_id)
        raise EditedMeanwhile(current, edited_by=last_editor(session, error.current)) from None


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError:  # the database's own word, where no check was in between
        raise FieldErrors({"amount": Problem("subsidy_there_now")}) from None


# --- rows ---


def _stands() -> Any:  # a condition
    return and_(col(PairingSubsidy.id).is_not(None), col(PairingSubsidy.taken_back_on).is_(None))


def _state() -> Any:  # a column
    return case(
        (~_stands(), SubsidyState.MISSING.value),
        (col(PairingSubsidy.paid_on).is_(None), SubsidyState.OWED.value),
        else_=SubsidyState.PAID.value,
    )


def _wanted(session: Session, actor: Actor, term_id: int) -> list[Any]:
    """Return the filters: every guardian angel of a day of the term, and every other pair with a subsidy in it."""
    term = next((each for each in load_calendar(session).terms if each.id == term_id), None)
    if term is None:
        raise NotFound
    ran = and_(
        col(Pairing.from_day) <= term.last_day,
        or_(col(Pairing.to_day).is_(None), and_(col(Pairing.to_day) > term.first_day, _lasted())),
    )
    is_angel = and_(col(Pairing.role) == PairingRole.GUARDIAN_ANGEL, ran)
    return [sees_pairs_of(actor), or_(is_angel, _stands())]


def _lasted() -> Any:  # a condition
    return col(Pairing.to_day) > col(Pairing.from_day)


def _columns() -> list[Any]:  # more than the stubs of select can type
    return [
        PairingSubsidy,
        col(Pairing.id).label("pairing_id"),
        col(Pairing.student_id).label("student_id"),
        col(Pairing.role).label("role"),
        col(Student.name).label("child"),
        col(Student.state).label("student_state"),
        SchoolClass.grade,
        SchoolClass.number,
        helper_name().label("helper"),
        _state().label("state"),
    ]


def _rows(term_id: int) -> Any:  # a select whose columns have no common public type
    return _joined(select(*_columns()), term_id)


def _joined(statement: Any, term_id: int | None) -> Any:
    of_term = col(PairingSubsidy.pairing_id) == col(Pairing.id)
    if term_id is not None:
        of_term = and_(of_term, col(PairingSubsidy.term_id) == term_id)
    return (
        statement.select_from(Pairing)
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .join(Helper, col(Helper.id) == col(Pairing.helper_id))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(PairingSubsidy, of_term, isouter=term_id is not None)
    )


def _row(row: Any) -> SubsidyRow:
    stored: PairingSubsidy | None = row.PairingSubsidy
    stands = stored is not None and stored.taken_back_on is None
    return SubsidyRow(
        pairing_id=row.pairing_id,
        subsidy_id=stored.id if stored else None,
        version=stored.version if stored else 0,
        student_id=row.student_id,
        child=row.child,
        class_label=shown_class(row.grade, row.number, row.student_state),
        helper=row.helper,
        role=row.role,
        state=SubsidyState(row.state),
        amount_fen=stored.amount_fen if stored and stands else None,
        paid_on=stored.paid_on if stored and stands else None,
        note=unseal(stored, "note_sealed") if stored and stands else None,
        taken_back_on=stored.taken_back_on if stored else None,
        taken_back_why=unseal(stored, "taken_back_sealed") if stored else None,
    )
