"""The dialogs about clauses: switching one on or off, beginning with a dozen, asking for an excuse and answering it."""

from collections.abc import Sequence

import streamlit as st
from sqlmodel import Session

from db.tables import ExcuseKind, ExcuseState
from db.transactions import reading
from services import clock
from services.access import Permission
from services.regulations import excuses, switching
from services.regulations.catalogue import clauses
from services.regulations.clause_views import ClauseView
from services.regulations.compliance import ClauseRow
from services.regulations.excuses import ExcuseInput, ExcuseLine, NobodyToExcuse
from ui import formats
from ui.asking_first import ask_first
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, open_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form
from ui.layout import CLOSE, act_list, facts, flash, leave_button, note
from ui.refusals import explain
from ui.session import require_user
from ui.wording import day_field

SWITCH, WITHDRAW_SWITCH, ASK, ANSWER, BEGIN, TAKE_BACK = (
    f"rules_{each}" for each in ("switch", "switch_withdraw", "ask", "answer", "begin", "take_back")
)
_SWITCH_LABELS = {"from_day": "从哪天起", "reason": "为什么"}
_ASK_LABELS = {
    "kind": "哪一种", "student_id": "哪个孩子", "first_day": "从哪天", "last_day": "到哪天", "reason": "为什么",
}  # fmt: skip
_STATE_WORDS = {
    ExcuseState.WAITING: ":violet-badge[:material/hourglass_top: 等第二个人同意]",
    ExcuseState.STANDING: ":green-badge[:material/check: 生效]",
    ExcuseState.DECLINED: ":orange-badge[:material/undo: 没有同意]",
    ExcuseState.WITHDRAWN: ":gray-badge[:material/remove: 撤回了]",
}


def draw_of_clause(view: ClauseView) -> None:
    """Draw the dialog about one clause that is open, if one is."""
    if opened(SWITCH):
        _switch(view)
    elif about := opened_about(WITHDRAW_SWITCH):
        _withdraw_switch(about[0])
    elif opened(ASK):
        _ask(view)
    else:
        _draw_excuse_dialog()


def draw_of_list(rows: Sequence[ClauseRow]) -> None:
    """Draw the dialog of the list that is open, if one is."""
    if opened(BEGIN):
        _begin({row.clause.id: row.clause.text for row in rows})
    else:
        _draw_excuse_dialog()


def draw_waiting(waiting: Sequence[ExcuseLine]) -> None:
    """Draw what waits for this person's yes."""
    if not waiting:
        return
    with act_list("等您同意"):
        for each in waiting:
            _draw_excuse(each)


def draw_excuses(found: Sequence[ExcuseLine]) -> None:
    """Draw the excuses of one clause."""
    if not found:
        return
    with st.expander(plain(f"免做和另法，{len(found)} 条"), expanded=any(each.may_answer for each in found)):
        for each in found:
            _draw_excuse(each)


def _draw_excuse(each: ExcuseLine) -> None:
    today = clock.today()
    until = f"到 {formats.day(each.last_day, today=today)}" if each.last_day else "，没有写到哪天"
    who = f"{each.class_label}{each.child or ''}"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f"**{plain(who)}** {plain(each.clause_id)} {each.kind.label} {_STATE_WORDS[each.state]}  \n"
            f":small[:gray[从 {formats.day(each.first_day, today=today)}{until}；{plain(each.reason or '')}"
            f"（{plain(each.asked_by or '命令行')}）]]",
            width="stretch",
        )
        if each.may_answer:
            st.button("看一看", key=f"rules_answer_{each.id}", type="primary", on_click=open_dialog,
                      args=(ANSWER, each.id))  # fmt: skip
        elif each.may_withdraw:
            st.button("撤回", key=f"rules_take_back_{each.id}", on_click=open_dialog, args=(TAKE_BACK, each.id))


def _draw_excuse_dialog() -> None:
    if about := opened_about(ANSWER):
        _answer(about[0])
    elif about := opened_about(TAKE_BACK):
        _take_back(about[0])


