"""The lines of home in words: title, reason, badge and act."""

import streamlit as st

from db.tables import ReferralChannel, Urgency
from services import clock
from services.duties import Duty, DutyGroup, DutyKind, DutyTarget
from services.referral_views import ReferralAct
from ui import formats, navigation
from ui.dialogs import open_dialog
from ui.referral_act_forms import open_act
from ui.referral_acts import begin_assessment
from ui.referral_words import (
    CHANNELS,
    UNKNOWN_CHILD,
    child_with_class,
    due_words,
    elapsed,
    lateness,
    meeting_words,
    moment,
)
from ui.states import BACKUP, DUTY
from ui.states import Duty as DutyState

ACTS = {
    DutyKind.REPORT_ABUSE: "去报告",
    DutyKind.DANGER: "打开看看",
    DutyKind.ASSIGN: "指定谁接",
    DutyKind.ASSESS: "开始评估",
    DutyKind.REPLY: "写答复",
    DutyKind.FEEDBACK: "写反馈",
    DutyKind.MATCH_CHILD: "认出孩子",
    DutyKind.CONFERENCE: "看研讨单",
    DutyKind.INVITED: "看研讨单",
    DutyKind.DECISION: "做完了",
    DutyKind.REVIEW_TIER: "去复核",
    DutyKind.ANSWER_TIER: "看看，答复",
    DutyKind.DECIDE_TIER: "去定",
    DutyKind.GRAVEST_TIER: "看档案",
    DutyKind.PLAN_WRITE: "写方案",
    DutyKind.PLAN_ANSWER: "看方案",
    DutyKind.PLAN_RETURNED: "去改",
    DutyKind.PLAN_REVIEW: "去复查",
    DutyKind.MEASURE: "记进展",
    DutyKind.CLOSING_ANSWER: "看看，答复",
    DutyKind.CLOSED_FOLLOW_UP: "去回访",
    DutyKind.CASE_STALLED: "看个案",
    DutyKind.SUMMARY: "写总结",
    DutyKind.EVALUATION: "去评估",
    DutyKind.OUTWARD_ANSWER: "去问问",
    DutyKind.OUTWARD_FOLLOW_UP: "去跟进",
    DutyKind.SCREENING: "记面谈",
    DutyKind.FOUND_GROUP: "去成立",
    DutyKind.END_GROUP: "去结束",
    DutyKind.HAND_OVER: "去移交",
    DutyKind.HANDOVER_RECEIPT: "去看看",
    DutyKind.ANSWER_EXCUSE: "看看，答复",
    DutyKind.READ_FEEDBACK: "看反馈",
    DutyKind.POST_VACANT: "去指定",
    DutyKind.HOMEROOM_MISSING: "去指定",
    DutyKind.HOLIDAYS_UNKNOWN: "去补上",
    DutyKind.FIRST_PASSWORDS: "看账号",
    DutyKind.UNENCRYPTED: "看设置",
    DutyKind.BRING_BACK: "去跟进",
    DutyKind.OPEN_CHECK: "去开始",
    DutyKind.RETURN_CHECK: "去排查",
    DutyKind.CHECKS_MISSING: "看名单",
    DutyKind.OPEN_SPECIAL_CHECK: "去开始",
    DutyKind.RETURN_SPECIAL_CHECK: "去排查",
    DutyKind.SPECIAL_CHECKS_MISSING: "看名单",
    DutyKind.EXCHANGE_LIST: "去核对",
    DutyKind.DECIDE_DIFFERENCES: "去定",
    DutyKind.AGREE_RETENTION: "去看看",
    DutyKind.BACKUP_OVERDUE: "看备份",
    DutyKind.RECOVERY_SHEET: "看做法",
    DutyKind.NEW_TERM: "去准备",
    DutyKind.SECOND_PERSON: "去指定",
    DutyKind.DOCUMENTS_WANTING: "看文件",
}
ABOUT_CHILD = {
    DutyKind.REPORT_ABUSE: "报告疑似侵害",
    DutyKind.ASSESS: "评估",
    DutyKind.REPLY: "答复",
    DutyKind.FEEDBACK: "反馈给转介教师",
    DutyKind.CONFERENCE: "集体研讨",
    DutyKind.DECISION: "研讨定的事",
    DutyKind.PLAN_WRITE: "写帮扶方案",
    DutyKind.PLAN_ANSWER: "方案等点头",
    DutyKind.PLAN_RETURNED: "方案退回来了",
    DutyKind.PLAN_REVIEW: "复查方案",
    DutyKind.MEASURE: "方案里的措施",
    DutyKind.SCREENING: "筛查后面谈",
}
_FORMS = {
    DutyKind.REPORT_ABUSE: ReferralAct.REPORT_ABUSE,
    DutyKind.ASSIGN: ReferralAct.HAND_OVER,
    DutyKind.REPLY: ReferralAct.ANSWER,
    DutyKind.FEEDBACK: ReferralAct.GIVE_FEEDBACK,
    DutyKind.MATCH_CHILD: ReferralAct.MATCH_CHILD,
}
ENDING = "decision_end"
"""The dialog in which what was decided is read, and said to be done."""
MEASURE = "measure"
"""The dialog in which somebody reads the own measure, and notes what came of it."""

