"""Archives and tiers of two school years: begun for nearly everybody, some children in a tier for a while."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import select

from db.tables import (
    ArchiveLook,
    PsychArchive,
    Role,
    Tier,
    TierChange,
    TierState,
    WarningGroup,
    WarningMember,
    WarningRole,
)
from services import clock
from services.audit import Action
from services.demonstration.plan import Child, Plan
from services.demonstration.writer import Writer

WITH_ARCHIVE = 0.97
IN_CARE, OTHERS = 0.4, 0.04  # share of children who stood in a tier above the ordinary one at some time
PEAKS = {1: 70, 2: 24, 3: 6}
DAYS_IN = {1: (50, 140), 2: (28, 60), 3: (10, 30)}
REVIEW_EVERY = {1: 30, 2: 14, 3: 7}
FORGOTTEN = 0.12
WITH_GROUP = 0.8
BEGUN = "建档时了解过，没有要特别关注的。"
_UP = {
    1: ("两周没交作业，问起来只说困，家里没人管。", "和同学闹翻以后一个人吃饭，已经一周。", "爸爸出去打工以后话少了。"),
    2: (
        "说活着没意思，没有打算也没有做过什么；已告诉家里。",
        "医院诊断中度抑郁，按医嘱吃药。",
        "手臂上有旧的划痕，愿意谈。",
    ),
    3: ("写了告别的话，说想好了怎么做；不让一个人待着，家里已接到。", "周末吞了药，送医，已脱离危险。"),
}
_STAYS = ("还是睡不好，先不动。", "这周平稳，再看一次。", "愿意来谈了，情绪还有起伏。")
_DOWN = ("连着三次谈话都平稳，家里也这么说。", "复诊说好转，药减了。", "按时上学，和同学一起玩了。")


@dataclass
class _History:
    """One child's changes while they are being written."""

    plan: Plan
    writer: Writer
    child: Child
    tier_ids: dict[int, int]
    author_id: int
    head_id: int
    number: int = 0

    def add(self, day: date, rank: int, reason: str, *, agreed: bool = False) -> None:
        at = self.plan.moment(day)
        self.number += 1
        change_id = self.writer.add(
            TierChange,
            student_id=self.child.id,
            number=self.number,
            follows=self.number - 1,
            tier_id=self.tier_ids[rank],
            from_day=day,
            reason_sealed=reason,
            author_id=self.author_id,
            recorded_at=at,
            state=TierState.STANDING,
            decided_by_id=self.head_id if agreed else None,
            decided_at=at if agreed else None,
        )
        who = self.head_id if agreed else self.author_id
        action = Action.TIER_AGREED if agreed else Action.TIER_SET
        self.plan.did(at, who, action, ("tier_change", change_id), self.child.id)

    def ask(self, at: datetime, rank: int, reason: str) -> None:
        change_id = self.writer.add(
            TierChange,
            student_id=self.child.id,
            follows=self.number,
            tier_id=self.tier_ids[rank],
            from_day=clock.local(at).date(),
            reason_sealed=reason,
            author_id=self.author_id,
            recorded_at=at,
            state=TierState.WAITING,
        )
        self.plan.did(at, self.author_id, Action.TIER_ASKED, ("tier_change", change_id), self.child.id)


def fill(plan: Plan, writer: Writer) -> None:
    """Write every child's archive and tier, and one lowering that waits for the head."""
    tier_ids = {rank: tier_id or 0 for rank, tier_id in writer.session.exec(select(Tier.rank, Tier.id)).all()}
    counsellors, head = plan.of_role(Role.COUNSELLOR), plan.of_role(Role.LEAD)[0]
    chance, waits = plan.inventor.random, False
    for child in plan.children:
        if not plan.inventor.chance(WITH_ARCHIVE):
            continue
        author_id = chance.choice(counsellors).id
        history = _History(plan, writer, child, tier_ids, author_id, head.id)
        begun = min(max(child.came_on, plan.first_day) + timedelta(days=chance.randrange(0, 25)), plan.today)
        _begin(plan, writer, child, author_id, begun)
        history.add(begun, 0, BEGUN)
        in_care = child.is_left_behind or child.is_special
        if plan.inventor.chance(IN_CARE if in_care else OTHERS):
            now = _go_through(plan, history, begun)
            if now >= 2 and not waits:
                waits = True
                history.ask(plan.moment(plan.today), now - 1, chance.choice(_DOWN))
            if now >= 2 and plan.inventor.chance(WITH_GROUP):
                _add_group(plan, writer, child, author_id)