@st.dialog("启用、停用", dismissible=False)
def _switch(view: ClauseView) -> None:
    actor = require_user(Permission.REGULATION_WRITE)
    is_on = not view.is_on
    st.markdown(f"**{plain(view.clause.id)}** {plain(view.clause.text)}")
    note(
        "从哪天起，那天以后开始的周、月、学期才算；以前的不追究。"
        if is_on
        else "停用以后不再算；以前算过的，还按以前的说。"
    )
    form = Form(f"rules_switch_{view.clause.id}", {"version": view.version, "is_on": is_on}, labels=_SWITCH_LABELS)
    form.notices()
    with form_fields(form):
        with form.field("from_day", view.starts_on if is_on else clock.today()) as key:
            from_day = day_field("从哪天起", key=key)
        with form.field("reason", "") as key:
            reason = st.text_input("为什么" if not is_on else "为什么（可不填）", key=key, autocomplete="off")
        saved, cancelled = buttons(form, "启用" if is_on else "停用")
    cancel_if(form, cancelled)
    if saved:

        def act(session: Session) -> object:
            return switching.switch_clause(
                session, actor, clause_id=view.clause.id, is_on=is_on, from_day=from_day, reason=reason,
                version=form.version,
            )  # fmt: skip

        finish(form, act)


@st.dialog("撤回这次启用、停用", dismissible=False)
def _withdraw_switch(switch_id: int) -> None:
    actor = require_user(Permission.REGULATION_WRITE)
    st.markdown("还没有到那一天，撤回就和没有定过一样。")
    ask_first(
        lambda session: switching.withdraw_switch(session, actor, switch_id=switch_id), "撤回",
        kept="rules_switch_keep", confirmed="rules_switch_withdraw_yes", done="已撤回。",
    )  # fmt: skip


@st.dialog("挑几条开始", width="large", dismissible=False)
def _begin(texts: dict[str, str]) -> None:
    actor = require_user(Permission.REGULATION_WRITE)
    note("下面十二条，多数学校一开始就做得到。不要的点掉；都从下一个完整的周、月或学期开始算。")
    form = Form("rules_begin_form", {"id": 0})
    form.notices()
    with form_fields(form):
        with form.field("clauses", list(switching.FIRST_DOZEN)) as key:
            chosen = st.pills(
                "从哪几条开始", list(switching.FIRST_DOZEN), key=key, selection_mode="multi", wrap=True,
                format_func=lambda each: f"{each} {_short(texts[each])}",
            )  # fmt: skip
        saved, cancelled = buttons(form, f"启用 {len(chosen)} 条")
    cancel_if(form, cancelled)
    if saved:
        done = form.save_and_get(lambda session: switching.switch_on_together(session, actor, clause_ids=chosen))
        if done is not None:
            flash(f"启用了 {len(done):,} 条。")
            close_dialog()


def _short(text: str) -> str:
    return text if len(text) <= 16 else f"{text[:15]}…"


