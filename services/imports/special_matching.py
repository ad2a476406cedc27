"""What a row of the old ledger of 四特 would register, and where it contradicts what is registered (G-01, G-02)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import open_text, seal_text
from db.tables import CareOption, CategoryKind, CheckKind, OptionList, StudentCategory
from services.check_kinds import COVERED
from services.exchange.past_columns import LEVEL_WORDS
from services.exchange.reasons import Reason
from services.exchange.roster_columns import CATEGORIES
from services.exchange.special_ledger import SpecialRow
from services.imports.matching import FieldChange, MatchedBy, Outcome, PreviewRow
from services.imports.past_children import find_past_child, refused, taken
from services.imports.stored import StoredChild, StoredChildren
from services.special_kinds import is_retired, words_of_kinds

TABLE = "student_category"
FOUR_SPECIAL = COVERED[CheckKind.SPECIAL_CHECK]


@dataclass(slots=True)
class StoredSpecial:
    """A child in a kind of 四特, from–to; `id` is None for one that a row above will register."""

    id: int | None
    level: int | None
    evidence: str
    from_day: date
    to_day: date | None
    evidence_sealed: bytes | None = None
    uid: str = ""
    version: int = 0


@dataclass(slots=True)
class SpecialWords:
    """What the school calls kinds and levels."""

    kinds: Mapping[str, CategoryKind]
    levels: Mapping[str, int]
    labels: Mapping[CategoryKind, str]
    level_labels: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class NewSpecial:
    """A category to be registered."""

    student_id: int
    kind: CategoryKind
    level: int | None
    from_day: date
    to_day: date | None
    found_by: str | None
    evidence: str


@dataclass(frozen=True, slots=True)
class FilledSpecial:
    """Blanks of a category in force that the ledger fills; nothing that stands there is overwritten."""

    stored: StoredSpecial
    before: Mapping[str, Any]  # the columns as they stand
    level: int | None
    evidence: str | None

    def values(self) -> dict[str, Any]:
        """Return the columns it gets."""
        values: dict[str, Any] = {}
        if self.level is not None:
            values["level"] = self.level
        if self.evidence is not None:
            sealed = seal_text(self.evidence, table=TABLE, column="evidence_sealed", uid=self.stored.uid)
            values["evidence_sealed"] = sealed
        return values


@dataclass(slots=True)
class SpecialMatch:
    """A row, what it would do, and the remarks it gets."""

    row: SpecialRow
    shown: PreviewRow
    remarks: tuple[Reason, ...] = ()
    new: tuple[NewSpecial, ...] = ()
    filled: tuple[FilledSpecial, ...] = ()


Stored = dict[tuple[int, CategoryKind], list[StoredSpecial]]


def load_special(session: Session, *, locking: bool) -> Stored:
    """Read who is or was registered as 四特; one statement."""
    table = StudentCategory.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    names = ("student_id", "kind", "id", "uid", "level", "evidence_sealed", "from_day", "to_day", "version")
    wanted = select(*(table.c[name] for name in names)).where(table.c.kind.in_(FOUR_SPECIAL)).order_by(table.c.id)
    found: Stored = {}
    for student_id, kind, row_id, uid, level, sealed, from_day, to_day, version in session.execute(
        wanted.with_for_update() if locking else wanted
    ):
        text = open_text(sealed, table=TABLE, column="evidence_sealed", uid=uid) or ""
        entry = StoredSpecial(row_id, level, text, from_day, to_day, sealed, uid, version)
        found.setdefault((student_id, CategoryKind(kind)), []).append(entry)
    return found


def load_words(session: Session) -> SpecialWords:
    """Return what kinds and levels are called: as shipped and as schools write, the school's own words before them."""
    labels = {kind: word for kind, word in words_of_kinds(session).items() if kind in FOUR_SPECIAL}
    own = dict(
        session.exec(
            select(col(CareOption.label), col(CareOption.level)).where(CareOption.list_name == OptionList.LEVEL)
        ).all()
    )
    kinds = {word: CategoryKind(key) for word, key in CATEGORIES.items() if CategoryKind(key) in FOUR_SPECIAL}
    kinds |= {kind.value: kind for kind in FOUR_SPECIAL} | {word: kind for kind, word in labels.items()}
    offered = {word: kind for word, kind in kinds.items() if not is_retired(session, kind)}
    levels = {word.upper(): level for word, level in (LEVEL_WORDS | own).items() if level}
    return SpecialWords(offered, levels, labels, {level: word for word, level in own.items() if level})


