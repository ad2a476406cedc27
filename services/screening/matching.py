"""Which child and which round a row of results means, and what of it is new (H-01)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from db.sealing import open_text
from db.tables import ScreeningResult, ScreeningRound
from services.calendar import SchoolCalendar
from services.classes import class_label
from services.exchange.reasons import Reason
from services.exchange.screening import ReadResult, ScreeningRow
from services.imports.ledgers import find_child
from services.imports.matching import FieldChange, MatchedBy, Outcome, PreviewRow
from services.imports.stored import StoredChild, StoredChildren
from services.screening.rounds import Term, find_rounds, term_on
from services.screening.scales import INCOMPLETE, Scores
from services.students import NO_CLASS

TABLE, SCORES = "screening_result", "scores_sealed"


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result nobody has stored yet; one that corrects another of its day has the number after it."""

    student_id: int
    term: Term
    day: date
    read: ReadResult
    number: int = 1
    corrected: str = ""  # what stands now, in words


@dataclass(slots=True)
class ScreeningMatch:
    """A row, what it would do, and the results it brings."""

    row: ScreeningRow
    shown: PreviewRow
    new: tuple[NewResult, ...] = ()


class StoredResult(NamedTuple):
    """One stored result, its scores sealed."""

    taken_on: date
    number: int
    uid: str
    sealed: bytes

    @property
    def text(self) -> str | None:
        """Its scores, opened."""
        return open_text(self.sealed, table=TABLE, column=SCORES, uid=self.uid)


@dataclass(slots=True)
class StoredResults:
    """The results of the rounds a file speaks of, their scores opened only where they are compared."""

    rounds: Mapping[tuple[Term, str], ScreeningRound]
    rows: dict[tuple[int, str, Term], list[StoredResult]] = field(default_factory=dict)

    def is_closed(self, term: Term, scale: str) -> bool:
        """Whether a round takes no more results."""
        found = self.rounds.get((term, scale))
        return found is not None and found.closed_at is not None

    def of(self, student_id: int, scale: str, term: Term) -> list[StoredResult]:
        """Return a child's results in a round."""
        return self.rows.get((student_id, scale, term), [])

    def that_count(self, student_id: int, scale: str, term: Term) -> list[StoredResult]:
        """Return a child's results in a round without those that were corrected: the last one of each day."""
        last: dict[date, StoredResult] = {}
        for each in sorted(self.of(student_id, scale, term), key=lambda stored: stored.number):
            last[each.taken_on] = each
        return list(last.values())


def load_results(
    session: Session, rows: Sequence[ScreeningRow], calendar: SchoolCalendar, today: date
) -> StoredResults:
    """Read the rounds and results a file may repeat; two statements."""
    wanted = {(term_on(calendar, row.day or today), each.scale.code) for row in rows for each in row.results}
    rounds = find_rounds(session, wanted)
    keys = {found.id: key for key, found in rounds.items()}
    stored = StoredResults(rounds)
    found = session.execute(
        select(  # type: ignore[call-overload]  # more columns than the stubs know
            ScreeningResult.round_id,
            ScreeningResult.student_id,
            ScreeningResult.taken_on,
            ScreeningResult.number,
            ScreeningResult.uid,
            ScreeningResult.scores_sealed,
        ).where(col(ScreeningResult.round_id).in_(keys))
    )
    for round_id, student_id, *result in found:
        term, scale = keys[round_id]
        stored.rows.setdefault((student_id, scale, term), []).append(StoredResult(*result))
    return stored


def scores_as_text(scores: Scores) -> str:
    """Return scores as they are sealed."""
    content: dict[str, Any] = {"total": None if scores.total is None else _plain(scores.total)}
    if scores.validity is not None:
        content["validity"] = _plain(scores.validity)
    if scores.subscales:
        content["subscales"] = {code: _plain(score) for code, score in scores.subscales}
    if scores.items:
        content["items"] = {str(number): _plain(score) for number, score in scores.items}
    return json.dumps(content, sort_keys=True)


def scores_from_text(text: str) -> Scores:
    """Return scores as they were sealed."""
    content: dict[str, Any] = json.loads(text)
    return Scores(
        total=content["total"],
        validity=content.get("validity"),
        subscales=tuple(content.get("subscales", {}).items()),
        items=tuple((int(number), score) for number, score in content.get("items", {}).items()),
    )


def _plain(score: float) -> float:
    return int(score) if score == int(score) else score


