"""概况: the first tab of a child's page: categories, classes, and at the side the contact card."""

import streamlit as st

from db.tables import EnrolmentState
from db.transactions import reading
from services import child_duties, clock
from services.access import Permission, allows
from services.actors import Actor
from services.category_lists import CategoryEntry
from services.enrolment import EnrolmentLine, list_enrolment_changes
from services.student_files import StudentFile
from services.student_lists import GROUP_OF, CategoryGroup
from ui import formats, measure_dialogs, navigation
from ui.categories import LEVELS, category_badge, category_words, marker_words
from ui.child_card import draw_card
from ui.decision_dialogs import draw_opened
from ui.dialogs import open_dialog
from ui.duties import ABOUT_CHILD, badge_of, button_of, follow, reason_of
from ui.formats import plain
from ui.layout import act_list, act_row, facts, note, side_column
from ui.plan_box import draw_of_child

_SMALL_BUTTON = 72


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw what this person may see; what it may not is not mentioned."""
    main, side = side_column(1.9)
    with main:
        _draw_duties(actor, file)
        draw_of_child(actor, file)
        _draw_categories(file)
        _draw_classes(actor, file)
    with side:
        draw_card(actor, file)


def _draw_duties(actor: Actor, file: StudentFile) -> None:
    """What is due for this child stands first; nothing where nothing is."""
    with reading() as session:
        due = child_duties.list_child_duties(session, actor, student_id=file.id)
    draw_opened(actor)
    measure_dialogs.draw_opened(actor)
    if not due:
        return
    with act_list("该做的"):
        for place, duty in enumerate(due):
            reason = reason_of(duty)
            if duty.owner_name and duty.owner_name not in reason:
                reason += f"；{duty.owner_name}"
            key = f"child_due_{duty.kind}_{duty.target_id}_{place}"
            if act_row(ABOUT_CHILD[duty.kind], badge_of(duty), reason, button_of(duty), key=key):
                follow(duty)


def _draw_categories(file: StudentFile) -> None:
    if file.categories is None:
        return
    current = [each for each in file.categories if each.to_day is None]
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False):
            st.markdown("**类别**", width="content")
            if file.may_write_categories:
                st.button(
                    "登记一类", key="child_add_category", icon=":material/add:",
                    on_click=open_dialog, args=("category", file.id, 0),
                )  # fmt: skip
        if not current:
            note("没有登记在任何一类。")
        for each in current:
            _draw_category(file, each)
        if file.state_marker is not None:
            note(marker_words(file.state_marker))
        if past := [each for each in file.categories if each.to_day not in (None, each.from_day)]:
            note("以前：" + "；".join(_past_words(each) for each in past))


def _draw_category(file: StudentFile, entry: CategoryEntry) -> None:
    today = clock.today()
    said = [f"{formats.day(entry.from_day, today=today)}起"]
    if entry.level:
        said.insert(0, entry.level_name or LEVELS[entry.level])
    elif GROUP_OF[entry.kind] is CategoryGroup.FOUR_SPECIAL:
        said.insert(0, "还没有定级")
    if entry.guardianship:
        said.append(f"监护{entry.guardianship.label}")
    if entry.found_by:
        said.append(f"{entry.found_by.label}发现")
    if entry.is_imported:
        said.append("照旧台账补录")
    if entry.document:
        said.append(f"文号：{entry.document}")
    if entry.evidence:
        said.append(f"依据：{entry.evidence}")
    if entry.confirmed_on:
        said.append(f"{formats.day(entry.confirmed_on, today=today)}排查核对过")
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(f"{category_badge(entry)} :small[:gray[{plain('，'.join(said))}]]", width="stretch")
        if file.may_write_categories:
            for label, dialog in (("改", "category"), ("结束", "end_category")):
                st.button(
                    plain(label), key=f"child_{dialog}_{entry.id}", width=_SMALL_BUTTON,
                    on_click=open_dialog, args=(dialog, file.id, entry.id),
                )  # fmt: skip


def _past_words(entry: CategoryEntry) -> str:
    today = clock.today()
    until = formats.day(entry.to_day, today=today) if entry.to_day else ""
    return f"{category_words(entry)}，{formats.day(entry.from_day, today=today)}到{until}"


def _draw_classes(actor: Actor, file: StudentFile) -> None:
    today = clock.today()
    with reading() as session:
        changes = list_enrolment_changes(session, actor, student_id=file.id)
    with st.container(border=True, gap="small"):
        st.markdown("**班级和学籍**")
        rows = {
            f"{stay.school_year}–{stay.school_year + 1} 学年": (
                f"{stay.label}，{formats.day(stay.from_day, today=today)}"
                + (f"到{formats.day(stay.to_day, today=today)}" if stay.to_day else "起")
            )
            for stay in reversed(file.class_history)
        }
        if rows:
            facts(rows, alt="在过的班级")
        else:
            note("还没有编过班。")
        state = file.state.label
        if file.left_on:
            state += f"，{formats.day(file.left_on, today=today)}离校"
        if file.entered_on:
            state += f"，{formats.day(file.entered_on, today=today)}入学"
        note(state + "。")
        if told := [_change_words(each) for each in changes if each.from_state or each.place]:
            note("学籍变动：" + "；".join(told) + "。")
        if allows(actor, Permission.STUDENT_MERGE) and st.button(
            "登记了两份？和另一份合并", key="child_merge", icon=":material/merge:", type="tertiary"
        ):
            st.switch_page(navigation.path_of("merge_students"), query_params={"student": str(file.id)})


def _change_words(change: EnrolmentLine) -> str:
    """11月2日转出，去栖云市第二中学; 10月8日转入，从青岚镇小学来."""
    day = formats.day(change.day, today=clock.today())
    if change.to_state is EnrolmentState.ENROLLED:
        word = "复学" if change.from_state is EnrolmentState.ON_LEAVE else "转入"
        return f"{day}{word}" + (f"，从{change.place}来" if change.place else "")
    return f"{day}{change.to_state.label.removeprefix('已')}" + (f"，去{change.place}" if change.place else "")
