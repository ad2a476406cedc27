"""Some children with a serious worry are referred to a hospital: answered or not, asked after, a few of them ended."""

from datetime import date, datetime, timedelta
from random import Random

from db.tables import (
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    OutwardContact,
    OutwardFollowUp,
    OutwardOutcome,
    OutwardReferral,
    OutwardTarget,
    Urgency,
)
from services import clock
from services.audit import Action
from services.demonstration.plan import Plan
from services.demonstration.writer import Writer

SHARE = 0.4
EVERY_DAYS, GOES_ON_DAYS = 14, 60
ANSWERED, ENDED, IN_DANGER = 0.7, 0.3, 0.15
_TARGETS = {
    OutwardTarget.HOSPITAL: "栖云市第三医院心理科",
    OutwardTarget.AGENCY: "青澜县未成年人关爱中心",
    OutwardTarget.CIVIL_AFFAIRS: "青澜县民政局儿童福利科",
}
_REASONS = (
    "近一个月睡不着，吃得少，家里也着急。",
    "惊慌发作过两次，要请医生看看。",
    "家里照看不上，请民政帮着想办法。",
)
_ANSWERS = ("看过了，建议每两周门诊一次，学校配合作息。", "建议先在家休息一周，复诊时学校老师一起来。")
_FOLLOW_UPS = ("问了门诊，按时复诊。", "孩子说睡得好一些，愿意去上课。", "班主任说这周没有迟到。")


def add(plan: Plan, writer: Writer, *, student_id: int, case_id: int, owner_id: int, at: datetime) -> None:
    """Refer some children out some days after their case was opened; each by dice of its own, so that nothing moves."""
    chance, today = Random(case_id), clock.today()  # noqa: S311  invented children
    referred_on = clock.local(at).date() + timedelta(days=chance.randint(3, 9))
    if chance.random() > SHARE or referred_on > today:
        return
    days = (today - referred_on).days
    is_emergency = chance.random() < IN_DANGER
    if not is_emergency:
        _consent(plan, writer, student_id, owner_id, referred_on)
    is_over = days > GOES_ON_DAYS or (days > EVERY_DAYS and chance.random() < ENDED)
    answered_on = referred_on + timedelta(days=7) if days >= 7 and (is_over or chance.random() < ANSWERED) else None
    ended_on = referred_on + timedelta(days=min(days, GOES_ON_DAYS)) if is_over else None
    last = ended_on or today
    follow_ups = [
        day for each in range(EVERY_DAYS, days + 1, EVERY_DAYS) if (day := referred_on + timedelta(days=each)) <= last
    ]
    kind = chance.choice(list(_TARGETS))
    number = writer.add(
        OutwardReferral,
        student_id=student_id,
        case_id=case_id,
        owner_id=owner_id,
        target_kind=kind,
        target_sealed=_TARGETS[kind],
        contact_sealed="门诊 15400009000",
        reason_sealed=chance.choice(_REASONS),
        handed_sealed="转介信一份。",
        urgency=Urgency.DANGER if is_emergency else Urgency.URGENT,
        referred_on=referred_on,
        consent_on=None if is_emergency else referred_on,
        is_emergency=is_emergency,
        emergency_sealed="说有计划，家里电话打不通，已报 110。" if is_emergency else None,
        answered_on=answered_on,
        answer_sealed=chance.choice(_ANSWERS) if answered_on else None,
        last_followed_on=follow_ups[-1] if follow_ups else None,
        outcome=OutwardOutcome.BACK if ended_on else None,
        ended_on=ended_on,
        ending_sealed="好转，回到校内，每周谈一次。" if ended_on else None,
        recorded_by_id=owner_id,
        recorded_at=plan.moment(referred_on),
    )
    about = ("outward_referral", number)
    plan.did(plan.moment(referred_on), owner_id, Action.OUTWARD_MADE, about, student_id)
    for day in follow_ups:
        contact = chance.choice((OutwardContact.BODY, OutwardContact.CHILD, OutwardContact.SCHOOL))
        writer.add(
            OutwardFollowUp,
            outward_id=number,
            day=day,
            contact=contact,
            words_sealed=chance.choice(_FOLLOW_UPS),
            taken_by_id=owner_id,
            recorded_at=plan.moment(day),
        )
        plan.did(plan.moment(day), owner_id, Action.OUTWARD_FOLLOWED, about, student_id)


def _consent(plan: Plan, writer: Writer, student_id: int, owner_id: int, day: date) -> None:
    """The family agreed on the same day; of one purpose one answer counts."""
    if student_id in plan.consented:
        return
    plan.consented.add(student_id)
    writer.add(
        Consent,
        student_id=student_id,
        purpose=ConsentPurpose.REFERRAL,
        answer=ConsentAnswer.GIVEN,
        day=day,
        by_whom_sealed="家长",
        evidence_sealed="签字表在档案柜",
        recorded_by_id=owner_id,
        recorded_at=plan.moment(day),
    )
