"""What is wrong with a field, in Chinese: one sentence for each code, saying what to do."""

from collections.abc import Mapping
from datetime import date

from services.errors import Problem
from ui.widget_kinds import FieldKind

# Every code the services give a Problem; in braces the facts it carries. A test finds codes that stand in no line.
SENTENCES: Mapping[str, str] = {
    # any text, date or choice
    "required": "这一项要填。",
    "choice_needed": "请选，至少选一项。",
    "too_long": "太长了：最多 {limit} 字，现在 {length} 字。请删短一些。",
    "future": "{day}还没到。请看看是不是写错了。",
    "too_early": "{day}太早了。请看看是不是写错了。",
    "before_the_check": "这一次排查从{day}算起。更早见的，请再见一次。",
    "before_start": "结束的日子要在开始以后。请改一个。",
    "not_whole": "请写整数，不要小数点。",
    "out_of_range": "没有这个数。请改一个。",
    "unknown_choice": "没有这一项可选。请重新选。",
    "taken": "已经有人用了。请核对，或换一个。",
    "not_less_urgent": "登记时说得更急，关爱室已经按那样办了。要放宽，请告诉关爱室。",
    # accounts and passwords
    "username_shape": "账号用 2 到 40 个小写字母或数字，中间可以有点、横线和下划线；不要空格、汉字和别的符号。",
    "password_too_long": "密码太长了：最多 {limit} 个字母或数字，一个汉字算 3 个。",
    "password_too_short": "密码太短了：至少 {limit} 位。",
    "password_too_easy": "这个密码太好猜。请加上别的字母和数字。",
    "password_wrong": "原来的密码不对。再错 {tries_left} 次，要等一会儿才能再试。",
    "password_same": "和原来的密码一样。请换一个。",
    "password_differs": "两次写的不一样。请再写一遍。",
    # the school
    "term_length": "一个学期有 {days} 天，不合常理。请核对头尾两天。",
    "other_school_year": "这一天不在这个学年里。请核对。",
    "other_term": "这一天不在这个学期里：第一学期秋天开学，第二学期春天开学。请改日子，或换一个学期。",
    "term_exists": "这个学期已经有了。请改原来那一个。",
    "overlaps": "和别的学期重叠了。请核对头尾两天。",
    "one_child_tick": "请先核对是同一个孩子，再打勾。",
    "has_left": "孩子已经转出或毕业，不在这里跟进。请先改学籍状态。",
    "after_noticed": "最后到校不能晚于发现没来的日子（{day}）。请核对。",
    "after_step": "{day}已经做过一步了，发现的日子不能比它晚。请核对。",
    "not_reported": "报过乡镇（街道）或教育局，才能这样结束。请先报，再记下那一步。",
    "too_many_days": "一次最多写 {limit} 天。请分几次写。",
    "period_line": "第 {line} 行看不懂。请写成：第一节 08:00-08:40，时间要两个。",
    "period_ends_first": "第 {line} 行结束比开始早。请核对两个时间。",
    "periods_overlap": "第 {line} 行和前面的重叠了。请核对时间。",
    "too_many_periods": "一天最多写 30 行。请从第 {line} 行起删掉。",
    "beyond_bounds": "可以填 {least} 到 {most} {unit}。请改一个。",
    "asked_already": "这个孩子在这几天已经申请过同样的了，请看下面的“免做和另法”。",
    "before_first": "结束的那天在开始之前，请改一个。",
    "in_force_before_today": "最早从今天（{day}）起算，过去的还按过去的算。请改一个。",
    "no_change": "那一天本来就是这个数。请改一个，或不用改。",
    "before_last_switch": "已经定好从{day}起变，不能比它早。请先撤回那一次，或选那一天以后。",
    "timetable_taken": "这一天已经有一份作息了。请改那一份，或换一天。",
    "not_school_day": "{day}不上课。请先在校历里写上这天上课。",
    "not_in_timetable": "这一天用的作息里没有这一种。请重新选。",
    # documents
    "file_empty": "还没有选文件，或文件是空的。请选一份。",
    "file_too_large": "文件超过 20 MB。请压缩图片，或分成几份。",
    "file_unknown": "收 PDF、Word、Excel、PPT、JPG、PNG。请另存成其中一种再选。",
    "file_misnamed": "这个文件打不开：内容和名字对不上，可能坏了。请用原来的软件打开看看，另存一份再选。",
    "file_damaged": "文件打不开，可能坏了。请用原来的软件另存一份再选。",
    "file_macros": "文件里有宏，不能存。请另存成不带宏的，或存成 PDF。",
    "file_password": "文件加了密码，以后没人打得开。请去掉密码再选。",
    # backups
    "group_differs": "第 {place} 组和单子上的不一样。请看着抄好的那张，再写一遍。",
    "folder_not_absolute": "请写完整的位置，例如 /mnt/usb/backup 或 E:\\backup。",
    "folder_missing": "没有找到这个文件夹。请插好盘、连好网络盘，或先建好文件夹。",
    "folder_not_writable": "这个文件夹写不进去。请让运行关爱室的账号能写它。",
    "folder_full": "这块盘只剩 {free} MB，放不下两份备份。请腾出地方，或换一块盘。",
    "folder_inside": "不能放在数据或密钥的文件夹里。请换一块盘上的文件夹。",
    # children
    "not_a_name": "这不像姓名。请写名字本身，不要带符号或公式。",
    "id_format": "证件号要 18 位，最后一位可以是 X。请对照证件再写一遍。",
    "id_checksum": "证件号对不上：有一位写错了。请对照证件再写一遍。",
    "birth_day_differs": "和证件号里的出生日期（{expected}）不一样。请看看哪个写错了。",
    "gender_differs": "和证件号里的性别不一样。请看看哪个写错了。",
    "age": "按这个日期，孩子 {age} 岁，不在上学的年纪。请看看是不是写错了。",
    "code_shape": "学号只用文字、数字和横线。请对照学籍再写一遍。",
    "phone_shape": "电话要是手机号，或带区号的座机，例如 0000-1234567。请核对。",
    "before_entry": "不能早于进这个班或入学的日子（{day}）。",
    "category_open": "这一类现在已经登记着。请改原来那一条。",
    "not_enrolled": "孩子已不在校，不能编班。请先改学籍状态。",
    "no_consent": "家里还没有同意转介。请先在“同意和承诺”里记下；孩子有危险、等不及的，在这里写明为什么。",
    "consent_refused": "家里不同意转介。孩子有危险、等不及的，在这里写明为什么；别的先不转。",
    "exception_needs_danger": "没有家里同意，只有“有危险”才能先转介。请选有危险，或先问家里。",
    "before_consent": "家里是{day}同意的，不能比它早。请核对；当时等不及的，在下面写明为什么。",
    "before_step": "不能早于前一步的日子（{day}）。请核对。",
    "packed_already": "选的孩子里有已经在别的移交包里的。请刷新再选；要重做的，先把那一包作废。",
    "without_archive": "选的孩子里有还没建档的，或者已经不在了。请刷新再选。",
    "before_referred": "不能早于转介的日子（{day}）。请核对。",
    "not_answered_yet": "还没有记对方的回音。请先点“记回音”，或选别的结果。",
    "counselling_refused": "家里从{day}起不同意心理辅导并记录。谈过的请记成谈心谈话；有危险的先救人，告诉负责人。",
    "nobody_left_behind": "这个班没有登记在册的留守孩子。请选全班。",
    "nothing_to_withdraw": "现在没有同意，没有什么可撤回的。请选同意或不同意。",
    "before_last": "不能早于上一次（{day}）。请核对。",
    "outside": "要在 {least} 到 {most} 之间。请核对。",
    "category_gone": "这一类刚才有人结束了，已经不在单子上。请再看一遍，重新交。",
    "required_tick": "请先问过全班，再打勾。",
    "after_change": "不能晚于进新班的日子（{day}）。请改一个。",
    "same_class": "本来就在这个班。",
    "category_overlaps": "这一类以前登记到{day}。请从那天以后写起。",
    "someone": "姓名、电话至少填一项。",
    "too_many_options": "最多 {limit} 种。请先改掉不再用的。",
    "kind_retired": "这一类学校已经不用了。请选别的，或先到“设置”里恢复。",
    "no_account": "学生和家长只写姓名和电话，不用账号。",
    "ask_first": "请先问过本人（学生还要问家长）愿不愿意，再打勾。",
    "tier_stays": "最轻的一级要留着，上面至少还要有一级。请只改名称。",
    "before_last_tier": "最近一次是{day}定的，不能写在它前面。请改日子。",
    "level_stays": "等级固定三级，只能改名称。",
    "from_list": "困境的种类请从名单里选，不要自己写。",
    "guardian_age": "年龄要在 {low} 到 {high} 岁之间。请核对，不知道就空着。",
    "no_such_parent": "联系卡上没有这位家长，或已去世、失去联系。请先写上面的姓名，或另选一位监护人。",
    "parent_elsewhere": "监护人就是父亲或母亲时，姓名和电话写在上面，这里请空着。",
    "held_already": "这个孩子的记录已经写明要留着。",
    # lists from outside
    "nobody_here": "勾了没对上的人，登记不了。请去掉勾，或定成“不是我们的学生”。",
    "register_changed": "名册后来已经改过，和您看到的“我们是”不一样了。",
    "is_ours": "这些孩子在名册里。只有名单上多出来的，才能定成“不是我们的学生”。",
    # posts and groups
    "same_person": "自己不能给自己代。请换一个人。",
    "too_far_off": "年份要在 {first} 到 {last} 之间。请看看是不是写错了。",
    "too_far": "{day}太远了，最多一年以内。请看看是不是写错了。",
    "absence_overlaps": "这几天已经有人代了。请先看看下面的代理，或改日子。",
    "before_post": "不能早于上任的日子（{day}）。请改一个。",
    "post_ended": "到{day}已经不任了。请刷新看看现在是谁。",
    "already_member": "已经以这个身份在小组里了。请换一个人或换一个身份。",
    "one_of_both": "本校老师和校外的人只写一个。请清掉一个。",
    "staff_only": "这个身份要由有账号的老师来担任。请换一个身份，或选一位老师。",
    # pairs and helpers
    "helper_kind": "这种结对不能由“{kind}”来做。请换一位帮扶人，或换一种结对。",
    "love_mother": "爱心妈妈要由女老师、女帮扶人来做。请换一位，或换一种结对。",
    "helper_account_closed": "这位老师的账号停用了。请换一位。",
    "before_helper": "不能早于这位帮扶人登记的日子（{day}）。请改日子，或先改帮扶人的开始日子。",
    "helper_left": "这位帮扶人到{day}就不再担任了。请换一位。",
    "helper_not_vetted": "志愿者要先审核，才能带孩子。请先在“帮扶人”里记下审核的日子。",
    "helper_untrained": "这位帮扶人的培训到{day}就过期了。请先培训，在“帮扶人”里改有效期。",
    "helper_not_paired": "{day}这位帮扶人没有和这里的每个孩子结对。请看看日期，或另选一位。",
    "helper_full": "这位帮扶人最多同时带 {capacity} 个孩子，已经有 {count} 个。请换一位，或先改能带几个。",
    "helper_there": "这位老师已经登记为帮扶人了。请在单子里找，直接改。",
    "helper_no_teacher": "这个账号没有教师的身份，看不到孩子。请信息老师先给“导师”身份。",
    "fewer_than_children": "现在已经带着（或说好要带）{count} 个孩子，不能改得更少。请先转交几个。",
    "after_first_pair": "第一次结对从{day}开始，登记的日子不能比它晚。",
    "has_children": "现在还带着孩子，不能撤掉审核。请先把孩子转交给别人。",
    "pair_taken": "这个孩子从{day}起已经有这样的帮扶人：{helper}。请先结束那一对，或换一种结对。",
    "pair_taken_now": "刚才有人给这个孩子结了同样的对。请刷新看一看。",
    "not_here": "孩子已经毕业或转走，不能再结对。",
    "before_pair": "不能早于结对的日子（{day}）。请改一个。",
    "after_agreed_end": "原来说好到{day}为止，不能再往后改。要接着结对，请从那天起新结一对。",
    "pair_changed": "这一对刚才有人改过或结束了。请刷新再看。",
    "same_helper": "不能转给本人。请换一位。",
    "amount_shape": "请写成“300”或“300.50”这样，以元为单位，最多 {most} 元。",
    "pair_not_in_term": "这个学期里没有结这一对。请换一个学期。",
    "subsidy_there_now": "刚才有人登记了这一笔。请刷新看一看。",
    # a child that stays away
    "agreement_needed": "联系家里的，先和关爱室负责人说好，在这里选是谁。已经联系过的，告诉负责人，由负责人记。",
    # work records
    "later_than_now": "还没到这个时间。请核对几点，或哪天。",
    # intake, assessment, conference
    "facts_needed": "请至少写一句看到或听到的事，才能登记。",
    "report_needed": "请打开“已报警”或“已报告教育局”，写上是哪天几点。",
    "child_not_chosen": "请选一个孩子。",
    "child_needed": "请选一个孩子；不知道是谁，就照听到的写下来。",
    "speaker_needed": "请写是谁说的。",
    "too_long_ago": "{day}太久以前了，最多一年。请看看是不是写错了。",
    "after_received": "发现的日子在收到（{day}）以后了。请改一个。",
    "unknown": "没有这个人，或账号停用了。请重新选。",
    "own_name_only": "转介请写自己的名字。替别人登记，请找关爱室。",
    "not_yours": "答复由关爱室来写。请先登记下来。",
    "cannot_take": "这个人接不了：要在用的专职心理教师或负责人；疑似侵害只归负责人。请换一个。",
    "name_too_long": "每个名字最多 {limit} 字，有一个写了 {length} 字。几个人之间请用顿号隔开。",
    "too_few": "集体研讨至少要 {limit} 个人。请再加人。",
    "too_many": "最多写 {limit} 个人。请减几个。",
    "leaders_only": "这件事只有负责人和指定的领导能参加。请换人。",
    "leader_needed": "至少要有一位负责人或指定的领导参加。请加上。",
    "officials_only": "这里只写公安、民政这些办案的人，不写本校老师。请改一改。",
    "before_noticed": "不能早于发现的日子（{day}）。请核对。",
    "planned_past": "这个时间已经过了。还没开的写以后的时间；开过了的，请点“写研讨记录”。",
    "too_few_there": "到会的至少要有 {limit} 个人。请勾上来了的人，或写下还有谁来了。",
    "not_after_today": "{day}已经到了。请选以后的日子。",
    "before_closing": "不能早于结案的日子（{day}）。请核对。",
    "before_held": "不能早于研讨的日子（{day}）。请核对。",
    "too_many_decisions": "一次最多记 {limit} 件。请先存这些，再加别的。",
    # stage summaries and evaluations of the effect
    "before_case": "不能早于开个案的日子（{day}）。请核对。",
    "ends_first": "最后一天比第一天早。请核对两个日子。",
    "next_too_late": "最多隔 {days} 天总结一次，最晚{day}。请改早一些。",
    "summed_up_already": "到{day}已经总结过，日子重叠了。请从那以后写起。",
    "before_worry": "孩子的事是{day}报来的，不能比它早。请核对。",
    "voice_needed": "请至少写一方说了什么。",
    "score_needed": "四个方面至少要有一个分。没问到的空着。",
    "evaluation_exists": "那一天已经有一份了。请改那一份，把这一方加进去。",
    # support plans
    "review_needed": "请定复查的日子，没有复查日期的方案存不了。",
    "review_past": "复查的日子要在今天以后。请改一个。",
    "review_too_late": "按孩子的分级，最晚 {days} 天内（{day}以前）要复查。请改早一些。",
    "goal_needed": "请至少写一个目标。",
    "measure_needed": "请至少写一条措施：做什么，谁做。",
    "too_many_lines": "最多写 {limit} 条。请合并几条，或去掉几条。",
    "before_measure": "不能早于这条措施开始的日子（{day}）。请核对。",
    "before_called": "不能早于召集的日子（{day}）。请核对。",
}


# What is said instead of "required" where nothing can be typed.
REQUIRED: Mapping[FieldKind, str] = {
    FieldKind.TYPED: SENTENCES["required"],
    FieldKind.CHOSEN: "这一项请选一个。",
    FieldKind.CHOSEN_SEVERAL: SENTENCES["choice_needed"],
    FieldKind.TICKED: "这一项请打勾。",
}


def problem_sentence(problem: Problem, kind: FieldKind = FieldKind.TYPED) -> str:
    """Return what to write under a field of a kind."""
    if problem.code == "required":
        return REQUIRED[kind]
    sentence = SENTENCES.get(problem.code, "这一项没填对。请改好再试一次。")
    try:
        return sentence.format_map({name: _written(fact) for name, fact in problem.facts.items()})
    except KeyError:  # a fact the sentence asks for wasn't given; better short than none
        return "这一项没填对。请改好再试一次。"


def _written(fact: object) -> str:
    if isinstance(fact, date):
        return f"{fact.year}年{fact.month}月{fact.day}日"
    return f"{fact:,}" if isinstance(fact, int) and not isinstance(fact, bool) else str(fact)
