"""The leadership group's week on paper: a Word document from a template the school can replace, no child in it."""

from datetime import date

from sqlmodel import Session

from services import audit
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import FieldErrors, Problem
from services.exchange.documents import TemplateValue
from services.paper import WordFile, printed_by, template_for, written_day
from services.regulations.parameters import areas
from services.regulations.words import STATE_WORDS
from services.review_numbers import Count
from services.review_words import HELD_BACK, MONEY_LEFT, ROOM_HOURS, number_words, week_words
from services.reviews import RedClause, Review, find_review
from services.schools import school_name
from services.student_exports import ExportPurpose

PAPER = "weekly_review"


@permitted(Permission.REVIEW_READ)
def print_review(
    session: Session, actor: Actor, *, first_day: date | None = None, purpose: ExportPurpose | None
) -> WordFile:
    """Return a week as a paper, with the numbers this reader may read and room for what the meeting decides.

    Raises:
        FieldErrors: no purpose is given.
    """
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    review = find_review(session, actor, first_day=first_day)
    audit.record(
        session, actor, audit.Action.EXPORT_MADE, list=PAPER, purpose=purpose.value, form="docx",
        count=len(review.turned) + len(review.owners), day=review.first_day.isoformat(),
    )  # fmt: skip
    values = {**values_of(review), "学校": school_name(session) or "", "导出": printed_by(actor, purpose)}
    name = f"周例会 {week_words(review.first_day, review.number)}.docx"
    return WordFile(name, values, template_for(f"{PAPER}.docx"), actor.display_name)


def values_of(review: Review) -> dict[str, TemplateValue]:
    """Return what stands for the names in the template."""
    return {
        "哪一周": week_words(review.first_day, review.number),
        "数到": written_day(review.told_on),
        "定格": "那一周过完时定格的数" if review.is_frozen else "这一周到今天的数",
        "上一周": week_words(review.before_day, None) if review.before_day else "没有",
        "说明": "　　" + HELD_BACK if review.is_held_back else "",
        "变红": [_red(each) for each in review.turned] or [{"条款": "没有新变红的"}],
        "变红条数": f"{len(review.turned)} 条，上一周 {number_words(review.turned_count.before, '条')}",
        "逾期": [{"谁": each.name, **_row(each.count, "件")} for each in review.owners],
        "逾期件数": f"{number_words(review.overdue.now, '件')}，上一周 {number_words(review.overdue.before, '件')}",
        "数": [
            {"什么": "没有结对的留守孩子", **_row(review.unpaired, "人")},
            *({"什么": f"等级：{each.tier.label}", **_row(each.count, "人")} for each in review.tiers),
        ],
        "辅导室": ROOM_HOURS,
        "经费": MONEY_LEFT,
        "领域": _areas(review),
    }


def _red(red: RedClause) -> dict[str, str]:
    counts = (("逾期", red.told.overdue), ("漏做", red.told.missed))
    return {
        "编号": red.clause.id,
        "条款": red.clause.text,
        "情况": STATE_WORDS[red.state],
        "件数": "，".join(f"{word} {count:,}" for word, count in counts if count),
        "负责": red.responsible,
    }


def _areas(review: Review) -> list[dict[str, str]]:
    *earlier, now = review.weeks or (None,)
    was = {each.area: each.percent for each in earlier[-1].areas} if earlier and earlier[-1] else {}
    return [
        {
            "领域": f"{each.area} {areas()[each.area]}",
            "条数": f"{each.kept} / {each.judged} 条",
            "本周": _percent(each.percent),
            "上周": _percent(was.get(each.area)),
        }
        for each in (now.areas if now else ())
    ]


def _row(count: Count, unit: str) -> dict[str, str]:
    return {"本周": number_words(count.now, unit), "上周": number_words(count.before, unit)}


def _percent(share: int | None) -> str:
    return "—" if share is None else f"{share}%"
