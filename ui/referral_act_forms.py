"""The short forms of what can be done with a referral; what is typed into them is kept as a draft."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.tables import Role
from db.transactions import reading
from services import clock, intake, referral_moves, safeguarding
from services.actors import Actor
from services.intake import ReferralChange
from services.referral_views import ReferralAct, ReferralView
from ui.child_picker import clear_child, pick_child, picked, suggest_child
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, flash, form_end, leave_button, note
from ui.referral_drafts import begin_now, draft_of, form_name
from ui.referral_rows import merge_target_words
from ui.referral_words import FACTS, PARENTS, URGENCIES, WRITTEN, moment, show_fact
from ui.wording import day_field

_OPEN = "care_referral_act"  # (referral id, act): the one whose form is drawn


def open_act(referral_id: int, act: ReferralAct) -> None:
    """Let the form of an act be open when the referral is drawn; where the act isn't offered, nothing is."""
    st.session_state[_OPEN] = (referral_id, act)


def open_at(referral_id: int) -> ReferralAct | None:
    """Return the act whose form is open at a referral."""
    opened_at, opened = st.session_state.get(_OPEN) or (None, None)
    return opened if opened_at == referral_id else None


def _finish(
    actor: Actor,
    form: Form,
    label: str,
    act: Callable[[Session], object],
    done: str,
    *,
    leave: bool = False,
    after: Callable[[], None] | None = None,
) -> None:
    """Draw the end of an act's form, and do the act when its button was clicked; `after` it was saved, the rest."""
    draft = draft_of(form)
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        submitted = st.button(plain(label), key=form.key("submit"), type="primary")

    def save(session: Session) -> None:
        act(session)
        draft.discard(session, actor)

    if cancelled:
        draft.throw_away(actor)
        st.session_state.pop(_OPEN, None)
        st.rerun()
    if submitted and form.save(save):
        draft.forget()
        st.session_state.pop(_OPEN, None)
        if after:
            after()
        flash(done)
        if leave:
            st.query_params.pop("referral", None)
        st.rerun()


def _name(view: ReferralView) -> str:
    return view.child or "这个孩子"


def _form(
    actor: Actor,
    view: ReferralView,
    act: ReferralAct,
    *,
    labels: Mapping[str, str] | None = None,
    offered: Mapping[str, Collection[int]] | None = None,
) -> Form:
    form = Form(form_name(act), view, labels=labels, around=FACTS, show=show_fact)
    draft = draft_of(form, offered)
    draft.offer(actor)
    form.notices()
    draft.remind()
    return form


def _words_form(actor: Actor, view: ReferralView, act: ReferralAct, name: str, label: str, hint: str) -> Form:
    form = _form(actor, view, act, labels={name: label})
    with form.field(name, "") as key:
        st.text_area(label, key=key, placeholder=hint, on_change=draft_of(form).keep)
    return form


def _text(form: Form, name: str) -> str:
    return str(st.session_state.get(form.key(name)) or "")


def _draw_answer(actor: Actor, view: ReferralView) -> None:
    form = _words_form(actor, view, ReferralAct.ANSWER, "answer", "答复了什么", "说了什么，约好了什么。")
    settles = False
    if ReferralAct.SETTLE in view.acts:
        with form.field("settles", False) as key:
            settles = st.toggle("事情到此解决，不用再评估", key=key, on_change=draft_of(form).keep)
    _finish(
        actor,
        form,
        f"保存对{_name(view)}这件事的答复",
        lambda session: referral_moves.answer_referral(
            session, actor, referral_id=view.id, version=form.version, answer=_text(form, "answer"), settles=settles
        ),
        "答复已保存。",
    )


def _draw_feedback(actor: Actor, view: ReferralView) -> None:
    form = _words_form(
        actor,
        view,
        ReferralAct.GIVE_FEEDBACK,
        "feedback",
        "反馈给转介教师",
        "做到了哪一步，请老师留意什么。不写孩子说的内容。",
    )
    _finish(
        actor,
        form,
        f"反馈给{view.referred_by_name or '转介教师'}",
        lambda session: referral_moves.give_feedback(
            session, actor, referral_id=view.id, version=form.version, feedback=_text(form, "feedback")
        ),
        "反馈已保存，转介教师能看到。",
    )


