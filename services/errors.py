"""Refusals: one class each, carrying facts; ui.messages turns them into sentences."""

from typing import Any

from db.errors import CrossedEachOther, DomainError

__all__ = [
    "CrossedEachOther",
    "DomainError",
    "EditedMeanwhile",
    "FieldErrors",
    "NotAllowed",
    "NotFound",
    "NotPledged",
    "Problem",
]


class NotAllowed(DomainError):
    """The actor may not do this, or may not know of it."""


class NotPledged(NotAllowed):
    """The confidentiality pledge of this school year is not accepted yet; nothing about a child before that."""


class NotFound(DomainError):
    """There is no such record, or none this actor may see: the two look the same."""


class EditedMeanwhile(DomainError):
    """Somebody saved this record after the form was drawn; `current` is how it stands now."""

    def __init__(self, current: Any, *, edited_by: str | None = None) -> None:
        super().__init__()
        self.current = current
        self.edited_by = edited_by


class FieldErrors(DomainError):
    """One or more fields can't be saved as they are: field name → the Problem with it."""

    def __init__(self, problems: "dict[str, Problem]") -> None:
        super().__init__(sorted(problems))
        self.problems = problems


class Problem:
    """What is wrong with one field: a code, and the facts its sentence needs."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts

    def __repr__(self) -> str:
        return f"Problem({self.code!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and (self.code, self.facts) == (other.code, other.facts)

    def __hash__(self) -> int:
        return hash(self.code)
