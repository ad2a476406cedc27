"""One case on screen: where it stands, the assessment it grew from, its conference and its plan."""

import streamlit as st

from services import referral_prints
from services.access import Permission, allows
from services.actors import Actor
from services.cases import CaseView
from ui import case_papers_panel, closing_panel, formats
from ui.child_link import child_link
from ui.child_records import write_record
from ui.child_referrals import refer_out
from ui.conference_panel import draw_main, draw_side
from ui.intake_side import draw_danger
from ui.layout import labelled_words, note, side_box, side_column
from ui.plan_box import draw_of_case, draw_steps
from ui.referral_rows import case_badge, case_reason
from ui.referral_words import DOMAINS, child_with_class, moment
from ui.word_file import print_act


def draw_case(actor: Actor, view: CaseView) -> None:
    """Draw one case with its conference, what it found and decided."""
    papers = case_papers_panel.read_papers(actor, view)
    main, side = side_column(2.2)
    with main, st.container(border=True, gap="small"):
        row = view.row
        st.markdown(f"**{formats.plain(child_with_class(row.child, row.class_label))}** {case_badge(row)}")
        note(case_reason(row))
        draw_steps(view)
        labelled_words("牵涉方面", "、".join(DOMAINS[domain] for domain in view.domains))
        labelled_words("是什么问题", view.nature)
        labelled_words("打算怎么做", view.measures)
        labelled_words("为什么这样定", "、".join(view.reasons))
        labelled_words("和建议不一样的理由", view.override_reason)
        note(f"{view.assessed_by_name}在 {moment(view.assessed_at)} 评估。")
        with st.container(horizontal=True, gap="xsmall"):
            child_link(actor, row.student_id, key="case_child")
            if allows(actor, Permission.RECORD_WRITE) and st.button(
                "记一次", key="case_record", icon=":material/forum:", type="tertiary"
            ):
                write_record(row.student_id)
            if allows(actor, Permission.OUTWARD_REFER) and st.button(
                "转介到校外", key="case_refer_out", icon=":material/output:", type="tertiary"
            ):
                refer_out(row.student_id, row.id)
            print_act(
                actor, "assessment_print", row.id, paper="评估报告", child=row.child, permission=Permission.CASE_READ,
                make=lambda session, who, purpose: referral_prints.print_assessment(
                    session, who, case_id=row.id, purpose=purpose
                ),
            )  # fmt: skip
    with main:
        if view.conference is not None:
            draw_main(actor, view, view.conference)
        case_papers_panel.draw_summaries(actor, view, papers.summaries)
    with side:
        if view.row.is_danger:
            draw_danger("先打电话；研讨以前，每天有人看着。")
        if view.conference is None:
            with side_box("集体研讨"):
                note("一般问题，由专职人员直接跟进，不用研讨。")
        else:
            draw_side(view, view.conference)
        draw_of_case(actor, view)
        case_papers_panel.draw_side(view, papers)
        closing_panel.draw_of_case(actor, view)