CLOSING = "closing_answer"
"""The dialog in which closing a case is read and answered."""
ANSWERING = "tier_answer"
"""The dialog in which a lowering is read and answered."""

_SHOWN_NAMES = 6
_VIEWS = {DutyTarget.CLASSES: "classes", DutyTarget.SCHOOL_DAYS: "days", DutyTarget.SPECIAL_CHECKS: "special"}
_PAGES = {
    DutyTarget.REFERRAL: ("referrals", "referral"),
    DutyTarget.ASSESSMENT: ("referrals", "referral"),
    DutyTarget.PROTECTION: ("protection", "referral"),
    DutyTarget.CASE: ("cases", "case"),
    DutyTarget.ARCHIVE: ("archives", "student"),
    DutyTarget.SUMMARY: ("summary", "case"),
    DutyTarget.EVALUATION: ("evaluation", "case"),
    DutyTarget.CASE_PLAN: ("plan_edit", "case"),
    DutyTarget.PLAN: ("plan", "plan"),
    DutyTarget.POST: ("posts", "post"),
    DutyTarget.CLASSES: ("settings", None),
    DutyTarget.SCHOOL_DAYS: ("settings", None),
    DutyTarget.ACCOUNTS: ("accounts", "account"),
    DutyTarget.DROP_OUT: ("drop_outs", "case"),
    DutyTarget.OUTWARD: ("outward", "outward"),
    DutyTarget.CHECKS: ("rounds", "class"),
    DutyTarget.SPECIAL_CHECKS: ("rounds", "class"),
    DutyTarget.EXCHANGES: ("exchanges", "exchange"),
    DutyTarget.HANDOVERS: ("handovers", None),
    DutyTarget.RETENTION: ("retention", None),
    DutyTarget.BACKUPS: ("backups", None),
    DutyTarget.NEW_TERM: ("new_term", None),
    DutyTarget.DOCUMENTS: ("documents", None),
    DutyTarget.RULES: ("rules", None),
    DutyTarget.NOTHING: ("settings", None),
}


