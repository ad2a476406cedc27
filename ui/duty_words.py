"""What a duty of a clause is called in a list: its period, and which of the clause's duties it is."""

from collections.abc import Mapping
from datetime import date

from db.tables import WarningRole
from services import clock
from services.archive_parts import PARTS as PARTS_OF_ARCHIVE
from services.card_parts import CardPart
from services.document_kinds import haves
from services.record_kinds import LABELS, PARTS
from services.regulations.measures import measures, wholes
from ui import formats

_CARD = {each.value: each.label for each in CardPart}
_FILE = {each.code: each.label for each in PARTS_OF_ARCHIVE}
_CONTACT = {name: LABELS[name] for name in PARTS}
_PARTS: Mapping[str, Mapping[str, str]] = {
    "entry_parts": _CARD,
    "card_parts": _CARD,
    "surveys": {"economy": "家里经济", "needs": "学习上需要什么"},
    "registrations": {"left_behind_kind": "谁外出", "guardianship": "监护情况", "found_by": "怎么发现的"},
    "reasons": {"evidence": "依据"},
    "case_files": _FILE,
    "files": _FILE,
    "care_plans": {"plan": "帮扶方案", "measures": "到期的措施还没做完"},
    "study_plans": {"study": "学业的措施", "results": "阶段结果"},
    "record_parts": _CONTACT,
    "talk_parts": _CONTACT,
    "term_results": {"study": "学习", "health": "身体"},
    "warning_roles": {each.value: each.label for each in WarningRole},
    "six_haves": haves(),
}
"""What is lacking is called, by the source; of the others it is only known how many parts there are."""


def period_words(first: date, last: date | None) -> str:
    """Return the days of a period, or the day a step began."""
    today = clock.today()
    return formats.day_range(first, last, today=today) if last else formats.day(first, today=today)


def part_words(clause_id: str, part: str | None) -> str | None:
    """Return what a clause calls one of its duties; None where it has one, or isn't measured any more.

    Of a record that must be whole: what it lacks.
    """
    if clause_id in wholes():
        words = _PARTS.get(wholes()[clause_id].source, {})
        return "、".join(words.get(each, "") for each in part.split(",")) if part else None
    measure = measures().get(clause_id)
    labels = {duty.part: duty.label for duty in measure.duties} if measure else {}
    return labels.get(part) or ("教师" if part == "teacher" else None)
