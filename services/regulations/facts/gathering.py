"""All facts of one evaluation: each read when a clause first asks for it, and then shared by every clause."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from functools import cached_property

from sqlmodel import Session

from db.tables import CareKind, ConsentPurpose
from services.calendar import monday_of
from services.regulations.evaluators import Deed, Excuse
from services.regulations.facts.archives import read_archives
from services.regulations.facts.children import Children, read_children
from services.regulations.facts.classes import Papers, read_papers
from services.regulations.facts.entries import read_refusals, read_screenings
from services.regulations.facts.reach import Asked
from services.regulations.facts.records import Record, read_records
from services.regulations.populations import Population, population


class Facts:
    """What is known of those asked about; `kinds` are the records that any clause of this evaluation counts."""

    def __init__(self, session: Session, asked: Asked, *, kinds: Collection[CareKind]) -> None:
        self.session, self.asked, self._kinds = session, asked, kinds
        self._populations: dict[str, Population] = {}

    @cached_property
    def children(self) -> Children:
        """The children, their classes, categories and pairs."""
        return read_children(self.session, self.asked)

    @cached_property
    def _by_kind(self) -> dict[CareKind, list[Record]]:
        """The work records since the first day any period of the term begins."""
        first = self.asked.term.first_day
        since = min(first.replace(day=1), monday_of(first))
        found: dict[CareKind, list[Record]] = defaultdict(list)
        for each in read_records(self.session, self.asked, kinds=self._kinds, since=since):
            found[each.kind].append(each)
        return found

    def records_of(self, kinds: Collection[CareKind]) -> list[Record]:
        """Return the records of these kinds."""
        return [each for kind in sorted(kinds) for each in self._by_kind.get(kind, ())]

    def population(self, name: str) -> Population:
        """Return who belongs to a population, and when."""
        if name not in self._populations:
            self._populations[name] = population(self.children, name)
        return self._populations[name]

    @cached_property
    def refused_screenings(self) -> dict[int, list[Excuse]]:
        """Whose family refuses screening, and since when."""
        return read_refusals(self.session, self.asked, purpose=ConsentPurpose.SCREENING)

    @cached_property
    def screenings(self) -> dict[int, list[Deed]]:
        """The results of the term's rounds."""
        return read_screenings(self.session, self.asked)

    @cached_property
    def papers(self) -> Papers:
        """The plans and summaries of classes."""
        return read_papers(self.session, self.asked)

    @cached_property
    def archives(self) -> dict[int, tuple[date, int]]:
        """Since when each child has an archive, and which."""
        return read_archives(self.session, self.asked)
