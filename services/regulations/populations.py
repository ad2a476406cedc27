"""Those a clause is about: all children here, the left-behind, the 四特, those in a pair; each with its days."""

from collections.abc import Mapping, Sequence
from datetime import date

from db.tables import CategoryKind, PairingRole
from services.regulations.evaluators import Stint
from services.regulations.facts.children import FOUR_SPECIAL, CategorySpan, Children

LEFT_BEHIND = frozenset({CategoryKind.LEFT_BEHIND})
PAIR = "pair:"
_CATEGORIES = {
    "left_behind": LEFT_BEHIND,
    "four_special": FOUR_SPECIAL,
    "cared_for": LEFT_BEHIND | FOUR_SPECIAL,
}
Population = Mapping[int, Sequence[Stint]]


def population(children: Children, name: str) -> Population:
    """Return who belongs to a population, and when; days on which a child was not here are left out.

    Raises:
        KeyError, ValueError: there is no such population.
    """
    if name == "pupils":
        return children.present
    if name.startswith(PAIR):
        return children.paired(PairingRole(name.removeprefix(PAIR)))
    return children.in_categories(_CATEGORIES[name])


def on_a_day(found: Population, day: date) -> dict[int, Stint]:
    """Return who belongs to a population on a day, with the stretch it lies in."""
    here = {}
    for subject_id, stints in found.items():
        for stint in stints:
            if is_on(stint, day):
                here[subject_id] = stint
    return here


def is_on(stint: Stint | CategorySpan, day: date) -> bool:
    """Say whether a day lies in a stretch."""
    return stint.from_day <= day and (stint.to_day is None or day < stint.to_day)
