"""What a school has to have, and how it stands: every kind with its newest documents, and the six haves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.tables import Document, DocumentReview
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.asking_together import asked
from services.calendar import SchoolCalendar, load_calendar
from services.document_kinds import (
    COUNTS,
    DocumentKind,
    DocumentState,
    Edition,
    Readers,
    document_kinds,
    haves,
    last_day_of,
    state_of,
    state_of_kind,
)

EDITIONS = "editions"
_OVERDUE = frozenset({DocumentState.MISSING, DocumentState.EXPIRED, DocumentState.REVIEW_DUE})
_BETWEEN = "|"


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of document as the list shows it."""

    kind: DocumentKind
    state: DocumentState
    count: int  # documents that are neither replaced nor taken away
    newest_title: str | None
    ends_on: date | None
    looked_on: date | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Every kind this actor may see, and the six haves (C-14): name → whether there is one now."""

    kinds: tuple[KindRow, ...]
    haves: Mapping[str, bool]
    by_state: Mapping[DocumentState, int]


def visible_kinds(actor: Actor) -> list[DocumentKind]:
    """Return the kinds this actor reads: what all staff work by, and for the team what may name children."""
    is_team = allows(actor, Permission.DOCUMENT_READ_TEAM)
    return [each for each in document_kinds().values() if is_team or each.readers is Readers.STAFF]


def provable_clauses() -> list[str]:
    """Return every clause a document can prove, in order."""
    return sorted({clause for each in document_kinds().values() for clause in each.clauses})


@permitted(Permission.DOCUMENT_READ)
def find_overview(session: Session, actor: Actor) -> Overview:
    """Return every kind with how it stands, and the six haves; two statements, however many documents there are."""
    calendar, today = load_calendar(session), clock.today()
    kinds = visible_kinds(actor)
    found = _newest_editions(session)
    states = {
        name: [state_of(edition, today=today, calendar=calendar) for _, edition in found[name]]
        for name in document_kinds()
    }
    listed = tuple(_kind_row(each, found[each.name], states[each.name], calendar) for each in kinds)
    # Who may not read a kind still sees whether the school has it: the six haves name no document.
    having = _having(states)
    counts: dict[DocumentState, int] = defaultdict(int)
    for row in listed:
        counts[row.state] += 1
    return Overview(listed, having, dict(counts))


def standing_haves(session: Session, *, on: date, calendar: SchoolCalendar) -> dict[str, bool]:
    """Return which of the six haves a document that holds on a day proves (C-14), for the rules; one statement."""
    found = _newest_editions(session)
    return _having(
        {name: [state_of(each, today=on, calendar=calendar) for _, each in found[name]] for name in document_kinds()}
    )


def _newest_editions(session: Session) -> Mapping[str, list[tuple[str, Edition]]]:
    found: dict[str, list[tuple[str, Edition]]] = defaultdict(list)
    latest = latest_looks()
    rows: Any = session.execute(
        select(Document, latest.c.looked_on)
        .join(latest, latest.c.document_id == col(Document.id), isouter=True)
        .where(_is_newest())
        .order_by(col(Document.valid_from), col(Document.id))
    )
    for document, looked_on in rows:
        found[document.kind].append((document.title, edition_of(document, looked_on)))
    return found


def _having(states: Mapping[str, Sequence[DocumentState]]) -> dict[str, bool]:
    return {
        name: any(
            state in COUNTS for each in document_kinds().values() if each.have == name for state in states[each.name]
        )
        for name in haves()
    }


def _kind_row(
    kind: DocumentKind,
    found: Sequence[tuple[str, Edition]],
    states: Sequence[DocumentState],
    calendar: SchoolCalendar,
) -> KindRow:
    state = state_of_kind(kind, states)
    telling = [pair for pair, each in zip(found, states, strict=True) if each is state] or list(found)
    title, edition = telling[-1] if telling else (None, None)
    return KindRow(
        kind=kind,
        state=state,
        count=len(found),
        newest_title=title,
        ends_on=last_day_of(edition, calendar) if edition else None,
        looked_on=edition.looked_on if edition else None,
    )


def editions_part() -> Any:  # a select of one packed column
    """Return the query of what decides how every newest document stands, packed into one text a document.

    For home and the new-term assistant, who ask for many things in one statement: the shape of asking_together.
    """
    latest = latest_looks()
    parts = (Document.kind, Document.valid_from, Document.valid_to, latest.c.looked_on, Document.recorded_at)
    packed: Any = literal("", String)
    for part in parts:
        packed = packed.concat(func.coalesce(cast(part, String), "")).concat(_BETWEEN)
    return (
        asked(EDITIONS, label=packed)
        .select_from(Document)
        .join(latest, latest.c.document_id == col(Document.id), isouter=True)
        .where(_is_newest())
    )


def states_of_kinds(packed: Iterable[str], *, day: date, calendar: SchoolCalendar) -> dict[str, DocumentState]:
    """Return how every kind stands on a day, from the rows of editions_part."""
    found: dict[str, list[DocumentState]] = defaultdict(list)
    for text in packed:
        edition = _unpacked(text)
        found[edition.kind].append(state_of(edition, today=day, calendar=calendar))
    return {name: state_of_kind(kind, found[name]) for name, kind in document_kinds().items()}


def list_wanting(packed: Iterable[str], *, day: date, calendar: SchoolCalendar) -> list[str]:
    """Return the labels of the kinds that are missing, over, or not looked through in time; the six haves first."""
    states = states_of_kinds(packed, day=day, calendar=calendar)
    wanting = [document_kinds()[name] for name, state in states.items() if state in _OVERDUE]
    return [kind.label for kind in sorted(wanting, key=lambda kind: kind.have is None)]


def _unpacked(text: str) -> Edition:
    kind, valid_from, valid_to, looked_on, recorded_at, _ = text.split(_BETWEEN)
    recorded = datetime.fromisoformat(recorded_at)  # in UTC: with its offset on PostgreSQL, without on SQLite
    filed_on = clock.local(recorded if recorded.tzinfo else recorded.replace(tzinfo=UTC)).date()
    looked = max(date.fromisoformat(looked_on), filed_on) if looked_on else filed_on
    return Edition(kind, date.fromisoformat(valid_from), date.fromisoformat(valid_to) if valid_to else None, looked)


def edition_of(document: Document, looked_on: date | None) -> Edition:
    """Return of a document what decides how it stands."""
    filed_on = clock.local(document.recorded_at).date()
    return Edition(document.kind, document.valid_from, document.valid_to, max(looked_on or filed_on, filed_on))


def latest_looks() -> Any:  # a subquery
    """Return for each document when somebody last looked it through."""
    return (
        select(DocumentReview.document_id, func.max(DocumentReview.looked_on).label("looked_on"))
        .group_by(col(DocumentReview.document_id))
        .subquery()
    )


def _is_newest() -> ColumnElement[bool]:
    """Return the filter on documents that are neither taken away nor replaced."""
    newer = aliased(Document)
    replaced = select(newer.replaces_id).where(col(newer.replaces_id).is_not(None))
    return and_(col(Document.withdrawn_at).is_(None), col(Document.id).not_in(replaced))
