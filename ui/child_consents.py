"""同意和承诺: what the family agreed to, purpose by purpose, and the parents' written promise."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from db.tables import ConsentAnswer, ConsentPurpose
from db.transactions import reading
from services import clock, consents, promises
from services.access import Permission
from services.actors import Actor
from services.consents import ConsentLine
from services.promises import PromiseLine
from services.student_files import StudentFile
from ui import formats
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import open_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import note, side_column
from ui.session import require_user
from ui.states import Look
from ui.wording import day_field

_CONSENT, _PROMISE = "consent", "promise"
_PURPOSES = list(ConsentPurpose)
_LOOKS = {
    ConsentAnswer.GIVEN: Look("check_circle", "同意", "green"),
    ConsentAnswer.REFUSED: Look("block", "不同意", "red"),
    ConsentAnswer.WITHDRAWN: Look("undo", "撤回同意", "orange"),
}
_NOT_ASKED = Look("help", "还没问过", "gray")
_LABELS = {"answer": "家里怎么说", "day": "哪天", "by_whom": "谁说的", "evidence": "凭据"}
_BUTTON = 92


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw every purpose with its answer, and the promise at the side."""
    with reading() as session:
        lines = consents.list_consents(session, actor, student_id=file.id)
        signed = promises.list_promises(session, actor, student_id=file.id)
    main, side = side_column(1.9)
    with main, st.container(border=True, gap="small"):
        st.markdown("**家里同意什么**")
        for purpose in _PURPOSES:
            _draw_purpose(file, purpose, [line for line in lines if line.purpose is purpose])
    with side, st.container(border=True, gap="small"):
        _draw_promise(file, signed)
    _draw_dialog(file, lines, signed)


def _draw_purpose(file: StudentFile, purpose: ConsentPurpose, lines: Sequence[ConsentLine]) -> None:
    current = next((line for line in lines if line.is_current), None)
    badge = _LOOKS[current.answer].badge() if current else _NOT_ASKED.badge()
    said = _words(current) if current else "没有同意就不做；要做，先问家里。"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(f"**{plain(purpose.label)}**  \n{badge} :small[:gray[{plain(said)}]]", width="stretch")
        if file.may_write:
            st.button(
                "记一次", key=f"child_consent_{purpose.value}", width=_BUTTON,
                on_click=open_dialog, args=(_CONSENT, file.id, _PURPOSES.index(purpose)),
            )  # fmt: skip
    if past := [line for line in lines if not line.is_current]:
        note("以前：" + "；".join(f"{line.answer.label}，{_words(line)}" for line in past))


def _words(line: ConsentLine) -> str:
    parts = [f"{formats.day(line.day, today=clock.today())} {line.by_whom or ''}".strip()]
    if line.evidence:
        parts.append(line.evidence)
    if line.recorded_by:
        parts.append(f"{line.recorded_by}记")
    return "，".join(parts)


def _draw_promise(file: StudentFile, signed: Sequence[PromiseLine]) -> None:
    st.markdown("**父母承诺书**")
    if not signed:
        note("还没有交。承诺书写明父母或监护人怎么保障孩子的生活和上学。")
    for line in signed:
        words = f"{formats.day(line.signed_on, today=clock.today())} {line.signer or ''}签"
        words += f"，放在{line.place}" if line.place else ""
        note(words if line.is_current else f"以前：{words}")
    if file.may_write:
        st.button(
            "登记一份承诺书", key="child_promise", icon=":material/add:", on_click=open_dialog, args=(_PROMISE, file.id)
        )


def _draw_dialog(file: StudentFile, lines: Sequence[ConsentLine], signed: Sequence[PromiseLine]) -> None:
    if about := opened_about(_CONSENT, file.id):
        purpose = _PURPOSES[about[0]] if about[0] < len(_PURPOSES) else _PURPOSES[0]
        _record_consent(file, purpose, next((x for x in lines if x.purpose is purpose and x.is_current), None))
    elif opened(_PROMISE, file.id):
        _record_promise(file, next((each for each in signed if each.is_current), None))


@st.dialog("记一次同意", dismissible=False)
def _record_consent(file: StudentFile, purpose: ConsentPurpose, current: ConsentLine | None) -> None:
    actor = require_user(Permission.CONSENT_WRITE)
    # Drawn from the answer that counts, shown empty: this is another answer, not a correction of that one.
    form = Form(
        f"child_consent_form_{file.id}_{purpose.value}", {"id": current.id if current else None}, labels=_LABELS,
        show=_show,
    )  # fmt: skip
    form.notices()
    st.markdown(f"**{plain(file.name)}** {plain(purpose.label)}")
    answers = list(ConsentAnswer) if current and current.answer is ConsentAnswer.GIVEN else list(ConsentAnswer)[:2]
    with form_fields(form):
        with form.field("answer") as key:
            answer = st.segmented_control(
                "家里怎么说",
                answers,
                key=key,
                format_func=lambda each: ConsentAnswer(each).label,
                wrap=True,
            )
        with form.field("day", clock.today()) as key:
            day = day_field("哪天说的", key=key)
        with form.field("by_whom", "") as key:
            by_whom = st.text_input("谁说的，比如母亲、外婆", key=key, autocomplete="off")
        with form.field("evidence", "") as key:
            evidence = st.text_input("凭据，比如签字表放在哪里、几月几日的电话", key=key, autocomplete="off")
        saved, cancelled = buttons(form, f"保存{file.name}的同意")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: consents.record_consent(
                session, actor, student_id=file.id, purpose=purpose, answer=answer, day=day, by_whom=by_whom,
                evidence=evidence, replaces_id=form.drawn_from.id,
            ),
        )  # fmt: skip


@st.dialog("登记一份承诺书", dismissible=False)
def _record_promise(file: StudentFile, current: PromiseLine | None) -> None:
    actor = require_user(Permission.CONSENT_WRITE)
    form = Form(f"child_promise_form_{file.id}", {"id": current.id if current else None})
    form.notices()
    with form_fields(form):
        with form.field("signed_on", clock.today()) as key:
            signed_on = day_field("哪天签的", key=key)
        with form.field("signer", "") as key:
            signer = st.text_input("谁签的", key=key, autocomplete="off")
        with form.field("place", "") as key:
            place = st.text_input("纸放在哪里", key=key, autocomplete="off")
        saved, cancelled = buttons(form, f"保存{file.name}的承诺书")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: promises.record_promise(
                session, actor, student_id=file.id, signed_on=signed_on, signer=signer, place=place,
                replaces_id=form.drawn_from.id,
            ),
        )  # fmt: skip


def _show(field: str, value: Any) -> str:  # any field's value
    return ConsentAnswer(value).label if field == "answer" and value else shown(value)