def _draw_decline(actor: Actor, view: ReferralView) -> None:
    form = _words_form(actor, view, ReferralAct.DECLINE, "reason", "为什么不立案", "例如：已和家长核实，是误会。")
    _finish(
        actor,
        form,
        f"{_name(view)}这件事不立案",
        lambda session: referral_moves.decline(
            session, actor, referral_id=view.id, version=form.version, reason=_text(form, "reason")
        ),
        "已记为不立案。",
    )


def _draw_unmark(actor: Actor, view: ReferralView) -> None:
    form = _words_form(actor, view, ReferralAct.UNMARK_ABUSE, "reason", "为什么撤下", "怎么查清的，谁核实的。")
    _finish(
        actor,
        form,
        "撤下疑似侵害",
        lambda session: safeguarding.unmark_suspected_abuse(
            session, actor, referral_id=view.id, version=form.version, reason=_text(form, "reason")
        ),
        "已撤下，专职心理教师又能看到这件受理。",
    )


def _draw_mark(actor: Actor, view: ReferralView) -> None:
    form = _form(actor, view, ReferralAct.MARK_ABUSE)
    with form.field("confirmed", True):
        note(
            "标上以后，只有负责人和指定的领导能看到内容；先不联系家长，也不再反馈给其他人。"
            "负责人要马上报告 110 和教育局。"
        )
    _finish(
        actor,
        form,
        f"把{_name(view)}这件事标为疑似侵害",
        lambda session: safeguarding.mark_suspected_abuse(session, actor, referral_id=view.id, version=form.version),
        "已标为疑似侵害，交给关爱室负责人。",
        leave=not actor.has_role(Role.LEAD),
    )


def _draw_report(actor: Actor, view: ReferralView) -> None:
    form = _form(actor, view, ReferralAct.REPORT_ABUSE)
    moments: dict[str, datetime | None] = {}
    for name, label, before in (
        ("police_told_at", "已报警（110）", view.police_told_at),
        ("authority_told_at", "已报告教育局", view.authority_told_at),
    ):
        if before is not None:
            note(f"{label}：{moment(before)}", icon="check_circle")
        moments[name] = _ask_moment(form, name, label)
    _finish(
        actor,
        form,
        "保存报告时间",
        lambda session: safeguarding.report_abuse(session, actor, referral_id=view.id, version=form.version, **moments),
        "报告时间已保存。",
    )


def _ask_moment(form: Form, name: str, label: str) -> datetime | None:
    """Ask for a day and a time; nothing where it wasn't told yet."""
    with form.field(f"{name}_is_told", False) as key:
        is_told = st.toggle(label, key=key, on_change=begin_now, args=(form, name))
    keep = draft_of(form).keep
    with form.field(f"{name}_day") as day_key:
        day = day_field("哪天", key=day_key, disabled=not is_told, on_change=keep)
    with form.field(f"{name}_time") as time_key:
        at = st.time_input("几点", value=None, key=time_key, step=60, disabled=not is_told, on_change=keep)
    told_at = clock.at_school(day, at) if is_told and isinstance(day, date) and isinstance(at, time) else None
    with form.field(name, holds=lambda: told_at):
        pass
    st.session_state.pop(form.key(name), None)
    return told_at


def _draw_hand_over(actor: Actor, view: ReferralView) -> None:
    with reading() as session:
        takers = referral_moves.list_takers(session, actor, is_suspected_abuse=view.is_suspected_abuse)
    names = {user_id: name for user_id, name in takers.items() if user_id != view.owner_id}
    form = _form(actor, view, ReferralAct.HAND_OVER, offered={"to_user": names})
    with form.field("to_user") as key:
        chosen = st.selectbox("转给谁", list(names), format_func=names.__getitem__, key=key, placeholder="选一个人",
                              on_change=draft_of(form).keep)  # fmt: skip
    _finish(
        actor,
        form,
        f"转出{_name(view)}这件事",
        lambda session: referral_moves.hand_over(
            session, actor, referral_id=view.id, version=form.version, to_user_id=chosen or 0
        ),
        "已转出。",
    )


