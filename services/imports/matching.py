"""Which stored child a row means, and what it would change there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from db.base import Labelled
from db.tables import EnrolmentState, GuardianKind
from services.classes import class_label
from services.exchange.readings import Position
from services.exchange.reasons import Reason
from services.imports.stored import StoredChild, StoredChildren, StoredGuardian
from services.imports.wanted import WantedChild, WantedGuardian
from services.student_entries import masked
from services.students import LEFT_SCHOOL, NO_CLASS

_PARENTS = (GuardianKind.FATHER, GuardianKind.MOTHER)
_GUARDIANS = (GuardianKind.ENTRUSTED, GuardianKind.STATUTORY)
_PRIVATE = {"workplace": "工作单位", "address": "住址", "occupation": "职业", "health": "身体状况"}


class Outcome(Labelled):
    """What an import makes of a row that was taken from the file."""

    NEW = "new", "新增"
    CHANGED = "changed", "有变化"
    UNCHANGED = "unchanged", "没有变化"
    CONFLICT = "conflict", "要核对"


class MatchedBy(Labelled):
    """What told that a row means a stored child."""

    NUMBER = "number", "学号"
    ID = "id", "身份证号"
    NAME_AND_CLASS = "name_and_class", "姓名和班级"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: its key, its Chinese label, what is stored and what the file says, as people read it."""

    key: str
    label: str
    stored: str
    new: str


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What one row would do."""

    position: Position
    name: str
    class_label: str
    outcome: Outcome
    matched_by: MatchedBy | None = None
    student_id: int | None = None
    version: int | None = field(default=None, compare=False)  # an edit that touches nothing of the list is no matter
    changes: tuple[FieldChange, ...] = ()
    reason: Reason | None = None  # why a conflict can't be taken

    @property
    def wants_tick(self) -> bool:
        """Whether a person has to say that this is the same child."""
        return self.matched_by is MatchedBy.NAME_AND_CLASS


@dataclass(slots=True)
class Match:
    """A row, the child it means and the guardians they have in common."""

    wanted: WantedChild
    shown: PreviewRow
    child: StoredChild | None = None


@dataclass(slots=True)
class _Found:
    child: StoredChild | None = None
    by: MatchedBy | None = None
    reason: Reason | None = None


def match_rows(children: Sequence[WantedChild], stored: StoredChildren, *, school_year: int) -> list[Match]:
    """Say of every row whether its child is new, changed, unchanged or can't be told."""
    found = [_by_number_or_id(wanted, stored) for wanted in children]
    claimed: set[int] = set()
    for match in found:
        if match.child is None:
            continue
        if match.child.id in claimed:
            match.child, match.by, match.reason = None, None, Reason.STUDENT_AMBIGUOUS
        else:
            claimed.add(match.child.id)
    _match_by_name_and_class(children, found, stored, claimed)
    return [
        Match(wanted, _shown(wanted, match, school_year), match.child)
        for wanted, match in zip(children, found, strict=True)
    ]


def _by_number_or_id(wanted: WantedChild, stored: StoredChildren) -> _Found:
    by_number = stored.by_number.get(wanted.student_no) if wanted.student_no else None
    by_id = stored.by_id_hash.get(wanted.id_hash) if wanted.id_hash else None
    if by_number is not None and by_id is not None and by_number is not by_id:
        same = by_id.name == wanted.row.name
        return _Found(reason=Reason.STUDENT_AMBIGUOUS if same else Reason.ID_CONFLICT)
    if by_number is not None:
        if by_id is None and _is_somebody_else(by_number, wanted):
            return _Found(reason=Reason.NUMBER_CONFLICT)
        return _Found(by_number, MatchedBy.NUMBER)
    if by_id is not None:
        return _Found(by_id, MatchedBy.ID) if by_id.name == wanted.row.name else _Found(reason=Reason.ID_CONFLICT)
    return _Found()


def _is_somebody_else(child: StoredChild, wanted: WantedChild) -> bool:
    """A child may change its name; with the name also ID number or birthday differ, it is another one."""
    return child.name != wanted.row.name and (_ids_differ(child, wanted) or child.birth_day != wanted.row.birth_day)


def _ids_differ(child: StoredChild, wanted: WantedChild) -> bool:
    return child.id_number_hash is not None and wanted.id_hash is not None and not child.has_id(wanted.id_hash)


