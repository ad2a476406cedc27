"""Lists from outside that named one entry where the other was registered: of one child that is no difference (S-04)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from db.base import JsonObject
from db.sealing import seal, unseal
from db.tables import (
    CareOption,
    DifferencePart,
    DifferenceSide,
    DifferenceState,
    LeftBehindKind,
    ListDifference,
    ListExchange,
    Student,
    StudentCategory,
)
from services.actors import Actor
from services.list_exchanges import close_difference, content_of
from services.merging.sides import open_rows
from services.students import LEFT_SCHOOL

ONE_CHILD = "两份学生条目合成了一份，名单和登记说的是同一个孩子，这一处不再算差别。"


@dataclass(frozen=True, slots=True)
class _Said:
    """Something the list and our entry of the same matter write otherwise."""

    part: DifferencePart
    theirs: str
    ours: str
    value: str


@dataclass
class Lists:
    """What became of the differences of two entries when they became one; made before anything of them is moved."""

    session: Session
    actor: Actor
    kept: Student
    other: Student
    replaced: dict[int, StudentCategory] = field(default_factory=dict)  # entry that ended → the one that goes on
    _entries: list[StudentCategory] = field(init=False)

    def __post_init__(self) -> None:
        self._entries = [
            row for child in (self.kept, self.other) for row in open_rows(self.session, StudentCategory, child)
        ]

    def settle(self) -> None:
        """Close what is said of one child twice; where both write it otherwise, that difference takes its place."""
        rows = self.session.exec(
            select(ListDifference)
            .where(col(ListDifference.student_id).in_([self.kept.id, self.other.id]))
            .order_by(col(ListDifference.id))
        ).all()
        exchanges = self.session.exec(
            select(ListExchange).where(col(ListExchange.id).in_({row.exchange_id for row in rows}))
        ).all()
        for exchange in exchanges:
            self._settle_one(exchange, [row for row in rows if row.exchange_id == exchange.id])

    def _settle_one(self, exchange: ListExchange, rows: Sequence[ListDifference]) -> None:
        named = [
            row for row in rows
            if row.side is not DifferenceSide.REGISTER and row.state is not DifferenceState.NOT_OURS
        ]  # fmt: skip
        unlisted = {row.category_id for row in rows if row.side is DifferenceSide.REGISTER}
        for row in rows:
            if row.state is not DifferenceState.OPEN:
                continue
            if row.side is DifferenceSide.REGISTER and self._is_listed(exchange, row, named, unlisted):
                self._close(row)
            elif row.side is DifferenceSide.LIST:
                entry = self._entry_for(exchange, row)
                if entry is not None:
                    self._compare(exchange, row, entry)
            elif (goes_on := self.replaced.get(row.category_id or 0)) is not None:
                row.category_id, row.version = goes_on.id, row.version + 1
                self.session.add(row)

    def _is_listed(
        self,
        exchange: ListExchange,
        row: ListDifference,
        named: Sequence[ListDifference],
        unlisted: set[int | None],
    ) -> bool:
        """Say whether the list has the child after all, under the other entry; or says the same of it there."""
        goes_on = self.replaced.get(row.category_id or 0)
        if goes_on is not None and goes_on.id in unlisted:
            return True
        if any(each.student_id != row.student_id and _is_same(each, row) for each in named):
            return True
        # A list and a register that agree leave no line: the other entry stood there and was not missed.
        here = {each.id for each in (self.kept, self.other) if each.state not in LEFT_SCHOOL}
        return any(
            entry.kind is exchange.kind
            and entry.student_id in here - {row.student_id}
            and entry.difficulty_id == row.difficulty_id
            and entry.recorded_at <= exchange.recorded_at
            and entry.id not in unlisted
            for entry in self._entries
        )

    def _entry_for(self, exchange: ListExchange, row: ListDifference) -> StudentCategory | None:
        """Return our entry of what the list says of a child, where it stands at the other of the two."""
        found = [
            entry
            for entry in self._entries
            if entry.kind is exchange.kind and entry.student_id != row.student_id and _fits(row, entry)
        ]
        exact = [entry for entry in found if entry.difficulty_id == row.difficulty_id]
        first = next(iter(exact or found), None)
        return self.replaced.get(first.id or 0, first) if first else None

    def _compare(self, exchange: ListExchange, row: ListDifference, entry: StudentCategory) -> None:
        """Let a line "on the list only" be what list and register still write otherwise, or be closed."""
        kept = content_of(row)
        said = list(self._said(row, entry, kept))
        if not said:
            self._close(row)
            return
        for place, each in enumerate(said):
            line = row if place == 0 else ListDifference(
                exchange_id=exchange.id or 0, student_id=row.student_id, side=DifferenceSide.BOTH, part=each.part
            )  # fmt: skip
            line.side, line.part, line.category_id = DifferenceSide.BOTH, each.part, entry.id
            line.difficulty_id, line.version = row.difficulty_id, line.version + (place == 0)
            content = kept | {"theirs": each.theirs, "ours": each.ours, "value": each.value}
            seal(line, "content_sealed", json.dumps(content, ensure_ascii=False))
            self.session.add(line)

    def _said(self, row: ListDifference, entry: StudentCategory, kept: JsonObject) -> Iterator[_Said]:
        value, document = kept.get("value"), kept.get("document")
        if row.difficulty_id is not None and entry.difficulty_id is None:
            option = self.session.get_one(CareOption, row.difficulty_id)
            yield _Said(DifferencePart.KIND, option.label, "", str(row.difficulty_id))
        elif value and row.difficulty_id is None:
            ours = entry.left_behind_kind
            theirs = LeftBehindKind(value).label if value in [each.value for each in LeftBehindKind] else value
            words = ours.label if ours else entry.subkind or ""
            if theirs != words:
                yield _Said(DifferencePart.KIND, theirs, words, value)
        ours_document = unseal(entry, "document_sealed") or ""
        if document and document != ours_document:
            yield _Said(DifferencePart.DOCUMENT, document, ours_document, document)

    def _close(self, row: ListDifference) -> None:
        seal(row, "reason_sealed", ONE_CHILD)
        close_difference(self.session, self.actor, row, DifferenceState.LEFT)


def _is_same(one: ListDifference, other: ListDifference) -> bool:
    """Say whether two lines of a list speak of the same matter; of a difficulty nobody has named, of any."""
    return one.difficulty_id == other.difficulty_id or None in (one.difficulty_id, other.difficulty_id)


def _fits(row: ListDifference, entry: StudentCategory) -> bool:
    return row.difficulty_id == entry.difficulty_id or entry.difficulty_id is None
