"""The clause catalogue, read once from clauses.toml: what each clause says and who owes it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

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


class ClausePost(StrEnum):
    """Who owes a clause; a post without a holder shows on the lead's home."""

    HEAD_OF_ROOM = "head_of_room"
    ROOM_STAFF = "room_staff"
    COUNSELLOR = "counsellor"
    TEACHER = "teacher"
    HOMEROOM = "homeroom"
    TEACHING = "teaching"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of the school's regulations."""

    id: str
    text: str
    sources: tuple[str, ...]
    post: ClausePost
    kind: ClauseKind
    page: str

    @property
    def area(self) -> str:
        """The letter of the clause's area."""
        return self.id.partition("-")[0]


@cache
def clauses() -> Mapping[str, Clause]:
    """Return every clause by its id, in the catalogue's order.

    Raises:
        KeyError, ValueError: the file names something that isn't declared, or a clause twice.
    """
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found: dict[str, Clause] = {}
    for entry in data["clause"]:
        clause = _clause(entry, sources=data["sources"])
        if clause.id in found or clause.area not in data["areas"]:
            raise ValueError(clause.id)
        found[clause.id] = clause
    return found


def _clause(entry: dict[str, Any], *, sources: Mapping[str, str]) -> Clause:  # Any: as TOML gives it
    if "parameters" in entry:  # they have names, bounds and versions of their own
        raise ValueError(f"{entry['id']}: numbers belong into parameters.toml")
    return Clause(
        id=entry["id"],
        text=entry["text"],
        sources=tuple(sources[name] for name in entry["sources"]),
        post=ClausePost(entry["post"]),
        kind=ClauseKind(entry["kind"]),
        page=entry["page"],
    )
