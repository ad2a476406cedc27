"""The change of school year on screen: the classes, the children of one, what is decided for all, taking it back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.tables import EnrolmentState, YearStep
from db.transactions import reading
from services import clock, schools, year_changes, year_plans
from services.access import Permission
from services.actors import Actor
from services.calendar import SchoolCalendar, school_year_label
from services.classes import MOST_CLASSES, class_label, grade_label
from services.year_changes import YearOptions
from services.year_plans import EXCEPTIONS
from services.year_steps import ChildStep, ClassPlan, DoneChange, YearPlan
from ui import formats
from ui.asking_first import ask_first
from ui.dialogs import close_dialog, open_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import DISCARD, facts, flash, form_end, leave_button, note
from ui.session import require_user
from ui.tables import data_table, opening_column
from ui.telling import tell_again
from ui.views import opened_in_table
from ui.wording import day_field, number_field

RUN, UNDO, NOTE = "new_year_run", "new_year_undo", "new_year_note"
_GRADES, _CLASS, _CHILD = "new_year_grades", "new_year_class", "new_year_child"
_LABELS = {"step": "怎么办", "class_number": "到几班", "place": "去哪所学校"}
_NAMED = 5
_NONE_NOTED = "跟班走"


def chosen_grades() -> frozenset[int] | None:
    """Return the grades said to graduate; None where nobody has said yet, and the usual ones count."""
    chosen = st.session_state.get(_GRADES)
    return None if chosen is None else frozenset(chosen)


def draw_done(done: DoneChange) -> None:
    """Draw what was made this year, and the way back."""
    who = f"{done.made_by}确认" if done.made_by else "在命令行确认"
    with (
        st.container(border=True),
        st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"),
    ):
        title = f"**{school_year_label(done.school_year)}已经升好了**"
        st.markdown(f"{title}  \n:small[:gray[{plain(_done_words(done) + who)}。]]", width="content")
        st.button(
            "整批撤回", key="new_year_undo_open", icon=":material/undo:", on_click=open_dialog, args=(UNDO, done.id)
        )


def _done_words(done: DoneChange) -> str:
    parts = [f"升级 {done.moved} 人", f"毕业 {done.graduated} 人"]
    if done.repeated:
        parts.append(f"留级 {done.repeated} 人")
    if done.left:
        parts.append(f"离校 {done.left} 人")
    return f"{formats.day(done.day, today=clock.today())}起，{'，'.join(parts)}，"


def read_plan(session: Session, actor: Actor) -> YearPlan:
    """Return the plan: with every child where it is about to be confirmed, else in outline."""
    read = year_plans.plan_year if opened(RUN) else year_plans.outline_year
    return read(session, actor, graduating=chosen_grades())


def draw_plan(actor: Actor, plan: YearPlan) -> None:
    """Draw the classes, and below them the children of the chosen one."""
    if not plan.can_run:
        note(
            f"{school_year_label(plan.to_year)}还没开始，开学后才能升。现在可以先把留级、换班、转学的孩子标好。",
            icon="info",
        )
    st.session_state.setdefault(_GRADES, sorted(plan.graduating))
    tell_again(_GRADES)
    st.pills("哪些年级毕业离校", plan.grades, format_func=grade_label, selection_mode="multi", key=_GRADES, wrap=True)
    ids = [found.class_id for found in plan.classes]
    data_table(
        [_class_row(found) for found in plan.classes],
        _class_columns(),
        key=f"new_year_table_{hash(tuple(ids))}",
        alt=f"{len(ids)} 个班各升到哪里，点班级看孩子",
    )
    st.caption(_total_words(plan))
    _tell_followed(plan)
    chosen = opened_in_table(ids, key=_CLASS, parameter="class")
    if chosen is not None:
        with reading() as session:
            found = year_plans.find_class(session, actor, plan=plan, class_id=chosen)
        if found:
            _draw_class(found)


def _class_row(found: ClassPlan) -> dict[str, Any]:  # cells of several types
    return {
        "label": found.label,
        "target": found.target_label or "毕业",
        "homeroom": found.homeroom_name,
        "moves": _people(found.count(YearStep.MOVES_UP)),
        "other": _people(found.count(YearStep.OTHER_CLASS)),
        "repeats": _people(found.count(YearStep.REPEATS)),
        "leaves": _people(found.count(YearStep.LEAVES)),
        "graduates": _people(found.count(YearStep.GRADUATES)),
        "on_leave": _people(found.on_leave),
    }


def _class_columns() -> Mapping[str, Any]:  # column configurations have no common public type
    text = st.column_config.TextColumn
    counts = {
        "moves": "升级",
        "other": "换班",
        "repeats": "留级",
        "leaves": "离校",
        "graduates": "毕业",
        "on_leave": "休学中",
    }
    return {
        "label": opening_column("现在的班", key=_CLASS, width=110),
        "target": text("升到", width=110),
        "homeroom": text("班主任", width=110),
        **{name: text(title, width=76, alignment="right") for name, title in counts.items()},
    }


def _people(count: int) -> str | None:
    return f"{count} 人" if count else None


def _total_words(plan: YearPlan) -> str:
    words = f"{len(plan.classes)} 个班，{plan.size:,} 人。点班级，就能看每个孩子，标出留级、换班和离校的。"
    return f"{words}另有 {plan.without_class} 个孩子没编班，不会动。" if plan.without_class else words


def _tell_followed(plan: YearPlan) -> None:
    """Say who would leave the register while somebody still looks for it (E-16)."""
    if names := plan.leaving_followed:
        more = f"等 {len(names)} 个孩子" if len(names) > _NAMED else ""
        note(
            f"{'、'.join(names[:_NAMED])}{more}没来上学，还在跟进，却要毕业或离校。学籍会照样改，跟进不会跟着结束："
            "会在关爱室负责人的工作台上，直到在“控辍保学”里写明后来怎样。",
            icon="info",
        )


def _draw_class(found: ClassPlan) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(found.label)}** :small[:gray[点姓名，标留级、换班、离校]]")
        ids = [child.student_id for child in found.children]
        has_followed = any(child.is_followed for child in found.children)
        # What was clicked counts for this run only: the dialog it opens is kept by `open_dialog`.
        clicked = st.session_state.get(_CHILD)
        if clicked is not None and clicked["row"] < len(ids):
            open_dialog(NOTE, ids[clicked["row"]])
        data_table(
            [_child_row(child, has_followed=has_followed) for child in found.children],
            {
                "name": opening_column("姓名", key=_CHILD, width=130),
                "step": st.column_config.TextColumn("怎么办", width=130),
                "target": st.column_config.TextColumn("到哪个班", width=130),
                "state": st.column_config.TextColumn("学籍", width=110),
                **({"away": st.column_config.TextColumn("控辍保学", width=110)} if has_followed else {}),
            },
            key=f"new_year_children_{found.class_id}_{hash(tuple(ids))}",
            alt=f"{found.label}的 {len(ids)} 个孩子各到哪里",
        )


def _child_row(child: ChildStep, *, has_followed: bool) -> dict[str, Any]:  # cells of several types
    here = child.state is EnrolmentState.ENROLLED
    away = {"away": "没来上学" if child.is_followed else None} if has_followed else {}
    return {
        "name": child.name,
        "step": child.step.label,
        "target": child.target_label,
        "state": None if here else child.state.label,
        **away,
    }


def draw_dialogs(actor: Actor, plan: YearPlan) -> None:
    """Draw the dialog that is open, if any."""
    if opened(RUN):
        with reading() as session:
            calendar = schools.find_calendar(session, actor)
        _run(plan, calendar)
    elif plan.done and opened(UNDO, plan.done.id):
        _undo(plan.done)
    elif about := opened_about(NOTE):
        with reading() as session:
            found = year_plans.find_class(session, actor, plan=plan, student_id=about[0])
        if found:
            _note(plan, found, found.children[0])


@st.dialog("升年级", icon=":material/moving:", dismissible=False)
def _run(plan: YearPlan, calendar: SchoolCalendar) -> None:
    actor = require_user(Permission.YEAR_CHANGE)
    # Frozen with what was shown: what somebody else changes meanwhile is shown again before it is done.
    form = Form(RUN, {"digest": plan.digest, "graduating": plan.graduating, "to_year": plan.to_year})
    form.notices()
    facts(
        {
            "升级": f"{plan.count(YearStep.MOVES_UP, YearStep.OTHER_CLASS):,} 人",
            "毕业": f"{plan.count(YearStep.GRADUATES):,} 人"
            + (f"（{'、'.join(grade_label(grade) for grade in sorted(plan.graduating))}）" if plan.graduating else ""),
            "留级": f"{plan.count(YearStep.REPEATS):,} 人",
            "离校": f"{plan.count(YearStep.LEAVES):,} 人",
        },
        alt="确认以后的人数",
    )
    _tell_followed(plan)
    options = _ask_for_options(form, plan, calendar)
    note("没有升上去的老师，从那天起看不到原来的班。新班的班主任可以到“设置”里再定。")
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        confirmed = st.button(
            plain(f"确认，{plan.size:,} 人"), key=form.key("save"), type="primary", icon=":material/check:"
        )
    if confirmed:
        digest = form.drawn_from.values["digest"]
        with st.spinner("正在升年级，请等一等。"):
            saved = form.save(lambda session: year_changes.change_year(session, actor, digest=digest, options=options))
        if saved:
            st.session_state.pop(_GRADES, None)
            flash(f"{school_year_label(plan.to_year)}升好了。")
            close_dialog()


def _ask_for_options(form: Form, plan: YearPlan, calendar: SchoolCalendar) -> YearOptions:
    with form.field("day", _first_day(calendar, plan.to_year)) as key:
        day = day_field("从哪天起在新的班", key=key)
    with form.field("leaving_day", _last_day(calendar, plan.to_year - 1)) as key:
        leaving_day = day_field("毕业和离校的孩子哪天离校", key=key)
    with form.field("keeps_homeroom", True) as key:
        keeps_homeroom = st.checkbox("班主任跟着班走", key=key)
    with form.field("keeps_subjects", True) as key:
        keeps_subjects = st.checkbox("任课教师跟着班走", key=key)
    return YearOptions(
        day=day,
        leaving_day=leaving_day,
        graduating=form.drawn_from.values["graduating"],
        keeps_homeroom=keeps_homeroom,
        keeps_subjects=keeps_subjects,
    )


def _first_day(calendar: SchoolCalendar, year: int) -> date:
    """Return the day the new year's classes begin, as far as it has come."""
    known = [term.first_day for term in calendar.terms if term.school_year == year]
    return min(min(known, default=date(year, 9, 1)), clock.today())


