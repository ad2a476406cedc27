"""Why a row was not taken or was taken with a remark, as codes for the program and sentences for people."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One code per fault or remark; those of rosters stand in the order in which the first one counts."""

    NAME_MISSING = "name_missing"
    NAME_UNREADABLE = "name_unreadable"
    CLASS_MISSING = "class_missing"
    CLASS_UNREADABLE = "class_unreadable"
    ID_STORED_AS_NUMBER = "id_stored_as_number"
    ID_FORMAT = "id_format"
    ID_CHECKSUM = "id_checksum"
    BIRTH_UNREADABLE = "birth_unreadable"
    BIRTH_CONFLICT = "birth_conflict"
    GENDER_CONFLICT = "gender_conflict"
    GENDER_MISSING = "gender_missing"
    DUPLICATE = "duplicate"
    ID_CONFLICT = "id_conflict"
    BIRTH_FROM_ID = "birth_from_id"
    GENDER_FROM_ID = "gender_from_id"
    ID_MISSING = "id_missing"
    PHONE_UNUSABLE = "phone_unusable"
    SAME_NAME = "same_name"
    # found only beside the children already stored
    STUDENT_AMBIGUOUS = "student_ambiguous"
    NUMBER_CONFLICT = "number_conflict"
    MATCHED_BY_NAME_AND_CLASS = "matched_by_name_and_class"
    STUDENT_NOT_IN_ROSTER = "student_not_in_roster"
    NAME_ID_MISMATCH = "name_id_mismatch"
    ROSTER_DIFFERS = "roster_differs"
    # of ledgers of left-behind children
    KIND_UNREADABLE = "kind_unreadable"
    NO_PARENT_AWAY = "no_parent_away"
    OUTSIDE_STATE_DEFINITION = "outside_state_definition"
    # of lists other bodies send
    ONLY_A_NAME = "only_a_name"
    DIFFICULTY_UNKNOWN = "difficulty_unknown"
    # of results of a screening
    SCORE_MISSING = "score_missing"
    SCORE_OUT_OF_RANGE = "score_out_of_range"
    TOTAL_MISMATCH = "total_mismatch"
    TEST_DAY_UNREADABLE = "test_day_unreadable"
    TEST_DAY_AHEAD = "test_day_ahead"
    RESULT_DIFFERS = "result_differs"
    ROUND_CLOSED = "round_closed"
    VALIDITY_FAILED = "validity_failed"
    LEVEL_IN_FILE_DIFFERS = "level_in_file_differs"
    TEST_DAY_MISSING = "test_day_missing"
    # of what the school kept before: talks, visits, the ledger of 四特
    PAST_DAY_MISSING = "past_day_missing"
    PAST_DAY_UNREADABLE = "past_day_unreadable"
    PAST_TOO_LONG = "past_too_long"
    SEVERAL_CHILDREN = "several_children"
    COUNSELLING_REFUSED = "counselling_refused"
    PAST_WORDS_MISSING = "past_words_missing"
    PAST_SAME_DAY = "past_same_day"
    AUTHOR_KEPT_AS_NAME = "author_kept_as_name"
    CLASS_OF_TODAY = "class_of_today"
    SPECIAL_KIND_UNKNOWN = "special_kind_unknown"
    SPECIAL_DIFFERS = "special_differs"
    SPECIAL_DAYS_MISSING = "special_days_missing"
    SPECIAL_LEVEL_UNREADABLE = "special_level_unreadable"
    SPECIAL_DAY_MONTH = "special_day_month"
    SPECIAL_DAY_TODAY = "special_day_today"
    SPECIAL_KEPT = "special_kept"
    # of pairing ledgers
    HELPER_MISSING = "helper_missing"
    SEVERAL_HELPERS = "several_helpers"
    ROLE_UNKNOWN = "role_unknown"
    PAIR_DAY_UNREADABLE = "pair_day_unreadable"
    END_BEFORE_START = "end_before_start"
    PAIR_TAKEN = "pair_taken"
    PAIR_DIFFERS = "pair_differs"
    HELPER_AMBIGUOUS = "helper_ambiguous"
    HELPER_FULL = "helper_full"
    HELPER_LEFT = "helper_left"
    SUBSIDY_MISSING = "subsidy_missing"
    SUBSIDY_FOR_OTHER_ROLE = "subsidy_for_other_role"
    SUBSIDY_UNREADABLE = "subsidy_unreadable"
    # of lists of staff
    STAFF_NO_UNREADABLE = "staff_no_unreadable"
    STAFF_NO_CONFLICT = "staff_no_conflict"
    STAFF_CLASS_UNREADABLE = "staff_class_unreadable"
    STAFF_CLASS_UNKNOWN = "staff_class_unknown"
    STAFF_HOMEROOM_TWICE = "staff_homeroom_twice"
    STAFF_POST_UNKNOWN = "staff_post_unknown"
    STAFF_POST_TAKEN = "staff_post_taken"
    STAFF_AMBIGUOUS = "staff_ambiguous"
    STAFF_DISABLED = "staff_disabled"
    STAFF_NOT_YOURS = "staff_not_yours"
    STAFF_SAME_NAME = "staff_same_name"
    STAFF_HOMEROOM_REPLACED = "staff_homeroom_replaced"


