"""The audit events in words: what each action is called and which group it belongs to; never what somebody wrote."""

from collections.abc import Mapping
from typing import Any

from db.base import Labelled
from services.audit import LOOKED_AT, Action
from services.document_kinds import document_kinds
from services.regulations.parameters import parameters


class AuditGroup(Labelled):
    """What an event is about, for the filter; by the first word of its action, openings apart."""

    OPENINGS = "openings", "打开档案"
    SESSIONS = "session", "登录和隐藏"
    ACCOUNTS = "account", "账号"
    POSTS = "post", "岗位、小组和承诺"
    STUDENTS = "student", "学生资料"
    REFERRALS = "referral", "受理"
    CASES = "case", "评估和个案"
    RECORDS = "record", "工作记录"
    EXCHANGE = "exchange", "导入和导出"
    DOCUMENTS = "document", "文件"
    SCREENING = "screening", "心理筛查"
    SCHOOL = "school", "学校和设置"
    SYSTEM = "system", "备份和密钥"


GROUP_OF_WORD = {
    "session": AuditGroup.SESSIONS,
    "clause": AuditGroup.SCHOOL,
    "excuse": AuditGroup.SCHOOL,
    "week": AuditGroup.SCHOOL,
    "account": AuditGroup.ACCOUNTS,
    "post": AuditGroup.POSTS,
    "deputy": AuditGroup.POSTS,
    "group": AuditGroup.POSTS,
    "group_member": AuditGroup.POSTS,
    "pledge": AuditGroup.POSTS,
    "pledge_text": AuditGroup.POSTS,
    "staff": AuditGroup.EXCHANGE,
    "student": AuditGroup.STUDENTS,
    "guardian": AuditGroup.STUDENTS,
    "category": AuditGroup.STUDENTS,
    "contact": AuditGroup.STUDENTS,
    "contact_card": AuditGroup.STUDENTS,
    "check": AuditGroup.STUDENTS,
    "term_entry": AuditGroup.STUDENTS,
    "consent": AuditGroup.STUDENTS,
    "promise": AuditGroup.STUDENTS,
    "survey": AuditGroup.STUDENTS,
    "drop_out": AuditGroup.STUDENTS,
    "pairing": AuditGroup.RECORDS,
    "year": AuditGroup.STUDENTS,
    "referral": AuditGroup.REFERRALS,
    "assessment": AuditGroup.CASES,
    "case": AuditGroup.CASES,
    "conference": AuditGroup.CASES,
    "class_paper": AuditGroup.STUDENTS,
    "summary": AuditGroup.CASES,
    "evaluation": AuditGroup.CASES,
    "plan": AuditGroup.CASES,
    "record": AuditGroup.RECORDS,
    "tier": AuditGroup.CASES,
    "archive": AuditGroup.CASES,
    "outward": AuditGroup.CASES,
    "screening": AuditGroup.SCREENING,
    "warning": AuditGroup.CASES,
    "import": AuditGroup.EXCHANGE,
    "export": AuditGroup.EXCHANGE,
    "list": AuditGroup.EXCHANGE,
    "document": AuditGroup.DOCUMENTS,
    "school": AuditGroup.SCHOOL,
    "settings": AuditGroup.SCHOOL,
    "term": AuditGroup.SCHOOL,
    "school_day": AuditGroup.SCHOOL,
    "bells": AuditGroup.SCHOOL,
    "parameter": AuditGroup.SCHOOL,
    "class": AuditGroup.SCHOOL,
    "class_teacher": AuditGroup.SCHOOL,
    "backup": AuditGroup.SYSTEM,
    "retention": AuditGroup.SYSTEM,
    "key": AuditGroup.SYSTEM,
    "recovery_sheet": AuditGroup.SYSTEM,
}

