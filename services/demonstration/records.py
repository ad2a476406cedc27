"""Work records of two school years: talks, visits, calls, and the room's counselling, mostly in time."""

from collections.abc import Mapping
from datetime import date, timedelta

from db.base import new_uid
from db.tables import CareKind, CarePlace, CareRecord, CareRecordWords, NotReached, Role
from services.audit import Action
from services.demonstration.plan import Child, Plan
from services.demonstration.writer import Writer
from services.record_kinds import KINDS, count_parts

IN_CARE, OTHERS = 54, 20  # records a child in two school years: half of what a busy school writes
TRIED = 0.06
WRITTEN_LATER = 3  # days until it is written down, at most
KINDS_OF: Mapping[CareKind, int] = {
    CareKind.TALK: 30,
    CareKind.SHORT_TALK: 14,
    CareKind.CALL: 12,
    CareKind.FAMILY_VIDEO: 12,
    CareKind.HOMEWORK_CHECK: 10,
    CareKind.TUTORING: 6,
    CareKind.HOME_VISIT: 5,
    CareKind.COUNSELLING: 4,
    CareKind.HOMEROOM_EXCHANGE: 3,
    CareKind.GUARDIAN_NOTICE: 2,
    CareKind.WRITTEN_MESSAGE: 1,
    CareKind.AID: 1,
}
_RAISED = (
    "最近睡得晚，上课犯困。",
    "说想爸爸妈妈，上周没有打通电话。",
    "和同桌和好了，愿意一起做值日。",
    "数学跟不上，怕老师点名。",
    "午饭吃得少，说肚子不舒服。",
    "作业按时交了，字也工整。",
    "外婆身体不好，放学要帮着做饭。",
    "周末一个人在家看手机。",
)
_MEASURES = (
    "听完，没有急着讲道理，约好每天中午来坐一会儿。",
    "和任课老师说好，先问会的题。",
    "约了周五晚上视频。",
    "教了三种睡前放松的办法。",
    "一起定了一个小目标，写在本子上。",
    "请同桌一起上学放学。",
)
_EFFECTS = ("走的时候笑了。", "一周以后按时起床。", "还要再看。", "家里答应周末打电话。", "上课举了两次手。")


def fill(plan: Plan, writer: Writer) -> None:
    """Write every child's records, the more the more it needs."""
    days, counsellors, lead = plan.school_days(), plan.of_role(Role.COUNSELLOR), plan.of_role(Role.LEAD)[0]
    kinds, weights = list(KINDS_OF), list(KINDS_OF.values())
    chance = plan.inventor.random
    for child in plan.children:
        since = [day for day in days if day >= child.came_on]
        count = IN_CARE if child.is_left_behind or child.is_special else OTHERS
        for kind in chance.choices(kinds, weights, k=count) if since else ():
            author_id = chance.choice(counsellors).id if KINDS[kind].is_restricted else child.homeroom_id
            _add(plan, writer, child, kind, chance.choice(since), author_id, lead.id)


def _add(plan: Plan, writer: Writer, child: Child, kind: CareKind, day: date, author_id: int, head_id: int) -> None:
    spec, chance = KINDS[kind], plan.inventor.random
    is_done = not (spec.tells_attempt and chance.random() < TRIED)
    at = plan.moment(day)
    recorded_at = min(at + timedelta(days=chance.choice((0, 0, 0, 1, WRITTEN_LATER))), plan.moment(plan.today))
    minutes = spec.minutes or (chance.randrange(10, 60, 5) if "minutes" in spec.fields else None)
    place = spec.place or (CarePlace.OFFICE if "place" in spec.fields else None)
    raised, measures, effect = (chance.choice(each) if is_done else None for each in (_RAISED, _MEASURES, _EFFECTS))
    record_id = writer.add(
        CareRecord,
        entry_uid=new_uid(),
        student_id=child.id,
        kind=kind,
        day=day,
        minutes=minutes,
        place=place,
        channel=spec.channel,
        is_done=is_done,
        not_reached=None if is_done else NotReached.NO_ANSWER,
        parts_filled=count_parts(place, raised, measures, effect),
        author_id=author_id,
        agreed_with_id=head_id if spec.reaches_family else None,
        recorded_at=max(at, recorded_at),
    )
    writer.add(
        CareRecordWords,
        record_id=record_id,
        raised_sealed=raised,
        measures_sealed=measures,
        effect_sealed=effect,
    )
    plan.did(max(at, recorded_at), author_id, Action.RECORD_SAVED, ("care_record", record_id), child.id)
