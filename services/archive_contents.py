"""A child's whole archive in words, part by part, as far as one reader may read it (F-01, F-07, F-10).

The same contents make the paper and what is handed over to the next school. What leaves the school is less than the
head reads: see `Reading.leaves`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from services import clock, student_files, tier_views
from services.access import Permission, permitted
from services.actors import Actor
from services.archive_parts import PARTS, OwedBy, Part, parts_for
from services.student_files import StudentFile
from services.tier_views import ArchiveView


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a part of an archive: what it is, and what it says, line by line."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an archive with what is in it."""

    code: str
    label: str
    state: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """A child's archive, the parts in their order."""

    student_id: int
    name: str
    class_label: str
    opened_on: date | None
    sections: tuple[Section, ...]
    missing: tuple[str, ...]  # parts that must be there and aren't, with who owes them

    @property
    def entries(self) -> int:
        """How many things are in it."""
        return sum(len(each.entries) for each in self.sections)


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads which child's archive, and what for.

    `leaves`: it goes to another school. Then it carries who the child is, categories, tiers without their reasons,
    plan, records and what is still to be done; nothing of a matter marked 疑似侵害, no scores, no members of groups,
    and of counselling no word unless the family agreed to that (`with_notes`).
    """

    session: Session
    actor: Actor
    file: StudentFile
    view: ArchiveView
    leaves: bool
    with_notes: bool

    @property
    def student_id(self) -> int:
        """Whose archive."""
        return self.file.id


Writer = Callable[[Reading], tuple[Entry, ...]]


def entry(title: str, **said: str | None) -> Entry:
    """Return an entry of what is said; what is blank is left out."""
    return Entry(title, tuple((label, text) for label, text in said.items() if text))


def day_of(at: date | datetime | None) -> str:
    """2026年11月20日, an instant by the school's clock; blank for none."""
    if at is None:
        return ""
    day = clock.local(at).date() if isinstance(at, datetime) else at
    return f"{day.year}年{day.month}月{day.day}日"


@permitted(Permission.ARCHIVE_READ)
def read_archive(
    session: Session, actor: Actor, *, student_id: int, leaves: bool = False, with_notes: bool = True
) -> Contents:
    """Return a child's archive in words, as far as this actor may read it; the statements don't grow with records.

    Raises:
        NotFound: there is no such child for this actor.
    """
    from services.archive_sections import BESIDE, WRITERS  # it is made of what stands here

    view = tier_views.find_archive(session, actor, student_id=student_id)
    file = student_files.find_student(session, actor, student_id=student_id)
    reading = Reading(session, actor, file, view, leaves, with_notes)
    known = {part.code for part in parts_for(actor)}
    sections = []
    for part in PARTS:
        entries = WRITERS[part.code](reading) if part.code in WRITERS else ()
        state = _state(reading, part) if part.code in known else ""
        if state or entries:
            sections.append(Section(part.code, part.label, state, entries))
    for code, (label, write) in BESIDE.items():
        if entries := write(reading):
            sections.append(Section(code, label, "", entries))
    return Contents(
        student_id=file.id,
        name=file.name,
        class_label=file.class_label,
        opened_on=view.row.opened_on,
        sections=tuple(sections),
        missing=() if leaves else tuple(f"{part.label}（{owed_by(view, part)}补）" for part in view.row.missing),
    )


def owed_by(view: ArchiveView, part: Part) -> str:
    """Return who owes a part, by name where somebody is named."""
    match part.owed_by:
        case OwedBy.HOMEROOM:
            return f"班主任{view.row.homeroom_name}" if view.row.homeroom_name else "班主任（还没有人）"
        case OwedBy.CASE_OWNER:
            return f"{view.case_owner}（个案负责人）" if view.case_owner else part.owed_by.label
        case _:
            return part.owed_by.label


def _state(reading: Reading, part: Part) -> str:
    """Say whether a part is there; of what leaves nothing is said that rests on a matter that stays here."""
    if reading.leaves:
        return ""
    if part in reading.view.row.there:
        return "有"
    return f"缺，{owed_by(reading.view, part)}补" if part in reading.view.row.missing else ""


def as_plain(contents: Contents) -> Mapping[str, object]:
    """Return an archive as plain values for a file another program reads."""
    return {
        "姓名": contents.name,
        "班级": contents.class_label,
        "建档": day_of(contents.opened_on),
        "各部分": [
            {
                "部分": each.label,
                "内容": [{"标题": one.title, "项": dict(one.facts)} for one in each.entries],
            }
            for each in contents.sections
        ],
    }
