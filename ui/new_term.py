"""The lines of a new term in words, and what the act of each opens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.new_terms import Checklist
from services.term_lines import Line, LineKind, LineState
from ui import formats, navigation
from ui.carrying_over import CARRY_GROUPS, CARRY_POSTS
from ui.dialogs import open_dialog
from ui.layout import act_row
from ui.states import TERM_LINE

_SHOWN_NAMES = 4


@dataclass(frozen=True)
class Words:
    """What a kind of line is called, why it stands as it does, and where its act leads."""

    title: str
    reason: Callable[[Line], str]
    button: str
    page: str = ""  # blank: a dialog of this page
    query: Mapping[str, str] = field(default_factory=dict)
    dialog: tuple[str | int, ...] = ()
    needs: Permission = Permission.SCHOOL_WRITE  # who can do it where the act leads
    is_closed_when_done: bool = False  # nothing to look at once it is done


def heading(checklist: Checklist) -> str:
    """Return which term it is, when it begins, and how much is left."""
    ahead, left = checklist.ahead, len(checklist.of(LineState.OPEN))
    days = (ahead.first_day - clock.today()).days
    when = ""
    if ahead.dates is not None:
        day = formats.day(ahead.first_day, today=clock.today())
        when = f"，{day}开学" + (f"，还有 {days} 天" if days > 0 else "")
    return f"{ahead.label}{when}。" + (f"还有 {left} 件要做。" if left else "要做的都做好了。")


def draw_line(actor: Actor, line: Line) -> None:
    """Draw one line with its act; who can't do it sees who can."""
    words = WORDS[line.kind]
    reason = words.reason(line)
    button: str | None = words.button
    if not allows(actor, words.needs):
        reason, button = f"{reason}；由关爱室负责人来做", None
    elif line.state is LineState.DONE and words.is_closed_when_done:
        button = None
    elif line.state is LineState.DONE:
        button = "看一看"
    if act_row(words.title, TERM_LINE[line.state.value].badge(), reason, button, key=f"new_term_{line.kind}"):
        _follow(words, line)


def _follow(words: Words, line: Line) -> None:
    if words.dialog and line.state is not LineState.DONE:
        name, *about = words.dialog
        open_dialog(str(name), *(int(part) for part in about))
    if words.page:
        st.switch_page(navigation.path_of(words.page), query_params=dict(words.query))
    st.rerun()


def _names(line: Line) -> str:
    if len(line.labels) <= _SHOWN_NAMES:
        return "、".join(line.labels)
    return f"{'、'.join(line.labels[:_SHOWN_NAMES])}等，共 {len(line.labels)} 个"


def _dates(line: Line) -> str:
    today = clock.today()
    if line.why == "missing":
        expected = formats.day(line.first_day, today=today) if line.first_day else ""
        return f"起止日子还没有写，大约{expected}开学；到期的日子都从它算"
    days = formats.day_range(line.first_day, line.last_day, today=today) if line.first_day and line.last_day else ""
    if line.why == "overlaps":
        return f"{days}，和前一个学期重叠了，请核对"
    if line.why == "length":
        return f"{days}，一共 {line.count} 周，一般是 20 到 22 周，请核对"
    return f"{days}，{line.count} 周"


def _holidays(line: Line) -> str:
    years = "、".join(f"{year} 年" for year in line.labels)
    if line.state is LineState.LATER:
        return "先写学期的起止日子，再看碰到哪些年"
    if line.state is LineState.OPEN:
        return f"{years}的安排程序还不知道。把放假和补课的日子写进校历，再点“写齐了”"
    return f"{years}，{'学校自己写齐了' if line.why == 'confirmed' else '国家的安排已经知道'}"


def _bells(line: Line) -> str:
    if line.state is LineState.DONE and line.first_day:
        return f"按{formats.day(line.first_day, today=clock.today())}起的作息；新学期要换，从开学那天起换"
    return "作息里一节课都没有写" if line.why == "empty" else "还没有作息，不知道几点上课"


def _promotion(line: Line) -> str:
    if line.state is LineState.OPEN:
        return "上一学年的班里还有孩子，升了年级才在新的班里"
    if line.state is LineState.LATER:
        return "开学以后才能升；留级、换班、转学的可以先标好"
    return "没有要升的班" if line.why == "nobody" else "已经升好"


