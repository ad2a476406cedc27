"""The columns of a pairing ledger (结对帮扶登记表), and the words schools use for who helps as what (area J)."""

from __future__ import annotations

import re

from .headers import Field, TableSpec
from .past_columns import CHILDREN
from .roster_columns import RETURNED_REMARK, ROSTER, words

_FROM_ROSTER = ("student_no", "id_number", "grade", "class")
_NAME = next(each for each in ROSTER.fields if each.key == "name")
_HELPED = words(
    "结对学生姓名 结对学生 结对儿童 结对对象 结对孩子 被帮扶学生 被帮扶人 被帮扶学生姓名 帮扶学生姓名 帮扶儿童 "
    "帮扶儿童姓名 帮扶对象姓名 留守儿童姓名 留守学生姓名 留守儿童 受助学生 受助学生姓名 关爱对象 关爱学生"
)

PAIRINGS = TableSpec(
    fields=(
        Field("name", "学生", (*_HELPED, *_NAME.headers, *CHILDREN, "姓名")),
        *(each for each in ROSTER.fields if each.key in _FROM_ROSTER),
        Field(
            "helper",
            "帮扶人",
            words(
                "帮扶人姓名 结对人 结对人姓名 帮扶教师 帮扶老师 帮扶教师姓名 结对教师 结对教师姓名 结对老师 帮扶责任人 "
                "责任人 帮扶者 导师 导师姓名 代理家长 代理家长姓名 爱心妈妈 爱心妈妈姓名 志愿者 志愿者姓名 "
                "爱心守护人 爱心守护人姓名 党员干部 结对帮扶人 结对帮扶教师 帮扶干部 帮扶党员 学习帮手 好朋友"
            ),
        ),
        Field(
            "role",
            "帮扶人身份",
            words(
                "身份 角色 结对身份 帮扶身份 结对类型 帮扶类型 结对类别 帮扶类别 结对形式 结对方式 类型 类别 人员类别"
            ),
        ),
        Field(
            "phone",
            "帮扶人电话",
            words(
                "帮扶人联系电话 帮扶人手机 帮扶人手机号 帮扶人联系方式 结对人电话 教师电话 导师电话 代理家长电话 "
                "志愿者电话 联系电话 电话 手机 手机号 手机号码 联系方式"
            ),
        ),
        Field(
            "start",
            "结对时间",
            words(
                "结对日期 开始时间 开始日期 起始时间 起始日期 结对开始时间 帮扶开始时间 结对起始时间 建立时间 时间 日期"
            ),
        ),
        Field(
            "end", "结束时间", words("结束日期 终止时间 终止日期 结对结束时间 帮扶结束时间 截止时间 截止日期 解除时间")
        ),
        Field(
            "span",
            "起止时间",
            words("起止 起止日期 结对起止时间 帮扶起止时间 帮扶时间 帮扶期限 结对期限 结对起止日期 帮扶周期 起讫时间"),
        ),
        Field("why_ended", "结束原因", words("终止原因 解除原因 结对结束原因")),
        Field("subsidy", "补助", words("补助金额 补助标准 爱心补助 守护补助 补贴 补贴金额 津贴 每学期补助")),
        Field("content", "帮扶内容", words("结对内容 内容 帮扶措施 措施 帮扶计划 主要内容")),
    ),
    required=frozenset({"name", "helper"}),
    identifying=frozenset({"student_no", "id_number"}),
    context=frozenset({"grade", "class"}),
    ignored=(*words("序号 序 行号 NO 顺序 编号 性别 年龄 民族 学校 学校名称 学生性别"), RETURNED_REMARK),
)
"""结对帮扶登记表 (domain §9)."""

ROLES = {
    word: role
    for role, text in {
        "mentor": "导师 全员导师 成长导师 学生导师 德育导师 人生导师 教师导师",
        "proxy_parent": "代理家长 临时爸爸 临时妈妈 临时家长 代理爸爸 代理妈妈 代管家长 教师代理家长",
        "love_mother": "爱心妈妈 爱心母亲",
        "guardian_angel": "爱心守护人 爱心守护员 爱心守护者 守护人 爱心守护",
        "party_cadre": "党员干部 党员 党员教师 干部 三送队员 三送工作队员 三送干部 党员志愿者",
        "volunteer": "志愿者 社会志愿者 青年志愿者 大学生志愿者 志愿服务者 社区志愿者 志愿人员",
        "excellent_student": "优秀学生 优秀生 优等生 学习帮手 学习小帮手 学习助手 小老师 学习伙伴",
        "buddy": "手拉手好朋友 手拉手伙伴 手拉手 手拉手同学 好朋友 好伙伴 手拉手小伙伴 伙伴",
        "peer_parent": "其他学生家长 学生家长 同学家长 家长 爱心家长 家长志愿者 其他家长",
    }.items()
    for word in text.split()
}
"""What schools write for a kind of pair; codes of `PairingRole`."""

OPEN_END = re.compile(r"^(?:至?今|至?现在|目前|长期|进行中|未结束|无|没有|[-—/]+)?$")
"""An end that has not come."""
WHY_ENDED = (
    ("child_left", re.compile(r"转学|转走|毕业|离校|休学|退学|转出")),
    ("helper_left", re.compile(r"调离|离职|退休|调走|教师离开|不再担任|外出|辞职")),
    ("changed", re.compile(r"更换|调换|换人|换了|另换|调整")),
    ("not_fitting", re.compile(r"不合适|不愿|合不来")),
    ("mistake", re.compile(r"登记错|写错|误登")),
)
"""Why it ended, by what people write; the first that fits."""
