"""Work records as deeds: who did what with whom on which day, read once for all clauses that count them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from db.tables import CareKind, CareRecord, PairingRole
from services.regulations.evaluators import Stint
from services.regulations.facts.children import Children
from services.regulations.facts.reach import Asked, plain_rows
from services.time_line.parts import LocalDay


class Record(NamedTuple):
    """One work record, without its words; it can stand for a deed as it is."""

    row_id: int
    student_id: int
    kind: CareKind
    day: date
    recorded_on: date
    is_done: bool
    author_id: int | None
    helper_id: int | None  # who did it, where that is no account
    minutes: int | None


def read_records(session: Session, asked: Asked, *, kinds: Collection[CareKind], since: date) -> list[Record]:
    """Read the standing records of these kinds from a day on, as far as the day asked about; one statement."""
    rows = plain_rows(
        session,
        select(
            col(CareRecord.id), col(CareRecord.student_id), col(CareRecord.kind), col(CareRecord.day),
            LocalDay(col(CareRecord.recorded_at)), col(CareRecord.is_done), col(CareRecord.author_id),
            col(CareRecord.helper_id), col(CareRecord.minutes),
        ).where(
            col(CareRecord.withdrawn_at).is_(None),
            col(CareRecord.day).between(since, asked.on),
            col(CareRecord.kind).in_(sorted(kinds)),
            asked.reach.of_child(CareRecord.student_id),
        ),
    )  # fmt: skip
    return list(map(Record._make, rows))


Counts = Callable[[Record], bool]


def by_child(records: Iterable[Record], counts: Counts | None, *, of: Collection[int]) -> dict[int, list[Record]]:
    """Return the records of these children that count, by child; all of them where nobody asks who wrote them."""
    found: dict[int, list[Record]] = defaultdict(list)
    for each in records:
        if each.student_id in of and (counts is None or counts(each)):
            found[each.student_id].append(each)
    return found


def by_homeroom(children: Children) -> Counts:
    """Return whether a record was made by the homeroom teacher of that day, or by who stood in for them."""

    def counts(record: Record) -> bool:
        class_id = children.class_on(record.student_id, record.day)
        if class_id is None or record.author_id is None or record.helper_id is not None:
            return False  # written down for a helper, it is not the teacher's own
        teachers = [each.what for each in children.homeroom.get(class_id, ()) if each.holds_on(record.day)]
        return is_or_stood_in(children, record.author_id, teachers, record.day)

    return counts


def by_pair(children: Children, roles: Sequence[PairingRole]) -> Counts:
    """Return whether a record was made by who had the child in such a pair that day, or for them."""
    pairs: list[Mapping[int, Sequence[Stint]]] = [children.pairs.get(role, {}) for role in roles]

    def counts(record: Record) -> bool:
        return any(
            _acted(children, record, stint.helper_id)
            for pair in pairs
            for stint in pair.get(record.student_id, ())
            if stint.from_day <= record.day and (stint.to_day is None or record.day < stint.to_day)
        )

    return counts


def _acted(children: Children, record: Record, helper_id: int | None) -> bool:
    """Say whether a helper did what a record tells of, or somebody in their place."""
    if record.helper_id is not None or helper_id is None:
        return record.helper_id == helper_id
    account = children.helper_accounts.get(helper_id)
    if account is None or record.author_id is None:
        return False
    return is_or_stood_in(children, record.author_id, [account], record.day)


def is_or_stood_in(children: Children, author_id: int, wanted: Sequence[int], day: date) -> bool:
    """Say whether an account is one of those wanted, or stood in for one of them on a day."""
    if author_id in wanted:
        return True
    return any(
        span.what == author_id and span.holds_on(day)
        for user_id in wanted
        for span in children.deputies.get(user_id, ())
    )
