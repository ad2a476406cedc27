"""Writing down how far a case has helped: what the child, teachers, parents and questionnaires say (Q-06, Q-07)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from db.base import JsonObject
from db.sealing import seal, unseal
from db.tables import Case, EffectEvaluation, EffectEvaluationVersion, EvaluationMoment
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.case_papers import find_to_write, lock_paper
from services.errors import NotFound
from services.evaluation_kinds import LEAST, MOST, Dimension, Voice
from services.fields import LINE, LONG, Checker

MOST_VOICES = 8


@dataclass(frozen=True, slots=True)
class VoiceEntry:
    """What one of them says: who and when, a score from 1 to 5 for what was spoken of, and words."""

    voice: Voice | None = None
    who: str | None = None
    said_on: date | None = None
    scores: Mapping[Dimension, float | None] = field(default_factory=dict)
    words: str | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nobody spoke here; a day alone is no voice."""
        typed = (self.voice, (self.who or "").strip(), (self.words or "").strip(), *self.scores.values())
        return not any(typed)


@dataclass(frozen=True, slots=True)
class EvaluationEntry:
    """One evaluation as typed: when in the case, who said what, and what follows from it (Q-08)."""

    moment: EvaluationMoment | None
    voices: tuple[VoiceEntry, ...]
    conclusion: str | None = None


@permitted(Permission.CASE_READ)
def write_evaluation(session: Session, actor: Actor, *, case_id: int, entry: EvaluationEntry) -> int:
    """Write down one evaluation of a case's effect; return its id (Q-06).

    Raises:
        NotFound: there is no such case this actor may open.
        NotAllowed: it is somebody else's case.
        CaseClosed: the case is closed.
        FieldErrors: a part is missing or can't be, or there is one of that day and moment.
    """
    case, known_since = find_to_write(session, actor, case_id, is_new=True)
    spoken, conclusion = _check(session, case, entry, since=known_since)
    row = EffectEvaluation(
        case_id=case_id,
        moment=entry.moment or EvaluationMoment.MIDWAY,
        held_on=_held_on(spoken),
        voices=1,
        dimensions=1,
        written_by_id=actor.id_of_staff,
        written_at=clock.now(),
    )
    _put(row, actor, spoken, conclusion, before=())
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.EVALUATION_WRITTEN, target=row, student_id=case.student_id)
    return row.id or 0