def _last_day(calendar: SchoolCalendar, year: int) -> date:
    known = [term.last_day for term in calendar.terms if term.school_year == year]
    return max(known, default=date(year + 1, 7, 1))


@st.dialog("整批撤回", icon=":material/undo:", dismissible=False)
def _undo(done: DoneChange) -> None:
    actor = require_user(Permission.YEAR_CHANGE)
    st.text(
        f"{school_year_label(done.school_year)}升上来的 {done.moved + done.repeated:,} 个孩子回到原来的班，"
        f"{done.graduated + done.left:,} 个毕业、离校的回到在校。已经有孩子换过班就撤不回了。"
    )
    ask_first(
        lambda session: year_changes.undo_year(session, actor, change_id=done.id),
        "撤回",
        kept="new_year_undo_cancel",
        confirmed="new_year_undo_save",
        done="撤回了，和升年级以前一样。",
        icon=":material/undo:",
    )


@st.dialog("这个孩子怎么办", dismissible=False)
def _note(plan: YearPlan, found: ClassPlan, child: ChildStep) -> None:
    actor = require_user(Permission.YEAR_CHANGE)
    with reading() as session:
        noted = year_plans.find_exception(session, actor, school_year=plan.to_year, student_id=child.student_id)
    form = Form(f"{NOTE}_{plan.to_year}_{child.student_id}", noted, labels=_LABELS, show=_show)
    form.notices()
    st.markdown(f"**{plain(child.name)}** :small[:gray[{plain(found.label)}]]")
    with form.field("step") as key:
        step = st.segmented_control(
            f"不选就{_NONE_NOTED}",
            list(EXCEPTIONS),
            format_func=lambda each: YearStep(each).label,
            key=key,
            wrap=True,
        )
    number, place = None, None
    if step in {YearStep.REPEATS, YearStep.OTHER_CLASS}:
        grade = found.grade if step is YearStep.REPEATS else found.grade + 1
        with form.field("class_number", found.number) as key:
            number = number_field(f"{grade_label(grade)}几班", key=key)
        if isinstance(number, int) and 1 <= number <= MOST_CLASSES:
            note(f"到{class_label(grade, number)}。")
    if step is YearStep.LEAVES:
        with form.field("place", "") as key:
            place = st.text_input("去哪所学校，不知道就空着", key=key, autocomplete="off")
    with form_end():
        if leave_button(DISCARD, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        saved = st.button(plain(f"保存{child.name}"), key=form.key("save"), type="primary", icon=":material/check:")
    if saved and form.save(
        lambda session: year_plans.note_exception(
            session, actor, school_year=plan.to_year, student_id=child.student_id, version=form.version,
            step=step, class_number=number, place=place,
        )
    ):  # fmt: skip
        flash("已保存。")
        close_dialog()


def _show(field: str, value: Any) -> str:  # any field's value
    return YearStep(value).label if field == "step" and value else shown(value)
