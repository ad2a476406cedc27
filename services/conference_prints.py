"""A conference on paper: the minutes (会议记录) as a Word document from a template the school can replace (D-08)."""

from sqlmodel import Session

from db.tables import AppUser, CaseConference
from services import cases
from services.access import Permission, permitted
from services.actors import Actor
from services.cases import CaseView
from services.conference_views import ConferenceView, Decision
from services.errors import NotFound
from services.exchange.documents import TemplateValue
from services.paper import WordFile, give_out, written_day, written_moment
from services.student_exports import ExportPurpose

PAPER = "conference_minutes"


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
    row = session.get_one(CaseConference, conference.id)
    recorder = session.get(AppUser, row.recorded_by_id) if row.recorded_by_id else None
    values = _values(view, conference, recorder.display_name if recorder else "")
    title = f"会议记录 {view.row.class_label or ''} {view.row.child}"
    return give_out(
        session, actor, paper=PAPER, title=title, values=values, purpose=purpose, student_id=view.row.student_id,
        target=row,
    )  # fmt: skip


def _values(view: CaseView, conference: ConferenceView, recorder: str) -> dict[str, TemplateValue]:
    invited = [each for each in conference.people if each.is_invited]
    others = [each.name for each in conference.people if not each.is_invited]
    return {
        "姓名": view.row.child,
        "班级": view.row.class_label or "",
        "个案负责人": view.row.owner_name,
        "时间": written_moment(conference.held_at),
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
        ended = f"，{written_day(decision.ended_on)}" + (f"：{decision.note}" if decision.note else "")
    return {
        "序号": str(place),
        "事项": decision.text or "",
        "负责人": decision.owner_name,
        "期限": written_day(decision.due_on),
        "结果": f"{decision.state.label}{ended}",
    }
