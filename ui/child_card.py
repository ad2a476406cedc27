"""联系卡 at the side of a child's page: what stands on it, what it lacks, and the ways to change it."""

import streamlit as st

from db.tables import GuardianKind
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.card_parts import GONE, CardPart
from services.student_files import ContactCard, GuardianCard, StudentFile
from ui import formats, navigation
from ui.card_words import missing_words
from ui.dialogs import open_dialog
from ui.formats import plain, plain_lines
from ui.layout import note, side_box
from ui.states import Look

_GUARDIANS = (GuardianKind.ENTRUSTED, GuardianKind.STATUTORY)
UNNAMED = "监护人（名册没写姓名）"
PARTS = len(CardPart)
_COMPLETE = Look("check_circle", f"{PARTS} 项齐全", "green")


def card_badge(missing: tuple[CardPart, ...] | None) -> str:
    """Return “14 项齐全” or “还缺 3 项” as a badge; nothing where the card was opened for its phones."""
    if missing is None:
        return ""
    return _COMPLETE.badge() if not missing else Look("error", f"还缺 {len(missing)} 项", "orange").badge()


def draw_card(actor: Actor, file: StudentFile) -> None:
    """Draw the card as far as this person may read it; nothing where it may not be read at all."""
    card = file.card
    if card is None:
        if file.can_open_card:
            _offer_phones(file)
        return
    with side_box("联系卡", badge=card_badge(card.missing)):
        rows = _card_rows(card)
        if rows:
            st.table(rows, border="horizontal", hide_index=True, hide_header=True)
        else:
            note("联系卡还空着。")
        if file.may_write and any(each.is_unnamed for each in card.guardians):
            note("名册上只有监护人的电话。问到姓名，请补上，并选是孩子的什么人。", icon="person_edit")
        if card.missing:
            note(f"还缺：{missing_words(card.missing)}。")
        if card.open_until:
            note(f"看到 {formats.clock(card.open_until, clock.SCHOOL_ZONE)} 为止。", icon="timer")
        if card.note:
            note(f"备注：{card.note}")
        if card.open_until is None:
            _draw_acts(file, card, may_print=allows(actor, Permission.STUDENT_EXPORT))


def _offer_phones(file: StudentFile) -> None:
    with side_box("联系卡"):
        note("电话要写明原因才能看，15 分钟有效，会记下来。")
        st.button(
            "写明原因看电话", key="child_open_card", icon=":material/call:",
            on_click=open_dialog, args=("contact", file.id),
        )  # fmt: skip


def _draw_acts(file: StudentFile, card: ContactCard, *, may_print: bool) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        if file.may_write and st.button("改联系卡", key="child_edit_card", icon=":material/edit:"):
            st.switch_page(navigation.path_of("card_edit"), query_params={"student": str(file.id)})
        if may_print:
            st.button(
                "打印", key="child_print_card", icon=":material/print:", on_click=open_dialog,
                args=("print_card", file.id),
            )  # fmt: skip
        st.button(
            "以前的样子", key="child_card_versions", icon=":material/history:",
            on_click=open_dialog, args=("card_versions", file.id),
        )  # fmt: skip
    if file.may_write:
        with st.container(horizontal=True, gap="xsmall"):
            for each in card.guardians:
                st.button(
                    plain(_guardian_act(each)), key=f"child_guardian_{each.id}", type="tertiary",
                    on_click=open_dialog, args=("guardian", file.id, each.id),
                )  # fmt: skip
            st.button(
                "加一位家人", key="child_add_guardian", icon=":material/add:", type="tertiary",
                on_click=open_dialog, args=("guardian", file.id, 0),
            )  # fmt: skip


def _card_rows(card: ContactCard) -> list[dict[str, str]]:
    said: list[tuple[str, str | None]] = [
        ("出生", _birth_day(card)),
        ("民族", card.ethnicity),
        ("住校", None if card.is_boarding is None else ("住校" if card.is_boarding else "走读")),
        ("住址", card.address),
        ("户籍", card.residence),
        *[(guardian_title(each), _guardian_words(each)) for each in card.guardians],
        ("证件号", card.id_number_masked),
    ]
    return [{"name": f":gray[{plain(label)}]", "value": plain_lines(words)} for label, words in said if words]


def _birth_day(card: ContactCard) -> str | None:
    born = card.birth_day
    return f"{born.year}年{born.month}月{born.day}日" if born else None


def _guardian_words(guardian: GuardianCard) -> str:
    where = guardian.whereabouts.label if guardian.whereabouts else None
    age = f"{guardian.age} 岁" if guardian.age else None
    who = "，".join(part for part in (guardian.name, age, guardian.occupation, guardian.health, where) if part)
    if guardian.whereabouts in GONE:
        return who
    phones = [spaced_phone(phone) for phone in (guardian.phone, guardian.second_phone) if phone]
    main = ["第一联系人"] if guardian.is_primary else []
    if guardian.relation and guardian.kind in _GUARDIANS:
        main.insert(0, guardian.kind.label)
    return "\n".join(
        part for part in (who, *phones, guardian.workplace or "", guardian.address or "", "，".join(main)) if part
    )


def guardian_title(guardian: GuardianCard) -> str:
    """外婆, or 父亲: the closest word there is."""
    return UNNAMED if guardian.is_unnamed else guardian.relation or guardian.kind.label


def _guardian_act(guardian: GuardianCard) -> str:
    return "补上监护人姓名" if guardian.is_unnamed else f"改{guardian_title(guardian)}"


def spaced_phone(number: str) -> str:
    """154-0000-0137; a landline as it is."""
    return f"{number[:3]}-{number[3:7]}-{number[7:]}" if len(number) == 11 and number[0] == "1" else number
