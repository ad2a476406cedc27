"""Whose archives can be packed, on screen; making a package, and its password, shown once."""

from collections.abc import Callable, Sequence

import streamlit as st

from db.tables import ExcuseState, HandoverReason
from db.transactions import reading
from services import clock, handover_excuses, handover_work
from services.access import Permission
from services.handover_views import Candidate, Candidates, PackagePage
from services.handovers import HandoverEntry
from services.regulations import excuses
from ui import formats
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, open_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, Action, act_list, act_row, form_end, leave_button, note, side_box
from ui.rules_dialogs import draw_answerers
from ui.session import require_user
from ui.states import HANDOVER
from ui.tables import current_page, data_table, paging_line

MAKE, NOT_NEEDED = "handover_make", "handover_not_needed"
_ASK_LABELS = {"first_day": "从哪天"}  # no field of the dialog: the day the child left
_PASSWORD, _PAGE, _PAGE_SIZE = "care_handover_password", "handovers_page", 15
_LATE, _OWED = HANDOVER["late"], HANDOVER["owed"]


def make_action(found: Candidates, student_id: int) -> list[Action]:
    """Return the act that begins a package, where there is anybody to pack."""
    if not found.children:
        return []
    acts = [Action("做移交包", MAKE, "inventory_2", is_primary=True, on_click=open_dialog, args=(MAKE, student_id))]
    if _askable(found):
        acts.append(Action("不用移交", NOT_NEEDED, "remove_done", on_click=open_dialog, args=(NOT_NEEDED,)))
    return acts


def draw_password() -> None:
    """Show the password of the package that was just made, until somebody says it was written down."""
    kept = st.session_state.get(_PASSWORD)
    if kept is None:
        return
    with side_box("移交包的密码，只显示这一次", gap="small"):
        st.code(kept, language=None)
        note("请抄下来，当面或打电话告诉接收的老师，不要和文件放在一起。程序里不留，丢了只能作废重做。", icon="key")
        if st.button("抄好了", key="handover_noted", type="primary"):
            st.session_state.pop(_PASSWORD, None)
            st.rerun()


def draw_packages(page: PackagePage, open_one: Callable[[int], None]) -> None:
    """Draw the packages, the newest first."""
    with act_list("移交包"):
        for row in page.rows:
            made = formats.day(clock.local(row.made_at).date(), today=clock.today())
            act_row(
                f"{row.to}，{row.children:,} 个孩子", HANDOVER[row.state.value].badge(),
                f"{made}做的，{row.reason.label}", "打开", key=f"handovers_open_{row.id}",
                on_click=open_one, args=(row.id,),
            )  # fmt: skip


def draw_candidates(found: Candidates) -> None:
    """Draw who is still to be handed over, by name, and who answers for it."""
    st.markdown(f"**还没做包的** :small[:gray[{len(found.children):,} 人]]")
    keeper = f"档案管理员{found.keeper}" if found.keeper else "档案管理员（岗位还没有人）"
    note(
        f"由{keeper}移交。四特的孩子毕业后要移交，别的有档案的也可以一起交；还没毕业的毕业班也能先做。没有学校接收的，点“不用移交”。"
    )
    number = current_page(_PAGE, total=len(found.children), page_size=_PAGE_SIZE)
    shown = found.children[(number - 1) * _PAGE_SIZE : number * _PAGE_SIZE]
    text = st.column_config.TextColumn
    columns = {"name": text("姓名", width=110), "class": text("班级", width=110), "state": text("学籍", width=90),
               "left": text("离校", width=120), "owed": text("要不要移交", width=190)}  # fmt: skip
    data_table([_row(each) for each in shown], columns, key="handovers_table", alt="还没做包的孩子")
    paging_line(_PAGE, total=len(found.children), unit="人", page_size=_PAGE_SIZE)


def draw_opened(found: Candidates) -> None:
    """Draw the dialog that makes a package, if it is open."""
    about = opened_about(MAKE)
    if about is not None:
        _make(found, about[0])
    elif opened(NOT_NEEDED):
        _ask(found)


