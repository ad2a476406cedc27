"""What teachers found out about left-behind children's families; one in six is still to be asked (E-04)."""

from datetime import date, time, timedelta
from random import Random

from db.tables import FamilyEconomy, FamilySurvey
from services import clock
from services.audit import Action
from services.demonstration.plan import Child, Plan
from services.demonstration.writer import Writer

UNASKED = 1 / 6
_WITHIN = timedelta(days=45)
_MEANS = (
    "爸爸妈妈在外面厂里，每月寄钱回来，外婆种一点菜。",
    "爷爷有低保，爸爸打零工，上半年没有寄钱。",
    "妈妈在县城卖菜，一个月回来两次，家里还有一个弟弟。",
    "爸爸跑运输，收入不稳，奶奶常年吃药。",
)
_NEEDS = (
    "数学跟不上，家里没有人能看作业。",
    "要一张安静的桌子，晚上有人提醒。",
    "英语要从音标补起。",
    "没有特别的，看书少。",
)


def fill(plan: Plan, writer: Writer) -> None:
    """Write the surveys; by dice of their own, so that nothing else of the school moves."""
    for child in plan.children:
        chance = Random(child.id)  # noqa: S311  invented
        if child.is_left_behind and chance.random() >= UNASKED:
            _add(plan, writer, child, chance)


def _add(plan: Plan, writer: Writer, child: Child, chance: Random) -> None:
    begun = max(child.came_on, date(plan.school_year, 9, 1))
    day = begun + timedelta(days=chance.randrange(_WITHIN.days))
    if day > plan.today:
        return
    at = min(clock.at_school(day, time(18, chance.randrange(60))), clock.now())
    survey_id = writer.add(
        FamilySurvey,
        student_id=child.id,
        asked_on=day,
        economy=chance.choices(list(FamilyEconomy), weights=(1, 4, 4, 1))[0],
        means_sealed=chance.choice(_MEANS),
        needs_sealed=chance.choice(_NEEDS),
        recorded_by_id=child.homeroom_id,
        recorded_at=at,
    )
    plan.did(at, child.homeroom_id, Action.SURVEY_RECORDED, ("family_survey", survey_id), child.id)
