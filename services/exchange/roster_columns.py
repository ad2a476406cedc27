"""The columns of a roster: every header word schools were seen to use for them, and their groups of pupils."""

from __future__ import annotations

from .headers import Field, TableSpec

RETURNED_REMARK = "要改的地方"  # the column we add to a returned file, passed over when it comes back


def words(text: str) -> tuple[str, ...]:
    """Return header words written in a line."""
    return tuple(text.split())


_PHONE_WORDS = words("电话 联系电话 手机 手机号 手机号码 联系方式 电话号码 联系手机 联系电话号码")


def _phones_of(*persons: str) -> tuple[str, ...]:
    return tuple(f"{person}{word}" for person in persons for word in _PHONE_WORDS)


def _for_child(*ends: str) -> tuple[str, ...]:
    return (*ends, *(f"{child}{end}" for child in words("学生 孩子 儿童 本人") for end in ends))


_ID_WORDS = words(
    "身份证号 身份证号码 身份证 身份证件号 身份证件号码 证件号 证件号码 公民身份号码 "
    "公民身份证号码 居民身份证号 居民身份证号码 二代身份证号"
)

FLAG_CATEGORIES = words("special_family special_physique special_psychology special_conduct in_difficulty")

ROSTER = TableSpec(
    fields=(
        Field("student_no", "学号", words("学生学号 校内学号 学生编号 学生号")),
        Field(
            "national_no",
            "学籍号",
            words("全国学籍号 全国统一学籍号 国网学籍号 学生学籍号 学籍编号 学籍号码"),
        ),
        Field(
            "name",
            "姓名",
            words("学生姓名 名字 学生名字 学生 孩子姓名 儿童姓名 本人姓名 学生名 中文姓名"),
        ),
        Field("gender", "性别", words("学生性别 男女 孩子性别 儿童性别")),
        Field(
            "birth_day",
            "出生日期",
            _for_child(*words("出生日期 出生年月日 出生年月 生日 出生时间 出生 出生日")),
        ),
        Field("id_number", "身份证号", _for_child(*_ID_WORDS)),
        Field("grade", "年级", words("所在年级 就读年级 年段 年级名称 现读年级")),
        Field(
            "class",
            "班级",
            words(
                "班别 所在班级 班级名称 就读班级 班号 班 行政班 行政班级 现班级 年级班级 年班 班次 所属班级 "
                "现读班级 年级及班级"
            ),
        ),
        Field(
            "guardian_name",
            "监护人姓名",
            words(
                "监护人 家长姓名 家长 监护人名字 第一监护人姓名 第一监护人 联系人 联系人姓名 家长监护人姓名 "
                "监护人家长姓名 监护人受委托人 主要监护人 主要监护人姓名"
            ),
        ),
        Field(
            "guardian_relation",
            "与学生关系",
            words(
                "与监护人关系 监护人关系 关系 与本人关系 监护人与学生关系 与孩子关系 监护关系 "
                "监护人与学生的关系 与学生的关系 监护人与孩子关系 与儿童关系 家长与学生关系 监护人与本人关系 "
                "监护人与学生关系"
            ),
        ),
        Field(
            "guardian_phone",
            "监护人电话",
            (
                *_phones_of(*words("监护人 家长 第一监护人 主要监护人 家长监护人 监护人家长 家庭 联系人")),
                *_PHONE_WORDS,
            ),
        ),
        Field(
            "guardian_second_phone",
            "备用电话",
            words(
                "备用联系电话 第二联系电话 其他联系电话 联系电话2 电话2 监护人电话2 监护人备用电话 家长电话2 "
                "其他电话 手机2 备用手机"
            ),
        ),
        Field("father_name", "父亲姓名", words("父亲 父亲名字 爸爸姓名 父姓名 爸爸 父名")),
        Field("father_phone", "父亲电话", _phones_of("父亲", "爸爸", "父")),
        Field("mother_name", "母亲姓名", words("母亲 母亲名字 妈妈姓名 母姓名 妈妈 母名")),
        Field("mother_phone", "母亲电话", _phones_of("母亲", "妈妈", "母")),
        Field(
            "address",
            "家庭住址",
            words(
                "现住址 家庭地址 住址 现居住地 居住地址 家庭详细住址 家庭详细地址 联系地址 通讯地址 详细住址 "
                "现住地址 现居住地址 常住地址 家庭现住址 居住地 详细地址 地址 家庭住地"
            ),
        ),
        Field(
            "residence",
            "户籍所在地",
            words("户口所在地 户籍地址 户籍地 户籍 户口地址 户籍住址 户口所在地址 户口"),
        ),
        Field(
            "boarding",
            "是否寄宿",
            words(
                "是否住校 住宿情况 是否住宿 寄宿情况 就读方式 住校情况 住宿 寄宿 住校 住宿方式 走读住校 "
                "走读或住校 是否寄宿生 是否住校生"
            ),
        ),
        Field("ethnic", "民族", ("学生民族", "族别")),
        Field(
            "left_behind",
            "是否留守",
            words("是否留守儿童 留守儿童 留守 是否留守学生 留守情况 是否为留守儿童 是否属于留守儿童"),
        ),
        Field(
            "categories",
            "四特类别",
            words(
                "四特 类别 学生类别 四特学生类别 特殊类别 关爱类别 特殊学生类别 四特学生 关注类别 四特情况 重点关注类别"
            ),
        ),
        Field("special_family", "特殊家庭", ("是否特殊家庭", "四特类别特殊家庭", "四特特殊家庭")),
        Field("special_physique", "特殊体质", ("是否特殊体质", "四特类别特殊体质", "四特特殊体质")),
        Field("special_psychology", "特殊心理", ("是否特殊心理", "四特类别特殊心理", "四特特殊心理")),
        Field(
            "special_conduct",
            "特殊言行",
            words("是否特殊言行 四特类别特殊言行 四特特殊言行 特殊行为 是否特殊行为"),
        ),
        Field("in_difficulty", "困境儿童", words("是否困境儿童 困境学生 是否困境学生 是否困境")),
        Field("note", "备注", words("说明 其他说明 备注说明 附注 其他备注")),
    ),
    required=frozenset({"name"}),
    identifying=frozenset({"student_no", "national_no", "id_number"}),
    context=frozenset({"grade", "class"}),
    ignored=("序号", "序", "行号", "NO", "顺序", RETURNED_REMARK),
)

_CATEGORY_WORDS = {
    "left_behind": ("留守", "留守儿童", "留守学生"),
    "special_family": ("特殊家庭", "家庭", "家庭特殊"),
    "special_physique": ("特殊体质", "体质", "体质特殊"),
    "special_psychology": ("特殊心理", "心理", "心理特殊"),
    "special_conduct": words("特殊言行 言行 特殊行为 言行特殊"),
    "in_difficulty": ("困境", "困境儿童", "困境学生"),
}
CATEGORIES = {word: key for key, words in _CATEGORY_WORDS.items() for word in words}

BOARDING_YES = frozenset({"住校", "寄宿", "住宿", "住校生", "寄宿生", "住宿生", "内宿"})
BOARDING_NO = frozenset({"走读", "通校", "走读生", "不住校", "不寄宿", "不住宿", "通学", "外宿", "通校生"})
LEFT_BEHIND_YES = frozenset({"留守", "留守儿童", "留守学生"})
LEFT_BEHIND_NO = frozenset({"非留守", "非留守儿童", "不是留守", "非留守学生"})

# Peoples as they are written short: 汉 for 汉族.
PEOPLES = frozenset(
    words(
        "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 "
        "黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 "
        "撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 "
        "京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺 "
    )
)
