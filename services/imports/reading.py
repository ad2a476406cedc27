"""Reading a chosen file with the parser of its list."""

from datetime import date
from typing import Protocol, TypeVar

from services import clock
from services.exchange.grids import Workbook
from services.exchange.headers import Corrections
from services.exchange.lists import RowsRead
from services.exchange.sheets import read_workbook

Reading = TypeVar("Reading", covariant=True)


class Parses(Protocol[Reading]):
    """A parser of one kind of list."""

    def __call__(
        self,
        workbook: Workbook,
        *,
        today: date,
        corrections: Corrections | None = None,
        progress: RowsRead | None = None,
    ) -> Reading:
        """Read every such table of a workbook."""


class Reads(Protocol[Reading]):
    """A reader of one kind of list; touches no table, so it belongs outside any transaction.

    Raises:
        UnreadableFile: one subclass for each kind of refusal; `refusal_sentence` words it.
    """

    def __call__(
        self,
        data: bytes,
        *,
        file_name: str,
        corrections: Corrections | None = None,
        today: date | None = None,
        progress: RowsRead | None = None,
    ) -> Reading:
        """Read a spreadsheet."""


def reader_of(parse: Parses[Reading]) -> Reads[Reading]:
    """Return what reads a spreadsheet with a list's parser."""

    def read(
        data: bytes,
        *,
        file_name: str,
        corrections: Corrections | None = None,
        today: date | None = None,
        progress: RowsRead | None = None,
    ) -> Reading:
        workbook = read_workbook(data, file_name=file_name)
        return parse(workbook, today=today or clock.today(), corrections=corrections, progress=progress)

    return read
