"""The tiers in the school's own words and number, and what follows from where one stands among them (F-04, table Z)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.tables import Tier, TierColour
from db.transactions import kept_for_one_run
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import SHORT, Checker

MOST_TIERS = 8
_KEPT = "care_tiers"
REVIEW_DAYS = ("F-04.review_red_days", "F-04.review_orange_days", "F-04.review_yellow_days")
UPPER = 2
"""Lowering a child from one of so many upper tiers takes a second person; who stands in one is a key child."""


@dataclass(frozen=True, slots=True)
class TierKind:
    """One tier as lists and its form draw it."""

    id: int
    version: int
    rank: int
    label: str
    colour: TierColour
    is_offered: bool


@dataclass(frozen=True, slots=True)
class TierOrder:
    """All tiers, the gravest first."""

    kinds: tuple[TierKind, ...]

    def of(self, tier_id: int | None) -> TierKind | None:
        """Return a tier by its id."""
        return next((each for each in self.kinds if each.id == tier_id), None)

    @property
    def offered(self) -> tuple[TierKind, ...]:
        """What a child can be put into now."""
        return tuple(each for each in self.kinds if each.is_offered)

    @property
    def key_rank(self) -> int:
        """The rank from which a child is a key child (重点关爱): the upper two."""
        upper = [each.rank for each in self.offered if each.rank > 0][:UPPER]
        return min(upper, default=1)

    def place(self, rank: int) -> int:
        """Return which tier from the gravest a rank is, from 1: the figure it is drawn with."""
        return 1 + sum(each.rank > rank for each in self.offered)

    def takes_second(self, *, before: int | None, after: int) -> bool:
        """Say whether a change takes a second person's yes: out of one of the upper two into a lighter one."""
        return before is not None and before >= self.key_rank and after < before

    def review_parameter(self, rank: int) -> str | None:
        """Return the name of the number of days after which a tier is looked at again; None for the ordinary one."""
        return review_parameter(rank, [each.rank for each in self.offered])


def shortest_review(calendar: SchoolCalendar) -> int:
    """Return after how few days any tier is looked at again, by the numbers of today and all before (0009)."""
    spans = [each for name in REVIEW_DAYS for each in calendar.numbers.spans(name)]
    return min(each.value for each in spans if each.first <= clock.today())


def review_parameter(rank: int, offered_ranks: Sequence[int]) -> str | None:
    """Say by which of the three numbers a tier is looked at again: the gravest, the lightest, all between."""
    above = [each for each in offered_ranks if each > 0]
    if rank <= 0 or not above:
        return None
    if rank >= max(above):
        return REVIEW_DAYS[0]
    return REVIEW_DAYS[2] if rank <= min(above) else REVIEW_DAYS[1]


@permitted(Permission.HOME_READ)
def list_tiers(session: Session, actor: Actor) -> TierOrder:
    """Return the tiers, the gravest first; words, of no child. One statement a run."""
    return tier_order(session)


@permitted(Permission.SCHOOL_WRITE)
def add_tier(
    session: Session, actor: Actor, *, label: str | None, colour: TierColour | None, above_id: int | None
) -> int:
    """Add a tier right above another one; who stands in one stays in it.

    Raises:
        FieldErrors: the word is blank, too long or taken, colour or place is missing, or there are enough of them.
    """
    check = Checker()
    word = check.required_text("label", label, limit=SHORT)
    order = tier_order(session)
    below = order.of(above_id)
    if colour is None:
        check.add("colour", "choice_needed")
    if below is None:
        check.add("above_id", "choice_needed")
    if len(order.kinds) >= MOST_TIERS:
        check.add("label", "too_many_options", limit=MOST_TIERS)
    check.finish()
    if below is None or colour is None:  # refused above; said again for the types
        raise NotFound
    graver = select(Tier).where(col(Tier.rank) > below.rank).order_by(col(Tier.rank).desc())
    for row in session.exec(graver.with_for_update()).all():  # the gravest first, so that no rank is there twice
        row.rank += 1
        session.add(row)
        session.flush()
    row = Tier(rank=below.rank + 1, label=word, colour=colour)
    return _save(session, actor, row)


@permitted(Permission.SCHOOL_WRITE)
def change_tier(
    session: Session,
    actor: Actor,
    *,
    tier_id: int,
    version: int,
    label: str | None,
    colour: TierColour | None,
    is_offered: bool,
) -> None:
    """Rename a tier everywhere, tint it, or no longer offer it; children who stand in it stay there.

    Raises:
        NotFound: there is no such tier.
        FieldErrors: the word is blank, too long or taken; the ordinary tier, or the last above it, can't go.
        EditedMeanwhile: somebody saved it since; `current` is a TierKind.
    """
    try:
        row = lock_version(session, Tier, tier_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(_kind(error.current), edited_by=last_editor(session, error.current)) from None
    check = Checker()
    word = check.required_text("label", label, limit=SHORT)
    if colour is None:
        check.add("colour", "choice_needed")
    others = [each for each in tier_order(session).offered if each.rank > 0 and each.id != tier_id]
    if not is_offered and (row.rank == 0 or not others):
        check.add("is_offered", "tier_stays")
    check.finish()
    row.label, row.colour, row.is_offered = word, colour or row.colour, is_offered
    _save(session, actor, row)


def tier_order(session: Session) -> TierOrder:
    """Return the tiers, the gravest first; one statement a run."""
    kept = kept_for_one_run(session)
    if kept is not None and _KEPT in kept:
        known: TierOrder = kept[_KEPT]
        return known
    rows: Sequence[Tier] = session.exec(select(Tier).order_by(col(Tier.rank).desc())).all()
    order = TierOrder(tuple(_kind(row) for row in rows))
    if kept is not None:
        kept[_KEPT] = order
    return order


def _kind(row: Tier) -> TierKind:
    return TierKind(row.id or 0, row.version, row.rank, row.label, row.colour, row.is_offered)


def _save(session: Session, actor: Actor, row: Tier) -> int:
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise FieldErrors({"label": Problem("taken")}) from None
    if (kept := kept_for_one_run(session)) is not None:
        kept.pop(_KEPT, None)
    audit.record(session, actor, audit.Action.SETTINGS_CHANGED, target=row, fields=["care_tier"])
    return row.id or 0
