"""The tables a change of year writes many rows of at once."""

from collections.abc import Iterator, Sequence

from db.tables import METADATA

_TABLES = METADATA.tables
STUDENT, CLASS = _TABLES["student"], _TABLES["school_class"]
STAY, TEACHER = _TABLES["class_membership"], _TABLES["class_teacher"]
CHANGE, NOTE = _TABLES["enrolment_change"], _TABLES["year_change_row"]


def chunks(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    """Cut ids into pieces that fit into one statement."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
