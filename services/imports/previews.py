"""What every import has in common: how its preview counts, and how confirming it is counted, noted or overtaken."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.errors import DomainError
from services.exchange.readings import ListReading
from services.imports.matching import Outcome


class Planned(Protocol):
    """What an import would do with one row."""

    @property
    def outcome(self) -> Outcome:
        """What becomes of the row."""


class Preview(ABC):
    """What an import would do, row by row."""

    __slots__ = ()
    reading: ListReading[Any]  # of rows of whatever list

    @property
    @abstractmethod
    def planned(self) -> Sequence[Planned]:
        """One for each row taken from the file, in its order."""

    @abstractmethod
    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the rows that can't be taken among the rejected: for the list and the file."""

    def count(self, outcome: Outcome) -> int:
        """Return how many rows have this outcome."""
        return sum(row.outcome is outcome for row in self.planned)

    @property
    def beside(self) -> int:
        """How many children confirming would note something of without a row of theirs being taken."""
        return 0

    @property
    def is_empty(self) -> bool:
        """Whether confirming would write nothing."""
        return not self.beside and not any(row.outcome in (Outcome.NEW, Outcome.CHANGED) for row in self.planned)

    def summary(self) -> dict[str, Any]:  # the counts are written to JSON as they are
        """Return the counts and positions of the whole import."""
        reading = self.full_reading()
        ignored = dict(reading.ignored_rows)
        if reading.encoding is not None:  # a text file begins with its header: no row was passed over
            ignored.pop("header_rows", None)
        return reading.summary() | {
            "changed": self.count(Outcome.CHANGED),
            "unchanged": self.count(Outcome.UNCHANGED),
            "ignored_rows": ignored,
        }


class PreviewOvertaken(DomainError):
    """Somebody changed what is stored since the preview was drawn; `current` is what the import would do now."""

    def __init__(self, current: Preview) -> None:
        super().__init__()
        self.current = current


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many rows an import took as what, and how many not at all."""

    created: int
    changed: int
    unchanged: int
    rejected: int

    @property
    def says_nothing_new(self) -> bool:
        """Whether everything in the file is stored already."""
        return not self.created and not self.changed


@contextmanager
def written_whole(session: Session, *, otherwise: PreviewOvertaken) -> Iterator[None]:
    """Write what a preview says, all or nothing; raise `otherwise` where somebody no lock stops was faster."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError:
        raise otherwise from None
