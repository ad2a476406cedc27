"""Confirming a list row by row, as those do that make no child: what is left out, how it counts, and its one batch."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from sqlmodel import Session

from db.tables import ImportBatch, ImportKind
from services.actors import Actor
from services.exchange.readings import Position
from services.imports.matching import Outcome, PreviewRow
from services.imports.previews import written_whole
from services.student_imports import ImportPreview, ImportResult, StalePreview, save_batch


class _Shown(Protocol):
    @property
    def shown(self) -> PreviewRow: ...


Match = TypeVar("Match", bound=_Shown)


@dataclass(frozen=True, slots=True)
class Taken(Generic[Match]):
    """The rows that are taken of a list, and how the whole of it counts."""

    rows: list[Match]
    counts: ImportResult


def rows_taken(
    preview: ImportPreview, current: ImportPreview, matches: Sequence[Match], *, ticked: Collection[Position] | None
) -> Taken[Match]:
    """Return what of a preview is taken as things stand now; rows to tick that aren't are left out, None ticks them.

    Raises:
        StalePreview: what it was drawn from has changed since, and the import would now do something else.
    """
    preview.refuse_if_overtaken(current)
    left_out = frozenset() if ticked is None else preview.to_tick - frozenset(ticked)
    rows = [each for each in matches if each.shown.position not in left_out]
    outcomes = Counter(each.shown.outcome for each in rows)
    counts = ImportResult(
        created=outcomes[Outcome.NEW],
        changed=outcomes[Outcome.CHANGED],
        unchanged=outcomes[Outcome.UNCHANGED],
        rejected=len(current.full_reading().rejected) + len(left_out),
    )
    return Taken(rows, counts)


def write_batch(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    counts: ImportResult,
    current: ImportPreview,
    *,
    file_name: str,
    digest: str,
    write: Callable[[ImportBatch], object],
) -> ImportResult:
    """Keep that an import was made and let its rows be written, all of them or none.

    Raises:
        StalePreview: another process wrote some of the same meanwhile.
    """
    with written_whole(session, otherwise=StalePreview(current)):
        batch = save_batch(session, actor, kind, counts, file_name=file_name, digest=digest)
        write(batch)
    return replace(counts, batch_id=batch.id)