# A test walks the actions: whoever adds one says here what it is called.
ACTION_LABELS: Mapping[Action, str] = {
    Action.SCHOOL_CLAIMED: "开始使用",
    Action.SETTINGS_CHANGED: "改设置",
    Action.TERM_SAVED: "写学期",
    Action.SCHOOL_DAY_SAVED: "写校历",
    Action.YEAR_COMPLETED: "确认一年的放假写齐了",
    Action.YEAR_REOPENED: "放假又算没写齐",
    Action.BELLS_SAVED: "写作息",
    Action.PARAMETER_SET: "改制度里的数",
    Action.PARAMETER_WITHDRAWN: "撤回制度里的数",
    Action.CLAUSE_SWITCHED: "启用、停用条款",
    Action.CLAUSE_SWITCH_WITHDRAWN: "撤回启用、停用",
    Action.EXCUSE_ASKED: "申请免做或另法",
    Action.EXCUSE_AGREED: "同意免做或另法",
    Action.EXCUSE_DECLINED: "没有同意免做或另法",
    Action.EXCUSE_WITHDRAWN: "撤回免做或另法",
    Action.WEEK_FROZEN: "定格一周的情况",
    Action.CLASS_SAVED: "写班级",
    Action.CLASS_TEACHER_CHANGED: "换老师",
    Action.SIGNED_IN: "登录",
    Action.SIGN_IN_MISSED: "登录没成",
    Action.SIGNED_OUT: "退出",
    Action.SCREEN_HIDDEN: "隐藏屏幕",
    Action.SCREEN_SHOWN: "回到屏幕",
    Action.ACCOUNT_CREATED: "建账号",
    Action.ACCOUNT_CHANGED: "改账号",
    Action.ACCOUNT_DISABLED: "停用账号",
    Action.ACCOUNT_ENABLED: "恢复账号",
    Action.ROLES_CHANGED: "改岗位",
    Action.PASSWORD_RESET: "重设密码",
    Action.PASSWORD_CHANGED: "换密码",
    Action.POST_SAVED: "写岗位",
    Action.POST_FILLED: "定岗位的人",
    Action.POST_ENDED: "不再担任岗位",
    Action.DEPUTY_NAMED: "请人代几天",
    Action.DEPUTY_ENDED: "代完了",
    Action.GROUP_SAVED: "写小组",
    Action.GROUP_ENDED: "解散小组",
    Action.GROUP_MEMBER_SAVED: "加小组成员",
    Action.GROUP_MEMBER_ENDED: "小组成员离开",
    Action.PLEDGE_ACCEPTED: "签保密承诺",
    Action.PLEDGE_TEXT_SAVED: "改保密承诺",
    Action.STAFF_IMPORTED: "导入教职工",
    Action.STUDENT_CREATED: "登记学生",
    Action.STUDENT_CHANGED: "改学生资料",
    Action.STUDENT_MERGED: "合并两份学生资料",
    Action.STUDENT_OPENED: "打开学生档案",
    Action.STUDENT_CLASS_CHANGED: "换班",
    Action.STUDENT_STATE_CHANGED: "改学籍",
    Action.GUARDIAN_SAVED: "写监护人",
    Action.CATEGORY_SAVED: "写类别",
    Action.CATEGORY_ENDED: "结束类别",
    Action.CONTACT_OPENED: "写明原因看电话",
    Action.CARD_SAVED: "写联系卡",
    Action.TERM_ENTRY_SAVED: "写学期记录",
    Action.CONSENT_RECORDED: "记家里同不同意",
    Action.PROMISE_RECORDED: "登记承诺书",
    Action.SURVEY_RECORDED: "登记家庭情况",
    Action.PAIRING_STARTED: "结对",
    Action.PAIRING_ENDED: "结束结对",
    Action.PAIRING_CHANGED: "改结对内容",
    Action.HELPER_SAVED: "登记、修改帮扶人",
    Action.HELPER_VETTED: "审核志愿者",
    Action.HELPER_LEFT: "帮扶人不再担任",
    Action.SUBSIDY_SAVED: "记爱心守护人补助",
    Action.SUBSIDY_PAID: "发爱心守护人补助",
    Action.SUBSIDY_TAKEN_BACK: "收回爱心守护人补助",
    Action.DROP_OUT_REGISTERED: "登记没来上学",
    Action.DROP_OUT_CHANGED: "改控辍保学",
    Action.DROP_OUT_STEP_SAVED: "记一步劝返",
    Action.DROP_OUT_CLOSED: "结束控辍保学",
    Action.DROP_OUT_OPENED: "打开控辍保学",
    Action.CHECK_OPENED: "开始排查",
    Action.CHECK_RETURNED: "交排查",
    Action.CHECK_AMENDED: "改排查",
    Action.YEAR_EXCEPTION_SAVED: "写升年级的例外",
    Action.YEAR_CHANGED: "升年级",
    Action.YEAR_CHANGE_UNDONE: "撤回升年级",
    Action.IMPORT_CONFIRMED: "导入",
    Action.IMPORT_UNDONE: "撤回导入",
    Action.EXPORT_MADE: "导出",
    Action.LIST_RECEIVED: "收下外面的名单",
    Action.LIST_GIVEN: "给出名单",
    Action.LIST_OPENED: "打开交换过的名单",
    Action.DIFFERENCE_DECIDED: "定名单上的差别",
    Action.HOLD_SET: "到期也留着",
    Action.HOLD_LIFTED: "不用再留着",
    Action.RETENTION_PROPOSED: "请人同意到期清理",
    Action.RETENTION_AGREED: "同意到期清理",
    Action.RETENTION_WITHDRAWN: "撤回到期清理",
    Action.RETENTION_FINISHED: "到期清理做完",
    Action.RECORDS_REMOVED: "清掉一个孩子到期的记录",
    Action.DOCUMENT_FILED: "存文件",
    Action.DOCUMENT_OPENED: "打开文件",
    Action.DOCUMENT_REVIEWED: "看过一遍文件",
    Action.DOCUMENT_WITHDRAWN: "撤下文件",
    Action.REFERRAL_REGISTERED: "登记受理",
    Action.REFERRAL_CHANGED: "改受理",
    Action.REFERRAL_MATCHED: "认出孩子",
    Action.REFERRAL_MOVED: "办理受理",
    Action.REFERRAL_HANDED_OVER: "转交受理",
    Action.REFERRAL_ANSWERED: "写答复",
    Action.REFERRAL_FEEDBACK_GIVEN: "写反馈",
    Action.REFERRAL_OPENED: "打开受理",
    Action.REFERRAL_FEEDBACK_READ: "看反馈",
    Action.ABUSE_MARKED: "标记疑似侵害",
    Action.ABUSE_UNMARKED: "撤下疑似侵害",
    Action.ABUSE_REPORTED: "记下强制报告",
    Action.ASSESSMENT_SAVED: "写评估",
    Action.CASE_OPENED: "开个案",
    Action.CASE_READ: "打开个案",
    Action.CASE_HANDED_OVER: "转交个案",
    Action.SUMMARY_WRITTEN: "写阶段性总结",
    Action.SUMMARY_AMENDED: "改阶段性总结",
    Action.CLASS_PAPER_FILED: "交班级帮扶计划或小结",
    Action.CLASS_PAPER_AMENDED: "改班级帮扶计划或小结",
    Action.EVALUATION_WRITTEN: "写效果评估",
    Action.EVALUATION_AMENDED: "改效果评估",
    Action.CASE_CLOSING_ASKED: "提出结案",
    Action.CASE_CLOSING_DECLINED: "没有同意结案",
    Action.CASE_CLOSING_WITHDRAWN: "撤回结案",
    Action.CASE_CLOSED: "同意结案",
    Action.CASE_FOLLOWED_UP: "记结案以后的回访",
    Action.CASE_REOPENED: "重开个案",
    Action.CONFERENCE_CALLED: "召集研讨",
    Action.CONFERENCE_PLANNED: "定研讨的时间和人",
    Action.CONFERENCE_HELD: "记下研讨",
    Action.PLAN_SAVED: "写帮扶方案",
    Action.PLAN_SUBMITTED: "提交帮扶方案",
    Action.PLAN_TAKEN_BACK: "收回提交的方案",
    Action.PLAN_DROPPED: "不要方案草稿",
    Action.PLAN_RETURNED: "退回帮扶方案",
    Action.PLAN_IN_FORCE: "定下帮扶方案",
    Action.PLAN_ENDED: "结束帮扶方案",
    Action.PLAN_OPENED: "打开帮扶方案",
    Action.GOAL_JUDGED: "看方案的目标",
    Action.MEASURE_NOTED: "记方案的进展",
    Action.MEASURE_ENDED: "做完方案的措施",
    Action.MEASURE_REOPENED: "方案的措施又要做",
    Action.RECORD_SAVED: "写工作记录",
    Action.RECORD_AMENDED: "改工作记录",
    Action.RECORD_WITHDRAWN: "作废工作记录",
    Action.RECORD_OPENED: "打开工作记录",
    Action.SCREENING_ROUND_OPENED: "开始一轮筛查",
    Action.SCREENING_ROUND_CLOSED: "结束一轮筛查",
    Action.SCREENING_ROUND_REOPENED: "重开一轮筛查",
    Action.SCREENING_CONTACTED: "筛查后面谈",
    Action.SCREENING_HOMEROOM_ASKED: "请班主任多留意",
    Action.SCREENING_HANDED_OVER: "筛查跟进换人",
    Action.SCREENING_OPENED: "打开筛查结果",
    Action.CONFERENCE_AMENDED: "改研讨记录",
    Action.TIER_SET: "定等级、复核",
    Action.TIER_ASKED: "提出降级",
    Action.TIER_AGREED: "同意降级",
    Action.TIER_DECLINED: "没有同意降级",
    Action.TIER_WITHDRAWN: "撤回降级",
    Action.TIER_SUGGESTED: "提示等级",
    Action.TIER_SUGGESTION_ENDED: "处理等级的提示",
    Action.WARNING_FOUNDED: "成立干预小组",
    Action.WARNING_ENDED: "解散干预小组",
    Action.WARNING_MEMBER_ADDED: "干预小组加人",
    Action.WARNING_MEMBER_ENDED: "干预小组去人",
    Action.ARCHIVE_OPENED: "建心理档案",
    Action.ARCHIVE_LOOKED_THROUGH: "整理心理档案",
    Action.ARCHIVE_READ: "打开心理档案",
    Action.ARCHIVE_PACKED: "把心理档案放进移交包",
    Action.HANDOVER_FETCHED: "下载移交包",
    Action.HANDOVER_GIVEN: "把移交包交出去",
    Action.HANDOVER_RECEIVED: "记移交回执",
    Action.HANDOVER_RECEIPT_OPENED: "打开移交回执",
    Action.HANDOVER_WITHDRAWN: "作废移交包",
    Action.DECISION_SAVED: "写研讨定的事",
    Action.DECISION_ENDED: "办完研讨定的事",
    Action.DECISION_REOPENED: "研讨定的事又要办",
    Action.OUTWARD_MADE: "转介出去",
    Action.OUTWARD_CHANGED: "改转介",
    Action.OUTWARD_ANSWERED: "记转介的回音",
    Action.OUTWARD_FOLLOWED: "记转介的跟进",
    Action.OUTWARD_ENDED: "结束转介",
    Action.OUTWARD_OPENED: "打开转介",
    Action.BACKUP_MADE: "备份",
    Action.BACKUP_FAILED: "备份没成",
    Action.BACKUP_COPIED: "备份另存一份",
    Action.BACKUPS_CLEARED: "清理旧备份",
    Action.BACKUP_RESTORED: "用备份恢复",
    Action.KEY_ROTATED: "换密钥",
    Action.RECOVERY_SHEET_CHECKED: "核对恢复单",
}

