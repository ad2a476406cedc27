"""The form of an assessment: signs, suggested severity, measures, and who meets about a serious one."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from db.tables import Domain, Severity, Urgency
from services.account_lists import StaffName
from services.assessments import AssessmentForm, AssessmentRequest, with_ticks
from services.conference_people import LEAST_PARTICIPANTS
from services.severity import Suggestion, suggest_severity
from ui.drafts import Draftable
from ui.forms import Form
from ui.layout import note
from ui.referral_words import DOMAINS, SEVERITIES

SIGNS = {
    "is_in_danger": "现在有危险",
    "mentions_self_harm": "说过或做过伤害自己的事",
    "harms_others": "伤到了别人，或说要伤人",
    "stays_away": "已经不来上学或不进课堂",
}
_GUESTS = ("还有谁，没有账号的人", "社区的柳主任")
_GUESTS_PROTECTED = ("还有哪些办案的人，不写本校老师", "派出所的民警、民政所的柳主任")
WORDS = ("nature", "measures", "override_reason", "guests")
CHOICES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(SIGNS, bool),
    "domains": lambda each: [Domain(value) for value in each],
    "severity_own": Severity,
    "participants": lambda ids: [int(each) for each in ids],
}
"""What else a draft keeps, and how it is read; `severity_own` is one chosen against the suggestion."""


def draw_signs(form: Form, draft: Draftable, opened: AssessmentForm) -> None:
    """Draw what is asked first: nature, domains, signs; what was registered as dangerous is ticked already."""
    is_in_danger = opened.signs.urgency is Urgency.DANGER
    with form.field("nature", "") as key:
        st.text_area("是什么问题", key=key, placeholder="写事实和判断的依据。", on_change=draft.keep)
    with form.field("domains", []) as key:
        st.pills("牵涉哪些方面", list(DOMAINS), selection_mode="multi", format_func=DOMAINS.__getitem__, key=key,
                 on_change=draft.keep, wrap=True)  # fmt: skip
    st.markdown(":small[有没有这些情况]")
    left, right = st.columns(2)
    for place, (name, label) in enumerate(SIGNS.items()):
        start = name == "is_in_danger" and is_in_danger
        with (left, right)[place % 2], form.field(name, start) as key:
            st.checkbox(label, key=key, on_change=draft.keep)


def draw_severity(form: Form, draft: Draftable, suggestion: Suggestion) -> Severity | None:
    """Draw the suggestion with its reasons, and the choice that follows it until somebody overrides it."""
    why = "、".join(suggestion.texts) or "没有勾到要集体研讨的情况"
    note(f"按规则建议：{SEVERITIES[suggestion.severity]}。理由：{why}。", icon="lightbulb")
    st.session_state[form.key("severity")] = st.session_state.get(form.key("severity_own")) or suggestion.severity
    with form.field("severity") as key:
        chosen: Severity | None = st.segmented_control(
            "严重程度",
            list(SEVERITIES),
            format_func=SEVERITIES.__getitem__,
            key=key,
            required=True,
            on_change=partial(_choose_severity, form.name, draft, suggestion.severity),
            wrap=True,
        )
    if chosen is not None and chosen is not suggestion.severity:
        with form.field("override_reason", "") as key:
            st.text_area("和建议不一样，为什么", key=key, height=68, on_change=draft.keep)
    return chosen


def _choose_severity(name: str, draft: Draftable, suggested: Severity) -> None:
    """Remember what was chosen against the suggestion; what agrees with it goes on following it."""
    chosen = st.session_state.get(f"{name}_severity")
    st.session_state[f"{name}_severity_own"] = None if chosen is None or chosen == suggested else Severity(chosen)
    draft.keep()


def draw_rest(form: Form, draft: Draftable, opened: AssessmentForm, severity: Severity | None) -> None:
    """Draw measures, and for a serious one the people of the conference."""
    with form.field("measures", "") as key:
        st.text_area("打算怎么做", key=key, placeholder="谁做，做什么，多久一次。", on_change=draft.keep)
    if severity is not Severity.SERIOUS:
        return
    is_protected = opened.signs.is_suspected_abuse
    with form.field("participants", []) as key:
        st.session_state[key] = [each for each in st.session_state[key] if each in opened.people]
        st.multiselect(
            f"请谁一起研讨（至少 {LEAST_PARTICIPANTS} 人）",
            list(opened.people),
            format_func=lambda each: with_roles(opened.people.get(each)),
            key=key,
            on_change=draft.keep,
            select_all=False,  # one click would tell the whole school of a severe case
            placeholder="选负责人和指定的领导" if is_protected else "选教师",
        )
    label, example = _GUESTS_PROTECTED if is_protected else _GUESTS
    with form.field("guests", "") as key:
        st.text_input(f"{label}（用顿号隔开）", key=key, placeholder=f"例如：{example}", on_change=draft.keep)


def with_roles(person: StaffName | None) -> str:
    """何知微（专职心理教师）."""
    if person is None:
        return "已停用的账号"
    return f"{person.display_name}（{'、'.join(role.label for role in person.roles)}）"


def suggestion_for(form: Form, opened: AssessmentForm, request: AssessmentRequest) -> Suggestion:
    """Return what the rules suggest for what is ticked at this moment."""
    return suggest_severity(with_ticks(opened.signs, request))


def names_typed(text: str | None) -> tuple[str, ...]:
    """Return the names in one line of text, whichever comma stands between them."""
    parts = str(text or "").replace("，", "、").replace(",", "、").split("、")
    return tuple(name.strip() for name in parts if name.strip())


def request_of(form: Form, referral_id: int) -> AssessmentRequest:
    """Return what stands in the fields as the request the service takes."""

    def typed(name: str) -> Any:
        return st.session_state.get(form.key(name))

    return AssessmentRequest(
        referral_id=referral_id,
        version=form.version,
        nature=typed("nature"),
        measures=typed("measures"),
        severity=typed("severity"),
        domains=frozenset(Domain(each) for each in typed("domains") or ()),
        override_reason=typed("override_reason"),
        participant_ids=frozenset(typed("participants") or ()),
        guests=names_typed(typed("guests")),
        **{name: bool(typed(name)) for name in SIGNS},
    )
