"""What the page of the retention shows: how long records are kept, the run, who is due, who is kept and why."""

from collections.abc import Sequence

import streamlit as st

from services import clock, retention, retention_work
from services.access import Permission, allows
from services.actors import Actor
from services.backups import KEEP_DAYS
from services.errors import DomainError
from services.retention import RetentionView, RunView
from services.retention_due import DueChild, Kept
from ui import formats
from ui.asking_first import ask_first
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import plain
from ui.forms import Form
from ui.layout import ACT_BUTTON_WIDTH, DISCARD, flash, form_end, leave_button, note, refusal
from ui.session import require_user
from ui.states import RETENTION
from ui.tables import current_page, paging_line

PROPOSE, AGREE, WITHDRAW, HOLD, LIFT = (
    "retention_propose_dialog",
    "retention_agree_dialog",
    "retention_withdraw_dialog",
    "retention_hold_dialog",
    "retention_lift_dialog",
)
_PAGE_SIZE = 10
BACKUPS = (
    f"清掉的，现在的数据里不会再有。以前做的备份里还有，最多再留 {KEEP_DAYS} 天；另存在 U 盘、别的电脑上的，请自己删。"
)
LISTS = (
    "整个档案到期的，他们在校时和离校后一年内收到、给出的名单文件也一起清，名单上不认识的人也是；"
    "一份名单上有许多孩子，不能只抹掉一个。更晚收到的名单，等后面的孩子到期再清。"
)


def draw_rules(view: RetentionView) -> None:
    """Say how long what is kept, and what the removal does not reach."""
    years = view.years
    note(
        f"离校后：名册和联系卡留 {years.register} 年，受理、评估和个案留 {years.care} 年；"
        f"有过严重个案的，全部留 {years.grave} 年。"
    )
    if view.without_day:
        note(f"有 {view.without_day:,} 个离校的孩子没写离校日子，算不出到期，不会清。请在学生资料里补上。", icon="info")


def draw_run(actor: Actor, view: RetentionView) -> None:
    """Draw the run that was asked for, with the one thing to do about it."""
    run = view.run
    if run is None:
        return
    when = formats.day(clock.local(run.proposed_at).date(), today=clock.today())
    with st.container(border=True):
        if run.agreed_at is None:
            st.markdown(f"**等第二个人点头** {RETENTION['asked'].badge(f'{run.children:,} 个孩子')}")
            note(f"{run.proposed_by}{when}请的，要{view.second.name or '另一个人'}点头。点头以前，什么都没有清。")
        else:
            st.markdown(f"**还没有清完** {RETENTION['running'].badge(f'还有 {run.waiting:,} 个孩子')}")
            note(f"{run.proposed_by}请的，{run.agreed_by}点的头。中间断过，接着做就行，已经清掉的不会再动。")
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            if run.agreed_at is None and allows(actor, Permission.RETENTION_PREPARE):
                st.button("撤回，先不清", key="retention_withdraw", on_click=open_dialog, args=(WITHDRAW, run.id))
            if view.may_agree:
                st.button("看清楚了，同意", key="retention_agree", type="primary", icon=":material/how_to_reg:",
                          on_click=open_dialog, args=(AGREE, run.id))  # fmt: skip
            go_on = run.agreed_at is not None and st.button(
                "接着做", key="retention_go_on", type="primary", icon=":material/play_arrow:"
            )
    if go_on:
        _carry_out(actor, run)


def draw_lacking_yes(view: RetentionView) -> None:
    """Say why nobody can be asked for the second yes, and who mends it."""
    who = f"现在定的是{view.second.name}" if view.second.name else "现在没有定"
    note(
        f"没有第二个人能点头（{who}）。请在“岗位与小组”里给“第二个人”定一位领导、负责人或信息老师，不能是请的人自己。",
        icon="info",
    )


