"""The columns of what schools kept before the program: talks, home visits, the ledger of 四特, and their words."""

from __future__ import annotations

import re

from .headers import Field, TableSpec
from .roster_columns import FLAG_CATEGORIES, RETURNED_REMARK, ROSTER, words

_FROM_ROSTER = ("student_no", "id_number", "grade", "class")
CHILDREN = words(
    "谈话对象 被谈话人 被谈话学生 谈话学生 谈心对象 谈心学生 对象 受访学生 家访对象 "
    "家访学生 被访学生 被家访学生 来访学生 "
    "学生班级姓名 帮扶学生 帮扶对象"
)
_PASSED_OVER = (*words("序号 序 行号 NO 顺序 编号 性别 年龄 民族 学校 学校名称 出生日期 出生年月"), RETURNED_REMARK)
_PHONES = words(
    "监护人及电话 监护人电话 家长电话 联系电话 电话 监护人联系电话 家长及电话 联系方式 手机 "
    "手机号 手机号码 监护人姓名及电话 "
    "家长联系方式 家长联系电话 监护人姓名电话"
)  # the contact card has them, and notes who reads it
_LAST_STEPS = words(
    "后续 下一步 后续跟进 跟进措施 跟进情况 下一步打算 后续举措 改进措施 后续打算 后续跟踪 今后打算 下一步措施 后续安排"
)


def _who() -> tuple[Field, ...]:
    name = next(each for each in ROSTER.fields if each.key == "name")
    return (
        Field("name", "姓名", (*name.headers, *CHILDREN)),
        *(each for each in ROSTER.fields if each.key in _FROM_ROSTER),
    )


def _spec(*fields: Field, ignored: tuple[str, ...] = ()) -> TableSpec:
    return TableSpec(
        fields=(*_who(), *fields),
        required=frozenset({"name"}),
        identifying=frozenset({"student_no", "id_number"}),
        context=frozenset({"grade", "class"}),
        ignored=(*_PASSED_OVER, *ignored),
    )


TALKS = _spec(
    Field(
        "day",
        "时间",
        words(
            "谈话时间 谈话日期 日期 谈心时间 谈心日期 谈心谈话时间 谈心谈话日期 记录时间 记录日期 "
            "辅导时间 辅导日期 开展时间 "
            "谈话年月日 哪天"
        ),
    ),
    Field("start", "开始时间", words("起始时间 几点 几点开始 时段 谈话时段")),
    Field("minutes", "时长", words("时长分钟 谈话时长 分钟 用时 多少分钟 谈话时长分钟")),
    Field("place", "地点", words("谈话地点 谈心地点 谈心谈话地点 在哪里 辅导地点")),
    Field("way", "方式", words("谈话方式 谈心方式 形式 谈话形式 谈心谈话方式 途径 怎么联系的")),
    Field(
        "author",
        "谈话人",
        words(
            "谈心人 谈话教师 谈话老师 谈心教师 谈心老师 教师 老师 教师姓名 老师姓名 "
            "责任教师 辅导教师 辅导老师 帮扶教师 "
            "谈话者 班主任 班主任姓名"
        ),
    ),
    Field("recorder", "记录人", words("填写人 填表人 记录教师 记录老师")),
    Field("topic", "谈话类型", words("类型 谈话类别 类别 主题 谈话主题 谈话性质")),
    Field(
        "cause",
        "事由",
        words(
            "谈话事由 原因 谈话原因 缘由 起因 主要问题 存在问题 问题 主要情况 学生情况 "
            "基本情况 情况 学生基本情况 谈话背景"
        ),
    ),
    Field(
        "content",
        "内容",
        words("谈话内容 谈心内容 谈话记录 谈话要点 内容摘要 主要内容 谈话主要内容 谈心谈话内容 谈话过程 谈话内容摘要"),
    ),
    Field(
        "measures", "措施", words("采取措施 教育措施 帮扶措施 辅导措施 解决办法 处理办法 处理措施 采取的措施 怎么做的")
    ),
    Field("reaction", "学生反应", words("学生表现 学生态度 反应 学生反馈 孩子反应")),
    Field("effect", "效果", words("谈话效果 结果 成效 谈心效果 效果评价 谈话结果 效果怎样")),
    Field("next_step", "后续措施", _LAST_STEPS),
    Field("again", "是否需回访", words("是否回访 是否需要回访 回访 回访日期 需回访日期 回访时间 是否需回访日期")),
)
"""谈心谈话记录表 (domain §9)."""

VISITS = _spec(
    Field("day", "时间", words("家访时间 家访日期 日期 走访时间 走访日期 访问时间 访问日期 家访年月日 哪天")),
    Field("start", "开始时间", words("起始时间 几点 几点开始")),
    Field("minutes", "时长", words("时长分钟 家访时长 分钟 用时 多少分钟")),
    Field("address", "地址", words("家访地址 地点 家访地点 家庭住址 家庭地址 住址 现住址 家庭详细地址")),
    Field("way", "方式", words("家访方式 家访形式 形式 走访方式 怎么联系的")),
    Field(
        "author",
        "家访人1",
        words(
            "家访人 家访人1职务 家访人职务 家访教师 家访老师 家访人员 走访人 走访教师 教师 "
            "老师 教师姓名 老师姓名 班主任 "
            "家访者 责任教师 班主任姓名 家访教师姓名 家访教师1"
        ),
    ),
    Field("companion", "家访人2", words("家访人2职务 同行教师 同访教师 陪同人员 同行人 同行人员 参与人员 家访教师2")),
    Field("recorder", "记录人", words("填写人 填表人 记录教师 记录老师")),
    Field("guardian", "监护人", words("监护人姓名 家长 家长姓名 受访家长 被访人 受访人 接待人 被访家长")),
    Field("family", "家庭情况", words("家庭基本情况 家庭状况 家庭环境 学生家庭情况 家里的情况 主要情况")),
    Field("school", "在校表现反馈", words("在校表现 学生在校表现 反馈情况 在校情况 学校表现")),
    Field(
        "content",
        "沟通内容",
        words("家访内容 交流内容 谈话内容 内容 家访记录 沟通情况 交流情况 家访情况 主要内容 家访主要内容 家访目的"),
    ),
    Field("measures", "措施", words("采取措施 教育措施 帮扶措施 建议 给家长的建议 指导建议 怎么做的")),
    Field("opinion", "家长意见", words("家长反馈 家长意见建议 家长建议 家长意见和建议 家长反映 家长诉求 家里的意见")),
    Field("effect", "效果", words("家访效果 结果 成效 效果怎样")),
    Field("filed", "建档情况", words("是否建档 建档")),
    Field("next_step", "后续举措", ("后续措施", *_LAST_STEPS)),
    ignored=_PHONES,
)
"""家访记录表 (domain §9)."""

