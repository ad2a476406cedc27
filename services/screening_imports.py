"""Importing results of a screening: they are added to children of the roster, and make no child (H-01, H-02)."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from db.base import new_uid
from db.locks import Turn, take_turn
from db.sealing import seal_text
from db.tables import (
    ClassMembership,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    ImportBatch,
    ImportKind,
    SchoolClass,
    ScreeningAbsence,
    ScreeningResult,
    Student,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.errors import NotFound
from services.exchange.headers import Corrections
from services.exchange.lists import RowsRead
from services.exchange.readings import ListReading, Position
from services.exchange.reasons import Reason
from services.exchange.screening import EARLIEST, ScreeningReading, parse_screening
from services.exchange.screening_columns import screening_spec
from services.exchange.sheets import read_workbook
from services.fields import Checker
from services.import_rows import rows_taken, write_batch
from services.imports.ledgers import find_child
from services.imports.returning import merged_reading
from services.imports.stored import load_children
from services.imports.writing import Progress
from services.row_filters import sees_students
from services.screening.corrections import let_go_of_corrected
from services.screening.known import known_scales
from services.screening.matching import (
    SCORES,
    TABLE,
    NewResult,
    ScreeningMatch,
    load_results,
    match_results,
    scores_as_text,
)
from services.screening.rounds import Term, begin_rounds, find_rounds, term_on
from services.screening.scales import NO_LEVEL, Judgement, Scale
from services.student_imports import ImportPreview, ImportResult
from services.students import LEFT_SCHOOL

_BLAMED = {Reason.NAME_ID_MISMATCH: "id_number"}
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ScreeningPreview(ImportPreview):
    """What the import of results would do, row by row; `answers` is what the family of each child says of screening."""

    matches: tuple[ScreeningMatch, ...] = field(repr=False, compare=False, default=())
    answers: Mapping[int, ConsentAnswer] = field(repr=False, compare=False, default_factory=dict)
    pupils: int = 0  # of the school today
    absent_ids: frozenset[int] = frozenset()
    newly_absent: frozenset[tuple[Term, str, int]] = field(repr=False, compare=False, default=frozenset())

    @property
    def beside(self) -> int:
        """How many children confirming would note as away: a list may hold nobody else."""
        return len({child for _, _, child in self.newly_absent})

    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the rows whose child can't be told among the rejected, repeated ones among those."""
        scales = tuple(known_scales().values())
        labels = screening_spec(scales).labels
        remarks = ((),) * len(self.rows)
        return merged_reading(self.reading, self.rows, remarks, labels=labels, blamed=_BLAMED)

    @property
    def undated(self) -> frozenset[Position]:
        """The rows with new results that name no day: by it depend the round and by when somebody talks (H-04)."""
        return frozenset(match.shown.position for match in self.matches if match.new and match.row.day is None)

    @property
    def differing(self) -> int:
        """How many rows are refused for other scores than those that stand of the same day."""
        return sum(row.reason is Reason.RESULT_DIFFERS for row in self.rows)

    @property
    def results(self) -> Iterator[NewResult]:
        """Every result confirming would store."""
        return (each for match in self.matches for each in match.new)

    def without_consent(self, answer: ConsentAnswer | None) -> int:
        """Count the children with a new result whose family said so, or was never asked."""
        return sum(self.answers.get(child) is answer for child in {each.student_id for each in self.results})

    def summary(self) -> dict[str, Any]:  # the counts are written to JSON as they are
        """Return the counts and positions of the whole import, and what the list says of its children by scale."""
        counts = ImportPreview.summary(self) | {
            "absent_children": len(self.absent_ids),
            "results_without_consent": self.without_consent(None),
            "results_against_refusal": self.without_consent(ConsentAnswer.REFUSED)
            + self.without_consent(ConsentAnswer.WITHDRAWN),
            "roster_students": self.pupils,
        }
        reading: ScreeningReading = self.reading  # type: ignore[assignment]
        by_scale = {code: self._of_scale(scale) for code, scale in sorted(reading.scales.items())}
        first: dict[str, Any] = next(iter(by_scale.values()), {})
        return counts | first | ({"by_scale": by_scale} if len(by_scale) > 1 else {})

    def _of_scale(self, scale: Scale) -> dict[str, Any]:
        """Count children by their latest valid result in the file."""
        latest: dict[int, tuple[date, Any]] = {}
        for match in self.matches:
            if match.shown.reason is not None or match.shown.student_id is None:
                continue
            day = match.row.day or date.max
            for read in match.row.results:
                if read.scale.code == scale.code and read.judgement.is_valid:
                    before = latest.get(match.shown.student_id)
                    if before is None or before[0] <= day:
                        latest[match.shown.student_id] = (day, read)
        bands = Counter(_level_code(read.judgement) for _, read in latest.values())
        found = {
            "students_with_a_valid_result": len(latest),
            "bands_by_latest_valid_result": {each.code: bands[each.code] for each in scale.levels},
            "roster_students_without_valid_result": self.pupils - len(latest),
        }
        limits = {each.high for each in scale.subscales if each.high is not None}
        if len(limits) == 1:
            limit, gravest = f"{limits.pop():g}", scale.levels[-1]
            high = sum(bool(read.judgement.high) for _, read in latest.values())
            flagged = sum(
                bool(read.judgement.high) or _level_code(read.judgement) == gravest.code for _, read in latest.values()
            )
            found[f"students_with_any_subscale_{limit}_or_more"] = high
            found[f"students_flagged_total_{gravest.from_score:g}_or_subscale_{limit}"] = flagged
        return found