def draw_last(run: RunView) -> None:
    """Say what the last run did."""
    if run.finished_at is None:
        return
    when = formats.day(clock.local(run.finished_at).date(), today=clock.today())
    words = f"{when}清过一次：{run.removed:,} 个孩子的记录，{run.proposed_by}请的，{run.agreed_by}点的头。"
    kept = f"有 {run.kept:,} 个孩子后来又有变动，没有清。" if run.kept else ""
    note(f"{words}{kept}", icon="check_circle")


def draw_due(view: RetentionView) -> None:
    """Draw how many are due, and for the head of the room who; then who is kept and why."""
    with st.container(border=True):
        st.markdown(
            f"**到期 {view.due_count:,} 个孩子：整个档案 {_told(view.whole_count)}，"
            f"其中有受理、个案的 {_told(view.care_count)}；要留着 {_told(view.kept_count)}**"
        )
        note(LISTS)
        note(BACKUPS)
        if not view.children and not view.kept:
            note("姓名只有关爱室负责人看得到；少于 5 个、会认出是谁的数不显示。", icon="visibility_off")
    if view.children:
        _draw_list("到期要清的", view.children, key="retention_page", act="留着", dialog=HOLD)
    if view.kept:
        _draw_list("到期了，还留着的", view.kept, key="retention_kept_page", act="不用留了", dialog=LIFT)


def _told(count: int | None) -> str:
    return "几个（不显示）" if count is None else f"{count:,} 个"


