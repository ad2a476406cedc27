"""Refusals in Chinese: what is wrong and how to mend it. Errors carry facts, the sentences stand here."""

from datetime import date
from functools import singledispatch

from pydantic import ValidationError

from services import (
    accounts,
    bell_times,
    carrying_over,
    check_kinds,
    check_rounds,
    closings,
    complete_years,
    conferences,
    documents,
    drop_outs,
    file_kinds,
    groups,
    handovers,
    list_decisions,
    list_handouts,
    list_receipts,
    merges,
    paper,
    parameter_versions,
    plans,
    posts,
    retention,
    setup,
    sign_in,
    staff_imports,
    staff_reissues,
    student_imports,
    term_entries,
    tiers,
    warning_groups,
    year_changes,
    year_undoing,
)
from services.assessments import ChildUnknown
from services.case_stages import CaseClosed
from services.drafts import DraftTooLarge
from services.errors import (
    CrossedEachOther,
    DomainError,
    EditedMeanwhile,
    FieldErrors,
    NotAllowed,
    NotFound,
    NotPledged,
)
from services.imports import previews
from services.imports.undoing_records import RecordsAmended
from services.imports.undoing_results import ResultsFollowedUp
from services.intake import AlreadyRegistered
from services.outward_letters import ConsentGone
from services.outward_referrals import OutwardEnded
from services.pairing.confirming import NothingChosen, PairsRefused
from services.pairing.helpers import HelperHasChildren
from services.pairing.pairs import HandOverRefused, PairEnded
from services.pairing.proposals import TooManyChildren
from services.pairing.subsidies import SubsidyPaid, SubsidyTakenBack
from services.records import AlreadyRecorded, RecordWithdrawn
from services.referral_moves import CannotMerge
from services.referrals import IllegalMove, MustBeAssessed, StoppedForProtection
from services.regulations.excuses import NobodyToExcuse
from services.screening import rounds
from services.screening.known import ScalesUnusable
from ui.problems import SENTENCES, problem_sentence
from ui.states import REFERRAL

NAMED = 5
CANNOT_BE_SEEN = "这里看不了：没有这一条，或不归您看。有事请找关爱室负责人。"


@singledispatch
def explain(error: Exception) -> str:
    """Return the sentence for a refusal. Each area registers its own: `@explain.register`."""
    raise TypeError(f"no sentence for {type(error).__qualname__}") from error


def explain_alone(error: Exception) -> str:
    """Return the sentence where no form stands by that could show both versions of a conflict."""
    if isinstance(error, EditedMeanwhile):
        return f"{error.edited_by or '别人'}刚改过这一条，这一步没有做。下面是现在的样子，看过再做。"
    return explain(error)


@explain.register
def _domain(_error: DomainError) -> str:
    """What is said when a class has no sentence of its own; a test keeps this from happening."""
    return "没有存上。请看看填的内容，改好再试一次。"


@explain.register
def _validation(_error: ValidationError) -> str:
    return "没有存上：有的地方没填对。请看标红的几处，改好再试一次。"


@explain.register
def _field_errors(error: FieldErrors) -> str:
    return f"没有存上：有 {len(error.problems)} 处要改。写的字还在，请看标红的地方。"


@explain.register
def _edited_meanwhile(error: EditedMeanwhile) -> str:
    return f"{error.edited_by or '别人'}刚改过这一条。两份都在下面，请选一份，或合起来再存。"


@explain.register
def _crossed(_error: CrossedEachOther) -> str:
    return "没有存上：刚才有人正在改同一个孩子，或同一份名单。写的字都还在，请再按一次。"


@explain.register
def _not_found(_error: NotFound) -> str:
    return CANNOT_BE_SEEN


@explain.register
def _not_allowed(_error: NotAllowed) -> str:
    return "这件事不归您的岗位办。有事请找关爱室负责人。"


@explain.register
def _not_pledged(_error: NotPledged) -> str:
    return "这学年的保密承诺还没有签。请重新打开这一页，看过承诺再继续。"


@explain.register
def _post_taken(error: posts.PostTaken) -> str:
    return f"没有存上：{error.holder}从{_day(error.from_day)}起任这个岗位。请刷新看看，再从现在的人那里接过来。"


@explain.register
def _held_by_role(_error: posts.HeldByRole) -> str:
    return "这个岗位跟着账号走。请到“账号”里给这个人加上岗位。"