def read_screening(
    data: bytes,
    *,
    file_name: str,
    corrections: Corrections | None = None,
    today: date | None = None,
    progress: RowsRead | None = None,
) -> ScreeningReading:
    """Read a spreadsheet of results; touches no table.

    Raises:
        UnreadableFile: one subclass for each kind of refusal; `refusal_sentence` words it.
        ScalesUnusable: a scale file of the school's own can't be used.
    """
    scales, workbook = known_scales(), read_workbook(data, file_name=file_name)
    return parse_screening(
        workbook, scales=scales, today=today or clock.today(), corrections=corrections, progress=progress
    )


def check_tested_on(day: date | None) -> date:
    """Return the day on which the children of undated rows were tested, as somebody says it.

    Raises:
        FieldErrors: there is none, it is still to come, or no list of results is as old.
    """
    check = Checker()
    if day is None:
        check.add("tested_on", "required")
    check.not_future("tested_on", day, today=clock.today())
    if day is not None and day < EARLIEST:
        check.add("tested_on", "too_early", day=day)
    check.finish()
    if day is None:  # refused above; said again for the types
        raise NotFound
    return day


def with_days(reading: ScreeningReading, days: Mapping[Position, date]) -> ScreeningReading:
    """Return the reading with the days that somebody said of rows that name none."""
    rows = [replace(row, day=days[row.position]) if row.position in days else row for row in reading.rows]
    return replace(reading, rows=rows)


def as_correction(reading: ScreeningReading) -> ScreeningReading:
    """Return the reading as one whose scores count where others stand of the same day; those stay beside them."""
    return replace(reading, corrects=True)


@permitted(Permission.SCREENING_WRITE)
def preview_screening(session: Session, actor: Actor, *, reading: ScreeningReading) -> ScreeningPreview:
    """Say what the import of results would do; writes nothing. Nine statements, three more where somebody was away."""
    return _Importing(session, actor, reading, locking=False).preview