SPECIAL = _spec(
    Field(
        "categories",
        "类别",
        words(
            "四特类别 四特类型 四特 学生类别 四特学生类别 特殊类别 特殊类型 关爱类别 类型 "
            "四特学生 四特学生类型 特殊学生类别"
        ),
    ),
    *(each for each in ROSTER.fields if each.key in FLAG_CATEGORIES and each.key != "in_difficulty"),
    Field(
        "signs", "具体表现", words("表现 主要表现 具体情况 情况说明 原因 具体原因 主要情况 情况 现状 说明 具体表现描述")
    ),
    Field("level", "等级", words("级别 定级 关注等级 预警等级 四特等级 关注级别 程度 关注程度 风险等级 现等级")),
    Field("day", "发现时间", words("发现日期 登记时间 登记日期 建档时间 建档日期 列入时间 列入日期 认定时间 认定日期")),
    Field("way", "发现途径", words("发现方式 发现渠道 途径 来源 信息来源 发现来源")),
    Field("change", "变化", words("变化情况 等级变化 升降 升降解除 动态变化 动态 变化升降解除 目前状态 状态 是否解除")),
    Field("updated", "更新日期", words("更新时间 更新 变化时间 变化日期 解除时间 解除日期 调整时间 调整日期")),
    ignored=_PHONES,
)
"""四特学生台账 (domain §9)."""

# --- what the cells of such lists say ----------------------------------------------------------------------

SEVERAL = re.compile(r"[、,，;；/\n]|\s{1,}(?=[\u4e00-\u9fff]{2,4}(?:\s|$))")
"""Between several children in one cell."""

COUNSELLING = re.compile(r"心理辅导|心理咨询|个别辅导|个体辅导|个体咨询|个别咨询|沙盘")
PLACES = (
    ("care_room", re.compile(r"关爱")),
    ("counselling_room", re.compile(r"辅导室|咨询室|心理室|心语|沙盘")),
    ("classroom", re.compile(r"教室|班级|班里")),
    ("office", re.compile(r"办公室|政教处|德育处|教务处")),
    ("dormitory", re.compile(r"宿舍|寝室")),
    ("home", re.compile(r"家中|家里|学生家|孩子家|^家$")),
    ("remote", re.compile(r"电话|线上|网络|视频|微信|QQ")),
    ("campus", re.compile(r"操场|校园|走廊|食堂|图书|活动室|学校|校内|门卫")),
)
"""Where it was, by what people write; the first that fits."""
PLAIN_PLACES = frozenset(words("关爱室 辅导室 教室 办公室 宿舍 校园 学校 电话"))
"""Words that say no more than the place they stand for."""
VIDEO, PHONE = re.compile(r"视频|线上|网络|腾讯"), re.compile(r"电话|手机|通话")
WRITTEN, FACE = (
    re.compile(r"书面|信件|短信|微信|QQ|信息"),
    re.compile(r"当面|面谈|面对面|上门|实地|入户|走访|现场|个别"),
)
SOURCES = (
    ("check_round", re.compile(r"排查|摸底")),
    ("screening", re.compile(r"筛查|测评|量表|普测")),
    ("home_visit", re.compile(r"家访")),
    ("talk", re.compile(r"谈话|谈心|面谈|辅导")),
    ("authority", re.compile(r"民政|残联|妇联|社区|村|公安|医院|教育局")),
    ("parent", re.compile(r"家长|父|母|监护人|爷|奶")),
    ("teacher", re.compile(r"教师|老师|班主任|同学|学生|观察")),
)
"""What brought a child into the ledger; the first that fits."""
ENDED = re.compile(r"解除|撤销|取消|结束|销号|退出|不再")
NOT_ENDED = re.compile(r"未解除|没有?解除|不解除|^否$|^无$")
SUMMED_UP = re.compile(r"^(\d{4})\s*(?:年|[-/.])\s*(\d{1,2})\s*月?(?:份)?$")
"""A day of which only the month is written."""
LEVEL_WORDS = {
    word: level
    for level, text in {
        1: "一级 1级 1 I I级 Ⅰ Ⅰ级 重点关注 重点 重 重度 高 高危 严重 红 红色 特别关注",
        2: "二级 2级 2 II II级 Ⅱ Ⅱ级 年级关注 中 中度 中等 橙 橙色",
        3: "三级 3级 3 III III级 Ⅲ Ⅲ级 日常关注 一般关注 一般 轻 轻度 低 黄 黄色 班级关注",
    }.items()
    for word in text.split()
}
"""What schools write for a level, 1 the gravest; the school's own words come first."""