@explain.register
def _carried_meanwhile(error: carrying_over.CarriedMeanwhile) -> str:
    names = "、".join(error.labels[:NAMED]) or "有的岗位或小组"
    return f"没有接着任，一处都没有改：{names}刚有人动过。请关上，看看现在还剩哪些，再勾。"


@explain.register
def _group_exists(_error: groups.GroupExists) -> str:
    return "这个小组已经有了。请刷新，在原来那一个里加人。"


@explain.register
def _head_taken(error: groups.HeadTaken) -> str:
    return f"没有存上：{error.name or '别人'}现在是组长。请刷新看看，再换组长。"


@explain.register
def _wrong_password(error: sign_in.WrongPassword) -> str:
    missed = error.missed
    if missed.wait_seconds:
        return f"账号或密码不对。试的次数多了，请过 {_waiting_time(missed.wait_seconds)}再试。"
    return f"账号或密码不对。再错 {missed.tries_left} 次，要等一会儿才能再试。"


@explain.register
def _too_many_tries(error: sign_in.TooManyTries) -> str:
    return f"试的次数多了，请过 {_waiting_time(error.wait_seconds)}再试。"


@explain.register
def _account_disabled(_error: sign_in.AccountDisabled) -> str:
    return "这个账号停用了。还要用，请找学校信息老师。"


@explain.register
def _first_passwords_meanwhile(_error: staff_reissues.FirstPasswordsMeanwhile) -> str:
    return "没有做：刚刚有人换了密码或改过账号。请点“留着”，看看还剩几个人，再发。"


@explain.register
def _password_reset_meanwhile(_error: accounts.PasswordResetMeanwhile) -> str:
    return "密码刚被重设过，请用新的第一次密码登录。"


@explain.register
def _last_administrator(_error: accounts.LastAdministrator) -> str:
    return "这是最后一个信息老师账号。请先给另一个人这个岗位，再改这一个。"


@explain.register
def _own_account(_error: accounts.OwnAccount) -> str:
    return "自己的账号不能这样改。请别的信息老师来办。"


@explain.register
def _already_claimed(_error: setup.AlreadyClaimed) -> str:
    return "这里已经有人设好了。请直接登录。"


@explain.register
def _wrong_claim_code(error: setup.WrongClaimCode) -> str:
    missed = error.missed
    if missed.wait_seconds:
        return f"启用码不对。试的次数多了，请过 {_waiting_time(missed.wait_seconds)}再试。"
    if not missed.tries_left:
        return "启用码已经换了。请看服务器屏幕上最新的那一个。"
    return f"启用码不对。请对照服务器屏幕再填一遍，再错 {missed.tries_left} 次，要等一会儿才能再试。"


@explain.register
def _password_needed(_error: sign_in.PasswordNeeded) -> str:
    return "隐藏超过 5 分钟了，请输入密码再回来。"


@explain.register
def _conference_held(_error: conferences.ConferenceHeld) -> str:
    return "研讨已经记下开过了，时间和人不能再改。要改谁来了、说了什么，请点“改记录”。"


@explain.register
def _nobody_to_close(_error: closings.NobodyToClose) -> str:
    return "没有提出去：结案要第二个人同意，现在没有别人能同意。请先在“岗位与小组”里定“第二个人”。"


@explain.register
def _closing_waits(_error: closings.ClosingWaits) -> str:
    return "已经提出过结案，在等第二个人答复。要改，请先撤回那一次。"


@explain.register
def _closing_outdated(_error: closings.ClosingOutdated) -> str:
    return "没有结案：提出以后又有了没做完的事。请选“不同意”写一句，让他看过清单再提。"


@explain.register
def _case_closed(_error: CaseClosed) -> str:
    return "没有存上：这件个案已经结案，不能再写进去。要接着做，请先打开个案，点“重开”。"


@explain.register
def _plan_waits(_error: plans.PlanWaits) -> str:
    return "方案已经提交，在等点头。要接着改，先到方案里点“收回来改”。"


@explain.register
def _own_template(error: paper.OwnTemplateBroken) -> str:
    return f"学校自己的模板 {error.name} 用不了：不是 Word 文件，或双花括号里的名称断开了。请信息老师换回原来的模板。"


@explain.register
def _preview_overtaken(_error: previews.PreviewOvertaken) -> str:
    return "没有导入：刚才有人改过，结果会和您看到的不一样。请按新的预览再确认一次。"


@explain.register
def _stale_preview(_error: student_imports.StalePreview) -> str:
    return "没有导入：刚才有人改了名册，结果会和您看到的不一样。请按新的预览再确认一次。"


