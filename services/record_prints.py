"""A work record on paper: talks and home visits on their own form, every other kind on one of the room (F-09, K-02)."""

from collections.abc import Mapping

from sqlmodel import Session, select

from db.tables import CareKind, CareRecord, Student
from services import clock
from services.access import Permission, Subject, permitted
from services.actors import COMMAND_LINE_NAME, Actor
from services.card_history import read_cards
from services.errors import NotFound
from services.paper import WordFile, give_out, written_day
from services.record_kinds import KINDS, WORDS
from services.record_views import RecordView, StoredRecord, find_record
from services.row_filters import sees_students
from services.student_exports import ExportPurpose

TALK, VISIT, ANY = "talk_record", "home_visit", "care_record"
PAPERS: Mapping[CareKind, str] = {CareKind.TALK: TALK, CareKind.SHORT_TALK: TALK, CareKind.HOME_VISIT: VISIT}
_PLACES = {"raised": "主要情况", "measures": "怎么做的", "effect": "效果", "next_step": "下一步"}


@permitted(Permission.STUDENT_EXPORT)
def print_record(session: Session, actor: Actor, *, record_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return a record as a paper; for whoever may read its words, counselling for author and head alone.

    Raises:
        NotFound: there is no such record whose words this actor may read, or it is withdrawn.
        FieldErrors: no purpose is given.
    """
    view = find_record(session, actor, record_id=record_id)
    stored, row = view.stored, view.row
    if stored is None or row.is_withdrawn:
        raise NotFound
    child = session.get_one(Student, row.student_id)
    values = _facts(view, stored) | {"学号": child.student_no or ""} | _words(stored)
    paper = PAPERS.get(row.kind, ANY)
    if paper == VISIT:
        values |= _family(session, actor, row.student_id)
    return give_out(
        session, actor, paper=paper, title=f"{row.kind.label} {row.class_label} {row.child} {row.day:%Y%m%d}",
        values=values, purpose=purpose, student_id=row.student_id, target=session.get_one(CareRecord, record_id),
    )  # fmt: skip


def _facts(view: RecordView, stored: StoredRecord) -> dict[str, str]:
    row = view.row
    start = f" {stored.start_time:%H:%M}" if stored.start_time else ""
    why = f"没做成：{stored.not_reached.label}" if stored.not_reached else "没做成"
    return {
        "姓名": row.child,
        "班级": row.class_label,
        "种类": f"{row.kind.label}（补录）" if row.is_imported else row.kind.label,
        "时间": f"{written_day(stored.day)}{start}",
        "时长": f"{stored.minutes} 分钟" if stored.minutes else "",
        "地点": stored.place.label if stored.place else "",
        "方式": stored.channel.label if stored.channel else "",
        "记录人": f"{row.done_by or ''}{_imported(view)}",
        "做成": "做成了" if stored.is_done else why,
        "人数": f"{row.group_size} 人",
        "事先说好": view.agreed_with or "",
    }


def _imported(view: RecordView) -> str:
    """Say that a record was taken from an old spreadsheet, when and by whom."""
    if not view.row.is_imported:
        return ""
    day = written_day(clock.local(view.row.recorded_at).date())
    return f"（补录：{day}由{view.imported_by or COMMAND_LINE_NAME}从表格导入）"


def _words(stored: StoredRecord) -> dict[str, str]:
    spec = KINDS[stored.kind]
    said = {_PLACES[name]: getattr(stored, name) or "" for name in WORDS}
    return said | {f"{_PLACES[name]}叫什么": spec.label(name) for name in WORDS}


def _family(session: Session, actor: Actor, student_id: int) -> dict[str, str]:
    """Return whom the visit was to, as the contact card has it now; blank for whom the card is closed."""
    words: Mapping[str, str] = {}
    if sees_card(session, actor, student_id):
        words = read_cards(session, [student_id])[student_id].words
    name, relation = words.get("guardian_name", ""), words.get("guardian_relation", "")
    return {
        "监护人": f"{name}（{relation}）" if name and relation else name or relation,
        "监护人电话": words.get("guardian_phone", ""),
        "家庭住址": words.get("home_address", ""),
    }


def sees_card(session: Session, actor: Actor, student_id: int) -> bool:
    """Say whether the contact card of a child is this actor's to read by right."""
    wanted = select(Student.id).where(Student.id == student_id, sees_students(actor, Subject.CONTACT))
    return session.exec(wanted).first() is not None