def match_special(
    rows: Sequence[SpecialRow],
    children: StoredChildren,
    stored: Stored,
    words: SpecialWords,
    *,
    school_year: int,
    today: date,
) -> list[SpecialMatch]:
    """Say of every row what it would register; what contradicts the register is shown and not written."""
    told: dict[_Stretch, _Statement] = {}
    return [_Row(row, stored, words, told, school_year, today).match(children) for row in rows]


_Stretch = tuple[int, CategoryKind, date | None, date | None]
"""Of whom, which kind, and of one that has ended from when to when: what a file may state once."""
_Statement = tuple[int | None, str, date | None]


class _Row:
    def __init__(
        self,
        row: SpecialRow,
        stored: Stored,
        words: SpecialWords,
        told: dict[_Stretch, _Statement],
        school_year: int,
        today: date,
    ) -> None:
        self.row, self.stored, self.words, self.told = row, stored, words, told
        self.school_year, self.today = school_year, today
        self.new: list[NewSpecial] = []
        self.filled: list[FilledSpecial] = []
        self.changes: list[FieldChange] = []
        self.remarks: list[Reason] = []
        self.planned: list[tuple[list[StoredSpecial], StoredSpecial]] = []
        self.stated: list[_Stretch] = []
        self.repeated: set[CategoryKind] = set()

    def match(self, children: StoredChildren) -> SpecialMatch:
        row = self.row
        (child, by, reason), is_of_today = find_past_child(row, children, day=row.updated, school_year=self.school_year)
        if child is None or by is None:
            return SpecialMatch(row, refused(row, reason or Reason.STUDENT_NOT_IN_ROSTER))
        kinds = [self.words.kinds.get(word) for word in row.kinds]
        known = list(dict.fromkeys(kind for kind in kinds if kind is not None))
        if len(known) < len(set(kinds)):
            return SpecialMatch(row, refused(row, Reason.SPECIAL_KIND_UNKNOWN))
        if row.day is not None and row.day < child.birth_day:
            return SpecialMatch(row, refused(row, Reason.PAST_DAY_UNREADABLE))
        level = self.words.levels.get(row.level.upper())
        if row.level and level is None:
            self.remarks.append(Reason.SPECIAL_LEVEL_UNREADABLE)
        if is_of_today:
            self.remarks.append(Reason.CLASS_OF_TODAY)
        for kind in known:
            if reason := self._said_otherwise(child, kind, level) or self._compare(child, kind, level):
                self._leave_nothing()
                return SpecialMatch(row, refused(row, reason))
        if len(self.repeated) == len(known):
            return SpecialMatch(row, refused(row, Reason.DUPLICATE))
        return self._taken(child, by)

    def _evidence(self, level: int | None) -> str:
        """Return the words to be kept; a level nobody can read is one of them."""
        row = self.row
        unread = f"等级：{row.level}" if row.level and level is None else ""
        return "\n".join(part for part in (row.evidence, unread) if part)

    def _leave_nothing(self) -> None:
        for listed, entry in self.planned:
            listed.remove(entry)
        for stretch in self.stated:
            del self.told[stretch]

    def _said_otherwise(self, child: StoredChild, kind: CategoryKind, level: int | None) -> Reason | None:
        """Refuse what a row above says otherwise, whatever is stored by now: read again, the file does the same."""
        row = self.row
        stretch = (child.id, kind, row.day if row.ended else None, row.ended)
        statement = (level, self._evidence(level), row.day)
        if stretch not in self.told:
            self.told[stretch] = statement
            self.stated.append(stretch)
        elif self.told[stretch] != statement:
            return Reason.SPECIAL_DIFFERS
        else:
            self.repeated.add(kind)
        return None

    def _compare(self, child: StoredChild, kind: CategoryKind, level: int | None) -> Reason | None:
        """Note what is new of one kind; return why the row contradicts what is registered."""
        if kind in self.repeated:
            return None
        row, evidence = self.row, self._evidence(level)
        known = self.stored.get((child.id, kind), [])
        current = next((each for each in known if each.to_day is None), None)
        if row.ended is not None:
            from_day = row.day or row.ended
            if any((each.from_day, each.to_day) == (from_day, row.ended) for each in known):
                return None
            if any(each.to_day is None and row.ended > each.from_day for each in known):
                return Reason.SPECIAL_DIFFERS
            return self._register(child, kind, level, from_day, row.ended, evidence)
        if current is None:
            return self._register(child, kind, level, row.day or self.today, None, evidence)
        if level and current.level and level != current.level:
            return Reason.SPECIAL_DIFFERS
        self._fill(kind, current, level, evidence)
        return None

    def _register(
        self,
        child: StoredChild,
        kind: CategoryKind,
        level: int | None,
        from_day: date,
        to_day: date | None,
        evidence: str,
    ) -> Reason | None:
        """Register a stretch of days that overlaps none that is known."""
        known = self.stored.setdefault((child.id, kind), [])
        last = to_day or date.max
        if any(each.from_day < last and from_day < (each.to_day or date.max) for each in known):
            return Reason.SPECIAL_DIFFERS
        if self.row.day is None:
            self.remarks.append(Reason.SPECIAL_DAY_TODAY)
        self.new.append(NewSpecial(child.id, kind, level, from_day, to_day, self.row.found_by, evidence))
        entry = StoredSpecial(None, level, evidence, from_day, to_day)
        known.append(entry)
        self.planned.append((known, entry))
        self._change(kind, "", self._written(level, from_day, to_day))
        return None

    def _fill(self, kind: CategoryKind, current: StoredSpecial, level: int | None, evidence: str) -> None:
        new_level = level if current.level is None else None
        new_evidence = evidence if evidence and not current.evidence else None
        if new_level or new_evidence:
            before: dict[str, Any] = {"level": current.level} if new_level else {}
            before |= {"evidence_sealed": current.evidence_sealed} if new_evidence else {}
            self.filled.append(FilledSpecial(current, before, new_level, new_evidence))
            self._change(kind, self._level(current.level), self._level(level) if new_level else "补上依据")
        differs = evidence and current.evidence and evidence != current.evidence
        if differs or self.row.day not in (None, current.from_day):
            self.remarks.append(Reason.SPECIAL_KEPT)

    def _change(self, kind: CategoryKind, stored: str, new: str) -> None:
        self.changes.append(FieldChange(kind.value, self.words.labels.get(kind, kind.label), stored, new))

    def _written(self, level: int | None, from_day: date, to_day: date | None) -> str:
        until = f"到 {to_day.isoformat()}" if to_day else "起"
        return "，".join(part for part in (self._level(level), f"{from_day.isoformat()} {until}") if part)

    def _level(self, level: int | None) -> str:
        return self.words.level_labels.get(level, f"{level} 级") if level else ""

    def _taken(self, child: StoredChild, by: MatchedBy) -> SpecialMatch:
        outcome = Outcome.NEW if self.new else Outcome.CHANGED if self.filled else Outcome.UNCHANGED
        shown = taken(self.row, child, by, outcome, tuple(self.changes), school_year=self.school_year)
        remarks = tuple(dict.fromkeys(self.remarks))
        return SpecialMatch(self.row, shown, remarks, tuple(self.new), tuple(self.filled))
