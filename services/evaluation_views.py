"""The evaluations of a case as its readers have them, and how the first and the last compare (Q-06, Q-07)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import fmean
from typing import Any

from sqlmodel import Session, col, select

from db.base import JsonObject
from db.sealing import unseal
from db.tables import AppUser, EffectEvaluation, EffectEvaluationVersion, EvaluationMoment
from services.access import Permission, permitted
from services.actors import Actor
from services.case_papers import CaseHead, find_to_read
from services.case_rhythms import is_complete
from services.errors import NotFound
from services.evaluation_kinds import Dimension, Voice
from services.evaluations import as_stored, content_of


@dataclass(frozen=True, slots=True)
class Said:
    """What one of them said."""

    voice: Voice
    who: str
    said_on: date
    scores: Mapping[Dimension, int]
    words: str
    written_by: str


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """One evaluation."""

    id: int
    moment: EvaluationMoment
    held_on: date
    said: tuple[Said, ...]
    conclusion: str | None
    is_complete: bool  # as many voices as the school asks for, and all four dimensions
    is_amended: bool
    stored: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CaseEvaluations:
    """A case's evaluations, the first first."""

    head: CaseHead
    evaluations: tuple[EvaluationView, ...]

    def find(self, evaluation_id: int) -> EvaluationView | None:
        """Return one of them."""
        return next((each for each in self.evaluations if each.id == evaluation_id), None)


@dataclass(frozen=True, slots=True)
class Change:
    """One dimension, first and last, as those say it who spoke of it both times; nothing where nobody did."""

    dimension: Dimension
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class EvaluationVersion:
    """How an evaluation stood before somebody amended it."""

    moment: EvaluationMoment
    said: tuple[Said, ...]
    conclusion: str | None
    ended_at: datetime
    ended_by: str | None


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def list_evaluations(session: Session, actor: Actor, *, case_id: int) -> CaseEvaluations:
    """Return the evaluations of a case; three statements.

    Raises:
        NotFound: there is no such case this actor may open.
    """
    head = find_to_read(session, actor, case_id)
    columns: list[Any] = [EffectEvaluation, is_complete().label("complete")]
    found = session.execute(
        select(*columns)
        .where(EffectEvaluation.case_id == case_id)
        .order_by(col(EffectEvaluation.held_on), col(EffectEvaluation.id))
    ).all()
    names = _names(session, [content_of(row[0]) for row in found])
    return evaluations_of(head, [(row[0], bool(row.complete)) for row in found], names)


def evaluations_of(
    head: CaseHead, rows: Iterable[tuple[EffectEvaluation, bool]], names: Mapping[int, str]
) -> CaseEvaluations:  # fmt: skip
    """Put together what was read, for who has asked the rest; `names` are those who wrote the voices down."""
    return CaseEvaluations(head, tuple(_view(row, names, complete=complete) for row, complete in rows))


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def list_evaluation_versions(session: Session, actor: Actor, *, evaluation_id: int) -> list[EvaluationVersion]:
    """Return how an evaluation stood before each amendment, the latest first; four statements.

    Raises:
        NotFound: there is none in a case this actor may open.
    """
    row = session.get(EffectEvaluation, evaluation_id)
    if row is None:
        raise NotFound
    find_to_read(session, actor, row.case_id)
    found = session.exec(
        select(EffectEvaluationVersion, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(EffectEvaluationVersion.ended_by_id), isouter=True)
        .where(EffectEvaluationVersion.evaluation_id == evaluation_id)
        .order_by(col(EffectEvaluationVersion.number).desc())
    ).all()
    contents: list[JsonObject] = [json.loads(unseal(each, "content_sealed") or "{}") for each, _ in found]
    names = _names(session, contents)
    return [
        EvaluationVersion(
            moment=EvaluationMoment(content["moment"]),
            said=_said(content, names),
            conclusion=content.get("conclusion"),
            ended_at=each.ended_at,
            ended_by=ended_by,
        )
        for (each, ended_by), content in zip(found, contents, strict=True)
    ]


def changes_between(first: EvaluationView, last: EvaluationView) -> tuple[Change, ...]:
    """Compare two evaluations, each dimension by the voices that spoke of it both times.

    Else a parent heard only at the end would look like a change of the child.
    """
    return tuple(_change(each, first, last) for each in Dimension)


def _change(dimension: Dimension, first: EvaluationView, last: EvaluationView) -> Change:
    before, after = by_voice(first.said, dimension), by_voice(last.said, dimension)
    both = [voice for voice in Voice if voice in before and voice in after]
    if not both:
        return Change(dimension, None, None)
    return Change(dimension, fmean(before[each] for each in both), fmean(after[each] for each in both))


def by_voice(said: Iterable[Said], dimension: Dimension) -> dict[Voice, float]:
    """Return what each kind of voice says of a dimension; of two teachers the mean."""
    found: dict[Voice, list[int]] = {}
    for each in said:
        if dimension in each.scores:
            found.setdefault(each.voice, []).append(each.scores[dimension])
    return {voice: fmean(scores) for voice, scores in found.items()}


def _names(session: Session, contents: Sequence[JsonObject]) -> dict[int, str]:
    """Return who wrote the voices down, by account."""
    writers = {said["written_by_id"] for content in contents for said in content.get("voices") or ()}
    if not writers:
        return {}
    found = session.exec(select(AppUser.id, AppUser.display_name).where(col(AppUser.id).in_(writers)))
    return {user_id or 0: name for user_id, name in found}


def _view(
    row: EffectEvaluation, names: Mapping[int, str], *, complete: bool
) -> EvaluationView:  # fmt: skip
    content = content_of(row)
    return EvaluationView(
        id=row.id or 0,
        moment=row.moment,
        held_on=row.held_on,
        said=_said(content, names),
        conclusion=content.get("conclusion"),
        is_complete=complete,
        is_amended=row.version > 1,
        stored=as_stored(row),
    )


def _said(content: JsonObject, names: Mapping[int, str]) -> tuple[Said, ...]:
    return tuple(
        Said(
            voice=Voice(each["voice"]),
            who=each["who"],
            said_on=date.fromisoformat(each["said_on"]),
            scores={one: each["scores"][one.value] for one in Dimension if one.value in each["scores"]},
            words=each["words"],
            written_by=names.get(each["written_by_id"], ""),
        )
        for each in content["voices"]
    )
