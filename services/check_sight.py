"""What is said of a child in a check, and of 四特 who saw it on which day (G-01)."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date

from db.tables import CategoryKind, CheckResult
from services import clock
from services.fields import Checker


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAnswer:
    """What somebody says about one line."""

    category_id: int
    version: int  # of the category, as it stood on the sheet
    result: CheckResult | None
    level: int | None = None
    note: str | None = None
    seen_on: date | None = None  # of 四特, as the next
    seen_by_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFinding:
    """A child the check found to be in a category it was not registered in."""

    student_id: int | None
    kind: CategoryKind | None
    level: int | None = None
    note: str | None = None
    seen_on: date | None = None
    seen_by_id: int | None = None
    row: int = 0  # which of the rows on screen it was typed into; its problems are named after it


def check_sight(
    check: Checker,
    answers: Sequence[CheckAnswer],
    found: Sequence[NewFinding],
    *,
    people: Container[int],
    first_day: date,
) -> None:
    """Every child but those nobody has seen was seen by somebody, on a day of this quarter.

    Of whom nothing is said yet, that alone is asked: day and person come with the answer (0023).
    """
    said: list[tuple[str, str, CheckAnswer | NewFinding]] = [
        (f"{answer.category_id}", "", answer) for answer in answers if answer.result not in (None, CheckResult.NOT_SEEN)
    ]
    said += [(f"{new.row}", "found_", new) for new in found]
    for name, prefix, each in said:
        day, person = f"{prefix}seen_on_{name}", f"{prefix}seen_by_{name}"
        if each.seen_on is None:
            check.add(day, "required")
        elif each.seen_on < first_day:
            check.add(day, "before_the_check", day=first_day)
        check.not_future(day, each.seen_on, today=clock.today())
        if each.seen_by_id is None:
            check.add(person, "required")
        elif each.seen_by_id not in people:
            check.add(person, "unknown_choice")