@explain.register
def _stale_staff(_error: staff_imports.StaleStaffPreview) -> str:
    return "没有导入：刚才有人改了账号、班级或岗位，结果会和您看到的不一样。请按新的预览再确认一次。"


@explain.register
def _undo_blocked(error: student_imports.UndoBlocked) -> str:
    if not error.rows:
        return "这次导入撤不回了，什么都没有动：里面的资料已经用上了。要改哪个孩子，请直接改名册。"
    names = "、".join(row.name for row in error.rows[:NAMED])
    more = f"等 {len(error.rows)} 个孩子" if len(error.rows) > NAMED else ""
    return f"这次导入撤不回了，什么都没有动：{names}{more}有人改过。请直接改这些孩子的资料。"


@explain.register
def _results_followed_up(error: ResultsFollowedUp) -> str:
    names = "、".join(row.name for row in error.rows[:NAMED])
    more = f"等 {len(error.rows)} 个孩子" if len(error.rows) > NAMED else ""
    return f"这次导入撤不回了，什么都没有动：{names}{more}的结果已经有人面谈过、定过级或接过手。"


@explain.register
def _records_amended(error: RecordsAmended) -> str:
    names = "、".join(row.name for row in error.rows[:NAMED])
    more = f"等 {len(error.rows)} 个孩子" if len(error.rows) > NAMED else ""
    return f"这次导入撤不回了，什么都没有动：{names}{more}的记录有人改过、作废过或正在改。要改哪一条，请打开那一条。"


@explain.register
def _scales_unusable(error: ScalesUnusable) -> str:
    return f"{error.sentence}。请信息老师改好，或从 scales 文件夹里拿掉这个文件。"


@explain.register
def _round_there(_error: rounds.RoundThere) -> str:
    return "这学期这个量表已经有一轮了。请直接往这一轮里导入结果。"


@explain.register
def _round_empty(_error: rounds.RoundEmpty) -> str:
    return "这一轮还没有一份结果，没什么可结束的。请先导入结果。"


@explain.register
def _replaced_meanwhile(_error: documents.ReplacedMeanwhile) -> str:
    return "这一份上面已经有更新的一版了。请刷新，看最新的那一版。"


@explain.register
def _file_refused(error: file_kinds.FileRefused) -> str:
    return SENTENCES[f"file_{error.reason.value}"]


@explain.register
def _helper_has_children(error: HelperHasChildren) -> str:
    return f"这个人还带着 {error.count:,} 个孩子。请先交给别人，或把结对结束，再写他离开。"


@explain.register
def _nobody_to_excuse(_error: NobodyToExcuse) -> str:
    return "现在没有人能答复：您自己不能点头。请先在“岗位与小组”里定第二个人，再来申请。"


@explain.register
def _pair_ended(_error: PairEnded) -> str:
    return "这一对已经结束了，改不了。要再结，请重新结一对。"


@explain.register
def _subsidy_paid(_error: SubsidyPaid) -> str:
    return "这一笔已经发了，改不了。发错了，请先收回，写明原因，再重新登记。"


@explain.register
def _subsidy_taken_back(_error: SubsidyTakenBack) -> str:
    return "这一笔已经收回了。要补，请重新登记。"


@explain.register
def _hand_over_refused(error: HandOverRefused) -> str:
    return f"一个都没有交：有 {len(error.problems):,} 对现在交不了，标红的地方写着为什么。请换一个人，再交一次。"


@explain.register
def _already_in_force(_error: parameter_versions.AlreadyInForce) -> str:
    return "这一次改动已经开始算了，撤不回。要改回去，请再写一次，从今天起算。"


@explain.register
def _nothing_entered(error: complete_years.NothingEntered) -> str:
    return f"{error.year} 年一天放假都还没写。请先在校历里写上放假的日子，再说写齐了。"


@explain.register
def _already_complete(error: complete_years.AlreadyComplete) -> str:
    return f"{error.name or '别人'}刚确认过 {error.year} 年写齐了，不用再确认。请关上看看。"


@explain.register
def _bells_in_use(error: bell_times.BellsInUse) -> str:
    days = "、".join(f"{day.month}月{day.day}日" for day in error.days[:NAMED])
    more = f"等 {len(error.days)} 天" if len(error.days) > NAMED else ""
    return f"没有删：{days}{more}按这一种上课。请先在“哪天不一样”里把它们去掉。"


def _day(value: date) -> str:
    return f"{value.year}年{value.month}月{value.day}日"