def title_of(duty: Duty) -> str:
    """Return what is to be done, and about whom."""
    child = child_with_class(duty.child, duty.class_label)
    match duty.kind:
        case DutyKind.REPORT_ABUSE:
            return f"报告疑似侵害：{child}"
        case DutyKind.DANGER:
            return f"有危险：{child}"
        case DutyKind.ASSIGN:
            return f"指定接手的人：{child}"
        case DutyKind.ASSESS:
            return f"有危险：评估{child}" if duty.urgency is Urgency.DANGER else f"评估{child}"
        case DutyKind.REPLY:
            return f"答复家长：{child}" if duty.channel is ReferralChannel.PARENT else f"答复：{child}"
        case DutyKind.FEEDBACK:
            return f"反馈给{duty.with_whom or '转介教师'}：{child}"
        case DutyKind.MATCH_CHILD:
            return f"认出是哪个孩子：{duty.child or UNKNOWN_CHILD}"
        case DutyKind.CONFERENCE:
            return f"有危险：集体研讨{child}" if duty.urgency is Urgency.DANGER else f"集体研讨：{child}"
        case DutyKind.INVITED:
            return f"请您参加集体研讨：{child}" if duty.child else "请您参加集体研讨"
        case DutyKind.DECISION:
            return f"研讨定的事：{child}" if duty.child else "研讨定的事"
        case DutyKind.REVIEW_TIER:
            return f"复核等级：{child}"
        case DutyKind.ANSWER_TIER:
            return f"降级，等您答复：{child}"
        case DutyKind.FOUND_GROUP:
            return f"成立预警干预小组：{child}"
        case DutyKind.END_GROUP:
            return f"结束预警干预小组：{child}"
        case DutyKind.DECIDE_TIER:
            return f"筛查有提示，定等级：{child}"
        case DutyKind.GRAVEST_TIER:
            return f"有新的定级，请马上看：{child}"
        case DutyKind.PLAN_WRITE:
            return f"写帮扶方案：{child}"
        case DutyKind.PLAN_ANSWER:
            return f"方案等您点头：{child}" if duty.child else "有一份方案等您点头"
        case DutyKind.PLAN_RETURNED:
            return f"方案退回来了：{child}"
        case DutyKind.PLAN_REVIEW:
            return f"复查帮扶方案：{child}"
        case DutyKind.MEASURE:
            return f"帮扶措施：{child}" if duty.child else "帮扶措施"
        case DutyKind.CLOSING_ANSWER:
            return f"结案，等您答复：{child}" if duty.child else "有一件个案要结案，等您答复"
        case DutyKind.CLOSED_FOLLOW_UP:
            return f"结案以后回访：{child}"
        case DutyKind.CASE_STALLED:
            return f"很久没有记录：{child}"
        case DutyKind.SUMMARY:
            return f"阶段性总结：{child}"
        case DutyKind.EVALUATION:
            return f"评估帮扶效果：{child}"
        case DutyKind.OUTWARD_ANSWER:
            return f"问转介的回音：{child}"
        case DutyKind.OUTWARD_FOLLOW_UP:
            return f"转介以后跟进：{child}"
        case DutyKind.SCREENING:
            return f"今天就谈：{child}" if duty.is_first else f"筛查后面谈：{child}"
        case DutyKind.READ_FEEDBACK:
            return f"看关爱室的反馈：{child}"
        case DutyKind.ANSWER_EXCUSE:
            return f"{duty.labels[0]} 条免做、另法等您答复"
        case DutyKind.POST_VACANT:
            return f"{len(duty.labels)} 个岗位还没有人" if len(duty.labels) > 1 else f"还没有{duty.labels[0]}"
        case DutyKind.HOMEROOM_MISSING:
            return f"{len(duty.labels)} 个班没有在岗的班主任"
        case DutyKind.HOLIDAYS_UNKNOWN:
            return f"{'、'.join(duty.labels)} 年的放假和调休还不知道"
        case DutyKind.FIRST_PASSWORDS if duty.target_id:
            return f"关爱室负责人{duty.labels[0]}还没换第一次密码"
        case DutyKind.FIRST_PASSWORDS:
            return f"{len(duty.labels)} 个账号还没换第一次密码"
        case DutyKind.UNENCRYPTED:
            return "现在的连接未加密"
        case DutyKind.BRING_BACK:
            return f"问清去向：{child}" if duty.labels else f"帮{child}回来上学"
        case DutyKind.OPEN_CHECK:
            return "开始这学期的班级排查"
        case DutyKind.RETURN_CHECK:
            return f"排查{duty.class_label}"
        case DutyKind.CHECKS_MISSING:
            return f"{len(duty.labels)} 个班还没交排查"
        case DutyKind.OPEN_SPECIAL_CHECK:
            return "开始这季度的四特排查"
        case DutyKind.RETURN_SPECIAL_CHECK:
            return f"四特排查{duty.class_label}"
        case DutyKind.SPECIAL_CHECKS_MISSING:
            return f"{len(duty.labels)} 个班的四特排查没做完"
        case DutyKind.EXCHANGE_LIST:
            return "和民政、妇联核对这学期的名单"
        case DutyKind.DECIDE_DIFFERENCES:
            return f"名单上还有 {duty.labels[0]} 处差别没定"
        case DutyKind.HAND_OVER:
            return f"毕业的 {duty.labels[0]} 个四特孩子，档案还没移交"
        case DutyKind.HANDOVER_RECEIPT:
            return f"{duty.labels[0]} 份移交包还没有回执"
        case DutyKind.AGREE_RETENTION:
            return "清掉到期的记录，等您点头"
        case DutyKind.BACKUP_OVERDUE:
            return "把备份放到另一块盘上"
        case DutyKind.RECOVERY_SHEET:
            return "抄好恢复单，核对一遍"
        case DutyKind.NEW_TERM:
            return f"准备{duty.labels[0]}"
        case DutyKind.SECOND_PERSON:
            return "还没有第二个人"
        case DutyKind.DOCUMENTS_WANTING:
            return f"{len(duty.labels)} 种该有的文件缺了、过期或该看一遍"


