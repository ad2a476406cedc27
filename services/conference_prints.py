"""A conference on paper: the minutes (会议记录) as a Word document from a template the school can replace (D-08)."""

from sqlmodel import Session

from db.tables import AppUser, CaseConference
from services import audit, cases, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.cases import CaseView
from services.conference_views import ConferenceView, Decision
from services.errors import FieldErrors, NotFound, Problem
from services.exchange.documents import TemplateValue
from services.paper import WordFile, template_for
from services.schools import school_name
from services.student_exports import ExportPurpose

TEMPLATE = "conference_minutes.docx"


@permitted(Permission.CASE_READ)
def print_minutes(session: Session, actor: Actor, *, case_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return the minutes of a case's conference, ready to become a Word document.

    Raises:
        NotFound: there is no such case this actor may open, or its conference has no record yet.
        FieldErrors: no purpose is given.
    """
    view = cases.find_case(session, actor, case_id=case_id)
    conference = view.conference
    if conference is None or conference.recorded_at is None:
        raise NotFound
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    row = session.get_one(CaseConference, conference.id)
    recorder = session.get(AppUser, row.recorded_by_id) if row.recorded_by_id else None
    values = _values(view, conference, recorder.display_name if recorder else "")
    made = f"{actor.display_name}于 {clock.local(clock.now()):%Y-%m-%d %H:%M} 打印，用途：{purpose.label}。"
    values |= {"学校": school_name(session) or "", "导出": made}
    audit.record(
        session,
        actor,
        audit.Action.EXPORT_MADE,
        target=row,
        student_id=view.row.student_id,
        list="conference_minutes",
        purpose=purpose.value,
        form="docx",
        count=1,
    )
    name = f"会议记录 {view.row.class_label or ''} {view.row.child}.docx".replace("  ", " ")
    return WordFile(name, values, template_for(TEMPLATE), actor.display_name)


def _values(view: CaseView, conference: ConferenceView, recorder: str) -> dict[str, TemplateValue]:
    invited = [each for each in conference.people if each.is_invited]
    others = [each.name for each in conference.people if not each.is_invited]
    return {
        "姓名": view.row.child,
        "班级": view.row.class_label or "",
        "个案负责人": view.row.owner_name,
        "时间": f"{clock.local(conference.held_at):%Y年%m月%d日 %H:%M}" if conference.held_at else "",
        "地点": conference.place or "",
        "到会": "、".join([*(each.name for each in invited if each.is_present), *others]),
        "缺席": "、".join(each.name for each in invited if not each.is_present) or "无",
        "记录人": recorder,
        "情况": conference.findings or "",
        "结论": conference.conclusion or "",
        "决定": [_decision(place, each) for place, each in enumerate(conference.decisions, start=1)],
    }


def _decision(place: int, decision: Decision) -> dict[str, str]:
    ended = ""
    if decision.ended_on is not None:
        ended = f"，{decision.ended_on:%Y年%m月%d日}" + (f"：{decision.note}" if decision.note else "")
    return {
        "序号": str(place),
        "事项": decision.text or "",
        "负责人": decision.owner_name,
        "期限": f"{decision.due_on:%Y年%m月%d日}",
        "结果": f"{decision.state.label}{ended}",
    }