@st.dialog("不用移交", dismissible=False)
def _ask(found: Candidates) -> None:
    actor = require_user(Permission.ARCHIVE_HAND_OVER)
    with reading() as session:
        answerers = excuses.list_answerers(session, actor)
    note("没有学校接收、去了国外，档案就留在这里，到期照规定处理。第二个人同意了才算。")
    if not draw_answerers(answerers, key=f"{NOT_NEEDED}_close"):
        return
    labels = {each.student_id: f"{each.name} {each.class_label}" for each in _askable(found)}
    form = Form(f"{NOT_NEEDED}_form", {"id": 0}, labels=_ASK_LABELS)
    form.notices()
    with form_fields(form):
        with form.field("student_id") as key:
            chosen = st.selectbox("哪个孩子", list(labels), key=key, index=None, placeholder="打姓名来找",
                                  format_func=lambda each: labels.get(each, ""))  # fmt: skip
        with form.field("reason", "") as key:
            reason = st.text_input("为什么", key=key, autocomplete="off")
        saved, cancelled = buttons(form, "请第二个人同意")
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: handover_excuses.ask_not_to_hand_over(
            session, actor, student_id=chosen, reason=reason
        ), words="已请第二个人同意。")  # fmt: skip


def _askable(found: Candidates) -> list[Candidate]:
    return [each for each in found.children if each.due_on is not None and each.excuse is None]


@st.dialog("做移交包", dismissible=False)
def _make(found: Candidates, student_id: int) -> None:
    actor = require_user(Permission.ARCHIVE_HAND_OVER)
    form = Form(f"{MAKE}_form_{student_id}", {"id": student_id})
    form.notices()
    chosen = [each for each in found.children if each.student_id == student_id]
    with form.field("student_ids", is_filled=False) as key:
        if student_id and chosen:
            st.markdown(f"**{plain(chosen[0].name)}**，{plain(chosen[0].group)}")
        else:
            groups = list(dict.fromkeys(each.group for each in found.children))
            asked = st.multiselect("哪几个班", groups, key=key, placeholder="请选", select_all=False)
            special = st.toggle("只要四特的", key=form.key("special"))
            chosen = [each for each in found.children if each.group in asked and (each.due_on or not special)]
            note(f"{len(chosen):,} 人：{_names(chosen)}" if chosen else "选好班，下面写着是哪些孩子。")
    with form.field("reason") as key:
        reason = st.pills("为什么", list(HandoverReason), key=key, format_func=lambda each: each.label, wrap=True)
    with form.field("to", "") as key:
        to = st.text_input("交给哪个学校、哪位老师", key=key, autocomplete="off")
    note("等级的理由、量表分数、疑似侵害的事不进包；辅导的内容，家里在“同意和承诺”里同意了才进。")
    place = st.container()
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        asked_to = st.button(f"给 {len(chosen):,} 人做包" if chosen else "做包", key=form.key("save"), type="primary")
    if not asked_to:
        return
    with place:
        bar = st.progress(0.0, text="正在加密，请等一等。")
    entry = HandoverEntry(student_ids=tuple(each.student_id for each in chosen), reason=reason, to=to)

    def tell(done: int, overall: int) -> None:
        bar.progress(done / overall, text=f"正在加密，{done:,} 人，共 {overall:,} 人。")

    made = form.try_first(lambda: handover_work.make_package(actor, entry=entry, told=tell))
    bar.empty()
    if made is not None:
        form.cancel()
        st.session_state[_PASSWORD] = made.password
        st.query_params["package"] = str(made.package_id)
        close_dialog()


def _names(children: Sequence[Candidate]) -> str:
    shown = "、".join(each.name for each in children[:30])
    return f"{shown} 等" if len(children) > 30 else shown


def _row(each: Candidate) -> dict[str, str]:
    today = clock.today()
    owed = ""
    if each.excuse is not None:
        owed = "不用移交，等第二个人同意" if each.excuse is ExcuseState.WAITING else "不用移交"
    elif each.due_on is not None:
        look = _LATE if each.is_late else _OWED
        owed = f"{look.sign} {look.word}，{formats.day(each.due_on, today=today)}以前"
    return {
        "name": each.name,
        "class": each.class_label,
        "state": each.state.label,
        "left": formats.day(each.left_on, today=today) if each.left_on else "",
        "owed": owed,
    }
