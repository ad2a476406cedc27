"""The regulations: how each clause is kept, who owes what, since when it counts, what is excused."""

import streamlit as st

from db.transactions import reading
from services.access import Permission, allows
from services.errors import NotFound
from services.regulations import clause_views, compliance, excuses, weeks
from ui import navigation, parameter_forms, rules_clause, rules_dialogs, rules_list
from ui.layout import note, page_header, refusal
from ui.session import require_user
from ui.week_freezing import freeze_weeks

actor = require_user(Permission.REGULATION_READ, Permission.EXCUSE_AGREE)
rules_list.open_clicked()
if (student_id := rules_clause.child_clicked()) is not None and allows(actor, Permission.STUDENT_READ):
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
if (proof := rules_clause.proof_clicked()) is not None:
    st.switch_page(navigation.path_of(proof[0]), query_params=proof[1])
chosen = st.query_params.get("clause")

if chosen and allows(actor, Permission.REGULATION_READ):
    try:
        with reading() as session:
            view = clause_views.find_clause(session, actor, clause_id=chosen)
    except NotFound as error:
        refusal(error)
        st.stop()
    clicked = page_header(f"条款 {view.clause.id}", view.clause.text, actions=rules_clause.acts(view))
    if clicked == "rules_back":
        del st.query_params["clause"]
        st.rerun()
    rules_clause.draw_clause(actor, view)
    rules_dialogs.draw_of_clause(view)
    parameter_forms.draw_dialogs_of([each.parameter.name for each in view.numbers])
    st.stop()

page_header("制度执行", rules_list.subtitle_of(actor), actions=[])
waiting = []
if allows(actor, Permission.EXCUSE_ASK, Permission.EXCUSE_AGREE):
    with reading() as session:
        waiting = [each for each in excuses.list_excuses(session, actor) if each.may_answer]
    rules_dialogs.draw_waiting(waiting)
if not allows(actor, Permission.REGULATION_READ):
    if not waiting:
        note("现在没有等您同意的免做和另法。")
    st.stop()
with reading() as session:
    rows = compliance.list_clauses(session, actor, with_wholes=rules_list.asks_for_wholes())
    is_week_open = weeks.is_week_open(session, actor)
if is_week_open:
    freeze_weeks(actor)
rules_list.draw_assistant(actor, rows)
rules_list.draw_list(rows, numbers_only=compliance.sees_numbers_only(actor))
rules_dialogs.draw_of_list(rows)