@permitted(Permission.SCREENING_WRITE)
def confirm_screening(
    session: Session,
    actor: Actor,
    *,
    preview: ScreeningPreview,
    file_name: str,
    digest: str,
    ticked: Collection[Position] | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Do what the preview says, in the caller's one transaction; a list that says nothing new writes nothing.

    Rounds that are not there yet begin. Rows matched by name and class that are not in `ticked` are left out; None
    ticks them all.

    Raises:
        StalePreview: register or results have changed since, and the import would now do something else.
    """
    take_turn(session, Turn.IMPORT)
    now = _Importing(session, actor, preview.reading, locking=True)  # type: ignore[arg-type]
    current = now.preview
    taken = rows_taken(preview, current, current.matches, ticked=ticked)
    results, absent = [each for match in taken.rows for each in match.new], set(current.newly_absent)
    if not results and not absent:
        return taken.counts

    def write(batch: ImportBatch) -> None:
        _write(session, actor, results, absent, batch_id=batch.id or 0, now=batch.imported_at, progress=progress)

    return write_batch(
        session, actor, ImportKind.SCREENING, taken.counts, current, file_name=file_name, digest=digest, write=write
    )  # fmt: skip


class _Importing:
    """What is stored, read once, and what a file would add to it."""

    def __init__(self, session: Session, actor: Actor, reading: ScreeningReading, *, locking: bool) -> None:
        self.session, self.actor, self.reading = session, actor, reading
        self.today, self.calendar = clock.today(), load_calendar(session)
        school_year = current_school_year(self.calendar, self.today)
        self.children = load_children(session, school_year=school_year, locking=locking)
        self.stored = load_results(session, [*reading.rows, *reading.absent], self.calendar, self.today)
        matches = match_results(
            reading.rows,
            self.children,
            self.stored,
            calendar=self.calendar,
            school_year=school_year,
            today=self.today,
            corrects=reading.corrects,
        )
        self.preview = ScreeningPreview(
            reading,
            school_year,
            tuple(match.shown for match in matches),
            matches=tuple(matches),
            answers=_answers(session),
            pupils=_pupils(session, actor, school_year),
            absent_ids=frozenset(self._absent_children()),
        )
        self.preview = replace(self.preview, newly_absent=frozenset(self._new_absences()))

    def _absent_children(self) -> set[int]:
        found = (find_child(row, self.children)[0] for row in self.reading.absent)
        return {child.id for child in found if child is not None}

    def _new_absences(self) -> set[tuple[Term, str, int]]:
        """Return who was away in which round: of children with a result there, or noted already, nothing is new."""
        days = [row.day for row in self.reading.rows if row.day is not None]
        usual = Counter(days).most_common(1)[0][0] if days else self.today
        wanted: set[tuple[Term, str, int]] = set()
        for row in self.reading.absent:
            child, _, _ = find_child(row, self.children)
            term = term_on(self.calendar, row.day or usual)
            wanted |= {(term, scale, child.id) for scale in self.reading.scales if child is not None}
        if not wanted:
            return wanted
        rounds = find_rounds(self.session, {(term, scale) for term, scale, _ in wanted})
        closed = {key for key, found in rounds.items() if found.closed_at is not None}
        wanted = {(term, scale, child) for term, scale, child in wanted if (term, scale) not in closed}
        ids = {found.id: key for key, found in rounds.items()}
        there: set[tuple[Term, str, int]] = set()
        for table in (ScreeningAbsence, ScreeningResult):
            rows = self.session.exec(select(table.round_id, table.student_id).where(col(table.round_id).in_(ids)))
            there |= {(*ids[round_id], student_id) for round_id, student_id in rows}
        tested = {(each.term, each.read.scale.code, each.student_id) for each in self.preview.results}
        return wanted - there - tested


def _answers(session: Session) -> dict[int, ConsentAnswer]:
    """Return what each family says of screening now; one statement."""
    rows = session.exec(
        select(Consent.student_id, Consent.answer).where(
            Consent.purpose == ConsentPurpose.SCREENING, col(Consent.replaced_at).is_(None)
        )
    )
    return {student_id: ConsentAnswer(answer) for student_id, answer in rows}


def _pupils(session: Session, actor: Actor, school_year: int) -> int:
    """Count who is in a class of this school year; one statement."""
    in_class = (
        select(ClassMembership.student_id)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .where(col(ClassMembership.to_day).is_(None), SchoolClass.school_year == school_year)
    )
    return session.exec(
        select(func.count())
        .select_from(Student)
        .where(sees_students(actor), col(Student.state).not_in(LEFT_SCHOOL), col(Student.id).in_(in_class))
    ).one()


def _write(
    session: Session,
    actor: Actor,
    results: list[NewResult],
    absent: set[tuple[Term, str, int]],
    *,
    batch_id: int,
    now: Any,
    progress: Progress | None,
) -> None:
    """Write results and absences in few statements, beginning the rounds that are not there yet."""
    wanted = {(each.term, each.read.scale.code) for each in results} | {(term, scale) for term, scale, _ in absent}
    rounds = find_rounds(session, wanted)
    missing = sorted(wanted - rounds.keys())
    rounds |= dict(zip(missing, begin_rounds(session, actor, missing, now=now), strict=True))
    ids = {key: found.id or 0 for key, found in rounds.items()}
    for start in range(0, len(results), _AT_ONCE):
        if progress is not None:
            progress(start, len(results))
        rows = [
            _row(each, ids[each.term, each.read.scale.code], actor, batch_id, now)
            for each in results[start : start + _AT_ONCE]
        ]
        session.execute(insert(ScreeningResult), rows)
    if any(each.number > 1 for each in results):
        let_go_of_corrected(session, batch_id=batch_id)
    if absent:
        away = [
            {"round_id": ids[term, scale], "student_id": child, "import_id": batch_id, "recorded_at": now}
            for term, scale, child in sorted(absent)
        ]
        session.execute(insert(ScreeningAbsence), away)
    if progress is not None:
        progress(len(results), len(results))


def _level_code(judgement: Judgement) -> str:
    return judgement.level.code if judgement.level else NO_LEVEL


def _row(new: NewResult, round_id: int, actor: Actor, batch_id: int, now: Any) -> dict[str, Any]:
    uid, judgement = new_uid(), new.read.judgement
    return {
        "uid": uid,
        "round_id": round_id,
        "student_id": new.student_id,
        "taken_on": new.day,
        "number": new.number,
        "is_valid": judgement.is_valid,
        "level": _level_code(judgement),
        "rank": judgement.rank,
        "is_urgent": judgement.is_urgent,
        "needs_contact": judgement.needs_contact,
        "high_count": len(judgement.high),
        "scores_sealed": seal_text(scores_as_text(new.read.scores), table=TABLE, column=SCORES, uid=uid),
        "import_id": batch_id,
        "owner_id": actor.user_id,
        "recorded_at": now,
        "version": 1,
    }
