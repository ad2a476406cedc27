"""Every page of the program in one table, and the menu built from it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st

from services.access import Permission, allows
from services.actors import Actor

PAGES_DIR = Path(__file__).resolve().parent.parent / "pages"
SECTIONS = ("今日", "学生", "陪伴", "制度", "保障", "系统")


@dataclass(frozen=True)
class PageEntry:
    """One page: `pages/<name>.py`, whose address is `/<name>`."""

    name: str
    title: str
    icon: str  # Material Symbols
    section: str | None = None  # None: reachable, but not in the menu
    permission: str | tuple[str, ...] = ()  # members of Permission, any one of which opens it; (): everybody signed in

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """The permissions any one of which opens the page."""
        names = (self.permission,) if isinstance(self.permission, str) else self.permission
        return tuple(Permission[name] for name in names)


# Only entries whose file exists are listed: an area appears in the menu when its page does.
ENTRIES = (
    PageEntry("home", "工作台", "home", "今日", "HOME_READ"),
    PageEntry("students", "学生名册", "groups", "学生", "STUDENT_READ"),
    PageEntry("rounds", "班级排查", "checklist", "学生", "CHECK_RETURN"),
    PageEntry("class_entries", "学期记录", "monitor_heart", "学生", "ENTRY_WRITE"),
    PageEntry("class_papers", "班级帮扶计划", "description", "学生", "ENTRY_WRITE"),
    PageEntry("drop_outs", "控辍保学", "directions_walk", "学生", "DROP_OUT_FOLLOW"),
    PageEntry("exchanges", "名单核对", "compare_arrows", "学生", "LIST_EXCHANGE"),
    PageEntry("intake", "受理登记", "edit_note", "学生", "REFERRAL_REGISTER"),
    PageEntry("cases", "个案与方案", "folder_shared", "学生", ("CASE_READ", "ABUSE_HANDLE")),
    PageEntry("outward", "转介出去", "output", "学生", "OUTWARD_REFER"),
    PageEntry("archives", "档案与分级", "inventory_2", "学生", ("ARCHIVE_READ", "TIER_NUMBERS")),
    PageEntry("handovers", "档案移交", "move_to_inbox", "学生", "ARCHIVE_HAND_OVER"),
    PageEntry("screening", "心理筛查", "fact_check", "学生", ("SCREENING_READ", "SCREENING_NUMBERS")),
    PageEntry("warning_groups", "预警干预小组", "diversity_3", "学生", "WARNING_READ"),
    PageEntry("pairing", "结对帮扶", "diversity_1", "陪伴", ("PAIRING_READ", "PAIRING_NUMBERS")),
    PageEntry("my_children", "我结对的孩子", "diversity_2", "陪伴", "PAIRING_OWN"),
    PageEntry("pairing_suggest", "推荐结对", "person_add", "陪伴", "PAIRING_SUGGEST"),
    PageEntry("records", "谈话与家访", "forum", "陪伴", "RECORD_READ"),
    PageEntry("record", "记一次", "edit_square", "陪伴", "RECORD_WRITE"),
    PageEntry("room", "辅导室", "door_open", "陪伴", "BOOKING_READ"),
    PageEntry("rules", "制度执行", "rule", "制度", ("REGULATION_READ", "EXCUSE_AGREE")),
    PageEntry("posts", "岗位与小组", "badge", "制度", "POST_READ"),
    PageEntry("weekly", "周例会", "event_note", "制度", "REVIEW_READ"),
    PageEntry("documents", "文件与制度", "folder_open", "制度", "DOCUMENT_READ"),
    PageEntry("incidents", "突发事件", "emergency", "制度", "INCIDENT_READ"),
    PageEntry("budget", "经费", "account_balance_wallet", "保障", "MONEY_READ"),
    PageEntry("activities", "活动与培训", "celebration", "保障", "ACTIVITY_READ"),
    PageEntry("accounts", "账号", "manage_accounts", "系统", ("ACCOUNT_MANAGE", "ACCOUNT_ADD_TEAM")),
    PageEntry("audit", "操作记录", "history", "系统", "AUDIT_READ"),
    PageEntry("settings", "设置", "settings", "系统", "SCHOOL_WRITE"),
    PageEntry("retention", "到期清理", "auto_delete", "系统", ("RETENTION_PREPARE", "RETENTION_AGREE")),
    PageEntry("backups", "备份", "backup", "系统", "BACKUP_MANAGE"),
    PageEntry("child", "学生档案", "person", permission="STUDENT_READ"),
    PageEntry("student_edit", "学生资料", "edit", permission="STUDENT_WRITE"),
    PageEntry("card_edit", "联系卡", "contact_page", permission="STUDENT_WRITE"),
    PageEntry("import_students", "导入名册", "upload", permission="STUDENT_IMPORT"),
    PageEntry("exchange_receive", "收到名单", "upload", permission="LIST_EXCHANGE"),
    PageEntry("import_staff", "导入教职工", "upload", permission="STAFF_IMPORT"),
    PageEntry("merge_students", "合并两份", "merge", permission="STUDENT_MERGE"),
    PageEntry("new_term", "新学期准备", "event_repeat", permission="SCHOOL_WRITE"),
    PageEntry("new_year", "升年级", "moving", permission="YEAR_CHANGE"),
    PageEntry("referrals", "受理清单", "list", permission="REFERRAL_READ"),
    PageEntry("assessment", "评估", "psychology", permission="REFERRAL_HANDLE"),
    PageEntry("conference", "研讨记录", "groups", permission="CASE_READ"),
    PageEntry("plan", "帮扶方案", "assignment", permission=("CASE_READ", "ABUSE_HANDLE", "PLAN_ANSWER")),
    PageEntry("plan_edit", "写帮扶方案", "edit_document", permission="CASE_READ"),
    PageEntry("summary", "阶段性总结", "summarize", permission="CASE_READ"),
    PageEntry("evaluation", "效果评估", "trending_up", permission=("CASE_READ", "ABUSE_HANDLE")),
    PageEntry("outward_new", "转介到校外", "output", permission="OUTWARD_REFER"),
    PageEntry("protection", "疑似侵害", "shield_person", permission="ABUSE_HANDLE"),
    PageEntry("password", "修改密码", "key"),
    PageEntry("pledge", "保密承诺", "verified_user"),
    PageEntry("set_up", "开始使用", "flag"),
)
HOME, CHILD, PASSWORD, PLEDGE, SET_UP = "home", "child", "password", "pledge", "set_up"


def path_of(name: str) -> Path:
    """Return a page's file by its name, for `st.switch_page` and `st.page_link`."""
    return PAGES_DIR / f"{name}.py"