def _waiting_time(seconds: int) -> str:
    return f"{seconds} 秒" if seconds < 60 else f"{-(-seconds // 60)} 分钟"


@explain.register
def _illegal_move(error: IllegalMove) -> str:
    now = REFERRAL[error.from_state.value].word
    return f"这件受理现在是“{now}”，这一步做不了。请刷新看看它到了哪一步。"


@explain.register
def _must_be_assessed(_error: MustBeAssessed) -> str:
    return "还不能就此结束：着急的、有危险的事，答复以后还要评估。请关掉“事情到此解决”，再保存。"


@explain.register
def _stopped(_error: StoppedForProtection) -> str:
    return "先停一停：这个孩子的事，对家长和其他人的告知由关爱室负责人决定。请先找负责人。"


@explain.register
def _already_registered(_error: AlreadyRegistered) -> str:
    return (
        "没有存上：这一份已经登记过了，和那时写的不一样。写的字还在；"
        "要改，请到受理清单里打开那一件；那里没有“改一改”的，请告诉关爱室。要标疑似侵害，请马上找关爱室负责人。"
    )


@explain.register
def _cannot_merge(_error: CannotMerge) -> str:
    return "合并不了：只有同一个孩子、还没办完的受理才能合在一起。"


@explain.register
def _child_unknown(_error: ChildUnknown) -> str:
    return "还不知道是哪个孩子。请先在受理清单里认出孩子，再转成个案。"


@explain.register
def _draft_too_large(_error: DraftTooLarge) -> str:
    return "写得太长，草稿存不下了。请先保存，或删短一些。"


@explain.register
def _already_changed(error: year_changes.AlreadyChanged) -> str:
    who = f"，由{error.done.made_by}确认" if error.done and error.done.made_by else ""
    return f"这个学年已经升过了{who}，没有再升一次。请关上，刷新看看。"


@explain.register
def _plan_changed(_error: year_changes.PlanChanged) -> str:
    return "没有升：刚才有人改了名册，结果会和您看到的不一样。请关上，再看一遍各班的人数。"


@explain.register
def _nothing_to_move(_error: year_changes.NothingToMove) -> str:
    return "上一学年的班里已经没有孩子，没有什么要升的。"


@explain.register
def _year_undo_blocked(error: year_undoing.YearUndoBlocked) -> str:
    names = "、".join(error.names[:NAMED])
    more = f"等 {len(error.names)} 个孩子" if len(error.names) > NAMED else ""
    return (
        f"撤不回了，什么都没有动：{names}{more}升上来以后又换过班、改过学籍，或者“控辍保学”里写明了后来怎样。"
        "请直接改这些孩子的班级。"
    )


@explain.register
def _comparison_changed(_error: merges.ComparisonChanged) -> str:
    return "没有合并：刚才有人改了其中一份。下面是现在的样子，请再看一遍。"


@explain.register
def _merge_refused(error: merges.MergeRefused) -> str:
    return "没有合并：" + "".join(each.label for each in error.reasons)


@explain.register
def _already_recorded(_error: AlreadyRecorded) -> str:
    return "这一张已经存过了，和现在写的不一样。请到孩子的“工作记录”里打开那一条，再改。"


@explain.register
def _record_withdrawn(_error: RecordWithdrawn) -> str:
    return "没有存上：这条记录已经作废，不能再改。请另记一条。"


@explain.register
def _already_followed(_error: drop_outs.AlreadyFollowed) -> str:
    return "这个孩子已经登记过没来上学，正有人跟进。请关上，接着那一件写。"


@explain.register
def _drop_out_ended(_error: drop_outs.DropOutEnded) -> str:
    return "这一件已经结束，不能再改。孩子又没来，请另登记一次。"


@explain.register
def _children_changed(_error: handovers.ChildrenChanged) -> str:
    return "做的时候，有孩子的档案合并了、清掉了，或者别人先做进了另一个移交包，这一份没有留下。请刷新，再做一次。"


@explain.register
def _handover_over(_error: handovers.HandoverOver) -> str:
    return "这一份已经有回执，或者作废了，不能再改。"


@explain.register
def _may_not_leave(_error: handovers.MayNotLeave) -> str:
    return "做好以后，有的家里收回了移交辅导内容的同意，或者有的事标了疑似侵害，这一份不能再交。请作废，重新做一份。"


@explain.register
def _package_gone(_error: handovers.FileGone) -> str:
    return "这个文件已经不在这里了（最多留 30 天）。还要的话，作废这一份，重新做一份。"