def _homeroom(line: Line) -> str:
    if line.why == "no_classes":
        return "新学年还没有班级" + ("，升年级的时候会建好" if line.state is LineState.LATER else "")
    return f"{_names(line)}没有在岗的班主任" if line.labels else f"{line.count} 个班都有"


def _subjects(line: Line) -> str:
    return f"{_names(line)}一个任课教师都没有写" if line.labels else f"{line.count} 个班都写了"


def _posts(line: Line) -> str:
    return f"{_names(line)}，任到开学以前，还没有人接" if line.labels else "没有在开学以前到期的"


def _groups(line: Line) -> str:
    if line.state is LineState.LATER:
        return "升年级以后，小组跟着到新的班"
    return f"{_names(line)}还在上一学年的班里" if line.labels else "没有留在上一学年的班里的"


def _checks(line: Line) -> str:
    if line.state is LineState.DONE:
        return "这学期的排查已经开始"
    return "开始以后，每个班主任的工作台上都会有" if line.state is LineState.OPEN else "开学以后开始"


def _class_lists(line: Line) -> str:
    if line.state is LineState.DONE:
        return "这学期已经导出过"
    words = "留守儿童的五张表，每学期重新导出一份，交给各班"
    return words if line.state is LineState.OPEN else f"开学以后：{words}"


def _pledges(line: Line) -> str:
    if line.state is LineState.DONE:
        return "每个人都签了"
    if line.state is LineState.LATER:
        return "9月1日起，每个人打开孩子的内容以前自己签"
    return f"还有 {line.count} 个人没有签，第一次打开孩子的内容时会请他们签"


def _documents(line: Line) -> str:
    return f"{_names(line)}：缺、到期或该看一遍了" if line.labels else "该有的都有，没有到期的"


_SETTINGS = "settings"
WORDS: Mapping[LineKind, Words] = {
    LineKind.DATES: Words("学期的起止日子", _dates, "写日期", _SETTINGS, {"view": "terms"}, ("term", 0)),
    LineKind.HOLIDAYS: Words("放假和调休", _holidays, "看校历", _SETTINGS, {"view": "days"}),
    LineKind.BELLS: Words("作息和节次", _bells, "看作息", _SETTINGS, {"view": "bells"}),
    LineKind.PROMOTION: Words("升年级", _promotion, "去升年级", "new_year", needs=Permission.YEAR_CHANGE),
    LineKind.HOMEROOM: Words("每个班的班主任", _homeroom, "去指定", _SETTINGS, {"view": "classes"}),
    LineKind.SUBJECTS: Words("每个班的任课教师", _subjects, "去写", _SETTINGS, {"view": "classes"}),
    LineKind.POSTS: Words("到期的岗位接着任", _posts, "接着任", dialog=(CARRY_POSTS,), is_closed_when_done=True),
    LineKind.POSTS_CLOSED: Words(
        "账号停用了、还占着岗位的", lambda line: f"{_names(line)}要另外定人", "去定人", "posts", {"view": "school"}
    ),
    LineKind.GROUPS: Words("班级小组跟着升", _groups, "看一看", dialog=(CARRY_GROUPS,), is_closed_when_done=True),
    LineKind.GROUP_MEMBERS: Words(
        "小组里账号停用了的人", lambda line: f"{_names(line)}里有，请换人", "去换人", "posts", {"view": "groups"}
    ),
    LineKind.DEPUTIES: Words(
        "代理到期的",
        lambda line: f"{_names(line)}请假时有人代，代到开学以前。没有回来的，再请人代",
        "看谁代谁",
        "posts",
        {"view": "absences"},
    ),
    LineKind.CHECKS: Words("这学期的班级排查", _checks, "去开始", "rounds", needs=Permission.CHECK_OPEN),
    LineKind.CLASS_LISTS: Words("班级五张表", _class_lists, "去导出", "students", needs=Permission.STUDENT_EXPORT),
    LineKind.PLEDGES: Words("这学年的保密承诺", _pledges, "看谁没签", _SETTINGS, {"view": "pledge"}),
    LineKind.DOCUMENTS: Words("文件和制度", _documents, "看文件", "documents"),
}
