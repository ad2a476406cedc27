"""What stands in the parts of an archive that come from the care work: cases, plans, records, referrals out (F-01)."""

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select

from db.tables import Case, ClosingState, MeasureState, OutwardReferral, Referral, SupportPlan
from services import (
    cases,
    closing_views,
    evaluation_views,
    outward_views,
    plan_views,
    record_views,
    summary_views,
)
from services.access import Permission, allows
from services.archive_contents import Entry, Reading, day_of, entry
from services.case_paper_prints import comparison_words, done_words, head_words, said_words
from services.closing_views import ClosureView
from services.conference_views import ConferenceView
from services.intake_words import DOMAINS, SEVERITIES
from services.outward_views import OutwardView
from services.plan_views import PlanView
from services.record_kinds import KINDS, RESTRICTED, WORDS
from services.record_views import RecordRow, StoredRecord
from services.row_filters import sees_cases, sees_outward, sees_plans

KEPT_BACK = "内容按规定不出示，只写明有过。"


def assessments(reading: Reading) -> tuple[Entry, ...]:
    """The assessment of each case, what its conference found and decided, and how it was closed."""
    found: list[Entry] = []
    for case_id in _case_ids(reading):
        view = cases.find_case(reading.session, reading.actor, case_id=case_id)
        found.append(
            entry(
                f"需求评估　{day_of(view.assessed_at)}", 评估人=view.assessed_by_name,
                程度=SEVERITIES[view.row.severity], 方面="、".join(DOMAINS[each] for each in view.domains),
                性质=view.nature, 打算怎么帮=view.measures, 个案负责人=view.row.owner_name,
            )
        )  # fmt: skip
        if view.conference is not None and view.conference.held_at is not None:
            found.append(_conference(view.conference))
        closing = closing_views.find_closing(reading.session, reading.actor, case_id=case_id)
        agreed = [each for each in reversed(closing.closures) if each.state is ClosingState.AGREED]
        found += [_closure(each) for each in agreed]
    return tuple(found)


def plans(reading: Reading) -> tuple[Entry, ...]:
    """Every plan: what is or last was in force, its goals and measures with what came of them."""
    found: list[Entry] = []
    for view in _plans(reading):
        version = view.current or next((each for each in view.versions if each.in_force_at), None)
        if version is None:
            continue
        state = "有效" if view.current else f"已结束：{version.end_reason or ''}".rstrip("：")
        found.append(
            entry(
                f"{view.kind.label}　第 {version.number} 版，{day_of(version.in_force_at)}起", 负责人=view.owner_name,
                状态=state, 为什么这样帮=version.entry.basis, 复查=day_of(version.entry.review_on),
                **{f"目标 {place}": f"{goal.text or ''}（{goal.sign or ''}）".replace("（）", "")
                   for place, goal in enumerate(version.entry.goals, start=1)},
            )
        )  # fmt: skip
        for measure in view.measures:
            notes = "\n".join(f"{day_of(note.day)} {note.text or ''}" for note in reversed(measure.notes))
            found.append(
                entry(
                    f"措施　{measure.domain.label}", 做什么=measure.text, 谁做=measure.responsible_name,
                    起止=f"{day_of(measure.starts_on)}–{day_of(measure.ends_on)}，{measure.rhythm.label}",
                    进展=notes, 结果=f"{measure.state.label} {measure.outcome or ''}".strip(),
                )
            )  # fmt: skip
    return tuple(found)


def records(reading: Reading) -> tuple[Entry, ...]:
    """Every contact, the oldest first; counselling in words only for who may read it, and outside only if agreed."""
    if not allows(reading.actor, Permission.RECORD_READ):
        return ()
    found = record_views.list_with_words(reading.session, reading.actor, student_id=reading.student_id)
    return tuple(_record(reading, row, stored) for row, stored in found)


def outward(reading: Reading) -> tuple[Entry, ...]:
    """Children referred out: to whom, what came back."""
    return tuple(
        entry(
            f"{day_of(view.row.referred_on)}　转到{view.row.target_kind.label}", 单位=view.stored.target,
            为什么转=view.stored.reason, 回音=view.answer,
            结果=f"{view.row.outcome.label}，{view.ending or ''}" if view.row.outcome else "还在跟进",
        )
        for view in _outward(reading)
    )  # fmt: skip


def summaries(reading: Reading) -> tuple[Entry, ...]:
    """Every stage summary, the oldest first, with what the records say was done (I-04)."""
    return tuple(
        entry(
            f"阶段性总结　{day_of(each.from_on)}–{day_of(each.to_on)}",
            做了什么=done_words(each.done) if each.done is not None else None, 变化=each.changed,
            下一步=each.next_steps, 写的人=each.written_by,
        )
        for case_id in _case_ids(reading)
        for each in reversed(
            summary_views.list_summaries(reading.session, reading.actor, case_id=case_id).summaries
        )
    )  # fmt: skip


