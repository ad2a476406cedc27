"""Whom a list from outside names, and in what it differs from the register; pure, over what was read before (S-04)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from db.base import Labelled
from db.tables import CategoryKind, DifferencePart, DifferenceSide, LeftBehindKind
from services.classes import class_label
from services.exchange.authority import AuthorityRow
from services.exchange.authority_columns import fits_name
from services.exchange.left_behind_columns import fits_mask, read_away
from services.exchange.readings import Position
from services.exchange.reasons import Reason
from services.imports.names import NamedChildren
from services.imports.stored import StoredChild, StoredChildren, StoredGuardian
from services.student_keys import id_number_hash, phone_hash
from services.students import LEFT_SCHOOL, NO_CLASS

EXCHANGED = (CategoryKind.LEFT_BEHIND, CategoryKind.IN_DIFFICULTY, CategoryKind.SPECIAL_FAMILY)
"""What S-04 names; what a child's mind, body or conduct is called stays in the school."""

_LONGEST_DOCUMENT, _LONGEST_SUBKIND, _LONGEST_ADDRESS = 200, 40, 200


class KnownBy(Labelled):
    """What told that a row means a child of the register."""

    ID = "id", "身份证号"
    NAME = "name", "姓名和班级、生日或身份证号的一部分"
    MASK = "mask", "隐去了字的姓名"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a list speaks of: a category, and of 困境 perhaps one kind only."""

    kind: CategoryKind
    difficulty_id: int | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """An open entry of the register in the scope of a list."""

    id: int
    student_id: int
    difficulty_id: int | None
    subkind: str | None
    level: int | None
    left_behind_kind: LeftBehindKind | None
    document: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference before it is stored; `theirs` and `ours` as people read them."""

    side: DifferenceSide
    part: DifferencePart
    student_id: int | None
    name: str
    class_label: str
    category_id: int | None = None
    difficulty_id: int | None = None
    position: Position | None = None
    theirs: str = ""
    ours: str = ""
    value: str | None = None  # what adopting writes: a code, or the very text
    since: date | None = None
    document: str | None = None
    school: str | None = None
    version: int | None = None  # our entry's then: of what changed since nobody has been asked


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row of the list and whom it means; with a reason it can't be taken."""

    position: Position
    name: str
    class_label: str
    known_by: KnownBy | None = None
    student_id: int | None = None
    reason: Reason | None = None
    difficulty_id: int | None = None
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    stranger: Finding | None = field(default=None, repr=False)  # what it is if nobody here is meant
    covers: frozenset[int] = frozenset()  # entries of the register it speaks of

    @property
    def wants_tick(self) -> bool:
        """Whether a person has to say that this is the child."""
        return self.known_by in (KnownBy.NAME, KnownBy.MASK)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A list beside the register."""

    rows: tuple[ListedRow, ...]
    register: Mapping[int, Finding]  # entry → “registered with us, not on the list”
    unsure: frozenset[int]  # children whom a row that can't be taken may mean

    @property
    def to_tick(self) -> frozenset[Position]:
        """The rows somebody has to look at."""
        return frozenset(row.position for row in self.rows if row.wants_tick)

    @property
    def ticked_first(self) -> frozenset[Position]:
        """Of those the ones that are ticked before anybody looked: a whole name, and more that agrees."""
        return frozenset(row.position for row in self.rows if row.known_by is KnownBy.NAME)

    def matched(self, ticked: Collection[Position]) -> list[ListedRow]:
        """Return the rows that mean a child, as things are ticked."""
        return [row for row in self.rows if row.known_by and (not row.wants_tick or row.position in ticked)]

    def findings(self, ticked: Collection[Position]) -> list[Finding]:
        """Return every difference as things are ticked, in the order of the list, then of the register."""
        taken = self.matched(ticked)
        positions = {row.position for row in taken}
        covered = {each for row in taken for each in row.covers}
        found = [each for row in taken for each in row.findings]
        found += [row.stranger for row in self.rows if row.stranger and row.position not in positions]
        found += [
            each for entry, each in self.register.items() if entry not in covered and each.student_id not in self.unsure
        ]
        return found


def compare(
    rows: Sequence[AuthorityRow],
    stored: StoredChildren,
    registered: Sequence[Registered],
    *,
    scope: Scope,
    options: Mapping[int, str],
    school_year: int,
) -> Comparison:
    """Say of every row whom it means and in what it differs, and who of ours is missing on the list."""
    comparer = _Comparer(stored, registered, scope=scope, options=options, school_year=school_year)
    listed = tuple(comparer.row(row) for row in rows)
    speaks_of = {row.difficulty_id for row in listed}
    register = {
        entry.id: comparer.missing(entry)
        for entry in registered
        if scope.kind is not CategoryKind.IN_DIFFICULTY or entry.difficulty_id in speaks_of | {scope.difficulty_id}
        if comparer.is_here(entry.student_id)
    }
    return Comparison(listed, register, frozenset(comparer.unsure))


@dataclass(frozen=True, slots=True)
class _Pair:
    """A row, the child it means, and our entry it speaks of."""

    row: AuthorityRow
    child: StoredChild
    entry: Registered | None
    difficulty_id: int | None


class _Comparer:
    def __init__(
        self,
        stored: StoredChildren,
        registered: Sequence[Registered],
        *,
        scope: Scope,
        options: Mapping[int, str],
        school_year: int,
    ) -> None:
        self.stored, self.scope, self.options, self.year = stored, scope, options, school_year
        self.here = {child.id: child for child in stored.everybody if child.state not in LEFT_SCHOOL}
        self.entries: dict[int, list[Registered]] = {}
        for entry in registered:
            self.entries.setdefault(entry.student_id, []).append(entry)
        self.names = NamedChildren.of(self.here.values())
        self.numbers: dict[int, str | None] = {}  # opened once, however many rows may mean the child
        self.taken: set[tuple[int, int | None]] = set()
        self.unsure: set[int] = set()
        self.spoken_of: set[int] = set()  # our entries that a row before has spoken of

    def is_here(self, student_id: int) -> bool:
        return student_id in self.here

    def row(self, row: AuthorityRow) -> ListedRow:
        difficulty_id, reason = self._difficulty(row)
        child, by, found_reason = self._find(row)
        reason = found_reason or reason
        if child is not None and reason is None and (child.id, difficulty_id) in self.taken:
            reason = Reason.DUPLICATE
        if reason is not None:
            if reason is not Reason.DUPLICATE:
                self.unsure |= {child.id} if child else {each.id for each in self._named(row)}
            return ListedRow(row.position, row.name, _class_words(row), reason=reason)
        stranger = self._stranger(row, difficulty_id)
        if child is None:
            return ListedRow(row.position, row.name, _class_words(row), difficulty_id=difficulty_id, stranger=stranger)
        self.taken.add((child.id, difficulty_id))
        entry = self._entry_for(child, difficulty_id)
        return ListedRow(
            row.position,
            child.name,
            self.label(child),
            by,
            child.id,
            difficulty_id=difficulty_id,
            findings=tuple(self._findings(_Pair(row, child, entry, difficulty_id))),
            stranger=stranger if by is not KnownBy.ID else None,
            covers=frozenset({entry.id} if entry else ()),
        )

    # --- whom a row means ---

    def _find(self, row: AuthorityRow) -> tuple[StoredChild | None, KnownBy | None, Reason | None]:
        """By the whole ID number; else by the name, if class, birthday or a part of the number agrees."""
        if row.id_number is not None:
            known = self.stored.by_id_hash.get(id_number_hash(row.id_number))
            if known is not None:
                fits = fits_name(known.name, row.name_mask) if row.name_mask else known.name == row.name
                if not fits:
                    return known, None, Reason.NAME_ID_MISMATCH
                return (known, KnownBy.ID, None) if known.id in self.here else (None, None, None)
        named = [child for child in self._named(row) if not self._contradicts(row, child)]
        found = [child for child in named if self._agrees(row, child)]
        if len(found) == 1:
            return found[0], KnownBy.MASK if row.name_mask else KnownBy.NAME, None
        if found:
            return None, None, Reason.STUDENT_AMBIGUOUS
        if named and not row.name_mask:
            return None, None, row.id_fault or Reason.ONLY_A_NAME
        return None, None, None

    def _named(self, row: AuthorityRow) -> list[StoredChild]:
        return self.names.called(row.name) if row.name_mask is None else self.names.fitting(row.name_mask)

    def _contradicts(self, row: AuthorityRow, child: StoredChild) -> bool:
        if row.birth_day not in (None, child.birth_day):
            return True
        if row.gender is not None and row.gender != child.gender.label:
            return True
        number = self._number(child) if row.id_mask or row.id_number else None
        if row.id_mask and number:
            return not fits_mask(number, row.id_mask)
        return bool(row.id_number and number)  # a whole number, and the child has another

    def _number(self, child: StoredChild) -> str | None:
        if child.id not in self.numbers:
            self.numbers[child.id] = child.text("id_number")
        return self.numbers[child.id]

    def _agrees(self, row: AuthorityRow, child: StoredChild) -> bool:
        if row.birth_day == child.birth_day:
            return True
        if row.id_mask and child.id_number_sealed:  # it doesn't contradict
            return True
        return row.grade is not None and (row.grade, row.class_no) == child.class_in(self.year)

    # --- in what it differs ---

    def _difficulty(self, row: AuthorityRow) -> tuple[int | None, Reason | None]:
        if self.scope.kind is not CategoryKind.IN_DIFFICULTY:
            return None, None
        if self.scope.difficulty_id is not None:
            return self.scope.difficulty_id, None
        found = [key for key, label in self.options.items() if label == (row.kind or "")]
        found = found or [key for key, label in self._longest_first() if row.kind and label in row.kind][:1]
        return (found[0], None) if found else (None, Reason.DIFFICULTY_UNKNOWN)

    def _longest_first(self) -> Iterable[tuple[int, str]]:
        return sorted(self.options.items(), key=lambda option: -len(option[1]))

    def _entry_for(self, child: StoredChild, difficulty_id: int | None) -> Registered | None:
        """Return our entry of the same kind; of 困境 also one of which nobody has said the kind."""
        entries = [entry for entry in self.entries.get(child.id, []) if entry.id not in self.spoken_of]
        same = [entry for entry in entries if entry.difficulty_id == difficulty_id]
        found = next(iter(same or [entry for entry in entries if entry.difficulty_id is None]), None)
        self.spoken_of |= {found.id} if found else set()
        return found

    def _findings(self, pair: "_Pair") -> Iterator[Finding]:
        row, child = pair.row, pair.child
        if pair.entry is None:
            yield self._on_list(row, pair.difficulty_id, child)
        else:
            yield from self._marks(pair, pair.entry)
        if row.phone and not _has_phone(child, row.phone):
            ours = next((guardian.text("phone") or "" for guardian in _main_first(child)), "")
            yield self._differs(pair, DifferencePart.PHONE, row.phone, ours)
        address = child.text("address") or ""
        if row.address and len(row.address) <= _LONGEST_ADDRESS and not _same_place(row.address, address):
            yield self._differs(pair, DifferencePart.ADDRESS, row.address, address)

    def _marks(self, pair: "_Pair", entry: Registered) -> Iterator[Finding]:
        """What the list says of the mark itself: its kind, level, document."""
        row = pair.row
        if (kind := self._kind(pair, entry)) is not None:
            yield self._differs(pair, DifferencePart.KIND, *kind)
        if row.level is not None and row.level != entry.level:
            ours = f"{entry.level} 级" if entry.level else ""
            yield self._differs(pair, DifferencePart.LEVEL, f"{row.level} 级", ours, str(row.level))
        document = _fitting(row.document, _LONGEST_DOCUMENT)
        if document and document != (entry.document or ""):
            yield self._differs(pair, DifferencePart.DOCUMENT, document, entry.document or "")

    def _kind(self, pair: "_Pair", entry: Registered) -> tuple[str, str, str] | None:
        """Return the kind as the list says it, as we have it, and what adopting writes; None where they agree."""
        match self.scope.kind:
            case CategoryKind.LEFT_BEHIND:
                away = read_away(pair.row.kind).kind
                if away is None or LeftBehindKind(away) is entry.left_behind_kind:
                    return None
                return LeftBehindKind(away).label, entry.left_behind_kind.label if entry.left_behind_kind else "", away
            case CategoryKind.IN_DIFFICULTY:
                if pair.difficulty_id is None or entry.difficulty_id == pair.difficulty_id:
                    return None
                return self.options.get(pair.difficulty_id, ""), "", str(pair.difficulty_id)
            case _:
                said = _fitting(pair.row.kind, _LONGEST_SUBKIND)
                return (said, entry.subkind or "", said) if said and said != (entry.subkind or "") else None

    def _differs(
        self, pair: "_Pair", part: DifferencePart, theirs: str, ours: str, value: str | None = None
    ) -> Finding:
        return Finding(
            side=DifferenceSide.BOTH,
            part=part,
            student_id=pair.child.id,
            name=pair.child.name,
            class_label=self.label(pair.child),
            category_id=pair.entry.id if pair.entry else None,
            difficulty_id=pair.difficulty_id,
            position=pair.row.position,
            theirs=theirs,
            ours=ours,
            value=value if value is not None else theirs,
        )

    def _on_list(self, row: AuthorityRow, difficulty_id: int | None, child: StoredChild | None) -> Finding:
        value = read_away(row.kind).kind if self.scope.kind is CategoryKind.LEFT_BEHIND else None
        if self.scope.kind is CategoryKind.SPECIAL_FAMILY:
            value = _fitting(row.kind, _LONGEST_SUBKIND)
        return Finding(
            DifferenceSide.LIST,
            DifferencePart.MARK,
            child.id if child else None,
            child.name if child else row.name,
            self.label(child) if child else _class_words(row),
            None,
            difficulty_id,
            row.position,
            theirs=row.kind or self.options.get(difficulty_id or 0, ""),
            value=value,
            since=row.since,
            document=_fitting(row.document, _LONGEST_DOCUMENT),
            school=row.school,
        )

    def _stranger(self, row: AuthorityRow, difficulty_id: int | None) -> Finding:
        return self._on_list(row, difficulty_id, None)

    def missing(self, entry: Registered) -> Finding:
        child = self.here.get(entry.student_id)
        return Finding(
            DifferenceSide.REGISTER,
            DifferencePart.MARK,
            entry.student_id,
            child.name if child else "",
            self.label(child) if child else "",
            entry.id,
            entry.difficulty_id,
            ours=self._in_words(entry),
            version=entry.version,
        )

    def _in_words(self, entry: Registered) -> str:
        if entry.left_behind_kind is not None:
            return entry.left_behind_kind.label
        return self.options.get(entry.difficulty_id or 0, "") or entry.subkind or ""

    def label(self, child: StoredChild) -> str:
        place = child.class_in(self.year)
        return class_label(*place) if place else NO_CLASS


def _class_words(row: AuthorityRow) -> str:
    return class_label(row.grade, row.class_no) if row.grade and row.class_no else ""


def _fitting(text: str | None, limit: int) -> str | None:
    return text if text and len(text) <= limit else None


def _main_first(child: StoredChild) -> list[StoredGuardian]:
    return sorted(child.guardians, key=lambda guardian: not guardian.is_primary)


def _has_phone(child: StoredChild, phone: str) -> bool:
    wanted = phone_hash(phone)
    return any(
        guardian.phone_hash == wanted or (guardian.second_phone_sealed and guardian.text("second_phone") == phone)
        for guardian in child.guardians
    )


def _same_place(one: str, other: str) -> bool:
    """The same address, or one written out further than the other."""
    first, second = ("".join(letter for letter in text if letter.isalnum()) for text in (one, other))
    return bool(first and second) and (first in second or second in first)