def reason_of(duty: Duty) -> str:
    """Return why, by when, and whose it is where it isn't the reader's."""
    whose = f"，{duty.owner_name}接手" if duty.owner_name and not duty.is_mine else ""
    due = formats.spaced("应在", due_words(duty.due_at)) if duty.due_at else ""
    channel = CHANNELS[duty.channel] if duty.channel else ""
    match duty.kind:
        case DutyKind.REPORT_ABUSE:
            return f"110 和教育局都要告知，{moment(duty.since)} 标记{whose}" if duty.since else ""
        case DutyKind.DANGER:
            return f"受理：{channel}，{due}评估{whose}"
        case DutyKind.ASSIGN:
            return f"受理：{channel}，没有在岗的人接手，{due}做完下一步"
        case DutyKind.ASSESS:
            urgency = {Urgency.URGENT: "，着急", Urgency.DANGER: "，有危险"}.get(duty.urgency or Urgency.ORDINARY, "")
            return f"受理：{channel}{urgency}，{due}评估" + ("，已开始" if duty.has_begun else "")
        case DutyKind.REPLY:
            return f"受理：{channel}，{due}答复"
        case DutyKind.FEEDBACK:
            return f"受理：{channel}，{due}告诉老师办到哪一步"
        case DutyKind.MATCH_CHILD:
            return f"受理：{moment(duty.since)} 收到，名册里还没对上" if duty.since else ""
        case DutyKind.CONFERENCE:
            planned = f"，定在 {meeting_words(duty.meets_at)}" if duty.meets_at else ""
            return f"个案：{due}开{planned}{whose.replace('接手', '负责')}"
        case DutyKind.INVITED if duty.meets_at:
            place = f"，{duty.place}" if duty.place else f"，地点问{duty.owner_name}"
            return f"研讨：{meeting_words(duty.meets_at)}{place}"
        case DutyKind.INVITED:
            place = f"，在{duty.place}" if duty.place else ""
            return f"研讨：{due}开，日子还没定{place}；问{duty.owner_name}"
        case DutyKind.DECISION:
            doer = "" if duty.is_mine else f"，{duty.owner_name}做"
            return f"研讨：{due}做完{doer}；定了什么，点开看"
        case DutyKind.REVIEW_TIER:
            nobody = "" if duty.is_mine else "，定级的人不在岗了"
            return f"分级：{due}再看一次，维持也要记下{nobody}"
        case DutyKind.ANSWER_TIER:
            return "分级：从最重的两级降下来，要第二个人同意"
        case DutyKind.FOUND_GROUP:
            return f"分级：{due}成立，七种人都要有"
        case DutyKind.END_GROUP:
            return "分级：孩子已离校，小组还在；结束以后，组里的人不再看得到这个孩子"
        case DutyKind.DECIDE_TIER:
            return "分级：筛查只是提示，定不定、定哪级由人决定"
        case DutyKind.GRAVEST_TIER:
            return f"分级：{_by_colleague(duty)}；看过档案，这一条就不在了"
        case DutyKind.PLAN_WRITE:
            return f"个案：{due}定出方案" + ("，草稿已开头" if duty.has_begun else "")
        case DutyKind.PLAN_ANSWER:
            return f"个案：{duty.owner_name}负责，{moment(duty.since)} 提交" if duty.since else ""
        case DutyKind.PLAN_RETURNED:
            return f"个案：{moment(duty.since)} 退回，写了为什么" if duty.since else ""
        case DutyKind.PLAN_REVIEW:
            return f"方案：{due}复查，照旧也写一句"
        case DutyKind.MEASURE:
            return _measure_reason(duty, due)
        case DutyKind.CLOSING_ANSWER:
            return "个案：结案要第二个人同意，看过清单和理由再答"
        case DutyKind.CLOSED_FOLLOW_UP:
            return f"个案：{due}看看孩子怎么样，记一句{_nobody(duty)}"
        case DutyKind.CASE_STALLED if duty.since:
            last = formats.day(clock.local(duty.since).date(), today=clock.today())
            return f"个案：{last}以后没有记过，{due}有一次{_nobody(duty)}；记一次，或提出结案"
        case DutyKind.SUMMARY:
            return f"个案：{due}总结一次{_nobody(duty)}"
        case DutyKind.EVALUATION:
            return f"个案：{due}评估这学期的效果，四个方面，几方都听{_nobody(duty)}"
        case DutyKind.OUTWARD_ANSWER:
            return f"转介：{'、'.join(duty.labels)}，{due}要有回音{whose.replace('接手', '负责')}"
        case DutyKind.OUTWARD_FOLLOW_UP:
            return f"转介：{'、'.join(duty.labels)}，{due}再问一次{whose.replace('接手', '负责')}"
        case DutyKind.SCREENING:
            tried = "，已试过一次" if duty.has_begun else ""
            nobody = "" if duty.owner_name else "，还没有人跟进"
            hint = "有紧急提示，" if duty.is_first else "有提示，"
            return f"筛查：{hint}{due}谈{tried}{whose.replace('接手', '跟进')}{nobody}"
        case DutyKind.READ_FEEDBACK:
            return f"受理：{moment(duty.since)} 写给您的" if duty.since else ""
        case DutyKind.ANSWER_EXCUSE:
            return "制度：孩子不适用，或用别的办法做到了；看过理由再答，同意了才算"
        case DutyKind.POST_VACANT if len(duty.labels) == 1:
            return "岗位：没有人，这个岗位的事就没有人做"
        case DutyKind.FIRST_PASSWORDS if duty.target_id:
            return "账号：第一次密码只显示过一次，没看到、没交到本人手里的，打开账号重设一次"
        case DutyKind.HOLIDAYS_UNKNOWN:
            return "系统：公布以后，把放假和补课的日子填进校历"
        case DutyKind.BRING_BACK if duty.since:
            day = formats.day(clock.local(duty.since).date(), today=clock.today())
            nobody = "" if duty.is_mine else "，教务处负责人还没有人"
            left = f"，学籍已改成“{duty.labels[0]}”，跟进还没结束" if duty.labels else ""
            return f"控辍保学：{day}没来{left}，{due}{'再做一步' if duty.has_begun else '做第一步'}{nobody}"
        case DutyKind.OPEN_CHECK:
            return "排查：开始以后，每个班主任的工作台上都会有"
        case DutyKind.RETURN_CHECK:
            return f"排查：{due}交，每个孩子都要问到"
        case DutyKind.CHECKS_MISSING | DutyKind.SPECIAL_CHECKS_MISSING:
            return f"排查：{due}交；{_names(duty.labels)}"
        case DutyKind.OPEN_SPECIAL_CHECK:
            return "排查：每季度一次，四特的孩子一个一个见到"
        case DutyKind.RETURN_SPECIAL_CHECK:
            return f"排查：{due}交，四特的孩子都要见到，没有的也交一份"
        case DutyKind.EXCHANGE_LIST if not duty.is_mine:
            return f"名单：{due}核对一次；向对方要一份表格，交给关爱室负责人传上来"
        case DutyKind.EXCHANGE_LIST:
            return f"名单：{due}核对一次；向对方要一份表格，从“名单核对”传上来"
        case DutyKind.DECIDE_DIFFERENCES:
            return "名单：照名单改、留着，或不是我们的学生，每处定一下"
        case DutyKind.HAND_OVER:
            return f"档案：{due}移交到接收的学校"
        case DutyKind.HANDOVER_RECEIPT:
            return f"档案：{due}要有对方签的回执，没有就问一问"
        case DutyKind.AGREE_RETENTION:
            return "到期清理：离校满年限的孩子，看清楚了再同意"
        case DutyKind.UNENCRYPTED:
            return "系统：别的电脑来用时，请用 --https 启动"
        case DutyKind.BACKUP_OVERDUE if duty.since:
            day = formats.day(clock.local(duty.since).date(), today=clock.today())
            return f"系统：另一块盘上验证过的备份，还是{day}的"
        case DutyKind.BACKUP_OVERDUE:
            return "系统：还没有一份验证过的备份在别的盘上，这块盘坏了就都没了"
        case DutyKind.RECOVERY_SHEET:
            return "系统：密钥坏了、丢了，只有它能打开备份"
        case DutyKind.NEW_TERM:
            return "学期：起止日子还没有写，到期的日子都从它算"
        case DutyKind.SECOND_PERSON:
            return "岗位：要两个人点头的事（结案、免做、报销、清理）没有人点头"
        case DutyKind.DOCUMENTS_WANTING:
            return f"文件：{_names(duty.labels)}"
        case _:
            return f"{_names(duty.labels)}"


