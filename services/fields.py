"""Checking what people type: the same questions for every form."""

import unicodedata
from datetime import date

from services.errors import FieldErrors, Problem

SHORT, LINE, LONG = 40, 200, 5000
"""The longest text, in characters, of a name, a line, and a narrative field."""


class Checker:
    """Collects the problems of one form and raises them together, so that all show at once."""

    def __init__(self) -> None:
        self.problems: dict[str, Problem] = {}

    def add(self, field: str, code: str, **facts: object) -> None:
        """Note a problem; the first one of a field counts."""
        self.problems.setdefault(field, Problem(code, **facts))

    def text(self, field: str, value: str | None, *, limit: int, required: bool = False) -> str | None:
        """Return a text tidied, or None for blank; control characters are dropped, line breaks kept."""
        cleaned = clean(value)
        if cleaned is None:
            if required:
                self.add(field, "required")
            return None
        if len(cleaned) > limit:
            self.add(field, "too_long", length=len(cleaned), limit=limit)
            return None
        return cleaned

    def required_text(self, field: str, value: str | None, *, limit: int) -> str:
        """Return a text that must be there; empty where it is not, with the problem noted."""
        return self.text(field, value, limit=limit, required=True) or ""

    def whole_number(self, field: str, value: float | None) -> int | None:
        """Return a whole number, or None for blank; a fraction is noted."""
        if value is None or (isinstance(value, float) and not value.is_integer()):
            if value is not None:
                self.add(field, "not_whole")
            return None
        return int(value)

    def not_future(self, field: str, day: date | None, *, today: date) -> None:
        """Note a date that has not come yet."""
        if day is not None and day > today:
            self.add(field, "future", day=day)

    def finish(self) -> None:
        """Raise everything found.

        Raises:
            FieldErrors: there is at least one problem.
        """
        if self.problems:
            raise FieldErrors(self.problems)


def clean(value: str | None) -> str | None:
    """Tidy a typed text: one form of each character, no control characters, no outer blanks; blank is None.

    U+FFFE and U+FFFF go too: no XML may hold them, and a Word document filled with one loses other marks silently.
    """
    if value is None:
        return None
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\ufffe", "").replace("\uffff", "")
    text = "".join(mark for mark in text if mark in "\n\t" or unicodedata.category(mark) not in {"Cc", "Cs", "Co"})
    if all(unicodedata.category(mark) in {"Cf", "Zs", "Zl", "Zp", "Cc"} for mark in text):  # nothing one could see
        return None
    return text.strip() or None
