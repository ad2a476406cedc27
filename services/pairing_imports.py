"""Importing a pairing ledger: it registers helpers and their pairs with children of the roster (area J)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from db.base import new_uid
from db.locks import Turn, take_turn
from db.sealing import seal_text
from db.tables import Helper, ImportBatch, ImportKind, Pairing, PairingEnd, PairingRole, PairingSubsidy
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.exchange.pairing_columns import PAIRINGS
from services.exchange.pairing_ledger import PairingReading, parse_pairings
from services.exchange.readings import ListReading, Position
from services.exchange.reasons import Reason
from services.import_rows import rows_taken, write_batch
from services.imports.pairing_matching import (
    PairingMatch,
    PlannedHelper,
    load_pairs,
    match_pairings,
    roles_of,
    standing,
)
from services.imports.reading import reader_of
from services.imports.returning import merged_reading
from services.imports.stored import load_children
from services.imports.writing import Progress
from services.student_imports import ImportPreview, ImportResult
from services.student_keys import name_keys

_BLAMED = {
    Reason.NAME_ID_MISMATCH: "id_number",
    Reason.PAIR_DAY_UNREADABLE: "start",
    Reason.PAIR_TAKEN: "role",
    Reason.PAIR_DIFFERS: "end",
    Reason.HELPER_AMBIGUOUS: "helper",
    Reason.HELPER_FULL: "helper",
    Reason.HELPER_LEFT: "helper",
}

read_pairings = reader_of(parse_pairings)
"""Read a pairing ledger."""


@dataclass(frozen=True, slots=True)
class PairingPreview(ImportPreview):
    """What the import of a ledger would do, row by row; only children of the roster are paired."""

    matches: tuple[PairingMatch, ...] = field(repr=False, compare=False, default=())
    standing: dict[str, Any] = field(repr=False, compare=False, default_factory=dict)

    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the rows whose pair can't be among the rejected, repeated ones among those."""
        remarks = tuple(each.remarks for each in self.matches)
        return merged_reading(self.reading, self.rows, remarks, labels=PAIRINGS.labels, blamed=_BLAMED)

    def summary(self) -> dict[str, Any]:  # the counts are written to JSON as they are
        """Return the counts and positions of the whole import, how pairs would stand today, and what would be new."""
        roles = roles_of(self.matches)
        new = {role.value: roles[role] for role in PairingRole if roles[role]}
        helpers = {id(each.new.helper) for each in self.matches if each.new is not None and each.new.helper.is_new}
        # Without a calendar nobody knows of which term it is: kept in words with the pair.
        in_words = sum(bool(each.row.subsidy_fen) for each in self.matches if each.new and each.new.term_id is None)
        more = {"new_by_role": new, "new_helpers": len(helpers), "subsidies_in_words": in_words}
        return ImportPreview.summary(self) | self.standing | more


@permitted(Permission.STUDENT_IMPORT)
def preview_pairings(session: Session, actor: Actor, *, reading: PairingReading) -> PairingPreview:
    """Say what the import of a ledger would do; writes nothing. Twelve statements, however long the list."""
    return _preview(session, reading)