@cache
def existing_entries() -> tuple[PageEntry, ...]:
    """Return the entries whose page is there."""
    return tuple(entry for entry in ENTRIES if path_of(entry.name).is_file())


def has_page(name: str) -> bool:
    """Whether a page of this name is there."""
    return any(entry.name == name for entry in existing_entries())


def register_pages() -> st.Page:
    """Register every page with Streamlit and return the one asked for.

    Called on every run, before the sign-in form: a page that isn't registered by then is lost on reload
    (seen). All pages for everybody: an address somebody may not open then gets our sentence from its guard,
    where Streamlit would show an English box. Nothing of a page runs by being registered.

    Without icons: the browser would fetch each page's from fonts.gstatic.com for its tab (seen).
    """
    return st.navigation(
        [
            st.Page(
                path_of(entry.name),
                title=entry.title,
                url_path=entry.name,
                default=entry.name == HOME,
            )
            for entry in existing_entries()
        ],
        position="hidden",
    )


def menu_for(actor: Actor) -> dict[str, list[PageEntry]]:
    """Return the sections with the pages this person may open, in order, empty sections left out."""
    visible = [entry for entry in existing_entries() if entry.section and _may_open(actor, entry)]
    sections = {section: [entry for entry in visible if entry.section == section] for section in SECTIONS}
    return {section: entries for section, entries in sections.items() if entries}


def _may_open(actor: Actor, entry: PageEntry) -> bool:
    return not entry.permissions or allows(actor, *entry.permissions)
