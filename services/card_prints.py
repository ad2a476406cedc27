"""The contact card on paper: a Word document from a template the school can replace (E-08, E-10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from db.engine import runtime
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.card_history import read_cards
from services.card_parts import CardPart
from services.errors import DomainError, FieldErrors, NotFound, Problem
from services.exchange.documents import TemplateBroken, fill_template, find_template
from services.schools import school_name
from services.student_exports import ExportPurpose
from services.student_files import StudentFile, find_student

TEMPLATE = "contact_card.docx"
OWN_TEMPLATES = "templates"
"""Where a school lays its own templates, in the data folder."""


class CardTemplateBroken(DomainError):
    """The school's own template can't be filled; `name` is its file."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class CardPrint:
    """A card that may leave the program, already noted; `content` is slow, so it belongs outside the transaction."""

    file_name: str
    values: Mapping[str, str]
    template: Path
    author: str

    def content(self) -> bytes:
        """Return the document.

        Raises:
            CardTemplateBroken: the template can't be filled.
        """
        try:
            return fill_template(self.template, self.values, author=self.author)
        except TemplateBroken as error:
            raise CardTemplateBroken(error.path.name) from error


@permitted(Permission.STUDENT_EXPORT)
def print_card(session: Session, actor: Actor, *, student_id: int, purpose: ExportPurpose | None) -> CardPrint:
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
    template = find_template(TEMPLATE, runtime().location.data_dir / OWN_TEMPLATES)
    return CardPrint(f"联系卡 {file.class_label} {file.name}.docx", values, template, actor.display_name)


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
