"""The children by what a list may show of their names, so that a long list asks few of them about each row (S-04)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.exchange.authority_columns import fits_name
from services.imports.stored import StoredChild


@dataclass(slots=True)
class NamedChildren:
    """The children by name and by each character of it; a mask is looked up once, however many rows have it."""

    children: Sequence[StoredChild]
    by_name: dict[str, list[StoredChild]] = field(default_factory=dict)
    by_letter: dict[str, list[StoredChild]] = field(default_factory=dict)
    by_mask: dict[str, list[StoredChild]] = field(default_factory=dict)

    @classmethod
    def of(cls, children: Iterable[StoredChild]) -> "NamedChildren":
        """Return these children, ready to be asked for."""
        named = cls(list(children))
        for child in named.children:
            named.by_name.setdefault(child.name, []).append(child)
            for letter in set(child.name):
                named.by_letter.setdefault(letter, []).append(child)
        return named

    def called(self, name: str) -> list[StoredChild]:
        """Return those of exactly this name."""
        return self.by_name.get(name, [])

    def fitting(self, mask: str) -> list[StoredChild]:
        """Return those whose name may be the masked one; only who has its rarest character is looked at."""
        if mask not in self.by_mask:
            having = [self.by_letter.get(letter, []) for letter in set(mask) - {"*"}]
            among = min(having, key=len, default=self.children)
            self.by_mask[mask] = [child for child in among if fits_name(child.name, mask)]
        return self.by_mask[mask]