_LISTS = {
    "students": "学生名册",
    "contact_card": "联系卡",
    "class_lists": "班级五张表",
    "hand_in_hand": "手拉手登记表",
    "class_cards": "全班联系卡",
    "conference_minutes": "会议记录",
    "stage_summary": "阶段性总结",
    "class_paper": "班级帮扶计划或小结",
    "effect_evaluation": "效果评估",
    "talk_record": "谈心谈话记录",
    "home_visit": "家访记录",
    "care_record": "工作记录",
    "pairing_diary": "结对工作日记",
    "referral": "受理登记表",
    "assessment": "需求评估报告",
    "support_plan": "帮扶方案",
    "whole_archive": "整份心理档案",
    "outward_letter": "转介信",
    "audit": "操作记录",
    "weekly_review": "领导小组周例会",
    "authority": "给民政等部门的名单",
    "screening": "筛查结果",
    "left_behind": "留守儿童台账",
    "special": "四特学生台账",
    "talks": "以前的谈心谈话",
    "visits": "以前的家访",
}


def list_label(name: str) -> str:
    """Return what an exported list or printed paper is called; blank for one this program doesn't know."""
    return _LISTS.get(name, "")


def action_label(action: str) -> str:
    """Return what an action is called; one of a version this program doesn't know keeps its own name."""
    try:
        return ACTION_LABELS[Action(action)]
    except (ValueError, KeyError):
        return action


