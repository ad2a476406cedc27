"""The columns of a list of staff (教职工名单), and the words schools write for what somebody is."""

from __future__ import annotations

from .headers import Field, TableSpec
from .roster_columns import RETURNED_REMARK, words

STAFF = TableSpec(
    fields=(
        Field(
            "name",
            "姓名",
            words("教师姓名 教职工姓名 职工姓名 老师姓名 员工姓名 教师 老师 教职工 名字 教工姓名 任课教师姓名"),
        ),
        Field(
            "staff_no",
            "工号",
            words("教师工号 职工号 教工号 教职工号 职工编号 教师编号 人员编号 员工号 教职工编号 教工编号 教职工工号"),
        ),
        Field(
            "phone",
            "电话",
            words("联系电话 手机 手机号 手机号码 联系方式 电话号码 联系手机 本人电话 教师电话 移动电话 手机电话"),
        ),
        Field(
            "homeroom",
            "班主任班级",
            words("班主任 担任班主任班级 所带班级 任班主任班级 班主任所在班级 带班班级 带班 管理班级 担任班主任"),
        ),
        Field(
            "teaches",
            "任教班级",
            words("任课班级 教学班级 授课班级 上课班级 所教班级 任教年级班级 任教 任课 任教班 教哪些班 任教年级及班级"),
        ),
        Field("subject", "任教学科", words("学科 科目 任教科目 任课学科 任课科目 所教学科 教学科目 教的科目 主教学科")),
        Field(
            "posts",
            "岗位",
            words("职务 行政职务 担任岗位 担任职务 现任职务 角色 身份 岗位职务 校内职务 兼任岗位 现任岗位"),
        ),
    ),
    required=frozenset({"name"}),
    identifying=frozenset(),
    context=frozenset({"subject"}),
    ignored=("序号", "序", "行号", "NO", "顺序", "性别", "备注", RETURNED_REMARK),
)

NOTHING = frozenset({"", "无", "否", "-", "—", "——", "/", "暂无", "不担任", "没有"})
ROLE_WORDS = {
    word: role
    for role, text in {
        "lead": "关爱室负责人 关爱室主任",
        "counsellor": "专职心理教师 心理教师 心理老师 专职心理老师 心理辅导教师",
        "homeroom": "班主任",
        "subject_teacher": "任课教师 任课老师 科任教师 科任老师 教师 老师 专任教师 普通教师 任教",
        "mentor": "结对教师 结对老师 导师 结对帮扶教师 成长导师",
        "leadership": "领导小组 校领导 领导小组成员",
        "finance": "财务 会计 出纳 财务人员",
        "supervisor": "监督小组 监督小组成员",
        "admin": "信息老师 信息教师 信息管理员 网络管理员 电教老师",
    }.items()
    for word in text.split()
}
"""What people write for a role; every other word has to be the name of a post."""
