"""A referral and its assessment on paper: 受理登记表 and 需求评估报告 (D-03, D-06, F-01)."""

from sqlmodel import Session

from db.tables import Case, Referral
from services.access import Permission, permitted
from services.actors import Actor
from services.cases import find_case
from services.errors import NotFound
from services.intake_words import CHANNELS, DOMAINS, PARENTS, SEVERITIES, STATES, URGENCIES, WAYS
from services.paper import WordFile, give_out, written_day, written_moment
from services.referral_views import ReferralView, find_referral
from services.student_exports import ExportPurpose

REFERRAL, ASSESSMENT = "referral", "assessment"


@permitted(Permission.STUDENT_EXPORT)
def print_referral(session: Session, actor: Actor, *, referral_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return a referral as a paper; for whoever may read its words, of a child of the register.

    Raises:
        NotFound: there is no such referral whose words this actor may read, or nobody knows which child it is about.
        FieldErrors: no purpose is given.
    """
    view = find_referral(session, actor, referral_id=referral_id)
    if not view.has_words or view.student_id is None:
        raise NotFound
    return give_out(
        session, actor, paper=REFERRAL, title=f"受理登记表 {view.class_label or ''} {view.child or ''}",
        values=_said(view), purpose=purpose, student_id=view.student_id, target=session.get_one(Referral, view.id),
    )  # fmt: skip


def _said(view: ReferralView) -> dict[str, str]:
    way = f"（{WAYS[view.way]}）" if view.way else ""
    answers = [
        f"{label}（{written_moment(at)}）：{words or ''}"
        for label, at, words in (
            ("答复", view.answered_at, view.answer),
            ("给转介教师的反馈", view.feedback_at, view.feedback),
        )
        if at
    ]
    return {
        "姓名": view.child or "",
        "班级": view.class_label or "",
        "收到": written_moment(view.received_at),
        "渠道": f"{CHANNELS[view.channel]}{way}",
        "谁说的": view.referred_by_name or view.speaker or "",
        "发现": written_day(view.noticed_on),
        "急不急": URGENCIES[view.urgency],
        "家里知道": PARENTS[view.parents_informed] if view.parents_informed else "",
        "登记人": view.registered_by_name or "",
        "接手": view.owner_name or "",
        "情况": view.facts or "",
        "原话": view.child_words or "",
        "背景": view.background or "",
        "做过": view.tried or "",
        "办到哪一步": STATES[view.state],
        "答复": "\n".join(answers),
    }


@permitted(Permission.CASE_READ)
def print_assessment(session: Session, actor: Actor, *, case_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return the assessment a case grew from as a paper.

    Raises:
        NotFound: there is no such case this actor may open.
        FieldErrors: no purpose is given.
    """
    view = find_case(session, actor, case_id=case_id)
    row = view.row
    values = {
        "姓名": row.child,
        "班级": row.class_label or "",
        "时间": written_moment(view.assessed_at),
        "评估人": view.assessed_by_name,
        "程度": SEVERITIES[row.severity],
        "个案负责人": row.owner_name,
        "方面": "、".join(DOMAINS[each] for each in view.domains),
        "性质": view.nature or "",
        "打算": view.measures or "",
        "依据": "\n".join(view.reasons),
        "理由": view.override_reason or "",
    }
    return give_out(
        session, actor, paper=ASSESSMENT, title=f"需求评估报告 {row.class_label or ''} {row.child}",
        values=values, purpose=purpose, student_id=row.student_id, target=session.get_one(Case, row.id),
    )  # fmt: skip
