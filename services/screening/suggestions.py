"""From a result to a tier: proposed once somebody has talked with the child, decided by a person (H-04, G-09)."""

from collections.abc import Sequence

from sqlmodel import Session, select

from db.sealing import seal
from db.tables import CareRecord, ScreeningResult, ScreeningRound, TierSuggestion
from services import audit, clock
from services.actors import Actor
from services.screening.known import known_scales
from services.screening.scales import Colour, level_name
from services.tier_kinds import TierKind, TierOrder, tier_order
from services.tiers import suggest_tier


def tier_for(order: TierOrder, rank: int) -> TierKind | None:
    """Return the tier of a result's colour; where the school has none of it, the nearest from the gravest."""
    colour = list(Colour)[rank].value
    above = [each for each in order.offered if each.rank > 0]
    if not rank or not above:
        return None
    same = next((each for each in above if each.colour.value == colour), None)
    return same or above[min(Colour.RED.rank - rank, len(above) - 1)]


def suggest(session: Session, actor: Actor, results: Sequence[ScreeningResult], contact: CareRecord) -> None:
    """Propose one tier after the talk about a child's results, that of the gravest; nothing where there is none.

    What was proposed of a result before is not proposed again; where nobody has decided it, it now rests on this talk.
    """
    _renew(session, actor, [each for each in results if each.suggestion_id is not None], contact)
    new = [each for each in results if each.suggestion_id is None]
    result = max(new, key=lambda each: (each.rank, each.taken_on), default=None)
    tier = tier_for(tier_order(session), result.rank) if result is not None else None
    if result is None or tier is None:
        return
    suggestion_id = suggest_tier(
        session, actor, student_id=result.student_id, tier_id=tier.id, reason=_reason(session, result, contact),
        source_key=f"screening:{result.id}",
    )  # fmt: skip
    for each in new:
        each.suggestion_id = suggestion_id
        session.add(each)


def _renew(session: Session, actor: Actor, results: Sequence[ScreeningResult], contact: CareRecord) -> None:
    """Let what was proposed after a talk that counts no more name the one that was held instead."""
    for suggestion_id in sorted({each.suggestion_id for each in results if each.suggestion_id is not None}):
        row = session.exec(select(TierSuggestion).where(TierSuggestion.id == suggestion_id).with_for_update()).one()
        if row.ended_at is not None:
            continue
        of_it = [each for each in results if each.suggestion_id == suggestion_id]
        seal(row, "reason_sealed", _reason(session, max(of_it, key=lambda each: (each.rank, each.taken_on)), contact))
        row.suggested_on, row.suggested_by_id, row.version = clock.today(), actor.user_id, row.version + 1
        session.add(row)
        audit.record(session, actor, audit.Action.TIER_SUGGESTED, target=row, student_id=row.student_id)


def _reason(session: Session, result: ScreeningResult, contact: CareRecord) -> str:
    found = session.get_one(ScreeningRound, result.round_id)
    scale = known_scales().get(found.scale)
    urgent = "，有紧急提示" if result.is_urgent else ""
    named = f"{scale.short if scale else found.scale} {level_name(scale, result.level)}{urgent}"
    return f"{named}（{result.taken_on:%Y-%m-%d} 测），{contact.day:%Y-%m-%d} 谈过。"
