"""A support plan on paper (帮扶方案), as a Word document from a template the school can replace (I-01, I-02)."""

from sqlmodel import Session

from db.tables import SupportPlan
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import FieldErrors, NotFound, Problem
from services.exchange.documents import TemplateValue
from services.paper import WordFile, template_for
from services.plan_contents import written
from services.plan_views import GoalView, MeasureView, PlanView, VersionView, find_plan
from services.schools import school_name
from services.student_exports import ExportPurpose

TEMPLATE = "support_plan.docx"


@permitted(Permission.CASE_READ)
def print_plan(session: Session, actor: Actor, *, plan_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return the plan that is in force, with what came of it, ready to become a Word document.

    Raises:
        NotFound: there is none in force this actor may open.
        FieldErrors: no purpose is given.
    """
    view = find_plan(session, actor, plan_id=plan_id)
    if view.current is None or not view.may_write:
        raise NotFound
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    made = f"{actor.display_name}于 {clock.local(clock.now()):%Y-%m-%d %H:%M} 打印，用途：{purpose.label}。"
    values = _values(view, view.current) | {"学校": school_name(session) or "", "导出": made}
    audit.record(
        session,
        actor,
        audit.Action.EXPORT_MADE,
        target=session.get_one(SupportPlan, plan_id),
        student_id=view.student_id,
        list="support_plan",
        purpose=purpose.value,
        form="docx",
        count=1,
    )
    name = f"帮扶方案 {view.class_label or ''} {view.child or ''}.docx".replace("  ", " ")
    return WordFile(name, values, template_for(TEMPLATE), actor.display_name)


def _values(view: PlanView, current: VersionView) -> dict[str, TemplateValue]:
    since = f"{clock.local(current.in_force_at):%Y年%m月%d日}" if current.in_force_at else ""
    return {
        "种类": view.kind.label,
        "姓名": view.child or "",
        "班级": view.class_label or "",
        "负责人": view.owner_name,
        "版次": f"第 {current.number} 版，{since}起",
        "审批": f"{current.answered_by}同意" if current.answered_by else "不用审批",
        "复查": written("review_on", current.entry.review_on, {}),
        "依据": current.entry.basis or "无",
        "改的原因": current.entry.reason or "无",
        "目标": [_goal(place, each) for place, each in enumerate(view.goals, start=1)],
        "措施": [_measure(place, each) for place, each in enumerate(view.measures, start=1)],
    }


def _goal(place: int, goal: GoalView) -> dict[str, str]:
    return {
        "序号": str(place),
        "目标": goal.text or "",
        "怎么看出": goal.sign or "",
        "结果": goal.state.label + (f"：{goal.note}" if goal.note else ""),
    }


def _measure(place: int, each: MeasureView) -> dict[str, str]:
    notes = "；".join(f"{note.day:%m月%d日} {(note.text or '').rstrip('。')}" for note in reversed(each.notes))
    return {
        "序号": str(place),
        "方面": each.domain.label,
        "措施": each.text or "",
        "谁做": each.responsible_name,
        "起止": f"{each.starts_on:%Y年%m月%d日}–{each.ends_on:%m月%d日}",
        "多久": each.rhythm.label,
        "进展": "；".join(part for part in (notes, each.outcome and f"{each.state.label}：{each.outcome}") if part),
    }
