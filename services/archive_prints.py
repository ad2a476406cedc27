"""A child's whole archive as one Word document, from a template the school can replace (F-07, F-10)."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from services import archives
from services.access import Permission, permitted
from services.actors import Actor
from services.archive_contents import Contents, Section, day_of, read_archive
from services.exchange.documents import TemplateValue
from services.paper import WordFile, give_out
from services.student_exports import ExportPurpose

PAPER = "whole_archive"


@permitted(Permission.STUDENT_EXPORT)
def print_archive(session: Session, actor: Actor, *, student_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return a child's whole archive as a paper: every part this actor may read, in order, missing ones named.

    Raises:
        NotFound: there is no such child for this actor.
        FieldErrors: no purpose is given.
    """
    contents = read_archive(session, actor, student_id=student_id)
    archives.note_opening(session, actor, student_id=student_id)
    return give_out(
        session, actor, paper=PAPER, title=f"心理档案 {contents.class_label} {contents.name}",
        values=values_of(contents), purpose=purpose, student_id=contents.student_id,
    )  # fmt: skip


def values_of(contents: Contents) -> Mapping[str, TemplateValue]:
    """Return what stands for the names in the template; the parts are lines, each of one kind."""
    return {
        "姓名": contents.name,
        "班级": contents.class_label,
        "建档": day_of(contents.opened_on) or "还没有建档",
        "件数": str(contents.entries),
        "缺什么": "、".join(contents.missing) or "没有",
        "内容": _lines(contents.sections),
    }


def _lines(sections: Sequence[Section]) -> list[dict[str, str]]:
    """Return the parts line by line: a heading (部分), a thing in it (标题), what it says (项, with 内容)."""
    found: list[dict[str, str]] = []
    for number, section in enumerate(sections, start=1):
        state = section.state or ("" if section.entries else "无")
        found.append({"部分": f"{number}　{section.label}", "状态": state})
        for each in section.entries:
            found.append({"标题": each.title})
            found += [{"项": label, "内容": text} for label, text in each.facts]
    return found