def _match_by_name_and_class(
    children: Sequence[WantedChild], found: Sequence[_Found], stored: StoredChildren, claimed: set[int]
) -> None:
    waiting = [
        (match, _candidates(wanted, stored, claimed))
        for wanted, match in zip(children, found, strict=True)
        if match.child is None and match.reason is None
    ]
    times = Counter(candidates[0].id for _match, candidates in waiting if len(candidates) == 1)
    for match, candidates in waiting:
        if len(candidates) == 1 and times[candidates[0].id] == 1:
            match.child, match.by = candidates[0], MatchedBy.NAME_AND_CLASS
        elif candidates:
            match.reason = Reason.STUDENT_AMBIGUOUS


def _candidates(wanted: WantedChild, stored: StoredChildren, claimed: set[int]) -> list[StoredChild]:
    """Return the namesakes in the class who may be meant; birthday and gender decide where they can."""
    row = wanted.row
    fitting = [
        child
        for child in stored.by_place.get((row.name, row.grade, row.class_no), ())
        if child.id not in claimed
        and not _ids_differ(child, wanted)
        and (child.birth_day == row.birth_day or not _numbers_differ(child, wanted))
    ]
    for is_same in (
        lambda child: child.birth_day == row.birth_day,
        lambda child: child.gender is wanted.gender,
    ):
        fitting = [child for child in fitting if is_same(child)] or fitting
    return fitting


def _numbers_differ(child: StoredChild, wanted: WantedChild) -> bool:
    return child.student_no is not None and wanted.student_no is not None and not child.has_number(wanted.student_no)


def _shown(wanted: WantedChild, match: _Found, school_year: int) -> PreviewRow:
    row, child = wanted.row, match.child
    label = class_label(row.grade, row.class_no)
    if match.reason is not None:
        return PreviewRow(row.position, row.name, label, Outcome.CONFLICT, reason=match.reason)
    if child is None:
        return PreviewRow(row.position, row.name, label, Outcome.NEW)
    changes = tuple(field_changes(wanted, child, school_year))
    outcome = Outcome.CHANGED if changes else Outcome.UNCHANGED
    return PreviewRow(row.position, row.name, label, outcome, match.by, child.id, child.version, changes)


# --- field by field; a blank cell never erases ---


def field_changes(wanted: WantedChild, child: StoredChild, school_year: int) -> Iterator[FieldChange]:
    """Yield what a row says otherwise than is stored."""
    row = wanted.row
    for key, label, stored, new in (
        ("name", "姓名", child.name, row.name),
        ("gender", "性别", child.gender, wanted.gender),
        ("birth_day", "出生日期", child.birth_day, row.birth_day),
        ("student_no", "学号", child.student_no, wanted.student_no),
        ("ethnicity", "民族", child.ethnicity, wanted.ethnicity),
        ("is_boarding", "是否寄宿", child.is_boarding, row.boarding),
        ("is_rural", "农村户口", child.is_rural, wanted.is_rural),
    ):
        if new is not None and new != stored and not (key == "student_no" and child.has_number(str(new))):
            yield FieldChange(key, label, _written(stored), _written(new))
    if wanted.id_hash is not None and not child.has_id(wanted.id_hash):
        yield FieldChange("id_number", "身份证号", masked(child.text("id_number")) or "", masked(row.id_number) or "")
    for key, label, new in (
        ("address", "家庭住址", row.address),
        ("residence", "户籍所在地", row.residence),
        ("note", "备注", row.note),
    ):
        if new is not None and new != (text := child.text(key)):
            yield FieldChange(key, label, text or "", new)
    if child.state in LEFT_SCHOOL:
        yield FieldChange("state", "学籍", child.state.label, EnrolmentState.ENROLLED.label)
    if is_other_class(wanted, child, school_year):
        yield FieldChange("class", "班级", _class_of(child), class_label(*wanted.class_key))
    yield from _guardian_changes(wanted, child)
    for kind in sorted(wanted.categories - child.categories):
        yield FieldChange(f"category.{kind.value}", "类别", "", kind.label)
    for column, title, stored, new in left_behind_fields(wanted, child):
        yield FieldChange(f"category.left_behind.{column}", title, stored.label if stored else "", new.label)
    extra = child.extra() if wanted.extra else {}
    for header, new in wanted.extra.items():
        if extra.get(header) != new:
            yield FieldChange(f"extra.{header}", header, extra.get(header, ""), new)


def is_other_class(wanted: WantedChild, child: StoredChild, school_year: int) -> bool:
    """Say whether a row puts a stored child into another class than it is in, or into its first."""
    stay = child.stay
    if wanted.keeps_class:
        return False
    return stay is None or (stay.school_year, stay.grade, stay.number) != (school_year, *wanted.class_key)