def match_results(
    rows: Sequence[ScreeningRow],
    children: StoredChildren,
    results: StoredResults,
    *,
    calendar: SchoolCalendar,
    school_year: int,
    today: date,
    corrects: bool,
) -> list[ScreeningMatch]:
    """Say of every row whom it means and what of it is new; what stands there already, or twice in the file, is not.

    Other scores of a day are refused, unless the file `corrects` what stands.
    """
    matcher = _Matcher(children, results, calendar, school_year, today, corrects=corrects)
    return [matcher.match(row) for row in rows]


class _Matcher:
    def __init__(
        self,
        children: StoredChildren,
        results: StoredResults,
        calendar: SchoolCalendar,
        school_year: int,
        today: date,
        *,
        corrects: bool,
    ) -> None:
        self.children, self.results, self.calendar = children, results, calendar
        self.school_year, self.today, self.corrects = school_year, today, corrects
        self.in_file: dict[tuple[int, str, date], str] = {}

    def match(self, row: ScreeningRow) -> ScreeningMatch:
        child, by, reason = find_child(row, self.children)
        if child is None or by is None:
            return self._refused(row, reason or Reason.STUDENT_NOT_IN_ROSTER)
        day = row.day or self.today
        term = term_on(self.calendar, day)
        new: list[NewResult] = []
        repeated = 0
        for read in row.results:
            found = self._compare(child, row, read, day, term)
            if isinstance(found, Reason) and found is not Reason.DUPLICATE:
                return self._refused(row, found)
            repeated += found is Reason.DUPLICATE
            if isinstance(found, NewResult):
                new.append(found)
        if repeated == len(row.results):
            return self._refused(row, Reason.DUPLICATE)
        for each in new:
            self.in_file[child.id, each.read.scale.code, day] = scores_as_text(each.read.scores)
        return ScreeningMatch(row, self._shown(row, child, by, new), tuple(new))

    def _compare(
        self, child: StoredChild, row: ScreeningRow, read: ReadResult, day: date, term: Term
    ) -> Reason | NewResult | None:
        """Return the new result; why it can't be taken; None where it is stored already."""
        scale, text = read.scale.code, scores_as_text(read.scores)
        before = self.in_file.get((child.id, scale, day))
        if before is not None:
            return Reason.DUPLICATE if before == text else Reason.RESULT_DIFFERS
        counting = self.results.that_count(child.id, scale, term)
        compared = counting if self.corrects else self.results.of(child.id, scale, term)
        if any(each.text == text for each in compared if row.day is None or each.taken_on == day):
            return None
        stands = next((each for each in counting if each.taken_on == day), None)
        if stands is not None and not self.corrects:
            return Reason.RESULT_DIFFERS
        if self.results.is_closed(term, scale):
            return Reason.ROUND_CLOSED
        if stands is None:
            return NewResult(child.id, term, day, read)
        return NewResult(child.id, term, day, read, stands.number + 1, _stored_words(stands))

    def _shown(self, row: ScreeningRow, child: StoredChild, by: MatchedBy, new: Sequence[NewResult]) -> PreviewRow:
        place = child.class_in(self.school_year)
        return PreviewRow(
            row.position,
            child.name,
            class_label(*place) if place else NO_CLASS,
            _outcome(new),
            by,
            child.id,
            child.version,
            tuple(
                FieldChange(each.read.scale.code, each.read.scale.short, each.corrected, _words(each.read))
                for each in new
            ),
        )

    def _refused(self, row: ScreeningRow, reason: Reason) -> ScreeningMatch:
        label = class_label(row.grade, row.class_no) if row.grade and row.class_no else ""
        return ScreeningMatch(row, PreviewRow(row.position, row.name, label, Outcome.CONFLICT, reason=reason))


def _outcome(new: Sequence[NewResult]) -> Outcome:
    if any(each.number > 1 for each in new):
        return Outcome.CHANGED
    return Outcome.NEW if new else Outcome.UNCHANGED


def _stored_words(stored: StoredResult) -> str:
    total = scores_from_text(stored.text or '{"total": null}').total
    return INCOMPLETE if total is None else f"{_plain(total)} 分"


def _words(read: ReadResult) -> str:
    level, total = read.judgement.level, read.scores.total
    if level is None or total is None:
        return INCOMPLETE
    return f"{_plain(total)} 分，{level.name if read.judgement.is_valid else '作废'}"
