"""The school's weights for suggestions: read by whoever asks for some, set by the head of the care room."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session, select

from db.locks import Turn, take_turn
from db.tables import Setting
from services import audit
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import EditedMeanwhile
from services.fields import Checker
from services.pairing.weights import MOST_POINTS, SexWish, Weights
from services.schools import save_setting

PAIRING_WEIGHTS = "pairing_weights"
POINTS = ("same_class", "same_grade", "same_sex", "subject", "tier_load", "continuity", "evenness")


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """The weights with the version a form is drawn from; 0: nothing set yet."""

    version: int
    weights: Weights


@permitted(Permission.PAIRING_SUGGEST)
def find_weights(session: Session, actor: Actor) -> StoredWeights:
    """Return what counts now, the defaults where nothing was set; one statement."""
    row = session.get(Setting, PAIRING_WEIGHTS)
    return StoredWeights(row.version if row else 0, read_weights(row.value if row else None))


def weights_in_force() -> Any:  # a scalar subquery
    """Return the setting as it is stored, for a statement that reads what is weighed."""
    return select(Setting.value).where(Setting.name == PAIRING_WEIGHTS).scalar_subquery()


def read_weights(value: str | None) -> Weights:
    """Return the weights of a stored setting, the defaults where there is none."""
    if value is None:
        return Weights()
    stored = json.loads(value)
    return Weights(**{**stored, "sex": SexWish(stored["sex"])})


@permitted(Permission.PAIRING_WEIGH)
def save_weights(
    session: Session, actor: Actor, *, sex: SexWish, points: dict[str, float | None], version: int
) -> StoredWeights:
    """Set the weights for every suggestion from now on; those already on somebody's screen stay as they are.

    Raises:
        FieldErrors: a number is missing, no whole one, or not from 0 to `MOST_POINTS`.
        EditedMeanwhile: somebody set them since the form was drawn.
    """
    weights = _checked(sex, points)
    take_turn(session, Turn.SCHOOL)
    stored = find_weights(session, actor)
    if stored.version != version:
        raise EditedMeanwhile(form_values(stored))
    save_setting(session, PAIRING_WEIGHTS, asdict(weights))
    changed = [name for name in (*POINTS, "sex") if getattr(weights, name) != getattr(stored.weights, name)]
    audit.record(session, actor, audit.Action.SETTINGS_CHANGED, kind=PAIRING_WEIGHTS, fields=changed)
    return StoredWeights(version + 1, weights)


def _checked(sex: SexWish, points: dict[str, float | None]) -> Weights:
    check, found = Checker(), {}
    for name in POINTS:
        value = points.get(name)
        number = check.whole_number(name, value)
        if value is None:
            check.add(name, "required")
        elif number is not None and not 0 <= number <= MOST_POINTS:
            check.add(name, "beyond_bounds", least=0, most=MOST_POINTS, unit="分")
        found[name] = number or 0
    check.finish()
    return Weights(sex=sex, **found)


def form_values(stored: StoredWeights) -> dict[str, object]:
    """Return what the form is drawn from."""
    return {"version": stored.version, **asdict(stored.weights)}
