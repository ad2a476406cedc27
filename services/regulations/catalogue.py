"""The clause catalogue, read once from clauses.toml: what each clause says, who owes it, where it is kept."""

import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from db.tables import Role
from services.regulations.parameters import areas

_FILE = Path(__file__).with_name("clauses.toml")


class ClauseKind(StrEnum):
    """How a clause is kept: the first four are computed from records, the others are features and documents."""

    DEADLINE = "deadline"
    PERIODIC = "periodic"
    THRESHOLD = "threshold"
    COMPLETE = "complete"
    WORKFLOW = "workflow"
    ROLE = "role"
    DOCUMENT = "document"
    PRINCIPLE = "principle"


MEASURED = frozenset({ClauseKind.DEADLINE, ClauseKind.PERIODIC, ClauseKind.THRESHOLD})
"""Kinds that are done, due or missed at a date; `complete` says only whether a record has all its parts."""


class ClausePost(StrEnum):
    """Who owes a clause: a post by its code, unless it stands in HELD_BY_ROLE or DERIVED."""

    PRINCIPAL = "principal"
    OVERSEER = "overseer"  # for the leadership group and the working team, whose business 分管校领导 sees to
    HEAD_OF_ROOM = "head_of_room"
    COUNSELLOR = "counsellor"
    LEFT_BEHIND_COORDINATOR = "left_behind_coordinator"  # for the leading group of left-behind children
    OFFICE = "office"
    MORAL_EDUCATION = "moral_education"
    TEACHING = "teaching"
    LOGISTICS = "logistics"
    SECURITY = "security"
    SAFETY_OFFICER = "safety_officer"
    ARCHIVE_KEEPER = "archive_keeper"
    SCHOOL_DOCTOR = "school_doctor"
    LIBRARIAN = "librarian"
    FINANCE = "finance"
    GRADE_HEAD = "grade_head"
    ROOM_STAFF = "room_staff"
    SUPERVISOR = "supervisor"
    HOMEROOM = "homeroom"
    CASE_OWNER = "case_owner"
    HELPER = "helper"  # tutor, proxy parent, supporting teacher, cadre: the grown-up of a pair
    TEACHER = "teacher"  # whoever noticed, or each for themselves
    STAFF = "staff"
    RECORD_OWNER = "record_owner"  # who did it, or who is named in it as the one to do it


HELD_BY_ROLE: Mapping[ClausePost, Set[Role]] = {
    ClausePost.ROOM_STAFF: frozenset({Role.LEAD, Role.COUNSELLOR}),
    ClausePost.SUPERVISOR: frozenset({Role.SUPERVISOR}),
    ClausePost.STAFF: frozenset(Role),
}
"""No post: everybody who holds one of the roles owes the clause."""

DERIVED = frozenset(
    {ClausePost.HOMEROOM, ClausePost.CASE_OWNER, ClausePost.HELPER, ClausePost.TEACHER, ClausePost.RECORD_OWNER}
)
"""No post: who owes the clause follows from the class, the case, the pair or the record, or is each teacher alone."""

POST_NAMES: Mapping[ClausePost, str] = {
    ClausePost.ROOM_STAFF: "关爱室人员",
    ClausePost.SUPERVISOR: "监督小组",
    ClausePost.STAFF: "全体教职工",
    ClausePost.HOMEROOM: "班主任",
    ClausePost.CASE_OWNER: "个案负责人",
    ClausePost.HELPER: "结对的人",
    ClausePost.TEACHER: "每位教师",
    ClausePost.RECORD_OWNER: "记录里写明的人",
}
"""What those are called that are no post; a post's name is the school's to word."""


class ClausePage(StrEnum):
    """The area of the program a clause belongs to."""

    INTAKE = "intake"
    REGISTRY = "registry"
    ARCHIVES = "archives"
    SCREENING = "screening"
    PAIRING = "pairing"
    BOOKINGS = "bookings"
    INCIDENTS = "incidents"
    BUDGET = "budget"
    ACTIVITIES = "activities"
    TRAINING = "training"
    SUPERVISION = "supervision"
    EVALUATION = "evaluation"
    REVIEW = "review"
    SETTINGS = "settings"


NOW = "now"
"""The area_ready of a clause whose records there are."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of the school's regulations."""

    id: str
    text: str
    sources: tuple[str, ...]  # as a school cites them: 《…制度（之三）》第10条
    post: ClausePost
    kind: ClauseKind
    page: ClausePage
    area_ready: str  # NOW, or the page that will bring the records it is counted from
    lives: str | None  # where it is kept instead; None: it is counted
    measure: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)  # Any: its evaluator reads it

    @property
    def area(self) -> str:
        """The letter of the clause's area."""
        return self.id.partition("-")[0]

    @property
    def is_counted(self) -> bool:
        """Whether its records are there, so that it can be in force."""
        return self.area_ready == NOW


@cache
def clauses() -> Mapping[str, Clause]:
    """Return every clause by its id, in the catalogue's order.

    Raises:
        KeyError, ValueError, TypeError: the file names something that isn't declared, or a clause twice.
    """
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    ready = frozenset(ClausePage(name) for name in data["ready"])
    found: dict[str, Clause] = {}
    for entry in data["clause"]:
        clause = _clause(**entry, titles=data["sources"], ready=ready)
        if clause.id in found or clause.area not in areas() or clause.is_counted == bool(clause.lives):
            raise ValueError(clause.id)
        found[clause.id] = clause
    return found


def _clause(
    *,
    id: str,  # noqa: A002 (as the file calls it)
    text: str,
    sources: list[str],
    post: str,
    kind: str,
    page: str,
    titles: Mapping[str, str],
    ready: Set[ClausePage],
    lives: str | None = None,
    measure: Mapping[str, Any] | None = None,  # Any: as TOML gives it
) -> Clause:
    """Read one table of the file; a key it doesn't know is a TypeError."""
    is_counted = ClauseKind(kind) in MEASURED and ClausePage(page) in ready
    return Clause(
        id=id,
        text=text,
        sources=tuple(_cited(each, titles) for each in sources),
        post=ClausePost(post),
        kind=ClauseKind(kind),
        page=ClausePage(page),
        area_ready=NOW if is_counted else page,
        lives=lives,
        measure=measure or {},
    )


def _cited(source: str, titles: Mapping[str, str]) -> str:
    name, _, place = source.partition(" ")
    return f"{titles[name]}{place}"
