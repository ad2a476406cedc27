"""Where a case stands, and its plan or a child's plans, as boxes beside other things: one click to the plan."""

import streamlit as st

from db.tables import PlanKind, PlanState
from db.transactions import reading
from services import child_support, clock
from services.access import Permission, allows
from services.actors import Actor
from services.case_stages import CaseStage, steps_of
from services.cases import CaseView
from services.child_support import PlanLine
from services.student_files import StudentFile
from ui import formats, navigation
from ui.formats import plain
from ui.layout import act_list, act_row, note, side_box
from ui.referral_words import due_words, step_badge
from ui.states import CASE_STEP, PLAN


def draw_steps(view: CaseView) -> None:
    """Draw the way of a case as steps; which one it is at follows from its records."""
    steps = steps_of(view.row.stage, calls_conference=view.conference is not None, plans_in_force=view.plans_in_force)
    st.markdown(" ".join(CASE_STEP[state.value].badge(name) for name, state in steps))


def draw_of_case(actor: Actor, view: CaseView) -> None:
    """Draw the plan of a case: what is in force, what waits, and the way to it."""
    with reading() as session:
        found = child_support.list_support(session, actor, case_id=view.row.id).plans
    line = found[0] if found else None
    badge = _badge(line) if line else step_badge(view.row.plan) if view.row.plan else ""
    with side_box("帮扶方案", badge=badge):
        is_closed = view.row.closed_at is not None
        if is_closed and line is None:
            note("没有写过方案。")
        elif line is None and view.row.stage is CaseStage.CONFERENCE:
            note("研讨以后再定；要先写起来也可以。")
        elif view.row.plan:
            note(f"最晚 {due_words(view.row.plan.due_at)}定出来。")
        if line is not None and line.review_on:
            note(f"{formats.day(line.review_on, today=clock.today())}复查。")
        if line is not None:
            if st.button("打开方案", key="case_plan", icon=":material/assignment:"):
                st.switch_page(navigation.path_of("plan"), query_params={"plan": str(line.id)})
        elif not is_closed and allows(actor, Permission.CASE_READ) and st.button(
            "写帮扶方案", key="case_plan_write", icon=":material/edit:",
            type="primary" if view.row.stage is CaseStage.PLAN else "secondary",
        ):  # fmt: skip
            st.switch_page(navigation.path_of("plan_edit"), query_params={"case": str(view.row.id)})


def draw_of_child(actor: Actor, file: StudentFile) -> None:
    """Draw the plans of a child that this person may open, and the way to write one where there is no case."""
    if not allows(actor, Permission.CASE_READ, Permission.ABUSE_HANDLE):
        return
    writes = allows(actor, Permission.CASE_READ)
    if not (file.plans or writes):
        return
    with act_list("帮扶方案"):
        for each in file.plans:
            reason = f"{each.owner_name}负责"
            if each.review_on:
                reason += f"，{formats.day(each.review_on, today=clock.today())}复查"
            if act_row(each.kind.label, _badge(each), reason, "打开", key=f"child_plan_{each.id}"):
                st.switch_page(navigation.path_of("plan"), query_params={"plan": str(each.id)})
        if not file.plans:
            note("没有您能看到的方案。有个案的，从个案里写；没有个案的留守、四特学生，在这里写。")
        if writes:
            with st.container(horizontal=True, gap="xsmall"):
                for kind in (PlanKind.CARE, PlanKind.CONDUCT):
                    if all(each.kind is not kind for each in file.plans) and st.button(
                        plain(f"写{kind.label}"), key=f"child_plan_{kind.value}", icon=":material/add:", type="tertiary"
                    ):
                        about = {"student": str(file.id), "kind": kind.value}
                        st.switch_page(navigation.path_of("plan_edit"), query_params=about)


def _badge(line: PlanLine) -> str:
    if line.pending is PlanState.SUBMITTED or (line.pending and not line.review_on):
        return PLAN[line.pending.value].badge()
    return PLAN["in_force"].badge() if line.review_on else PLAN["ended"].badge("没有在用的")
