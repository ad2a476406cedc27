"""Screenings of two school years: a round a term, who was away, what stood out and who talked with the child."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from db.base import new_uid
from db.tables import (
    CareChannel,
    CareKind,
    CarePlace,
    CareRecord,
    CareRecordWords,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    Role,
    ScreeningAbsence,
    ScreeningResult,
    ScreeningRound,
)
from services.audit import Action
from services.calendar import TermDates
from services.demonstration.plan import Child, Plan
from services.demonstration.writer import Writer
from services.record_kinds import count_parts
from services.screening.matching import scores_as_text
from services.screening.scale_files import shipped_scales
from services.screening.scales import NO_LEVEL, Judgement, Makes, Scale, Scores, judge

FIRST_GRADE, FROM_ELEVEN = 4, 6  # the scales are for children from there on
ASKED, REFUSED = 0.97, 0.01
AWAY, VOID, TALKED = 0.03, 0.03, 0.7
DAYS_INTO_TERM = 28
_RAISED = (
    "说最近没睡好，考试前尤其紧张。",
    "说和同桌闹别扭，这周好了。",
    "说都还好，那天着急乱填。",
    "想爸爸妈妈。",
)
_MEASURES = ("听完，约好每周三中午来坐一会儿。", "教了放松的办法，和班主任说好多看一眼。", "约好下周再谈一次。")


@dataclass(frozen=True, slots=True)
class _Round:
    id: int
    scale: Scale
    day: date
    imported_at: datetime
    is_last: bool


def fill(plan: Plan, writer: Writer) -> None:
    """Ask the families, then screen everybody from grade four on, each term that has come so far."""
    counsellor = plan.of_role(Role.COUNSELLOR)[0]
    refusing = {child.id for child in plan.children if not _asked(plan, writer, child, counsellor.id)}
    terms = [term for term in plan.terms if term.first_day + timedelta(days=DAYS_INTO_TERM + 7) <= plan.today]
    for term in terms:
        rounds = _open_rounds(plan, writer, term, counsellor.id, is_last=term is terms[-1])
        for child in plan.children:
            grade = child.grade - (plan.school_year - term.school_year)
            if grade >= FIRST_GRADE and child.id not in refusing and child.came_on <= term.first_day:
                for code in ("phq9", "gad7") if term.number == 2 and grade >= FROM_ELEVEN else ("mht",):
                    _screen(plan, writer, child, rounds[code], counsellor.id)


def _asked(plan: Plan, writer: Writer, child: Child, counsellor_id: int) -> bool:
    """Return whether a family lets its child be screened; few were never asked."""
    chance = plan.inventor.random.random()
    if chance >= ASKED:
        return True
    is_refused = chance < REFUSED
    day = max(plan.first_day, child.came_on)
    writer.add(
        Consent,
        student_id=child.id,
        purpose=ConsentPurpose.SCREENING,
        answer=ConsentAnswer.REFUSED if is_refused else ConsentAnswer.GIVEN,
        day=day,
        by_whom_sealed="母亲",
        recorded_by_id=counsellor_id,
        recorded_at=plan.moment(day),
    )
    return not is_refused


def _open_rounds(
    plan: Plan, writer: Writer, term: TermDates, counsellor_id: int, *, is_last: bool
) -> dict[str, _Round]:
    day = term.first_day + timedelta(days=DAYS_INTO_TERM)
    while not plan.calendar.is_school_day(day):
        day += timedelta(days=1)
    # The newest list was brought in yesterday, so that there is somebody to talk with.
    imported_at = plan.moment(plan.today - timedelta(days=1)) if is_last else plan.moment(day + timedelta(days=2))
    found = {}
    for code in ("mht", "phq9", "gad7") if term.number == 2 else ("mht",):
        round_id = writer.add(
            ScreeningRound,
            school_year=term.school_year,
            half=term.number,
            scale=code,
            opened_at=imported_at,
            opened_by_id=counsellor_id,
            closed_at=None if is_last else imported_at + timedelta(days=30),
            closed_by_id=None if is_last else counsellor_id,
        )
        plan.did(imported_at, counsellor_id, Action.SCREENING_ROUND_OPENED, ("screening_round", round_id))
        found[code] = _Round(round_id, shipped_scales()[code], day, imported_at, is_last)
    return found


def _screen(plan: Plan, writer: Writer, child: Child, found: _Round, counsellor_id: int) -> None:
    chance = plan.inventor.random
    if chance.random() < AWAY:
        writer.add(ScreeningAbsence, round_id=found.id, student_id=child.id, recorded_at=found.imported_at)
        return
    scores = _invented(plan, found.scale)
    judgement = judge(found.scale, scores)
    result = {
        "round_id": found.id,
        "student_id": child.id,
        "taken_on": found.day,
        "is_valid": judgement.is_valid,
        "level": judgement.level.code if judgement.level else NO_LEVEL,
        "rank": judgement.rank,
        "is_urgent": judgement.is_urgent,
        "needs_contact": judgement.needs_contact,
        "high_count": len(judgement.high),
        "scores_sealed": scores_as_text(scores),
        "owner_id": counsellor_id,
        "recorded_at": found.imported_at,
    }
    if judgement.needs_contact and (not found.is_last or chance.random() < TALKED):
        result |= _followed_up(plan, writer, child, found, judgement, counsellor_id)
    writer.add(ScreeningResult, **result)


def _invented(plan: Plan, scale: Scale) -> Scores:
    """Invent scores that add up, most of them low; of the many a few crisis items."""
    chance = plan.inventor.random
    if scale.makes is Makes.ITEMS and scale.items is not None:
        weight = min(chance.expovariate(2.2), 1.0)
        answers = [min(3, int(chance.random() * 4 * weight)) for _ in scale.items.numbers]
        if scale.items.danger:
            answers[-1] = 1 if chance.random() < 0.003 else 0
        pairs = tuple(zip(scale.items.numbers, map(float, answers), strict=True))
        return Scores(total=float(sum(answers)), items=pairs)
    weight = min(1.0, max(0.05, chance.gauss(0.36, 0.14)))
    parts = [
        (each.code, float(min(each.span.most, max(0, round(chance.gauss(each.span.most * weight, 1.6))))))
        for each in scale.subscales
    ]
    validity = float(chance.choice((7, 8, 9)) if chance.random() < VOID else chance.randrange(0, 6))
    return Scores(total=sum(score for _, score in parts), validity=validity, subscales=tuple(parts))


def _followed_up(
    plan: Plan, writer: Writer, child: Child, found: _Round, judgement: Judgement, counsellor_id: int
) -> dict[str, object]:
    """Write the talk that followed; what it led to are tiers, a part of their own."""
    chance = plan.inventor.random
    waits = 0 if judgement.is_urgent or found.is_last else chance.randrange(0, 9)
    day = min(found.imported_at.date() + timedelta(days=waits), plan.today)
    at = max(plan.moment(day), found.imported_at)
    raised, measures = chance.choice(_RAISED), chance.choice(_MEASURES)
    record_id = writer.add(
        CareRecord,
        entry_uid=new_uid(),
        student_id=child.id,
        kind=CareKind.TALK,
        day=day,
        place=CarePlace.OFFICE,
        channel=CareChannel.FACE,
        is_done=True,
        parts_filled=count_parts(CarePlace.OFFICE, raised, measures),
        author_id=counsellor_id,
        recorded_at=at,
    )
    writer.add(
        CareRecordWords,
        record_id=record_id,
        raised_sealed=raised,
        measures_sealed=measures,
    )
    plan.did(at, counsellor_id, Action.RECORD_SAVED, ("care_record", record_id), child.id)
    asked = found.is_last and chance.random() < 0.5
    return {"contact_id": record_id, "homeroom_asked_at": at if asked else None}
