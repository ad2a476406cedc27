"""Counting the statements of a run: BEGIN, COMMIT and PRAGMA apart, those for sign-in and rights told apart."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from sqlalchemy import Engine, event

NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")
RIGHTS = frozenset({("services", "sign_in.py"), ("services", "access.py")})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and whether it was sent to know who is asking and what they may."""

    text: str
    is_for_rights: bool


@dataclass
class Tally:
    """The statements since the last `clear`."""

    statements: list[Statement] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many there were."""
        return len(self.statements)

    @property
    def for_rights(self) -> int:
        """How many of them were for sign-in and rights."""
        return sum(each.is_for_rights for each in self.statements)

    def clear(self) -> None:
        """Begin anew."""
        self.statements.clear()


def is_counted(statement: str) -> bool:
    """Say whether a statement asks or changes data."""
    return not statement.lstrip().upper().startswith(NOT_COUNTED)


@contextmanager
def counted(engine: Engine | type[Engine]) -> Iterator[Tally]:
    """Collect what is sent through an engine, or through every engine of the process."""
    tally = Tally()
    note = noting(tally.statements.append)
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield tally
    finally:
        event.remove(engine, "before_cursor_execute", note)


def noting(take: Callable[[Statement], object]) -> Callable[..., None]:
    """Return a listener that hands on each counted statement."""

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if is_counted(statement):
            take(Statement(statement, _asks_who(sys._getframe(1))))

    return note


def _asks_who(frame: FrameType | None) -> bool:
    """Say whether the innermost line of ours on the way here lies in a module about sign-in and rights."""
    while frame is not None:
        place = Path(frame.f_code.co_filename)
        if place.is_relative_to(_ROOT) and place.relative_to(_ROOT).parts[0] in {"services", "pages", "ui"}:
            return (place.parent.name, place.name) in RIGHTS
        frame = frame.f_back
    return False


_ROOT = Path(__file__).resolve().parent.parent
