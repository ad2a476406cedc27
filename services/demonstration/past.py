"""Talks of the year before the program, taken in from the school's spreadsheet on the first day: marked 补录."""

from datetime import timedelta

from db.base import new_uid
from db.tables import (
    CareChannel,
    CareKind,
    CarePlace,
    CareRecord,
    CareRecordWords,
    ImportBatch,
    ImportKind,
    Role,
)
from services.audit import Action
from services.demonstration.plan import Plan
from services.demonstration.writer import Writer
from services.record_kinds import count_parts

_OF_EVERY = 3  # of so many children in care one stands in the old spreadsheet
_TALKED = ("换了班，常常一个人坐着。", "说想爸爸妈妈，约好周末视频。", "作业交得晚，和家里说好了时间。")


def fill(plan: Plan, writer: Writer) -> None:
    """Write one import of talks, of teachers who have left since: their names stay names."""
    first = plan.school_days()[0]
    known = [child for child in plan.children if child.is_special and child.came_on <= first][::_OF_EVERY]
    lead, at = plan.of_role(Role.LEAD)[0], plan.moment(first)
    batch_id = writer.add(
        ImportBatch,
        kind=ImportKind.TALKS,
        file_name_sealed="谈心谈话记录表.xlsx",
        file_digest="0" * 64,
        imported_by_id=lead.id,
        imported_at=at,
        created_count=len(known),
    )
    for place, child in enumerate(known):
        raised = _TALKED[place % len(_TALKED)]
        record_id = writer.add(
            CareRecord,
            entry_uid=new_uid(),
            student_id=child.id,
            kind=CareKind.TALK,
            day=first - timedelta(days=60 + place % 90),
            place=CarePlace.OFFICE,
            channel=CareChannel.FACE,
            parts_filled=count_parts(CarePlace.OFFICE, raised),
            author_name=("罗青禾", "白芨老师")[place % 2],
            import_id=batch_id,
            recorded_at=at,
        )
        writer.add(CareRecordWords, record_id=record_id, raised_sealed=raised)
    plan.did(at, lead.id, Action.IMPORT_CONFIRMED, ("import_batch", batch_id))
