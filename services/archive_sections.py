"""What stands in each part of an archive that comes from the register, the tiers and screening (F-02, F-04, H-01)."""

from collections.abc import Mapping

from db.tables import ConsentAnswer
from services import term_entries, tier_kinds, warning_group_views
from services.access import Permission, allows
from services.archive_care_sections import (
    assessments,
    evaluations,
    outward,
    plans,
    records,
    still_to_do,
    summaries,
)
from services.archive_contents import Entry, Reading, Writer, day_of, entry
from services.card_history import read_cards
from services.card_parts import CardPart
from services.record_prints import sees_card
from services.screening import results

_FAMILY = frozenset(
    {CardPart.GUARDIAN_NAME, CardPart.GUARDIAN_RELATION, CardPart.GUARDIAN_PHONE, CardPart.HOME_ADDRESS}
)


def basics(reading: Reading) -> tuple[Entry, ...]:
    """Who the child is, its classes, its categories where the reader may know them."""
    file, card = reading.file, reading.file.card
    found = [
        entry(
            "基本情况", 性别=file.gender.label, 学号=file.student_no, 学籍=file.state.label, 班主任=file.homeroom_name,
            出生=day_of(card.birth_day) if card else None, 民族=card.ethnicity if card else None,
            入学=day_of(file.entered_on), 离校=day_of(file.left_on),
            班级经过="；".join(f"{stay.label} {day_of(stay.from_day)}起" for stay in file.class_history),
        )
    ]  # fmt: skip
    for each in file.categories or ():
        kind = f"{each.kind.label}：{each.kind_name or each.subkind or each.difficulty or ''}".rstrip("：")
        level = each.level_name or (f"{each.level} 级" if each.level else None)
        found.append(
            entry(
                kind, 时间=f"{day_of(each.from_day)}起" + (f"，到{day_of(each.to_day)}" if each.to_day else ""),
                补录="照旧台账" if each.is_imported else None,
                等级=level, 监护=each.guardianship.label if each.guardianship else None,
                依据=None if reading.leaves else each.evidence,
            )
        )  # fmt: skip
    return tuple(found)


def family(reading: Reading) -> tuple[Entry, ...]:
    """Who looks after the child, and how they are reached."""
    return _card(reading, "家庭和监护人", _FAMILY)


def card(reading: Reading) -> tuple[Entry, ...]:
    """The contact card, beside what stands with the family already."""
    return _card(reading, "联系卡", frozenset(CardPart) - _FAMILY)


def tier(reading: Reading) -> tuple[Entry, ...]:
    """The tier and how it came there; the reasons for whoever may read them, and never outside the school."""
    order = tier_kinds.tier_order(reading.session)
    held = reading.view.row.tier
    found = [entry("现在的等级", 等级=held.label if held else "没有定过", 复核=day_of(reading.view.row.review_on))]
    for each in reversed(reading.view.changes):
        kind = order.of(each.tier_id)
        if each.number is None or kind is None:
            continue
        words = {"理由": each.reason, "凭据": each.evidence, "谁定的": each.author, "谁同意的": each.decided_by}
        said = {} if reading.leaves else words
        found.append(entry(f"{day_of(each.from_day)}　{kind.label}", **said))
    return tuple(found)


def group(reading: Reading) -> tuple[Entry, ...]:
    """The working group around the child: who sits in it, for the care room."""
    if reading.leaves or not reading.view.may_set or reading.view.group_id is None:
        return ()
    found = warning_group_views.find_group_of(reading.session, reading.actor, student_id=reading.student_id)
    if found is None:
        return ()
    seats = "；".join(f"{seat.role.label} {seat.name}" for seat in found.seats)
    return (entry(f"{day_of(found.from_day)}成立", 成员=seats, 还缺="、".join(each.label for each in found.missing)),)


def screening(reading: Reading) -> tuple[Entry, ...]:
    """Results of scales, the oldest first; outside the school the level alone, and not against the family's word."""
    if not allows(reading.actor, Permission.SCREENING_WRITE):
        return ()
    found = results.find_child_results(reading.session, reading.actor, student_id=reading.student_id)
    entries = []
    for each in reversed(found.results):
        row = each.row
        if reading.leaves and row.consent in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN):
            continue
        marks = [] if row.is_valid else ["作废"]
        high = "、".join(part.name for part in each.judgement.high) if each.judgement else None
        entries.append(
            entry(
                f"{day_of(row.taken_on)}　{row.scale_name}", 结果="，".join([row.level_name, *marks]),
                总分=None if reading.leaves or each.scores.total is None else f"{each.scores.total:g}",
                偏高=None if reading.leaves else high,
            )
        )  # fmt: skip
    return tuple(entries)


def study(reading: Reading) -> tuple[Entry, ...]:
    """Results term by term, and what was noted with them."""
    return tuple(
        entry(each.term_label, 学习=each.values.study.label if each.values.study else None, 备注=each.values.note)
        for each in _terms(reading)
        if each.values.study or each.values.note
    )


def health(reading: Reading) -> tuple[Entry, ...]:
    """Health term by term."""
    return tuple(
        entry(
            each.term_label, 身体=each.values.health.label if each.values.health else None,
            体检=day_of(each.values.checked_up_on),
            身高=f"{each.values.height_cm} 厘米" if each.values.height_cm else None,
            体重=f"{each.values.weight_kg:g} 千克" if each.values.weight_kg else None,
            接种=each.values.vaccination.label if each.values.vaccination else None,
        )
        for each in _terms(reading)
        if each.values.health or each.values.checked_up_on or each.values.vaccination
    )  # fmt: skip


WRITERS: Mapping[str, Writer] = {
    "basics": basics,
    "family": family,
    "tier": tier,
    "group": group,
    "screening": screening,
    "card": card,
    "study": study,
    "health": health,
    "assessment": assessments,
    "plan": plans,
    "records": records,
    "summary": summaries,
    "evaluation": evaluations,
}
"""What writes each part of `archive_parts.PARTS`; a part without one says only whether it is there."""

BESIDE: Mapping[str, tuple[str, Writer]] = {
    "outward": ("转介", outward),
    "to_do": ("现在要接着做的", still_to_do),
}
"""What an archive holds beside the parts it must have."""


def _card(reading: Reading, title: str, parts: frozenset[CardPart]) -> tuple[Entry, ...]:
    if not sees_card(reading.session, reading.actor, reading.student_id):
        return ()
    words = read_cards(reading.session, [reading.student_id])[reading.student_id].words
    said = {part.label: words.get(part.value) for part in CardPart if part in parts}
    found = entry(title, **said)
    return (found,) if found.facts else ()


def _terms(reading: Reading) -> tuple[term_entries.ChildEntry, ...]:
    found = term_entries.list_child_entries(reading.session, reading.actor, student_id=reading.student_id)
    return tuple(reversed(found))