def group_of(action: Action) -> AuditGroup:
    """Return the group of an action; one nobody has put in a group yet stands with the school's."""
    if action in LOOKED_AT:
        return AuditGroup.OPENINGS
    return GROUP_OF_WORD.get(action.value.partition(".")[0], AuditGroup.SCHOOL)


def actions_of(group: AuditGroup) -> list[str]:
    """Return the actions of a group, as they are stored."""
    return [action.value for action in Action if group_of(action) is group]


def details_in_words(action: str, details: Mapping[str, Any]) -> str:
    """Return the few facts of an event worth a glance: how many, which list, which number, from which day."""
    parts: list[str] = []
    kind = str(details.get("kind", ""))
    if kind in parameters():
        found = parameters()[kind]
        parts.append(found.label + (f"，改成 {details['after']}{found.unit_label}" if "after" in details else ""))
    elif kind in document_kinds():
        parts.append(document_kinds()[kind].label)
    elif action.startswith(("clause.", "excuse.")):
        parts.append(kind)
    if "list" in details:
        parts.append(list_label(str(details["list"])))
    if isinstance(details.get("fields"), list):
        parts.append(f"{len(details['fields'])} 处")
    if isinstance(count := details.get("count"), int) and action == Action.EXPORT_MADE.value:
        parts.append(f"{count:,} 行")
    if details.get("is_marked"):
        parts.append("标了疑似侵害")
    if details.get("day"):
        parts.append(f"{details['day']}")
    return "，".join(each for each in parts if each)