@st.dialog("申请免做、另法", dismissible=False)
def _ask(view: ClauseView) -> None:
    actor = require_user(Permission.EXCUSE_ASK)
    st.markdown(f"**{plain(view.clause.id)}** {plain(view.clause.text)}")
    note("免做：这个孩子不适用，比如孤儿没有亲情视频。另法：用别的办法做到了。都要第二个人同意才算。")
    with reading() as session:
        subjects = excuses.list_subjects(session, actor, clause_id=view.clause.id)
        answerers = excuses.list_answerers(session, actor)
    if not draw_answerers(answerers, key="rules_ask_close"):
        return
    if not subjects:
        note("这一条现在没有可以申请的孩子或班级。")
        if leave_button(CLOSE, key="rules_ask_nobody"):
            close_dialog()
        return
    labels = {each.id: each.label for each in subjects}
    of_classes = any(each.is_class for each in subjects)
    form = Form(f"rules_ask_{view.clause.id}", {"id": 0}, labels=_ASK_LABELS)
    form.notices()
    with form_fields(form):
        with form.field("kind", ExcuseKind.EXEMPT) as key:
            kind = st.segmented_control("哪一种", list(ExcuseKind), key=key, format_func=lambda each: each.label,
                                        required=True, wrap=True)  # fmt: skip
        with form.field("student_id") as key:
            word, hint = ("哪个班", "打班级来找") if of_classes else ("哪个孩子", "打姓名来找")
            chosen = st.selectbox(word, list(labels), key=key, index=None, placeholder=hint,
                                  format_func=lambda each: labels.get(each, ""))  # fmt: skip
        with form.field("first_day", clock.today()) as key:
            first_day = day_field("从哪天", key=key)
        with form.field("last_day") as key:
            last_day = day_field("到哪天（免做可不填，就是一直）", key=key)
        with form.field("reason", "") as key:
            reason = st.text_input("为什么", key=key, autocomplete="off")
        saved, cancelled = buttons(form, "请第二个人同意")
    cancel_if(form, cancelled)
    if saved:
        request = ExcuseInput(
            kind=kind or ExcuseKind.EXEMPT, clause_id=view.clause.id, first_day=first_day, last_day=last_day,
            student_id=None if of_classes else chosen, class_id=chosen if of_classes else None, reason=reason,
        )  # fmt: skip
        finish(form, lambda session: excuses.ask_excuse(session, actor, request=request), words="已请第二个人同意。")


def draw_answerers(names: Sequence[str], *, key: str) -> bool:
    """Say who will answer what is asked here; where nobody can, what to do first, and leave no form to fill in."""
    if names:
        note(f"由{'或'.join(names)}答复，会出现在那一位的工作台上。")
        return True
    note(explain(NobodyToExcuse()))
    if leave_button(CLOSE, key=key):
        close_dialog()
    return False


@st.dialog("同意不同意", dismissible=False)
def _answer(excuse_id: int) -> None:
    actor = require_user(Permission.EXCUSE_AGREE)
    with reading() as session:
        found = [each for each in excuses.list_excuses(session, actor) if each.id == excuse_id and each.may_answer]
    if not found:
        note("这一条已经有人答复，或者撤回了。")
        if leave_button(CLOSE, key="rules_answer_gone"):
            close_dialog()
        return
    each, today = found[0], clock.today()
    until = formats.day(each.last_day, today=today) if each.last_day else "没有写"
    facts(
        {"条款": f"{each.clause_id} {clauses()[each.clause_id].text}", "哪一种": each.kind.label,
         "谁": f"{each.class_label}{each.child or ''}", "从哪天": formats.day(each.first_day, today=today),
         "到哪天": until, "为什么": each.reason or "", "谁申请的": each.asked_by or "命令行"},
        alt="申请",
    )  # fmt: skip
    form = Form(f"rules_answer_{excuse_id}", {"version": each.version, "id": each.id}, labels={"note": "为什么不同意"})
    form.notices()
    with form_fields(form):
        with form.field("agrees", True) as key:
            agrees = st.segmented_control("同意吗", [True, False], key=key, required=True, wrap=True,
                                          format_func=lambda yes: "同意" if yes else "不同意")  # fmt: skip
        with form.field("note", "") as key:
            words = st.text_input("不同意的话，为什么", key=key, autocomplete="off")
        saved, cancelled = buttons(form, "答复")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: excuses.answer_excuse(
                session, actor, excuse_id=excuse_id, version=form.version, agrees=bool(agrees), note=words
            ),
            words="已答复。",
        )


@st.dialog("撤回免做、另法", dismissible=False)
def _take_back(excuse_id: int) -> None:
    actor = require_user(Permission.EXCUSE_ASK)
    with reading() as session:
        found = [each for each in excuses.list_excuses(session, actor) if each.id == excuse_id]
    version = found[0].version if found else 0
    st.markdown("从今天起照常要做；以前免的还是免了。")
    ask_first(
        lambda session: excuses.withdraw_excuse(session, actor, excuse_id=excuse_id, version=version), "撤回",
        kept="rules_excuse_keep", confirmed="rules_excuse_withdraw_yes", done="已撤回。",
    )  # fmt: skip
