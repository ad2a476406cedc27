"""Stage summaries and evaluations on the page of a case: what is due, the last words, and the ways to write."""

import streamlit as st

from db.transactions import reading
from services import case_paper_overviews, case_paper_prints, clock
from services.access import Permission
from services.actors import Actor
from services.case_paper_overviews import CasePapers
from services.case_paper_prints import comparison_words, done_words
from services.cases import CaseView
from services.evaluation_views import CaseEvaluations
from services.summary_views import CaseSummaries, SummaryView
from ui import case_paper_dialogs, formats, navigation
from ui.case_paper_dialogs import versions_act
from ui.evaluation_charts import head_of
from ui.formats import plain
from ui.layout import labelled_words, note, side_box
from ui.referral_words import due_words, step_badge
from ui.word_file import print_act

_SHOWN = 1  # of the summaries; earlier ones are folded


def read_papers(actor: Actor, view: CaseView) -> CasePapers:
    """Read both at once."""
    with reading() as session:
        return case_paper_overviews.find_papers(
            session, actor, case_id=view.row.id, child=view.row.child, class_label=view.row.class_label
        )


def draw_summaries(actor: Actor, view: CaseView, found: CaseSummaries) -> None:
    """Draw what was summed up, the latest open."""
    for place, summary in enumerate(found.summaries):
        days = formats.day_range(summary.from_on, summary.to_on, today=clock.today())
        if place < _SHOWN:
            with st.container(border=True, gap="small"):
                st.markdown(f"**阶段性总结** :small[:gray[{plain(days)}]]")
                _draw_summary(actor, view, found, summary)
        else:
            with st.expander(plain(f"阶段性总结 {days}")):
                _draw_summary(actor, view, found, summary)
    case_paper_dialogs.draw_opened()


def _draw_summary(actor: Actor, view: CaseView, found: CaseSummaries, summary: SummaryView) -> None:
    if summary.done is not None:
        labelled_words("做了什么，照工作记录数的", done_words(summary.done))
    labelled_words("有什么变化", summary.changed)
    labelled_words("下一步", summary.next_steps)
    again = f"，{formats.day(summary.next_on, today=clock.today())}再总结" if found.head.is_open else ""
    note(f"{summary.written_by}写{again}。")
    with st.container(horizontal=True, gap="xsmall"):
        if found.head.may_write and st.button(
            "改一改", key=f"summary_edit_{summary.id}", icon=":material/edit:", type="tertiary"
        ):
            about = {"case": str(view.row.id), "summary": str(summary.id)}
            st.switch_page(navigation.path_of("summary"), query_params=about)
        if summary.is_amended:
            versions_act(case_paper_dialogs.SUMMARY, summary.id)
        print_act(
            actor, f"summary_print_{summary.id}", summary.id, paper="总结", child=view.row.child,
            permission=Permission.CASE_READ,
            make=lambda session, who, purpose: case_paper_prints.print_summary(
                session, who, summary_id=summary.id, purpose=purpose
            ),
        )  # fmt: skip


def draw_side(view: CaseView, papers: CasePapers) -> None:
    """Draw when the next summary is due, and how the effect was evaluated, as boxes beside the case."""
    summaries = papers.summaries
    with side_box("阶段性总结", badge=step_badge(summaries.due) if summaries.due else ""):
        if summaries.due:
            note(f"最晚 {due_words(summaries.due.due_at)}总结一次。")
        else:
            note(_written_words(len(summaries.summaries), is_open=summaries.head.is_open))
        if summaries.head.is_open and summaries.head.may_write and st.button(
            "写总结", key="case_summary_write", icon=":material/summarize:"
        ):  # fmt: skip
            st.switch_page(navigation.path_of("summary"), query_params={"case": str(view.row.id)})
    _draw_evaluations(view, papers.evaluations)


def _written_words(count: int, *, is_open: bool) -> str:
    """Say what there is where no summary is owed: a box is never empty."""
    told = f"写过 {count:,} 次总结" if count else "没有写过总结"
    return f"{told}。" if is_open else f"{told}；结案了，不用再写。"


def _draw_evaluations(view: CaseView, found: CaseEvaluations) -> None:
    with side_box("效果评估"):
        for each in found.evaluations:
            voices = len({said.voice for said in each.said})
            lacking = "" if each.is_complete else "，还没听全"
            note(f"{head_of(each)}：听了 {voices} 方{lacking}。")
        if told := comparison_words(found.evaluations):
            note(told, icon="trending_up")
        if not found.evaluations:
            note("每学期一次，结案前再一次：孩子、老师、家长、问卷，四个方面。")
        if found.evaluations or (found.head.is_open and found.head.may_write):
            label = "看变化" if found.evaluations else "评估效果"
            if st.button(label, key="case_evaluation", icon=":material/trending_up:"):
                st.switch_page(navigation.path_of("evaluation"), query_params={"case": str(view.row.id)})
