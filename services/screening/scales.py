"""Scales as declared files: what they measure, how far a score reaches, from where it asks for somebody (H-04).

Scores are imported, items never shipped. A school puts a file of its own beside its data; a wrong one is refused whole.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.exchange.headers import canonical

LONGEST_CODE = 20
NO_LEVEL = ""
"""Stands for a level where the total can't be told, and so none follows from it."""

INCOMPLETE = "总分不全，算不出等级"


class ScaleFileWrong(ValueError):
    """A scale file can't be used: which file, where in it, and what is wrong there, in one sentence."""

    def __init__(self, file_name: str, what: str) -> None:
        super().__init__(f"量表文件 {file_name} 用不了：{what}")


class Colour(StrEnum):
    """How much a level asks for; the colours are those of the tiers (domain §3)."""

    NONE = "none"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """Nothing 0, gravest 3."""
        return list(Colour).index(self)


class Makes(StrEnum):
    """What the total is of."""

    SUM = "sum"  # of the subscales that count
    MEAN = "mean"  # of them
    ITEMS = "items"  # the sum of all items
    APART = "apart"  # can't be checked


@dataclass(frozen=True, slots=True)
class Span:
    """What a score may be, both ends included."""

    least: float
    most: float

    def holds(self, score: float) -> bool:
        """Say whether a score lies inside."""
        return self.least <= score <= self.most


@dataclass(frozen=True, slots=True)
class Subscale:
    """One subscale; `high` is the score from which it is named, without asking for anybody by itself."""

    code: str
    name: str
    span: Span
    high: float | None
    in_total: bool
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the total, from a score on."""

    code: str
    name: str
    colour: Colour
    from_score: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Validity:
    """The validity scale; from `void_from` on a result is void and is taken again."""

    name: str
    span: Span
    void_from: float
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """The items that are read by their numbers; an answer of `danger_from` to one in `danger` outranks every total."""

    numbers: tuple[int, ...]
    span: Span
    danger: tuple[int, ...]
    danger_from: float
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """One scale as its file declares it."""

    code: str
    name: str
    short: str
    aliases: tuple[str, ...]
    for_whom: str
    source: str
    step: float
    total: Span
    makes: Makes
    total_headers: tuple[str, ...]
    validity: Validity | None
    items: Items | None
    subscales: tuple[Subscale, ...]
    levels: tuple[Level, ...]

    def level(self, code: str) -> Level | None:
        """Return a level by its code."""
        return next((each for each in self.levels if each.code == code), None)

    def level_of(self, total: float) -> Level:
        """Return the level a total lies in."""
        return [each for each in self.levels if each.from_score <= total][-1]

    def level_called(self, text: str) -> Level | None:
        """Return the level a file's own word names, None where it is none of ours."""
        word = canonical(text)
        return next((each for each in self.levels if word in map(canonical, (each.name, *each.words))), None)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one result; None and empty where a file doesn't say, a total also where it can't be trusted."""

    total: float | None
    validity: float | None = None
    subscales: tuple[tuple[str, float], ...] = ()
    items: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a scale makes of the scores: a reason to talk, never a diagnosis."""

    is_valid: bool
    level: Level | None  # None: of no total
    danger: tuple[int, ...]  # numbers of the crisis items that were answered so
    high: tuple[Subscale, ...]

    @property
    def is_urgent(self) -> bool:
        """Whether somebody talks with the child the same day: a crisis item, also in a void result, or a red level."""
        return bool(self.danger) or self._level_rank == Colour.RED.rank

    @property
    def rank(self) -> int:
        """The tier it suggests, 0 for none: a crisis item outranks every total."""
        return Colour.RED.rank if self.danger else self._level_rank

    @property
    def _level_rank(self) -> int:
        return self.level.colour.rank if self.level is not None and self.is_valid else 0

    @property
    def needs_contact(self) -> bool:
        """Whether somebody has to talk with the child (H-04)."""
        return self.rank > 0


def level_name(scale: Scale | None, code: str) -> str:
    """Return a stored level in its scale's word; the code itself where the scale's file is gone."""
    level = scale.level(code) if scale else None
    return level.name if level else code or INCOMPLETE


def judge(scale: Scale, scores: Scores) -> Judgement:
    """Say what a scale makes of scores that lie inside it."""
    items, validity = scale.items, scale.validity
    danger = items.danger if items else ()
    void = validity is not None and scores.validity is not None and scores.validity >= validity.void_from
    of_subscale = dict(scores.subscales)
    return Judgement(
        is_valid=not void,
        level=None if scores.total is None else scale.level_of(scores.total),
        danger=tuple(number for number, score in scores.items if number in danger and score >= items.danger_from)
        if items
        else (),
        high=tuple(
            each
            for each in scale.subscales
            if each.high is not None and of_subscale.get(each.code, each.span.least) >= each.high
        ),
    )