def _begin(plan: Plan, writer: Writer, child: Child, author_id: int, day: date) -> None:
    at = plan.moment(day)
    archive_id = writer.add(PsychArchive, student_id=child.id, opened_on=day, opened_by_id=author_id, recorded_at=at)
    plan.did(at, author_id, Action.ARCHIVE_OPENED, ("psych_archive", archive_id), child.id)
    looked = date(plan.school_year, 9, 15)
    if day < looked <= plan.today:
        writer.add(
            ArchiveLook, archive_id=archive_id, day=looked, looked_by_id=author_id, recorded_at=plan.moment(looked)
        )


def _add_group(plan: Plan, writer: Writer, child: Child, author_id: int) -> None:
    """Set a group up around a key child; of some one role is still missing (G-07)."""
    chance, inventor = plan.inventor.random, plan.inventor
    day = max(plan.today - timedelta(days=chance.randrange(1, 20)), child.came_on)
    at = plan.moment(day)
    group_id = writer.add(WarningGroup, student_id=child.id, from_day=day, founded_by_id=author_id, recorded_at=at)
    plan.did(at, author_id, Action.WARNING_FOUNDED, ("warning_group", group_id), child.id)
    teachers = [person.id for person in plan.of_role(Role.SUBJECT_TEACHER, Role.MENTOR)]
    others = chance.sample(teachers, k=min(2, len(teachers)))
    seats: list[tuple[WarningRole, int | None]] = [
        (WarningRole.HOMEROOM, child.homeroom_id),
        (WarningRole.PSYCH_TEACHER, author_id),
        *zip((WarningRole.SUBJECT_TEACHER, WarningRole.PARTY_CADRE), others, strict=False),
        (WarningRole.PEER_OFFICER, None),
        (WarningRole.PARENT, None),
    ]
    if inventor.chance(0.7):
        seats.append((WarningRole.FRIEND, None))
    for role, user_id in seats:
        values = {} if user_id else {"name_sealed": inventor.name(), "phone_sealed": inventor.phone()}
        writer.add(WarningMember, group_id=group_id, role=role, user_id=user_id, from_day=day, recorded_at=at, **values)


def _go_through(plan: Plan, history: _History, begun: date) -> int:
    """Let a child go up and down again, looked at again on the way; return the rank it holds today."""
    chance = plan.inventor.random
    span = (plan.today - begun).days
    if span < 2:
        return 0
    day, rank = begun + timedelta(days=chance.randrange(1, span)), 0
    peak = chance.choices(list(PEAKS), list(PEAKS.values()))[0]
    for rank in range(1, peak + 1):
        history.add(day, rank, chance.choice(_UP[rank]))
        if rank < peak and (day := day + timedelta(days=chance.randrange(2, 20))) > plan.today:
            return rank
    while rank > 0:
        until = day + timedelta(days=chance.randrange(*DAYS_IN[rank]))
        day = _review(plan, history, rank, day, min(until, plan.today))
        if until > plan.today:
            return rank
        history.add(until, rank - 1, chance.choice(_DOWN), agreed=rank >= 2)
        day, rank = until, rank - 1
    return 0


def _review(plan: Plan, history: _History, rank: int, since: date, until: date) -> date:
    """Look at it again in time, mostly; return the last day it was looked at."""
    while (due := since + timedelta(days=REVIEW_EVERY[rank] - plan.inventor.random.randrange(3))) < until:
        if plan.inventor.chance(FORGOTTEN):
            return since
        history.add(due, rank, plan.inventor.random.choice(_STAYS))
        since = due
    return since
