"""Work records in words: title, badge and reason of a row, and who reads what is written."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time

from db.base import Labelled
from db.tables import CareChannel, CareKind, CarePlace
from services import clock
from services.record_kinds import KINDS, LABELS
from services.record_views import RecordRow
from ui import formats
from ui.forms import shown
from ui.referral_words import moment
from ui.states import RECORD

RESTRICTED_LINE = "辅导的内容，只有记录人和负责人能看。"
HELPER_COUNTS = "算在帮扶人的结对里，也算孩子得到的帮助；不顶班主任自己该做的谈心、家访。"
_ROOM_LINE = "内容只有记录人和关爱室能看。"
PARTS = 6


def record_title(row: RecordRow) -> str:
    """谈心谈话，周砚田; of a helper without an account 谈心谈话，林初雪（周砚田记）."""
    return f"{row.kind.label}，{row.done_by}" if row.done_by else row.kind.label


def record_badge(row: RecordRow) -> str:
    """Return whether it was done, tried, or is withdrawn, and that it was entered later from a spreadsheet."""
    if row.is_withdrawn:
        return RECORD["withdrawn"].badge()
    done = RECORD["done" if row.is_done else "tried"].badge()
    return f"{done} {RECORD['imported'].badge()}" if row.is_imported else done


def record_reason(row: RecordRow) -> str:
    """11月20日 08:30，20 分钟，办公室；和另外 3 个孩子一起."""
    return "，".join(_facts(row))


def _facts(row: RecordRow) -> Iterator[str]:
    day = formats.day(row.day, today=clock.today())
    yield f"{day} {formats.clock(row.start_time)}" if row.start_time else day
    if not row.is_done and row.not_reached:
        yield row.not_reached.label
    if row.minutes:
        yield f"{row.minutes} 分钟"
    if row.place:
        yield row.place.label
    if row.group_size > 1:
        yield f"一共 {row.group_size} 个孩子"


def recorded_words(row: RecordRow, imported_by: str | None = None) -> str:
    """周砚田在 11月20日 09:41 记的；六样记了 5 样. Of one taken from an old spreadsheet, who did it and who took it."""
    if row.is_imported:
        who = f"{row.author_name}做的，" if row.author_name else ""
        by = imported_by or "信息老师在服务器上"
        return f"补录：{who}{by}在 {moment(row.recorded_at)} 从表格导入；六样记了 {row.parts_filled} 样。"
    if row.helper_name:
        who = f"{row.helper_name}做的，{row.author_name or ''}"
        return f"{who}在 {moment(row.recorded_at)} 记的；六样记了 {row.parts_filled} 样。"
    return f"{row.author_name or '导入时'}在 {moment(row.recorded_at)} 记的；六样记了 {row.parts_filled} 样。"


def show_value(_field: str, value: object) -> str:
    """Write any field of a record for a person."""
    return value.label if isinstance(value, Labelled) else shown(_clock(value))


def _clock(value: object) -> object:
    return formats.clock(value) if isinstance(value, time) and not isinstance(value, datetime) else value


def earlier_words(content: Mapping[str, object]) -> dict[str, str]:
    """Return how a record stood, field by field, in words; `content` is as it was kept."""
    return {LABELS.get(name, name): _earlier(name, value) for name, value in content.items() if name in _TOLD}


_TOLD = ("helper_id", "day", "start_time", "minutes", "place", "channel", "raised", "measures", "effect", "next_step")


def _earlier(name: str, value: object) -> str:
    match name:
        case "place":
            return CarePlace(str(value)).label
        case "channel":
            return CareChannel(str(value)).label
        case "day":
            return formats.day(date.fromisoformat(str(value)), today=clock.today())
        case "start_time":
            return str(value)[:5]
    return str(value)


def closed_line(kind: CareKind) -> str:
    """Say who may read what this reader may not."""
    return RESTRICTED_LINE if KINDS[kind].is_restricted else _ROOM_LINE


def counts_line(row: RecordRow) -> str:
    """Return which clauses it counts for, or why it doesn't."""
    if row.is_withdrawn:
        return "作废的不算。"
    if not row.is_done:
        return "没做成的记下来，不算做过。"
    if row.is_imported:
        return f"补录的只算在当时那个学期，不顶现在到期的事。当时算：{'；'.join(KINDS[row.kind].counts_for)}。"
    if row.helper_name:
        return HELPER_COUNTS
    return "算在：" + "；".join(KINDS[row.kind].counts_for) + "。"
