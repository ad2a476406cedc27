"""A class's plan and summary for its left-behind children: whom they are about, and the words."""

from collections.abc import Mapping

import streamlit as st
from sqlmodel import Session

from db.tables import ClassPaperKind
from services import class_papers, clock
from services.actors import Actor
from services.class_papers import ClassPapers, PaperView
from ui.form_drafts import FormDraft
from ui.formats import day, plain
from ui.forms import Form
from ui.layout import DISCARD, filter_row, flash, form_end, labelled_words, leave_button, note
from ui.states import DUTY, Duty
from ui.views import begin_filter, keep_filter

_LABELS = {"words": "内容"}
_HELP: Mapping[ClassPaperKind, str] = {
    ClassPaperKind.PLAN: "这学期为他们做什么：谁来做，多久一次，先顾谁。",
    ClassPaperKind.SUMMARY: "这学期做了什么，谁有变化，哪些没做到，下学期接着做什么。",
}


def choose(classes: Mapping[int, str], terms: Mapping[int, str]) -> tuple[int, int]:
    """Draw class and term, kept in the address; what is half-written stays where it was typed."""
    known = {"class": {str(each): each for each in classes}, "term": {str(each): each for each in terms}}
    for name, values in known.items():
        begin_filter(f"class_papers_{name}", name, values, usual=next(iter(values.values())))
    with filter_row():
        class_id = st.selectbox("班级", list(classes), format_func=classes.__getitem__, key="class_papers_class",
                                width=160, placeholder="请选")  # fmt: skip
        term_id = st.selectbox("学期", list(terms), format_func=terms.__getitem__, key="class_papers_term",
                               width=240, placeholder="请选")  # fmt: skip
    for name, values in known.items():
        keep_filter(f"class_papers_{name}", name, values)
    return class_id, term_id


def draw_whom(found: ClassPapers) -> None:
    """Say whom the papers are about, and what the records say was done for them."""
    if not found.children:
        note(f"{found.class_label}现在没有登记的留守儿童，不用交。")
        return
    labelled_words(f"本班留守儿童 {len(found.children)} 人", "、".join(name for _, name in found.children))
    done = "、".join(f"{kind.label} {number} 次" for kind, number in found.done)
    labelled_words("这学期为他们做了什么，照工作记录数的", done or "还没有做成的记录")


def draw_paper(actor: Actor, found: ClassPapers, paper: PaperView) -> None:
    """Draw one paper with its day, and the form to write it or to put it right."""
    if not found.children and paper.id is None:
        return  # nothing is owed, see `draw_whom`
    form = Form(f"class_paper_{found.class_id}_{found.term.id}_{paper.kind}", _stored(paper), labels=_LABELS)
    draft = FormDraft(
        form, "class_paper", f"{found.class_id}-{found.term.id}-{paper.kind}", lambda _name, value: value,
        about=tuple(child_id for child_id, _ in found.children),
    )  # fmt: skip
    draft.offer(actor)
    with st.container(border=True):  # no st.form: what is typed must arrive to be kept
        st.markdown(f"**{paper.kind.label}** {_badge(paper)}")
        form.notices()
        draft.remind()
        with form.field("words", "") as key:
            st.text_area(_HELP[paper.kind], key=key, height=200, on_change=draft.keep)
        with form_end(draft.line()):
            cancelled = leave_button(DISCARD, key=form.key("cancel"))
            submitted = st.button(
                plain(f"交{found.class_label}的{paper.kind.label}" if paper.id is None else "保存修改"),
                key=form.key("save"), type="primary", icon=":material/check:",
            )  # fmt: skip
    if submitted and _save(actor, form, draft, found, paper):
        flash("已交。" if paper.id is None else "已保存。")
        st.rerun()
    if cancelled:
        draft.throw_away(actor)
        st.rerun()


def _stored(paper: PaperView) -> dict[str, object] | None:
    return {"id": paper.id, "version": paper.version, "words": paper.words} if paper.id is not None else None


def _badge(paper: PaperView) -> str:
    if paper.filed_on is None:
        look = DUTY[Duty.OVERDUE if paper.is_late else Duty.DUE]
        return look.badge(f"{look.word}，{day(paper.due_on, today=clock.today())}前交")
    look = DUTY[Duty.MET_LATE if paper.is_late else Duty.MET]
    return look.badge(f"{look.word}，{paper.filed_by or ''}{day(paper.filed_on, today=clock.today())}交")


def _save(actor: Actor, form: Form, draft: FormDraft, found: ClassPapers, paper: PaperView) -> bool:
    words = form.typed(("words",))["words"]

    def save(session: Session) -> None:
        class_papers.file_paper(
            session, actor, class_id=found.class_id, term_id=found.term.id, kind=paper.kind, words=words,
            version=form.version,
        )  # fmt: skip
        draft.discard(session, actor)

    if not form.save(save):
        return False
    draft.forget()
    return True
