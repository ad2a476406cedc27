"""Word documents the program gives out: filled from a template the school can replace, already noted when given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session, SQLModel

from db.engine import runtime
from services import audit, clock
from services.actors import Actor
from services.errors import DomainError, FieldErrors, Problem
from services.exchange.documents import TemplateBroken, TemplateValue, fill_template, find_template
from services.schools import school_name
from services.student_exports import ExportPurpose

OWN_TEMPLATES = "templates"
"""Where a school lays its own templates, in the data folder."""


class OwnTemplateBroken(DomainError):
    """The school's own template can't be filled; `name` is its file."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class WordFile:
    """A document that may leave the program, already noted; `content` is slow: outside the transaction."""

    file_name: str
    values: Mapping[str, TemplateValue]
    template: Path
    author: str
    further: tuple[Mapping[str, TemplateValue], ...] = ()  # the same template again, each on pages of its own

    def content(self) -> bytes:
        """Return the document.

        Raises:
            OwnTemplateBroken: the template can't be filled.
        """
        try:
            return fill_template(self.template, self.values, *self.further, author=self.author)
        except TemplateBroken as error:
            raise OwnTemplateBroken(error.path.name) from error


def template_for(name: str) -> Path:
    """Return the school's own template of this name if it has one, else ours."""
    return find_template(name, runtime().location.data_dir / OWN_TEMPLATES)


def give_out(
    session: Session,
    actor: Actor,
    *,
    paper: str,
    title: str,
    values: Mapping[str, TemplateValue],
    purpose: ExportPurpose | None,
    student_id: int,
    target: SQLModel | None = None,
) -> WordFile:
    """Note that a paper about one child leaves the program, and return it; its template is `<paper>.docx`.

    Every template can say {{ 学校 }} and, by {{ 导出 }}, who printed it, when and for what.

    Raises:
        FieldErrors: no purpose is given.
    """
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    audit.record(
        session,
        actor,
        audit.Action.EXPORT_MADE,
        target=target,
        student_id=student_id,
        list=paper,
        purpose=purpose.value,
        form="docx",
        count=1,
    )
    everything = {**values, "学校": school_name(session) or "", "导出": printed_by(actor, purpose)}
    return WordFile(f"{' '.join(title.split())}.docx", everything, template_for(f"{paper}.docx"), actor.display_name)


def printed_by(actor: Actor, purpose: ExportPurpose) -> str:
    """Say at the foot of a paper who printed it, when and for what."""
    return f"{actor.display_name}于 {clock.local(clock.now()):%Y-%m-%d %H:%M} 打印，用途：{purpose.label}。"


def written_day(day: date | None) -> str:
    """2026年11月20日: as papers write a day."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def written_moment(at: datetime | None) -> str:
    """2026年11月20日 09:41, by the school's clock."""
    return f"{written_day(clock.local(at).date())} {clock.local(at):%H:%M}" if at else ""