_SENTENCES = {
    Reason.NAME_MISSING: "没有填姓名。请补上姓名。",
    Reason.NAME_UNREADABLE: "姓名这一格读不出名字：太长，或者不是文字。请改成本人的姓名。",
    Reason.CLASS_MISSING: "没有填班级。请补上，例如“七（1）班”。",
    Reason.CLASS_UNREADABLE: "看不出是哪个班。请写成“七（1）班”或“701”这样。",
    Reason.ID_STORED_AS_NUMBER: "身份证号存成了数字，后几位已经丢了。请把这一列设成文本，重新填这一格。",
    Reason.ID_FORMAT: "身份证号不是 18 位，或者夹了别的字。请对照户口本重新填。",
    Reason.ID_CHECKSUM: "身份证号有一位填错了：末位对不上，或者里面的日期不存在。请对照户口本核对。",
    Reason.BIRTH_UNREADABLE: "出生日期读不出来，或者不是在校孩子的年龄。请写成“2014-05-06”这样。",
    Reason.BIRTH_CONFLICT: "出生日期和身份证号里的日期不一样。请核对是哪一个填错了。",
    Reason.GENDER_CONFLICT: "性别和身份证号里的不一样。请核对是哪一个填错了。",
    Reason.GENDER_MISSING: "没有填性别，也没有身份证号可以推算。请填“男”或“女”。",
    Reason.DUPLICATE: "前面已经有同一个人的一行，这一行跳过了，不用改。",
    Reason.ID_CONFLICT: "这个身份证号已经是另一个孩子的。请核对两个孩子的身份证号。",
    Reason.BIRTH_FROM_ID: "出生日期没有填或读不出来，按身份证号补上了。请看一眼对不对。",
    Reason.GENDER_FROM_ID: "性别没有填或读不出来，按身份证号补上了。请看一眼对不对。",
    Reason.ID_MISSING: "没有身份证号，先收下了。以后补上，才不会和同名的孩子弄混。",
    Reason.PHONE_UNUSABLE: "这一格里没有能拨通的号码，先空着收下了。请补上手机号，或带区号的座机号。",
    Reason.SAME_NAME: "有同名的孩子，按两个人收下了。请核对是不是同一个人。",
    Reason.STUDENT_AMBIGUOUS: "名册里不止一个孩子对得上这一行。请补上学号或身份证号，再导入这一行。",
    Reason.NUMBER_CONFLICT: "这个学号已经是另一个孩子的，姓名和生日都对不上。请核对两个孩子的学号。",
    Reason.MATCHED_BY_NAME_AND_CLASS: "没有号码可对，按姓名和班级对上了名册里的孩子。请看一眼是不是同一个人。",
    Reason.STUDENT_NOT_IN_ROSTER: "名册里没有这个孩子，或已经离校。请核对姓名、班级、身份证号，或先把孩子加进名册。",
    Reason.NAME_ID_MISMATCH: "学号或身份证号是名册里另一个孩子的，和姓名对不上。请核对姓名和号码。",
    Reason.ROSTER_DIFFERS: "性别、出生日期或班级和名册里的不一样，名册没有改。请核对是哪一个写错了。",
    Reason.KIND_UNREADABLE: "看不出父母谁外出，先收下了。请在孩子的一页补上留守类型。",
    Reason.NO_PARENT_AWAY: "写的是父母都在家，照样收下了。请核对是不是留守儿童。",
    Reason.OUTSIDE_STATE_DEFINITION: "不在国家口径里：要不满 16 岁、农村户籍、父母都外出或另一方无监护能力。照样登记。",
    Reason.ONLY_A_NAME: "名册里有这个名字，可是班级、生日、身份证号都对不上，认不准。请补上一样，再导入这一行。",
    Reason.DIFFICULTY_UNKNOWN: "看不出是哪一种困境。请改成设置里“困境种类”有的词，或先在设置里加上这一种。",
    Reason.SCORE_MISSING: "有的分数没有填，总分不全，算不出等级。请补齐，或把这个孩子的分数都空着（没有测）。",
    Reason.SCORE_OUT_OF_RANGE: "分数不在这个量表的范围里，或者不是整数。请对照原始答卷核对。",
    Reason.TOTAL_MISMATCH: "总分和各项加起来不一样。请核对是哪一个写错了。",
    Reason.TEST_DAY_UNREADABLE: "测评日期读不出来，或者太早。请写成“2026-10-12”这样。",
    Reason.TEST_DAY_AHEAD: "测评日期还没到。请核对是哪一天测的。",
    Reason.RESULT_DIFFERS: "这个孩子这一天已经有一份分数不同的。请核对答卷；以前的录错了，请点“分数以这份表为准”。",
    Reason.ROUND_CLOSED: "这一轮筛查已经结束了。要补，请先在“心理筛查”里重开这一轮。",
    Reason.VALIDITY_FAILED: "效度不过关，这份结果作废，照样存下。请另约时间重测。",
    Reason.LEVEL_IN_FILE_DIFFERS: "文件里写的等级和按分数算的不一样，照分数算。请看一眼。",
    Reason.TEST_DAY_MISSING: "没有写测评日期。在网页上按导入以前填的那一天算，用命令按今天算。",
    Reason.PAST_DAY_MISSING: "没有写是哪一天。请补上日期，例如“2025-10-12”。",
    Reason.PAST_DAY_UNREADABLE: "日期读不出来，还没到，或早于孩子出生。请写成“2025-10-12”这样。",
    Reason.PAST_TOO_LONG: "这一行的字太多，一栏最多 5000 字。请删掉多余的，或分成两行。",
    Reason.SEVERAL_CHILDREN: "一格里写了几个孩子。请一个孩子写一行。",
    Reason.COUNSELLING_REFUSED: "写的是心理辅导，可家里那时已经不同意。请核对；是谈话的，请改掉方式或类型里的字。",
    Reason.PAST_WORDS_MISSING: "只有时间，没有写内容，照样收下。",
    Reason.PAST_SAME_DAY: "这个孩子这一天已经有一条同样的记录，内容不一样，照样收下。请看一眼是不是同一次。",
    Reason.AUTHOR_KEPT_AS_NAME: "没有这位老师的账号，或者同名的不止一位：名字照样留着，本人看不到内容。",
    Reason.CLASS_OF_TODAY: "这是以前学年的事，按孩子现在的班级对上的。请看一眼是不是同一个人。",
    Reason.SPECIAL_KIND_UNKNOWN: "看不出是哪一类四特，或者学校已经不用这一类。请改成“设置”里四特类别的叫法。",
    Reason.SPECIAL_DIFFERS: "和现在登记的合不上：等级、起止日子或还算不算不一样。没有改，请核对后在孩子的一页改。",
    Reason.SPECIAL_DAYS_MISSING: "写了已经解除，可是发现时间或更新日期没有写全。请补上从哪天到哪天。",
    Reason.SPECIAL_LEVEL_UNREADABLE: "看不出是几级，先不定级收下，原来的字写在依据里。请在孩子的一页定级。",
    Reason.SPECIAL_DAY_MONTH: "发现时间只写到月，按那个月 1 日收下。",
    Reason.SPECIAL_DAY_TODAY: "没有写发现时间，按今天登记。",
    Reason.SPECIAL_KEPT: "已经登记着这一类，日子或表现写得不一样：登记的留着，没有改。",
    Reason.HELPER_MISSING: "没有写帮扶人，或者读不出名字。请补上帮扶人的姓名。",
    Reason.SEVERAL_HELPERS: "一格里写了几个帮扶人。请一个帮扶人写一行。",
    Reason.ROLE_UNKNOWN: "看不出帮扶人是什么身份。请写成导师、代理家长、爱心妈妈、志愿者、学习帮手这样的一种。",
    Reason.PAIR_DAY_UNREADABLE: "结对的日期没有写，或读不出来。请写成“2026-09-10”，起止写成“2026-09-10至2027-01-20”。",
    Reason.END_BEFORE_START: "结束时间早于结对时间。请核对两个日期。",
    Reason.PAIR_TAKEN: "那段时间这个孩子已经有一位这种身份的帮扶人。请核对起止；换人的，请先写明前一位的结束时间。",
    Reason.PAIR_DIFFERS: "这一对已经登记着，结束时间写得不一样。没有改，请核对后在“结对帮扶”里改。",
    Reason.HELPER_AMBIGUOUS: "有几位同名的帮扶人，分不清是哪一位。请补上帮扶人电话，再导入这一行。",
    Reason.HELPER_FULL: "这位帮扶人带的孩子已经满了。请换一位，或先在“结对帮扶”里调整最多带几个。",
    Reason.HELPER_LEFT: "这位帮扶人那时已经不再担任。请核对起止，或换一位。",
    Reason.SUBSIDY_MISSING: "爱心守护人没有写补助，照样收下。请核对。",
    Reason.SUBSIDY_FOR_OTHER_ROLE: "不是爱心守护人，却写了补助，照样收下。请核对身份或金额。",
    Reason.SUBSIDY_UNREADABLE: "读不出每学期补助多少，原来的字写在结对内容里。请写成“300”这样，按学期的数写。",
    Reason.STAFF_NO_UNREADABLE: "工号太长了，最多 40 个字。请核对。",
    Reason.STAFF_NO_CONFLICT: "这个工号已经是另一位老师的。请核对两位老师的工号。",
    Reason.STAFF_CLASS_UNREADABLE: "看不出是哪个班。请写成“七（1）班”或“701”，几个班用顿号分开。",
    Reason.STAFF_CLASS_UNKNOWN: "这个学年还没有这个班。请核对，或先到“设置”里加班级。",
    Reason.STAFF_HOMEROOM_TWICE: "这个班的班主任前面已经写了另一位老师。请核对是哪一位。",
    Reason.STAFF_POST_UNKNOWN: "没有这个岗位。请照“岗位与小组”里的名字写，年级组长要写明年级，例如“七年级组长”。",
    Reason.STAFF_POST_TAKEN: "这个岗位只能一个人担任，现在是别人。请先到“岗位与小组”里换人，或把这一格空着。",
    Reason.STAFF_AMBIGUOUS: "有几个同名的账号，分不清是哪一位。请补上工号，再导入这一行。",
    Reason.STAFF_DISABLED: "这位老师的账号停用了。还要用，请先到“账号”里再启用。",
    Reason.STAFF_NOT_YOURS: "这个岗位或这个账号归信息老师管。请信息老师来导入这一行。",
    Reason.STAFF_SAME_NAME: "有同名的老师，按两个人收下了。请核对是不是同一个人。",
    Reason.STAFF_HOMEROOM_REPLACED: "这个班现在另有班主任，导入以后换成这位老师。请看一眼对不对。",
}


_OF_WHAT_STANDS_THERE = {
    Reason.SCORE_MISSING: "写的是“{value}”，读不出分数，总分不全，算不出等级。请对照原始答卷改成数字。",
}


def sentence(reason: Reason, value: str = "") -> str:
    """Say in plain Chinese what is wrong and how to mend it; where it matters, with what stands in the cell."""
    if value and reason in _OF_WHAT_STANDS_THERE:
        return _OF_WHAT_STANDS_THERE[reason].format(value=value)
    return _SENTENCES[reason]