@permitted(Permission.STUDENT_IMPORT)
def confirm_pairings(
    session: Session,
    actor: Actor,
    *,
    preview: ImportPreview,
    file_name: str,
    digest: str,
    ticked: Collection[Position] | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Write helpers and pairs, in the caller's one transaction; a list that says nothing new writes nothing.

    Rows matched by name and class that are not in `ticked` are left out; None ticks them all.

    Raises:
        StalePreview: register or pairs have changed since, and the import would now do something else.
    """
    take_turn(session, Turn.IMPORT)
    current = _preview(session, preview.reading, locking=True)
    taken = rows_taken(preview, current, current.matches, ticked=ticked)
    if taken.counts.says_nothing_new:
        return taken.counts

    def write(batch: ImportBatch) -> None:
        new = [each for each in taken.rows if each.new is not None]
        _Writing(session, actor, batch.id or 0, batch.imported_at).write(new, progress)

    return write_batch(
        session, actor, ImportKind.PAIRINGS, taken.counts, current, file_name=file_name, digest=digest, write=write
    )  # fmt: skip


def _preview(session: Session, reading: PairingReading, *, locking: bool = False) -> PairingPreview:
    school_year = current_school_year(load_calendar(session), clock.today())
    children = load_children(session, school_year=school_year, locking=locking)
    stored = load_pairs(session, locking=locking)
    matches = match_pairings(reading.rows, children, stored, school_year=school_year)
    rows = tuple(each.shown for each in matches)
    counts = standing(matches, children, stored, today=clock.today())
    return PairingPreview(reading, school_year, rows, matches=tuple(matches), standing=counts)


@dataclass(slots=True)
class _Writing:
    """Putting helpers, pairs and subsidies into the tables: five statements, however many there are."""

    session: Session
    actor: Actor
    batch_id: int
    now: datetime

    def write(self, matches: Sequence[PairingMatch], progress: Progress | None) -> None:
        if progress is not None:
            progress(0, len(matches))
        helper_ids = self._write_helpers([each.new.helper for each in matches if each.new is not None])
        rows = [self._pair(each, helper_ids) for each in matches]
        self.session.execute(insert(Pairing), rows)
        self._write_subsidies(matches, [row["uid"] for row in rows])
        self.session.expire_all()
        if progress is not None:
            progress(len(matches), len(matches))

    def _write_helpers(self, helpers: Sequence[PlannedHelper]) -> dict[int, int]:
        """Register whoever is new; return the number of every helper."""
        every = {id(each): each for each in helpers}
        new = {key: self._helper(each) for key, each in every.items() if each.is_new}
        ids = {key: each.id or 0 for key, each in every.items()}
        if new:
            self.session.execute(insert(Helper), list(new.values()))
            found = select(Helper.uid, Helper.id).where(col(Helper.import_id) == self.batch_id)
            by_uid = dict(self.session.exec(found).all())
            ids |= {key: by_uid[row["uid"]] or 0 for key, row in new.items()}
        return ids

    def _helper(self, helper: PlannedHelper) -> dict[str, Any]:
        uid, name = new_uid(), None if helper.user_id is not None else helper.name
        return {
            "uid": uid,
            "kind": helper.kind,
            "user_id": helper.user_id,
            "name": name,
            "name_order": name_keys(name).order if name else "",
            "phone_sealed": seal_text(helper.phone, table="helper", column="phone_sealed", uid=uid),
            "subjects": "",
            "capacity": helper.capacity,
            "from_day": helper.first_day,
            "import_id": self.batch_id,
            "recorded_by_id": self.actor.user_id,
            "recorded_at": self.now,
            "version": 1,
        }

    def _pair(self, match: PairingMatch, helper_ids: dict[int, int]) -> dict[str, Any]:
        if match.new is None:
            raise TypeError(match)
        uid, row = new_uid(), match.row
        content = row.content
        if row.subsidy_fen and match.new.term_id is None:
            content = "\n".join(filter(None, [content, f"补助：{row.subsidy_fen / 100:.2f} 元"]))
        return {
            "uid": uid,
            "student_id": match.new.student_id,
            "helper_id": helper_ids[id(match.new.helper)],
            "role": match.new.role,
            "from_day": row.start,
            "to_day": row.end,
            "end_reason": PairingEnd(row.why_ended or "done") if row.end else None,
            "content_sealed": seal_text(content or None, table="pairing", column="content_sealed", uid=uid),
            "import_id": self.batch_id,
            "recorded_by_id": self.actor.user_id,
            "recorded_at": self.now,
            "version": 1,
        }

    def _write_subsidies(self, matches: Sequence[PairingMatch], uids: Sequence[str]) -> None:
        """Write what is paid for the term in which the pair began; whether it was paid, a ledger does not say."""
        paid = [
            (match, uid)
            for match, uid in zip(matches, uids, strict=True)
            if match.row.subsidy_fen and match.new is not None and match.new.term_id is not None
        ]
        if not paid:
            return
        found = select(Pairing.uid, Pairing.id).where(col(Pairing.import_id) == self.batch_id)
        ids = dict(self.session.exec(found).all())
        rows = [
            {
                "uid": new_uid(),
                "pairing_id": ids[uid],
                "term_id": match.new.term_id if match.new else None,
                "amount_fen": match.row.subsidy_fen,
                "recorded_by_id": self.actor.user_id,
                "recorded_at": self.now,
                "version": 1,
            }
            for match, uid in paid
        ]
        self.session.execute(insert(PairingSubsidy), rows)