def evaluations(reading: Reading) -> tuple[Entry, ...]:
    """Every evaluation voice by voice, and how the first and the last of a case compare (Q-06)."""
    found: list[Entry] = []
    for case_id in _case_ids(reading):
        told = evaluation_views.list_evaluations(reading.session, reading.actor, case_id=case_id).evaluations
        for each in told:
            said = {
                f"{place}. {one.voice.label} {one.who}": said_words(one) for place, one in enumerate(each.said, start=1)
            }
            voices = {} if reading.leaves else said  # who said what stays here; what came of it goes along
            found.append(entry(f"效果评估　{head_words(each)}", **voices, 怎么调整=each.conclusion))
        if changed := comparison_words(told):
            found.append(entry("前后比较", 变化=changed))
    return tuple(found)


def still_to_do(reading: Reading) -> tuple[Entry, ...]:
    """What the next school takes over: the measures that go on, the referrals that are followed (domain.md §7)."""
    if not reading.leaves:
        return ()
    going = [
        f"{each.text or ''}（{each.responsible_name}，{each.rhythm.label}）"
        for view in _plans(reading)
        for each in view.measures
        if each.state is MeasureState.OPEN
    ]
    followed = [
        f"{view.row.target_kind.label} {view.stored.target or ''}".strip()
        for view in _outward(reading)
        if view.row.outcome is None
    ]
    review = day_of(reading.view.row.review_on)
    found = entry("交接时还没做完的", 复核等级=review, 措施="\n".join(going), 转介在跟进="\n".join(followed))
    return (found,) if found.facts else ()


def _record(reading: Reading, row: RecordRow, stored: StoredRecord | None) -> Entry:
    start = f" {row.start_time:%H:%M}" if row.start_time else ""
    title = f"{day_of(row.day)}{start}　{row.kind.label}{'（补录）' if row.is_imported else ''}"
    state = None if row.is_done else f"没做成：{row.not_reached.label if row.not_reached else ''}".rstrip("：")
    around = (row.done_by, row.place.label if row.place else None, f"{row.minutes} 分钟" if row.minutes else None)
    facts = {"记录": "，".join(each for each in around if each), "做成没有": state}
    keeps_back = reading.leaves and row.kind in RESTRICTED and not reading.with_notes
    if stored is None or keeps_back:
        return entry(title, **facts, 内容=KEPT_BACK)
    spec = KINDS[stored.kind]
    return entry(title, **facts, **{spec.label(name): getattr(stored, name) for name in WORDS})


def _conference(view: ConferenceView) -> Entry:
    decisions = "\n".join(f"{each.text or ''}（{each.owner_name}，{each.state.label}）" for each in view.decisions)
    present = "、".join(each.name for each in view.people if each.is_present or not each.is_invited)
    return entry(
        f"集体研讨　{day_of(view.held_at)}", 到会=present, 情况=view.findings, 结论=view.conclusion, 决定=decisions
    )


def _closure(each: ClosureView) -> Entry:
    again = f"{day_of(each.reopened_at)}，{each.reopen_reason or ''}" if each.reopened_at else None
    return entry(
        f"结案　{day_of(each.decided_at)}", 结果=each.outcome.label, 理由=each.reason, 提的=each.asked_by,
        同意的=each.decided_by, 结案后回访=each.follow_up, 重新打开=again,
    )  # fmt: skip


def _stays_here(reading: Reading) -> list[ColumnElement[bool]]:
    """Return what keeps a matter marked 疑似侵害 from leaving; whoever handles it tells who must know."""
    unmarked = or_(col(Referral.id).is_(None), col(Referral.is_suspected_abuse).is_(False))
    return [unmarked] if reading.leaves else []


def _case_ids(reading: Reading) -> list[int]:
    if not allows(reading.actor, Permission.CASE_READ):
        return []
    found = reading.session.exec(
        select(Case.id)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.student_id == reading.student_id, sees_cases(reading.actor), *_stays_here(reading))
        .order_by(col(Case.opened_at), col(Case.id))
    )
    return [each or 0 for each in found]


def _plans(reading: Reading) -> list[PlanView]:
    if not allows(reading.actor, Permission.CASE_READ):
        return []
    ids = reading.session.exec(
        select(SupportPlan.id)
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .where(SupportPlan.student_id == reading.student_id, sees_plans(reading.actor), *_stays_here(reading))
        .order_by(col(SupportPlan.begun_at), col(SupportPlan.id))
    ).all()
    return [plan_views.find_plan(reading.session, reading.actor, plan_id=each) for each in ids]


def _outward(reading: Reading) -> list[OutwardView]:
    if not allows(reading.actor, Permission.OUTWARD_REFER):
        return []
    ids = reading.session.exec(
        select(OutwardReferral.id)
        .join(Case, col(Case.id) == col(OutwardReferral.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .where(OutwardReferral.student_id == reading.student_id, sees_outward(reading.actor), *_stays_here(reading))
        .order_by(col(OutwardReferral.referred_on), col(OutwardReferral.id))
    ).all()
    return [outward_views.find_outward(reading.session, reading.actor, outward_id=each or 0) for each in ids]