def _nobody(duty: Duty) -> str:
    return "" if duty.is_mine else "，负责的人不在岗了"


def _by_colleague(duty: Duty) -> str:
    by = f"{duty.owner_name}定的" if duty.owner_name else "定了"
    day = formats.day(clock.local(duty.since).date(), today=clock.today()) if duty.since else ""
    return formats.spaced(by + "，从", day) + "起" if day else by


def _measure_reason(duty: Duty, due: str) -> str:
    doer = "" if duty.is_mine else f"，{duty.owner_name}做"
    if "over" in duty.labels:
        return f"方案：时间到了，写下做得怎样{doer}"
    return f"方案：{duty.labels[0]}，{due}记一次{doer}；做什么，点开看"


def badge_of(duty: Duty) -> str:
    """Return the state first: late by how much, today, waiting, still time."""
    if duty.kind is DutyKind.REPORT_ABUSE and duty.since:
        return DUTY[DutyState.OVERDUE].badge(elapsed(duty.since))
    if duty.kind is DutyKind.BACKUP_OVERDUE and duty.group is DutyGroup.LATE and duty.due_at:
        return BACKUP["late"].badge(lateness(duty.due_at))
    match duty.group:
        case DutyGroup.LATE if duty.due_at:
            return DUTY[DutyState.OVERDUE].badge(lateness(duty.due_at))
        case DutyGroup.TODAY:
            return DUTY[DutyState.TODAY].badge("今天开" if duty.kind is DutyKind.INVITED else "今天到期")
        case DutyGroup.WAITING:
            return DUTY[DutyState.WAITING].badge(_waiting(duty))
        case _:
            return DUTY[DutyState.DUE].badge(_still(duty))