@permitted(Permission.CASE_READ)
def amend_evaluation(
    session: Session, actor: Actor, *, evaluation_id: int, version: int, entry: EvaluationEntry
) -> None:
    """Put an evaluation right, or add who was heard since; how it stood before is kept (F-10).

    Raises:
        NotFound: there is none in a case this actor may open.
        NotAllowed: it is somebody else's case.
        FieldErrors: a part is missing or can't be, or there is another one of that day and moment.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    found = session.get(EffectEvaluation, evaluation_id)
    if found is None:
        raise NotFound
    case, known_since = find_to_write(session, actor, found.case_id, is_new=False)
    spoken, conclusion = _check(session, case, entry, since=known_since, evaluation_id=evaluation_id)
    row = lock_paper(session, EffectEvaluation, evaluation_id, version=version, stored=as_stored)
    kept = EffectEvaluationVersion(
        evaluation_id=evaluation_id, number=row.version - 1, ended_at=clock.now(), ended_by_id=actor.user_id
    )
    before = content_of(row)
    seal(kept, "content_sealed", json.dumps(before | {"moment": row.moment.value}, ensure_ascii=False))
    session.add(kept)
    row.moment = entry.moment or row.moment
    row.held_on = _held_on(spoken)
    _put(row, actor, spoken, conclusion, before=before["voices"])
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.EVALUATION_AMENDED, target=row, student_id=case.student_id)


def content_of(row: EffectEvaluation) -> JsonObject:
    """Return what was said, as it is kept."""
    content: JsonObject = json.loads(unseal(row, "content_sealed") or "{}")
    return {"voices": content.get("voices") or [], "conclusion": content.get("conclusion")}


def as_stored(row: EffectEvaluation) -> dict[str, object]:
    """Return an evaluation as its form names its fields: one prefix a voice."""
    content = content_of(row)
    stored: dict[str, object] = {
        "id": row.id,
        "version": row.version,
        "moment": row.moment,
        "conclusion": content["conclusion"],
    }
    for place, said in enumerate(content["voices"]):
        stored[f"voice_{place}_voice"] = Voice(said["voice"])
        stored[f"voice_{place}_who"] = said["who"]
        stored[f"voice_{place}_said_on"] = date.fromisoformat(said["said_on"])
        stored[f"voice_{place}_words"] = said["words"]
        for each in Dimension:
            stored[f"voice_{place}_{each.value}"] = said["scores"].get(each.value)
    return stored


def _held_on(spoken: Sequence[VoiceEntry]) -> date:
    return max(each.said_on for each in spoken if each.said_on)


def _check(
    session: Session, case: Case, entry: EvaluationEntry, *, since: date, evaluation_id: int | None = None
) -> tuple[list[VoiceEntry], str | None]:
    check = Checker()
    if entry.moment is None:
        check.add("moment", "required")
    spoken = [
        _check_voice(check, f"voice_{place}", said, since=since)
        for place, said in enumerate(entry.voices)
        if not said.is_blank
    ]
    if not spoken:
        check.add("voice_0_voice", "voice_needed")
    if len(spoken) > MOST_VOICES:
        check.add("voice_0_voice", "too_many_lines", limit=MOST_VOICES)
    conclusion = check.text("conclusion", entry.conclusion, limit=LONG)
    check.finish()
    row = EffectEvaluation
    another = session.exec(
        select(row.id).where(
            row.case_id == case.id,
            row.moment == entry.moment,
            row.held_on == _held_on(spoken),
            col(row.id) != (evaluation_id or 0),
        )
    ).first()
    if another is not None:
        check.add("moment", "evaluation_exists")
    check.finish()
    return spoken, conclusion


def _check_voice(check: Checker, prefix: str, said: VoiceEntry, *, since: date) -> VoiceEntry:
    if said.voice is None:
        check.add(f"{prefix}_voice", "required")
    who = check.required_text(f"{prefix}_who", said.who, limit=LINE)
    if said.said_on is None:
        check.add(f"{prefix}_said_on", "required")
    elif said.said_on < since:
        check.add(f"{prefix}_said_on", "before_worry", day=since)
    check.not_future(f"{prefix}_said_on", said.said_on, today=clock.today())
    scores = {each: _check_score(check, f"{prefix}_{each.value}", said.scores.get(each)) for each in Dimension}
    if all(score is None for score in scores.values()):
        check.add(f"{prefix}_{Dimension.PROBLEM.value}", "score_needed")
    words = check.required_text(f"{prefix}_words", said.words, limit=LONG)
    return VoiceEntry(said.voice, who, said.said_on, scores, words)


def _check_score(check: Checker, name: str, score: float | None) -> int | None:
    number = check.whole_number(name, score)
    if number is not None and not LEAST <= number <= MOST:
        check.add(name, "outside", least=LEAST, most=MOST)
    return number


def _put(
    row: EffectEvaluation, actor: Actor, spoken: Sequence[VoiceEntry], conclusion: str | None, *,
    before: Sequence[JsonObject],
) -> None:  # fmt: skip
    """Seal what was said; who wrote a voice down stays with it as long as nobody touches it."""
    voices: list[JsonObject] = []
    for place, said in enumerate(spoken):
        kept = before[place] if place < len(before) else {}
        written = _as_json(said)
        is_same = {name: kept.get(name) for name in written} == written
        written_by = kept.get("written_by_id") if is_same else actor.user_id
        voices.append(written | {"written_by_id": written_by})
    row.voices = len({each.voice for each in spoken})
    row.dimensions = sum(any(each.scores.get(one) is not None for each in spoken) for one in Dimension)
    content: dict[str, Any] = {"voices": voices, "conclusion": conclusion}
    seal(row, "content_sealed", json.dumps(content, ensure_ascii=False))


def _as_json(said: VoiceEntry) -> JsonObject:
    return {
        "voice": said.voice.value if said.voice else None,
        "who": said.who,
        "said_on": said.said_on.isoformat() if said.said_on else None,
        "scores": {each.value: score for each, score in said.scores.items() if score is not None},
        "words": said.words,
    }