def _draw_merge(actor: Actor, view: ReferralView) -> None:
    with reading() as session:
        targets = referral_moves.list_merge_targets(session, actor, referral_id=view.id)
    names = {each.id: merge_target_words(each) for each in targets}
    form = _form(actor, view, ReferralAct.MERGE, offered={"into": names})
    if not targets:
        note("这个孩子没有别的、还没办完的受理。")
    with form.field("into") as key:
        chosen = st.selectbox("并到哪一件", list(names), format_func=names.__getitem__, key=key, index=None,
                              placeholder="选一件", on_change=draft_of(form).keep)  # fmt: skip
    _finish(
        actor,
        form,
        "合并过去",
        lambda session: referral_moves.merge(
            session, actor, referral_id=view.id, version=form.version, into_id=chosen or 0
        ),
        "已合并。",
    )


def _draw_match(actor: Actor, view: ReferralView) -> None:
    form = _form(actor, view, ReferralAct.MATCH_CHILD)
    picker = f"referral_match_{view.id}"
    suggest_child(picker, view.child_label)
    note(f"当时说的是：{view.child_label}")
    with form.field("child", holds=lambda: picked(picker)):
        child = pick_child(picker)

    _finish(
        actor,
        form,
        f"就是{child.name}" if child.student_id else "先选出孩子",
        lambda session: intake.match_child(
            session, actor, referral_id=view.id, version=form.version, student_id=child.student_id
        ),
        "已认出孩子。",
        after=lambda: clear_child(picker),
    )


def _draw_change(actor: Actor, view: ReferralView) -> None:
    form = _form(actor, view, ReferralAct.CHANGE, labels=FACTS)
    keep = draft_of(form).keep
    for name, label in WRITTEN.items():
        with form.field(name, "") as key:
            st.text_area(label, key=key, on_change=keep)
    with form.field("noticed_on") as key:
        day_field("哪天发现", key=key, on_change=keep)
    with form.field("parents_informed") as key:
        st.segmented_control(
            "家里知道吗",
            list(PARENTS),
            format_func=PARENTS.__getitem__,
            key=key,
            required=True,
            wrap=True,
            on_change=keep,
        )
    with form.field("urgency") as key:
        st.segmented_control(
            "急不急",
            list(URGENCIES),
            format_func=URGENCIES.__getitem__,
            key=key,
            required=True,
            wrap=True,
            on_change=keep,
        )

    def typed(name: str) -> Any:
        return st.session_state.get(form.key(name))

    _finish(
        actor,
        form,
        f"保存{_name(view)}的受理",
        lambda session: intake.change_referral(
            session,
            actor,
            referral_id=view.id,
            version=form.version,
            change=ReferralChange(
                **{name: typed(name) for name in WRITTEN},
                noticed_on=typed("noticed_on"),
                parents_informed=typed("parents_informed"),
                urgency=typed("urgency"),
            ),
        ),
        "已保存。",
    )


FORMS: dict[ReferralAct, Callable[[Actor, ReferralView], None]] = {
    ReferralAct.ANSWER: _draw_answer,
    ReferralAct.GIVE_FEEDBACK: _draw_feedback,
    ReferralAct.DECLINE: _draw_decline,
    ReferralAct.UNMARK_ABUSE: _draw_unmark,
    ReferralAct.MARK_ABUSE: _draw_mark,
    ReferralAct.REPORT_ABUSE: _draw_report,
    ReferralAct.HAND_OVER: _draw_hand_over,
    ReferralAct.MERGE: _draw_merge,
    ReferralAct.MATCH_CHILD: _draw_match,
    ReferralAct.CHANGE: _draw_change,
}