def _waiting(duty: Duty) -> str | None:
    """等我 1 天; only the word on the first day."""
    days = (clock.today() - clock.local(duty.since).date()).days if duty.since else 0
    return f"等我 {days} 天" if days else None


def _still(duty: Duty) -> str | None:
    """还有 3 天."""
    return f"还有 {(clock.local(duty.due_at).date() - clock.today()).days} 天" if duty.due_at else None


def button_of(duty: Duty) -> str | None:
    """Return the one act's words; None where there is nothing to open, as for who is only asked to come."""
    if duty.kind in {DutyKind.INVITED, DutyKind.DECISION} and duty.target_id is None:
        return None
    if duty.kind is DutyKind.EXCHANGE_LIST and not duty.is_mine:
        return None
    if duty.kind is DutyKind.MEASURE and "over" in duty.labels:
        return "写结果"
    return "接着评估" if duty.kind is DutyKind.ASSESS and duty.has_begun else ACTS[duty.kind]


def follow(duty: Duty) -> None:
    """Do the act the button names: begin the assessment, or go where its form is, and open it."""
    if duty.target is DutyTarget.DECISION:
        open_dialog(ENDING, duty.target_id or 0)
        st.rerun()
    if duty.target is DutyTarget.TIER_REQUEST:
        open_dialog(ANSWERING, duty.target_id or 0)
        st.rerun()
    if duty.target is DutyTarget.CLOSING:
        open_dialog(CLOSING, duty.target_id or 0)
        st.rerun()
    if duty.target is DutyTarget.MEASURE:
        open_dialog(MEASURE, duty.target_id or 0)
        st.rerun()
    if duty.target is DutyTarget.CONTACT:
        query = {"kind": "talk", "student": str(duty.student_id), "screening": str(duty.target_id)}
        st.switch_page(navigation.path_of("record"), query_params=query)
    page, parameter = _PAGES[duty.target]
    if duty.kind is DutyKind.ASSESS and (duty.has_begun or _begin(duty)):
        page = "assessment"
    if (act := _FORMS.get(duty.kind)) and duty.target_id:
        open_act(duty.target_id, act)
    query = {parameter: str(duty.target_id)} if parameter and duty.target_id else {}
    if view := _VIEWS.get(duty.target):
        query |= {"view": view}
    if navigation.has_page(page):
        st.switch_page(navigation.path_of(page), query_params=query)


def _begin(duty: Duty) -> bool:
    """Begin an assessment as it stood in the line; where that is refused, the referral says why."""
    if duty.target_id is None or duty.target_version is None:
        return False
    return begin_assessment(duty.target_id, duty.target_version)


def _names(labels: tuple[str, ...]) -> str:
    """Name all where they are few; else the first ones and how many there are in all."""
    if len(labels) <= _SHOWN_NAMES:
        return "、".join(labels)
    return f"{'、'.join(labels[:_SHOWN_NAMES])}等，共 {len(labels)} 个"