def left_behind_fields(wanted: WantedChild, child: StoredChild) -> Iterator[tuple[str, str, Labelled | None, Labelled]]:
    """Yield what a ledger says of the child's being left behind and is not stored: column, title, stored, new."""
    if wanted.left_behind is None:
        return
    known = child.left_behind
    for column, title, new in (
        ("left_behind_kind", "留守类型", wanted.left_behind.kind),
        ("guardianship", "监护情况", wanted.left_behind.guardianship),
    ):
        stored: Labelled | None = getattr(known, column) if known else None
        if new is not None and new is not stored:
            yield column, title, stored, new


def _class_of(child: StoredChild) -> str:
    return class_label(child.stay.grade, child.stay.number) if child.stay else NO_CLASS


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case Labelled():
            return value.label
        case date():
            return value.isoformat()
    return str(value)


def _guardian_changes(wanted: WantedChild, child: StoredChild) -> Iterator[FieldChange]:
    for guardian, known in pair_guardians(wanted.guardians, child.guardians):
        key = guardian.kind.value
        label = guardian.kind.label if guardian.kind in _PARENTS else "监护人"
        for column, title, stored, new in guardian_fields(guardian, known):
            yield FieldChange(f"{key}.{column}", f"{label}{title}", _written(stored), _written(new))


def guardian_fields(
    wanted: WantedGuardian, known: StoredGuardian | None
) -> Iterator[tuple[str, str, object, str | int | Labelled]]:
    """Yield what a row says of a guardian and is not stored: column, Chinese title, stored value, new value."""
    if known is not None and known.kind is GuardianKind.OTHER and wanted.kind in _GUARDIANS:
        yield "kind", "身份", known.kind, wanted.kind
    for column, title, stored, new in (
        ("name", "姓名", known.name if known else None, wanted.name),
        ("relation", "与学生关系", known.relation if known else None, wanted.relation),
    ):
        if new is not None and new != stored:
            yield column, title, stored, new
    if wanted.phone and (known is None or wanted.phone_hash != known.phone_hash):
        yield "phone", "电话", known.text("phone") if known else None, wanted.phone
    if wanted.second_phone and wanted.second_phone != (text := known.text("second_phone") if known else None):
        yield "second_phone", "备用电话", text, wanted.second_phone
    for column, title in _PRIVATE.items():
        value = getattr(wanted, column)
        if value and value != (text := known.text(column) if known else None):
            yield column, title, text, value
    for column, title in (("birth_year", "出生年份"), ("whereabouts", "去向")):
        new_value = getattr(wanted, column)
        if column == "birth_year" and known and _is_same_age(known.birth_year, new_value):
            continue
        if new_value is not None and new_value != (old := getattr(known, column) if known else None):
            yield column, title, old, new_value


def _is_same_age(stored: int | None, new: int | None) -> bool:
    """An age in years tells the year of birth only to one more or less."""
    return stored is not None and new is not None and abs(stored - new) <= 1


def pair_guardians(
    wanted: Iterable[WantedGuardian], stored: Iterable[StoredGuardian]
) -> list[tuple[WantedGuardian, StoredGuardian | None]]:
    """Find each guardian of a row among the stored ones; none twice, None where the person is new."""
    free = list(stored)
    pairs: list[tuple[WantedGuardian, StoredGuardian | None]] = []
    for guardian in wanted:
        known = _find_guardian(guardian, free)
        if known is not None:
            free.remove(known)
        pairs.append((guardian, known))
    return pairs


def _find_guardian(wanted: WantedGuardian, free: Sequence[StoredGuardian]) -> StoredGuardian | None:
    if wanted.kind in _PARENTS:
        return next((known for known in free if known.kind is wanted.kind), None)
    others = [known for known in free if known.kind not in _PARENTS]
    # Without a word of who it is, a name or telephone may also be a parent's.
    possible = others if wanted.relation else free
    hashed = wanted.phone_hash
    for known in possible:
        if wanted.name and known.name == wanted.name:
            return known
    for known in possible:
        if hashed and known.phone_hash == hashed and not (wanted.name and known.name):
            return known
    for known in others:
        if wanted.relation and known.relation == wanted.relation:
            return known
    if wanted.kind in _GUARDIANS and not hashed:  # a roster had only the telephone of whoever looks after the child
        return next((known for known in others if known.is_primary and not (known.name or known.relation)), None)
    if not wanted.name and not wanted.relation:  # a telephone alone: that of the main contact
        return next((known for known in others if known.is_primary), None)
    return None
