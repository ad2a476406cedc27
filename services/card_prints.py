"""The contact card on paper: a Word document from a template the school can replace (E-08, E-10)."""

from sqlmodel import Session

from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.card_history import read_cards
from services.card_parts import CardPart
from services.errors import FieldErrors, NotFound, Problem
from services.paper import WordFile, template_for
from services.schools import school_name
from services.student_exports import ExportPurpose
from services.student_files import StudentFile, find_student

TEMPLATE = "contact_card.docx"


@permitted(Permission.STUDENT_EXPORT)
def print_card(session: Session, actor: Actor, *, student_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return a child's contact card, ready to become a Word document; for whoever may read it by right.

    Raises:
        NotFound: there is no such child, or the actor may not read its card.
        FieldErrors: no purpose is given.
    """
    file = find_student(session, actor, student_id=student_id)
    if file.card is None or file.card.open_until is not None:
        raise NotFound
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    card = read_cards(session, [student_id])[student_id]
    values = _facts(file) | {part.label: card.words.get(part.value, "") for part in CardPart}
    values |= {f"{title}去向": card.words.get(f"{who}_whereabouts", "") for who, title in _PARENTS.items()}
    values |= {
        "学校": school_name(session) or "",
        "还缺": "、".join(part.label for part in card.missing) or "没有",
        "导出": f"{actor.display_name}于 {clock.local(clock.now()):%Y-%m-%d %H:%M} 打印，用途：{purpose.label}。",
    }
    audit.record(
        session,
        actor,
        audit.Action.EXPORT_MADE,
        student_id=student_id,
        list="contact_card",
        purpose=purpose.value,
        form="docx",
        count=1,
    )
    name = f"联系卡 {file.class_label} {file.name}.docx"
    return WordFile(name, values, template_for(TEMPLATE), actor.display_name)


_PARENTS = {"father": "父亲", "mother": "母亲"}


def _facts(file: StudentFile) -> dict[str, str]:
    born = file.card.birth_day if file.card else None
    return {
        "姓名": file.name,
        "性别": file.gender.label,
        "出生日期": f"{born.year}年{born.month}月{born.day}日" if born else "",
        "民族": (file.card.ethnicity if file.card else None) or "",
        "班级": file.class_label,
        "学号": file.student_no or "",
        "班主任": file.homeroom_name or "",
    }