@explain.register
def _consent_gone(_error: ConsentGone) -> str:
    return "家里现在不同意转介，不再写转介信。问到了同意，在孩子的“同意和承诺”里记下再来。"


@explain.register
def _outward_ended(_error: OutwardEnded) -> str:
    return "这次转介已经结束，不能再改。孩子又要转介，请另登记一次。"


@explain.register
def _round_opened(_error: check_rounds.RoundOpened) -> str:
    return "这一次的排查已经开始了。请刷新看看。"


@explain.register
def _no_term(_error: check_kinds.NoTerm) -> str:
    return "还没有写学期的起止日子，排查不知道算哪个学期。请先到“设置”里加上学期。"


@explain.register
def _nothing_due(_error: retention.NothingDue) -> str:
    return "现在没有到期要清理的记录。"


@explain.register
def _due_changed(_error: retention.DueChanged) -> str:
    return "没有做：看过以后又有新的记录、年限改过，或有孩子要留着。请撤回，按现在的再请一次。"


@explain.register
def _no_second_person(_error: retention.NoSecondPerson) -> str:
    return "没有第二个人能点头：请先在“岗位与小组”里给“第二个人”定一位领导、负责人或信息老师，不能是请的人自己。"


@explain.register
def _nobody_to_agree(_error: tiers.NobodyToAgree) -> str:
    return "没有存上：从最重的两级降下来要第二个人同意，现在没有别人能同意。请先在“岗位与小组”里定“第二个人”。"


@explain.register
def _group_stands(_error: warning_groups.GroupStands) -> str:
    return "这个孩子已经有小组了。请刷新，打开它。"


@explain.register
def _not_key_child(_error: warning_groups.NotKeyChild) -> str:
    return "没有成立：小组是给最重的两级的孩子的。请先定等级。"


@explain.register
def _request_waits(_error: tiers.RequestWaits) -> str:
    return "没有存上：已经有一次降级在等第二个人同意。要改，请先撤回那一次。"


@explain.register
def _run_open(_error: retention.RunOpen) -> str:
    return "已经有人请过了，还在等点头。请刷新看看。"


@explain.register
def _already_received(error: list_receipts.AlreadyReceived) -> str:
    return f"这份名单{_day(error.day)}已经收过了，什么都没有改。请到“名单核对”里打开那一份。"


@explain.register
def _stale_comparison(_error: list_receipts.StaleComparison) -> str:
    return "没有收：刚才有人改了名册，差别会和您看到的不一样。请看过新的，再收一次。"


@explain.register
def _nothing_read(_error: list_receipts.NothingRead) -> str:
    return "还没有读到名单。请先选一份表格。"


@explain.register
def _decided_meanwhile(error: list_decisions.DecidedMeanwhile) -> str:
    who = next((row.decided_by for row in error.rows if row.decided_by), None) or "别人"
    names = "、".join(dict.fromkeys(row.name for row in error.rows[:NAMED]))
    return f"{who}刚定过{names}，这一次什么都没有改。请关上，看看现在还剩哪些，再勾。"


@explain.register
def _cannot_adopt(error: list_decisions.CannotAdopt) -> str:
    why = problem_sentence(error.problem) if error.problem else "我们的登记已经变了。"
    return f"没有改，一处都没有：{error.name}照不了名单。{why}请去掉这个勾再定，或到孩子的档案里改。"


@explain.register
def _nobody_to_give(_error: list_handouts.NobodyToGive) -> str:
    return "现在没有孩子登记在这一类，没有名单可给。"


@explain.register
def _entries_changed(error: term_entries.EntriesChanged) -> str:
    names = "、".join(row.name for row in error.rows[:NAMED])
    more = f"等 {len(error.rows)} 个孩子" if len(error.rows) > NAMED else ""
    return f"没有存上：别人刚改过{names}{more}。两份都在下面，请选一份。"


@explain.register
def _pairs_refused(error: PairsRefused) -> str:
    return f"一对都没有写：有 {len(error.problems)} 处现在不行，都列在下面。改好再确认。"


@explain.register
def _nothing_chosen(_error: NothingChosen) -> str:
    return "一对都没有写：没有给哪个孩子选人。请至少选一个。"


@explain.register
def _too_many_children(error: TooManyChildren) -> str:
    return f"有 {error.count:,} 个孩子要找人，一次最多比较 {error.most:,} 个。请选一个年级，一个一个来。"