def _draw_list(title: str, children: Sequence[DueChild], *, key: str, act: str, dialog: str) -> None:
    page = current_page(key, total=len(children), page_size=_PAGE_SIZE)
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(title)}**")
        for child in children[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                st.markdown(f"**{plain(child.name)}**  \n:small[:gray[{plain(_words(child))}]]", width="stretch")
                if dialog == HOLD or child.hold_id is not None:
                    st.button(
                        plain(act),
                        key=f"{dialog}_{child.student_id}",
                        width=ACT_BUTTON_WIDTH,
                        on_click=open_dialog,
                        args=(dialog, child.student_id),
                    )
    if len(children) > _PAGE_SIZE:
        paging_line(key, total=len(children), unit="人", page_size=_PAGE_SIZE)


def _words(child: DueChild) -> str:
    left, due = (formats.day(day, today=clock.today()) for day in (child.left_on, child.due_on))
    what = "整个档案" if child.is_whole else "受理、评估和个案"
    reason = f"（{child.hold_reason}）" if child.hold_reason else ""
    why = "、".join(f"{each.label}{reason if each is Kept.HOLD else ''}" for each in child.kept)
    return f"{left}离校，{due}到期，{what}" + (f"。留着：{why}" if why else "")


# --- the acts ---


def draw_dialogs(actor: Actor, view: RetentionView) -> None:
    """Draw the dialog that is open, if any."""
    if opened(PROPOSE, 0) and view.may_propose:
        _propose(view)
    run = view.run
    if run is not None and opened(AGREE, run.id) and view.may_agree:
        _agree(view, run)
    if run is not None and opened(WITHDRAW, run.id):
        _withdraw(run)
    for child in (*view.children, *view.kept):
        if opened(HOLD, child.student_id):
            _hold(child)
        if opened(LIFT, child.student_id) and child.hold_id is not None:
            _lift(child)


@st.dialog("请人点头", icon=":material/how_to_reg:", dismissible=False)
def _propose(view: RetentionView) -> None:
    actor = require_user(Permission.RETENTION_PREPARE)
    form = Form(PROPOSE, {"digest": view.digest})
    form.notices()
    st.text(f"请{view.second.name}点头，清掉 {view.due_count:,} 个孩子到期的记录。")
    note("点头以前什么都不会清。看过以后有新的记录，就要重新请。")
    note(LISTS)
    note(BACKUPS)
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        asked = st.button(plain(f"请{view.second.name}点头"), key=form.key("save"), type="primary")
    digest = form.drawn_from.values["digest"]
    if asked and form.save(lambda session: retention.propose_run(session, actor, digest=digest)):
        flash(f"已请{view.second.name}点头。")
        close_dialog()


@st.dialog("同意清理", icon=":material/delete_forever:", dismissible=False)
def _agree(view: RetentionView, run: RunView) -> None:
    actor = require_user(Permission.RETENTION_AGREE)
    form = Form(f"{AGREE}_{run.id}", {"id": run.id, "version": run.version})
    form.notices()
    st.text(f"{run.proposed_by}请您同意：清掉 {run.children:,} 个离校满年限的孩子的记录。清掉以后找不回来。")
    note("有没办完的受理、没结的个案、疑似侵害，或负责人写明要留的，都不在里面。")
    note(LISTS)
    note(BACKUPS)
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        agreed = st.button(plain(f"同意，清掉 {run.children:,} 个孩子的记录"), key=form.key("save"), type="primary")
    if agreed and form.save(lambda session: retention.agree_run(session, actor, run_id=run.id, version=form.version)):
        _carry_out(actor, run)


def _carry_out(actor: Actor, run: RunView) -> None:
    """Remove child by child with a line of progress; nothing is drawn inside a transaction."""
    bar = st.progress(0.0, text=plain("正在清理，请等一等。"))

    def told(left: int) -> None:
        bar.progress(
            1 - left / max(run.children, 1), text=plain(f"正在清理，还有 {left:,} 个，共 {run.children:,} 个。")
        )

    try:
        is_scrubbed = retention_work.remove_all(actor, run_id=run.id, told=told)
    except DomainError as error:
        refusal(error)
        return
    bar.empty()
    flash("清完了。" if is_scrubbed else "清完了。文件里的空页等没有人用的时候再整理。")
    close_dialog()


@st.dialog("撤回", icon=":material/undo:", dismissible=False)
def _withdraw(run: RunView) -> None:
    actor = require_user(Permission.RETENTION_PREPARE)
    st.text("撤回以后什么都不清，名单照旧列着，随时能再请。")
    ask_first(
        lambda session: retention.withdraw_run(session, actor, run_id=run.id, version=run.version),
        "撤回",
        kept="retention_withdraw_keep",
        confirmed="retention_withdraw_save",
        done="撤回了。",
        icon=":material/undo:",
    )


@st.dialog("到期也留着", icon=":material/lock_clock:", dismissible=False)
def _hold(child: DueChild) -> None:
    actor = require_user(Permission.RETENTION_HOLD)
    form = Form(f"{HOLD}_{child.student_id}", labels={"reason": "为什么"})
    form.notices()
    st.markdown(f"**{plain(child.name)}**")
    with form.field("reason", "") as key:
        reason = st.text_input("为什么留着，比如法院还在审", key=key, autocomplete="off")
    with form_end():
        if st.button("不用留", key=form.key("cancel"), type="tertiary"):
            form.cancel()
            close_dialog()
        saved = st.button(plain(f"留着{child.name}的记录"), key=form.key("save"), type="primary")
    if saved and form.save(
        lambda session: retention.hold_child(session, actor, student_id=child.student_id, reason=reason)
    ):
        flash("记下了，到期也留着。")
        close_dialog()


@st.dialog("不用再留", icon=":material/lock_open:", dismissible=False)
def _lift(child: DueChild) -> None:
    actor = require_user(Permission.RETENTION_HOLD)
    st.text(f"{child.name}：{child.hold_reason or ''}")
    note("去掉以后，别的都办完了的，就在到期要清的里面。")
    ask_first(
        lambda session: retention.lift_hold(session, actor, hold_id=child.hold_id or 0, version=child.hold_version),
        "不用留了",
        kept="retention_lift_keep",
        confirmed="retention_lift_save",
        done="记下了。",
        icon=":material/check:",
    )
