"""The letter that goes with a child referred out (转介信), from a template the school can replace (C-08)."""

from datetime import timedelta

from sqlmodel import Session

from db.tables import ConsentAnswer, OutwardReferral, Student
from services import outward_views
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.errors import DomainError
from services.exchange.values import age_in_years
from services.intake_words import URGENCIES
from services.outward_views import OutwardView
from services.paper import WordFile, give_out, written_day
from services.student_exports import ExportPurpose

PAPER = "outward_letter"


class ConsentGone(DomainError):
    """The family doesn't agree to it any more: nothing is handed over."""


@permitted(Permission.OUTWARD_REFER)
def print_letter(session: Session, actor: Actor, *, outward_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return the letter to the body a child is referred to: what was agreed to be told, and no more of the child.

    Raises:
        NotFound: there is none this actor may see.
        ConsentGone: it rests upon a consent that was taken back.
        FieldErrors: no purpose is given.
    """
    view = outward_views.find_outward(session, actor, outward_id=outward_id)
    if not may_be_written(view):
        raise ConsentGone
    child = session.get_one(Student, view.row.student_id)
    days = load_calendar(session).numbers.on("C-08.feedback_on_outward_days", view.row.referred_on)
    age = f"，{age_in_years(child.birth_day, today=view.row.referred_on)} 岁" if child.birth_day else ""
    values = {
        "姓名": view.row.child,
        "性别": child.gender.label,
        "年龄": age,
        "班级": view.row.class_label,
        "单位": view.stored.target or "",
        "哪一类": view.row.target_kind.label,
        "找谁": view.stored.contact or "",
        "为什么转": view.stored.reason or "",
        "交了什么": view.stored.handed or "",
        "急不急": URGENCIES[view.row.urgency],
        "家里同意": _consent(view),
        "回音": written_day(view.row.referred_on + timedelta(days=days)),
        "谁跟进": view.row.owner_name,
        "哪天转": written_day(view.row.referred_on),
    }
    return give_out(
        session, actor, paper=PAPER, title=f"转介信 {view.row.class_label} {view.row.child}", values=values,
        purpose=purpose, student_id=view.row.student_id, target=session.get_one(OutwardReferral, outward_id),
    )  # fmt: skip


def may_be_written(view: OutwardView) -> bool:
    """Say whether the family's word, or the danger it was referred in, still covers a letter."""
    return view.row.is_emergency or view.consent_now is ConsentAnswer.GIVEN


def _consent(view: OutwardView) -> str:
    if view.consent_on is not None:
        return f"{written_day(view.consent_on)}家里同意转介。"
    return f"有危险，没有等到家里同意。{view.stored.emergency or ''}"
